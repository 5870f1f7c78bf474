package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// An Awaited forecast is not judged yet.
type Awaited struct {
	intel.Forecast
	// Broken says why it cannot be judged: it is not what was written.
	Broken  string
	subject int64
}

// Awaits returns how many forecasts were due by a moment and are not judged.
func (db *DB) Awaits(ctx context.Context, due time.Time) (n int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM awaited WHERE due <= $1`, due.UnixMicro()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("forecasts that are due: %w", err)
	}
	return n, nil
}

// Awaited returns forecasts that were due by a moment and are not judged, those of one
// subject, day and marking together. It is for the judge, who hides nothing.
func (db *DB) Awaited(ctx context.Context, due time.Time, limit int) ([]Awaited, error) {
	all, err := query(ctx, db.read, scanAwaited, `SELECT a.subject, s.kind, s.name, a.kind, a.marking, a.made, a.due,
		l.seq, l.forecast, l.written, l.known, l.afterwards, l.digest, l.link, f.kind, f.body, e.kind, e.name, f.marking, f.made, f.due
		FROM awaited a JOIN entities s ON s.id = a.subject JOIN ledger l ON l.forecast = a.forecast LEFT JOIN forecasts f ON f.id = a.forecast LEFT JOIN entities e ON e.id = f.subject
		WHERE a.due <= $1 ORDER BY a.due, a.subject, a.marking, a.made, a.forecast LIMIT $2`, due.UnixMicro(), limit)
	if err != nil {
		return nil, fmt.Errorf("forecasts that are due: %w", err)
	}
	return all, nil
}

// scanAwaited reads a forecast with the entry that vouches for it.
func scanAwaited(r *sql.Rows, a *Awaited) error {
	var made, due int64
	var l line
	err := r.Scan(append([]any{&a.subject, &a.Subject.Kind, &a.Subject.Name, &a.Kind, &a.Marking, &made, &due}, l.fields()...)...)
	if err != nil {
		return err
	}
	e := l.read()
	kept := a.Forecast
	kept.ID, kept.Made, kept.Due = e.id, time.UnixMicro(made).UTC(), time.UnixMicro(due).UTC()
	switch {
	case e.gone:
		a.Broken = "it was deleted"
	case !e.sound():
		a.Broken = "it was changed after it was made"
	default:
		if json.Unmarshal([]byte(e.body), &a.Forecast) != nil {
			a.Broken = "it cannot be read"
		}
	}
	if a.Broken != "" {
		a.Forecast = kept
	}
	a.ID, a.Subject, a.Kind, a.Marking, a.Made, a.Due = kept.ID, kept.Subject, kept.Kind, kept.Marking, kept.Made, kept.Due
	return nil
}

// A LedgerState changes whenever a forecast is made or judged.
type LedgerState struct{ Made, Waiting int64 }

// LedgerState returns how many forecasts were made, and how many of them wait to be
// judged.
func (db *DB) LedgerState(ctx context.Context) (s LedgerState, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT COALESCE((SELECT seq FROM ledger_head WHERE one = 1), 0), (SELECT COUNT(*) FROM awaited)`).Scan(&s.Made, &s.Waiting)
	if err != nil {
		return s, fmt.Errorf("state of the ledger: %w", err)
	}
	return s, nil
}

// A Judgement is a forecast and what came of it.
type Judgement struct {
	Awaited
	intel.Outcome
}

// SaveOutcomes keeps what came of forecasts. One that is there already is never
// changed.
func (db *DB) SaveOutcomes(ctx context.Context, all []Judgement) error {
	err := db.tx(ctx, func(tx engine) error {
		return chunks(all, func(some []Judgement) error {
			const width = 17
			args, ids := make([]any, 0, width*len(some)), make([]any, 0, len(some))
			for _, j := range some {
				ids = append(ids, j.ID)
				args = append(args, j.ID, j.subject, j.Kind, int(j.Marking), j.Made.UnixMicro()/day)
				args = append(args, j.columns()...)
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO outcomes (forecast, subject, kind, marking, made, came, reason, event, p, score, log, base, base_log, simple, simple_log, judged, known)
				VALUES `+values(1, len(some), width)+` ON CONFLICT DO NOTHING`, args...)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `DELETE FROM awaited WHERE forecast IN `+list(1, len(ids)), ids...)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("save %d outcomes: %w", len(all), err)
	}
	return nil
}

// columns are those of an outcome from came on.
func (j Judgement) columns() []any {
	s := j.Scores
	came, simple, simpleLog := sql.NullInt64{Int64: int64(j.Came), Valid: j.Unscoreable == ""}, sql.NullInt64{}, sql.NullInt64{}
	if s.Ruled {
		simple, simpleLog = sql.NullInt64{Int64: scored(s.Simple), Valid: true}, sql.NullInt64{Int64: scored(s.SimpleLog), Valid: true}
	}
	return []any{came, text(j.Unscoreable), bit(s.Probability), scored(s.P), scored(s.Score), scored(s.Log), scored(s.Base), scored(s.BaseLog),
		simple, simpleLog, j.Judged.UnixMicro(), j.Known.UnixMicro()}
}

func scored(x float64) int64 { return int64(math.Round(1e6 * min(max(x, -1e9), 1e9))) }

// Outcome returns what came of a forecast that r may see.
func (db *DB) Outcome(ctx context.Context, r intel.Reader, forecast string) (intel.Outcome, error) {
	rows, err := query(ctx, db.read, func(r *sql.Rows, o *intel.Outcome) error {
		var came, simple, simpleLog sql.NullInt64
		var event, p, score, log, base, baseLog, judged, known int64
		err := r.Scan(&o.Forecast, &came, &o.Unscoreable, &event, &p, &score, &log, &base, &baseLog, &simple, &simpleLog, &judged, &known)
		of := func(n int64) float64 { return float64(n) / 1e6 }
		o.Came, o.Judged, o.Known = int(came.Int64), time.UnixMicro(judged).UTC(), time.UnixMicro(known).UTC()
		o.Scores = intel.Scores{P: of(p), Score: of(score), Log: of(log), Base: of(base), BaseLog: of(baseLog), Simple: of(simple.Int64),
			SimpleLog: of(simpleLog.Int64), Ruled: simple.Valid, Probability: event != 0}
		return err
	}, `SELECT forecast, came, reason, event, p, score, log, base, base_log, simple, simple_log, judged, known FROM outcomes WHERE forecast = $1 AND marking <= $2`, forecast, int(r.Clearance))
	if err == nil && len(rows) == 0 {
		err = intel.ErrNotFound
	}
	if err != nil {
		return intel.Outcome{}, fmt.Errorf("outcome of forecast %s: %w", forecast, err)
	}
	return rows[0], nil
}

// Tallies are the outcomes of the forecasts of each group, that r may see, by day, in
// bins, and those that are not judged. Groups are kinds, or subjects by their number.
type Tallies struct {
	Days  map[string][]intel.DayScores // in order
	Bins  map[string][]intel.BinScores
	Waits map[string]intel.Waiting
}

// A Grouping says what Tallies are of.
type Grouping struct {
	column string
	where  string
}

// ByKind groups forecasts by their kind.
func ByKind() Grouping { return Grouping{column: "kind"} }

// BySubjects groups those of some subjects by whom they are of.
func BySubjects(ids []int64) Grouping {
	return Grouping{column: "subject", where: ` AND subject IN (` + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(ids)), ","), "[]") + `)`}
}

// Tallies sums up how forecasts turned out. Their sums are of whole millionths, so
// that no order of adding shows.
func (db *DB) Tallies(ctx context.Context, r intel.Reader, g Grouping, edges intel.Edges, now time.Time) (t Tallies, err error) {
	t = Tallies{Days: map[string][]intel.DayScores{}, Bins: map[string][]intel.BinScores{}, Waits: map[string]intel.Waiting{}}
	type dayRow struct {
		group string
		intel.DayScores
	}
	days, err := query(ctx, db.read, func(r *sql.Rows, x *dayRow) error {
		return r.Scan(&x.group, &x.Event, &x.Day, &x.All, &x.Judged, &x.Score, &x.Log, &x.Base, &x.BaseLog, &x.Ruled, &x.RuledScore, &x.RuledLog, &x.Simple, &x.SimpleLog)
	}, `SELECT `+g.column+`, CASE WHEN came IS NULL THEN 0 ELSE event END AS is_event, made, COUNT(*), COUNT(came), `+sums("score", "log", "base", "base_log")+`, COUNT(simple), `+
		sums("CASE WHEN simple IS NOT NULL THEN score END", "CASE WHEN simple IS NOT NULL THEN log END", "simple", "simple_log")+`
		FROM outcomes WHERE marking <= $1`+g.where+` GROUP BY `+g.column+`, is_event, made ORDER BY `+g.column+`, made, is_event`, int(r.Clearance))
	if err != nil {
		return t, fmt.Errorf("outcomes: %w", err)
	}
	for _, x := range days {
		t.Days[x.group] = append(t.Days[x.group], x.DayScores)
	}
	type binRow struct {
		group string
		intel.BinScores
	}
	bins, err := query(ctx, db.read, func(r *sql.Rows, x *binRow) error { return r.Scan(&x.group, &x.Event, &x.Bin, &x.N, &x.P, &x.Came) },
		`SELECT `+g.column+`, event, bin, COUNT(*), `+sums("p", "came")+` FROM (SELECT `+g.column+`, event, p, came, CASE event WHEN 1 THEN `+binOf(edges.Events)+` ELSE `+binOf(edges.Counts)+` END AS bin
			FROM outcomes WHERE came IS NOT NULL AND marking <= $1`+g.where+`) o GROUP BY `+g.column+`, event, bin ORDER BY `+g.column+`, event, bin`, int(r.Clearance))
	if err != nil {
		return t, fmt.Errorf("outcomes: %w", err)
	}
	for _, x := range bins {
		t.Bins[x.group] = append(t.Bins[x.group], x.BinScores)
	}
	type waitRow struct {
		group string
		intel.Waiting
	}
	waits, err := query(ctx, db.read, func(r *sql.Rows, x *waitRow) error { return r.Scan(&x.group, &x.All, &x.Due) },
		`SELECT `+g.column+`, COUNT(*), SUM(CASE WHEN due <= $1 THEN 1 ELSE 0 END) FROM awaited WHERE marking <= $2`+g.where+` GROUP BY `+g.column, now.UnixMicro(), int(r.Clearance))
	if err != nil {
		return t, fmt.Errorf("forecasts that wait: %w", err)
	}
	for _, x := range waits {
		t.Waits[x.group] = x.Waiting
	}
	return t, nil
}

// sums writes the sums of columns as whole numbers.
func sums(columns ...string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = `CAST(COALESCE(SUM(` + c + `), 0) AS BIGINT)`
	}
	return strings.Join(out, ", ")
}

// binOf writes the number of the bin that p is in, by the upper edges of bins.
func binOf(edges []float64) string {
	var b strings.Builder
	b.WriteString(`CASE`)
	for i, e := range edges {
		fmt.Fprintf(&b, ` WHEN p < %d THEN %d`, scored(e), i)
	}
	fmt.Fprintf(&b, ` ELSE %d END`, len(edges))
	return b.String()
}

// A Forecasted subject has forecasts, of which so many are judged.
type Forecasted struct {
	ID int64
	Titled
	Judged, All int
}

// Forecasted returns the subjects that r may see forecasts of, those with the most
// judged ones first, then those with the most. Vendors and vulnerabilities, of which no
// activity is forecast, are left out.
func (db *DB) Forecasted(ctx context.Context, r intel.Reader, limit int) ([]Forecasted, error) {
	rows, err := query(ctx, db.read, func(r *sql.Rows, f *Forecasted) error {
		return r.Scan(&f.ID, &f.Entity.Kind, &f.Entity.Name, &f.Title, &f.Judged, &f.All)
	},
		`SELECT e.id, e.kind, e.name, e.title, x.judged, x.n FROM (SELECT subject, SUM(judged) AS judged, SUM(n) AS n FROM
			(SELECT subject, COUNT(came) AS judged, COUNT(*) AS n FROM outcomes WHERE marking <= $1 GROUP BY subject
			UNION ALL SELECT subject, 0, COUNT(*) FROM awaited WHERE marking <= $2 GROUP BY subject) u GROUP BY subject) x
		JOIN entities e ON e.id = x.subject WHERE e.kind NOT IN ('vendor', 'vulnerability') ORDER BY x.judged DESC, x.n DESC, e.kind, e.name LIMIT $3`, int(r.Clearance), int(r.Clearance), limit)
	if err != nil {
		return nil, fmt.Errorf("whom forecasts are of: %w", err)
	}
	return rows, nil
}
