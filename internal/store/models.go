package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Model is one that was fitted to what the store holds.
type Model struct {
	Name    string    `json:"name"`
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	Basis   string    `json:"basis"` // what it was fitted to
	Weights []byte    `json:"-"`
	Figures []byte    `json:"-"` // JSON
	// Kept says that it is better than the one that ships, and so in its place.
	Kept bool `json:"kept"`
}

// SaveModel keeps a model as the next version of its name, which it returns.
func (db *DB) SaveModel(ctx context.Context, m Model) (version int, err error) {
	err = db.tx(ctx, func(tx engine) error {
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) + 1 FROM models WHERE name = $1`, m.Name).Scan(&version); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO models (name, version, made, basis, weights, figures, kept) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			m.Name, version, m.Made.UnixMicro(), text(m.Basis), string(m.Weights), string(m.Figures), bit(m.Kept))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("save model %s: %w", m.Name, err)
	}
	return version, nil
}

// Model returns the latest model of a name that was made by then, or
// intel.ErrNotFound.
func (db *DB) Model(ctx context.Context, name string, then time.Time) (Model, error) {
	return db.model(ctx, name, `made <= $2`, then.UnixMicro())
}

// ModelVersion returns one version of a model, or intel.ErrNotFound.
func (db *DB) ModelVersion(ctx context.Context, name string, version int) (Model, error) {
	return db.model(ctx, name, `version = $2`, int64(version))
}

func (db *DB) model(ctx context.Context, name, where string, is int64) (Model, error) {
	all, err := query(ctx, db.read, func(r *sql.Rows, m *Model) error {
		var made sql.NullInt64
		var kept int
		err := r.Scan(&m.Version, &made, &m.Basis, &m.Weights, &m.Figures, &kept)
		m.Name, m.Made, m.Kept = name, toTime(made), kept == 1
		return err
	}, `SELECT version, made, basis, weights, figures, kept FROM models WHERE name = $1 AND `+where+` ORDER BY version DESC LIMIT 1`, name, is)
	if err == nil && len(all) == 0 {
		err = intel.ErrNotFound
	}
	if err != nil {
		return Model{}, fmt.Errorf("model %s: %w", name, err)
	}
	return all[0], nil
}

// ReportDays returns the days, since 1970 and in order, on which documents reported
// anything until now.
func (db *DB) ReportDays(ctx context.Context, now time.Time) ([]int64, error) {
	days, err := query(ctx, db.read, scanInt, `SELECT DISTINCT at / 86400 FROM mentions WHERE at >= 0 AND at <= $1 ORDER BY 1`, now.Unix())
	if err != nil {
		return nil, fmt.Errorf("days of reports: %w", err)
	}
	return days, nil
}

// EachReports calls f with the reports of each value of some kinds until now, oldest
// first, so many of each at most.
func (db *DB) EachReports(ctx context.Context, kinds []intel.Kind, now time.Time, most int, f func(intel.Entity, []Report) error) error {
	// In the order of an index, so that nothing is sorted.
	rows, err := db.read.QueryContext(ctx, `SELECT o.entity, e.kind, e.name, o.at, o.document, d.source, d.author FROM mentions o CROSS JOIN entities e CROSS JOIN documents d
		WHERE e.id = o.entity AND d.id = o.document AND e.kind IN `+list(2, len(kinds))+` AND o.at >= 0 AND o.at <= $1 ORDER BY o.entity, o.at, o.document`, append([]any{now.Unix()}, anys(kinds)...)...)
	if err != nil {
		return fmt.Errorf("reports of values: %w", err)
	}
	defer rows.Close()
	var of, last int64 // value, document
	var e intel.Entity
	var reports []Report
	for rows.Next() {
		var id, at, document, source int64
		var next intel.Entity
		var author string
		if err := rows.Scan(&id, &next.Kind, &next.Name, &at, &document, &source, &author); err != nil {
			return fmt.Errorf("reports of values: %w", err)
		}
		if id != of {
			if of != 0 {
				if err := f(e, reports); err != nil {
					return err
				}
			}
			of, last, e, reports = id, 0, next, reports[:0]
		}
		if document == last || len(reports) == most {
			continue
		}
		if last = document; author == "" {
			author = "source " + strconv.FormatInt(source, 10)
		}
		reports = append(reports, Report{time.Unix(at, 0).UTC(), strings.Clone(author), source})
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reports of values: %w", err)
	}
	if of == 0 {
		return nil
	}
	return f(e, reports)
}
