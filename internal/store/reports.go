package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Reported is when documents reported a value, as far as a reader may see them.
type Reported struct {
	First     time.Time
	Documents int      // of known date
	Latest    []Report // newest first
}

// A Report is one of them.
type Report struct {
	At     time.Time
	By     string // the account, or the source
	Source int64
}

// A Wanted says which reports are asked for.
type Wanted struct {
	Now   time.Time // later dates are not believed
	Since time.Time // a value that was not reported since then is left out
	Most  int       // reports of each value
	Then  time.Time // what was known of then; zero is now
}

// Reports returns the reports of those of values that were reported of late.
func (db *DB) Reports(ctx context.Context, r intel.Reader, values []intel.Entity, w Wanted) (map[intel.Entity]Reported, error) {
	ids, err := db.lookupIDs(ctx, values)
	if err != nil {
		return nil, fmt.Errorf("reports of %d values: %w", len(values), err)
	}
	found := reading{db: db, r: r, w: w, of: make(map[int64]*Reported, len(ids))}
	names, all := make(map[int64]intel.Entity, len(ids)), make([]int64, 0, len(ids))
	for e, id := range ids {
		names[id] = e
		all = append(all, id)
	}
	if err := chunks(all, func(ids []int64) error { return found.read(ctx, ids) }); err != nil {
		return nil, fmt.Errorf("reports of %d values: %w", len(values), err)
	}
	out := make(map[intel.Entity]Reported, len(found.of))
	for id, reported := range found.of {
		out[names[id]] = *reported
	}
	return out, nil
}

// reading is one Reports under way.
type reading struct {
	db *DB
	r  intel.Reader
	w  Wanted
	of map[int64]*Reported
}

// dated is the condition that a mention is a report.
func (r *reading) dated() string {
	return fmt.Sprintf(`at > %d AND marking <= $1 AND at <= %d`, undatedAt, r.w.Now.Add(intel.Skew).Unix()) + known(r.w.Then)
}

func (r *reading) read(ctx context.Context, ids []int64) error {
	lively, err := query(ctx, r.db.read, scanInt, `SELECT DISTINCT entity FROM mentions WHERE `+r.dated()+fmt.Sprintf(` AND at >= %d`, r.w.Since.Unix())+
		` AND entity IN `+list(2, len(ids)), append([]any{int(r.r.Clearance)}, anys(ids)...)...)
	if err != nil || len(lively) == 0 {
		return err
	}
	type row struct {
		id, first int64
		n         int
	}
	counts, err := query(ctx, r.db.read, func(s *sql.Rows, x *row) error { return s.Scan(&x.id, &x.first, &x.n) },
		`SELECT entity, MIN(at), COUNT(DISTINCT document) FROM mentions WHERE `+r.dated()+` AND entity IN `+list(2, len(lively))+` GROUP BY entity`,
		append([]any{int(r.r.Clearance)}, anys(lively)...)...)
	if err != nil {
		return err
	}
	var few []int64
	for _, x := range counts {
		r.of[x.id] = &Reported{First: time.Unix(x.first, 0).UTC(), Documents: x.n}
		if x.n <= r.w.Most {
			few = append(few, x.id)
			continue
		}
		if err := r.latest(ctx, []int64{x.id}, fmt.Sprintf(` ORDER BY at DESC LIMIT %d`, 4*r.w.Most)); err != nil {
			return err
		}
	}
	return r.latest(ctx, few, ``)
}

// latest reads reports of some values, as many as limit lets through.
func (r *reading) latest(ctx context.Context, ids []int64, limit string) error {
	if len(ids) == 0 {
		return nil
	}
	type row struct{ id, at, document, source int64 }
	var authors []string
	rows, err := query(ctx, r.db.read, func(s *sql.Rows, x *row) error {
		var author string
		err := s.Scan(&x.id, &x.at, &x.document, &x.source, &author)
		authors = append(authors, strings.Clone(author))
		return err
	}, `SELECT o.entity, o.at, o.document, d.source, d.author FROM (SELECT entity, at, document FROM mentions WHERE `+r.dated()+` AND entity IN `+list(2, len(ids))+limit+`) o
		JOIN documents d ON d.id = o.document ORDER BY o.entity, o.at DESC, o.document DESC`, append([]any{int(r.r.Clearance)}, anys(ids)...)...)
	if err != nil {
		return err
	}
	for i, x := range rows {
		of := r.of[x.id]
		if i > 0 && rows[i-1].id == x.id && rows[i-1].document == x.document || len(of.Latest) == r.w.Most {
			continue // named twice in it
		}
		by := authors[i]
		if by == "" {
			by = fmt.Sprintf("source %d", x.source)
		}
		of.Latest = append(of.Latest, Report{time.Unix(x.at, 0).UTC(), by, x.source})
	}
	return nil
}
