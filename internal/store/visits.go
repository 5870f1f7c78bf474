package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Visit is how one attempt to read a source ended.
type Visit struct {
	Source    intel.SourceID
	Connector string
	At        time.Time
	Failure   error         // nil: all that there is was read
	Read      bool          // it was read until it failed, as what never ends is
	Every     time.Duration // the pause between visits; 0 where it never ends, or nobody visits it on his own
	Circuit   intel.Circuit // empty where that is not known
	Next      time.Time     // of the next attempt; zero where this tells of none
}

// missedVisits is how many visits may fail to come before that is an outage, and briefest is
// how short one may be.
const (
	missedVisits = 3
	briefest     = time.Hour
)

// overdue is how long after its last success a source is out; 0: never.
func overdue(every time.Duration) time.Duration {
	if every <= 0 {
		return 0
	}
	return max(missedVisits*every, briefest)
}

// SaveVisit notes how an attempt to read a source ended. A success ends what was an outage:
// visits that failed, or that nobody made though they were planned.
func (db *DB) SaveVisit(ctx context.Context, v Visit) error {
	err := db.tx(ctx, func(tx engine) error {
		id, err := sourceID(ctx, tx, v.Source)
		if err != nil {
			return err
		}
		if v.Failure != nil {
			read := sql.NullInt64{Int64: v.At.UnixMicro(), Valid: v.Read}
			_, err = tx.ExecContext(ctx, `UPDATE sources SET connector = $1, visits = visits + 1, failures = failures + 1, failing = failing + 1, last_error = $2, last_failure = $3,
				last_success = COALESCE($4, last_success) WHERE id = $5`, v.Connector, text(v.Failure.Error()), v.At.UnixMicro(), read, id)
			return cmp.Or(err, v.plan(ctx, tx, id))
		}
		if err := v.recover(ctx, tx, id, db.dialect.hold); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE sources SET connector = $1, visits = visits + 1, failing = 0, last_error = '', last_success = $2, first_success = COALESCE(first_success, $3) WHERE id = $4`,
			v.Connector, v.At.UnixMicro(), v.At.UnixMicro(), id)
		return cmp.Or(err, v.plan(ctx, tx, id))
	})
	if err != nil {
		return fmt.Errorf("save visit of %s: %w", v.Source, err)
	}
	return nil
}

// A Rejection is that items of a source could not be read.
type Rejection struct {
	Source intel.SourceID
	Items  int
	Last   string // which it was, and why
	At     time.Time
}

// SaveRejection counts items of a source that could not be read. It may have been read well
// but for these: that is no failure.
func (db *DB) SaveRejection(ctx context.Context, r Rejection) error {
	err := db.tx(ctx, func(tx engine) error {
		id, err := sourceID(ctx, tx, r.Source)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE sources SET rejected = rejected + $1, last_rejected = $2, rejected_at = $3 WHERE id = $4`, r.Items, text(r.Last), r.At.UnixMicro(), id)
		return err
	})
	if err != nil {
		return fmt.Errorf("save what was rejected of %s: %w", r.Source, err)
	}
	return nil
}

// plan notes what follows, as far as that is known: who visits a source once tells nothing of
// when it is visited next.
func (v Visit) plan(ctx context.Context, tx engine, id int64) error {
	if v.Circuit == "" {
		return nil
	}
	statement, args := `UPDATE sources SET circuit = $1`, []any{string(v.Circuit)}
	if !v.Next.IsZero() || v.Circuit == intel.Stopped {
		statement, args = statement+`, next_visit = $2 WHERE id = $3`, append(args, fromTime(v.Next), id)
	} else {
		statement, args = statement+` WHERE id = $2`, append(args, id)
	}
	_, err := tx.ExecContext(ctx, statement, args...)
	return err
}

// recover keeps the outage that a success ends, if there was one.
func (v Visit) recover(ctx context.Context, tx engine, id int64, hold string) error {
	var last, next sql.NullInt64
	var failing int
	var why string
	err := tx.QueryRowContext(ctx, `SELECT last_success, next_visit, failing, last_error FROM sources WHERE id = $1`+hold, id).Scan(&last, &next, &failing, &why)
	if err != nil {
		return err
	}
	out := overdue(v.Every)
	if out == 0 && v.Circuit != "" && failing > 0 {
		out = briefest
	}
	if !last.Valid || out == 0 || v.At.Sub(toTime(last)) <= out || failing == 0 && !next.Valid {
		return nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO outages (source, began, ended, why) VALUES ($1, $2, $3, $4) ON CONFLICT (source, began) DO UPDATE SET ended = excluded.ended`,
		id, last.Int64, v.At.UnixMicro(), why)
	return err
}

// Outages returns when sources were not read in a period though they should have been, also
// those that last, in order of time. What a source told later of such a time was read after
// all: an outage ends with the first document that is dated in it and came in by then.
func (db *DB) Outages(ctx context.Context, p Period) ([]intel.Outage, error) {
	type row struct {
		intel.Outage
		lasts        bool
		every        time.Duration // of one that lasts
		began, ended int64
		first        sql.NullInt64
	}
	const first = `(SELECT MIN(d.published) FROM documents d WHERE d.source = s.id AND d.published > o.began AND d.published < o.ended AND d.ingested <= %[3]d)`
	all, err := query(ctx, db.read, func(r *sql.Rows, o *row) error {
		return r.Scan(&o.Source, &o.lasts, &o.every, &o.began, &o.ended, &o.Why, &o.first)
	}, fmt.Sprintf(`SELECT s.name, 1 = 0, 0, o.began, o.ended, o.why, `+first+` FROM outages o JOIN sources s ON s.id = o.source WHERE o.ended > %[1]d AND o.began < %[2]d
		UNION ALL SELECT s.name, 1 = 1, s.every, o.began, o.ended, s.last_error, `+first+` FROM (SELECT id, last_success AS began, %[2]d AS ended FROM sources) o
		JOIN sources s ON s.id = o.id WHERE s.circuit <> '' AND o.began < o.ended AND (s.failing > 0 OR s.every > 0 AND s.next_visit IS NOT NULL)`, p.From.UnixMicro(), p.To.UnixMicro(), p.Ingested.UnixMicro()))
	if err != nil {
		return nil, fmt.Errorf("outages: %w", err)
	}
	var out []intel.Outage
	for _, o := range all {
		o.From, o.Until = time.UnixMicro(o.began).UTC(), time.UnixMicro(o.ended).UTC()
		if o.lasts && o.Until.Sub(o.From) <= max(overdue(o.every), briefest) {
			continue
		}
		if o.first.Valid {
			o.Until = toTime(o.first)
		}
		if o.Until.After(p.From) {
			out = append(out, o.Outage)
		}
	}
	slices.SortStableFunc(out, func(a, b intel.Outage) int { return a.From.Compare(b.From) })
	return out, nil
}

// Unplan notes that nobody visits sources any more but those that are named: the others do not
// fail either, however they did.
func (db *DB) Unplan(ctx context.Context, but map[intel.SourceID]bool) error {
	err := db.tx(ctx, func(tx engine) error {
		planned, err := query(ctx, tx, func(r *sql.Rows, s *string) error { return r.Scan(s) }, `SELECT name FROM sources WHERE every > 0 OR next_visit IS NOT NULL OR circuit <> '' ORDER BY name`)
		if err != nil {
			return err
		}
		planned = slices.DeleteFunc(planned, func(s string) bool { return but[intel.SourceID(s)] })
		return chunks(planned, func(some []string) error {
			_, err := tx.ExecContext(ctx, `UPDATE sources SET every = 0, next_visit = NULL, circuit = '', failing = 0, last_error = '' WHERE name IN `+list(1, len(some)), anys(some)...)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("sources that are no longer read: %w", err)
	}
	return nil
}
