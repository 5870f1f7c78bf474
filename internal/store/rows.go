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
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// A Section picks the links of a profile that make one of its tables.
type Section struct {
	Relations []intel.Relation
	// Inward takes the links that point at the profile's names, such as
	// "domain:x indicates actor:y"; otherwise those that go out from them.
	Inward bool
	Class  intel.Class
	Kinds  []intel.Kind // of the other end; empty: any
	// Contains and Level narrow the section to values that contain a text and
	// to one level; empty: any.
	Contains string
	Level    intel.Level
}

// An Assessed link is an assessment as it is kept: with the integer of the
// link, which names the row in explanations, and titles of both ends.
type Assessed struct {
	intel.Assessment
	ID    int64
	Share float64 // of the profile's name; Probability is multiplied with it
	// Joins are all links of the row if several names of the profile have it: they
	// are to be weighed together.
	Joins    []intel.Join
	FromName string // title, "" where no source gave one
	ToName   string
}

// Other returns the end of the link that is not one of the profile's names.
func (a Assessed) Other(s Section) (intel.Entity, string) {
	if s.Inward {
		return a.Link.From, a.FromName
	}
	return a.Link.To, a.ToName
}

const assessedSelect = `SELECT a.place, a.relation, a.billionths, a.level, a.first, a.last, a.origins, a.documents, a.context, a.at,
	f.kind, f.name, f.title, t.kind, t.name, t.title
	FROM assessments a JOIN entities f ON f.id = a.from_entity JOIN entities t ON t.id = a.to_entity `

func scanAssessed(r *sql.Rows, a *Assessed) error {
	var note string
	l := &a.Link
	var place whole
	err := r.Scan(&place, numbered{&l.Relation}, probable{&a.Probability}, leveled{&a.Level}, briefly{&a.First}, briefly{&a.Last}, &a.Origins, &a.Documents, &note, briefly{&a.At},
		&l.From.Kind, &l.From.Name, &a.FromName, &l.To.Kind, &l.To.Name, &a.ToName)
	a.ID, a.Marking = int64(place>>6), intel.Marking(place>>3&7)
	if a.Last.IsZero() {
		a.Last = a.First
	}
	if err == nil && note != "" {
		err = json.Unmarshal([]byte(note), &a.Context)
	}
	return err
}

// condition writes which assessments of one name r may see are in s.
func (s Section) condition(r intel.Reader, name int64) (where string, args []any) {
	side, other := "a.from_entity", "a.to_entity"
	if s.Inward {
		side, other = other, side
	}
	args = []any{name, int(s.Class), int(r.Clearance), int(r.Clearance)}
	where = s.of(side) + ` AND a.class = $2 AND ` + shown(3, 4) + ` AND a.relation IN ` + list(5, len(s.Relations))
	for _, rel := range s.Relations {
		args = append(args, number(rel))
	}
	if len(s.Kinds) > 0 {
		where += ` AND (SELECT kind FROM entities WHERE id = ` + other + `) IN ` + list(len(args)+1, len(s.Kinds))
		for _, k := range s.Kinds {
			args = append(args, string(k))
		}
	}
	if s.Contains != "" {
		args = append(args, like(strings.ToLower(s.Contains)))
		where += fmt.Sprintf(` AND (SELECT LOWER(name) FROM entities WHERE id = %s) LIKE $%d ESCAPE '\'`, other, len(args))
	}
	if s.Level != "" {
		args = append(args, levelNumber(s.Level))
		where += fmt.Sprintf(` AND a.level = $%d`, len(args))
	}
	return where, args
}

// of is the condition that assessments have name $1 at a side. Whom values
// indicate no index of assessments knows.
func (s Section) of(side string) string {
	switch {
	case s.Inward:
		return side + ` = $1`
	case slices.Contains(s.Relations, intel.Indicates):
		return rowsFrom("a", ` = $1`)
	}
	return side + ` = $1 AND a.relation <> ` + rel(intel.Indicates)
}

// An Outline is how many links of which sort an entity's names have. It spares
// a profile of many names and tables the questions that have no answer.
type Outline struct {
	names  []Resolution
	past   Weighing
	ids    map[intel.Entity]int64
	counts map[linkClass]int
}

// Has reports whether name is one of the names.
func (o Outline) Has(name intel.Entity) bool {
	return slices.ContainsFunc(o.names, func(r Resolution) bool { return r.Name == name })
}

// A linkClass is the links of one name, in one direction, of one relation and
// class.
type linkClass struct {
	name     int64
	inward   bool
	relation intel.Relation
	class    intel.Class
}

// Outline counts the links of names that r may see. With a past weighing, the
// rows of the outline are as of then; its zero value is for what is believed
// now.
func (db *DB) Outline(ctx context.Context, r intel.Reader, names []Resolution, past Weighing) (Outline, error) {
	o := Outline{names: names, past: past, counts: map[linkClass]int{}}
	var err error
	if o.ids, err = db.lookupIDs(ctx, Names(names)); err != nil {
		return o, fmt.Errorf("outline: %w", err)
	}
	ids := make([]int64, 0, len(o.ids))
	for _, id := range o.ids {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	count := o.countNow
	if past.Judge != nil {
		count = o.countPast
	}
	if err := count(ctx, db.read, r, ids); err != nil {
		return o, fmt.Errorf("outline: %w", err)
	}
	return o, nil
}

// countNow counts the links of ids that are believed now.
func (o Outline) countNow(ctx context.Context, q engine, r intel.Reader, ids []int64) error {
	type row struct {
		linkClass
		n int
	}
	return chunks(ids, func(ids []int64) error {
		in := list(3, len(ids))
		for _, c := range []struct {
			inward     bool
			side, some string
		}{
			{true, `to_entity`, `to_entity IN ` + in},
			{false, `from_entity`, `relation <> ` + rel(intel.Indicates) + ` AND from_entity IN ` + in},
			{false, `from_entity`, rowsFrom("a", ` IN `+in+` AND l.relation = `+rel(intel.Indicates))},
		} {
			rows, err := query(ctx, q, func(r *sql.Rows, x *row) error { return r.Scan(&x.name, numbered{&x.relation}, &x.class, &x.n) },
				`SELECT `+c.side+`, relation, class, COUNT(*) FROM assessments a WHERE `+shown(1, 2)+` AND `+c.some+
					` GROUP BY `+c.side+`, relation, class`, append([]any{int(r.Clearance), int(r.Clearance)}, anys(ids)...)...)
			if err != nil {
				return err
			}
			for _, x := range rows {
				x.inward = c.inward
				o.counts[x.linkClass] = x.n
			}
		}
		return nil
	})
}

// count is how many links one name has in a section, before it is narrowed.
func (o Outline) count(name int64, s Section) (n int) {
	for _, rel := range s.Relations {
		n += o.counts[linkClass{name, s.Inward, rel, s.Class}]
	}
	return n
}

// Rows returns the links of a section for all of an entity's names, most
// probable first, and how many there are in all. A link that two names have is
// one row, by its stronger assessment; a name's share scales what it brings.
func (db *DB) Rows(ctx context.Context, r intel.Reader, names []Resolution, s Section, limit, offset int) ([]Assessed, int, error) {
	o, err := db.Outline(ctx, r, names, Weighing{})
	if err != nil {
		return nil, 0, err
	}
	return db.RowsOf(ctx, r, o, s, limit, offset)
}

// RowsOf is Rows for names whose outline is known, as of its moment.
func (db *DB) RowsOf(ctx context.Context, r intel.Reader, o Outline, s Section, limit, offset int) ([]Assessed, int, error) {
	if o.past.Judge != nil {
		rows, total, err := db.rowsPast(ctx, r, o, s, limit+offset)
		return rows[min(offset, len(rows)):min(offset+limit, len(rows))], total, err
	}
	best := map[string]Assessed{}
	total, most := 0, 0
	for _, n := range o.names {
		id, ok := o.ids[n.Name]
		count := o.count(id, s)
		if !ok || count == 0 {
			continue
		}
		where, args := s.condition(r, id)
		if len(s.Kinds) > 0 || s.Contains != "" || s.Level != "" {
			if err := db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM assessments a WHERE `+where, args...).Scan(&count); err != nil {
				return nil, 0, fmt.Errorf("rows of %s: %w", n.Name, err)
			}
			if count == 0 {
				continue
			}
		}
		total += count
		most++
		if err := db.top(ctx, r, o, id, n.Share, s, limit+offset, best); err != nil {
			return nil, 0, fmt.Errorf("rows of %s: %w", n.Name, err)
		}
	}
	rows := printed(best)
	if most > 1 && len(rows) < limit+offset {
		total = len(rows) // all were fetched: count each row once
	}
	page := rows[min(offset, len(rows)):min(offset+limit, len(rows))]
	slices.SortStableFunc(page, func(a, b Assessed) int { return cmp.Compare(b.Probability, a.Probability) })
	return page, total, nil
}

// RowsAmong returns those of links that r may see, as of the moment of an outline.
func (db *DB) RowsAmong(ctx context.Context, r intel.Reader, o Outline, links []int64) (out []Assessed, err error) {
	err = chunks(links, func(some []int64) error {
		if o.past.Judge == nil {
			rows, err := query(ctx, db.read, scanAssessed, assessedSelect+`WHERE a.place IN (SELECT x.place FROM links l CROSS JOIN assessments x WHERE l.id IN `+list(2, len(some))+`
				AND `+rowsOf("x", "l.id")+`) AND `+shown(1, 1), append([]any{int(r.Clearance)}, anys(some)...)...)
			out = append(out, rows...)
			return err
		}
		page, err := query(ctx, db.read, scanEnds, endsSelect+`WHERE l.id IN `+list(1, len(some))+` ORDER BY l.id`, anys(some)...)
		if err != nil {
			return err
		}
		rows, err := db.weighPast(ctx, r, page, o.past)
		out = append(out, rows...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("rows of %d links: %w", len(links), err)
	}
	return out, nil
}

// top adds the most probable rows of one name to best. Each relation is asked
// for its own, because an index has its rows in that very order.
func (db *DB) top(ctx context.Context, r intel.Reader, o Outline, name int64, share float64, s Section, limit int, best map[string]Assessed) error {
	for _, rel := range s.Relations {
		if o.counts[linkClass{name, s.Inward, rel, s.Class}] == 0 {
			continue
		}
		one := s
		one.Relations = []intel.Relation{rel}
		where, args := one.condition(r, name)
		args = append(args, limit)
		rows, err := query(ctx, db.read, scanAssessed,
			fmt.Sprintf(`%sWHERE %s ORDER BY a.percent DESC, a.place LIMIT $%d`, assessedSelect, where, len(args)), args...)
		if err != nil {
			return err
		}
		for _, a := range rows {
			a.Probability, a.Share = a.Probability*share, share
			stronger(best, a, s)
		}
	}
	return nil
}

// printed returns rows in the order that each name has them in, as far as their
// names' shares leave it.
func printed(best map[string]Assessed) []Assessed {
	rank := func(a Assessed) float64 { return float64(billionth(a.Probability/max(a.Share, 1e-9))/1e7) * a.Share }
	return slices.SortedFunc(maps.Values(best), func(a, b Assessed) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(a.ID, b.ID))
	})
}

// rowKey is the same of rows about the same.
func rowKey(a Assessed, s Section) string {
	e, _ := a.Other(s)
	return string(a.Link.Relation) + " " + e.String()
}

// stronger keeps the more probable of two rows about the same, and of which links
// it is made.
func stronger(best map[string]Assessed, a Assessed, s Section) {
	key := rowKey(a, s)
	b, ok := best[key]
	if !ok {
		best[key] = a
		return
	}
	if a.Probability <= b.Probability {
		a, b = b, a
	}
	a.Joins = append(a.Joined(s), b.Joined(s)...)
	a.First, a.Documents, a.Origins = earlier(a.First, b.First), max(a.Documents, b.Documents), max(a.Origins, b.Origins) // a document may use both names
	if b.Last.After(a.Last) {
		a.Last = b.Last
	}
	if b.At.After(a.At) {
		a.At = b.At
	}
	best[key] = a
}

// Joined is the links that a row of a section is made of.
func (a Assessed) Joined(s Section) []intel.Join {
	if len(a.Joins) > 0 {
		return a.Joins
	}
	name := a.Link.From
	if s.Inward {
		name = a.Link.To
	}
	return []intel.Join{{Link: a.ID, Name: name, Share: a.Share}}
}

// Between returns the assessment of one link, or intel.ErrNotFound.
func (db *DB) Between(ctx context.Context, r intel.Reader, id int64) (Assessed, error) {
	if id<<6>>6 != id {
		return Assessed{}, fmt.Errorf("row %d: %w", id, intel.ErrNotFound)
	}
	rows, err := query(ctx, db.read, scanAssessed, assessedSelect+`WHERE a.place BETWEEN $1 AND $2 AND `+shown(3, 4), place(id, 0, 0), place(id, 7, 7), int(r.Clearance), int(r.Clearance))
	if err == nil && len(rows) == 0 {
		err = intel.ErrNotFound
	}
	if err != nil {
		return Assessed{}, fmt.Errorf("row %d: %w", id, err)
	}
	return rows[0], nil
}

// snippetBefore and snippetAfter are how many bytes of text a proof shows
// around the mention.
const (
	snippetBefore = 90
	snippetAfter  = 140
)

// fewProofs is how many pieces of evidence are looked at of a link of which very many
// documents speak: among those that were kept last the weightiest are sought.
const fewProofs = 256

// Proofs returns, per link, the up to n weightiest pieces of evidence that r
// may see and that was believed then (zero: now), with the words of the
// documents.
func (db *DB) Proofs(ctx context.Context, r intel.Reader, links []int64, n int, then time.Time) (map[int64][]intel.Proof, error) {
	out := make(map[int64][]intel.Proof, len(links))
	proofs := func(which string, links []int64) error {
		args := append([]any{int(r.Clearance), n}, anys(links)...)
		rows, err := query(ctx, db.read, scanProof, `SELECT p.link, p.start, p.length, p.at, p.stance, p.weight, p.context, o.name, d.key, s.name, d.genre, d.title, d.url,
			`+fmt.Sprintf(db.dialect.slice, snippetBefore, snippetBefore+snippetAfter)+`
			FROM (SELECT e.*, ROW_NUMBER() OVER (PARTITION BY e.link ORDER BY e.weight DESC, COALESCE(e.at, 0) DESC, e.document, e.seq) AS rank
				FROM `+which+` e) p
			JOIN documents d ON d.id = p.document JOIN sources s ON s.id = d.source JOIN origins o ON o.id = p.origin
			WHERE p.rank <= $2 ORDER BY p.link, p.rank`, args...)
		for _, p := range rows {
			out[p.link] = append(out[p.link], p.Proof)
		}
		return err
	}
	loud, quiet, err := db.loudness(ctx, links, then)
	for _, l := range loud {
		if err == nil {
			err = proofs(fmt.Sprintf(`(SELECT * FROM evidence WHERE marking <= $1 AND link = $3 ORDER BY document DESC LIMIT %d)`, fewProofs), []int64{l})
		}
	}
	if err == nil {
		err = chunks(quiet, func(links []int64) error { return proofs(held(then, list(3, len(links))), links) })
	}
	if err != nil {
		return nil, fmt.Errorf("proofs: %w", err)
	}
	return out, nil
}

type proofRow struct {
	intel.Proof
	link int64
}

func scanProof(r *sql.Rows, p *proofRow) error {
	var key, slice []byte
	var at sql.NullInt64
	var length int
	var note string
	err := r.Scan(&p.link, &p.Offset, &length, &at, &p.Stance, weighted{&p.Weight}, &note, &p.Origin, &key, &p.Source, &p.Genre, &p.Title, &p.URL, &slice)
	if err != nil {
		return err
	}
	p.Document = intel.DocumentID(hex.EncodeToString(key))
	p.At = toTime(at)
	p.Snippet = snippet(slice)
	if p.Offset < 0 {
		var c intel.Context
		if note != "" {
			if err := json.Unmarshal([]byte(note), &c); err != nil {
				return err
			}
		}
		p.Snippet = c.Note
	}
	return nil
}

// snippet makes one line of a slice of text that may begin and end within a
// character.
func snippet(b []byte) string {
	for len(b) > 0 && !utf8.RuneStart(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 {
		if r, size := utf8.DecodeLastRune(b); r != utf8.RuneError || size > 1 {
			break
		}
		b = b[:len(b)-1]
	}
	return strings.Join(strings.Fields(string(b)), " ")
}

// Observations returns what a document mentions, in order of appearance, if r
// may see the document.
func (db *DB) Observations(ctx context.Context, r intel.Reader, id intel.DocumentID) ([]intel.Observation, error) {
	key, err := hex.DecodeString(string(id))
	if err != nil {
		return nil, fmt.Errorf("document %q: %w", id, intel.ErrNotFound)
	}
	found, err := query(ctx, db.read, scanFinding, `SELECT f.document, f.at, f.mentioned, f.links FROM findings f JOIN documents d ON d.id = f.document
		WHERE d.key = $1 AND d.marking <= $2`, key, int(r.Clearance))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	ids := make([]int64, len(found[0].mentions))
	for i, m := range found[0].mentions {
		ids[i] = m.entity
	}
	slices.Sort(ids)
	named, err := db.entitiesOf(ctx, slices.Compact(ids))
	out := make([]intel.Observation, len(found[0].mentions))
	for i, m := range found[0].mentions {
		if m.start == onClaimed {
			m.start, m.length = -1, 0
		}
		out[i] = intel.Observation{Document: id, Entity: named[m.entity], Offset: m.start, Length: m.length, Suppressed: m.suppressed}
	}
	return out, err
}
