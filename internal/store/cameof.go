package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Period is a time that something is asked of, and by when what is looked at had
// come in.
type Period struct {
	From, To time.Time // To is not in it
	Ingested time.Time
}

// DocumentsIn counts the documents of a period that mention one of names and that r
// may see.
func (db *DB) DocumentsIn(ctx context.Context, r intel.Reader, names []intel.Entity, p Period) (n int, err error) {
	ids, err := db.integers(ctx, names)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	err = db.read.QueryRowContext(ctx, `SELECT COUNT(DISTINCT m.document) FROM mentions m JOIN documents d ON d.id = m.document
		WHERE m.marking <= $1 AND m.at >= $2 AND m.at < $3 AND d.ingested <= $4 AND m.entity IN `+list(5, len(ids)),
		append([]any{int(r.Clearance), p.From.Unix(), p.To.Unix(), p.Ingested.UnixMicro()}, anys(ids)...)...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("documents of a period: %w", err)
	}
	return n, nil
}

// SourcesIn counts the documents of a period that mention one of names, by source.
func (db *DB) SourcesIn(ctx context.Context, r intel.Reader, names []intel.Entity, p Period) (map[int64]int, error) {
	ids, err := db.integers(ctx, names)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	type row struct {
		source int64
		n      int
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.source, &x.n) },
		`SELECT d.source, COUNT(DISTINCT m.document) FROM mentions m JOIN documents d ON d.id = m.document
		WHERE m.marking <= $1 AND m.at >= $2 AND m.at < $3 AND d.ingested <= $4 AND m.entity IN `+list(5, len(ids))+` GROUP BY d.source`,
		append([]any{int(r.Clearance), p.From.Unix(), p.To.Unix(), p.Ingested.UnixMicro()}, anys(ids)...)...)
	if err != nil {
		return nil, fmt.Errorf("sources of a period: %w", err)
	}
	out := make(map[int64]int, len(rows))
	for _, x := range rows {
		out[x.source] = x.n
	}
	return out, nil
}

// Daily returns how many documents each source published on each day of a period,
// whoever may see them: it tells whether the sources were there.
func (db *DB) Daily(ctx context.Context, p Period) (map[int64][]int, error) {
	first, last := p.From.UnixMicro()/day, p.To.UnixMicro()/day
	type row struct {
		source, day int64
		n           int
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.source, &x.day, &x.n) },
		fmt.Sprintf(`SELECT source, published / %[1]d AS day, COUNT(*) FROM documents WHERE published >= $1 AND published < $2 AND ingested <= $3 GROUP BY source, published / %[1]d`, day),
		first*day, last*day, p.Ingested.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("documents by day: %w", err)
	}
	out := map[int64][]int{}
	for _, x := range rows {
		if out[x.source] == nil {
			out[x.source] = make([]int, last-first)
		}
		if x.day >= first && x.day < last {
			out[x.source][x.day-first] = x.n
		}
	}
	return out, nil
}

// SourceNames returns the names of sources.
func (db *DB) SourceNames(ctx context.Context) (map[int64]intel.SourceID, error) {
	type row struct {
		id   int64
		name intel.SourceID
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.id, &x.name) }, `SELECT id, name FROM sources`)
	if err != nil {
		return nil, fmt.Errorf("names of sources: %w", err)
	}
	out := make(map[int64]intel.SourceID, len(rows))
	for _, x := range rows {
		out[x.id] = x.name
	}
	return out, nil
}

// Turns says of links from one of names to something how far they are believed by
// evidence dated in a period alone, as it was derived when the last of it could come
// in.
func (db *DB) Turns(ctx context.Context, r intel.Reader, names []Resolution, relations []intel.Relation, to []intel.Entity, p Period, w Weighing) (map[intel.Entity]float64, error) {
	out := map[intel.Entity]float64{}
	share := map[intel.Entity]float64{}
	for _, n := range names {
		share[n.Name] = n.Share
	}
	from, err := db.integers(ctx, Names(names))
	if err != nil || len(from) == 0 {
		return out, err
	}
	err = chunks(to, func(to []intel.Entity) error {
		ids, err := db.integers(ctx, to)
		if err != nil || len(ids) == 0 {
			return err
		}
		links, err := query(ctx, db.read, scanEnds, endsSelect+`WHERE l.from_entity IN `+list(1, len(from))+` AND l.relation IN (`+rel(relations...)+`) AND l.to_entity IN `+list(1+len(from), len(ids))+` ORDER BY l.id`,
			append(anys(from), anys(ids)...)...)
		if err != nil {
			return err
		}
		return chunks(links, func(links []ends) error {
			found, err := db.weighPeriod(ctx, r, links, p, w)
			for _, a := range found {
				out[a.Link.To] = max(out[a.Link.To], a.Probability*share[a.Link.From])
			}
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("what was taken up: %w", err)
	}
	return out, nil
}

// EndsOf returns what of one kind any link of a relation goes to from names, whoever may
// see it and whether it is believed or not: so many at most.
func (db *DB) EndsOf(ctx context.Context, names []intel.Entity, relation intel.Relation, kind intel.Kind, most int) ([]intel.Entity, error) {
	ids, err := db.integers(ctx, names)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	out, err := query(ctx, db.read, func(r *sql.Rows, e *intel.Entity) error { return r.Scan(&e.Kind, &e.Name) },
		`SELECT DISTINCT t.kind, t.name FROM links l JOIN entities t ON t.id = l.to_entity WHERE l.from_entity IN `+list(2, len(ids))+` AND l.relation IN (`+rel(relation)+`)
		AND t.kind = $1 ORDER BY t.kind, t.name LIMIT `+fmt.Sprint(most), append([]any{string(kind)}, anys(ids)...)...)
	if err != nil {
		return nil, fmt.Errorf("links to %s: %w", kind, err)
	}
	return out, nil
}

// weighPeriod assesses links from what is dated in a period.
func (db *DB) weighPeriod(ctx context.Context, r intel.Reader, page []ends, p Period, w Weighing) (out []assessed, err error) {
	links := make(map[int64]ends, len(page))
	args := []any{int(r.Clearance)}
	for _, e := range page {
		links[e.id] = e
		args = append(args, e.id)
	}
	then := p.Ingested
	which := fmt.Sprintf(`(SELECT h.* FROM %s h JOIN documents d ON d.id = h.document WHERE h.at >= %d AND h.at < %d AND d.ingested <= %d) e`,
		held(then, list(2, len(page))), p.From.UnixMicro(), p.To.UnixMicro(), p.Ingested.UnixMicro())
	all, err := piecesOf(ctx, db.read, w.Now, then, which, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	rows, err := assess(all, links, w.Judge)
	for i, a := range rows { // of a link's the last is of what all of it comes to
		if i+1 == len(rows) || rows[i+1].link != a.link {
			out = append(out, a)
		}
	}
	return out, err
}
