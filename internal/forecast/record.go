package forecast

import (
	"fmt"
	"math"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// Edges are where the bins of reliability begin: finer where forecasts of what
// actors take up lie; of counts the levels that are published.
func Edges() intel.Edges {
	return intel.Edges{Events: []float64{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}, Counts: levels()}
}

const (
	// inARow is how many days in a row the bootstrap draws together: forecasts of 28
	// days that are made within it see the same.
	inARow = 28
	// leastDays is over how many days forecasts must have been made for an interval:
	// of fewer there are no three runs to draw from.
	leastDays = 3 * inARow
)

// Recorded sums up how forecasts turned out: their scores by the day they were
// made, in order, and their bins. Skill over a rule is by what share its score is
// lower, with an interval by a block bootstrap over the days.
func Recorded(days []intel.DayScores, bins []intel.BinScores, waits intel.Waiting, seed uint64) intel.HeadRecord {
	r := intel.HeadRecord{Forecasts: waits.All, Due: waits.Due, Reliability: []intel.ReliabilityPoint{}}
	var events, counts []intel.DayScores
	seen := map[int64]bool{}
	for _, d := range days {
		r.Forecasts += d.All
		r.Due += d.All
		r.Judged += d.Judged
		r.Ruled += d.Ruled
		r.Unscoreable += d.All - d.Judged
		if d.Judged == 0 {
			continue
		}
		seen[d.Day] = true
		if d.Event {
			events = append(events, d)
		} else {
			counts = append(counts, d)
		}
	}
	r.Days = len(seen)
	if r.Judged == 0 {
		return r
	}
	r.Brier, r.BrierSkill, r.BrierSimple = skills(events, seed)
	r.CRPS, r.CRPSSkill, r.CRPSSimple = skills(counts, seed)
	logs(&r, slices.Concat(events, counts))
	r.Reliability, r.ECE = reliable(bins, len(events) > 0)
	return verdict(r, span(events, counts))
}

// skills is the mean score of days, and by what share it is lower than those of the
// base rate and of the simple rules; nil where there is none.
func skills(days []intel.DayScores, seed uint64) (mean *float64, base, simple *intel.Interval) {
	if len(days) == 0 {
		return nil, nil, nil
	}
	sum, n := int64(0), 0
	for _, d := range days {
		sum += d.Score
		n += d.Judged
	}
	m := micro(float64(sum) / 1e6 / float64(n))
	return &m, lower(days, func(d intel.DayScores) (int64, int64) { return d.Score, d.Base }, seed),
		lower(days, func(d intel.DayScores) (int64, int64) { return d.RuledScore, d.Simple }, seed)
}

func micro(x float64) float64 { return math.Round(1e6*x) / 1e6 }

// lower is by what share one score of days is lower than another, nil where the other
// is nought. Days on which nothing was made have nothing of either.
func lower(days []intel.DayScores, of func(intel.DayScores) (way, than int64), seed uint64) *intel.Interval {
	first := days[0].Day
	n := int(days[len(days)-1].Day-first) + 1
	if n < 1 || n > 200_000 {
		return nil
	}
	way, than := make([]float64, n), make([]float64, n)
	a, b := 0.0, 0.0
	for _, d := range days {
		x, y := of(d)
		way[d.Day-first] += float64(x)
		than[d.Day-first] += float64(y)
		a += float64(x)
		b += float64(y)
	}
	if b <= 0 {
		return nil
	}
	v := intel.Interval{1 - a/b, math.NaN(), math.NaN()}
	if n >= leastDays {
		v[1], v[2] = Saved(way, than, inARow, seed)
	}
	return &v
}

// span is over how many days forecasts were made, of events or of counts, whichever is
// less.
func span(parts ...[]intel.DayScores) int {
	least := math.MaxInt
	for _, p := range parts {
		if len(p) > 0 {
			least = min(least, int(p[len(p)-1].Day-p[0].Day)+1)
		}
	}
	return least
}

// verdict says what the skill of a record comes to.
func verdict(r intel.HeadRecord, days int) intel.HeadRecord {
	r.Verdict = intel.Better
	for _, v := range []*intel.Interval{r.BrierSkill, r.CRPSSkill} {
		if v != nil && !v.Above() {
			r.Verdict = intel.NoBetter
		}
	}
	if r.BrierSkill == nil && r.CRPSSkill == nil {
		r.Verdict = intel.NoBetter
	}
	if r.Verdict == intel.Better {
		for _, v := range []*intel.Interval{r.BrierSimple, r.CRPSSimple} {
			if v != nil && !v.Above() {
				r.Why = "but no better than the simple rule"
			}
		}
	}
	if days < leastDays {
		r.Verdict, r.Why = intel.NoBetter, fmt.Sprintf("made over %d days: an interval takes %d", days, leastDays)
	}
	return r
}

// logs fills in the mean logarithmic scores.
func logs(r *intel.HeadRecord, days []intel.DayScores) {
	own, base, simple := int64(0), int64(0), int64(0)
	for _, d := range days {
		own += d.Log
		base += d.BaseLog
		simple += d.SimpleLog
	}
	mean := func(sum int64, n int) *float64 {
		m := micro(float64(sum) / 1e6 / float64(n))
		return &m
	}
	r.LogLoss, r.BaseLogLoss = mean(own, r.Judged), mean(base, r.Judged)
	if r.Ruled > 0 {
		r.SimpleLogLoss = mean(simple, r.Ruled)
	}
}

// reliable says what came of what was forecast at about each probability, and how far
// both are from each other in the mean: of events, or of counts.
func reliable(bins []intel.BinScores, events bool) ([]intel.ReliabilityPoint, *float64) {
	var of []intel.BinScores
	n := 0
	for _, b := range bins {
		if b.Event == events && b.N > 0 {
			of = append(of, b)
			n += b.N
		}
	}
	if n == 0 {
		return []intel.ReliabilityPoint{}, nil
	}
	if !events {
		return covered(of, n)
	}
	out, apart := []intel.ReliabilityPoint{}, 0.0
	for _, b := range of {
		p := PointOf(float64(b.P)/1e6/float64(b.N), int(b.Came), b.N)
		apart += math.Abs(float64(b.P)/1e6-float64(b.Came)) / float64(n)
		out = append(out, p)
	}
	apart = micro(apart)
	return out, &apart
}

// covered is reliable of counts: which share lies at or below each quantile.
func covered(bins []intel.BinScores, n int) ([]intel.ReliabilityPoint, *float64) {
	out, apart, under := []intel.ReliabilityPoint{}, 0.0, 0
	for i, level := range Edges().Counts {
		for _, b := range bins {
			if b.Bin == i {
				under += b.N
			}
		}
		p := PointOf(level, under, n)
		apart += math.Abs(float64(under)/float64(n)-level) / float64(len(Edges().Counts))
		out = append(out, p)
	}
	apart = micro(apart)
	return out, &apart
}

// PointOf says of n forecasts of about p how many came: the share, and where it lies
// with 95 % certainty (Wilson 1927). n is above nought.
func PointOf(p float64, came, n int) intel.ReliabilityPoint {
	const z = 1.959964
	share, of := float64(came)/float64(n), float64(n)
	mid := (share + z*z/2/of) / (1 + z*z/of)
	half := z * math.Sqrt(share*(1-share)/of+z*z/4/of/of) / (1 + z*z/of)
	return intel.ReliabilityPoint{P: micro(p), Observed: micro(share), N: n, Least: micro(max(0, mid-half)), Most: micro(min(1, mid+half))}
}

// Lost is the share of a window, the last so many days, in which a source was silent
// beyond its habit, by how many documents it published on each day: days in a row that
// it would leave out less than once in a thousand times. A source without any habit
// before the window cannot be said to be silent.
func Lost(days []int, window int) float64 {
	const rare, least = 1e-3, 3
	start := len(days) - window
	first := slices.IndexFunc(days, func(n int) bool { return n > 0 })
	if window <= 0 || first < 0 || first >= start {
		return 0
	}
	active := 0
	for _, n := range days[first:start] {
		if n > 0 {
			active++
		}
	}
	habit := float64(active) / (float64(start-first) + 1)
	lost, run := 0, 0
	settle := func(end int) {
		if run >= least && math.Pow(1-habit, float64(run)) < rare {
			lost += min(run, max(0, end-start))
		}
		run = 0
	}
	for i := first; i < len(days); i++ {
		if days[i] > 0 {
			settle(i)
		} else {
			run++
		}
	}
	settle(len(days))
	return float64(lost) / float64(window)
}
