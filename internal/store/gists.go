package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// irrelevantLast orders documents with their gists g.
func irrelevantLast() string {
	return `COALESCE(g.ruled, g.relevance, 1000) < ` + strconv.Itoa(thousandths(intel.LeastRelevance))
}

// gists keeps what posts of the batch were found to be, and what its verdicts rule.
func (s *saving) gists(ctx context.Context, batch []Derived) error {
	err := chunks(slices.Sorted(maps.Keys(s.again)), func(ids []int64) error {
		_, err := s.tx.ExecContext(ctx, `DELETE FROM gists WHERE ruled_at IS NULL AND document IN `+list(1, len(ids)), anys(ids)...)
		return err
	})
	if err != nil {
		return err
	}
	found := map[int64]intel.Gist{}
	var ruled []intel.GistVerdict
	for _, d := range batch {
		if doc, ok := s.docs[d.Document]; ok && d.Gist != nil {
			found[doc.id] = *d.Gist
		}
		if d.Post != nil {
			ruled = append(ruled, *d.Post)
		}
	}
	if err := saveGists(ctx, s.tx, found, s.d.Gists); err != nil {
		return err
	}
	slices.SortStableFunc(ruled, func(a, b intel.GistVerdict) int { return a.At.Compare(b.At) })
	for _, v := range ruled {
		if err := rule(ctx, s.tx, v); err != nil {
			return err
		}
	}
	return nil
}

// SaveGists puts what posts were found to be in the place of what was found before.
func (db *DB) SaveGists(ctx context.Context, found map[intel.DocumentID]intel.Gist, model int) error {
	err := db.tx(ctx, func(tx engine) error {
		keys, err := documentKeys(slices.Sorted(maps.Keys(found)))
		if err != nil {
			return err
		}
		ids := make(map[int64]intel.Gist, len(found))
		err = chunks(keys, func(keys []any) error {
			rows, err := query(ctx, tx, func(r *sql.Rows, k *kept) error { return r.Scan(&k.id, &k.key) }, `SELECT id, key FROM documents WHERE key IN `+list(1, len(keys)), keys...)
			for _, k := range rows {
				ids[k.id] = found[intel.DocumentID(hex.EncodeToString(k.key))]
			}
			return err
		})
		if err != nil {
			return err
		}
		return saveGists(ctx, tx, ids, model)
	})
	if err != nil {
		return fmt.Errorf("save gists of %d documents: %w", len(found), err)
	}
	return nil
}

func saveGists(ctx context.Context, tx engine, found map[int64]intel.Gist, model int) error {
	return chunks(slices.Sorted(maps.Keys(found)), func(ids []int64) error {
		args := make([]any, 0, 4*len(ids))
		for _, id := range ids {
			args = append(args, id, thousandths(found[id].Relevance), guessText(found[id].Intents), model)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO gists (document, relevance, intents, model) VALUES `+values(1, len(ids), 4)+`
			ON CONFLICT (document) DO UPDATE SET relevance = excluded.relevance, intents = excluded.intents, model = excluded.model`, args...)
		return err
	})
}

// RulePost puts an analyst's word in the place of what a post was found to be,
// unless a later one stands there.
func (db *DB) RulePost(ctx context.Context, v intel.GistVerdict) error {
	if err := db.tx(ctx, func(tx engine) error { return rule(ctx, tx, v) }); err != nil {
		return fmt.Errorf("rule on document %s: %w", v.Post, err)
	}
	return nil
}

// rule applies a verdict on a post, unless a later one was applied. A document that
// has no gist is one that matters until somebody says no.
func rule(ctx context.Context, tx engine, v intel.GistVerdict) error {
	key, err := hex.DecodeString(string(v.Post))
	if err != nil {
		return nil // it rules on nothing
	}
	ids, err := query(ctx, tx, scanInt, `SELECT id FROM documents WHERE key = $1`, key)
	if err != nil || len(ids) == 0 {
		return err
	}
	set, to := `ruled = $3`, any(1000)
	switch v.Ruling {
	case intel.IrrelevantPost:
		to = 0
	case intel.MeansPost:
		set, to = `meant = $3`, string(v.Intent)
	case intel.UndoPost:
		set, to = `ruled = NULL, meant = $3`, ""
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO gists (document, relevance, intents, model) VALUES ($1, 1000, '', 0) ON CONFLICT DO NOTHING`, ids[0]); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE gists SET `+set+`, ruled_at = $2 WHERE document = $1 AND (ruled_at IS NULL OR ruled_at <= $2)`, ids[0], v.At.UnixMicro(), to)
	return err
}

// GistVerdicts returns every verdict on posts, in the order in which they were given.
func (db *DB) GistVerdicts(ctx context.Context) ([]intel.GistVerdict, error) {
	return verdicts(ctx, db, intel.GistVerdictOf)
}

// Gists returns what documents were found to be that r may see, by their ID; those
// that are no posts have none.
func (db *DB) Gists(ctx context.Context, r intel.Reader, ids []intel.DocumentID) (map[intel.DocumentID]intel.Gist, error) {
	keys, err := documentKeys(ids)
	if err != nil {
		return nil, err
	}
	out := map[intel.DocumentID]intel.Gist{}
	err = chunks(keys, func(keys []any) error {
		type row struct {
			key       []byte
			relevance int
			intents   string
			ruled     sql.NullInt64
			meant     string
		}
		rows, err := query(ctx, db.read, func(r *sql.Rows, g *row) error { return r.Scan(&g.key, &g.relevance, &g.intents, &g.ruled, &g.meant) },
			`SELECT d.key, g.relevance, g.intents, g.ruled, g.meant FROM documents d JOIN gists g ON g.document = d.id WHERE d.marking <= $1 AND d.key IN `+list(2, len(keys)),
			append([]any{int(r.Clearance)}, keys...)...)
		for _, row := range rows {
			g := intel.Gist{Relevance: float64(row.relevance) / 1000, Intents: parseGuesses(row.intents)}
			if row.ruled.Valid {
				g.Relevance, g.Ruled = float64(row.ruled.Int64)/1000, true
			}
			if row.meant != "" {
				g.Intents, g.Meant = []intel.Guess{{Intent: intel.Purpose(row.meant), Probability: 1}}, true
			}
			out[intel.DocumentID(hex.EncodeToString(row.key))] = g
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("gists of %d documents: %w", len(ids), err)
	}
	return out, nil
}

func thousandths(p float64) int { return int(math.Round(min(max(p, 0), 1) * 1000)) }

func guessText(guesses []intel.Guess) string {
	parts := make([]string, len(guesses))
	for i, g := range guesses {
		parts[i] = string(g.Intent) + " " + strconv.Itoa(thousandths(g.Probability))
	}
	return strings.Join(parts, ",")
}

func parseGuesses(text string) []intel.Guess {
	var out []intel.Guess
	for part := range strings.SplitSeq(text, ",") {
		intent, p, _ := strings.Cut(part, " ")
		if n, err := strconv.Atoi(p); err == nil {
			out = append(out, intel.Guess{Intent: intel.Purpose(intent), Probability: float64(n) / 1000})
		}
	}
	slices.SortStableFunc(out, func(a, b intel.Guess) int { return cmp.Compare(b.Probability, a.Probability) })
	return out
}

// EachPost calls f with all documents that have a gist, some at a time.
func (db *DB) EachPost(ctx context.Context, f func([]intel.Document) error) error {
	for after := int64(0); ; {
		docs, err := query(ctx, db.read, scanDocument, documentSelect+`JOIN gists g ON g.document = d.id WHERE g.document > $1 ORDER BY g.document LIMIT 500`, after)
		if err != nil {
			return fmt.Errorf("posts behind document %d: %w", after, err)
		}
		if len(docs) == 0 {
			return nil
		}
		after = docs[len(docs)-1].id
		if err := f(plain(docs)); err != nil {
			return err
		}
	}
}

// Posts returns posts that r may see, of one intent unless that is empty: newest
// first, but those that are irrelevant behind all others.
func (db *DB) Posts(ctx context.Context, r intel.Reader, of intel.Purpose, limit int) ([]intel.Document, error) {
	docs, err := query(ctx, db.read, scanDocument, documentSelect+`JOIN gists g ON g.document = d.id WHERE d.marking <= $1 AND ($2 = '' OR g.meant = $2 OR g.meant = '' AND g.intents LIKE $3)
		ORDER BY `+irrelevantLast()+`, COALESCE(d.published, d.learned) DESC, d.id DESC LIMIT $4`, int(r.Clearance), string(of), string(of)+" %", limit)
	if err != nil {
		return nil, fmt.Errorf("posts: %w", err)
	}
	return plain(docs), nil
}
