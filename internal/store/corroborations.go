package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	// reportPage is how many documents are read at a time.
	reportPage = 100
	// mostTags is under how many names a document's word on one value is read.
	mostTags = 32
)

// A Posted is a document as far as it reports values: its author, or its source
// where it has none, its date, its marking and what it says that values indicate.
type Posted struct {
	intel.Document
	Reports int // different values
}

// EachPosted calls f with documents of known date until now that say, by evidence in
// force, what values indicate, latest first, until so many reports were read. It
// reads a page at a time, so that a long walk holds no writer up.
func (db *DB) EachPosted(ctx context.Context, now time.Time, most int, f func(Posted) error) error {
	before, id := now.UnixMicro()+1, int64(0)
	for most > 0 {
		page, err := db.posts(ctx, before, id)
		if err == nil {
			err = chunks(page, func(some []post) error { return db.claimed(ctx, some) })
		}
		if err != nil {
			return fmt.Errorf("reports in order of time: %w", err)
		}
		for _, p := range page {
			if most -= p.Reports; p.Reports == 0 {
				continue
			}
			if err := f(p.Posted); err != nil || most <= 0 {
				return err
			}
		}
		if len(page) < reportPage {
			return nil
		}
		last := page[len(page)-1]
		before, id = last.published, last.id
	}
	return nil
}

// A post is a document whose claims are being read.
type post struct {
	Posted
	id, published int64
	links         []int64
}

// posts returns the documents before a moment and, of the same moment, an id.
func (db *DB) posts(ctx context.Context, before, id int64) ([]post, error) {
	return query(ctx, db.read, func(r *sql.Rows, p *post) error {
		var source int64
		var links sql.RawBytes
		err := r.Scan(&p.id, &p.published, &source, &p.Author, &p.Marking, &links)
		if err != nil {
			return err
		}
		if p.Author == "" {
			p.Author = "source " + strconv.FormatInt(source, 10)
		}
		p.Published = time.UnixMicro(p.published).UTC()
		if p.links, err = unpackedLinks(links); err != nil {
			return fmt.Errorf("findings of document %d: %w", p.id, err)
		}
		return nil
	}, `SELECT d.id, d.published, d.source, d.author, d.marking, f.links FROM documents d CROSS JOIN findings f
		WHERE f.document = d.id AND d.published >= 0 AND (d.published, d.id) < ($1, $2) AND f.at >= 0 ORDER BY d.published DESC, d.id DESC LIMIT `+strconv.Itoa(reportPage),
		before, id)
}

// claimed fills in what posts say that values indicate.
func (db *DB) claimed(ctx context.Context, some []post) error {
	at := make(map[int64]*post, len(some))
	var pairs [][2]any
	for i := range some {
		at[some[i].id] = &some[i]
		for _, link := range some[i].links {
			pairs = append(pairs, [2]any{link, some[i].id})
		}
	}
	type row struct {
		document int64
		intel.Claim
	}
	err := chunks(pairs, func(pairs [][2]any) error {
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error {
			return r.Scan(&x.document, &x.Subject.Kind, &x.Subject.Name, &x.Object.Kind, &x.Object.Name)
		}, `WITH w (l, d) AS (VALUES `+casts(1, len(pairs), "BIGINT", "BIGINT")+`)
			SELECT DISTINCT e.document, v.kind, v.name, n.kind, n.name FROM w CROSS JOIN evidence e CROSS JOIN links l CROSS JOIN entities v CROSS JOIN entities n
			WHERE e.link = w.l AND e.document = w.d AND e.stance = 0 AND l.id = e.link AND l.relation = `+rel(intel.Indicates)+`
			AND v.id = l.from_entity AND n.id = l.to_entity`, flat(pairs)...)
		for _, x := range rows {
			if x.Relation = intel.Indicates; x.Subject.Kind.Class() == intel.IOC {
				at[x.document].Claims = append(at[x.document].Claims, x.Claim)
			}
		}
		return err
	})
	for i := range some {
		some[i].gather()
	}
	return err
}

// gather brings the claims in order, those on one value together, and counts values.
func (p *post) gather() {
	slices.SortFunc(p.Claims, func(a, b intel.Claim) int { return cmp.Or(compare(a.Subject, b.Subject), compare(a.Object, b.Object)) })
	same := 0
	var last intel.Entity
	p.Claims = slices.DeleteFunc(p.Claims, func(c intel.Claim) bool {
		if same++; c.Subject != last {
			last, same = c.Subject, 0
			p.Reports++
		}
		return same >= mostTags
	})
}

// A Corroboration is a forecast about one value, for readers of its marking.
type Corroboration struct {
	Entity  intel.Entity
	Marking intel.Marking
	intel.Corroboration
}

// LastDocument returns the number of the document that came in last.
func (db *DB) LastDocument(ctx context.Context) (id int64, err error) {
	if err = db.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM documents`).Scan(&id); err != nil {
		return 0, fmt.Errorf("last document: %w", err)
	}
	return id, nil
}

// SaveCorroborations puts forecasts in the place of all that were made before. Seen is
// the LastDocument that they know of.
func (db *DB) SaveCorroborations(ctx context.Context, made time.Time, seen int64, all []Corroboration) error {
	err := db.tx(ctx, func(tx engine) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM corroborations`); err != nil {
			return err
		}
		return chunks(all, func(some []Corroboration) error {
			ids, names := make(map[intel.Entity]int64, len(some)), make([]intel.Entity, len(some))
			for i, c := range some {
				names[i] = c.Entity
			}
			if err := findEntities(ctx, tx, names, ids); err != nil {
				return err
			}
			var args []any
			for _, c := range some {
				if id, ok := ids[c.Entity]; ok {
					args = append(args, id, c.Probability, c.Until.UnixMicro(), made.UnixMicro(), seen, int(c.Marking))
				}
			}
			if len(args) == 0 {
				return nil
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO corroborations (entity, probability, until, made, seen, marking) VALUES `+values(1, len(args)/6, 6)+
				` ON CONFLICT DO NOTHING`, args...)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("save %d corroborations: %w", len(all), err)
	}
	return nil
}

// Corroborations returns the forecasts on values that r may see and that hold still:
// made in the week before now, and nobody has reported the value since.
func (db *DB) Corroborations(ctx context.Context, r intel.Reader, values []intel.Entity, now time.Time) (map[intel.Entity]intel.Corroboration, error) {
	out := map[intel.Entity]intel.Corroboration{}
	type row struct {
		e intel.Entity
		c intel.Corroboration
	}
	ids, err := db.integers(ctx, values)
	if err == nil {
		err = chunks(ids, func(some []int64) error {
			rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error {
				var until int64
				err := r.Scan(&x.e.Kind, &x.e.Name, &x.c.Probability, &until)
				x.c.Until = time.UnixMicro(until).UTC()
				return err
			}, fmt.Sprintf(`SELECT e.kind, e.name, c.probability, c.until FROM corroborations c JOIN entities e ON e.id = c.entity
				WHERE c.marking <= $1 AND c.made <= %d AND c.made > %d AND c.until > %d
				AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.entity = c.entity AND m.document > c.seen) AND c.entity IN `,
				now.UnixMicro(), now.AddDate(0, 0, -7).UnixMicro(), now.UnixMicro())+list(2, len(some)), append([]any{int(r.Clearance)}, anys(some)...)...)
			for _, x := range rows {
				out[x.e] = x.c
			}
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("corroborations of %d values: %w", len(values), err)
	}
	return out, nil
}
