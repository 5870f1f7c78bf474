package forecast

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// weeksAhead is how many weeks a month of forecasts is told by.
const weeksAhead = 4

// Ahead is what the forecasts of somebody's activity come to for each of the four weeks
// after they were made, by intel.AheadRule; of a week whose own forecast is missing it is
// its share of the 28 days. Without a distribution of those there is none.
func Ahead(fs []intel.Forecast) []intel.WeekAhead {
	week, month := counting(fs, 7), counting(fs, 7*weeksAhead)
	if month == nil {
		return nil
	}
	share := sharedOut(month.Distribution, weeksAhead)
	out := make([]intel.WeekAhead, weeksAhead)
	for i := range out {
		from := month.Made.Add(time.Duration(7*i) * day)
		out[i] = bands(share.Quantile)
		if i == 0 && week != nil {
			out[i] = bands(func(level float64) int { return quantileOf(*week, level) })
		}
		out[i].Stretch = intel.Stretch{From: from, Until: from.Add(7 * day)}
	}
	return out
}

// Sort orders forecasts of a day as they are told: how much happens first, the sooner
// before the later, then what, the likeliest of each kind before others.
func Sort(fs []intel.Forecast) {
	slices.SortStableFunc(fs, func(a, b intel.Forecast) int {
		return cmp.Or(cmp.Compare(len(b.Quantiles), len(a.Quantiles)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Horizon, b.Horizon),
			cmp.Compare(b.Probability, a.Probability))
	})
}

// bands are what lies between quantiles, the wider ones around the others.
func bands(quantile func(level float64) int) intel.WeekAhead {
	around := func(in intel.Range, low, high float64) intel.Range {
		return intel.Range{min(in[0], quantile(low)), max(in[1], quantile(high))}
	}
	w := intel.WeekAhead{Median: quantile(.5)}
	w.Half = around(intel.Range{w.Median, w.Median}, .25, .75)
	w.Most = around(w.Half, .1, .9)
	w.NearlyAll = around(w.Most, .025, .975)
	return w
}

// quantileOf is the quantile that was published with a forecast, or else that of its
// distribution.
func quantileOf(f intel.Forecast, level float64) int {
	if n, ok := f.Quantiles[fmt.Sprint(level)]; ok && n >= 0 && n <= 1e9 {
		return int(n)
	}
	return f.Distribution.Quantile(level)
}

// counting is the forecast of how many documents come in so many days, if its
// distribution is whole.
func counting(fs []intel.Forecast, days int) *intel.Forecast {
	i := slices.IndexFunc(fs, func(f intel.Forecast) bool {
		return f.Kind == "activity" && f.Horizon == days && f.Distribution.Check() == nil
	})
	if i < 0 {
		return nil
	}
	return &fs[i]
}

// sharedOut is the distribution of what falls into one of some parts of a time, of a count
// whose every unit falls into any of them alike: of a total it is binomial.
func sharedOut(total intel.Distribution, parts int) intel.Distribution {
	mass := map[int]float64{}
	add := func(n int, p float64) { mass[n] += p }
	for i := 0; i < drawn; {
		n := total.Quantile((float64(i) + .5) / drawn)
		same := 1
		for i+same < drawn && total.Quantile((float64(i+same)+.5)/drawn) == n {
			same++
		}
		thinned(n, 1/float64(parts), float64(same)/drawn, add)
		i += same
	}
	var d intel.Distribution
	sum := 0.0
	for _, n := range slices.Sorted(maps.Keys(mass)) {
		sum += mass[n]
		d.At, d.Below = append(d.At, n), append(d.Below, min(sum, 1))
	}
	d.Below[len(d.Below)-1] = 1
	return d
}

const (
	drawn = 1000 // quantiles that stand for a total
	exact = 200  // totals up to which shares are counted one by one
	apart = 41   // quantiles that stand for the share of a greater one
)

// thinned adds the distribution of how many of n are kept, each with a probability of p.
func thinned(n int, p, weight float64, add func(int, float64)) {
	if n <= exact {
		mass := math.Pow(1-p, float64(n))
		for k := range n + 1 {
			add(k, weight*mass)
			mass *= float64(n-k) / float64(k+1) * p / (1 - p)
		}
		return
	}
	mean, deviation := float64(n)*p, math.Sqrt(float64(n)*p*(1-p))
	for i := range apart { // normal by now
		z := math.Sqrt2 * math.Erfinv(2*(float64(i)+.5)/apart-1)
		add(int(math.Round(mean+z*deviation)), weight/apart)
	}
}

// unwatched is what was not watched of the weeks of a series, in order.
func (s Series) unwatched() (out []intel.Stretch) {
	for i, w := range s.Weeks {
		if watchedAt(s, i) {
			continue
		}
		until := w.Start.Add(7 * day)
		if last := len(out) - 1; last >= 0 && out[last].Until.Equal(w.Start) {
			out[last].Until = until
			continue
		}
		out = append(out, intel.Stretch{From: w.Start, Until: until})
	}
	return out
}
