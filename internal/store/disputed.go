package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Disputed returns which of links somebody disputes whose word r may see, by now or, if
// that is not zero, by what was believed then.
func (db *DB) Disputed(ctx context.Context, r intel.Reader, links []int64, then time.Time) (map[int64]bool, error) {
	out := map[int64]bool{}
	ask := func(links []int64, from func(in string) string) error {
		return chunks(links, func(ids []int64) error {
			some, err := query(ctx, db.read, scanInt, `SELECT DISTINCT link FROM `+from(list(2, len(ids))), append([]any{int(r.Clearance)}, anys(ids)...)...)
			for _, l := range some {
				out[l] = true
			}
			return err
		})
	}
	var loud []int64
	var err error
	if then.IsZero() {
		loud, err = summed(ctx, db.read, links)
	}
	if err == nil {
		err = ask(loud, func(in string) string {
			return fmt.Sprintf(`strata WHERE how / 256 %% 256 <= $1 AND how %% 256 = %d AND link IN `, intel.Disputes) + in
		})
	}
	if err == nil {
		quiet := links
		if len(loud) > 0 {
			quiet = slices.DeleteFunc(slices.Clone(links), func(l int64) bool { return slices.Contains(loud, l) })
		}
		err = ask(quiet, func(in string) string { return held(then, in) + fmt.Sprintf(` e WHERE e.stance = %d`, intel.Disputes) })
	}
	if err != nil {
		return nil, fmt.Errorf("who disputes %d rows: %w", len(links), err)
	}
	return out, nil
}
