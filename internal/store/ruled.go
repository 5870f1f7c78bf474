package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// RowVerdicts returns every verdict on rows, in the order in which they were given,
// whoever may read them: what they do shows to all.
func (db *DB) RowVerdicts(ctx context.Context) ([]intel.RowVerdict, error) {
	return verdicts(ctx, db, intel.RowVerdictOf)
}

// Links returns what rows say, by their integers.
func (db *DB) Links(ctx context.Context, ids []int64) (map[int64]intel.Link, error) {
	out := make(map[int64]intel.Link, len(ids))
	err := chunks(ids, func(ids []int64) error {
		found, err := linkEnds(ctx, db.read, ids)
		for id, e := range found {
			out[id] = e.link()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("links of %d rows: %w", len(ids), err)
	}
	return out, nil
}

// Touch makes rows that there are wait to be weighed.
func (db *DB) Touch(ctx context.Context, links []intel.Link) error {
	err := db.tx(ctx, func(tx engine) error {
		if err := takeTurn(ctx, tx, db.dialect.hold); err != nil {
			return err
		}
		found, err := linksOf(ctx, tx, links)
		if err != nil {
			return err
		}
		ids := ordered(found)
		if err := holdLinks(ctx, tx, ids, db.dialect.hold); err != nil {
			return err
		}
		return chunks(ids, func(ids []int64) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO stale (link) VALUES `+values(1, len(ids), 1)+` ON CONFLICT DO NOTHING`, anys(ids)...)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("touch %d rows: %w", len(links), err)
	}
	return nil
}

// Support returns which sources support rows now, in order, that did so before a
// verdict on each came in: who says it later may know of the verdict, and what dates a
// document states may be forged, so the order of arrival counts.
func (db *DB) Support(ctx context.Context, verdicts map[intel.Link]intel.DocumentID) (map[intel.Link][]intel.SourceID, error) {
	out := make(map[intel.Link][]intel.SourceID, len(verdicts))
	found, err := linksOf(ctx, db.read, slices.Collect(maps.Keys(verdicts)))
	if err != nil {
		return nil, fmt.Errorf("support of %d rows: %w", len(verdicts), err)
	}
	of := make(map[int64]intel.Link, len(found))
	for l, id := range found {
		of[id] = l
	}
	came, err := numbers(ctx, db.read, slices.Collect(maps.Values(verdicts)))
	if err != nil {
		return nil, fmt.Errorf("support of %d rows: %w", len(verdicts), err)
	}
	type row struct {
		link   int64
		source intel.SourceID
	}
	err = chunks(ordered(found), func(ids []int64) error {
		args := make([]any, 0, 2*len(ids))
		for _, id := range ids {
			args = append(args, id, came[verdicts[of[id]]])
		}
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.link, &x.source) },
			`WITH w (link, came) AS (VALUES `+casts(1, len(ids), "BIGINT", "BIGINT")+`)
			SELECT DISTINCT w.link, s.name FROM w JOIN evidence e ON e.link = w.link AND e.document < w.came AND e.stance = 0 JOIN sources s ON s.id = e.source ORDER BY w.link, s.name`, args...)
		for _, x := range rows {
			if l := of[x.link]; !x.source.Reserved() {
				out[l] = append(out[l], x.source)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("support of %d rows: %w", len(verdicts), err)
	}
	return out, nil
}

func ordered(links map[intel.Link]int64) []int64 {
	ids := make([]int64, 0, len(links))
	for _, id := range links {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// linksOf returns the integers of those links that there are.
func linksOf(ctx context.Context, q engine, links []intel.Link) (map[intel.Link]int64, error) {
	out := make(map[intel.Link]int64, len(links))
	type row struct {
		id int64
		intel.Link
	}
	return out, chunks(links, func(links []intel.Link) error {
		args := make([]any, 0, 5*len(links))
		for _, l := range links {
			args = append(args, string(l.From.Kind), l.From.Name, number(l.Relation), string(l.To.Kind), l.To.Name)
		}
		rows, err := query(ctx, q, func(r *sql.Rows, x *row) error {
			return r.Scan(&x.id, &x.From.Kind, &x.From.Name, numbered{&x.Relation}, &x.To.Kind, &x.To.Name)
		}, `WITH w (fk, f, r, tk, t) AS (VALUES `+casts(1, len(links), "TEXT", "TEXT", "SMALLINT", "TEXT", "TEXT")+`)
			SELECT l.id, w.fk, w.f, l.relation, w.tk, w.t FROM w JOIN entities f ON f.kind = w.fk AND f.name = w.f JOIN entities t ON t.kind = w.tk AND t.name = w.t
			JOIN links l ON l.from_entity = f.id AND l.to_entity = t.id AND l.relation = w.r`, args...)
		for _, x := range rows {
			out[x.Link] = x.id
		}
		return err
	})
}

// ruled returns the links that verdicts of a batch are on, to be weighed again.
func (s *saving) ruled(ctx context.Context, batch []Derived) ([]int64, error) {
	var links []intel.Link
	for _, d := range batch {
		links = append(links, d.Ruled...)
	}
	found, err := linksOf(ctx, s.tx, links)
	return ordered(found), err
}
