package backtest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"github.com/portent-cti/portent/internal/forecast/activity"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	activityWeeks = 4  // that are forecast
	warmUpWeeks   = 40 // before the first cutoff that is tested
	recordedWeeks = 20 // from which on forecasts are made, to learn from what came of them
	blockWeeks    = 8  // cutoffs in a row that are drawn together
)

// Activity replays how often each series of a panel is heard of in the next four
// weeks, at the beginning of each week from the fortieth on. At each cutoff all is
// fitted anew to what was closed by then.
//
// Ways: the pool; the four models that are pooled ("forest", "posterior", "analogs",
// "smoothing"); "naive_poisson" and "ma12_poisson", Poisson with the mean of the last
// 4 and 12 weeks; and "last_value", the last four weeks as they were.
func Activity(ctx context.Context, p *activity.Panel, o Options) (Result, error) {
	cuts := weeklyCutoffs(p, o)
	if len(cuts) == 0 {
		if early := weeklyCutoffs(p, Options{To: o.To}); len(early) > 0 {
			return Result{}, tooLate(o.From, p.At(early[len(early)-1]))
		}
		return Result{}, fmt.Errorf("%w: %d weeks of posts, of which %d warm up and %d are forecast", ErrTooShort, p.Weeks, warmUpWeeks, activityWeeks)
	}
	all, err := replayWeeks(ctx, p, o, cuts[len(cuts)-1])
	if err != nil {
		return Result{}, err
	}
	run := &activities{panel: p, options: o, sheets: map[string][]countSheet{}, recorded: recordedWeeks}
	for _, w := range cuts {
		run.cutoff(w, all)
	}
	return run.result(cuts), nil
}

// weeklyCutoffs returns the weeks at whose beginning forecasts are tested.
func weeklyCutoffs(p *activity.Panel, o Options) (cuts []int) {
	for w := warmUpWeeks; w+activityWeeks <= p.Weeks; w++ {
		at := p.At(w)
		if at.Before(o.From) || !o.To.IsZero() && p.At(w+activityWeeks).After(o.To) {
			continue
		}
		for s := range p.Series {
			if _, ok := p.Came(s, w, activityWeeks); ok && p.Eligible(s, w) {
				cuts = append(cuts, w)
				break
			}
		}
	}
	return cuts
}

// A counted is what the pool says of a series, and what came.
type counted struct {
	series, came, surge int
	pool                activity.PMF
	u                   float64 // of its PIT
}

// A weekly is what was forecast at the beginning of one week, and how all ways but the
// pool did. Of the model there is left what it learns from how forecasts turned out.
type weekly struct {
	model  activity.Calibration
	all    []counted
	sheets map[string]*countSheet
}

// replayWeeks forecasts at the beginning of each week, before what came is known to
// anybody. Weeks do not depend on each other, and so they run side by side.
func replayWeeks(ctx context.Context, p *activity.Panel, o Options, last int) ([]weekly, error) {
	out, past := make([]weekly, last+1), activity.Gather(p, activityWeeks)
	weeks, done := make(chan int), make(chan struct{})
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 8) {
		workers.Go(func() {
			for w := range weeks {
				out[w] = forecastWeek(p, past, o, w)
				done <- struct{}{}
			}
		})
	}
	go func() {
		defer close(weeks)
		for w := last; w >= recordedWeeks; w-- { // the longest first
			select {
			case weeks <- w:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		workers.Wait()
		close(done)
	}()
	n := 0
	for range done {
		if n++; o.Progress != nil {
			o.Progress(n, last+1-recordedWeeks)
		}
	}
	return out, ctx.Err()
}

func forecastWeek(p *activity.Panel, past *activity.Past, o Options, w int) weekly {
	model := past.Fit(w)
	out := weekly{model: model.Calibration, sheets: map[string]*countSheet{}}
	var came []int
	for s := range p.Series {
		if n, ok := p.Came(s, w, activityWeeks); ok && p.Eligible(s, w) {
			out.all = append(out.all, counted{series: s})
			came = append(came, n)
		}
	}
	chance := rand.New(rand.NewPCG(o.Seed, uint64(w)))
	if o.Shuffle {
		chance.Shuffle(len(came), func(i, j int) { came[i], came[j] = came[j], came[i] })
	}
	for _, name := range waysToCount() {
		out.sheets[name] = &countSheet{}
	}
	for i := range out.all {
		c := &out.all[i]
		parts := model.Part(c.series)
		last4, mean4 := weeklyMean(p, c.series, w, 4)
		_, mean12 := weeklyMean(p, c.series, w, 12)
		c.came, c.surge, c.u, c.pool = came[i], max(5, int(math.Ceil(2*mean12))), chance.Float64(), activity.Pool(parts)
		n := len(c.pool)
		for name, d := range map[string]activity.PMF{"forest": parts[activity.ByForest], "posterior": parts[activity.ByPosterior],
			"analogs": parts[activity.ByAnalogs], "smoothing": parts[activity.BySmoothing],
			"naive_poisson": activity.Poisson(mean4, n), "ma12_poisson": activity.Poisson(mean12, n), "last_value": activity.Certain(last4, n)} {
			out.sheets[name].score(d, *c)
		}
	}
	return out
}

// weeklyMean is what a series counted in so many weeks, and what the weeks forecast
// would count if they were alike.
func weeklyMean(p *activity.Panel, s, w, weeks int) (n int, mean float64) {
	n, seen := p.Recent(s, w, weeks)
	return n, float64(n*activityWeeks) / float64(max(1, seen))
}

// A countSheet is how one way to forecast counts did at one cutoff: sums over n
// forecasts.
type countSheet struct {
	n, came         int
	crps, log, miss float64
	any, surges     []Scored
	within          [4]float64 // by nominal coverage, of the PIT
}

// coverages are the central intervals whose coverage is told.
func coverages() [4]float64 { return [4]float64{.5, .8, .9, .95} }

// activities is a replay of counts under way.
type activities struct {
	panel   *activity.Panel
	options Options
	sheets  map[string][]countSheet
	record  activity.Record // of what was closed
	// recorded is the first week that is not in it.
	recorded int
	lost     int // what came of series that were not forecast
	came     int
}

// cutoff scores what was forecast at the beginning of a week.
func (r *activities) cutoff(w int, all []weekly) {
	for ; r.recorded+activityWeeks <= w; r.recorded++ {
		for _, c := range all[r.recorded].all {
			r.record.Add(r.recorded, c.series, c.pool, c.came)
		}
	}
	now := all[w]
	now.model.Learn(&r.record)
	forecast := map[int]bool{}
	for _, c := range now.all {
		forecast[c.series] = true
		now.sheets["pool"].score(now.model.Calibrated(c.series, c.pool), c)
	}
	for s := range r.panel.Series {
		if n, ok := r.panel.Came(s, w, activityWeeks); ok && n > 0 {
			r.came++
			if !forecast[s] {
				r.lost++
			}
		}
	}
	for _, name := range waysToCount() {
		r.sheets[name] = append(r.sheets[name], *now.sheets[name])
	}
}

// waysToCount names the ways that are compared, the model first.
func waysToCount() []string {
	return []string{"pool", "forest", "posterior", "analogs", "smoothing", "naive_poisson", "ma12_poisson", "last_value"}
}

func (s *countSheet) score(d activity.PMF, c counted) {
	s.n++
	s.crps += d.CRPS(c.came)
	s.log += d.LogScore(c.came)
	s.miss += math.Abs(float64(d.Quantile(.5) - c.came))
	s.any = append(s.any, Scored{d.Any(), c.came > 0})
	s.surges = append(s.surges, Scored{d.AtLeast(c.surge), c.came >= c.surge})
	if c.came > 0 {
		s.came++
	}
	z := d.PIT(c.came, c.u)
	for i, share := range coverages() {
		if z > (1-share)/2 && z < (1+share)/2 {
			s.within[i]++
		}
	}
}

// result sums the sheets up.
func (r *activities) result(cuts []int) Result {
	out := Result{Head: "activity", Cutoffs: len(cuts), First: r.panel.At(cuts[0]), Last: r.panel.At(cuts[len(cuts)-1]),
		Baselines: map[string]Score{}, Skill: map[string][3]float64{}, Means: map[string]string{},
		Columns: []Column{{"crps", "CRPS"}, {"log_score", "log score"}, {"mase", "MASE"}, {"pit_50", "PIT 50"}, {"pit_80", "PIT 80"}, {"pit_90", "PIT 90"}, {"pit_95", "PIT 95"},
			{"brier_skill", "any: skill"}, {"auc", "AUC"}, {"ece", "ECE"}, {"surge_ap", "surge AP"}, {"surge_auc", "AUC"}}}
	naive := 0.0
	for _, s := range r.sheets["last_value"] {
		naive += s.miss
	}
	for _, name := range waysToCount() {
		score := summed(r.sheets[name], naive)
		if name == "pool" {
			out.Metrics = score
			continue
		}
		out.Baselines[name] = score
		out.Skill[name] = crpsSkill(r.sheets["pool"], r.sheets[name], r.options.Seed)
		out.Means[name] = "CRPS skill"
	}
	var any []Scored
	for name, of := range map[string]func(countSheet) []Scored{"any_activity": func(s countSheet) []Scored { return s.any }, "surge": func(s countSheet) []Scored { return s.surges }} {
		out.Skill[name], out.Means[name] = eventSkill(r.sheets["pool"], of, r.options.Seed), "Brier skill over the base rate"
	}
	for _, s := range r.sheets["pool"] {
		out.Forecasts += s.n
		out.Came += s.came
		any = append(any, s.any...)
	}
	out.Reliability = reliability(any, 10)
	for i, c := range coverages() {
		bounds := coverage(r.sheets["pool"], i, r.options.Seed)
		out.Covered = append(out.Covered, intel.ReliabilityPoint{P: c, Observed: bounds[0], N: out.Forecasts, Least: bounds[1], Most: bounds[2]})
		out.Metrics[fmt.Sprintf("pit_%.0f_low", 100*c)], out.Metrics[fmt.Sprintf("pit_%.0f_high", 100*c)] = bounds[1], bounds[2]
	}
	out.Unscoreable = float64(r.lost) / float64(max(1, r.came))
	return out
}

// summed is the score of one way over all cutoffs.
func summed(sheets []countSheet, naive float64) Score {
	var any, surges []Scored
	var n, crps, log, miss float64
	var within [4]float64
	for _, s := range sheets {
		n += float64(s.n)
		crps += s.crps
		log += s.log
		miss += s.miss
		any, surges = append(any, s.any...), append(surges, s.surges...)
		for i := range within {
			within[i] += s.within[i]
		}
	}
	out := Score{"crps": crps / n, "log_score": log / n, "ece": ECEFixed(any, 10)}
	if naive > 0 {
		out["mase"] = miss / naive
	}
	for i, c := range coverages() {
		out[fmt.Sprintf("pit_%.0f", 100*c)] = within[i] / n
	}
	if base := BrierSum(baseRate(any)); base > 0 {
		out["brier_skill"] = 1 - BrierSum(any)/base
		out["auc"] = AUC(any)
	}
	if ap := AveragePrecision(surges); !math.IsNaN(ap) {
		out["surge_ap"], out["surge_auc"] = ap, AUC(surges)
	}
	return out
}

// crpsSkill is by what share the CRPS of one way is lower than that of another, with
// its interval.
func crpsSkill(way, than []countSheet, seed uint64) [3]float64 {
	return saved(len(way), blockWeeks, seed, func(i int) (own, other float64) { return way[i].crps, than[i].crps })
}

// eventSkill is by what share the Brier score of events of a way is lower than that of
// their share among all that were drawn, with its interval.
func eventSkill(way []countSheet, of func(countSheet) []Scored, seed uint64) [3]float64 {
	brier, came, n := make([]float64, len(way)), make([]float64, len(way)), make([]float64, len(way))
	for i, s := range way {
		events := of(s)
		brier[i], n[i] = BrierSum(events), float64(len(events))
		for _, e := range events {
			if e.Came {
				came[i]++
			}
		}
	}
	return blocked(len(way), blockWeeks, seed, func(drawn []int) float64 {
		own, hits, all := 0.0, 0.0, 0.0
		for _, i := range drawn {
			own, hits, all = own+brier[i], hits+came[i], all+n[i]
		}
		if hits == 0 || hits == all {
			return 0 // nothing, or all of it, came: there is nothing to be better than
		}
		return 1 - own/(hits*(1-hits/all))
	})
}

// coverage is the share of outcomes within a central interval by the PIT, with its
// interval.
func coverage(way []countSheet, nominal int, seed uint64) [3]float64 {
	return blocked(len(way), blockWeeks, seed, func(drawn []int) float64 {
		in, n := 0.0, 0.0
		for _, i := range drawn {
			in += way[i].within[nominal]
			n += float64(way[i].n)
		}
		return in / max(1, n)
	})
}
