package store

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A piece is the evidence of one origin with equal weight, as one.
type piece struct {
	intel.Evidence
	link, origin int64
	source       int64
	root         int64  // the origin that this one relays, if not 0
	n            int    // documents, each of which is counted by one piece of a link
	note         string // the context as kept
}

// piecesOf reads the pieces of all the evidence of some links, which a query finds,
// in their order, with the dates that are believed now, each as the word of whom
// it is relayed from by then; zero is now.
func piecesOf(ctx context.Context, q engine, now, then time.Time, which string, args ...any) ([]piece, error) {
	all, err := somePieces(ctx, q, now, which, args...)
	if err != nil {
		return nil, err
	}
	return all, traceRelays(ctx, q, all, then)
}

// somePieces reads the pieces of the evidence that a query finds, in the order of
// links, with the dates that are believed now.
func somePieces(ctx context.Context, q engine, now time.Time, which string, args ...any) ([]piece, error) {
	rows, err := q.QueryContext(ctx, evidenceSelect+which+` ORDER BY link, document`, args...)
	if err != nil {
		return nil, err
	}
	all, err := foldPieces(rows, now, 0)
	if err != nil {
		return nil, err
	}
	return all, nameSources(ctx, q, all)
}

// nameSources fills in which sources pieces are of.
func nameSources(ctx context.Context, q engine, pieces []piece) error {
	names := map[int64]intel.SourceID{}
	for _, p := range pieces {
		names[p.source] = ""
	}
	type row struct {
		id   int64
		name intel.SourceID
	}
	err := chunks(slices.Sorted(maps.Keys(names)), func(ids []int64) error {
		some, err := query(ctx, q, func(r *sql.Rows, x *row) error { return r.Scan(&x.id, &x.name) }, `SELECT id, name FROM sources WHERE id IN `+list(1, len(ids)), anys(ids)...)
		for _, x := range some {
			names[x.id] = x.name
		}
		return err
	})
	for i := range pieces {
		pieces[i].Source = names[pieces[i].source]
	}
	return err
}

// cut is until when dates are believed.
func cut(now time.Time) int64 { return now.Add(intel.Skew).UnixMicro() }

// evidenceSelect reads evidence for foldPieces, which wants it in the order of
// links and documents.
const evidenceSelect = `SELECT link, document, origin, how, kept_at, kept_learned, NULLIF(context, '') FROM `

// foldPieces makes one piece of what one origin says of a link with equal weight
// and reliability, about so many. A piece has the latest of the dates that are
// believed now.
func foldPieces(rows *sql.Rows, now time.Time, about int) ([]piece, error) {
	defer rows.Close()
	f := folding{cut: now.Add(intel.Skew), origins: map[int64]string{}, out: make([]piece, 0, about)}
	for rows.Next() {
		if err := f.add(rows); err != nil {
			return nil, err
		}
	}
	f.flush()
	return f.out, rows.Err()
}

// A stratum is what evidence has in common that is one piece.
type stratum struct {
	origin int64
	how    int64 // see inHow
}

type folding struct {
	cut      time.Time
	origins  map[int64]string
	out      []piece
	link     int64
	begin    int // of the link in out
	strata   []stratum
	document int64           // the last of the link
	index    map[stratum]int // of many strata
}

func (f *folding) add(rows *sql.Rows) error {
	var next, document whole
	var k stratum
	var at, learned sql.NullInt64
	var note sql.RawBytes
	if err := rows.Scan(&next, &document, (*whole)(&k.origin), (*whole)(&k.how), (*maybe)(&at), (*maybe)(&learned), &note); err != nil {
		return err
	}
	link := int64(next)
	if link != f.link {
		f.flush()
		f.link = link
	}
	said := toTime(sinceSeconds(at))
	known := said
	if learned.Valid {
		known = toTime(sinceSeconds(learned))
	}
	if said.After(f.cut) {
		said = time.Time{}
	}
	i := f.find(k)
	if i < 0 {
		i = len(f.strata)
		f.strata = append(f.strata, k)
		if f.index != nil {
			f.index[k] = i
		}
		f.out = append(f.out, f.piece(link, k))
	}
	p := &f.out[f.begin+i]
	if f.document != int64(document) { // it may say so in several ways
		f.document = int64(document)
		p.n++
	}
	p.see(said, known)
	if !at.Valid {
		p.Stated = max(p.Stated, statedIn(note))
	}
	if len(note) > 0 && string(note) > p.note {
		p.note = string(note)
	}
	return nil
}

// see widens a piece by what another document says.
func (p *piece) see(at, learned time.Time) {
	p.Since = earlier(p.Since, at)
	if at.After(p.At) {
		p.At = at
	}
	if learned.After(p.Learned) {
		p.Learned = learned
	}
}

// fewStrata is from how many on an index of them is kept.
const fewStrata = 16

func (f *folding) find(k stratum) int {
	if f.index == nil && len(f.strata) == fewStrata {
		f.index = make(map[stratum]int, 4*fewStrata)
		for i, k := range f.strata {
			f.index[k] = i
		}
	}
	if f.index == nil {
		return slices.Index(f.strata, k)
	}
	if i, ok := f.index[k]; ok {
		return i
	}
	return -1
}

func (f *folding) piece(link int64, k stratum) piece {
	origin, ok := f.origins[k.origin]
	if !ok {
		origin = strconv.FormatInt(k.origin, 10)
		f.origins[k.origin] = origin
	}
	p := piece{link: link, origin: k.origin}
	p.readHow(k.how)
	p.Origin = origin
	return p
}

// flush ends a link: its pieces are put in order.
func (f *folding) flush() {
	if some := f.out[f.begin:]; len(some) > 1 {
		slices.SortFunc(some, func(a, b piece) int {
			return cmp.Or(cmp.Compare(a.origin, b.origin), cmp.Compare(a.Marking, b.Marking), cmp.Compare(a.Stance, b.Stance), cmp.Compare(a.Weight, b.Weight), cmp.Compare(a.Reliability, b.Reliability), cmp.Compare(a.source, b.source))
		})
	}
	f.begin, f.strata, f.document, f.index = len(f.out), f.strata[:0], 0, nil
}
