package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// SaveDocuments keeps those of docs that are new, all in one transaction, and
// returns their IDs. A document is never changed once kept. A Learned
// that is zero, or that cannot be, becomes now; people of this installation are
// believed.
func (db *DB) SaveDocuments(ctx context.Context, docs []intel.Document, now time.Time) (added []intel.DocumentID, err error) {
	err = db.tx(ctx, func(tx engine) error {
		added = nil
		sources, err := sourceIDs(ctx, tx, docs)
		if err != nil {
			return err
		}
		in := incoming{}
		err = chunks(docs, func(docs []intel.Document) error {
			rows, err := db.insertDocuments(ctx, tx, docs, sources, now)
			for _, k := range rows {
				added = append(added, intel.DocumentID(hex.EncodeToString(k.key)))
			}
			in.add(docs, sources, rows)
			return err
		})
		if err != nil {
			return err
		}
		return in.save(ctx, tx, now)
	})
	if err != nil {
		return nil, fmt.Errorf("save %d documents: %w", len(docs), err)
	}
	return added, nil
}

func sourceIDs(ctx context.Context, tx engine, docs []intel.Document) (map[intel.SourceID]int64, error) {
	ids := map[intel.SourceID]int64{}
	for _, d := range docs {
		ids[d.Source] = 0
	}
	for _, name := range slices.Sorted(maps.Keys(ids)) {
		id, err := sourceID(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		ids[name] = id
	}
	return ids, nil
}

const documentColumns = `key, source, genre, url, author, channel, title, text, language, claims, refs, marking, reliability, published, learned, assumed`

// A kept document is one that was new.
type kept struct {
	id      int64
	source  int64
	key     []byte
	learned int64
	dated   sql.NullInt64
}

func (db *DB) insertDocuments(ctx context.Context, tx engine, docs []intel.Document, sources map[intel.SourceID]int64, now time.Time) ([]kept, error) {
	const width = 17
	args := make([]any, 0, len(docs)*width)
	for _, d := range docs {
		row, err := documentRow(d, sources[d.Source], now)
		if err != nil {
			return nil, err
		}
		args = append(args, row...)
	}
	rows, err := query(ctx, tx, func(r *sql.Rows, k *kept) error { return r.Scan(&k.id, &k.source, &k.key, &k.learned, &k.dated) },
		`INSERT INTO documents (`+documentColumns+`, ingested) VALUES `+values(1, len(docs), width)+
			` ON CONFLICT DO NOTHING RETURNING id, source, key, learned, published`, args...)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	work := make([]any, len(rows))
	least, greatest := rows[0].id, rows[0].id
	for i, k := range rows {
		work[i] = k.id
		least, greatest = min(least, k.id), max(greatest, k.id)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO work (document) VALUES `+values(1, len(work), 1), work...); err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, db.dialect.index, least, greatest)
	return rows, err
}

func documentRow(d intel.Document, source int64, now time.Time) ([]any, error) {
	key, err := hex.DecodeString(string(d.ID))
	if err != nil || len(key) != 16 {
		return nil, fmt.Errorf("document %q: bad id: %w", d.ID, intel.ErrInvalid)
	}
	var claims string
	if len(d.Claims) > 0 {
		b, err := json.Marshal(d.Claims)
		if err != nil {
			return nil, fmt.Errorf("document %s: claims: %w", d.ID, err)
		}
		claims = string(b)
	}
	learned := d.Learned
	if learned.IsZero() || !d.Source.Reserved() && !intel.Plausible(learned, now) {
		learned = now
	}
	return []any{key, source, string(d.Genre), text(d.URL), text(d.Author), text(d.Channel), text(d.Title), text(d.Text), d.Language,
		text(claims), text(strings.Join(d.References, "\n")), int(d.Marking), lettered(d.Reliability, d.Graded), fromTime(d.Published), learned.UnixMicro(),
		bit(d.Assumed), now.UnixMicro()}, nil
}

// text makes s storable by both engines: valid UTF-8 without NUL.
func text(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

const documentSelect = `SELECT d.key, s.name, d.genre, d.url, d.author, d.channel, d.title, d.text, d.language, d.claims, d.refs, d.marking, d.reliability,
	d.published, d.learned, d.assumed, d.id FROM documents d JOIN sources s ON s.id = d.source `

// A stored document and its integer.
type stored struct {
	intel.Document
	id     int64
	damage error // why the row cannot be read whole
}

func scanDocument(rows *sql.Rows, d *stored) error {
	var key []byte
	var claims, refs string
	var reliability, assumed int
	var published, learned sql.NullInt64
	err := rows.Scan(&key, &d.Source, &d.Genre, &d.URL, &d.Author, &d.Channel, &d.Title, &d.Text, &d.Language, &claims, &refs,
		&d.Marking, &reliability, &published, &learned, &assumed, &d.id)
	if err != nil {
		return err
	}
	d.ID = intel.DocumentID(hex.EncodeToString(key))
	d.Reliability, _, d.Graded = ungraded(reliability)
	d.Published, d.Learned, d.Assumed = toTime(published), toTime(learned), assumed != 0
	if refs != "" {
		d.References = strings.Split(refs, "\n")
	}
	if claims != "" {
		if err := json.Unmarshal([]byte(claims), &d.Claims); err != nil {
			d.damage = fmt.Errorf("claims as kept cannot be read: %w", err)
		}
	}
	return nil
}

// Document returns the document with the given ID, or intel.ErrNotFound where
// there is none or r may not see it.
func (db *DB) Document(ctx context.Context, r intel.Reader, id intel.DocumentID) (intel.Document, error) {
	key, err := hex.DecodeString(string(id))
	if err != nil || len(key) != 16 {
		return intel.Document{}, fmt.Errorf("document %q: %w", id, intel.ErrNotFound)
	}
	docs, err := query(ctx, db.read, scanDocument, documentSelect+`WHERE d.key = $1 AND d.marking <= $2`, key, int(r.Clearance))
	if err == nil && len(docs) == 0 {
		err = intel.ErrNotFound
	}
	if err != nil {
		return intel.Document{}, fmt.Errorf("document %s: %w", id, err)
	}
	return docs[0].Document, nil
}

// Documents returns the newest documents r may see, latest ingested first.
func (db *DB) Documents(ctx context.Context, r intel.Reader, limit, offset int) ([]intel.Document, error) {
	docs, err := query(ctx, db.read, scanDocument, documentSelect+`WHERE d.marking <= $1 ORDER BY d.id DESC LIMIT $2 OFFSET $3`,
		int(r.Clearance), limit, offset)
	if err != nil {
		return nil, fmt.Errorf("documents: %w", err)
	}
	return plain(docs), nil
}

// Latest returns the documents of each source that were published last before
// until and that r may see, so many of each, newest first, without their claims
// and of their text the beginning.
func (db *DB) Latest(ctx context.Context, r intel.Reader, until time.Time, each int) ([]intel.Document, error) {
	sources, err := query(ctx, db.read, scanInt, `SELECT id FROM sources ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("latest documents: %w", err)
	}
	var all []intel.Document
	for _, source := range sources {
		docs, err := query(ctx, db.read, scanDocument, `SELECT d.key, s.name, d.genre, d.url, d.author, d.channel, d.title, SUBSTR(d.text, 1, 400), d.language,
			'', '', d.marking, d.reliability, d.published, d.learned, d.assumed, d.id FROM documents d JOIN sources s ON s.id = d.source
			WHERE d.source = $1 AND d.published <= $2 AND d.marking <= $3 ORDER BY d.published DESC, d.id DESC LIMIT $4`, source, until.UnixMicro(), int(r.Clearance), each)
		if err != nil {
			return nil, fmt.Errorf("latest documents: %w", err)
		}
		all = append(all, plain(docs)...)
	}
	slices.SortStableFunc(all, func(a, b intel.Document) int { return b.Published.Compare(a.Published) })
	return all, nil
}

// Said is one link that a document gives evidence of, with titles.
type Said struct {
	Document         intel.DocumentID
	Link             intel.Link
	FromName, ToName string
	Weight           float64
}

// Said returns what documents give evidence of between named things, weightiest
// first.
func (db *DB) Said(ctx context.Context, r intel.Reader, ids []intel.DocumentID) ([]Said, error) {
	keys, err := documentKeys(ids)
	if err != nil {
		return nil, err
	}
	type row struct {
		Said
		document, seq int64
	}
	var all []row
	err = db.eachOf(ctx, r, keys, db.unindicating, func(w string, pairs []any) error {
		some, err := query(ctx, db.read, func(r *sql.Rows, s *row) error {
			var key []byte
			err := r.Scan(&key, numbered{&s.Link.Relation}, weighted{&s.Weight}, &s.Link.From.Kind, &s.Link.From.Name, &s.FromName, &s.Link.To.Kind, &s.Link.To.Name, &s.ToName, &s.document, &s.seq)
			s.Document = intel.DocumentID(hex.EncodeToString(key))
			return err
		}, w+`SELECT d.key, l.relation, e.weight, f.kind, f.name, f.title, t.kind, t.name, t.title, e.document, e.seq
			FROM w CROSS JOIN links l CROSS JOIN evidence e JOIN documents d ON d.id = e.document
			JOIN entities f ON f.id = l.from_entity JOIN entities t ON t.id = l.to_entity
			WHERE l.id = w.l AND e.link = l.id AND e.document = w.d AND e.stance = 0 AND l.relation <> `+rel(intel.Indicates), pairs...)
		all = append(all, some...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("what documents say: %w", err)
	}
	slices.SortFunc(all, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.document, b.document), cmp.Compare(a.seq, b.seq))
	})
	out := make([]Said, len(all))
	for i, x := range all {
		out[i] = x.Said
	}
	return out, nil
}

// eachGiven calls f with what the documents that r may see give evidence of, some at a
// time: the head of a statement that names the pairs w (l, d) of link and document, and its
// arguments.
func (db *DB) eachGiven(ctx context.Context, r intel.Reader, keys []any, f func(w string, pairs []any) error) error {
	return db.eachOf(ctx, r, keys, func(_ context.Context, pairs [][2]any) ([][2]any, error) { return pairs, nil }, f)
}

// eachOf is eachGiven for those of pairs that are picked.
func (db *DB) eachOf(ctx context.Context, r intel.Reader, keys []any, pick func(context.Context, [][2]any) ([][2]any, error), f func(w string, pairs []any) error) error {
	return chunks(keys, func(keys []any) error {
		found, err := query(ctx, db.read, scanFinding, `SELECT f.document, f.at, '', f.links FROM documents d JOIN findings f ON f.document = d.id
			WHERE d.marking <= $1 AND d.key IN `+list(2, len(keys)), append([]any{int(r.Clearance)}, keys...)...)
		if err != nil {
			return err
		}
		pairs, err := pick(ctx, cited(found))
		if err != nil {
			return err
		}
		return chunks(pairs, func(some [][2]any) error {
			return f(`WITH w (l, d) AS (VALUES `+casts(1, len(some), "BIGINT", "BIGINT")+`) `, flat(some))
		})
	})
}

// nearby is how far apart two links may be that are read as one run.
const nearby = 4

// unindicating leaves out pairs of links that say whose a value is, which are nearly all
// that a long text has. What a document said first lies together: it is read as runs.
func (db *DB) unindicating(ctx context.Context, pairs [][2]any) ([][2]any, error) {
	ids := make([]int64, len(pairs))
	for i, p := range pairs {
		ids[i] = p[0].(int64)
	}
	slices.Sort(ids)
	var runs [][2]any
	for i, id := range ids {
		if n := len(runs); n > 0 && id-ids[i-1] <= nearby {
			runs[n-1][1] = id
		} else {
			runs = append(runs, [2]any{id, id})
		}
	}
	others := map[int64]bool{}
	err := chunks(runs, func(runs [][2]any) error {
		some, err := query(ctx, db.read, scanInt, `WITH w (low, high) AS (VALUES `+casts(1, len(runs), "BIGINT", "BIGINT")+`)
			SELECT l.id FROM w CROSS JOIN links l WHERE l.id BETWEEN w.low AND w.high AND l.relation <> `+rel(intel.Indicates), flat(runs)...)
		for _, id := range some {
			others[id] = true
		}
		return err
	})
	return slices.DeleteFunc(pairs, func(p [2]any) bool { return !others[p[0].(int64)] }), err
}

// Search returns documents that contain all words and that r may see, newest
// first, but posts that are irrelevant behind all others: 4,000 characters of each, around the first word where that stands early,
// and no claims. Of very common words it looks at the 20,000 latest alone.
func (db *DB) Search(ctx context.Context, r intel.Reader, words string, limit, offset int) ([]intel.Document, error) {
	first, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(text(words))), " ")
	words = db.dialect.words(text(words))
	if words == "" {
		return nil, nil
	}
	at := db.dialect.position + `(LOWER(SUBSTR(d.text, 1, 200000)), $5)`
	docs, err := query(ctx, db.read, scanDocument, `SELECT d.key, s.name, d.genre, d.url, d.author, d.channel, d.title,
		SUBSTR(d.text, CASE WHEN `+at+` > 400 THEN `+at+` - 400 ELSE 1 END, 4000), d.language, '', '', d.marking, d.reliability, d.published, d.learned, d.assumed, d.id
		FROM documents d JOIN sources s ON s.id = d.source LEFT JOIN gists g ON g.document = d.id WHERE `+db.dialect.search+` AND d.marking <= $2
		ORDER BY `+irrelevantLast()+`, COALESCE(d.published, d.learned) DESC, d.id DESC LIMIT $3 OFFSET $4`, words, int(r.Clearance), limit, offset, first)
	if err != nil {
		return nil, fmt.Errorf("search %q: %w", words, err)
	}
	return plain(docs), nil
}

func plain(docs []stored) []intel.Document {
	out := make([]intel.Document, len(docs))
	for i, d := range docs {
		out[i] = d.Document
	}
	return out
}

// Given returns the evidence in force that one document gives, if r may see
// it.
func (db *DB) Given(ctx context.Context, r intel.Reader, id intel.DocumentID) ([]intel.Evidence, error) {
	keys, err := documentKeys([]intel.DocumentID{id})
	if err != nil {
		return nil, err
	}
	type row struct {
		intel.Evidence
		seq int64
	}
	var all []row
	err = db.eachGiven(ctx, r, keys, func(w string, pairs []any) error {
		some, err := query(ctx, db.read, func(r *sql.Rows, e *row) error {
			var at, learned sql.NullInt64
			var reliability int
			err := r.Scan(&e.Link.From.Kind, &e.Link.From.Name, numbered{&e.Link.Relation}, &e.Link.To.Kind, &e.Link.To.Name, &e.Origin, &reliability,
				&e.Marking, &e.Stance, weighted{&e.Weight}, &at, &learned, &e.Offset, &e.Length, &e.seq)
			e.Document, e.At, e.Learned = id, toTime(at), toTime(learned)
			e.Reliability, e.Speaker, e.Graded = ungraded(reliability)
			return err
		}, w+`SELECT f.kind, f.name, l.relation, t.kind, t.name, o.name, e.reliability, e.marking, e.stance, e.weight, e.at, COALESCE(e.learned, e.at), e.start, e.length, e.seq
			FROM w CROSS JOIN evidence e JOIN links l ON l.id = e.link JOIN origins o ON o.id = e.origin
			JOIN entities f ON f.id = l.from_entity JOIN entities t ON t.id = l.to_entity WHERE e.link = w.l AND e.document = w.d`, pairs...)
		all = append(all, some...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("evidence of document %s: %w", id, err)
	}
	slices.SortFunc(all, func(a, b row) int { return cmp.Compare(a.seq, b.seq) })
	var out []intel.Evidence
	for _, x := range all {
		out = append(out, x.Evidence)
	}
	return out, nil
}
