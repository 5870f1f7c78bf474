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
	Reliability  intel.Reliability // of its latest documents
	Daily        []intel.Count     // documents by the day they were learned, last 14 days
	Documents24  int               // learned in the last 24 hours
}

// arrivalDays is how many days Sources counts documents of.
const arrivalDays = 14

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

// Sources lists all sources by name, with what they brought before now, whoever
// may see that: it is for the operator.
func (db *DB) Sources(ctx context.Context, now time.Time) ([]Source, error) {
	type row struct {
		Source
		id int64
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, s *row) error {
		var settings string
		var success, document, failure sql.NullInt64
		var reliability int
		err := r.Scan(&s.id, &s.Name, &s.Connector, &settings, &s.Every, &s.Documents, &success, &document, &s.LastError, &failure, &reliability)
		s.Settings, s.Reliability = json.RawMessage(settings), intel.Reliability(reliability)
		s.LastSuccess, s.LastDocument, s.LastFailure = toTime(success), toTime(document), toTime(failure)
		return err
	}, `SELECT id, name, connector, settings, every, documents, last_success, last_document, last_error, last_failure, reliability FROM sources ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	arrived, err := db.arrivals(ctx, now)
	if err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	today := now.UTC().Truncate(24 * time.Hour)
	out := make([]Source, len(rows))
	for i, r := range rows {
		out[i] = r.Source
		for back := arrivalDays - 1; back >= 0; back-- {
			start := today.AddDate(0, 0, -back)
			a := arrived[arrival{r.id, start.UnixMicro() / day}]
			out[i].Daily = append(out[i].Daily, intel.Count{Start: start, N: a.all})
			out[i].Documents24 += a.late
		}
	}
	return out, nil
}

// An arrival is one day of one source.
type arrival struct{ source, day int64 }

type arrived struct{ all, late int }

func (db *DB) arrivals(ctx context.Context, now time.Time) (map[arrival]arrived, error) {
	type row struct {
		arrival
		arrived
	}
	since := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-arrivalDays)
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.source, &x.day, &x.all, &x.late) },
		`SELECT source, learned / 86400000000, COUNT(*), SUM(CASE WHEN learned > $1 THEN 1 ELSE 0 END) FROM documents
		WHERE learned >= $2 AND learned <= $3 GROUP BY source, learned / 86400000000`,
		now.Add(-24*time.Hour).UnixMicro(), since.UnixMicro(), now.UnixMicro())
	out := make(map[arrival]arrived, len(rows))
	for _, x := range rows {
		out[x.arrival] = x.arrived
	}
	return out, err
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

// SaveHealth notes how an attempt to read a source with a connector ended:
// failure is nil after a success.
func (db *DB) SaveHealth(ctx context.Context, name intel.SourceID, connector string, at time.Time, failure error) error {
	var err error
	if failure == nil {
		_, err = db.write.ExecContext(ctx, `INSERT INTO sources (name, connector, first_success, last_success) VALUES ($1, $2, $3, $3)
			ON CONFLICT (name) DO UPDATE SET connector = excluded.connector, last_success = excluded.last_success,
			first_success = COALESCE(sources.first_success, excluded.first_success), last_error = ''`, string(name), connector, at.UnixMicro())
	} else {
		_, err = db.write.ExecContext(ctx, `INSERT INTO sources (name, connector, last_error, last_failure) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET connector = excluded.connector, last_error = excluded.last_error, last_failure = excluded.last_failure`,
			string(name), connector, text(failure.Error()), at.UnixMicro())
	}
	if err != nil {
		return fmt.Errorf("save health of %s: %w", name, err)
	}
	return nil
}
