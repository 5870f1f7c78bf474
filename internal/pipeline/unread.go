package pipeline

import (
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/forecast/activity"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// mostOf is which share of what is told of a series, or of all, must be the word of who was
	// not read for a week to be missing of it.
	mostOf, nearlyAllOf = .5, .9
	// recall is how many weeks before and behind it tell whose word that is.
	recall = 26
)

// unreadWeeks says in which weeks of a panel a voice was not read for more than half of the
// time: of those that were not, by name.
func unreadWeeks(outages []intel.Outage, panel *activity.Panel, unnamed intel.Unnamed) map[string][]bool {
	lost := map[string][]time.Duration{}
	for _, o := range outages {
		who := unnamed.Speaker(o.Source)
		if lost[who] == nil {
			lost[who] = make([]time.Duration, panel.Weeks)
		}
		for w := range panel.Weeks {
			lost[who][w] += o.Overlap(panel.At(w), panel.At(w+1))
		}
	}
	out := map[string][]bool{}
	for who, weeks := range lost {
		for w, d := range weeks {
			if d <= week/2 {
				continue
			}
			if out[who] == nil {
				out[who] = make([]bool, panel.Weeks)
			}
			out[who][w] = true
		}
	}
	return out
}

// miss marks the weeks of a panel as not watched in which those of its voices were not read
// who tell nearly all, and those of a series that are missing of it alone. What was not read
// is unknown: a silent collector is no quiet actor.
func (w *words) miss(panel *activity.Panel, heard func(name string) bool) {
	for week := range panel.Weeks {
		if !slices.ContainsFunc(slices.Collect(maps.Values(w.unread)), func(weeks []bool) bool { return weeks[week] }) {
			continue
		}
		allLost, all := 0, 0
		for s := range panel.Series {
			lost, told := w.told(s, week, heard)
			if lost > 0 && float64(lost) >= mostOf*float64(told) {
				one := &panel.Series[s]
				if one.Missing == nil {
					one.Missing = make([]bool, panel.Weeks)
				}
				one.Missing[week] = true
			}
			allLost, all = allLost+lost, all+told
		}
		if allLost > 0 && float64(allLost) >= nearlyAllOf*float64(all) {
			panel.Watched[week] = false
		}
	}
}

// told is how much the voices that were not read in a week told of a series in the half years
// before and behind it, and how much all did.
func (w *words) told(s, week int, heard func(name string) bool) (lost, all int) {
	for _, x := range w.of[s] {
		if !heard(x.name) {
			continue
		}
		n := sum(x.weeks[max(0, week-recall):min(len(x.weeks), week+recall)])
		if all += n; w.unread[x.name] != nil && w.unread[x.name][week] {
			lost += n
		}
	}
	return lost, all
}
