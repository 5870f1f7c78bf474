package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Source is a configured source and how it fares.
type Source struct {
	Name        intel.SourceID
	Connector   string
	Settings    json.RawMessage
	Every       time.Duration
	Marking     intel.Marking     // from whom it is hidden that it is read
	Reliability intel.Reliability // of its latest documents
	Visits
	Brought
	Worth
}

// Visits are how attempts to read a source ended.
type Visits struct {
	Visits, Failures int
	Failing          int // in a row, the last one
	Circuit          intel.Circuit
	Next             time.Time // zero where none is planned
	LastSuccess      time.Time
	LastError        string // empty after a success
	LastFailure      time.Time
	Rejected         int    // items that could not be read
	LastRejected     string // which was the last, and why
	RejectedAt       time.Time
}

// Brought is what came of reading a source.
type Brought struct {
	Documents    int
	Known        int // that came again
	Copies       int // documents that are near-copies of others
	Yielded      int // documents that give evidence
	Pieces       int // of evidence that they give
	LastDocument time.Time
	Daily        []intel.Count // documents by the day they were learned, last 14 days
	Documents24  int           // learned in the last 24 hours, by whole hours
	// Active are the days since 1970 of which documents are dated, of the half year that ends
	// with the last of them, in order: of a source that is read, and told nothing for two days.
	Active []int64
}

const (
	// arrivalDays is how many days Sources counts documents of.
	arrivalDays = 14
	// habitDays is of how many days the habit of a source is told.
	habitDays = 182
	// quietDays is for how many a source may be quiet without being asked for its habit.
	quietDays = 2
)

func sourceID(ctx context.Context, tx engine, name intel.SourceID) (id int64, err error) {
	if _, err := tx.ExecContext(ctx, `INSERT INTO sources (name) VALUES ($1) ON CONFLICT DO NOTHING`, string(name)); err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `SELECT id FROM sources WHERE name = $1`, string(name)).Scan(&id)
	return id, err
}

// SaveSource adds or changes a configured source. Its health stays, and how far it was read
// unless that is told by another connector, whose cursors it cannot read.
func (db *DB) SaveSource(ctx context.Context, s Source) error {
	settings := string(s.Settings)
	if settings == "" {
		settings = "{}"
	}
	_, err := db.write.ExecContext(ctx, `INSERT INTO sources (name, connector, settings, every, marking) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO UPDATE SET connector = excluded.connector, settings = excluded.settings, every = excluded.every, marking = excluded.marking,
		cursor = CASE WHEN sources.connector IN ('', excluded.connector) THEN sources.cursor ELSE '' END`,
		string(s.Name), s.Connector, text(settings), int64(s.Every), int(s.Marking))
	if err != nil {
		return fmt.Errorf("save source %s: %w", s.Name, err)
	}
	return nil
}

// Sources lists the sources that r may know of, by name, with what they brought before now,
// whoever may see that: it is for the operator. It counts no documents, however many there are.
func (db *DB) Sources(ctx context.Context, r intel.Reader, now time.Time) ([]Source, error) {
	type row struct {
		Source
		id int64
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, s *row) error {
		var settings string
		var success, document, failure, next, counted, rejected sql.NullInt64
		var reliability int
		err := r.Scan(&s.id, &s.Name, &s.Connector, &settings, &s.Every, &s.Marking, &reliability, &s.Visits.Visits, &s.Failures, &s.Failing, &s.Circuit, &next, &success,
			&s.LastError, &failure, &s.Documents, &s.Known, &s.Copies, &s.Yielded, &s.Pieces, &document, &s.Told, &s.Firsts, &s.Seconded, &counted, &s.Rejected, &s.LastRejected, &rejected)
		s.Settings, s.Reliability = json.RawMessage(settings), intel.Reliability(reliability)
		s.LastSuccess, s.LastDocument, s.LastFailure, s.Next, s.Counted, s.RejectedAt = toTime(success), toTime(document), toTime(failure), toTime(next), toTime(counted), toTime(rejected)
		return err
	}, `SELECT id, name, connector, settings, every, marking, reliability, visits, failures, failing, circuit, next_visit, last_success,
		last_error, last_failure, documents, known, copies, yielded, pieces, last_document, told, firsts, seconded, counted, rejected, last_rejected, rejected_at FROM sources WHERE marking <= $1 ORDER BY name`, int(r.Clearance))
	if err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	today := now.UTC().Truncate(24 * time.Hour)
	out, of := make([]Source, len(rows)), make(map[int64]*Brought, len(rows))
	for i, r := range rows {
		out[i] = r.Source
		of[r.id] = &out[i].Brought
		for back := arrivalDays - 1; back >= 0; back-- {
			out[i].Daily = append(out[i].Daily, intel.Count{Start: today.AddDate(0, 0, -back)})
		}
	}
	if err := db.arrived(ctx, of, now); err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	return out, nil
}

// arrived fills in what sources brought when.
func (db *DB) arrived(ctx context.Context, of map[int64]*Brought, now time.Time) error {
	type row struct{ source, at, n int64 }
	each := func(statement string, f func(b *Brought, x row)) error {
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.source, &x.at, &x.n) }, statement)
		for _, x := range rows {
			if b := of[x.source]; b != nil {
				f(b, x)
			}
		}
		return err
	}
	today := now.UnixMicro() / day
	first := today - arrivalDays + 1
	err := each(fmt.Sprintf(`SELECT a.source, a.day, a.documents FROM sources s JOIN arrivals a ON a.source = s.id AND a.day >= %d AND a.day <= %d`, first, today),
		func(b *Brought, x row) { b.Daily[x.at-first].N = int(x.n) })
	if err != nil {
		return err
	}
	err = each(fmt.Sprintf(`SELECT source, 0, SUM(documents) FROM hours WHERE hour > %d AND hour <= %d GROUP BY source`, now.UnixMicro()/hour-24, now.UnixMicro()/hour),
		func(b *Brought, x row) { b.Documents24 = int(x.n) })
	if err != nil {
		return err
	}
	return db.habits(ctx, of, now)
}

// habits fills in on which days those told that are quiet though they are read, a source a
// row.
func (db *DB) habits(ctx context.Context, of map[int64]*Brought, now time.Time) error {
	type row struct {
		source int64
		days   string
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.source, &x.days) },
		fmt.Sprintf(`SELECT a.source, STRING_AGG(CAST(a.day AS TEXT), ' ') FROM
		(SELECT s.id, (SELECT MAX(a.day) FROM arrivals a WHERE a.source = s.id AND a.dated > 0 AND a.day <= %[2]d) AS last FROM sources s
			WHERE s.circuit <> '' AND s.failing = 0 AND (s.every = 0 OR s.last_success > %[4]d - s.every / 1000 * %[5]d)) s
		JOIN arrivals a ON a.source = s.id AND a.day >= s.last - %[1]d AND a.day <= s.last WHERE s.last < %[2]d - %[3]d AND a.dated > 0 GROUP BY a.source`, habitDays, now.UnixMicro()/day, quietDays, now.UnixMicro(), missedVisits))
	for _, x := range rows {
		b := of[x.source]
		if b == nil {
			continue
		}
		for one := range strings.FieldsSeq(x.days) {
			d, err := strconv.ParseInt(one, 10, 64)
			if err != nil {
				return err
			}
			b.Active = append(b.Active, d)
		}
		slices.Sort(b.Active)
	}
	return err
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
