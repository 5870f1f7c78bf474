package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// A Telling is that a document says whose an indicator is.
type Telling struct {
	Document int64 // by its number in the store, as all that follow
	Source   intel.SourceID
	Link     int64
	Value    int64
	Name     int64 // that the value is said to be of, or whom that stands for most likely
	Origin   string
	Marking  intel.Marking
	Mirrored bool // it is told to be the word of another source
}

const (
	// mostTold is how many links a document is compared by.
	mostTold = 256
	// mostTellers is of how many documents a link may be that documents are compared by.
	mostTellers = 64
)

// Tellings returns what some documents tell, and what others say of the same values:
// of each document that tells much some of it, unless all is asked for, and nothing that
// very many documents say.
func (db *DB) Tellings(ctx context.Context, documents []int64, all bool) ([]Telling, error) {
	found, err := findings(ctx, db.read, documents)
	if err != nil {
		return nil, fmt.Errorf("what %d documents tell: %w", len(documents), err)
	}
	var links []int64
	for _, f := range found {
		step := 1
		if !all {
			step = max(1, (len(f.links)+mostTold-1)/mostTold)
		}
		for i := 0; i < len(f.links); i += step {
			links = append(links, f.links[i])
		}
	}
	slices.Sort(links)
	var values []int64
	err = chunks(slices.Compact(links), func(links []int64) error {
		some, err := query(ctx, db.read, scanInt, `SELECT from_entity FROM links WHERE relation = `+rel(intel.Indicates)+` AND id IN `+list(1, len(links)), anys(links)...)
		values = append(values, some...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("what %d documents tell: %w", len(documents), err)
	}
	slices.Sort(values)
	out, err := db.tellings(ctx, slices.Compact(values))
	if err != nil {
		return nil, fmt.Errorf("what is told with %d documents: %w", len(documents), err)
	}
	return out, nil
}

// tellings returns what is told of values.
func (db *DB) tellings(ctx context.Context, values []int64) (out []Telling, err error) {
	var sources []int64
	origins := map[string]string{} // one string for each
	err = chunks(values, func(values []int64) error {
		_, err := query(ctx, db.read, func(r *sql.Rows, _ *struct{}) error {
			var t Telling
			var source int64
			var kept int
			err := r.Scan(&t.Document, &source, &t.Link, &t.Value, &t.Name, &t.Origin, &t.Marking, &kept)
			_, by, _ := ungraded(kept)
			t.Mirrored = by == intel.Mirror
			if kept, ok := origins[t.Origin]; ok {
				t.Origin = kept
			} else {
				origins[t.Origin] = t.Origin
			}
			out, sources = append(out, t), append(sources, source)
			return err
		}, fmt.Sprintf(`SELECT e.document, e.source, e.link, l.from_entity, COALESCE((SELECT r.canonical FROM resolution r WHERE r.name = l.to_entity
				ORDER BY r.marking, r.share DESC, r.canonical LIMIT 1), l.to_entity), o.name, e.marking, e.reliability
			FROM links l CROSS JOIN evidence e CROSS JOIN origins o WHERE l.from_entity IN %s AND l.relation = %s AND e.link = l.id AND e.stance = %d AND o.id = e.origin
			AND (SELECT MAX(a.documents) FROM assessments a WHERE a.place >= l.id * 64 AND a.place < l.id * 64 + 64) <= %d`, list(1, len(values)), rel(intel.Indicates), intel.Supports, mostTellers), anys(values)...)
		return err
	})
	if err != nil {
		return nil, err
	}
	pieces := make([]piece, len(out))
	for i, s := range sources {
		pieces[i].source = s
	}
	err = nameSources(ctx, db.read, pieces)
	for i, p := range pieces {
		out[i].Source = p.Source
	}
	return out, err
}

// uncompared notes which documents of the batch are to be compared with what others list.
func (s *saving) uncompared(ctx context.Context, batch []Derived) error {
	var lists []int64
	for _, d := range batch {
		if doc, ok := s.docs[d.Document]; ok && d.Lists {
			lists = append(lists, doc.id)
		}
	}
	slices.Sort(lists)
	return chunks(lists, func(some []int64) error {
		_, err := s.tx.ExecContext(ctx, `INSERT INTO uncompared (document) VALUES `+values(1, len(some), 1)+` ON CONFLICT DO NOTHING`, anys(some)...)
		return err
	})
}

// Uncompared returns up to limit documents that are to be compared with what others
// list, those that came first, and their sources.
func (db *DB) Uncompared(ctx context.Context, limit int) (map[int64]intel.SourceID, error) {
	out := map[int64]intel.SourceID{}
	_, err := query(ctx, db.read, scanNamed(out), fmt.Sprintf(`SELECT u.document, s.name FROM uncompared u JOIN documents d ON d.id = u.document JOIN sources s ON s.id = d.source ORDER BY u.document LIMIT %d`, limit))
	if err != nil {
		return nil, fmt.Errorf("documents to be compared: %w", err)
	}
	return out, nil
}

// scanNamed reads documents with the name of a source.
func scanNamed(into map[int64]intel.SourceID) func(*sql.Rows, *struct{}) error {
	return func(r *sql.Rows, _ *struct{}) error {
		var n int64
		var s intel.SourceID
		err := r.Scan(&n, &s)
		into[n] = s
		return err
	}
}

// Numbers returns the numbers of documents.
func (db *DB) Numbers(ctx context.Context, documents []intel.DocumentID) (map[intel.DocumentID]int64, error) {
	out, err := numbers(ctx, db.read, documents)
	if err != nil {
		return nil, fmt.Errorf("numbers of %d documents: %w", len(documents), err)
	}
	return out, nil
}

// besides is how far the documents of one list may be from each other, in numbers.
const besides = 16

// ListsOf returns, of some documents and of those of the same lists that came with them,
// which list each is of: of one source, title and address.
func (db *DB) ListsOf(ctx context.Context, documents []int64) (map[int64]string, error) {
	out := make(map[int64]string, len(documents))
	err := chunks(documents, func(documents []int64) error {
		_, err := query(ctx, db.read, func(r *sql.Rows, _ *struct{}) error {
			var n, source int64
			var url, title string
			err := r.Scan(&n, &source, &url, &title)
			out[n] = fmt.Sprintf("%d %q %q", source, url, title)
			return err
		}, fmt.Sprintf(`SELECT DISTINCT b.id, b.source, b.url, b.title FROM documents a CROSS JOIN documents b
			WHERE a.id IN %s AND b.id BETWEEN a.id - %d AND a.id + %[2]d AND b.source = a.source AND b.url = a.url AND b.title = a.title`, list(1, len(documents)), besides), anys(documents)...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lists of %d documents: %w", len(documents), err)
	}
	return out, nil
}

// Mirrors returns the sources that say nearly all that some documents list.
func (db *DB) Mirrors(ctx context.Context, documents []int64) (map[int64]intel.SourceID, error) {
	out := map[int64]intel.SourceID{}
	err := chunks(documents, func(documents []int64) error {
		_, err := query(ctx, db.read, scanNamed(out), `SELECT m.document, s.name FROM mirrors m JOIN sources s ON s.id = m.source WHERE m.document IN `+list(1, len(documents)), anys(documents)...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("whose lists %d documents are: %w", len(documents), err)
	}
	return out, nil
}

// SaveMirrors keeps that documents were compared, and of those of which another source
// says nearly all that they list which one that is: they are derived again.
func (db *DB) SaveMirrors(ctx context.Context, compared []int64, of map[int64]intel.SourceID) error {
	err := db.tx(ctx, func(tx engine) error {
		documents := slices.Sorted(maps.Keys(of))
		for _, d := range documents {
			if _, err := tx.ExecContext(ctx, `INSERT INTO mirrors (document, source) SELECT CAST($1 AS BIGINT), id FROM sources WHERE name = $2 ON CONFLICT (document) DO NOTHING`, d, string(of[d])); err != nil {
				return err
			}
		}
		err := chunks(compared, func(some []int64) error {
			_, err := tx.ExecContext(ctx, `DELETE FROM uncompared WHERE document IN `+list(1, len(some)), anys(some)...)
			return err
		})
		if err != nil {
			return err
		}
		return db.wait(ctx, tx, documents)
	})
	if err != nil {
		return fmt.Errorf("keep whose lists %d documents are: %w", len(of), err)
	}
	return nil
}
