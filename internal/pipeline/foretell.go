package pipeline

import (
	"cmp"
	"context"
	"fmt"
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

// Words are what one voice told of each series of a panel beyond its habit, by week, and
// whose word that is; nil of those of whom nobody did.
type words struct {
	excess [][]int
	whose  []string
}

// listened is how many of the voices that told the most of somebody are looked at.
const listened = 3

// words finds who told the most of each series beyond its habit.
func (p *Pipeline) words(ctx context.Context, f field, all []counted, panel *activity.Panel, at []int) (words, error) {
	w := words{make([][]int, len(at)), make([]string, len(at))}
	began, err := p.DB.Began(ctx)
	if err != nil {
		return w, err
	}
	for s, i := range at {
		if !panel.Eligible(s, panel.Weeks) && !panel.Young(s, panel.Weeks) {
			continue
		}
		loud, err := p.DB.Loudest(ctx, f.reader, store.Names(all[i].names), store.Hearing{From: panel.Start, Since: panel.At(panel.Fresh()), To: panel.At(panel.Weeks - 1), Began: began, Most: listened, Unnamed: p.Unnamed})
		if err != nil {
			return w, err
		}
		most := 0
		for _, l := range loud {
			excess := panel.Excess(l.Weeks, l.Late)
			n, told := 0, 0
			for k, x := range excess {
				n += x
				if told += l.Late[k]; k >= panel.Fresh() {
					told += l.Weeks[k]
				}
			}
			if n <= most {
				continue
			}
			most, w.excess[s], w.whose[s] = n, excess, fmt.Sprintf("bounded: %d of the %d documents that %s told of late are beyond its habit", n, told, voiced(l.Source, l.Account))
		}
	}
	return w, nil
}

// voiced names a voice: a source, an account of it, or all that nobody named.
func voiced(source intel.SourceID, account string) string {
	switch {
	case source == "":
		return "sources that nobody named"
	case account != "":
		return "one account of " + string(source)
	}
	return "the source " + string(source)
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
	if len(panel.Series) == 0 {
		return
	}
	inputs := forecast.Digest("activity", panel, w.excess)
	less := panel.Less(w.excess)
	for _, weeks := range []int{1, 4} {
		calm := activity.Gather(less, weeks).Ready() // nor is anything learned from it
		m := calm.Of(panel)
		for s, i := range at {
			var c forecast.Count
			without := m.Usual()
			switch {
			case panel.Eligible(s, panel.Weeks):
				poolOf(&c, m, s)
				c.Precedents = precedents(m, panel, all, at, s)
				if weeks == 4 && m.Learned() { // nothing is known of how good others are
					c.Skill = activity.Shown()
				}
				if less.Heard(s) {
					without = calm.Forecast(s)
				}
			case panel.Young(s, panel.Weeks):
				c = forecast.Alone(all[i].since(panel.Series[s].First, panel.Watched), weeks)
			default:
				continue
			}
			c.Weeks, c.Inputs, c.Surge = weeks, inputs, less.Surge(s)
			c.Others.Any, c.Others.States = calm.Came(1)
			c.Others.Surges, _ = calm.Came(c.Surge)
			if w.loud() {
				heed(&c, without, less.Surge(s), w.whose[s])
			}
			all[i].silent, all[i].foretold = false, append(all[i].foretold, c)
		}
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

// loud reports whether anybody told more than usual.
func (w words) loud() bool {
	return slices.ContainsFunc(w.excess, func(e []int) bool { return e != nil })
}

// heed bounds how far one voice moves a distribution from what is said without its word.
func heed(c *forecast.Count, without activity.PMF, surge int, whose string) {
	bound, share := activity.Heed(c.Mass, without, surge)
	if share < 1 {
		c.Was, c.Mass, c.Bound = c.Mass, bound, cmp.Or(whose, boundedByOthers)
	}
}

// boundedByOthers is why a forecast is bounded of whom no single voice told more.
const boundedByOthers = "bounded: what single voices told of others beyond their habit"

// since is a series from the week on in which it was heard of first.
func (c *counted) since(first int, observed []bool) forecast.Series {
	c.weeks, c.observed = c.weeks[len(c.weeks)-(len(observed)-first):], observed[first:]
	return forecast.Series{Entity: c.entity, Weeks: c.weeks, Observed: c.observed}
}

// panelOf is the panel of all that were heard of in a week that has ended, and where
// each of its series stands. What a collector found of somebody when it began is no
// activity: a first week of more than three, and three times as many as the busiest
// behind it, is left out.
func panelOf(all []counted) (*activity.Panel, []int) {
	p, at := &activity.Panel{}, []int(nil)
	for i, c := range all {
		if len(c.weeks) == 0 {
			continue
		}
		if p.Weeks == 0 {
			p.Start, p.Weeks = c.weeks[0].Start, len(c.weeks)
		}
		s := activity.Series{Name: c.entity.String(), Counts: make([]int, p.Weeks), First: -1}
		most := 0
		for w, n := range c.weeks[:p.Weeks] {
			s.Counts[w] = max(0, n.N)
			switch {
			case s.Counts[w] > 0 && s.First < 0:
				s.First = w
			case s.First >= 0:
				most = max(most, s.Counts[w])
			}
		}
		if s.First < 0 {
			continue
		}
		if first := s.Counts[s.First]; most > 0 && first > bulk && first > bulk*most {
			s.Counts[s.First] = 0
			s.First = slices.IndexFunc(s.Counts, func(n int) bool { return n > 0 })
		}
		p.Series, at = append(p.Series, s), append(at, i)
	}
	if p.Weeks > 0 {
		p.Outages()
	}
	return p, at
}

// bulk is how many documents of a first week may be what a collector found.
const bulk = 3
