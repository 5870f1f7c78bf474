package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Lone link is told of by one source alone.
type Lone struct {
	From, To intel.Entity
	Speaker  string // empty: sources that nobody named
	Account  string // empty: all of the source
	// Several says that accounts tell of it for which the letter of the source vouches.
	Several bool
	Dated   time.Time // the first date that is told of it
	In      time.Time // when it came in first
}

// LoneLinks returns which of the links that h asks for, of all kinds at both ends, rest on
// the word of one source by what r may see: by who has what, by the names they stand for.
// Beside them it returns who told of any of the links, by the week since 1970.
func (db *DB) LoneLinks(ctx context.Context, r intel.Reader, h Held, unnamed intel.Unnamed) ([]Lone, []Hearing, error) {
	out, err := db.loneLinks(ctx, r, h, unnamed)
	if err != nil {
		return nil, nil, fmt.Errorf("who alone tells who has %v: %w", h.To, err)
	}
	from, args := evidenced(r, h)
	told, err := db.hearings(ctx, fmt.Sprintf(`SELECT s.name, '' AS who, COALESCE(d.published, d.learned) / %d AS week, d.ingested / %d AS hour, COUNT(DISTINCT d.id)%s
		GROUP BY s.name, week, hour ORDER BY s.name, week, hour`, 7*day, hour, from), args)
	if err != nil {
		return nil, nil, fmt.Errorf("who tells who has %v: %w", h.To, err)
	}
	return out, told, nil
}

// evidenced is the links that are asked for with their evidence; its arguments begin with the
// clearance.
func evidenced(r intel.Reader, h Held) (string, []any) {
	args := []any{int(r.Clearance)}
	kinds := func(some []intel.Kind) string {
		in := list(1+len(args), len(some))
		for _, k := range some {
			args = append(args, string(k))
		}
		return in
	}
	to, from := kinds(h.To), kinds(h.From)
	return ` FROM entities t JOIN links l ON l.to_entity = t.id JOIN entities f ON f.id = l.from_entity
		JOIN evidence e ON e.link = l.id JOIN documents d ON d.id = e.document JOIN sources s ON s.id = d.source
		LEFT JOIN resolution x ON x.name = f.id AND x.share > 0.5 AND` + told("x", 1) + `LEFT JOIN entities c ON c.id = x.canonical
		WHERE t.kind IN ` + to + ` AND f.kind IN ` + from + ` AND l.relation IN (` + rel(h.Relations...) + `) AND e.stance = 0 AND e.marking <= $1`, args
}

func (db *DB) loneLinks(ctx context.Context, r intel.Reader, h Held, unnamed intel.Unnamed) ([]Lone, error) {
	from, args := evidenced(r, h)
	rows, err := db.read.QueryContext(ctx, `SELECT COALESCE(c.kind, f.kind), COALESCE(c.name, f.name), t.kind, t.name, s.name, `+speaks()+`, MIN(COALESCE(d.published, d.learned)), MIN(d.ingested)`+from+`
		GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Lone
	var last Lone
	alone := false // last is told of by one source, as far as is read
	keep := func() {
		if alone {
			out = append(out, last)
		}
	}
	for rows.Next() {
		var x Lone
		var source intel.SourceID
		var dated, in sql.NullInt64
		if err := rows.Scan(&x.From.Kind, &x.From.Name, &x.To.Kind, &x.To.Name, &source, &x.Account, &dated, &in); err != nil {
			return nil, err
		}
		x.Speaker, x.Dated, x.In = unnamed.Speaker(source), toTime(dated), toTime(in)
		if x.From != last.From || x.To != last.To {
			keep()
			last, alone = x, true
			continue
		}
		alone = alone && x.Speaker == last.Speaker
		if x.Account != last.Account {
			last.Account, last.Several = "", true
		}
		last.Dated, last.In = earlier(last.Dated, x.Dated), earlier(last.In, x.In)
	}
	keep()
	return out, rows.Err()
}
