package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/portent-cti/portent/internal/intel"
)

// Setting returns a value kept under key, or intel.ErrNotFound.
func (db *DB) Setting(ctx context.Context, key string) (string, error) {
	return setting(ctx, db.read, key)
}

func setting(ctx context.Context, q engine, key string) (string, error) {
	rows, err := query(ctx, q, func(r *sql.Rows, s *string) error { return r.Scan(s) }, `SELECT value FROM settings WHERE key = $1`, key)
	if err == nil && len(rows) == 0 {
		err = intel.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("setting %s: %w", key, err)
	}
	return rows[0], nil
}

// SaveSetting keeps a value under key.
func (db *DB) SaveSetting(ctx context.Context, key, value string) error {
	_, err := db.write.ExecContext(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, text(value))
	if err != nil {
		return fmt.Errorf("save setting %s: %w", key, err)
	}
	return nil
}

// epoch is the setting that Epoch reads.
const epoch = "epoch"

// Epoch is a number that grows whenever what is derived from documents or whom
// names stand for changes: what was counted before may be wrong then.
func (db *DB) Epoch(ctx context.Context) (int64, error) { return epochIn(ctx, db.read) }

func epochIn(ctx context.Context, q engine) (int64, error) {
	s, err := setting(ctx, q, epoch)
	if errors.Is(err, intel.ErrNotFound) {
		return 0, nil // nothing was derived yet
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("epoch: %w", err)
	}
	return n, nil
}

// newEpoch begins an epoch, as whoever changes evidence must: what is weighed ahead of its
// turn rests on it. It is the last statement of its transaction, for
// others wait for it from then on.
func newEpoch(ctx context.Context, tx engine) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO settings (key, value) VALUES ($1, '1')
		ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(settings.value AS BIGINT) + 1 AS TEXT)`, epoch)
	return err
}
