package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// subjectsOf is whom forecasts are about, in the order that entities are added in.
func subjectsOf(fs []intel.Forecast) []intel.Entity {
	subjects := map[intel.Entity]bool{}
	for _, f := range fs {
		subjects[f.Subject] = true
	}
	return slices.SortedFunc(maps.Keys(subjects), compare)
}

// Foretold returns those of subjects of which forecasts of a marking were made on a day.
func (db *DB) Foretold(ctx context.Context, subjects []intel.Entity, m intel.Marking, made time.Time) (map[intel.Entity]bool, error) {
	out := map[intel.Entity]bool{}
	ids, err := db.integers(ctx, subjects)
	if err != nil {
		return nil, err
	}
	err = chunks(ids, func(ids []int64) error {
		some, err := query(ctx, db.read, func(r *sql.Rows, e *intel.Entity) error { return r.Scan(&e.Kind, &e.Name) },
			`SELECT e.kind, e.name FROM entities e WHERE e.id IN `+list(3, len(ids))+` AND EXISTS (SELECT 1 FROM forecasts f WHERE f.subject = e.id AND f.made = $1 AND f.marking = $2)`,
			append([]any{made.UnixMicro(), int(m)}, anys(ids)...)...)
		for _, e := range some {
			out[e] = true
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("who is forecast already: %w", err)
	}
	return out, nil
}

// Forecasts returns the forecasts about an entity that were made last until
// asOf, those of them that are not due before it. Of one day r is told those of
// the strictest marking she may see; former days stay in the table, to be
// judged.
func (db *DB) Forecasts(ctx context.Context, r intel.Reader, subject intel.Entity, asOf time.Time) ([]intel.Forecast, error) {
	return db.madeLast(ctx, r, subject, Period{To: asOf}, asOf)
}

// ForecastsOf returns the forecasts about an entity that were made last in a period, its
// end included, whether they are due or not, as Forecasts does.
func (db *DB) ForecastsOf(ctx context.Context, r intel.Reader, subject intel.Entity, made Period) ([]intel.Forecast, error) {
	return db.madeLast(ctx, r, subject, made, made.From)
}

// madeLast returns the forecasts that were made last in a period and are due at a moment
// or later.
func (db *DB) madeLast(ctx context.Context, r intel.Reader, subject intel.Entity, made Period, due time.Time) ([]intel.Forecast, error) {
	from := fromTime(made.From)
	fs, err := query(ctx, db.read, scanForecast, `WITH last (subject, made, marking) AS (SELECT f.subject, f.made, MAX(f.marking) FROM forecasts f JOIN entities e ON e.id = f.subject
			WHERE e.kind = $1 AND e.name = $2 AND f.made <= $3 AND f.marking <= $4 AND f.made >= $5 GROUP BY f.subject, f.made ORDER BY f.made DESC LIMIT 1)
		SELECT f.id, f.marking, f.body FROM last l JOIN forecasts f ON f.subject = l.subject AND f.made = l.made AND f.marking = l.marking
		WHERE f.due >= $6 ORDER BY f.id LIMIT 200`, string(subject.Kind), subject.Name, made.To.UnixMicro(), int(r.Clearance), from.Int64, due.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("forecasts of %s: %w", subject, err)
	}
	return fs, nil
}

// Forecast returns a forecast that r may see, as it is kept.
func (db *DB) Forecast(ctx context.Context, r intel.Reader, id string) (intel.Forecast, error) {
	fs, err := query(ctx, db.read, scanForecast, `SELECT id, marking, body FROM forecasts WHERE id = $1 AND marking <= $2`, text(id), int(r.Clearance))
	if err == nil && len(fs) == 0 {
		err = intel.ErrNotFound
	}
	if err != nil {
		return intel.Forecast{}, fmt.Errorf("forecast %s: %w", id, err)
	}
	return fs[0], nil
}

// scanForecast reads a forecast with its identity and marking, by which it is kept.
func scanForecast(r *sql.Rows, f *intel.Forecast) error {
	var body []byte
	var id string
	var marking intel.Marking
	err := r.Scan(&id, &marking, &body)
	if err == nil {
		err = json.Unmarshal(body, f)
	}
	f.ID, f.Marking = id, marking
	return err
}

// mostSettled bounds the judged forecasts of one subject that are read, and judgedWithin
// how long before they were judged they may have been made.
const (
	mostSettled  = 1000
	judgedWithin = 70
)

// Settled returns forecasts about an entity that r may see and that were judged within a
// period, those made last first, each with what came of it.
func (db *DB) Settled(ctx context.Context, r intel.Reader, subject intel.Entity, judged Period) (fs []intel.Forecast, outcomes []intel.Outcome, err error) {
	ids, err := db.integers(ctx, []intel.Entity{subject})
	if err != nil || len(ids) == 0 {
		return nil, nil, err
	}
	type row struct {
		f intel.Forecast
		o intel.Outcome
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error {
		var body []byte
		var id string
		var came sql.NullInt64
		var at int64
		var marking intel.Marking
		err := r.Scan(&id, &marking, &body, &came, &x.o.Unscoreable, &at)
		if err == nil {
			err = json.Unmarshal(body, &x.f)
		}
		x.f.ID, x.f.Marking, x.o.Forecast = id, marking, id
		x.o.Came, x.o.Judged = int(came.Int64), time.UnixMicro(at).UTC()
		return err
	}, `SELECT f.id, f.marking, f.body, o.came, o.reason, o.judged FROM forecasts f JOIN outcomes o ON o.forecast = f.id
		WHERE f.subject = $1 AND f.made >= $2 AND f.made <= $3 AND f.marking <= $4 AND o.judged > $5 AND o.judged <= $6 ORDER BY f.made DESC, f.id LIMIT $7`,
		ids[0], judged.From.AddDate(0, 0, -judgedWithin).UnixMicro(), judged.To.UnixMicro(), int(r.Clearance), judged.From.UnixMicro(), judged.To.UnixMicro(), mostSettled)
	if err != nil {
		return nil, nil, fmt.Errorf("judged forecasts of %s: %w", subject, err)
	}
	for _, x := range rows {
		fs, outcomes = append(fs, x.f), append(outcomes, x.o)
	}
	return fs, outcomes, nil
}

// Markings returns, in order, the markings of documents that r may see and
// that mention one of names, or anybody at all where no names are given.
func (db *DB) Markings(ctx context.Context, r intel.Reader, names []intel.Entity) ([]intel.Marking, error) {
	which, args := "", []any{int(r.Clearance)}
	if len(names) > 0 {
		ids, err := db.integers(ctx, names)
		if err != nil || len(ids) == 0 {
			return nil, err
		}
		which, args = ` AND entity IN `+list(2, len(ids)), append(args, anys(ids)...)
	}
	found, err := query(ctx, db.read, func(r *sql.Rows, m *intel.Marking) error { return r.Scan(m) },
		`SELECT DISTINCT marking FROM activity WHERE marking <= $1`+which+` ORDER BY marking`, args...)
	if err != nil {
		return nil, fmt.Errorf("markings: %w", err)
	}
	return found, nil
}
