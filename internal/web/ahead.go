package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// An aheadChart is two years of weekly counts and the four weeks after them, 1080 by 236:
// what is ahead is drawn wider than what was.
type aheadChart struct {
	Title, Text string
	Rule        string
	Grid        []mark // Y and text
	Silent      []rect // weeks that were not watched
	Bars        []bar
	Cut         []mark // X and text of bars that are higher than the chart
	Dates       []mark // X and text
	Bands       []band // the widest first
	Medians     []stroke
	Labels      []mark // of bands: Y and text
	Split       string // X where what is ahead begins
	Weeks       []intel.WeekAhead
	Past        []pastWeek // the latest first
}

// A band is the outline of one, by its class.
type band struct{ Class, Points string }

// A stroke is a level line with a dot in its middle, and a number above that.
type stroke struct{ From, To, Middle, Y, Above, Text string }

// A pastWeek is a line of the table.
type pastWeek struct {
	intel.Count
	Silent, Open bool // not watched; not over when the forecast was made
}

// The box of the chart: what was is drawn from aheadLeft to aheadSplit.
const (
	aheadLeft, aheadSplit, aheadBegin, aheadEnd = 34.0, 770.0, 782.0, 1034.0
	aheadFloor, aheadCeiling                    = 206.0, 24.0
)

// ahead draws the weeks ahead of forecasts over the weeks before them; nil without any.
func ahead(p intel.Profile) *aheadChart {
	if len(p.Ahead) == 0 {
		return nil
	}
	c := &aheadChart{Rule: intel.AheadRule, Weeks: p.Ahead}
	made := p.Ahead[0].From
	past := slices.DeleteFunc(slices.Clone(p.Activities.Weekly), func(w intel.Count) bool { return !w.Start.Before(made) })
	unwatched := leftOut(p.Forecasts)
	top := c.scale(past)
	y := func(n int) float64 { return aheadFloor - (aheadFloor-aheadCeiling)*min(1, float64(n)/top) }
	c.observed(past, made, unwatched, top, y)
	c.foreseen(y)
	c.words(p, past)
	return c
}

// leftOut is what the forecast of 28 days left out of the weeks before it.
func leftOut(fs []intel.Forecast) []intel.Stretch {
	for _, f := range fs {
		if len(f.Unwatched) > 0 {
			return f.Unwatched
		}
	}
	return nil
}

// scale draws the grid and returns the count at its top. A burst far above all else and
// all that is expected is cut off, so that the rest can be read.
func (c *aheadChart) scale(past []intel.Count) float64 {
	counts, expected := make([]int, 0, len(past)), 1
	for _, w := range past {
		counts = append(counts, w.N)
	}
	for _, w := range c.Weeks {
		expected = max(expected, w.NearlyAll[1])
	}
	slices.Sort(counts)
	top := expected
	if n := len(counts); n > 0 {
		top = max(top, counts[n-1])
		if usual := max(expected, counts[(n-1)*95/100]); counts[n-1] > 3*usual {
			top = usual + usual/2
		}
	}
	step := gridStep(max(1, top))
	height := (max(1, top) + step - 1) / step * step
	for n := 0; n <= height; n += step {
		at := aheadFloor - (aheadFloor-aheadCeiling)*float64(n)/float64(height)
		c.Grid = append(c.Grid, mark{At: fixed(at), Below: fixed(at + 4), Text: number(n)})
	}
	return float64(height)
}

// observed draws what was.
func (c *aheadChart) observed(past []intel.Count, made time.Time, unwatched []intel.Stretch, top float64, y func(int) float64) {
	if len(past) == 0 {
		return
	}
	c.Split = fixed((aheadSplit + aheadBegin) / 2)
	first := past[0].Start
	perDay := (aheadSplit - aheadLeft) / (made.Sub(first).Hours() / 24)
	x := func(t time.Time) float64 {
		return min(max(aheadLeft+perDay*t.Sub(first).Hours()/24, aheadLeft), aheadSplit)
	}
	for _, s := range unwatched {
		if from, to := x(s.From), x(s.Until); to > from {
			c.Silent = append(c.Silent, rect{fixed(from), fixed(to - from)})
		}
	}
	last := -100.0
	for i, w := range past {
		from, to := x(w.Start), x(w.Start.AddDate(0, 0, 7))
		silent := slices.ContainsFunc(unwatched, func(s intel.Stretch) bool { return !w.Start.Before(s.From) && w.Start.Before(s.Until) })
		open := w.Start.AddDate(0, 0, 7).After(made)
		c.Past = append(c.Past, pastWeek{w, silent, open})
		if w.N > 0 {
			c.Bars = append(c.Bars, bar{fixed(from + .1*(to-from)), fixed(y(w.N)), fixed(max(.5, .8*(to-from))), fixed(aheadFloor - y(w.N)), open})
		}
		if float64(w.N) > top && from-last > 34 {
			c.Cut = append(c.Cut, mark{At: fixed((from + to) / 2), Text: number(w.N)})
			last = from
		}
		if text := tick(past, i, "week"); text != "" && (i == 0 || w.Start.Month()%3 == 1) && from < aheadSplit-30 && (len(c.Dates) == 0 || i > 6) {
			c.Dates = append(c.Dates, mark{At: fixed(from), Text: text})
		}
	}
	slices.Reverse(c.Past)
}

// foreseen draws what is ahead: each band is a step a week.
func (c *aheadChart) foreseen(y func(int) float64) {
	width := (aheadEnd - aheadBegin) / float64(len(c.Weeks))
	x := func(i int) float64 { return aheadBegin + width*float64(i) }
	below := aheadCeiling - 14
	for _, b := range []struct {
		class, text string
		of          func(intel.WeekAhead) intel.Range
	}{
		{"band95", "95 %", func(w intel.WeekAhead) intel.Range { return w.NearlyAll }},
		{"band80", "80 %", func(w intel.WeekAhead) intel.Range { return w.Most }},
		{"band50", "50 %", func(w intel.WeekAhead) intel.Range { return w.Half }},
	} {
		var up, down []string
		for i, w := range c.Weeks {
			r := b.of(w)
			up = append(up, fixed(x(i))+","+fixed(y(r[1])), fixed(x(i+1))+","+fixed(y(r[1])))
			down = append(down, fixed(x(i))+","+fixed(y(r[0])), fixed(x(i+1))+","+fixed(y(r[0])))
		}
		slices.Reverse(down)
		c.Bands = append(c.Bands, band{b.class, strings.Join(append(up, down...), " ")})
		below = max(below+13, y(b.of(c.Weeks[len(c.Weeks)-1])[1])+4)
		c.Labels = append(c.Labels, mark{At: fixed(below), Text: b.text})
	}
	for i, w := range c.Weeks {
		c.Medians = append(c.Medians, stroke{fixed(x(i)), fixed(x(i + 1)), fixed(x(i) + width/2), fixed(y(w.Median)), fixed(y(w.Median) - 7), number(w.Median)})
		c.Dates = append(c.Dates, mark{At: fixed(x(i)), Text: w.From.UTC().Format("2 Jan")})
	}
}

// words says what the chart shows.
func (c *aheadChart) words(p intel.Profile, past []intel.Count) {
	most := 0
	for _, w := range past {
		most = max(most, w.N)
	}
	c.Title = fmt.Sprintf("Documents per week about %s: %d weeks before and %d ahead", p.Name, len(past), len(c.Weeks))
	text := fmt.Sprintf("%s in %d weeks, at most %s in one.", number(sum(past)), len(past), number(most))
	for i, w := range c.Weeks {
		if i > 1 && w.Median == c.Weeks[1].Median && w.NearlyAll == c.Weeks[1].NearlyAll && w.Half == c.Weeks[1].Half {
			continue // shared out alike
		}
		text += fmt.Sprintf(" Week from %s: median %s, half between %s and %s, 95 %% between %s and %s.", day(w.From), number(w.Median),
			number(w.Half[0]), number(w.Half[1]), number(w.NearlyAll[0]), number(w.NearlyAll[1]))
	}
	c.Text = strings.TrimSpace(text + " " + intel.NotWatched(p.Forecasts))
}
