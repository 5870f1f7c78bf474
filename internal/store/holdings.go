package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Holding is a believed link as forecasts learn from it: who has what, and since
// when.
type Holding struct {
	From, To    intel.Entity
	First       time.Time // zero: nobody says
	Probability float64
}

// A Held picks holdings. From and To are given by kinds, or by Of and Whose, lists of
// entities at either end, one of which may be given in their stead.
type Held struct {
	From, To  []intel.Kind
	Relations []intel.Relation
	Least     float64 // how far they must be believed
	Most      int     // of them are read, the latest first
	Of        []intel.Entity
	Whose     []intel.Entity
}

// Holdings returns the holdings that r may see, by who has them, whom by most of its
// names it stands for, and what, each once.
func (db *DB) Holdings(ctx context.Context, r intel.Reader, h Held) ([]Holding, error) {
	var out []Holding
	ask := func(side string, ids []int64) error {
		some, err := db.holdings(ctx, r, h, side, ids)
		out = append(out, some...)
		return err
	}
	var err error
	switch {
	case h.Of != nil || h.Whose != nil:
		side, some := "to_entity", h.Whose
		if h.Of != nil {
			side, some = "from_entity", h.Of
		}
		var ids []int64
		if ids, err = db.integers(ctx, some); err == nil {
			err = chunks(ids, func(ids []int64) error { return ask(side, ids) })
		}
	default:
		err = ask("", nil)
	}
	if err != nil {
		return nil, fmt.Errorf("who has %v: %w", h.To, err)
	}
	slices.SortFunc(out, func(a, b Holding) int { return cmp.Or(compare(a.From, b.From), compare(a.To, b.To)) })
	return slices.CompactFunc(out, func(a, b Holding) bool { return a.From == b.From && a.To == b.To }), nil
}

// holdings asks for those with one end among some, or for all where no side is named.
func (db *DB) holdings(ctx context.Context, r intel.Reader, h Held, side string, ids []int64) ([]Holding, error) {
	args := []any{int(r.Clearance), billionth(h.Least)}
	kinds := func(table string, some []intel.Kind) string {
		in := list(1+len(args), len(some))
		for _, k := range some {
			args = append(args, string(k))
		}
		return table + `.kind IN ` + in
	}
	where := []string{shown(1, 1), `a.billionths >= $2`, `a.relation IN (` + rel(h.Relations...) + `)`, kinds("t", h.To), kinds("f", h.From)}
	from := `entities t CROSS JOIN assessments a JOIN entities f ON f.id = a.from_entity`
	switch side {
	case "from_entity":
		from = `entities f CROSS JOIN assessments a JOIN entities t ON t.id = a.to_entity`
		where = append(where, `a.relation <> `+rel(intel.Indicates), `a.from_entity = f.id`, `f.id IN `+list(1+len(args), len(ids)))
	case "to_entity":
		where = append(where, `a.to_entity = t.id`, `t.id IN `+list(1+len(args), len(ids)))
	default:
		where = append(where, `a.to_entity = t.id`)
	}
	args = append(args, anys(ids)...)
	return query(ctx, db.read, func(r *sql.Rows, x *Holding) error {
		return r.Scan(&x.From.Kind, &x.From.Name, &x.To.Kind, &x.To.Name, briefly{&x.First}, probable{&x.Probability})
	}, `SELECT COALESCE(c.kind, f.kind), COALESCE(c.name, f.name), t.kind, t.name, MIN(`+secondsOf("a.first")+`), MAX(a.billionths)
		FROM `+from+` LEFT JOIN resolution x ON x.name = f.id AND x.share > 0.5 AND`+told("x", 1)+`LEFT JOIN entities c ON c.id = x.canonical
		WHERE `+strings.Join(where, ` AND `)+` GROUP BY 1, 2, 3, 4 ORDER BY MAX(`+secondsOf("COALESCE(a.last, a.first, 0)")+`) DESC, 1, 2, 3, 4 LIMIT `+fmt.Sprint(max(1, h.Most)), args...)
}

// secondsOf is a time as rows have it, in seconds or microseconds, in seconds.
func secondsOf(at string) string {
	return fmt.Sprintf(`(CASE WHEN %[1]s >= %[2]d THEN %[1]s / 1000000 ELSE %[1]s END)`, at, int64(farSecond))
}
