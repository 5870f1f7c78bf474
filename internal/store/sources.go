package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Source is a configured source and how it fares.
type Source struct {
	Name         intel.SourceID
	Connector    string
	Settings     json.RawMessage
	Every        time.Duration
	Documents    int
	LastSuccess  time.Time
	LastDocument time.Time
	LastError    string // empty after a success
	LastFailure  time.Time
}

func sourceID(ctx context.Context, tx engine, name intel.SourceID) (id int64, err error) {
	if _, err := tx.ExecContext(ctx, `INSERT INTO sources (name) VALUES ($1) ON CONFLICT DO NOTHING`, string(name)); err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `SELECT id FROM sources WHERE name = $1`, string(name)).Scan(&id)
	return id, err
}

// SaveSource adds or changes a configured source; its health and cursor stay.
func (db *DB) SaveSource(ctx context.Context, s Source) error {
	settings := string(s.Settings)
	if settings == "" {
		settings = "{}"
	}
	_, err := db.write.ExecContext(ctx, `INSERT INTO sources (name, connector, settings, every) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET connector = excluded.connector, settings = excluded.settings, every = excluded.every`,
		string(s.Name), s.Connector, text(settings), int64(s.Every))
	if err != nil {
		return fmt.Errorf("save source %s: %w", s.Name, err)
	}
	return nil
}

// Sources lists all sources by name.
func (db *DB) Sources(ctx context.Context) ([]Source, error) {
	return query(ctx, db.read, func(r *sql.Rows, s *Source) error {
		var settings string
		var success, document, failure sql.NullInt64
		err := r.Scan(&s.Name, &s.Connector, &settings, &s.Every, &s.Documents, &success, &document, &s.LastError, &failure)
		s.Settings = json.RawMessage(settings)
		s.LastSuccess, s.LastDocument, s.LastFailure = toTime(success), toTime(document), toTime(failure)
		return err
	}, `SELECT name, connector, settings, every, documents, last_success, last_document, last_error, last_failure FROM sources ORDER BY name`)
}

// Cursor returns how far a source has been read.
func (db *DB) Cursor(ctx context.Context, name intel.SourceID) (c intel.Cursor, err error) {
	rows, err := query(ctx, db.read, func(r *sql.Rows, c *intel.Cursor) error { return r.Scan(c) }, `SELECT cursor FROM sources WHERE name = $1`, string(name))
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0], nil
}

// SaveCursor notes how far a source has been read. It is called after the
// documents up to there are kept.
func (db *DB) SaveCursor(ctx context.Context, name intel.SourceID, c intel.Cursor) error {
	_, err := db.write.ExecContext(ctx, `INSERT INTO sources (name, cursor) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor`, string(name), string(c))
	if err != nil {
		return fmt.Errorf("save cursor of %s: %w", name, err)
	}
	return nil
}

// SaveHealth notes how an attempt to read a source ended: failure is nil after
// a success.
func (db *DB) SaveHealth(ctx context.Context, name intel.SourceID, at time.Time, failure error) error {
	var err error
	if failure == nil {
		_, err = db.write.ExecContext(ctx, `INSERT INTO sources (name, first_success, last_success) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET last_success = excluded.last_success, first_success = COALESCE(sources.first_success, excluded.first_success), last_error = ''`,
			string(name), at.UnixMicro(), at.UnixMicro())
	} else {
		_, err = db.write.ExecContext(ctx, `INSERT INTO sources (name, last_error, last_failure) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET last_error = excluded.last_error, last_failure = excluded.last_failure`,
			string(name), text(failure.Error()), at.UnixMicro())
	}
	if err != nil {
		return fmt.Errorf("save health of %s: %w", name, err)
	}
	return nil
}
