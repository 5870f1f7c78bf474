package forecast

import (
	"math"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	bulk    = 3 // documents of a first week, beyond which they may be what a collector found when it began
	newWeek = 2 // watched weeks up to which a series tells nothing of how much is usual
	lately  = 4 // weeks the simple rule reads
)

// A known is what base rate and simple rule read of a series: all but a first week of
// more than three documents, and three times as many as the busiest behind it, which is
// what a collector found and no activity.
type known struct {
	Series
	weeks   int // that were watched, before the first word as well
	since   int // those since it, or behind what was left out
	total   int // documents
	without int // the week that is left out, or -1
}

func (s Series) known() known {
	k := known{Series: s, without: -1}
	first := slices.IndexFunc(s.Weeks, func(w intel.Count) bool { return w.N > 0 })
	if first >= 0 && s.Weeks[first].N > bulk && s.Weeks[first].N > bulk*busiest(s.Weeks[first+1:]) {
		k.without, k.Weeks = first, slices.Clone(s.Weeks)
		k.Weeks[first].N = 0
	}
	for i, w := range k.Weeks {
		if !watchedAt(s, i) || i == k.without {
			continue
		}
		k.weeks, k.total = k.weeks+1, k.total+max(0, w.N)
		if first >= 0 && i >= first {
			k.since++
		}
	}
	return k
}

func busiest(weeks []intel.Count) (most int) {
	for _, w := range weeks {
		most = max(most, w.N)
	}
	return most
}

// usually is how many documents so many weeks have. Of a series of one or two weeks, or
// of none but what is left out, it is how many came of all others; where nothing is known
// of those it is what is forecast, over which nothing is gained.
func (k known) usually(c Count, weeks int) float64 {
	switch {
	case k.since > newWeek && k.total > 0:
		return float64(k.total) / float64(k.weeks) * float64(weeks)
	case c.Others.States > 0:
		return (float64(c.Others.Documents) + .5) / float64(c.Others.States+1)
	}
	return expected(c.Mass)
}

// simply is how many documents so many weeks have by the simple rule, which is as many as
// the last four watched ones had; the base rate where no week is left of the series.
func (k known) simply(weeks int, base float64) float64 {
	if k.since == 0 {
		return base
	}
	return recent(k.Series) * float64(weeks) / lately
}

// simplyAny is how probable any is by the simple rule.
func (k known) simplyAny(base float64) float64 {
	if k.since == 0 {
		return base
	}
	return -math.Expm1(-recent(k.Series))
}

// recent is how many documents the last four watched weeks had.
func recent(s Series) float64 {
	sum, left := 0, lately
	for i := len(s.Weeks) - 1; i >= 0 && left > 0; i-- {
		if watchedAt(s, i) {
			sum, left = sum+max(0, s.Weeks[i].N), left-1
		}
	}
	return float64(sum)
}
