package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// SaveForecasts keeps forecasts as they were made. One that is there already
// is never changed.
func (db *DB) SaveForecasts(ctx context.Context, fs []intel.Forecast) error {
	err := db.tx(ctx, func(tx engine) error {
		for _, f := range fs {
			ids, _, err := entityIDs(ctx, tx, []intel.Entity{f.Subject}, nil)
			if err != nil {
				return err
			}
			body, err := json.Marshal(f)
			if err != nil {
				return fmt.Errorf("forecast %s: %w", f.ID, err)
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO forecasts (id, subject, kind, made, due, body) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
				f.ID, ids[f.Subject], f.Kind, f.Made.UnixMicro(), f.Due.UnixMicro(), text(string(body)))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save forecasts: %w", err)
	}
	return nil
}

// Forecasts returns the forecasts about an entity that were made until asOf
// and are not due before it, latest first.
func (db *DB) Forecasts(ctx context.Context, subject intel.Entity, asOf time.Time) ([]intel.Forecast, error) {
	return query(ctx, db.read, func(r *sql.Rows, f *intel.Forecast) error {
		var body []byte
		if err := r.Scan(&body); err != nil {
			return err
		}
		return json.Unmarshal(body, f)
	}, `SELECT f.body FROM forecasts f JOIN entities e ON e.id = f.subject WHERE e.kind = $1 AND e.name = $2 AND f.made <= $3 AND f.due >= $4
		ORDER BY f.made DESC, f.id LIMIT 200`, string(subject.Kind), subject.Name, asOf.UnixMicro(), asOf.UnixMicro())
}
