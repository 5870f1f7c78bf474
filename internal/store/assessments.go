package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
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
// much of it are noted as stale instead; Reweigh comes back to them.
func (s *saving) weigh(ctx context.Context, links map[int64]bool) error {
	ids := make([]int64, 0, len(links))
	for l := range links {
		ids = append(ids, l)
	}
	slices.Sort(ids)
	if err := holdLinks(ctx, s.tx, ids, s.hold); err != nil {
		return err
	}
	return chunks(ids, func(ids []int64) error {
		busy, err := query(ctx, s.tx, scanInt, `SELECT link FROM assessments WHERE documents > `+strconv.Itoa(hot)+` AND link IN `+list(1, len(ids))+` ORDER BY link`, anys(ids)...)
		if err != nil {
			return err
		}
		if len(busy) > 0 {
			if _, err := s.tx.ExecContext(ctx, `INSERT INTO stale (link) VALUES `+values(1, len(busy), 1)+` ON CONFLICT DO NOTHING`, anys(busy)...); err != nil {
				return err
			}
			ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return slices.Contains(busy, id) })
		}
		return weighLinks(ctx, s.tx, ids, Weighing{Now: s.d.Now, Judge: s.d.Judge})
	})
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

// Fade marks links for Reweigh whose assessment is older than before, and
// returns how many.
func (db *DB) Fade(ctx context.Context, before time.Time) (int, error) {
	n, err := db.exec(ctx, `INSERT INTO stale (link) SELECT DISTINCT link FROM assessments WHERE at < $1 ORDER BY link ON CONFLICT DO NOTHING`, before.UnixMicro())
	if err != nil {
		return 0, fmt.Errorf("fade: %w", err)
	}
	return n, nil
}

// A piece is the evidence of one origin with equal weight, as one.
type piece struct {
	intel.Evidence
	link int64
	n    int
}

func scanPiece(r *sql.Rows, p *piece) error {
	var origin int64
	var reliability int
	var last, first, learned sql.NullInt64
	var note string
	err := r.Scan(&p.link, &origin, &reliability, &p.Marking, &p.Stance, &p.Weight, &last, &first, &learned, &p.n, &note)
	p.Origin = strconv.FormatInt(origin, 10)
	p.Reliability = intel.Reliability(reliability)
	p.At, p.Since, p.Learned = toTime(last), toTime(first), toTime(learned)
	if err == nil && note != "" {
		err = json.Unmarshal([]byte(note), &p.Context)
	}
	return err
}

// pieces selects the evidence of a table with the dates that are believed now.
func pieces(table string, now time.Time) string {
	dated := believed(now)
	return `SELECT link, origin, reliability, marking, stance, weight, MAX` + dated + `, MIN` + dated + `, MAX(learned), COUNT(DISTINCT document), MAX(context)
		FROM ` + table + ` GROUP BY link, origin, reliability, marking, stance, weight ORDER BY link, origin, marking, stance, weight`
}

func weighLinks(ctx context.Context, tx engine, ids []int64, w Weighing) error {
	if len(ids) == 0 {
		return nil
	}
	all, err := query(ctx, tx, scanPiece, pieces(`evidence WHERE superseded IS NULL AND link IN `+list(1, len(ids)), w.Now), anys(ids)...)
	if err != nil {
		return err
	}
	ends, err := linkEnds(ctx, tx, ids)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM assessments WHERE link IN `+list(1, len(ids)), anys(ids)...); err != nil {
		return err
	}
	rows, err := assess(all, ends, w.Judge)
	if err != nil {
		return err
	}
	return chunks(rows, func(rows []assessed) error {
		args := make([]any, 0, 15*len(rows))
		for _, r := range rows {
			note, err := contextText(r.Context)
			if err != nil {
				return err
			}
			args = append(args, r.link, int(r.Marking), r.below, r.ends.from, r.ends.relation, r.ends.to, r.ends.class(), r.Probability, string(r.Level),
				fromTime(r.First), fromTime(r.Last), r.Origins, r.Documents, note, r.At.UnixMicro())
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO assessments (link, marking, below, from_entity, relation, to_entity, class, probability, level,
			first, last, origins, documents, context, at) VALUES `+values(1, len(rows), 15), args...)
		return err
	})
}

// An end pair is a link as it is stored.
type ends struct {
	id, from, to       int64
	relation           string
	fromKind, toKind   intel.Kind
	fromName, toName   string
	fromTitle, toTitle string
}

func (e ends) link() intel.Link {
	return intel.Link{From: intel.Entity{Kind: e.fromKind, Name: e.fromName}, Relation: intel.Relation(e.relation), To: intel.Entity{Kind: e.toKind, Name: e.toName}}
}

// end is the integer of the entity at one end.
func (e ends) end(to bool) int64 {
	if to {
		return e.to
	}
	return e.from
}

// class is that of the end which is not a mere name, if one is.
func (e ends) class() int { return int(max(e.fromKind.Class(), e.toKind.Class())) }

func scanEnds(r *sql.Rows, e *ends) error {
	return r.Scan(&e.id, &e.from, &e.relation, &e.to, &e.fromKind, &e.fromName, &e.fromTitle, &e.toKind, &e.toName, &e.toTitle)
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

// assess runs judge over pieces and adds what grouping took away from it: the
// number of documents and the first time.
func assess(all []piece, links map[int64]ends, judge func([]intel.Evidence) []intel.Assessment) ([]assessed, error) {
	ids := make(map[intel.Link]int64, len(links))
	for id, e := range links {
		ids[e.link()] = id
	}
	evidence := make([]intel.Evidence, len(all))
	byLink := map[int64][]piece{}
	for i, p := range all {
		e, ok := links[p.link]
		if !ok {
			return nil, fmt.Errorf("link %d: %w", p.link, intel.ErrNotFound)
		}
		all[i].Link = e.link()
		evidence[i] = all[i].Evidence
		byLink[p.link] = append(byLink[p.link], all[i])
	}
	var out []assessed
	for _, a := range judge(evidence) {
		id := ids[a.Link]
		row := assessed{Assessment: a, link: id, below: int(intel.Red) + 1, ends: links[id]}
		row.First, row.Last, row.Documents = time.Time{}, time.Time{}, 0
		for _, p := range byLink[id] {
			if p.Marking > a.Marking {
				continue
			}
			row.Documents += p.n
			if p.Stance != intel.Supports {
				continue
			}
			row.First = earlier(row.First, p.Since)
			if p.At.After(row.Last) {
				row.Last = p.At
			}
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

// earlier returns the earlier of two times, of which zero ones are unknown.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
