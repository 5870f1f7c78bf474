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

// An Indicator is an indicator of compromise with whom it is said to point to.
type Indicator struct {
	Entity intel.Entity
	Points []Point // in no order
}

// A Point is whom an indicator points to, under the canonical name.
type Point struct {
	Entity intel.Entity
	Links  []Pointer // by which it does, under one name or several
	id     int64
}

// A Pointer is one link by which an indicator points to somebody.
type Pointer struct {
	Link        int64
	Share       float64 // by which the name of the link means that one
	Probability float64 // of the link, whomever its name means
}

// Indicators gives each indicator that r may see somebody linked with, and whom
// it points to. It holds one at a time, however many there are, and each may keep
// nothing of it but copies. One that indicates somebody and that somebody uses is
// given twice. Of whom very many are said to be behind, those are given that are
// believed most, a link as far as believed says.
func (db *DB) Indicators(ctx context.Context, r intel.Reader, believed func(Pointer) float64, each func(Indicator) error) error {
	err := db.indicators(ctx, r, grouping{believed: believed, each: each})
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
		return fmt.Sprintf(`SELECT v.id, v.kind, v.name, COALESCE(x.canonical, o.id), COALESCE(c.kind, o.kind), COALESCE(c.name, o.name), a.billionths / 1e9, COALESCE(x.share, 1), a.place >> 6
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
		var id, whom int64
		var kind, name, toKind, toName sql.RawBytes
		var l Pointer
		if err := rows.Scan(&id, &kind, &name, &whom, &toKind, &toName, &l.Probability, &l.Share, &l.Link); err != nil {
			return err
		}
		if id != g.id {
			if err := g.flush(); err != nil {
				return err
			}
			g.id = id
			g.now.Entity = intel.Entity{Kind: intel.Kind(kind), Name: string(name)}
		}
		p := g.point(whom)
		if p.Entity.Name == "" {
			p.Entity = intel.Entity{Kind: intel.Kind(toKind), Name: string(toName)}
		}
		p.Links = append(p.Links, l)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return g.flush()
}

// mostPoints is of how many that one value is said to point to links are gathered;
// of more those stay that are believed most.
const mostPoints = 1024

// grouping gathers what one indicator points to.
type grouping struct {
	id   int64
	now  Indicator
	each func(Indicator) error
	// believed is how far a link is believed, whomever its name means.
	believed func(Pointer) float64
}

// point returns the point of one whom the indicator points to, which is new where it
// has no name. The memory of former ones is used again.
func (g *grouping) point(whom int64) *Point {
	for i := range g.now.Points {
		if g.now.Points[i].id == whom {
			return &g.now.Points[i]
		}
	}
	n := len(g.now.Points)
	if n >= mostPoints {
		g.cut()
		n = len(g.now.Points)
	}
	if n < cap(g.now.Points) {
		g.now.Points = g.now.Points[:n+1]
	} else {
		g.now.Points = append(g.now.Points, Point{})
	}
	g.now.Points[n] = Point{id: whom, Links: g.now.Points[n].Links[:0]}
	return &g.now.Points[n]
}

// cut leaves the half that is believed most.
func (g *grouping) cut() {
	strongest := func(p Point) (most float64) {
		for _, l := range p.Links {
			most = max(most, l.Share*g.believed(l))
		}
		return most
	}
	slices.SortFunc(g.now.Points, func(a, b Point) int {
		return cmp.Or(cmp.Compare(strongest(b), strongest(a)), strings.Compare(a.Entity.String(), b.Entity.String()))
	})
	g.now.Points = g.now.Points[:len(g.now.Points)/2]
}

func (g *grouping) flush() error {
	if len(g.now.Points) == 0 {
		return nil
	}
	err := g.each(g.now)
	g.id, g.now = 0, Indicator{Points: g.now.Points[:0]}
	return err
}
