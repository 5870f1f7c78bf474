package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Lone link is told of by one voice alone.
type Lone struct {
	From, To intel.Entity
	Source   intel.SourceID // empty: those that nobody named
	Account  string         // empty: all of the source
	Told     time.Time
}

// established is how old a store is, in microseconds, when what comes in is told when it
// comes in, whatever date it bears: a voice is not heeded sooner for dating itself back.
const established = int64(182 * 24 * time.Hour / time.Microsecond)

// LoneLinks returns which of the links that h asks for, of all kinds at both ends, rest on
// the word of one voice by what r may see: by who has what, by the names they stand for. Unnamed
// sources are one voice.
func (db *DB) LoneLinks(ctx context.Context, r intel.Reader, h Held, unnamed intel.Unnamed) ([]Lone, error) {
	args := []any{int(r.Clearance)}
	kinds := func(some []intel.Kind) string {
		in := list(1+len(args), len(some))
		for _, k := range some {
			args = append(args, string(k))
		}
		return in
	}
	to, from := kinds(h.To), kinds(h.From)
	who, source := speaks(), `CASE`
	for _, form := range unnamed {
		args = append(args, string(form), string(form)+"/%")
		source += fmt.Sprintf(` WHEN s.name = $%d OR s.name LIKE $%d THEN ''`, len(args)-1, len(args))
	}
	source += ` WHEN s.name = '' THEN '' ELSE s.name END`
	heard := fmt.Sprintf(`CASE WHEN d.ingested > %d + (SELECT ingested FROM documents ORDER BY id LIMIT 1) THEN d.ingested ELSE COALESCE(d.published, d.learned) END`, established)
	out, err := query(ctx, db.read, func(r *sql.Rows, x *Lone) error {
		var told sql.NullInt64
		err := r.Scan(&x.From.Kind, &x.From.Name, &x.To.Kind, &x.To.Name, &x.Source, &x.Account, &told)
		x.Told = toTime(told)
		return err
	}, `SELECT COALESCE(c.kind, f.kind), COALESCE(c.name, f.name), t.kind, t.name, MIN(`+source+`), MIN(`+who+`), MIN(`+heard+`)
		FROM entities t JOIN links l ON l.to_entity = t.id JOIN entities f ON f.id = l.from_entity
		JOIN evidence e ON e.link = l.id JOIN documents d ON d.id = e.document JOIN sources s ON s.id = d.source
		LEFT JOIN resolution x ON x.name = f.id AND x.share > 0.5 AND`+told("x", 1)+`LEFT JOIN entities c ON c.id = x.canonical
		WHERE t.kind IN `+to+` AND f.kind IN `+from+` AND l.relation IN (`+rel(h.Relations...)+`) AND e.stance = 0 AND e.marking <= $1
		GROUP BY 1, 2, 3, 4 HAVING MIN(`+source+`) = MAX(`+source+`) AND MIN(`+who+`) = MAX(`+who+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("who alone tells who has %v: %w", h.To, err)
	}
	slices.SortFunc(out, func(a, b Lone) int {
		return cmp.Or(compare(a.From, b.From), compare(a.To, b.To))
	})
	return out, nil
}
