package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Derived is what one document came to.
type Derived struct {
	Document     intel.DocumentID
	Observations []intel.Observation
	Evidence     []intel.Evidence
	Unweighed    int                     // how much more its text says than Evidence has
	Titles       map[intel.Entity]string // how the document writes names
	Speech       intel.Speech
	Ruled        []intel.Link       // rows that it is a verdict on: they are weighed again
	Gist         *intel.Gist        // of a post
	Post         *intel.GistVerdict // that it is
	Lists        bool               // it lists indicators, and is to be compared with what others list
}

// A Derivation says how a batch was derived and how to weigh what it touches.
type Derivation struct {
	Version int
	Gists   int // version of the models that gists are by; 0: as shipped
	Now     time.Time
	// Judge weighs all the evidence of some links. Evidence of equal origin,
	// weight and stance comes as one piece with the latest time.
	Judge func([]intel.Evidence) []intel.Assessment
	// Resolve says whom a new name stands for; none: itself.
	Resolve func(intel.Entity) []Resolution
}

// SaveDerived keeps what documents came to and, in the same transaction, the
// assessments of all links it touches and that the work is done: after a crash
// either all of it is there or none. What an earlier version derived from the
// same documents is closed, not deleted.
func (db *DB) SaveDerived(ctx context.Context, batch []Derived, d Derivation) error {
	err := db.tx(ctx, func(tx engine) error {
		s := &saving{tx: tx, d: d, now: d.Now.UnixMicro(), hold: db.dialect.hold, again: map[int64]bool{}, settled: map[int64]sql.NullInt64{}, changes: map[tally]int{},
			posts: map[int64]bool{}, paces: map[stride]pace{}, behind: backings{}, heard: map[hearing]heardChange{}, yields: map[int64]yield{}, unyielded: map[int64]bool{}}
		if err := s.documents(ctx, batch); err != nil {
			return err
		}
		batch := s.undate(batch)
		touched, err := s.supersede(ctx)
		if err != nil {
			return err
		}
		if err := s.names(ctx, batch); err != nil {
			return err
		}
		if err := s.observations(ctx, batch); err != nil {
			return err
		}
		if err := s.hear(ctx, batch); err != nil {
			return err
		}
		links, err := s.evidence(ctx, batch)
		if err != nil {
			return err
		}
		if err := s.unweighed(ctx, batch); err != nil {
			return err
		}
		if err := cmp.Or(s.uncompared(ctx, batch), s.gists(ctx, batch)); err != nil {
			return err
		}
		for l := range touched {
			links[l] = true
		}
		ruled, err := s.ruled(ctx, batch)
		if err != nil {
			return err
		}
		for _, l := range ruled {
			links[l] = true
		}
		if err := s.weigh(ctx, links, touched); err != nil {
			return err
		}
		if err := s.unresolve(ctx, links); err != nil {
			return err
		}
		if err := s.finish(ctx); err != nil {
			return err
		}
		if err := s.yielded(ctx); err != nil {
			return err
		}
		return newEpoch(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("save what %d documents came to: %w", len(batch), err)
	}
	return nil
}

// saving is one SaveDerived under way.
type saving struct {
	tx        engine
	hold      string // locks rows for the rest of the transaction
	d         Derivation
	now       int64
	docs      map[intel.DocumentID]docRow
	ids       []int64                 // of docs
	again     map[int64]bool          // of docs: derived before
	settled   map[int64]sql.NullInt64 // of again: what they first came to was no word on them yet; and since when
	entities  map[intel.Entity]int64
	origins   map[string]int64
	findings  []finding      // of the batch
	changes   map[tally]int  // of activity
	posts     map[int64]bool // of docs: by an account
	paces     map[stride]pace
	behind    backings
	heard     map[hearing]heardChange
	yields    map[int64]yield // by source
	unyielded map[int64]bool  // of docs: whose evidence was taken back
}

// undate returns the batch without dates of evidence that cannot be, when its
// document came in: those are unknown.
func (s *saving) undate(batch []Derived) []Derived {
	out := slices.Clone(batch)
	for i, d := range batch {
		doc, ok := s.docs[d.Document]
		if !ok {
			continue
		}
		in := time.UnixMicro(doc.ingested).UTC()
		wrong := func(e intel.Evidence) bool {
			return !e.At.IsZero() && !intel.Plausible(e.At, in) || !e.Since.IsZero() && !intel.Plausible(e.Since, in) || !e.Learned.IsZero() && !intel.Plausible(e.Learned, in)
		}
		if !slices.ContainsFunc(d.Evidence, wrong) {
			continue
		}
		out[i].Evidence = slices.Clone(d.Evidence)
		for k, e := range out[i].Evidence {
			if !e.At.IsZero() && !intel.Plausible(e.At, in) || !e.Since.IsZero() && !intel.Plausible(e.Since, in) {
				out[i].Evidence[k].Stated = intel.StatedOn(e.At)
				out[i].Evidence[k].At, out[i].Evidence[k].Since = time.Time{}, time.Time{}
			}
			if !intel.Plausible(e.Learned, in) {
				out[i].Evidence[k].Learned = in
			}
		}
	}
	return out
}

type docRow struct {
	id, marking       int64
	source            int64
	published         sql.NullInt64 // none where it cannot be
	learned, ingested int64
	key               []byte
	genre             intel.Genre
}

func (s *saving) documents(ctx context.Context, batch []Derived) error {
	s.docs = make(map[intel.DocumentID]docRow, len(batch))
	return chunks(batch, func(batch []Derived) error {
		ids := make([]intel.DocumentID, len(batch))
		for i, d := range batch {
			ids[i] = d.Document
		}
		keys, err := documentKeys(ids)
		if err != nil {
			return err
		}
		rows, err := query(ctx, s.tx, func(r *sql.Rows, d *docRow) error {
			return r.Scan(&d.id, &d.key, &d.source, &d.marking, &d.published, &d.learned, &d.ingested, &d.genre)
		}, `SELECT id, key, source, marking, published, learned, ingested, genre FROM documents WHERE key IN `+list(1, len(keys)), keys...)
		for _, r := range rows {
			if r.published.Valid && !intel.Plausible(toTime(r.published), time.UnixMicro(r.ingested)) {
				r.published = sql.NullInt64{}
			}
			s.docs[intel.DocumentID(hex.EncodeToString(r.key))] = r
			s.ids = append(s.ids, r.id)
			s.posts[r.id] = r.genre.HasAccounts()
		}
		return err
	})
}

// supersede closes what was derived from these documents before and returns
// the links concerned.
func (s *saving) supersede(ctx context.Context) (map[int64]bool, error) {
	links := map[int64]bool{}
	slices.Sort(s.ids)
	return links, chunks(s.ids, func(ids []int64) error {
		if _, err := query(ctx, s.tx, scanInt, `SELECT document FROM work WHERE document IN `+list(1, len(ids))+` ORDER BY document`+s.hold, anys(ids)...); err != nil {
			return err
		}
		again, err := query(ctx, s.tx, scanInt, `SELECT document FROM work WHERE version > 0 AND document IN `+list(1, len(ids)), anys(ids)...)
		if err != nil || len(again) == 0 {
			return err
		}
		for _, id := range again {
			s.again[id] = true
		}
		if err := s.withdraw(ctx, again, links); err != nil {
			return err
		}
		return s.unhear(ctx, again)
	})
}

// withdraw takes back what documents came to that are derived again, and adds the
// links they spoke of.
func (s *saving) withdraw(ctx context.Context, again []int64, links map[int64]bool) error {
	former, err := findings(ctx, s.tx, again)
	if err != nil {
		return err
	}
	pairs := cited(former)
	for _, p := range pairs {
		links[p[0].(int64)] = true
	}
	if err := cmp.Or(s.unpace(ctx, pairs), s.unback(ctx, pairs)); err != nil {
		return err
	}
	kept, err := s.settle(ctx, again, pairs)
	if err != nil {
		return err
	}
	err = chunks(kept, func(some [][2]any) error {
		const columns = `document, seq, origin, how, at, learned, span, context, since`
		of := `WITH w (l, d) AS (VALUES ` + casts(1, len(some), "BIGINT", "BIGINT") + `) `
		_, err := s.tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO former_evidence_rows (link, superseded, `+columns+`) `+of+`SELECT link, %d, `+columns+`
			FROM w CROSS JOIN evidence_rows WHERE link = w.l AND document = w.d ON CONFLICT DO NOTHING`, s.now), flat(some)...)
		return err
	})
	if err != nil {
		return err
	}
	err = chunks(pairs, func(some [][2]any) error {
		gone, err := query(ctx, s.tx, scanInt, `DELETE FROM evidence_rows WHERE (link, document) IN (VALUES `+casts(1, len(some), "BIGINT", "BIGINT")+`) RETURNING document`, flat(some)...)
		s.unyield(gone)
		return err
	})
	if err != nil {
		return err
	}
	return s.unsee(ctx, former, again)
}

// names gives every entity and origin of the batch its integer, and resolves
// the names that are new.
func (s *saving) names(ctx context.Context, batch []Derived) error {
	titles := map[intel.Entity]string{}
	seen := map[intel.Entity]bool{}
	origins := map[string]bool{}
	var all []intel.Entity
	note := func(e intel.Entity) {
		if !seen[e] {
			seen[e] = true
			all = append(all, e)
		}
	}
	for _, d := range batch {
		for _, o := range d.Observations {
			note(o.Entity)
		}
		for _, e := range d.Evidence {
			note(e.Link.From)
			note(e.Link.To)
			origins[e.Origin] = true
		}
		for _, m := range d.Speech.Mentions {
			note(m.Entity)
			if m.Target.Name != "" {
				note(m.Target)
			}
			origins[d.Speech.Voice] = true
		}
		for e, t := range d.Titles {
			titles[e] = t
		}
	}
	slices.SortFunc(all, compare)
	var err error
	var added []intel.Entity
	if s.entities, added, err = entityIDs(ctx, s.tx, all, titles); err != nil {
		return err
	}
	if s.origins, err = originIDs(ctx, s.tx, origins); err != nil {
		return err
	}
	if s.d.Resolve == nil {
		return nil
	}
	var rs []Resolution
	for _, e := range added {
		if e.Kind.Slugged() {
			rs = append(rs, s.d.Resolve(e)...)
		}
	}
	return saveResolutions(ctx, s.tx, rs)
}

func originIDs(ctx context.Context, tx engine, names map[string]bool) (map[string]int64, error) {
	sorted := make([]string, 0, len(names))
	for n := range names {
		sorted = append(sorted, text(n))
	}
	slices.Sort(sorted)
	ids := make(map[string]int64, len(names))
	type row struct {
		id   int64
		name string
	}
	return ids, chunks(sorted, func(some []string) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO origins (name) VALUES `+values(1, len(some), 1)+` ON CONFLICT DO NOTHING`, anys(some)...); err != nil {
			return err
		}
		rows, err := query(ctx, tx, func(r *sql.Rows, o *row) error { return r.Scan(&o.id, &o.name) },
			`SELECT id, name FROM origins WHERE name IN `+list(1, len(some)), anys(some)...)
		for _, r := range rows {
			ids[r.name] = r.id
		}
		return err
	})
}

func flat[A [2]any | [3]any | [7]any | [8]any | [10]any](rows []A) []any {
	var out []any
	for _, r := range rows {
		switch r := any(r).(type) {
		case [2]any:
			out = append(out, r[:]...)
		case [3]any:
			out = append(out, r[:]...)
		case [7]any:
			out = append(out, r[:]...)
		case [8]any:
			out = append(out, r[:]...)
		case [10]any:
			out = append(out, r[:]...)
		}
	}
	return out
}

// A tally is what activity counts documents by.
type tally struct{ entity, week, marking int64 }

const (
	day = int64(24 * time.Hour / time.Microsecond)
	// second is that of the same.
	second = int64(time.Second / time.Microsecond)
	// undated is the week under which documents without a time are counted.
	undated = int64(-1 << 24)
)

// weekOf returns the Monday of a moment, in days since 1970-01-01 (a
// Thursday).
func weekOf(at sql.NullInt64) int64 {
	if !at.Valid {
		return undated
	}
	days := at.Int64 / day
	if at.Int64%day < 0 {
		days--
	}
	return days - ((days+3)%7+7)%7
}

// uncount takes back what documents that are derived again have added to
// activity.
func (s *saving) uncount(ctx context.Context, former []finding) error {
	var ids []int64
	for _, f := range former {
		for _, m := range f.mentions {
			ids = append(ids, m.entity)
		}
	}
	slices.Sort(ids)
	names := map[int64]bool{}
	err := chunks(slices.Compact(ids), func(ids []int64) error {
		some, err := query(ctx, s.tx, scanEntity, `SELECT id, kind, name FROM entities WHERE id IN `+list(1, len(ids)), anys(ids)...)
		for _, e := range some {
			names[e.id] = e.Kind.Class() == intel.Name
		}
		return err
	})
	if err != nil {
		return err
	}
	markings := make(map[int64]int64, len(s.docs))
	for _, d := range s.docs {
		markings[d.id] = d.marking
	}
	for _, f := range former {
		week := weekOf(sql.NullInt64{Int64: f.at.Int64 * second, Valid: f.at.Valid})
		counted := map[int64]bool{}
		for _, m := range f.mentions {
			if names[m.entity] && m.suppressed == "" && !counted[m.entity] {
				counted[m.entity] = true
				s.changes[tally{m.entity, week, markings[f.document]}]--
			}
		}
	}
	return nil
}

// activity applies the changes to the counts of weeks.
func (s *saving) activity(ctx context.Context) error {
	var keys []tally
	for k, n := range s.changes {
		if n != 0 {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b tally) int {
		return cmp.Or(cmp.Compare(a.entity, b.entity), cmp.Compare(a.week, b.week), cmp.Compare(a.marking, b.marking))
	})
	err := chunks(keys, func(keys []tally) error {
		args := make([]any, 0, 4*len(keys))
		for _, k := range keys {
			args = append(args, k.entity, k.week, k.marking, s.changes[k])
		}
		_, err := s.tx.ExecContext(ctx, `INSERT INTO activity (entity, week, marking, documents) VALUES `+values(1, len(keys), 4)+`
			ON CONFLICT (entity, week, marking) DO UPDATE SET documents = activity.documents + excluded.documents`, args...)
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range keys {
		if s.changes[k] > 0 {
			continue
		}
		_, err := s.tx.ExecContext(ctx, `DELETE FROM activity WHERE entity = $1 AND week = $2 AND marking = $3 AND documents <= 0`, k.entity, k.week, k.marking)
		if err != nil {
			return err
		}
	}
	return nil
}

// evidence keeps the links and evidence of the batch and returns the links.
func (s *saving) evidence(ctx context.Context, batch []Derived) (map[int64]bool, error) {
	links, err := s.links(ctx, batch)
	if err != nil {
		return nil, err
	}
	touched := make(map[int64]bool, len(links))
	var rows [][10]any
	for i, d := range batch {
		doc := s.docs[d.Document]
		for seq, e := range d.Evidence {
			id := links[e.Link]
			touched[id] = true
			s.findings[i].links = append(s.findings[i].links, id)
			note, err := contextText(e.Context, e.Stated)
			if err != nil {
				return nil, err
			}
			s.behind.add(backedLink{s.entities[e.Link.From], s.entities[e.Link.To], e.Link.From.Kind, e.Link.To.Kind}, s.origins[text(e.Origin)], int64(e.Marking), 1)
			rows = append(rows, [10]any{id, doc.id, seq, s.origins[text(e.Origin)], inHow(doc.source, e),
				inSeconds(fromTime(e.At)), inSeconds(unless(e.Learned.Equal(e.At), e.Learned)), inSpan(e.Offset, e.Length), note, inSeconds(s.since(doc.id, e))})
		}
		s.yield(doc.source, 1, len(d.Evidence))
		s.pacing(doc, d.Evidence)
	}
	if err := cmp.Or(s.savePaces(ctx), s.behind.save(ctx, s.tx)); err != nil {
		return nil, err
	}
	if err := saveFindings(ctx, s.tx, s.findings); err != nil {
		return nil, err
	}
	slices.SortStableFunc(rows, func(a, b [10]any) int { return cmp.Compare(a[0].(int64), b[0].(int64)) })
	return touched, chunks(rows, func(rows [][10]any) error {
		_, err := s.tx.ExecContext(ctx, `INSERT INTO evidence_rows (link, document, seq, origin, how, at, learned, span, context, since) VALUES `+values(1, len(rows), 10), flat(rows)...)
		return err
	})
}

// since is from when a piece is believed: what a document first came to from
// when the document was learned, so that history that is filled in later can be
// read as of its days; what replaces an earlier version from now on, or from when that was
// believed if it was no word yet. It is none where it is when the document was learned.
func (s *saving) since(document int64, e intel.Evidence) sql.NullInt64 {
	if since, ok := s.settled[document]; ok {
		return since
	}
	now := time.UnixMicro(s.now)
	return unless(!s.again[document] || !now.After(e.Learned), now)
}

// unless is a moment, or none if that goes without saying.
func unless(so bool, t time.Time) sql.NullInt64 {
	if so {
		return sql.NullInt64{}
	}
	return fromTime(t)
}

// contextText is a context as it is kept, with the day that its evidence states and
// that cannot be: that comes before every other text, so that it stands for no context
// of another document.
func contextText(c intel.Context, stated intel.StatedDay) (string, error) {
	if c == (intel.Context{}) && stated == 0 {
		return "", nil
	}
	b, err := json.Marshal(keptContext{stated.String(), c})
	return text(string(b)), err
}

// A keptContext is a context as it is kept.
type keptContext struct {
	At string `json:"at,omitempty"`
	intel.Context
}

// statedIn is the day that a kept context says its evidence states.
func statedIn(kept []byte) intel.StatedDay {
	const begin = `{"at":"`
	if !bytes.HasPrefix(kept, []byte(begin)) {
		return 0
	}
	day, _, _ := bytes.Cut(kept[len(begin):], []byte(`"`))
	stated, err := intel.ParseStatedDay(string(day))
	if err != nil {
		return 0
	}
	return stated
}

func (s *saving) links(ctx context.Context, batch []Derived) (map[intel.Link]int64, error) {
	ids := map[intel.Link]int64{}
	byID := map[[2]int64]map[intel.Relation]intel.Link{}
	var rows [][3]any
	for _, d := range batch {
		for _, e := range d.Evidence {
			if _, ok := ids[e.Link]; ok {
				continue
			}
			if number(e.Link.Relation) == 0 {
				return nil, fmt.Errorf("link %q: no such relation: %w", e.Link, intel.ErrInvalid)
			}
			ids[e.Link] = 0
			from, to := s.entities[e.Link.From], s.entities[e.Link.To]
			rows = append(rows, [3]any{from, number(e.Link.Relation), to})
			pair := [2]int64{from, to}
			if byID[pair] == nil {
				byID[pair] = map[intel.Relation]intel.Link{}
			}
			byID[pair][e.Link.Relation] = e.Link
		}
	}
	type row struct {
		id, from, to int64
		relation     intel.Relation
	}
	slices.SortFunc(rows, func(a, b [3]any) int {
		return cmp.Or(cmp.Compare(a[0].(int64), b[0].(int64)), cmp.Compare(a[2].(int64), b[2].(int64)), cmp.Compare(a[1].(int), b[1].(int)))
	})
	return ids, chunks(rows, func(rows [][3]any) error {
		args := flat(rows)
		if _, err := s.tx.ExecContext(ctx, `INSERT INTO links (from_entity, relation, to_entity) VALUES `+values(1, len(rows), 3)+` ON CONFLICT DO NOTHING`, args...); err != nil {
			return err
		}
		found, err := query(ctx, s.tx, func(r *sql.Rows, l *row) error { return r.Scan(&l.id, &l.from, numbered{&l.relation}, &l.to) },
			`WITH w (f, r, t) AS (VALUES `+casts(1, len(rows), "BIGINT", "SMALLINT", "BIGINT")+`)
			SELECT l.id, l.from_entity, l.relation, l.to_entity FROM w JOIN links l ON l.from_entity = w.f AND l.relation = w.r AND l.to_entity = w.t`, args...)
		for _, l := range found {
			ids[byID[[2]int64{l.from, l.to}][l.relation]] = l.id
		}
		return err
	})
}

// finish notes that the documents are done.
func (s *saving) finish(ctx context.Context) error {
	return chunks(s.ids, func(ids []int64) error {
		_, err := s.tx.ExecContext(ctx, `UPDATE work SET state = 1, version = $1, leased = 0, attempts = 0, error = '' WHERE document IN `+list(2, len(ids)),
			append([]any{s.d.Version}, anys(ids)...)...)
		return err
	})
}
