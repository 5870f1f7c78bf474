package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Weighing says as of when, and how, evidence is weighed.
type Weighing struct {
	Now time.Time // later dates are not believed
	// Judge weighs all the evidence of some links. Evidence of equal origin,
	// weight and stance comes as one piece with the latest time.
	Judge func([]intel.Evidence) []intel.Assessment
}

// weigh assesses the given links anew from all their evidence. Links with very
// much of it are noted as stale instead; Reweigh comes back to them. Of closed ones
// something was taken back.
func (s *saving) weigh(ctx context.Context, links, closed map[int64]bool) error {
	ids := make([]int64, 0, len(links))
	for l := range links {
		ids = append(ids, l)
	}
	slices.Sort(ids)
	if err := takeTurn(ctx, s.tx, s.hold); err != nil {
		return err
	}
	if err := holdLinks(ctx, s.tx, ids, s.hold); err != nil {
		return err
	}
	if err := forget(ctx, s.tx, slices.Sorted(maps.Keys(closed))); err != nil {
		return err
	}
	return chunks(ids, func(ids []int64) error {
		busy, err := query(ctx, s.tx, scanInt, `SELECT `+linkOf+` FROM links l CROSS JOIN assessments a WHERE a.documents > `+strconv.Itoa(hot)+` AND l.id IN `+list(1, len(ids))+` AND `+rowsOf("a", "l.id")+` ORDER BY 1`, anys(ids)...)
		if err != nil {
			return err
		}
		if len(busy) > 0 {
			if _, err := s.tx.ExecContext(ctx, `INSERT INTO stale (link) VALUES `+values(1, len(busy), 1)+` ON CONFLICT DO NOTHING`, anys(busy)...); err != nil {
				return err
			}
			if err := sumUp(ctx, s.tx, s.d.Now, busy, s.ids); err != nil {
				return err
			}
			ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return slices.Contains(busy, id) })
		}
		return weighLinks(ctx, s.tx, ids, Weighing{Now: s.d.Now, Judge: s.d.Judge})
	})
}

// takeTurn waits for a Rescore that is writing, before anything is held that it
// wants.
func takeTurn(ctx context.Context, tx engine, hold string) error {
	if hold == "" {
		return nil // one writer
	}
	_, err := tx.ExecContext(ctx, `LOCK TABLE assessments IN ROW EXCLUSIVE MODE`)
	return err
}

// holdLinks makes other transactions wait that would weigh the same links: each
// must see the other's evidence.
func holdLinks(ctx context.Context, tx engine, ids []int64, hold string) error {
	return holdRows(ctx, tx, `SELECT id FROM links WHERE id`, ids, hold)
}

// holdRows makes other transactions wait for the rows of sorted ids that a
// SELECT of them up to its last column finds. All are taken in one order, so that
// nobody waits in a circle.
func holdRows(ctx context.Context, tx engine, which string, ids []int64, hold string) error {
	if hold == "" {
		return nil // one writer
	}
	return chunks(ids, func(ids []int64) error {
		_, err := query(ctx, tx, scanInt, which+` IN `+list(1, len(ids))+` ORDER BY 1`+hold, anys(ids)...)
		return err
	})
}

// Reweigh assesses up to limit links again that have become stale, and returns
// how many it did.
func (db *DB) Reweigh(ctx context.Context, limit int, w Weighing) (n int, err error) {
	err = db.tx(ctx, func(tx engine) error {
		if err := takeTurn(ctx, tx, db.dialect.hold); err != nil {
			return err
		}
		ids, err := query(ctx, tx, scanInt, `SELECT link FROM stale ORDER BY link LIMIT $1`, min(limit, chunk))
		n = len(ids)
		if err != nil || n == 0 {
			return err
		}
		// As whoever notes a link as stale: the link first.
		if err := holdLinks(ctx, tx, ids, db.dialect.hold); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM stale WHERE link IN `+list(1, len(ids)), anys(ids)...); err != nil {
			return err
		}
		if err := weighLinks(ctx, tx, ids, w); err != nil {
			return err
		}
		return newEpoch(ctx, tx)
	})
	if err != nil {
		return 0, fmt.Errorf("reweigh: %w", err)
	}
	return n, nil
}

// readContexts reads the contexts of pieces as kept.
func readContexts(pieces []piece) error {
	for i, p := range pieces {
		if p.note == "" {
			continue
		}
		if err := json.Unmarshal([]byte(p.note), &pieces[i].Context); err != nil {
			return fmt.Errorf("link %d: %w", p.link, err)
		}
	}
	return nil
}

func weighLinks(ctx context.Context, tx engine, ids []int64, w Weighing) error {
	if len(ids) == 0 {
		return nil
	}
	all, fresh, err := weighed(ctx, tx, w.Now, ids)
	if err != nil {
		return err
	}
	if err := addStrata(ctx, tx, fresh); err != nil {
		return err
	}
	ends, err := linkEnds(ctx, tx, ids)
	if err != nil {
		return err
	}
	if err := unassess(ctx, tx, ids); err != nil {
		return err
	}
	found, err := assess(all, ends, w.Judge)
	if err != nil {
		return err
	}
	rows := make([]assessedRow, len(found))
	for i, a := range found {
		if rows[i], err = a.row(); err != nil {
			return err
		}
		delete(ends, a.link)
	}
	for _, id := range slices.Sorted(maps.Keys(ends)) {
		rows = append(rows, unheard(ends[id]))
	}
	return chunks(rows, func(rows []assessedRow) error {
		_, err := tx.ExecContext(ctx, insertAssessed(len(rows)), assessedArgs(rows)...)
		return err
	})
}

// An end pair is a link as it is stored.
type ends struct {
	id, from, to       int64
	relation           intel.Relation
	fromKind, toKind   intel.Kind
	fromName, toName   string
	fromTitle, toTitle string
}

func (e ends) link() intel.Link {
	return intel.Link{From: intel.Entity{Kind: e.fromKind, Name: e.fromName}, Relation: e.relation, To: intel.Entity{Kind: e.toKind, Name: e.toName}}
}

// class is that of the end which is not a mere name, if one is.
func (e ends) class() int { return int(max(e.fromKind.Class(), e.toKind.Class())) }

func scanEnds(r *sql.Rows, e *ends) error {
	return r.Scan(&e.id, &e.from, numbered{&e.relation}, &e.to, &e.fromKind, &e.fromName, &e.fromTitle, &e.toKind, &e.toName, &e.toTitle)
}

const endsSelect = `SELECT l.id, l.from_entity, l.relation, l.to_entity, f.kind, f.name, f.title, t.kind, t.name, t.title
	FROM links l JOIN entities f ON f.id = l.from_entity JOIN entities t ON t.id = l.to_entity `

func linkEnds(ctx context.Context, q engine, ids []int64) (map[int64]ends, error) {
	rows, err := query(ctx, q, scanEnds, endsSelect+`WHERE l.id IN `+list(1, len(ids)), anys(ids)...)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]ends, len(rows))
	for _, e := range rows {
		out[e.id] = e
	}
	return out, nil
}

type assessed struct {
	intel.Assessment
	link  int64
	below int
	ends  ends
}

// A group is what is said of one link.
type group struct {
	link   intel.Link
	ends   ends
	pieces []piece
}

// grouped returns pieces, in order of links, by links, and as evidence of them.
func grouped(all []piece, links map[int64]ends) ([]group, []intel.Evidence, error) {
	if err := readContexts(all); err != nil {
		return nil, nil, err
	}
	groups := make([]group, 0, len(all))
	evidence := make([]intel.Evidence, len(all))
	for i := range all {
		if i == 0 || all[i].link != all[i-1].link {
			e, ok := links[all[i].link]
			if !ok {
				return nil, nil, fmt.Errorf("link %d: %w", all[i].link, intel.ErrNotFound)
			}
			groups = append(groups, group{link: e.link(), ends: e, pieces: all[i:i]})
		}
		g := &groups[len(groups)-1]
		g.pieces = g.pieces[:len(g.pieces)+1]
		all[i].Link = g.link
		evidence[i] = all[i].Evidence
	}
	return groups, evidence, nil
}

// assess runs judge over pieces, in order of links, and adds what grouping took
// away from it: the number of documents and the first time.
func assess(all []piece, links map[int64]ends, judge func([]intel.Evidence) []intel.Assessment) ([]assessed, error) {
	groups, evidence, err := grouped(all, links)
	if err != nil {
		return nil, err
	}
	out := make([]assessed, 0, len(groups))
	at := 0 // judges mostly keep the order
	for _, a := range judge(evidence) {
		for tries := 0; groups[at].link != a.Link; tries++ {
			if tries == len(groups) {
				return nil, fmt.Errorf("link %v that nobody asked of: %w", a.Link, intel.ErrInvalid)
			}
			at = (at + 1) % len(groups)
		}
		row := assessed{Assessment: a, link: groups[at].ends.id, below: int(intel.Red) + 1, ends: groups[at].ends}
		row.First, row.Last, row.Documents = time.Time{}, time.Time{}, 0
		for i := range groups[at].pieces {
			row.count(&groups[at].pieces[i])
		}
		out = append(out, row)
	}
	slices.SortStableFunc(out, func(a, b assessed) int {
		return cmp.Or(cmp.Compare(a.link, b.link), cmp.Compare(a.Marking, b.Marking))
	})
	for i := range out[:max(0, len(out)-1)] {
		if out[i+1].link == out[i].link {
			out[i].below = int(out[i+1].Marking)
		}
	}
	return out, nil
}

// count adds a piece to the dates and documents of a row that its marking lets it
// into.
func (a *assessed) count(p *piece) {
	if p.Marking > a.Marking {
		return
	}
	a.Documents += p.n
	if p.Stance == intel.Supports {
		a.First = earlier(a.First, p.Since)
		if p.At.After(a.Last) {
			a.Last = p.At
		}
	}
}

// earlier returns the earlier of two times, of which zero ones are unknown.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
