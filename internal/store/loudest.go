package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Loud voice told of somebody: a source, or one of its accounts where the letter of the
// source vouches for them; sources that nobody named are one. Weeks is in how many
// documents, by week, every one from the first asked for; Late are those of them that
// were told of late and are dated before.
type Loud struct {
	Source  intel.SourceID // empty: those that nobody named
	Account string         // empty: all of the source
	Weeks   []int
	Late    []int
}

// A Hearing asks who told of names: of documents from the week of From until that of To,
// of those voices that told the most since Since, whatever dates they gave.
type Hearing struct {
	From, Since, To time.Time
	Began           time.Time // when the first document came in
	Most            int
	Unnamed         intel.Unnamed
}

// speaks is whose word a document d of a source s is, within it.
func speaks() string {
	kinds := ""
	for _, g := range []intel.Genre{intel.Social, intel.Forum, intel.Chat, intel.Market, intel.LeakSite, intel.Mail} {
		kinds += fmt.Sprintf(`,'%s'`, g)
	}
	return fmt.Sprintf(`CASE WHEN s.reliability BETWEEN %d AND %d AND d.genre IN (%s) THEN d.author ELSE '' END`, 'A', 'C', kinds[1:])
}

// Loudest returns who told of names most of late, in documents that r may see. What a
// store that was not there before Since was filled with was not told late.
func (db *DB) Loudest(ctx context.Context, r intel.Reader, names []intel.Entity, h Hearing) ([]Loud, error) {
	ids, err := db.integers(ctx, names)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	p := period{first: weekOf(fromTime(h.From)), last: weekOf(fromTime(h.To)), learned: h.Since.UnixMicro()}
	p.since = max(p.first, weekOf(fromTime(h.Since)))
	if !h.Began.Before(h.Since) {
		p.learned = math.MaxInt64
	}
	speakers, err := db.speakers(ctx, r, ids, p)
	if err != nil {
		return nil, fmt.Errorf("who told of %s: %w", names[0], err)
	}
	out := loudest(speakers, h)
	for i := range out {
		if err := db.weigh(ctx, r, ids, p, &out[i]); err != nil {
			return nil, fmt.Errorf("what %s told of %s: %w", out[i].Source, names[0], err)
		}
	}
	loud := make([]Loud, len(out))
	for i, x := range out {
		loud[i] = x.Loud
	}
	return loud, nil
}

// Began is when the first document came in, zero where there is none.
func (db *DB) Began(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	if err := db.read.QueryRowContext(ctx, `SELECT MIN(learned) FROM documents`).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("when the store began: %w", err)
	}
	return toTime(at), nil
}

// A period is weeks, of which those from since on are late, and from when on documents
// were learned late, in microseconds.
type period struct{ first, since, last, learned int64 }

// A speaker is a voice by the sources it is of, and how much it told of late.
type speaker struct {
	sources []int64
	n       int
	Loud
}

// loudest are those that told the most, sources that nobody named together.
func loudest(all []speaker, h Hearing) (out []speaker) {
	unnamed := -1
	for _, x := range all {
		if !h.Unnamed.Has(x.Source) {
			out = append(out, x)
			continue
		}
		if unnamed < 0 {
			unnamed = len(out)
			out = append(out, speaker{})
		}
		u := &out[unnamed]
		u.sources, u.n = append(u.sources, x.sources...), u.n+x.n
	}
	slices.SortFunc(out, func(a, b speaker) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Account, b.Account))
	})
	return out[:min(h.Most, len(out))]
}

const perDay = day / second

// speakers returns who told of any of ids of late, by source and account.
func (db *DB) speakers(ctx context.Context, r intel.Reader, ids []int64, p period) ([]speaker, error) {
	return query(ctx, db.read, func(r *sql.Rows, x *speaker) error {
		x.sources = make([]int64, 1)
		return r.Scan(&x.sources[0], &x.Source, &x.Account, &x.n)
	}, fmt.Sprintf(`SELECT s.id, s.name, %s AS who, COUNT(DISTINCT m.document) FROM mentions m JOIN documents d ON d.id = m.document JOIN sources s ON s.id = d.source
		WHERE m.marking <= $1 AND m.at >= %d AND m.at < %d AND (m.at >= %d OR d.learned >= %d) AND m.entity IN %s GROUP BY s.id, s.name, who`,
		speaks(), p.first*perDay, (p.last+7)*perDay, p.since*perDay, p.learned, list(2, len(ids))), append([]any{int(r.Clearance)}, anys(ids)...)...)
}

// weigh counts by week what a speaker told.
func (db *DB) weigh(ctx context.Context, r intel.Reader, ids []int64, p period, x *speaker) error {
	x.Weeks, x.Late = make([]int, (p.last-p.first)/7+1), make([]int, (p.last-p.first)/7+1)
	args := append([]any{int(r.Clearance), x.Account}, anys(x.sources)...)
	type told struct {
		dayCount
		late bool
	}
	days, err := query(ctx, db.read, func(r *sql.Rows, t *told) error { return r.Scan(&t.day, &t.late, &t.n) },
		fmt.Sprintf(`SELECT m.at / %d AS day, m.at < %d AND d.learned >= %d AS late, COUNT(DISTINCT m.document) FROM mentions m JOIN documents d ON d.id = m.document JOIN sources s ON s.id = d.source
			WHERE m.marking <= $1 AND (%s = $2 OR $2 = '') AND s.id IN %s AND m.at >= %d AND m.at < %d AND m.entity IN %s GROUP BY day, late`,
			perDay, p.since*perDay, p.learned, speaks(), list(3, len(x.sources)), p.first*perDay, (p.last+7)*perDay, list(3+len(x.sources), len(ids))),
		append(args, anys(ids)...)...)
	if err != nil {
		return err
	}
	for _, t := range days {
		w := (weekOf(sql.NullInt64{Int64: t.day * day, Valid: true}) - p.first) / 7
		x.Weeks[w] += int(t.n)
		if t.late {
			x.Late[w] += int(t.n)
		}
	}
	return nil
}
