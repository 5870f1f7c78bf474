package pipeline

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/forecast/activity"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// A counted is the weeks of who is forecast, and what is foretold of the next ones.
type counted struct {
	entity   intel.Entity
	names    []store.Resolution
	weeks    []intel.Count // that have ended
	own      bool          // readers of the clearance see more of it than others do
	made     bool          // its forecasts of today are there
	observed []bool
	silent   bool      // no count of it can be foretold
	last     time.Time // it was heard of
	foretold []forecast.Count
}

// counts reads the weeks of two years of entities, and foretells the next of all
// together: what came of one tells of the others. Where all have their forecasts of
// today there are none.
func (p *Pipeline) counts(ctx context.Context, f field, busy []store.Busy) ([]counted, error) {
	out, due, err := p.lacking(ctx, f, busy)
	if err != nil || !due {
		return nil, err
	}
	for i := range out {
		weeks, err := p.DB.Weekly(ctx, f.reader, store.Names(out[i].names), f.since(), f.now, time.Time{})
		if err != nil {
			return nil, err
		}
		out[i].weeks = weeks[:max(0, len(weeks)-1)] // the week that has not ended is none
	}
	panel, at := panelOf(out)
	words, err := p.words(ctx, f, out, panel, at)
	if err != nil {
		return nil, err
	}
	foretell(out, panel, at, words)
	return out, nil
}

// lacking says who is to be counted, and whether one of them lacks forecasts of today: of
// those of whom readers of the clearance see more than those of a lower one.
func (p *Pipeline) lacking(ctx context.Context, f field, busy []store.Busy) (out []counted, due bool, err error) {
	entities := make([]intel.Entity, len(busy))
	for i, b := range busy {
		entities[i] = b.Entity
	}
	made, err := p.DB.Foretold(ctx, entities, f.reader.Clearance, forecast.Today(f.now))
	if err != nil {
		return nil, false, err
	}
	for i, e := range entities {
		names, err := p.DB.NamesOf(ctx, f.reader, e)
		if err != nil {
			return nil, false, err
		}
		markings, err := p.DB.Markings(ctx, f.reader, store.Names(names))
		if err != nil {
			return nil, false, err
		}
		own := slices.Contains(markings, f.reader.Clearance)
		due = due || own && !made[e]
		out = append(out, counted{entity: e, names: names, own: own, made: made[e], last: busy[i].Last})
	}
	return out, due, nil
}

// foretell fills in what is foretold of each that can be. Who was heard of in the last
// two weeks only is foretold by those, and who was not heard of for half a year, or in
// no week that has ended, is not.
func foretell(all []counted, panel *activity.Panel, at []int, w words) {
	for i := range all {
		all[i].observed, all[i].silent = panel.Watched, true
	}
	for s, i := range at {
		all[i].observed = panel.Seen(s)
	}
	if len(panel.Series) == 0 {
		return
	}
	inputs, worlds := forecast.Digest("activity", panel, w.read()), w.worlds()
	calm := panel.Less(w.beyond(func(string) bool { return true }))
	for _, weeks := range []int{1, 4} {
		for i := range worlds {
			worlds[i].learn(weeks)
		}
		for s, i := range at {
			var c forecast.Count
			surge := calm.Surge(s)
			switch {
			case panel.Eligible(s, panel.Weeks):
				m := worlds[0].known
				if len(w.beside(s)) > 0 {
					m = worlds[0].model(s, panel.Series[s])
				}
				poolOf(&c, m, s)
				c.Precedents = precedents(m, worlds[0].heard, all, at, s)
				if weeks == 4 && m.Learned() { // nothing is known of how good others are
					c.Skill = activity.Shown()
				}
				if w.loud() {
					bound(&c, worlds, s, surge)
				}
			case panel.Young(s, panel.Weeks):
				c = forecast.Alone(all[i].since(panel.Series[s].First, panel.Seen(s)), weeks)
				if w.loud() {
					w.heedYoung(&c, worlds[0].known.Usual(), s, surge)
				}
			default:
				continue
			}
			c.Weeks, c.Inputs, c.Surge = weeks, inputs, surge
			c.Others.Any, c.Others.States = worlds[0].calm.Came(1)
			c.Others.Surges, _ = worlds[0].calm.Came(surge)
			c.Others.Documents = worlds[0].calm.Sum()
			all[i].silent, all[i].foretold = false, append(all[i].foretold, c)
		}
	}
}

// bound bounds how far any one source moves a distribution, by what it tells of a series,
// and by what models learn from what it tells of others.
func bound(c *forecast.Count, worlds []world, s, surge int) {
	d, own := worlds[0].bounded(s, surge, c.Mass)
	for i := len(worlds) - 1; i > 0; i-- { // the loudest strictly
		w := &worlds[i]
		without, _ := w.bounded(s, surge, nil)
		var share float64
		if d.PMF, share = without.Heed(d.PMF, surge, w.bound()); share < 1 && own == "" {
			own = "bounded: what " + voiced(w.but, "") + " tells of others"
		}
	}
	if own != "" {
		c.Was, c.Mass, c.Bound = c.Mass, d.PMF, own
	}
}

// poolOf fills in what a model says of a series.
func poolOf(c *forecast.Count, m *activity.Model, s int) {
	parts := m.Part(s)
	c.Model, c.Mass = m.Name(), m.Calibrated(s, activity.Pool(parts))
	for k, name := range map[int]string{activity.ByForest: "what came of states like this", activity.ByPosterior: "its own rate, that forgets",
		activity.ByAnalogs: "the nearest past states", activity.BySmoothing: "how often and how much, smoothed"} {
		c.Parts = append(c.Parts, forecast.Part{Name: name, Any: parts[k].Any()})
	}
	slices.SortFunc(c.Parts, func(a, b forecast.Part) int { return cmp.Compare(a.Name, b.Name) })
}

// heedYoung bounds how far a distribution of who was heard of of late only lies from what
// is said of whom nothing is known.
func (w *words) heedYoung(c *forecast.Count, usual activity.PMF, s, surge int) {
	bound, share := activity.Heed(c.Mass, usual, surge, w.bound())
	if share < 1 {
		c.Was, c.Mass, c.Bound = c.Mass, bound, cmp.Or(w.young(s), boundedByOthers)
	}
}

// boundedByOthers is why a forecast is bounded of whom no single voice told more.
const boundedByOthers = "bounded: what single voices told of others beyond their habit"

// since is a series from the week on in which it was heard of first.
func (c *counted) since(first int, observed []bool) forecast.Series {
	c.weeks, c.observed = c.weeks[len(c.weeks)-(len(observed)-first):], observed[first:]
	return forecast.Series{Entity: c.entity, Weeks: c.weeks, Observed: c.observed}
}

// told is how many documents told of it in each week.
func (c *counted) told(weeks int) []int {
	out := make([]int, weeks)
	for w, n := range c.weeks[:weeks] {
		out[w] = max(0, n.N)
	}
	return out
}

// panelOf is the panel of all that were heard of in a week that has ended, and where
// each of its series stands.
func panelOf(all []counted) (*activity.Panel, []int) {
	p, at := &activity.Panel{}, []int(nil)
	for i, c := range all {
		if len(c.weeks) == 0 {
			continue
		}
		if p.Weeks == 0 {
			p.Start, p.Weeks = c.weeks[0].Start, len(c.weeks)
		}
		if s := seriesOf(c.entity.String(), c.told(p.Weeks)); s.First < p.Weeks {
			p.Series, at = append(p.Series, s), append(at, i)
		}
	}
	if p.Weeks > 0 {
		p.Outages()
	}
	return p, at
}

// seriesOf is a series by its counts. What a collector found of somebody when it began is
// no activity: a first week of more than three, and three times as many as the busiest
// behind it, is left out. Who was not heard of was so first behind the last week.
func seriesOf(name string, counts []int) activity.Series {
	s := activity.Series{Name: name, Counts: counts, First: len(counts)}
	first := func() int {
		if w := slices.IndexFunc(counts, func(n int) bool { return n > 0 }); w >= 0 {
			return w
		}
		return len(counts)
	}
	if s.First = first(); s.First >= len(counts)-1 {
		return s
	}
	most := slices.Max(counts[s.First+1:])
	if n := counts[s.First]; most > 0 && n > bulk && n > bulk*most {
		counts[s.First] = 0
		s.First = first()
	}
	return s
}

// bulk is how many documents of a first week may be what a collector found.
const bulk = 3
