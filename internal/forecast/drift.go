package forecast

import (
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A gauge tells how far what came of the forecasts of a week lies from what they said:
// nought in the mean if they were right, with the error that so many leave of it.
type gauge struct {
	what string
	of   func([]intel.WeekBins) (x, err float64)
	// usual bounds what is taken for the habit of a head, and varies is how much a week
	// varies at least. Both are what back-tests of leak sites and tags show: see
	// docs/forecasting.md.
	usual, varies float64
}

// gauges are those that events, or counts, are watched by.
func gauges(events bool) []gauge {
	way := shift
	if events {
		way = tilt
	}
	less := func(b []intel.WeekBins) (float64, float64) {
		x, err := way(b)
		return -x, err
	}
	if events {
		return []gauge{{"more comes than was said", way, .3, .35}, {"less comes than was said", less, .3, .35}, {"what comes surprises more than was said", surprise, .25, .25}}
	}
	return []gauge{{"more comes than was said", way, .1, .13}, {"less comes than was said", less, .1, .13}, {"counts lie further out than was said", spread, .15, .18}}
}

// tilt is by how much the log-odds of what comes differ from those that were said.
func tilt(bins []intel.WeekBins) (x, err float64) {
	apart, variance := 0.0, 0.0
	for _, b := range bins {
		p := clamp(float64(b.P) / 1e6 / float64(b.N))
		apart += float64(b.Came) - float64(b.P)/1e6
		variance += float64(b.N) * p * (1 - p)
	}
	return apart / variance, 1 / math.Sqrt(variance)
}

// surprise is by what share the log loss of events lies above what it would be if their
// probabilities were right.
func surprise(bins []intel.WeekBins) (x, err float64) {
	own, expected, variance := 0.0, 0.0, 0.0
	for _, b := range bins {
		n := float64(b.N)
		p := clamp(float64(b.P) / 1e6 / n)
		own += float64(b.Log) / 1e6
		expected -= n * (p*math.Log(p) + (1-p)*math.Log1p(-p))
		variance += n * p * (1 - p) * logit(p) * logit(p)
	}
	return own/expected - 1, math.Sqrt(variance) / expected
}

// shift is how far counts lie above the middle of their distributions, from -1 to 1.
func shift(bins []intel.WeekBins) (x, err float64) {
	n := 0.0
	for _, b := range bins {
		x += 2*float64(b.P)/1e6 - float64(b.N)
		n += float64(b.N)
	}
	return x / n, math.Sqrt(1 / 3. / n)
}

// spread is by how much counts lie further from the middle of their distributions than
// they would if those were right, from -1 to 2.
func spread(bins []intel.WeekBins) (x, err float64) {
	n := 0.0
	for _, b := range bins {
		w := 2*float64(b.P)/1e6/float64(b.N) - 1
		x += float64(b.N) * (3*w*w - 1)
		n += float64(b.N)
	}
	return x / n, math.Sqrt(.8 / n)
}

const (
	// leastWeeks is of how many weeks forecasts must be judged before a drift is told from
	// chance.
	leastWeeks = 4
	// A week counts by how many times its usual variation it lies above the habit, allowed
	// less and mostOfWeek at most, and the sum of it that is too much is alarm: five weeks as odd as
	// can be, or eight of twice the variation. Forecasts of four weeks overlap: one odd month is
	// in four weeks of them.
	allowed, mostOfWeek, alarm = .75, 3, 10
)

// Drifted watches how the forecasts of one head turned out, week by week in the order of
// bins, and returns since when they drift, or nil. It sums up what exceeds the mean of the
// weeks before and an allowance (a CUSUM that starts itself); the alarm stands until the
// sum is nought again, and nothing is learned while it does.
func Drifted(bins []intel.WeekBins) *intel.Drift {
	var out *intel.Drift
	for _, events := range []bool{true, false} {
		weeks := weekly(bins, events)
		for _, g := range gauges(events) {
			if d := g.watch(weeks); d != nil && (out == nil || d.Since.Before(out.Since)) {
				out = d
			}
		}
	}
	return out
}

// weekly parts the bins of events, or of counts, by their weeks.
func weekly(bins []intel.WeekBins, events bool) (out [][]intel.WeekBins) {
	for _, b := range bins {
		if b.Event != events || b.N <= 0 {
			continue
		}
		if len(out) == 0 || out[len(out)-1][0].Week != b.Week {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], b)
	}
	slices.SortStableFunc(out, func(a, b []intel.WeekBins) int { return int(a[0].Week - b[0].Week) })
	return out
}

// watch looks at weeks one after the other.
func (g gauge) watch(weeks [][]intel.WeekBins) *intel.Drift {
	var past []float64
	sum, since, alarmed := 0.0, int64(0), false
	for _, bins := range weeks {
		x, err := g.of(bins)
		if math.IsNaN(x) || math.IsInf(x, 0) || math.IsNaN(err) || math.IsInf(err, 0) {
			continue
		}
		mean, varies := g.habit(past)
		before := sum
		sum = max(0, sum+min((x-mean)/math.Hypot(varies, err), mostOfWeek)-allowed)
		if before == 0 && sum > 0 {
			since = bins[0].Week
		}
		if alarmed = sum > alarm || alarmed && sum > 0; alarmed {
			sum = min(sum, 2*alarm)
		} else {
			past = append(past, x)
		}
	}
	if !alarmed || len(weeks) < leastWeeks {
		return nil
	}
	return &intel.Drift{Since: time.Unix(since*week, 0).UTC(), What: g.what, Weeks: len(weeks)}
}

// habit is the mean of past weeks and how much a week varies. What back-tests show counts
// like eight weeks.
func (g gauge) habit(past []float64) (mean, varies float64) {
	const word = 8
	n, sum, squares := float64(len(past)), 0.0, 0.0
	for _, x := range past {
		sum += x
	}
	mean = min(max(sum/(n+word), -g.usual), g.usual)
	for _, x := range past {
		squares += (x - mean) * (x - mean)
	}
	return mean, max(g.varies, math.Sqrt((squares+word*g.varies*g.varies)/(n+word)))
}
