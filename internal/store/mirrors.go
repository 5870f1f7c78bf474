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

// A Mirror is that a source says nearly all that a document lists, or that the document
// has what nearly all a source lists.
type Mirror struct {
	Document int64
	Source   intel.SourceID
}

const (
	// mostTold is by how many links a document is compared, and mostWeighed by how much
	// evidence of them.
	mostTold, mostWeighed = 256, 1 << 14
	// mostFirst is how much is read of what is said of a link first, of which more is said
	// than is weighed at once.
	mostFirst = 200
)

// Tellings returns what some documents tell, and what is told of the same values: by each
// source, in each manner, in which document first. Of documents that tell much it is a part
// of it, unless all is asked for; of links that very much is said of, who said so first.
func (db *DB) Tellings(ctx context.Context, documents []int64, all bool) (own, beside []Telling, err error) {
	found, err := findings(ctx, db.read, documents)
	if err != nil {
		return nil, nil, fmt.Errorf("what %d documents tell: %w", len(documents), err)
	}
	if !all {
		if err := db.sampled(ctx, found); err != nil {
			return nil, nil, fmt.Errorf("what %d documents tell: %w", len(documents), err)
		}
	}
	const least = ` e.stance = 0 AND l.relation = `
	err = chunks(cited(found), func(pairs [][2]any) error {
		some, err := db.tellings(ctx, `WITH w (link, document) AS (VALUES `+casts(1, len(pairs), "BIGINT", "BIGINT")+`) SELECT e.document, `+tellingColumns+`
			FROM w CROSS JOIN evidence e CROSS JOIN links l CROSS JOIN origins o
			WHERE e.link = w.link AND e.document = w.document AND l.id = e.link AND o.id = e.origin AND`+least+rel(intel.Indicates), flat(pairs)...)
		own = append(own, some...)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("what %d documents tell: %w", len(documents), err)
	}
	values := make([]int64, len(own))
	for i, t := range own {
		values[i] = t.Value
	}
	slices.Sort(values)
	err = chunks(slices.Compact(values), func(values []int64) error {
		some, err := db.tellings(ctx, `SELECT MIN(e.document), `+tellingColumns+` FROM links l CROSS JOIN evidence e CROSS JOIN origins o
			WHERE l.from_entity IN `+list(1, len(values))+` AND e.link = l.id AND o.id = e.origin AND`+least+rel(intel.Indicates)+` AND `+saidOf+` <= `+fmt.Sprint(hot)+`
			GROUP BY e.source, e.link, l.from_entity, l.to_entity, o.name, e.marking, e.reliability`, anys(values)...)
		if beside = append(beside, some...); err != nil {
			return err
		}
		links, err := query(ctx, db.read, scanInt, `SELECT l.id FROM links l WHERE l.from_entity IN `+list(1, len(values))+` AND l.relation = `+rel(intel.Indicates)+` AND `+saidOf+` > `+fmt.Sprint(hot), anys(values)...)
		for _, link := range links {
			if err == nil {
				some, err = db.tellings(ctx, fmt.Sprintf(`SELECT e.document, `+tellingColumns+` FROM (SELECT * FROM evidence WHERE link = $1 ORDER BY document LIMIT %d) e CROSS JOIN links l CROSS JOIN origins o
					WHERE l.id = e.link AND o.id = e.origin AND`+least+rel(intel.Indicates), mostFirst), link)
				beside = append(beside, some...)
			}
		}
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("what is told with %d documents: %w", len(documents), err)
	}
	return own, beside, nil
}

// saidOf is how much evidence there is of a link.
const saidOf = `(SELECT MAX(a.documents) FROM assessments a WHERE a.place >= l.id * 64 AND a.place < l.id * 64 + 64)`

// sampled leaves of what documents came to the links that they are compared by: fewer
// where much is said of them.
func (db *DB) sampled(ctx context.Context, found []finding) error {
	var links []int64
	for i, f := range found {
		step := max(1, (len(f.links)+mostTold-1)/mostTold)
		kept := make([]int64, 0, mostTold)
		for k := 0; k < len(f.links); k += step {
			kept = append(kept, f.links[k])
		}
		found[i].links = kept
		links = append(links, kept...)
	}
	slices.Sort(links)
	said := map[int64]int{}
	err := chunks(slices.Compact(links), func(links []int64) error {
		_, err := query(ctx, db.read, func(r *sql.Rows, _ *struct{}) error {
			var link int64
			var n int
			err := r.Scan(&link, &n)
			said[link] = min(n, hot)
			return err
		}, `SELECT l.id, COALESCE(`+saidOf+`, 0) FROM links l WHERE l.relation = `+rel(intel.Indicates)+` AND l.id IN `+list(1, len(links)), anys(links)...)
		return err
	})
	for i, f := range found {
		n := 0
		kept := f.links[:0]
		for _, l := range f.links {
			if of, ok := said[l]; ok && n < mostWeighed {
				n += of
				kept = append(kept, l)
			}
		}
		found[i].links = kept
	}
	return err
}

const tellingColumns = `e.source, e.link, l.from_entity, COALESCE((SELECT r.canonical FROM resolution r WHERE r.name = l.to_entity
	ORDER BY r.marking, r.share DESC, r.canonical LIMIT 1), l.to_entity), o.name, e.marking, e.reliability`

// tellings reads those that a query finds.
func (db *DB) tellings(ctx context.Context, which string, args ...any) ([]Telling, error) {
	var sources []int64
	origins := map[string]string{} // one string for each
	out, err := query(ctx, db.read, func(r *sql.Rows, t *Telling) error {
		var source int64
		var kept int
		err := r.Scan(&t.Document, &source, &t.Link, &t.Value, &t.Name, &t.Origin, &t.Marking, &kept)
		_, by, _ := ungraded(kept)
		t.Mirrored = by == intel.Mirror
		if known, ok := origins[t.Origin]; ok {
			t.Origin = known
		} else {
			origins[t.Origin] = t.Origin
		}
		sources = append(sources, source)
		return err
	}, which, args...)
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

// sameList says of documents a and b that they are of one list.
const sameList = `b.source = a.source AND b.url = a.url AND b.title = a.title AND b.ingested / 86400000000 = a.ingested / 86400000000`

// ListsOf returns, of some documents and of those of the same lists that came up to so many
// documents before or behind them, which list each is of: of one source, title and address, on one day.
func (db *DB) ListsOf(ctx context.Context, documents []int64, around int) (map[int64]string, error) {
	out := make(map[int64]string, len(documents))
	err := chunks(documents, func(documents []int64) error {
		_, err := query(ctx, db.read, func(r *sql.Rows, _ *struct{}) error {
			var n, source, day int64
			var url, title string
			err := r.Scan(&n, &source, &day, &url, &title)
			out[n] = fmt.Sprintf("%d %d %q %q", source, day, url, title)
			return err
		}, fmt.Sprintf(`SELECT DISTINCT b.id, b.source, b.ingested / 86400000000, b.url, b.title FROM documents a CROSS JOIN documents b
			WHERE a.id IN %s AND b.id BETWEEN a.id - %d AND a.id + %[2]d AND %s`, list(1, len(documents)), around, sameList), anys(documents)...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lists of %d documents: %w", len(documents), err)
	}
	return out, nil
}

// Preceding returns up to most of the documents of a source that came before one, of those
// that came last before it.
func (db *DB) Preceding(ctx context.Context, s intel.SourceID, before int64, most int) ([]int64, error) {
	const among = 4096
	out, err := query(ctx, db.read, scanInt, fmt.Sprintf(`SELECT d.id FROM documents d WHERE d.id < $1 AND d.id >= $1 - %d AND d.source = (SELECT id FROM sources WHERE name = $2)
		ORDER BY d.id DESC LIMIT %d`, among, most), before, string(s))
	if err != nil {
		return nil, fmt.Errorf("documents of %s: %w", s, err)
	}
	return out, nil
}

// posted are the genres of what accounts post.
func posted() (out []any) {
	for _, g := range intel.Genres() {
		if g.HasAccounts() {
			out = append(out, string(g))
		}
	}
	return out
}

// Saying returns up to most documents of some sources behind one that say one of some links
// and are not kept to be the word of another source, but posts of accounts.
func (db *DB) Saying(ctx context.Context, links []int64, sources []intel.SourceID, of intel.SourceID, after int64, most int) ([]int64, error) {
	var out []int64
	err := chunks(links, func(links []int64) error {
		args := append([]any{after, string(of)}, anys(links)...)
		for _, s := range sources {
			args = append(args, string(s))
		}
		genres := posted()
		some, err := query(ctx, db.read, scanInt, fmt.Sprintf(`SELECT DISTINCT e.document FROM evidence e CROSS JOIN documents d WHERE e.document > $1 AND e.link IN %s
			AND e.source IN (SELECT id FROM sources WHERE name IN %s) AND d.id = e.document AND (d.author = '' OR d.genre NOT IN %s)
			AND NOT EXISTS (SELECT 1 FROM mirrors m WHERE m.document = e.document AND m.source = (SELECT id FROM sources WHERE name = $2)) ORDER BY e.document LIMIT %d`,
			list(3, len(links)), list(3+len(links), len(sources)), list(3+len(links)+len(sources), len(genres)), most), append(args, genres...)...)
		out = append(out, some...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("who says %d links, too: %w", len(links), err)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), most)], nil
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
		_, err := s.tx.ExecContext(ctx, `INSERT INTO uncompared (document) VALUES `+values(1, len(some), 1)+` ON CONFLICT (document) DO UPDATE SET state = 0`, anys(some)...)
		return err
	})
}

// settle finds the documents that are derived again because of what comparing them came to
// at first, and returns of pairs of link and document those of the others. What they came to
// before they were compared is no history.
func (s *saving) settle(ctx context.Context, again []int64, pairs [][2]any) ([][2]any, error) {
	settled, err := query(ctx, s.tx, scanInt, `SELECT document FROM uncompared WHERE state = 2 AND document IN `+list(1, len(again)), anys(again)...)
	if err != nil || len(settled) == 0 {
		return pairs, err
	}
	for _, d := range settled {
		s.settled[d] = sql.NullInt64{}
	}
	var own, others [][2]any
	for _, p := range pairs {
		if _, ok := s.settled[p[1].(int64)]; ok {
			own = append(own, p)
		} else {
			others = append(others, p)
		}
	}
	err = chunks(own, func(some [][2]any) error {
		_, err := query(ctx, s.tx, func(r *sql.Rows, _ *struct{}) error {
			var document int64
			var since sql.NullInt64
			err := r.Scan(&document, &since)
			if since.Valid {
				s.settled[document] = since
			}
			return err
		}, `SELECT DISTINCT document, since FROM evidence WHERE (link, document) IN (VALUES `+casts(1, len(some), "BIGINT", "BIGINT")+`)`, flat(some)...)
		return err
	})
	if err != nil {
		return nil, err
	}
	_, err = s.tx.ExecContext(ctx, `DELETE FROM uncompared WHERE document IN `+list(1, len(settled)), anys(settled)...)
	return others, err
}

// mostRenamed is how many documents are compared anew since names stand for others.
const mostRenamed = 10_000

// stand returns whom names stand for most likely, if for another.
func stand(ctx context.Context, tx engine, names []int64) (map[int64]int64, error) {
	out := map[int64]int64{}
	err := chunks(names, func(names []int64) error {
		_, err := query(ctx, tx, func(r *sql.Rows, _ *struct{}) error {
			var name, canonical int64
			err := r.Scan(&name, &canonical)
			if _, ok := out[name]; !ok {
				out[name] = canonical
			}
			return err
		}, `SELECT name, canonical FROM resolution WHERE name IN `+list(1, len(names))+` ORDER BY name, marking, share DESC, canonical`, anys(names)...)
		return err
	})
	return out, err
}

// renamed makes lists that name one of some names wait to be compared.
func renamed(ctx context.Context, tx engine, names []int64) error {
	return chunks(names, func(names []int64) error {
		genres := posted()
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO uncompared (document, state) SELECT DISTINCT e.document, 1 FROM links l CROSS JOIN evidence e CROSS JOIN documents d
			WHERE l.to_entity IN %s AND l.relation = %s AND e.link = l.id AND d.id = e.document AND (d.author = '' OR d.genre NOT IN %s)
			ORDER BY e.document LIMIT %d ON CONFLICT DO NOTHING`, list(1, len(names)), rel(intel.Indicates), list(1+len(names), len(genres)), mostRenamed), append(anys(names), genres...)...)
		return err
	})
}

// Uncompared returns up to limit documents that are to be compared with what others
// list, those that came first; first are those that never were.
func (db *DB) Uncompared(ctx context.Context, limit int) (out []int64, first map[int64]bool, err error) {
	first = map[int64]bool{}
	out, err = query(ctx, db.read, func(r *sql.Rows, d *int64) error {
		state := 0
		err := r.Scan(d, &state)
		if state == 0 {
			first[*d] = true
		}
		return err
	}, fmt.Sprintf(`SELECT document, state FROM uncompared WHERE state < 2 ORDER BY document LIMIT %d`, limit))
	if err != nil {
		return nil, nil, fmt.Errorf("documents to be compared: %w", err)
	}
	return out, first, nil
}

func scanMirror(r *sql.Rows, m *Mirror) error { return r.Scan(&m.Document, &m.Source) }

// Numbers returns the numbers of documents.
func (db *DB) Numbers(ctx context.Context, documents []intel.DocumentID) (map[intel.DocumentID]int64, error) {
	out, err := numbers(ctx, db.read, documents)
	if err != nil {
		return nil, fmt.Errorf("numbers of %d documents: %w", len(documents), err)
	}
	return out, nil
}

// Mirrors returns whose word some documents are, in order.
func (db *DB) Mirrors(ctx context.Context, documents []int64) (map[int64][]intel.SourceID, error) {
	out := map[int64][]intel.SourceID{}
	err := chunks(documents, func(documents []int64) error {
		some, err := query(ctx, db.read, scanMirror, `SELECT m.document, s.name FROM mirrors m JOIN sources s ON s.id = m.source WHERE m.document IN `+list(1, len(documents))+` ORDER BY m.document, s.name`, anys(documents)...)
		for _, m := range some {
			out[m.Document] = append(out[m.Document], m.Source)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("whose lists %d documents are: %w", len(documents), err)
	}
	return out, nil
}

// Copied returns which of some documents are copies of another's text.
func (db *DB) Copied(ctx context.Context, documents []int64) (map[int64]bool, error) {
	out := map[int64]bool{}
	err := chunks(documents, func(documents []int64) error {
		some, err := query(ctx, db.read, scanInt, `SELECT document FROM prints WHERE original <> document AND document IN `+list(1, len(documents)), anys(documents)...)
		for _, d := range some {
			out[d] = true
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("which of %d documents are copies: %w", len(documents), err)
	}
	return out, nil
}

// spreads is how far documents of a list may be from one that is found to be the word of
// another source to be compared with it, too.
const spreads = 32

// spread makes what is of the same lists as documents that were found to be the word of
// another source wait to be compared with that, too.
func spread(ctx context.Context, tx engine, found []Mirror) error {
	of := map[intel.SourceID][]int64{}
	for _, m := range found {
		of[m.Source] = append(of[m.Source], m.Document)
	}
	for _, source := range slices.Sorted(maps.Keys(of)) {
		err := chunks(of[source], func(some []int64) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO uncompared (document, state) SELECT DISTINCT b.id, 1 FROM documents a CROSS JOIN documents b
				WHERE a.id IN %s AND b.id BETWEEN a.id - %d AND a.id + %[2]d AND %s
					AND NOT EXISTS (SELECT 1 FROM mirrors m WHERE m.document = b.id AND m.source = (SELECT id FROM sources WHERE name = $1)) ORDER BY b.id ON CONFLICT DO NOTHING`,
				list(2, len(some)), spreads, sameList), append([]any{string(source)}, anys(some)...)...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// SaveMirrors keeps that documents were compared, and whose word which are, and derives
// some again: some of them as if it had been known when they were first.
func (db *DB) SaveMirrors(ctx context.Context, compared []int64, found []Mirror, again, atFirst []int64) error {
	err := db.tx(ctx, func(tx engine) error {
		for _, m := range found {
			if _, err := tx.ExecContext(ctx, `INSERT INTO mirrors (document, source) SELECT CAST($1 AS BIGINT), id FROM sources WHERE name = $2 ON CONFLICT DO NOTHING`, m.Document, string(m.Source)); err != nil {
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
		err = chunks(atFirst, func(some []int64) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO uncompared (document, state) SELECT id, 2 FROM documents WHERE id IN `+list(1, len(some))+` ON CONFLICT (document) DO UPDATE SET state = 2`, anys(some)...)
			return err
		})
		if err != nil {
			return err
		}
		if err := spread(ctx, tx, found); err != nil {
			return err
		}
		return db.wait(ctx, tx, again)
	})
	if err != nil {
		return fmt.Errorf("keep whose lists %d documents are: %w", len(found), err)
	}
	return nil
}
