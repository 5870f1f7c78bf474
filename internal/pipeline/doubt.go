package pipeline

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// mostSaid is how many documents say a row at most that is looked at: what more
// say rests on no single day.
const mostSaid = 50

// A doubting is by what rows are doubted: what is known now, or was then if it looks
// back, and where levels begin.
type doubting struct {
	now  time.Time
	back bool
	cuts score.Cuts
}

// then is the moment that it looks back to, zero if it does not.
func (d doubting) then() time.Time { return Window{Back: d.back}.then(d.now) }

// doubt puts on rows about indicators what the behaviour of their sources, and how
// many share a value, says against them, and orders them anew. Value names the
// indicator that a row is about.
func (ed *Editor) doubt(ctx context.Context, r intel.Reader, rows []intel.Row, value func(intel.Row) intel.Entity, by doubting) error {
	doubts, err := ed.doubtsOf(ctx, r, rows, value, by)
	if err != nil {
		return err
	}
	for i, d := range doubts {
		rows[i] = score.Doubted(rows[i], d)
	}
	slices.SortStableFunc(rows, surest)
	return nil
}

// doubtsOf returns what speaks against each of rows.
func (ed *Editor) doubtsOf(ctx context.Context, r intel.Reader, rows []intel.Row, value func(intel.Row) intel.Entity, by doubting) ([]score.Doubt, error) {
	var links []int64
	var values []intel.Entity
	seen := map[intel.Entity]bool{}
	for _, row := range rows {
		if row.Suppressed != "" || row.Predicted {
			continue
		}
		if e := value(row); !seen[e] {
			seen[e] = true
			values = append(values, e)
		}
		if row.Documents <= mostSaid {
			links = append(links, row.Links()...)
		}
	}
	grounds, odd, err := ed.grounds(ctx, r, links, by.then())
	if err != nil {
		return nil, err
	}
	shared, err := ed.shared(ctx, r, rows, values, value, by)
	if err != nil {
		return nil, err
	}
	confirmed, err := ed.confirmed(ctx, values, by.now)
	if err != nil {
		return nil, err
	}
	out := make([]score.Doubt, len(rows))
	for i, row := range rows {
		var some []score.Ground
		d := score.Doubt{Cuts: by.cuts}
		for k, id := range row.Links() {
			some = append(some, grounds[id]...)
			if n := shared[id]; k == 0 || n < d.Claimants { // more is said for a row of several links than for each
				d.Claimants = n
			}
		}
		a := score.Against(some, func(v score.Voice) (score.Odd, bool) { o, ok := odd[v]; return o, ok })
		d.Burst, d.Load = a.Burst, a.Load
		for _, id := range row.Links() {
			if v, ok := confirmed[id]; ok {
				d = d.Despite(v)
			}
		}
		out[i] = d
	}
	return out, nil
}

// doubtAsOf returns what speaks against a row of a value as of the moment of an inquiry,
// and whether anybody says the row.
func (ed *Editor) doubtAsOf(ctx context.Context, r intel.Reader, row intel.Row, value intel.Entity, w Window, q *score.Inquiry) (score.Doubt, bool, error) {
	switch {
	case w.Back && len(q.Parts) == 0:
		return score.Doubt{}, false, nil
	case w.Back && len(row.Joins) == 0:
		said := map[intel.DocumentID]bool{}
		for _, e := range q.Parts {
			said[e.Document] = true
		}
		row.Documents = len(said)
	case len(row.Joins) == 0:
		a, err := ed.DB.Between(ctx, r, row.Links()[0])
		if errors.Is(err, intel.ErrNotFound) {
			return score.Doubt{}, false, nil // all of it was taken back
		}
		if err != nil {
			return score.Doubt{}, false, err
		}
		row = ed.row(a, store.Section{Inward: a.Link.From == value}, score.Cuts{}, q.Now)
	}
	row.Suppressed = "" // which is told apart
	rows := []intel.Row{row}
	doubts, err := ed.doubtsOf(ctx, r, rows, func(intel.Row) intel.Entity { return value }, doubting{now: q.Now, back: w.Back})
	if err != nil {
		return score.Doubt{}, false, err
	}
	doubts[0].Cuts = score.Cuts{}
	return doubts[0], true, nil
}

// shared returns, by the links of rows, among how many the values of rows count as shared.
func (ed *Editor) shared(ctx context.Context, r intel.Reader, rows []intel.Row, values []intel.Entity, value func(intel.Row) intel.Entity, by doubting) (map[int64]int, error) {
	claimants, err := ed.DB.Claimants(ctx, r, values, by.then())
	if err != nil {
		return nil, err
	}
	of := map[intel.Entity][]int64{}
	for _, row := range rows {
		if e := value(row); claimants[e] >= score.TooMany {
			of[e] = append(of[e], row.Links()...)
		}
	}
	out := map[int64]int{}
	err = ed.crowded(ctx, r, of, claimants, by, func(link int64, n int) { out[link] = n })
	return out, err
}

// Sharers returns among how many each of values that many are said to be behind counts
// as shared: as the row of it does that counts least.
func (ed *Editor) Sharers(ctx context.Context, r intel.Reader, values []intel.Entity, now time.Time) (map[intel.Entity]int, error) {
	claimants, err := ed.DB.Claimants(ctx, r, values, time.Time{})
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(claimants, func(_ intel.Entity, n int) bool { return n < score.TooMany })
	if len(claimants) == 0 {
		return nil, nil
	}
	many := slices.Collect(maps.Keys(claimants))
	of, err := ed.DB.Indicating(ctx, many)
	if err != nil {
		return nil, err
	}
	value := map[int64]intel.Entity{}
	for e, links := range of {
		for _, id := range links {
			value[id] = e
		}
	}
	out := maps.Clone(claimants)
	err = ed.crowded(ctx, r, of, claimants, doubting{now: now}, func(link int64, n int) { out[value[link]] = min(out[value[link]], n) })
	if err != nil {
		return nil, err
	}
	confirmed, err := ed.confirmed(ctx, many, now)
	for link := range confirmed {
		delete(out, value[link])
	}
	return out, err
}

// crowded tells of links of values that many are said to be behind among how many
// each counts as shared.
func (ed *Editor) crowded(ctx context.Context, r intel.Reader, of map[intel.Entity][]int64, claimants map[intel.Entity]int, by doubting, tell func(link int64, n int)) error {
	if len(of) == 0 {
		return nil
	}
	m, err := ed.Measure(ctx, by.now)
	if err != nil {
		return err
	}
	naming, err := ed.DB.Naming(ctx, r, slices.Collect(maps.Keys(of)), by.then())
	if err != nil {
		return err
	}
	sayings, err := ed.DB.Sayings(ctx, r, slices.Concat(slices.Collect(maps.Values(of))...), by.then())
	if err != nil {
		return err
	}
	for e, links := range of {
		for _, id := range links {
			tell(id, m.Scale.Sharers(sayings[id].Sources, naming[e], claimants[e], sayings[id].Claimant))
		}
	}
	return nil
}

// confirmed returns the words of analysts that count and confirm a row of values, by
// the rows.
func (ed *Editor) confirmed(ctx context.Context, values []intel.Entity, now time.Time) (map[int64]intel.RowVerdict, error) {
	asked := make(map[intel.Entity]bool, len(values))
	for _, e := range values {
		asked[e] = true
	}
	return ed.confirming(ctx, now, func(l intel.Link) bool { return asked[l.From] || asked[l.To] })
}

func (ed *Editor) confirming(ctx context.Context, now time.Time, which func(intel.Link) bool) (map[int64]intel.RowVerdict, error) {
	all, _, err := ed.rulings.read(ctx, ed.DB)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	var links []intel.Link
	rulings := ed.rulings.asOf(all, now)
	for v := range rulings.All() {
		if v.Ruling == intel.ConfirmRow && which(v.Link) {
			links = append(links, v.Link)
		}
	}
	ids, err := ed.DB.RowIDs(ctx, links)
	out := make(map[int64]intel.RowVerdict, len(ids))
	for l, id := range ids {
		out[id], _ = rulings.On(l)
	}
	return out, err
}

// Judged is the row of one link as it is believed now, all that speaks against it
// told, if it is about an indicator.
func (ed *Editor) Judged(ctx context.Context, r intel.Reader, a store.Assessed, now time.Time) (intel.Row, error) {
	m, err := ed.Measure(ctx, now)
	if err != nil {
		return intel.Row{}, err
	}
	rows := []intel.Row{ed.row(a, store.Section{Inward: a.Link.From.Kind.Class() == intel.IOC}, m.Scale.Cuts, now)}
	if rows[0].Entity.Kind.Class() != intel.IOC {
		return rows[0], nil
	}
	screen, err := ed.Screen(ctx, r, now)
	if err != nil {
		return rows[0], err
	}
	if aside := screen.Of(rows[0].Entity); aside.Reason != "" {
		return score.Disbelieved(rows[0], aside), nil
	}
	err = ed.doubt(ctx, r, rows, func(row intel.Row) intel.Entity { return row.Entity }, doubting{now: now, cuts: m.Scale.Cuts})
	return rows[0], err
}

// grounds returns what links rest on where a voice said much that day, and the odd
// days of those voices, by what was known then if that is not zero.
func (ed *Editor) grounds(ctx context.Context, r intel.Reader, links []int64, then time.Time) (map[int64][]score.Ground, map[score.Voice]score.Odd, error) {
	found, err := ed.DB.Grounds(ctx, r, links, then)
	if err != nil {
		return nil, nil, err
	}
	busy, err := ed.DB.Busy(ctx, r, found, score.MuchInADay)
	if err != nil {
		return nil, nil, err
	}
	odd, err := ed.odd(ctx, r, busy, then)
	if err != nil {
		return nil, nil, err
	}
	out := make(map[int64][]score.Ground, len(found))
	for link, some := range found {
		out[link] = spoken(some)
	}
	return out, odd, nil
}

func spoken(grounds []store.Ground) []score.Ground {
	out := make([]score.Ground, len(grounds))
	for i, g := range grounds {
		out[i] = score.Ground{Voice: score.Voice(g.Voice), Day: g.Day}
	}
	return out
}

// odd returns the odd days of voices.
func (ed *Editor) odd(ctx context.Context, r intel.Reader, voices []store.Voice, then time.Time) (map[score.Voice]score.Odd, error) {
	days, err := ed.DB.Paces(ctx, r, voices, then)
	if err != nil {
		return nil, err
	}
	return oddDays(days, math.MaxInt64), nil
}

// oddDays returns the odd days of voices, by their days up to one.
func oddDays(paces map[store.Voice][]store.Pace, last int64) map[score.Voice]score.Odd {
	odd := make(map[score.Voice]score.Odd, len(paces))
	for voice, days := range paces {
		all := make([]score.Day, 0, len(days))
		for _, p := range days {
			if p.Day <= last {
				all = append(all, score.Day(p))
			}
		}
		odd[score.Voice(voice)] = score.OddDays(all)
	}
	return odd
}

// doubts returns what lowers links, of all that something does.
func (ed *Editor) doubts(ctx context.Context, r intel.Reader, now time.Time) (map[int64]score.Doubt, error) {
	out := map[int64]score.Doubt{}
	err := ed.DB.Crowds(ctx, score.TooMany, func(of map[intel.Entity][]int64) error {
		claimants, err := ed.DB.Claimants(ctx, r, slices.Collect(maps.Keys(of)), time.Time{})
		if err != nil {
			return err
		}
		maps.DeleteFunc(of, func(e intel.Entity, _ []int64) bool { return claimants[e] < score.TooMany })
		return ed.crowded(ctx, r, of, claimants, doubting{now: now}, func(link int64, n int) {
			if n >= score.TooMany {
				out[link] = score.Doubt{Claimants: n}
			}
		})
	})
	if err != nil {
		return nil, err
	}
	confirmed, err := ed.confirming(ctx, now, func(intel.Link) bool { return true })
	for link := range confirmed {
		delete(out, link)
	}
	return out, err
}
