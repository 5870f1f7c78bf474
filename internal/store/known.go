package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Known returns since when it is known here what links say: when the first document came
// in that says so, as far as a reader may see and of what was believed then (zero: now).
// Of a link of which very much is said now the first documents alone are looked at.
func (db *DB) Known(ctx context.Context, r intel.Reader, links []int64, then time.Time) (map[int64]time.Time, error) {
	links = slices.Compact(slices.Sorted(slices.Values(links)))
	out := make(map[int64]time.Time, len(links))
	ask := func(which string, links []int64) error {
		type begun struct {
			link int64
			at   time.Time
		}
		some, err := query(ctx, db.read, func(r *sql.Rows, b *begun) error {
			var at sql.NullInt64
			err := r.Scan(&b.link, &at)
			b.at = toTime(at)
			return err
		}, `SELECT e.link, MIN(COALESCE(e.learned, e.at)) FROM `+which+` e WHERE e.stance = 0 GROUP BY e.link`, append([]any{int(r.Clearance)}, anys(links)...)...)
		for _, b := range some {
			out[b.link] = b.at
		}
		return err
	}
	loud, quiet, err := db.loudness(ctx, links, then)
	for _, l := range loud {
		if err == nil {
			err = ask(fmt.Sprintf(`(SELECT * FROM evidence WHERE marking <= $1 AND link = $2 ORDER BY document LIMIT %d)`, fewProofs), []int64{l})
		}
	}
	if err == nil {
		err = chunks(quiet, func(links []int64) error { return ask(held(then, list(2, len(links))), links) })
	}
	if err != nil {
		return nil, fmt.Errorf("known since: %w", err)
	}
	return out, nil
}

// SaidIn returns in how many documents any of some links is said, as far as a reader may
// see and of what was believed then (zero: now); 0 if one is a link of which very much is
// said.
func (db *DB) SaidIn(ctx context.Context, r intel.Reader, links []int64, then time.Time) (n int, err error) {
	loud, _, err := db.loudness(ctx, links, then)
	if err == nil && len(loud) == 0 {
		err = db.read.QueryRowContext(ctx, `SELECT COUNT(DISTINCT e.document) FROM `+held(then, list(2, len(links)))+` e`, append([]any{int(r.Clearance)}, anys(links)...)...).Scan(&n)
	}
	if err != nil {
		return 0, fmt.Errorf("documents of %d links: %w", len(links), err)
	}
	return n, nil
}
