package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// SaveScale keeps what verdicts teach, by which rows are weighed from that moment
// on, as text that the caller understands. With anew, all rows are: what was kept
// for later moments, by a clock that ran ahead, is of no row.
func (db *DB) SaveScale(ctx context.Context, taken time.Time, body string, anew bool) error {
	err := db.tx(ctx, func(tx engine) error {
		if anew {
			if _, err := tx.ExecContext(ctx, `DELETE FROM scales WHERE taken > $1`, taken.UnixMicro()); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO scales (taken, body) VALUES ($1, $2) ON CONFLICT (taken) DO UPDATE SET body = excluded.body`, taken.UnixMicro(), text(body))
		if err != nil {
			return err
		}
		return newEpoch(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("save scale of %s: %w", taken.Format(time.RFC3339), err)
	}
	return nil
}

// Scale returns what SaveScale kept last for a moment, or intel.ErrNotFound.
func (db *DB) Scale(ctx context.Context, then time.Time) (string, error) {
	rows, err := query(ctx, db.read, func(r *sql.Rows, s *string) error { return r.Scan(s) }, `SELECT body FROM scales WHERE taken <= $1 ORDER BY taken DESC LIMIT 1`, then.UnixMicro())
	if err == nil && len(rows) == 0 {
		err = intel.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("scale of %s: %w", then.Format(time.RFC3339), err)
	}
	return rows[0], nil
}

// ScaleTimes returns since when rows were weighed by each scale that was kept, the
// latest ones, so many at most.
func (db *DB) ScaleTimes(ctx context.Context, most int) ([]time.Time, error) {
	all, err := query(ctx, db.read, func(r *sql.Rows, t *time.Time) error {
		var taken sql.NullInt64
		err := r.Scan(&taken)
		*t = toTime(taken)
		return err
	}, `SELECT taken FROM scales ORDER BY taken DESC LIMIT $1`, most)
	if err != nil {
		return nil, fmt.Errorf("times of scales: %w", err)
	}
	return all, nil
}
