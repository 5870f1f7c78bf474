// Package activity forecasts how often each of many series, such as actors, tags or
// countries, will be heard of in the next weeks, as a whole distribution.
//
// A silent collector is no quiet actor: weeks that were not watched are left out, and
// what would have to be known of them is not forecast.
package activity

import "time"

// A Panel is what many series counted in the same weeks.
type Panel struct {
	Start   time.Time // of the first week
	Weeks   int
	Watched []bool // by week; nil: all
	Series  []Series
}

// A Series is how often something was heard of in each week of a panel, from First
// on, the first week in which it was.
type Series struct {
	Name   string
	Counts []int
	First  int
	// Missing are the weeks in which who tells of it was not read, though others were; nil: none.
	Missing []bool `json:",omitempty"`
}

const week = 7 * 24 * time.Hour

// At is when a week begins.
func (p *Panel) At(w int) time.Time { return p.Start.Add(time.Duration(w) * week) }

// saw reports whether a week was watched.
func (p *Panel) saw(w int) bool { return w >= 0 && w < p.Weeks && (p.Watched == nil || p.Watched[w]) }

// seen reports whether a week was watched for a series.
func (p *Panel) seen(s, w int) bool {
	missing := p.Series[s].Missing
	return p.saw(w) && (missing == nil || !missing[w])
}

// Seen says which weeks were watched for a series.
func (p *Panel) Seen(s int) []bool {
	out := make([]bool, p.Weeks)
	for w := range out {
		out[w] = p.seen(s, w)
	}
	return out
}

// Came is what a series counted in the h weeks from w on, and whether all were watched.
func (p *Panel) Came(s, w, h int) (n int, ok bool) {
	for i := w; i < w+h; i++ {
		if !p.seen(s, i) {
			return 0, false
		}
		n += p.Series[s].Counts[i]
	}
	return n, true
}

const (
	lively = 26 // weeks: what was silent for longer is not forecast
	young  = 2  // weeks from the first word on in which nothing is
)

// Eligible reports whether a series is forecast at the beginning of a week: it was heard
// of in the last half year, and two weeks ago or earlier.
func (p *Panel) Eligible(s, w int) bool {
	one := p.Series[s]
	if p.Young(s, w) {
		return false
	}
	for i, seen := w-1, 0; i >= one.First && seen < lively; i-- {
		if !p.seen(s, i) {
			continue
		}
		seen++
		if one.Counts[i] > 0 {
			return true
		}
	}
	return false
}

// Young reports whether a series was heard of first so shortly before a week that nothing
// is known of how it goes on.
func (p *Panel) Young(s, w int) bool { return w-p.Series[s].First < young }
