package pipeline

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// mostSaid is how many documents say a row at most that is looked at: what more
// say rests on no single day.
const mostSaid = 50

// A doubting is by what rows are doubted: what was known then, if that is not zero,
// and where levels begin.
type doubting struct {
	then time.Time
	cuts score.Cuts
}

// doubt puts on rows about indicators what the behaviour of their sources, and how
// many share a value, says against them, and orders them anew. Value names the
// indicator that a row is about.
func (ed *Editor) doubt(ctx context.Context, r intel.Reader, rows []intel.Row, value func(intel.Row) intel.Entity, by doubting) error {
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
		if id, err := strconv.ParseInt(row.ID, 10, 64); err == nil && row.Documents <= mostSaid {
			links = append(links, id)
		}
	}
	claimants, err := ed.DB.Claimants(ctx, r, values, by.then)
	if err != nil {
		return err
	}
	grounds, odd, err := ed.grounds(ctx, r, links, by.then)
	if err != nil {
		return err
	}
	for i, row := range rows {
		var d score.Doubt
		if id, err := strconv.ParseInt(row.ID, 10, 64); err == nil {
			d = score.Against(grounds[id], func(v score.Voice) (score.Odd, bool) { o, ok := odd[v]; return o, ok })
		}
		d.Claimants, d.Cuts = claimants[value(row)], by.cuts
		rows[i] = score.Doubted(row, d)
	}
	slices.SortStableFunc(rows, surest)
	return nil
}

// Judged is the row of one link as it is believed now, all that speaks against it
// told, if it is about an indicator.
func (ed *Editor) Judged(ctx context.Context, r intel.Reader, a store.Assessed, now time.Time) (intel.Row, error) {
	m, err := ed.Measure(ctx, now)
	if err != nil {
		return intel.Row{}, err
	}
	rows := []intel.Row{ed.row(a, store.Section{Inward: a.Link.From.Kind.Class() == intel.IOC}, m.Scale.Cuts)}
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
	err = ed.doubt(ctx, r, rows, func(row intel.Row) intel.Entity { return row.Entity }, doubting{cuts: m.Scale.Cuts})
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
	odd := make(map[score.Voice]score.Odd, len(days))
	for voice, paces := range days {
		all := make([]score.Day, len(paces))
		for i, p := range paces {
			all[i] = score.Day(p)
		}
		odd[score.Voice(voice)] = score.OddDays(all)
	}
	return odd, nil
}

// Bursts returns the links that one account alone says, and only in a burst.
func (ed *Editor) Bursts(ctx context.Context, r intel.Reader) (map[int64]bool, error) {
	busy, err := ed.DB.BusyEver(ctx, r, score.MuchInADay)
	if err != nil {
		return nil, err
	}
	odd, err := ed.odd(ctx, r, busy, time.Time{})
	if err != nil {
		return nil, err
	}
	var days []store.Ground
	for voice, o := range odd {
		for _, day := range o.Bursts() {
			days = append(days, store.Ground{Voice: store.Voice(voice), Day: day})
		}
	}
	links, err := ed.DB.SaidOn(ctx, r, days, mostSaid)
	if err != nil {
		return nil, err
	}
	out := map[int64]bool{}
	for some := range slices.Chunk(links, 10_000) {
		grounds, err := ed.DB.Grounds(ctx, r, some, time.Time{})
		if err != nil {
			return nil, err
		}
		for link, g := range grounds {
			if score.Against(spoken(g), func(v score.Voice) (score.Odd, bool) { o, ok := odd[v]; return o, ok }).Burst {
				out[link] = true
			}
		}
	}
	return out, nil
}

// Indicators gives each indicator that r may see somebody linked with, believed as
// far as a lookup says, and at most n of whom it points to; see
// [store.DB.Indicators].
func (ed *Editor) Indicators(ctx context.Context, r intel.Reader, n int, each func(store.Indicator) error) error {
	bursts, err := ed.Bursts(ctx, r)
	if err != nil {
		return err
	}
	weigh := func(link int64, p float64) float64 { return score.Doubt{Burst: bursts[link]}.Lower(p) }
	return ed.DB.Indicators(ctx, r, n, weigh, func(i store.Indicator) error {
		d := score.Doubt{Claimants: i.Claimants}
		i.Probability = d.Lower(i.Probability)
		for k := range i.Points {
			i.Points[k].Probability = d.Lower(i.Points[k].Probability)
		}
		return each(i)
	})
}
