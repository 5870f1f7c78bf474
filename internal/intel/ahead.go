package intel

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// A Stretch is a time from a moment on, until another that is not in it.
type Stretch struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// NotWatched says what forecasts left out of the weeks they read, as nothing came in of
// anybody; empty: nothing.
func NotWatched(fs []Forecast) string {
	var gaps []string
	for _, f := range fs {
		for _, s := range f.Unwatched {
			gap := fmt.Sprintf("%s to %s", s.From.UTC().Format(time.DateOnly), s.Until.AddDate(0, 0, -1).UTC().Format(time.DateOnly))
			if !slices.Contains(gaps, gap) {
				gaps = append(gaps, gap)
			}
		}
	}
	if len(gaps) == 0 {
		return ""
	}
	return "Not watched: " + strings.Join(gaps, "; ") + "."
}

// A Range is what lies between two counts, both in it: low, high.
type Range [2]int

// A WeekAhead is what forecasts come to of the documents of seven days: between which
// counts half of them, four in five and nineteen in twenty are expected.
type WeekAhead struct {
	Stretch
	Median    int   `json:"median"`
	Half      Range `json:"50"`
	Most      Range `json:"80"`
	NearlyAll Range `json:"95"`
}

// AheadRule says how the weeks ahead come out of the forecasts that are kept.
const AheadRule = "The first week is the forecast of 7 days as it is kept. The three after it are the forecast of 28 days shared out: each of its documents falls into any of its weeks alike. What is judged are the totals of 7 and of 28 days."

// Quantile is the least count that is reached or undercut with a probability of level,
// as a distribution rises evenly between two of its counts.
func (d Distribution) Quantile(level float64) int {
	i := sort.SearchFloat64s(d.Below, level-1e-12)
	if i >= len(d.At) {
		i = len(d.At) - 1
	}
	if i <= 0 {
		return d.At[0]
	}
	low, high := d.At[i-1], d.At[i]
	rise := (d.Below[i] - d.Below[i-1]) / float64(high-low)
	return low + min(high-low, max(1, ceil((level-d.Below[i-1])/rise-1e-9)))
}

// ceil is the least whole number that is x or more, of what is small.
func ceil(x float64) int {
	n := int(x)
	if float64(n) < x {
		n++
	}
	return n
}
