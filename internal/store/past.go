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

// held is the evidence, of markings up to $1, of links that was believed then
// (zero: now), as a table. It has one part for each of the two tables.
func held(then time.Time, links string) string {
	in := `WHERE marking <= $1 AND link IN ` + links
	if then.IsZero() {
		return `(SELECT * FROM evidence ` + in + `)`
	}
	const columns = `link, document, seq, origin, how, kept_at, kept_learned, source, reliability, marking, stance, weight, at, learned, start, length, context, since`
	at := then.UnixMicro()
	return fmt.Sprintf(`(SELECT %[1]s FROM evidence %[2]s AND COALESCE(since, learned, at) <= %[3]d
		UNION ALL SELECT %[1]s FROM former_evidence %[2]s AND COALESCE(since, learned, at) <= %[3]d AND superseded > %[3]d)`, columns, in, at)
}

// countPast counts all links of ids, believed by now or not.
func (o Outline) countPast(ctx context.Context, q engine, _ intel.Reader, ids []int64) error {
	type row struct {
		name             int64
		relation         intel.Relation
		nameKind, second intel.Kind
		n                int
	}
	for _, inward := range []bool{false, true} {
		side, other := sides(inward)
		err := chunks(ids, func(ids []int64) error {
			links := `links l`
			if inward { // of which assessments have an index
				links = `(SELECT DISTINCT place >> 6, from_entity, relation, to_entity FROM assessments WHERE to_entity IN ` + list(1, len(ids)) + `) l`
			}
			rows, err := query(ctx, q, func(r *sql.Rows, x *row) error {
				return r.Scan(&x.name, numbered{&x.relation}, &x.nameKind, &x.second, &x.n)
			},
				`SELECT l.`+side+`, l.relation, n.kind, o.kind, COUNT(*) FROM `+links+` JOIN entities n ON n.id = l.`+side+` JOIN entities o ON o.id = l.`+other+`
				WHERE l.`+side+` IN `+list(1, len(ids))+` GROUP BY l.`+side+`, l.relation, n.kind, o.kind`, anys(ids)...)
			for _, x := range rows {
				o.counts[linkClass{x.name, inward, x.relation, max(x.nameKind.Class(), x.second.Class())}] += x.n
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sides names the columns of the end of a link that a name is at, and of the
// other.
func sides(inward bool) (side, other string) {
	if inward {
		return "to_entity", "from_entity"
	}
	return "from_entity", "to_entity"
}

// rowsPast is RowsOf as of the past. Links are weighed a page at a time and
// only the most probable are kept: the evidence of a huge entity is never in
// memory as a whole.
func (db *DB) rowsPast(ctx context.Context, r intel.Reader, o Outline, s Section, most int) (rows []Assessed, total int, err error) {
	best := map[string]Assessed{}
	cut := false
	for _, n := range o.names {
		err := db.eachLink(ctx, o, n.Name, s, func(page []ends) error {
			found, err := db.weighPast(ctx, r, page, o.past)
			for _, a := range found {
				if s.Level == "" || a.Level == s.Level {
					total++
					a.Probability, a.Share = a.Probability*n.Share, n.Share
					stronger(best, a, s)
				}
			}
			if len(best) >= 2*max(most, pageLinks) {
				cut = true
				for _, a := range ranked(best)[most:] {
					delete(best, rowKey(a, s))
				}
			}
			return err
		})
		if err != nil {
			return nil, 0, fmt.Errorf("rows of %s as of %s: %w", n.Name, o.past.Now.Format(time.RFC3339), err)
		}
	}
	if !cut {
		total = len(best)
	}
	return ranked(best), total, nil
}

// pageLinks is how many links are weighed at a time.
const pageLinks = 2 * chunk

// eachLink calls f with the links of one name that are in s, but for their
// level, page by page.
func (db *DB) eachLink(ctx context.Context, o Outline, name intel.Entity, s Section, f func([]ends) error) error {
	id := o.ids[name]
	contains := strings.ToLower(s.Contains)
	which := `SELECT id FROM links WHERE from_entity = $1 AND relation = $2 ORDER BY id`
	if s.Inward {
		which = `SELECT DISTINCT place >> 6 FROM assessments WHERE to_entity = $1 AND relation = $2 ORDER BY 1`
	}
	for _, rel := range s.Relations {
		if o.counts[linkClass{id, s.Inward, rel, s.Class}] == 0 {
			continue
		}
		links, err := query(ctx, db.read, scanInt, which, id, number(rel))
		if err != nil {
			return err
		}
		for ids := range slices.Chunk(links, pageLinks) {
			page, err := query(ctx, db.read, scanEnds, endsSelect+`WHERE l.id IN `+list(1, len(ids))+` ORDER BY l.id`, anys(ids)...)
			if err != nil {
				return err
			}
			page = slices.DeleteFunc(page, func(e ends) bool {
				o, _ := Assessed{Assessment: intel.Assessment{Link: e.link()}}.Other(s)
				return e.class() != int(s.Class) || len(s.Kinds) > 0 && !slices.Contains(s.Kinds, o.Kind) || !strings.Contains(strings.ToLower(o.Name), contains)
			})
			if err := f(page); err != nil {
				return err
			}
		}
	}
	return nil
}

// weighPast assesses links, for one reader, from what was believed then. A link
// that nobody had spoken of by then is left out.
func (db *DB) weighPast(ctx context.Context, r intel.Reader, page []ends, w Weighing) (out []Assessed, err error) {
	err = chunks(page, func(page []ends) error {
		links := make(map[int64]ends, len(page))
		args := []any{int(r.Clearance)}
		for _, e := range page {
			links[e.id] = e
			args = append(args, e.id)
		}
		all, err := piecesOf(ctx, db.read, w.Now, w.Now, held(w.Now, list(2, len(page)))+` e`, args...)
		if err != nil {
			return err
		}
		rows, err := assess(all, links, w.Judge)
		for i, a := range rows { // of a link's the last is of what all of it comes to
			if i+1 == len(rows) || rows[i+1].link != a.link {
				out = append(out, Assessed{Assessment: a.Assessment, ID: a.link, FromName: a.ends.fromTitle, ToName: a.ends.toTitle})
			}
		}
		return err
	})
	return out, err
}

// ranked returns rows, most probable first.
func ranked(best map[string]Assessed) []Assessed {
	rows := make([]Assessed, 0, len(best))
	for _, a := range best {
		rows = append(rows, a)
	}
	slices.SortFunc(rows, func(a, b Assessed) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.ID, b.ID))
	})
	return rows
}
