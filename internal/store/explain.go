package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Linked returns the integer of a link that evidence speaks of, or
// intel.ErrNotFound.
func (db *DB) Linked(ctx context.Context, l intel.Link) (int64, error) {
	ids, err := query(ctx, db.read, scanInt, `SELECT l.id FROM links l JOIN entities f ON f.id = l.from_entity JOIN entities t ON t.id = l.to_entity
		WHERE f.kind = $1 AND f.name = $2 AND l.relation = $3 AND t.kind = $4 AND t.name = $5`, string(l.From.Kind), l.From.Name, string(l.Relation), string(l.To.Kind), l.To.Name)
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
	all, err := query(ctx, db.read, scanPiece, pieces(`evidence WHERE superseded IS NULL AND marking <= $1 AND link = $2`, now), int(r.Clearance), id)
	if err != nil {
		return nil, fmt.Errorf("parts of row %d: %w", id, err)
	}
	link, err := linkEnds(ctx, db.read, []int64{id})
	if err != nil {
		return nil, fmt.Errorf("parts of row %d: %w", id, err)
	}
	names, err := db.originNames(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("parts of row %d: %w", id, err)
	}
	out := make([]intel.Evidence, len(all))
	for i, p := range all {
		out[i] = p.Evidence
		out[i].Link, out[i].Origin = link[id].link(), names[p.Origin]
	}
	return out, nil
}

// originNames returns the names of the origins of a link, by their integers as
// text.
func (db *DB) originNames(ctx context.Context, id int64) (map[string]string, error) {
	type row struct {
		id   int64
		name string
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.id, &x.name) },
		`SELECT DISTINCT o.id, o.name FROM evidence e JOIN origins o ON o.id = e.origin WHERE e.superseded IS NULL AND e.link = $1`, id)
	out := make(map[string]string, len(rows))
	for _, x := range rows {
		out[strconv.FormatInt(x.id, 10)] = x.name
	}
	return out, err
}
