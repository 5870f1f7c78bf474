package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// An Indicator is an indicator of compromise with what it is believed to point
// to.
type Indicator struct {
	Entity      intel.Entity
	Probability float64 // of the strongest link, whomever its name stands for
	Points      []Point // strongest first
}

// A Point is whom an indicator points to, under the canonical name.
type Point struct {
	Entity      intel.Entity
	Probability float64
}

// Indicators gives each indicator that r may see somebody linked with, and at
// most n of whom it points to, each link believed as far as weigh leaves of what
// is stored. It holds one at a time, however many there are,
// and each may keep nothing of it but copies. One that indicates somebody and
// that somebody uses is given twice.
func (db *DB) Indicators(ctx context.Context, r intel.Reader, n int, weigh func(link int64, probability float64) float64, each func(Indicator) error) error {
	err := db.indicators(ctx, r, grouping{n: n, weigh: weigh, each: each})
	if err != nil {
		return fmt.Errorf("indicators: %w", err)
	}
	return nil
}

func (db *DB) indicators(ctx context.Context, r intel.Reader, g grouping) error {
	for _, statement := range indicatorsBy(r) {
		if err := db.points(ctx, statement, anys(intel.KindsOf(intel.IOC)), &g); err != nil {
			return err
		}
	}
	return nil
}

// indicatorsBy returns the statements that give values and whom they point to. Values
// are walked in the order of their integers, in which
// assessments mostly lie too, so that those of one come together and nothing
// need be sorted: CROSS JOIN makes SQLite keep this order, the kind is
// joined with nothing so that no index by kinds tempts it, and the relation has a plus
// sign so that it makes no index by relations of its own.
func indicatorsBy(r intel.Reader) []string {
	kinds := len(intel.KindsOf(intel.IOC))
	one := func(links, also, side, other string, relation intel.Relation) string {
		return fmt.Sprintf(`SELECT v.id, v.kind, v.name, COALESCE(c.kind, o.kind), COALESCE(c.name, o.name), a.billionths / 1e9, COALESCE(x.share, 1), a.place >> 6
			FROM entities v CROSS JOIN %[5]s CROSS JOIN entities o
			LEFT JOIN resolution x ON x.name = o.id AND x.marking <= %[4]d AND x.below > %[4]d LEFT JOIN entities c ON c.id = x.canonical
			WHERE %[1]s = v.id%[6]s AND +a.relation = %[2]s AND (a.place >> 3 & 7) <= %[4]d AND (a.place & 7) > %[4]d AND o.id = a.%[3]s AND v.kind || '' IN `,
			side, rel(relation), other, r.Clearance, links, also) + list(1, kinds) + ` ORDER BY v.id`
	}
	return []string{
		one(`links l CROSS JOIN assessments a`, ` AND l.relation = `+rel(intel.Indicates)+` AND `+rowsOf("a", "l.id"), "l.from_entity", "to_entity", intel.Indicates),
		one(`assessments a`, "", "a.to_entity", "from_entity", intel.Uses),
	}
}

func (db *DB) points(ctx context.Context, statement string, args []any, g *grouping) error {
	rows, err := db.read.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, link int64
		var kind, to sql.RawBytes
		var name, toName sql.RawBytes
		var probability, share float64
		if err := rows.Scan(&id, &kind, &name, &to, &toName, &probability, &share, &link); err != nil {
			return err
		}
		if id != g.id {
			if err := g.flush(); err != nil {
				return err
			}
			g.id = id
			g.now.Entity = intel.Entity{Kind: intel.Kind(kind), Name: string(name)}
		}
		probability = g.weigh(link, probability)
		g.now.Probability = max(g.now.Probability, probability)
		g.add(intel.Entity{Kind: intel.Kind(to), Name: string(toName)}, probability*share)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return g.flush()
}

// grouping gathers what one indicator points to.
type grouping struct {
	id    int64
	now   Indicator
	n     int
	weigh func(link int64, probability float64) float64
	each  func(Indicator) error
}

func (g *grouping) add(to intel.Entity, probability float64) {
	for i, p := range g.now.Points {
		if p.Entity == to {
			g.now.Points[i].Probability = max(p.Probability, probability)
			return
		}
	}
	g.now.Points = append(g.now.Points, Point{to, probability})
	if len(g.now.Points) >= 64 { // one value that everybody is said to use
		g.cut()
	}
}

func (g *grouping) cut() {
	slices.SortFunc(g.now.Points, func(a, b Point) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), strings.Compare(a.Entity.String(), b.Entity.String()))
	})
	g.now.Points = g.now.Points[:min(len(g.now.Points), g.n)]
}

func (g *grouping) flush() error {
	if len(g.now.Points) == 0 {
		return nil
	}
	g.cut()
	err := g.each(g.now)
	g.id, g.now = 0, Indicator{Points: g.now.Points[:0]}
	return err
}
