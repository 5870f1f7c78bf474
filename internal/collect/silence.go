package collect

import (
	"math"
	"slices"
)

const (
	rarely   = 1e-3 // how probable a silence may be that is told
	fewGaps  = 5    // from which on a source has a habit
	unusual  = 1.5  // times as long as its silences are is not usual
	overlong = 3    // and so many times as long is told of who speaks seldom, too
	oneIn    = 20   // of its silences may be longer than what counts as its longest
)

// Silent tells since which day a source is silent against its own habit, by the days since
// 1970 on which it told anything, in order, before today, which is not over. It is where days
// as quiet as the last ones are not to be expected at its rate, and are in a row longer than
// they were before: who rests at weekends is not silent on Sunday, and who speaks once a month
// may rest for weeks. One silence in twenty of the past does not count: it may have been ours.
func Silent(active []int64, today int64) (since int64, silent bool) {
	n := len(active)
	if n <= fewGaps {
		return 0, false
	}
	last := active[n-1]
	quiet := float64(today - last - 1)
	var rests []float64 // days between two on which it spoke
	for i := 1; i < n; i++ {
		rests = append(rests, float64(active[i]-active[i-1]-1))
	}
	slices.Sort(rests)
	longest := rests[len(rests)-1-len(rests)/oneIn]
	habit := (float64(n) - .5) / (float64(last-active[0]) + 1) // of the days on which it might have
	rare := math.Pow(1-habit, quiet) <= rarely
	return last + 1, quiet > 0 && (rare && quiet > unusual*longest || quiet > overlong*max(longest, 2))
}
