package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Course returns what was ever said of a link that r may see, the first so many
// words of it, or intel.ErrNotFound if that is nothing.
func (db *DB) Course(ctx context.Context, r intel.Reader, id int64, most int) (intel.Course, error) {
	c, err := db.course(ctx, r, id, most)
	if err != nil {
		return c, fmt.Errorf("course of row %d: %w", id, err)
	}
	return c, nil
}

func (db *DB) course(ctx context.Context, r intel.Reader, id int64, most int) (c intel.Course, err error) {
	const columns = `document, seq, origin, how, COALESCE(since, learned, at), at, COALESCE(learned, at), CASE WHEN at IS NULL THEN context END`
	rows, err := db.read.QueryContext(ctx, `SELECT `+columns+`, CAST(NULL AS BIGINT) AS until FROM evidence WHERE link = $1 AND marking <= $2
		UNION ALL SELECT `+columns+`, superseded FROM former_evidence WHERE link = $1 AND marking <= $2 ORDER BY document, until, seq`, id, int(r.Clearance))
	if err != nil {
		return c, err
	}
	t := telling{most: most, voices: map[stratum]int32{}, retold: map[int64]int32{}}
	if err := t.read(rows); err != nil {
		return c, err
	}
	if len(t.Words) == 0 {
		return c, intel.ErrNotFound
	}
	link, err := linkEnds(ctx, db.read, []int64{id})
	if err != nil {
		return c, err
	}
	if err := nameSources(ctx, db.read, t.pieces); err != nil {
		return c, err
	}
	names, err := db.originNames(ctx, t.pieces)
	if err != nil {
		return c, err
	}
	c = t.Course
	c.Link = link[id].link()
	for _, p := range t.pieces {
		p.Link, p.Origin = c.Link, intel.Signed(names[p.origin], p.Source)
		c.Voices = append(c.Voices, p.Evidence)
	}
	if c.Documents, err = db.retold(ctx, t.retold); err != nil {
		return c, err
	}
	slices.SortStableFunc(c.Words, func(a, b intel.Word) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until)) })
	c.Lineages, err = db.lineages(ctx, id, t)
	return c, err
}

// mostRetold is of how many documents it is told who speaks in them.
const mostRetold = 2000

// retold returns by whom documents are, each at its place.
func (db *DB) retold(ctx context.Context, places map[int64]int32) ([]intel.Document, error) {
	type row struct {
		id  int64
		doc intel.Document
	}
	out := make([]intel.Document, len(places))
	return out, chunks(slices.Sorted(maps.Keys(places)), func(ids []int64) error {
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error {
			return r.Scan(&x.id, &x.doc.Author, &x.doc.URL, &x.doc.Genre, &x.doc.Source)
		},
			`SELECT d.id, d.author, d.url, d.genre, s.name FROM documents d JOIN sources s ON s.id = d.source WHERE d.id IN `+list(1, len(ids)), anys(ids)...)
		for _, x := range rows {
			out[places[x.id]-1] = x.doc
		}
		return err
	})
}

// mostLineages is how often it is told that it became known who has it from whom.
const mostLineages = 50

// lineages returns when it became known who has a link from whom, by the edges by
// which it is weighed, see traceRelays. Of more than can be told the last ones are.
func (db *DB) lineages(ctx context.Context, id int64, t telling) (out []intel.Lineage, err error) {
	if !slices.ContainsFunc(t.pieces, func(p piece) bool { return p.Speaker == intel.Relay }) || len(t.Words) > hot {
		return nil, nil
	}
	edges, err := edgesOf(ctx, db.read, []int64{id}, time.Time{})
	if err != nil || len(edges[id]) == 0 {
		return nil, err
	}
	var moments []int64
	for _, e := range edges[id] {
		moments = append(moments, e.since)
	}
	slices.Sort(moments)
	moments = slices.Compact(moments)
	for _, at := range moments[max(0, len(moments)-mostLineages):] {
		known := slices.DeleteFunc(slices.Clone(edges[id]), func(e edge) bool { return e.since > at })
		traced := slices.Clone(t.pieces)
		for i := range traced {
			traced[i].link = id
		}
		trace(traced, map[int64][]edge{id: known})
		names, err := db.originNames(ctx, traced)
		if err != nil {
			return nil, err
		}
		l := intel.Lineage{From: at}
		for _, p := range traced {
			l.Origins = append(l.Origins, intel.Signed(names[cmp.Or(p.root, p.origin)], p.Source))
		}
		out = append(out, l)
	}
	return out, nil
}

// telling is the words of one link as they are read.
type telling struct {
	intel.Course
	most   int
	pieces []piece // of the voices
	voices map[stratum]int32
	retold map[int64]int32 // documents in which another may speak than whose word it is, and where they stand
}

// speaks is where a document stands among those in which another may speak than whose
// word it is, from 1; 0 is nowhere.
func (t *telling) speaks(document int64, voice int32) int32 {
	if int(voice) >= len(t.pieces) || t.pieces[voice].Speaker == intel.Self {
		return 0
	}
	if at, ok := t.retold[document]; ok || len(t.retold) == mostRetold {
		return at
	}
	t.retold[document] = int32(len(t.retold) + 1)
	return t.retold[document]
}

func (t *telling) read(rows *sql.Rows) error {
	defer rows.Close()
	for rows.Next() {
		var document, seq int64
		var k stratum
		var from, at, learned, until sql.NullInt64
		var note sql.RawBytes
		if err := rows.Scan(&document, &seq, &k.origin, &k.how, &from, &at, &learned, &note, &until); err != nil {
			return err
		}
		voice, ok := t.voices[k]
		if !ok && len(t.Words) < t.most {
			voice = int32(len(t.pieces))
			t.voices[k] = voice
			p := piece{origin: k.origin}
			p.readHow(k.how)
			p.Origin = strconv.FormatInt(k.origin, 10)
			t.pieces = append(t.pieces, p)
		}
		w := intel.Word{Voice: voice, Document: t.speaks(document, voice), From: from.Int64, Until: intel.Open, At: intel.Undated, Learned: learned.Int64, Stated: statedIn(note)}
		if until.Valid {
			w.Until = until.Int64
		}
		if at.Valid {
			w.At = at.Int64
		}
		switch n := len(t.Words); {
		case n > 0 && t.Words[n-1] == w: // said twice in one breath
		case n >= t.most:
			t.More++
		default:
			t.Words = append(t.Words, w)
		}
	}
	return rows.Err()
}

// Weighings returns by what rows were weighed, oldest first.
func (db *DB) Weighings(ctx context.Context) ([]intel.Weighing, error) {
	all, err := query(ctx, db.read, func(r *sql.Rows, w *intel.Weighing) error {
		var at sql.NullInt64
		err := r.Scan(&at, &w.Rules, &w.Scale)
		w.At = toTime(at)
		return err
	}, `SELECT at, rules, scale FROM weighings ORDER BY at, id`)
	if err != nil {
		return nil, fmt.Errorf("weighings: %w", err)
	}
	return all, nil
}

// NoteWeighing keeps that all rows are weighed so from now on, unless they are
// already; with first, only if nothing was noted before.
func (db *DB) NoteWeighing(ctx context.Context, w intel.Weighing, first bool) error {
	_, err := db.write.ExecContext(ctx, `INSERT INTO weighings (at, rules, scale) SELECT CAST($1 AS BIGINT), CAST($2 AS INTEGER), CAST($3 AS TEXT) WHERE NOT EXISTS (
		SELECT 1 FROM (SELECT rules, scale FROM weighings ORDER BY at DESC, id DESC LIMIT 1) w WHERE $4 = 1 OR w.rules = $2 AND w.scale = $3)`, w.At.UnixMicro(), w.Rules, w.Scale, bit(first))
	if err != nil {
		return fmt.Errorf("note weighing: %w", err)
	}
	return nil
}

// PartsThen returns the evidence of a link that r may see, as Parts does, from
// what was believed then. Of what nobody had spoken of by then there is none.
func (db *DB) PartsThen(ctx context.Context, r intel.Reader, id int64, then time.Time) ([]intel.Evidence, error) {
	parts, err := db.PartsOf(ctx, r, []int64{id}, then, then)
	return parts[id], err
}
