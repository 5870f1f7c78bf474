package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/portent-cti/portent/internal/intel"
)

// Setting returns a value kept under key, or intel.ErrNotFound.
func (db *DB) Setting(ctx context.Context, key string) (string, error) {
	rows, err := query(ctx, db.read, func(r *sql.Rows, s *string) error { return r.Scan(s) }, `SELECT value FROM settings WHERE key = $1`, key)
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
