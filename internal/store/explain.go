package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
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
	all, _, err := weighed(ctx, db.read, now, []int64{id})
	if err == nil {
		all = slices.DeleteFunc(all, func(p piece) bool { return p.Marking > r.Clearance })
		err = readContexts(all)
	}
	if err != nil {
		return nil, fmt.Errorf("parts of row %d: %w", id, err)
	}
	return db.named(ctx, id, all)
}

// named returns pieces of one link as evidence, with the names of their origins.
func (db *DB) named(ctx context.Context, id int64, all []piece) ([]intel.Evidence, error) {
	link, err := linkEnds(ctx, db.read, []int64{id})
	if err != nil {
		return nil, fmt.Errorf("parts of row %d: %w", id, err)
	}
	names, err := db.originNames(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("parts of row %d: %w", id, err)
	}
	out := make([]intel.Evidence, len(all))
	for i, p := range all {
		out[i] = p.Evidence
		out[i].Link, out[i].Origin = link[id].link(), signed(names[cmp.Or(p.root, p.origin)], p.Source)
	}
	return out, nil
}

// signed is the name of an origin as a source gives it: nobody else's account is
// shown as the people and hunts of this installation are, and no two as one.
func signed(origin string, by intel.SourceID) string {
	if !by.Reserved() && (intel.SourceID(origin).Reserved() || strings.HasPrefix(origin, `"`)) {
		return strconv.Quote(origin)
	}
	return origin
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
