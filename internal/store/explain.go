package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Linked returns the integer of a link that evidence speaks of, or
// intel.ErrNotFound.
func (db *DB) Linked(ctx context.Context, l intel.Link) (int64, error) {
	ids, err := query(ctx, db.read, scanInt, `SELECT l.id FROM links l JOIN entities f ON f.id = l.from_entity JOIN entities t ON t.id = l.to_entity
		WHERE f.kind = $1 AND f.name = $2 AND l.relation = $3 AND t.kind = $4 AND t.name = $5`, string(l.From.Kind), l.From.Name, number(l.Relation), string(l.To.Kind), l.To.Name)
	if err == nil && len(ids) == 0 {
		err = intel.ErrNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("link %q: %w", l, err)
	}
	return ids[0], nil
}

// Parts returns the evidence of a link that r may see, as it is weighed as of
// now: what an origin says with equal weight and reliability is one piece, with
// the latest date that is believed.
func (db *DB) Parts(ctx context.Context, r intel.Reader, id int64, now time.Time) ([]intel.Evidence, error) {
	parts, err := db.PartsOf(ctx, r, []int64{id}, now, time.Time{})
	return parts[id], err
}

// named returns pieces as evidence, with the names of their origins.
func (db *DB) named(ctx context.Context, all []piece) ([]intel.Evidence, error) {
	ids := make([]int64, 0, len(all))
	for _, p := range all {
		ids = append(ids, p.link)
	}
	slices.Sort(ids)
	links := map[int64]ends{}
	err := chunks(slices.Compact(ids), func(ids []int64) error {
		some, err := linkEnds(ctx, db.read, ids)
		maps.Copy(links, some)
		return err
	})
	if err != nil {
		return nil, err
	}
	names, err := db.originNames(ctx, all)
	if err != nil {
		return nil, err
	}
	out := make([]intel.Evidence, len(all))
	for i, p := range all {
		out[i] = p.Evidence
		out[i].Link, out[i].Origin = links[p.link].link(), intel.Signed(names[cmp.Or(p.root, p.origin)], p.Source)
	}
	return out, nil
}

// PartsOf returns what Parts does of many links, by now or, if that is not zero, by
// what was believed then.
func (db *DB) PartsOf(ctx context.Context, r intel.Reader, links []int64, now, then time.Time) (map[int64][]intel.Evidence, error) {
	out := make(map[int64][]intel.Evidence, len(links))
	err := chunks(links, func(ids []int64) error {
		var all []piece
		var err error
		if then.IsZero() {
			all, _, err = weighed(ctx, db.read, now, ids)
			all = slices.DeleteFunc(all, func(p piece) bool { return p.Marking > r.Clearance })
		} else {
			all, err = piecesOf(ctx, db.read, then, then, held(then, list(2, len(ids)))+` e`, append([]any{int(r.Clearance)}, anys(ids)...)...)
		}
		if err == nil {
			err = readContexts(all)
		}
		if err != nil {
			return err
		}
		parts, err := db.named(ctx, all)
		for i, p := range parts {
			out[all[i].link] = append(out[all[i].link], p)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("parts of %d rows: %w", len(links), err)
	}
	return out, nil
}

// WeighedAt returns when links were weighed that r may see.
func (db *DB) WeighedAt(ctx context.Context, r intel.Reader, links []int64) (map[int64]time.Time, error) {
	type row struct {
		link int64
		at   time.Time
	}
	out := make(map[int64]time.Time, len(links))
	err := chunks(links, func(ids []int64) error {
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.link, briefly{&x.at}) },
			`SELECT l.id, a.at FROM links l CROSS JOIN assessments a WHERE l.id IN `+list(2, len(ids))+` AND `+rowsOf("a", "l.id")+` AND `+shown(1, 1),
			append([]any{int(r.Clearance)}, anys(ids)...)...)
		for _, x := range rows {
			out[x.link] = x.at
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("when %d rows were weighed: %w", len(links), err)
	}
	return out, nil
}

// originNames returns the names of the origins of pieces.
func (db *DB) originNames(ctx context.Context, pieces []piece) (map[int64]string, error) {
	type row struct {
		id   int64
		name string
	}
	var ids []int64
	for _, p := range pieces {
		ids = append(ids, cmp.Or(p.root, p.origin))
	}
	slices.Sort(ids)
	names := make(map[int64]string, len(ids))
	return names, chunks(slices.Compact(ids), func(ids []int64) error {
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.id, &x.name) },
			`SELECT id, name FROM origins WHERE id IN `+list(1, len(ids)), anys(ids)...)
		for _, x := range rows {
			names[x.id] = x.name
		}
		return err
	})
}
