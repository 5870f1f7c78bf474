package pipeline

import (
	"cmp"
	"slices"

	"github.com/portent-cti/portent/internal/forecast/activity"
)

// A world is the series of a panel by the word of some sources, and what models learn from
// it: of the collector alone, or of all, or of all but one.
type world struct {
	*words
	but         string          // without it, if models are learned without one
	heard, less *activity.Panel // less is without what one voice told beyond its habit
	calm, known *activity.Model // of less, and what that says of heard
}

// worlds are all that forecasts of a panel are bounded by, the one that they are made in
// first: of the collector alone; where there is none that of all, and without each of those
// that told the most.
func (w *words) worlds() []world {
	first := world{words: w, heard: w.trusted}
	if w.collected {
		first.less = first.heard.Less(w.beyond(w.collects))
		return []world{first}
	}
	first.less = first.heard.Less(w.beyond(func(string) bool { return true }))
	out := []world{first}
	for _, name := range w.majors {
		others := func(other string) bool { return other != name }
		heard := w.heardOf(others)
		out = append(out, world{words: w, but: name, heard: heard, less: heard.Less(w.beyond(others))})
	}
	return out
}

// heardOf is a panel of the word of some sources. Weeks in which all of them fell silent
// were not watched by them.
func (w *words) heardOf(heard func(name string) bool) *activity.Panel {
	out := &activity.Panel{Start: w.panel.Start, Weeks: w.panel.Weeks}
	for s, one := range w.panel.Series {
		var without []source
		for _, x := range w.of[s] {
			if !heard(x.name) {
				without = append(without, x)
			}
		}
		out.Series = append(out.Series, seriesOf(one.Name, less(w.counts[s], without)))
	}
	out.Outages()
	w.miss(out, heard)
	return out
}

// learn learns from a world what will be in so many weeks. From what one voice told beyond
// its habit nothing is learned.
func (w *world) learn(weeks int) {
	w.calm = activity.Gather(w.less, weeks).Ready()
	w.known = w.calm.Of(w.heard)
}

// said is what is said of a series by counts of it without the word of some sources.
func (w *world) said(s int, counts []int, without []source) activity.Said {
	one := seriesOf("", less(counts, without))
	if one.First == w.panel.Weeks {
		return activity.Said{PMF: w.known.Usual()}
	}
	return activity.Said{PMF: w.model(s, one).Forecast(s), Known: true}
}

// model is that of a series which others tell of as well.
func (w *world) model(s int, one activity.Series) *activity.Model {
	one.Missing = w.panel.Series[s].Missing
	return w.known.With(s, one, w.panel.Watched)
}

// bounded is what is said of a series, as far as no source moves it further than it may
// from what is said without its word, and no voice does by what it told beyond its habit;
// and whose word is bounded. Whole is what is said by all words, if that is known.
func (w *world) bounded(s, surge int, whole activity.PMF) (activity.Said, string) {
	beside := w.beside(s)
	d, own := w.among(s, surge, w.counts[s], beside, whole)
	e := w.most(s, func(name string) bool { return !w.collects(name) })
	if e.n == 0 {
		return d, own
	}
	over := source{weeks: e.weeks}
	i := slices.IndexFunc(beside, func(x source) bool { return x.name == e.name })
	if i < 0 {
		i = apart
	}
	beside[i].weeks = less(beside[i].weeks, []source{over})
	calm, _ := w.among(s, surge, less(w.counts[s], []source{over}), beside, nil)
	var share float64
	if d.PMF, share = calm.Heed(d.PMF, surge, w.bound()); share < 1 {
		own = e.whose
	}
	return d, own
}

// among is what is said of a series by counts of it, bounded by what its sources tell.
func (w *world) among(s, surge int, counts []int, beside []source, whole activity.PMF) (activity.Said, string) {
	all, own := uint(1)<<len(beside)-1, ""
	d, by := activity.HeedAll(len(beside), func(set uint) activity.Said {
		d := activity.Said{PMF: whole, Known: true}
		if set != all || whole == nil {
			var without []source
			for k, x := range beside {
				if set&(1<<k) == 0 {
					without = append(without, x)
				}
			}
			d = w.said(s, counts, without)
		}
		if set > 0 || !w.collected {
			return d
		}
		var share float64
		if d.PMF, share = activity.Heed(d.PMF, w.quiet(s), surge, w.bound()); share < 1 {
			own = cmp.Or(w.most(s, w.collects).whose, boundedByOthers)
		}
		return d
	}, surge, w.bound())
	switch {
	case by >= 0:
		own = w.wordOf(s, beside[by])
	case len(beside) > 0:
		own = ""
	}
	return d, own
}

// quiet is what is said of a series without what the collector told of it that proves nothing:
// that is more than what is beyond its habit where weeks are a flood.
func (w *world) quiet(s int) activity.PMF {
	e := w.most(s, w.collects)
	one := w.heard.Series[s].Less(e.flood)
	switch {
	case one.First == w.panel.Weeks:
		return w.known.Usual()
	case e.n == 0:
		return w.calm.Forecast(s)
	}
	return w.calm.With(s, one, w.less.Watched).Forecast(s)
}
