package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Print is what the text of a document says, in 64 bits.
type Print struct {
	Document    intel.DocumentID
	Bits        uint64
	Marking     intel.Marking
	Reliability intel.Reliability
	Published   time.Time
	Original    intel.DocumentID // the document it is a copy of; itself if of none
	Origin      string           // whose word the original is
	Source      intel.SourceID   // that the original is of
}

// Prints returns the prints of originals that were kept behind the one
// numbered after, at most limit, and the number of the last.
func (db *DB) Prints(ctx context.Context, after int64, limit int) (prints []Print, last int64, err error) {
	last = after
	prints, err = query(ctx, db.read, func(r *sql.Rows, p *Print) error {
		var key []byte
		var bits int64
		var reliability int
		var published sql.NullInt64
		err := r.Scan(&last, &key, &bits, &p.Marking, &reliability, &published, &p.Origin, &p.Source)
		p.Reliability, p.Published = intel.Reliability(reliability), toTime(published)
		p.Document, p.Bits = intel.DocumentID(hex.EncodeToString(key)), uint64(bits)
		p.Original = p.Document
		return err
	}, `SELECT p.seq, d.key, p.print, p.marking, p.reliability, p.published, p.origin, s.name FROM prints p JOIN documents d ON d.id = p.document JOIN sources s ON s.id = d.source
		WHERE p.seq > $1 AND p.original = p.document ORDER BY p.seq LIMIT $2`, after, limit)
	if err != nil {
		return nil, after, fmt.Errorf("read prints: %w", err)
	}
	return prints, last, nil
}

// PrintsOf returns the prints that some documents have.
func (db *DB) PrintsOf(ctx context.Context, ids []intel.DocumentID) (map[intel.DocumentID]Print, error) {
	out := make(map[intel.DocumentID]Print, len(ids))
	err := chunks(ids, func(ids []intel.DocumentID) error {
		keys, err := documentKeys(ids)
		if err != nil {
			return err
		}
		some, err := query(ctx, db.read, func(r *sql.Rows, p *Print) error {
			var key, original []byte
			var bits int64
			var reliability int
			var published sql.NullInt64
			err := r.Scan(&key, &original, &bits, &p.Marking, &reliability, &published, &p.Origin, &p.Source)
			p.Reliability, p.Published = intel.Reliability(reliability), toTime(published)
			p.Document, p.Original, p.Bits = intel.DocumentID(hex.EncodeToString(key)), intel.DocumentID(hex.EncodeToString(original)), uint64(bits)
			return err
		}, `SELECT d.key, od.key, p.print, p.marking, p.reliability, p.published, o.origin, s.name FROM documents d JOIN prints p ON p.document = d.id
			JOIN prints o ON o.document = p.original JOIN documents od ON od.id = o.document JOIN sources s ON s.id = od.source WHERE d.key IN `+list(1, len(keys)), keys...)
		for _, p := range some {
			out[p.Document] = p
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read prints of %d documents: %w", len(ids), err)
	}
	return out, nil
}

// SavePrints keeps the prints of documents that have none yet; originals come
// before their copies. Worse are, by document among them, former originals that are
// its copies: they, and their copies, are derived again as its word.
func (db *DB) SavePrints(ctx context.Context, prints []Print, worse map[intel.DocumentID][]intel.DocumentID) error {
	err := db.tx(ctx, func(tx engine) error {
		err := chunks(prints, func(prints []Print) error {
			ids := make([]intel.DocumentID, 0, 2*len(prints))
			for _, p := range prints {
				ids = append(ids, p.Document, p.Original)
			}
			number, err := numbers(ctx, tx, ids)
			if err != nil {
				return err
			}
			rows := make([][7]any, 0, len(prints))
			for _, p := range prints {
				document, ok := number[p.Document]
				original, known := number[p.Original]
				if ok && known {
					rows = append(rows, [7]any{document, int64(p.Bits), original, int(p.Marking), int(p.Reliability), fromTime(p.Published), text(p.Origin)})
				}
			}
			if len(rows) == 0 {
				return nil
			}
			copies, err := query(ctx, tx, scanInt, `INSERT INTO prints (document, print, original, marking, reliability, published, origin) VALUES `+values(1, len(rows), 7)+`
				ON CONFLICT (document) DO NOTHING RETURNING CASE WHEN original <> document THEN document ELSE 0 END`, flat(rows)...)
			if err != nil {
				return err
			}
			return copied(ctx, tx, slices.DeleteFunc(copies, func(id int64) bool { return id == 0 }))
		})
		for _, p := range prints {
			if err == nil && len(worse[p.Document]) > 0 {
				err = db.adopt(ctx, tx, p, worse[p.Document])
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("save %d prints: %w", len(prints), err)
	}
	return nil
}

// Beside returns which of some documents speak of a link of which another does.
func (db *DB) Beside(ctx context.Context, id intel.DocumentID, some []intel.DocumentID) ([]intel.DocumentID, error) {
	keys, err := documentKeys(append([]intel.DocumentID{id}, some...))
	if err != nil {
		return nil, err
	}
	out, err := query(ctx, db.read, func(r *sql.Rows, id *intel.DocumentID) error {
		var key []byte
		err := r.Scan(&key)
		*id = intel.DocumentID(hex.EncodeToString(key))
		return err
	}, `SELECT d.key FROM documents d WHERE d.key IN `+list(2, len(some))+` AND EXISTS (SELECT 1 FROM evidence e WHERE e.document = d.id
		AND e.link IN (SELECT link FROM evidence WHERE document = (SELECT id FROM documents WHERE key = $1)))`, keys...)
	if err != nil {
		return nil, fmt.Errorf("documents beside %s: %w", id, err)
	}
	return out, nil
}

// CopiesOf returns some copies of texts, without their claims.
func (db *DB) CopiesOf(ctx context.Context, texts []intel.DocumentID) ([]intel.Document, error) {
	keys, err := documentKeys(texts)
	if err != nil {
		return nil, err
	}
	const some = `64`
	docs, err := query(ctx, db.read, scanDocument, `SELECT d.key, s.name, d.genre, d.url, d.author, d.channel, d.title, d.text, d.language,
		'', d.refs, d.marking, d.reliability, d.published, d.learned, d.assumed, d.id FROM documents d JOIN sources s ON s.id = d.source
		JOIN prints c ON c.document = d.id JOIN documents o ON o.id = c.original
		WHERE o.key IN `+list(1, len(texts))+` AND o.id <> d.id ORDER BY d.id LIMIT `+some, keys...)
	if err != nil {
		return nil, fmt.Errorf("copies of %d texts: %w", len(texts), err)
	}
	return plain(docs), nil
}

// adopt makes originals, and their copies, copies of another document, as far as all
// their readers may see it, and derives them again. A document is adopted by ever more
// reliable ones, so at most once a letter.
func (db *DB) adopt(ctx context.Context, tx engine, p Print, originals []intel.DocumentID) error {
	ids, err := numbers(ctx, tx, append([]intel.DocumentID{p.Document}, originals...))
	if err != nil {
		return err
	}
	by := ids[p.Document]
	delete(ids, p.Document)
	if by == 0 || len(ids) == 0 {
		return nil
	}
	return chunks(slices.Sorted(maps.Values(ids)), func(some []int64) error {
		moved, err := query(ctx, tx, scanInt, `UPDATE prints SET original = $1 WHERE marking >= $2 AND original IN `+list(3, len(some))+` RETURNING document`,
			append([]any{by, int(p.Marking)}, anys(some)...)...)
		if err != nil {
			return err
		}
		if err := copied(ctx, tx, slices.DeleteFunc(slices.Clone(moved), func(id int64) bool { return !slices.Contains(some, id) })); err != nil {
			return err
		}
		slices.Sort(moved)
		return db.wait(ctx, tx, moved)
	})
}

// numbers returns the integers of documents by their IDs.
func numbers(ctx context.Context, tx engine, ids []intel.DocumentID) (map[intel.DocumentID]int64, error) {
	out := make(map[intel.DocumentID]int64, len(ids))
	return out, chunks(ids, func(ids []intel.DocumentID) error {
		keys, err := documentKeys(ids)
		if err != nil {
			return err
		}
		_, err = query(ctx, tx, func(r *sql.Rows, n *int64) error {
			var key []byte
			err := r.Scan(n, &key)
			out[intel.DocumentID(hex.EncodeToString(key))] = *n
			return err
		}, `SELECT id, key FROM documents WHERE key IN `+list(1, len(keys)), keys...)
		return err
	})
}
