package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// spread tells each row of whom its name stands for: of a name of several there is a
// row for each, believed as far as the name means that one.
func (ed *Editor) spread(ctx context.Context, r intel.Reader, rows []intel.Row) ([]intel.Row, error) {
	var names []intel.Entity
	for _, row := range rows {
		if row.Entity.Kind.Slugged() {
			names = append(names, row.Entity)
		}
	}
	if len(names) == 0 {
		return rows, nil
	}
	candidates, err := ed.DB.Candidates(ctx, r, names)
	if err != nil || len(candidates) == 0 {
		return rows, err
	}
	out := make([]intel.Row, 0, len(rows))
	for _, row := range rows {
		means := candidates[row.Entity]
		if len(means) == 0 {
			out = append(out, row)
		}
		for _, c := range means {
			out = append(out, ed.meant(row, c))
		}
	}
	return out, nil
}

// meant is a row of a name as one of whom that stands for.
func (ed *Editor) meant(row intel.Row, c store.Candidate) intel.Row {
	name := row.Entity
	if c.Share < 1 {
		joins := joinsOf(row)
		row.Joins = make([]intel.Join, len(joins))
		for i, j := range joins {
			row.Joins[i] = intel.Join{Link: j.Link, Name: name, Share: j.Share * c.Share}
		}
		row.Probability *= c.Share
	}
	row.Entity, row.Value = c.Entity, ed.Reference().Title(c.Entity)
	if row.Value == c.Entity.Title() {
		row.Value = cmp.Or(c.Title, row.Value)
	}
	return row
}

// distinct makes one row of those that say the same of the same: a link that holds
// both ways is one row, and so is what is said under two names. It has the dates and
// the links of all, and is to be weighed by [Editor.join].
func distinct(rows []intel.Row) []intel.Row {
	type key struct {
		entity intel.Entity
		says   string // attacked and targeted countries have one role
	}
	at := make(map[key]int, len(rows))
	kept := rows[:0]
	for _, r := range rows {
		k := key{r.Entity, cmp.Or(r.Role, string(r.Relation))}
		i, ok := at[k]
		if !ok {
			at[k] = len(kept)
			kept = append(kept, r)
			continue
		}
		first := &kept[i]
		first.Joins = append(joinsOf(*first), joinsOf(r)...)
		first.Documents = max(first.Documents, r.Documents) // those of all are counted by join
		if !r.First.IsZero() && (first.First.IsZero() || r.First.Before(first.First)) {
			first.First = r.First
		}
		if r.Last.After(first.Last) {
			first.Last = r.Last
		}
		first.Dated = first.Dated || r.Dated
	}
	return kept
}

// joinsOf is the links that a row is made of, of whatever name.
func joinsOf(row intel.Row) []intel.Join {
	if len(row.Joins) > 0 {
		return slices.Clip(row.Joins)
	}
	var out []intel.Join
	for _, l := range row.Links() {
		out = append(out, intel.Join{Link: l, Share: 1})
	}
	return out
}

// A joint is what a row that several links make comes to.
type joint struct {
	id          string
	probability float64
	origins     int
	lasting     int // of them, of which something is left
	documents   int // 0: as many as one of its links at least
	first, last time.Time
	dated       bool // see [score.Dated]
}

type jointKey struct {
	of, entity intel.Entity
	relation   intel.Relation
	role       string
	reader     intel.Reader
	link       int64 // the first of so many
	links      int
}

// mostJoints bounds the memory joints take.
const mostJoints = 50_000

// with is a row as its links together come to.
func (j joint) with(row intel.Row, cuts score.Cuts) intel.Row {
	row.ID, row.Documents = j.id, max(row.Documents, j.documents)
	if len(row.Joins) > 1 && row.Suppressed == "" {
		row.Probability, row.Origins, row.First, row.Last, row.Dated = j.probability, j.origins, j.first, j.last, j.dated
		row.Lasting, row.Level = j.lasting, cuts.Level(j.probability, j.lasting, j.dated)
	}
	return row
}

// join weighs rows together that several links make, as of the latest moment at which
// one of them was weighed, and names rows that are not one link as it stands by what
// they say. How far rows are believed that are set aside stays as it is. E is what all
// are of, by names of its own.
func (ed *Editor) join(ctx context.Context, r intel.Reader, e intel.Entity, own func(intel.Entity) bool, rows []intel.Row, w Window, now time.Time) error {
	epoch, err := ed.DB.Epoch(ctx)
	if err != nil {
		return err
	}
	keyOf := func(row intel.Row) jointKey {
		return jointKey{e, row.Entity, row.Relation, row.Role, r, row.Joins[0].Link, len(row.Joins)}
	}
	var ids []int64
	var left []int
	for i, row := range rows {
		if len(row.Joins) == 0 || joined(row) {
			continue
		}
		rows[i] = ambiguous(row, w.cuts)
		if j, ok := ed.joints.at(epoch, keyOf(row), mostJoints); ok && !w.Back {
			rows[i] = j.with(rows[i], w.cuts)
			continue
		}
		ids, left = append(ids, row.Links()...), append(left, i)
	}
	if len(left) == 0 {
		return nil
	}
	weighed, err := ed.weigh(ctx, r, ids, w, now)
	if err != nil {
		return err
	}
	for _, i := range left {
		key := keyOf(rows[i])
		j, err := weighed.together(ctx, rows[i])
		if err != nil {
			return err
		}
		j.id = says(e, rows[i], !own(weighed.links[key.link].From))
		rows[i] = j.with(rows[i], w.cuts)
		if !w.Back {
			ed.joints.keep(epoch, key, j)
		}
	}
	return nil
}

// joined reports whether a row was weighed together already.
func joined(row intel.Row) bool {
	_, err := strconv.ParseInt(row.ID, 10, 64)
	return err != nil
}

// says writes what a row says of e, at whose end of a link that is or is not.
func says(e intel.Entity, row intel.Row, inward bool) string {
	l := intel.Link{From: e, Relation: row.Relation, To: row.Entity}
	if inward {
		l.From, l.To = l.To, l.From
	}
	return l.String()
}

// ambiguous is a row that is said of names of several alone, believed as far as they
// mean what it is of.
func ambiguous(row intel.Row, cuts score.Cuts) intel.Row {
	if row.Suppressed != "" {
		return row
	}
	row.Level = cuts.Level(row.Probability, row.Lasting, row.Dated)
	for _, j := range row.Joins {
		if j.Share == 1 || row.Relation == intel.AliasOf {
			return row
		}
	}
	for _, j := range row.Joins {
		why := fmt.Sprintf("said of %s, which means it by %.0f %%", j.Name.Title(), 100*j.Share)
		if !slices.Contains(row.Doubts, why) {
			row.Doubts = append(row.Doubts, why)
		}
	}
	return row
}

// A weighing is what rows are weighed together by.
type weighing struct {
	ed       *Editor
	reader   intel.Reader
	now      time.Time
	back     bool
	cuts     score.Cuts
	links    map[int64]intel.Link
	at       map[int64]time.Time // when each was weighed
	parts    map[int64][]intel.Evidence
	measures map[time.Time]Measure
}

// weigh reads what links rest on, by what r may see.
func (ed *Editor) weigh(ctx context.Context, r intel.Reader, ids []int64, w Window, now time.Time) (out weighing, err error) {
	out = weighing{ed: ed, reader: r, now: now, back: w.Back, cuts: w.cuts, measures: map[time.Time]Measure{}}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if out.links, err = ed.DB.Links(ctx, ids); err != nil {
		return out, err
	}
	if !w.Back {
		if out.at, err = ed.DB.WeighedAt(ctx, r, ids); err != nil {
			return out, err
		}
	}
	out.parts, err = ed.DB.PartsOf(ctx, r, ids, now, w.then(now))
	return out, err
}

// sayings is what is said of the links of a row, and when the latest was weighed.
func (w weighing) sayings(row intel.Row) (all []score.Saying, at time.Time) {
	for _, j := range row.Joins {
		evidence := w.parts[j.Link]
		if j.Denies {
			evidence = denied(evidence)
		}
		all = append(all, score.Saying{Share: j.Share, Evidence: evidence})
		if w.at[j.Link].After(at) {
			at = w.at[j.Link]
		}
	}
	if w.back || at.IsZero() {
		at = w.now
	}
	return all, at
}

// denied is evidence of what a row denies.
func denied(evidence []intel.Evidence) []intel.Evidence {
	out := slices.Clone(evidence)
	for i := range out {
		out[i].Stance = intel.Supports + intel.Disputes - out[i].Stance
	}
	return out
}

// measure is what rows were weighed by as of a moment.
func (w weighing) measure(ctx context.Context, at time.Time) (m Measure, err error) {
	m, ok := w.measures[at]
	if !ok {
		if m, err = w.ed.Measure(ctx, at); err == nil {
			w.measures[at] = m
		}
	}
	return m, err
}

// together is what all links of a row come to.
func (w weighing) together(ctx context.Context, row intel.Row) (joint, error) {
	sayings, at := w.sayings(row)
	m, err := w.measure(ctx, at)
	if err != nil {
		return joint{}, err
	}
	a, _ := m.Together(sayings)
	j := joint{probability: a.Probability, origins: a.Origins, first: a.First, last: a.Last, dated: w.dated(row, a)}
	if j.lasting, err = w.lasting(ctx, sayings, a); err != nil {
		return j, err
	}
	j.documents, err = w.documents(ctx, row)
	return j, err
}

// lasting is how many voices count for High of sayings that come to that, as of now, which
// may be days after they were weighed.
func (w weighing) lasting(ctx context.Context, sayings []score.Saying, a intel.Assessment) (int, error) {
	if a.Lasting < 2 || !a.At.Before(w.now.UTC().Truncate(24*time.Hour)) {
		return a.Lasting, nil
	}
	m, err := w.measure(ctx, w.now)
	if err != nil {
		return 0, err
	}
	today, _ := m.Together(sayings)
	return min(a.Lasting, today.Lasting), nil
}

// dated reports whether a row that comes to that has a date as of now, which may be days
// after it was weighed.
func (w weighing) dated(row intel.Row, a intel.Assessment) bool {
	return a.Dated && slices.ContainsFunc(row.Joins, func(j intel.Join) bool { return score.Dated(w.links[j.Link], a.Last, w.now) })
}

// documents is in how many documents any of the links of a row is said; 0 where that
// is not known, or what its only link has.
func (w weighing) documents(ctx context.Context, row intel.Row) (int, error) {
	var links []int64
	for _, j := range row.Joins {
		if !j.Denies {
			links = append(links, j.Link)
		}
	}
	if len(links) < 2 {
		return 0, nil
	}
	return w.ed.DB.SaidIn(ctx, w.reader, links, Window{Back: w.back}.then(w.now))
}

// Together assesses what is said of a row under several names, with what analysts
// said of its links.
func (m Measure) Together(sayings []score.Saying) (intel.Assessment, []score.Step) {
	all := slices.Clone(sayings)
	for i := range all {
		all[i].Evidence = m.Rulings.Among(all[i].Evidence)
	}
	return m.Scale.Together(all, m.now)
}

// disputed marks rows against which somebody speaks: a source whose word r may see, or
// an analyst.
func (ed *Editor) disputed(ctx context.Context, r intel.Reader, w Window, now time.Time, tables ...[]intel.Row) error {
	var ids []int64
	for _, rows := range tables {
		for _, row := range rows {
			ids = append(ids, row.Links()...)
		}
	}
	against, err := ed.DB.Disputed(ctx, r, ids, w.then(now))
	if err != nil {
		return err
	}
	refuted, err := ed.refuted(ctx, ids, now)
	if err != nil || len(against)+len(refuted) == 0 {
		return err
	}
	for _, rows := range tables {
		for i, row := range rows {
			rows[i].Disputed = slices.ContainsFunc(row.Links(), func(id int64) bool { return against[id] || refuted[id] })
		}
	}
	return nil
}

// refuted returns which of links an analyst refuted whose word counts.
func (ed *Editor) refuted(ctx context.Context, links []int64, now time.Time) (map[int64]bool, error) {
	all, _, err := ed.rulings.read(ctx, ed.DB)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	rulings := ed.rulings.asOf(all, now)
	found, err := ed.DB.Links(ctx, links)
	out := map[int64]bool{}
	for id, l := range found {
		if v, ok := rulings.On(l); ok && v.Ruling == intel.RefuteRow {
			out[id] = true
		}
	}
	return out, err
}
