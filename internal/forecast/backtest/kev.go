package backtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/forecast/exploitation"
)

const (
	scoredWarmUp = 4 // cutoffs that are closed before the first is tested
	blockScores  = 4 // cutoffs in a row that are drawn together: their windows overlap
)

// A ScoreDay is a day on which flaws were scored. Read hands out the scores and
// returns the version of the model that made them.
type ScoreDay struct {
	Day  exploitation.Day
	Read func(ctx context.Context, keep func(exploitation.CVE, float64)) (version string, err error)
}

// KEV replays which of the scored flaws that are not in a catalogue yet are added
// to it within 30 days, on days of scores that lie fourteen days apart or more. At
// each the model is fitted anew to what was closed.
//
// Ways: the model; "epss", the score; "epss_recent", the score within the numbers
// of this year and the last; "fresh_epss", the score within what was first scored
// in the last 60 days; and "base_rate". None but the model and the base rate gives
// a probability. Measures are means over the cutoffs where something came. What
// could not be forecast is the additions of flaws that had no score by then.
func KEV(ctx context.Context, c *exploitation.Catalogue, days []ScoreDay, o Options) (Result, error) {
	run := &kev{catalogue: c, dealt: dealer(o), sheets: map[string][]scoreSheet{}}
	days = followed(days, o.To)
	for i, d := range days {
		if err := run.day(ctx, d, known(c, o.To), o.From); err != nil {
			return Result{}, err
		}
		if o.Progress != nil {
			o.Progress(i+1, len(days))
		}
	}
	if len(run.cuts) == 0 {
		if !run.early.IsZero() {
			return Result{}, tooLate(o.From, run.early)
		}
		return Result{}, fmt.Errorf("%w: %d days of scores and %d entries can be used; %d days of scores warm up", ErrTooShort, len(days), c.Len(), scoredWarmUp)
	}
	return run.result(o)
}

// followed returns days in their order, of those less than fourteen days apart the
// first.
func followed(days []ScoreDay, to time.Time) (out []ScoreDay) {
	sorted := slices.Clone(days)
	slices.SortStableFunc(sorted, func(a, b ScoreDay) int { return cmp.Compare(a.Day, b.Day) })
	for _, d := range sorted {
		if !to.IsZero() && d.Day >= exploitation.DayOf(to) || len(out) > 0 && d.Day < out[len(out)-1].Day+exploitation.Apart {
			continue
		}
		out = append(out, d)
	}
	return out
}

// kev is a replay under way.
type kev struct {
	catalogue *exploitation.Catalogue
	followed  exploitation.Followed
	pool      pool
	closing   []exploitation.Day // of cutoffs that were learned from
	dealt     func([]bool)

	cuts            []exploitation.Day
	early           time.Time               // of the last cutoff that could be tested, but is before the first that is to be
	sheets          map[string][]scoreSheet // by way
	expected        float64                 // sum of the probabilities
	missed, entries int
}

// day takes in a day of scores, and tests and learns there if its outcome is known
// by an end.
func (r *kev) day(ctx context.Context, d ScoreDay, end exploitation.Day, from time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.followed.Begin(d.Day)
	version, err := d.Read(ctx, r.followed.Score)
	if err != nil {
		return err
	}
	if err := r.followed.End(version); err != nil {
		return fmt.Errorf("scores of %s: %w", d.Day.Time().Format(time.DateOnly), err)
	}
	if closes := d.Day + 1 + exploitation.Horizon; !r.followed.Settled() || closes > end {
		return nil
	}
	r.pool.until(d.Day.Time())
	closed := 0
	for _, t := range r.closing {
		if t <= d.Day {
			closed++
		}
	}
	early := d.Day.Time().Before(from)
	if early && closed >= scoredWarmUp {
		r.early = d.Day.Time()
	}
	if early || closed < scoredWarmUp {
		return r.cutoff(d.Day, nil)
	}
	m, err := exploitation.FitScores(&r.pool.Samples)
	if err != nil {
		return fmt.Errorf("cutoff %s: %w", d.Day.Time().Format(time.DateOnly), err)
	}
	return r.cutoff(d.Day, &m)
}

// cutoff forecasts by a model, if there is one, and keeps rows to learn from later.
// A score is made on its day, and so what was added on that day is not forecast.
func (r *kev) cutoff(t exploitation.Day, m *forecast.Logistic) error {
	f, closes := &r.followed, t+1+exploitation.Horizon
	candidates := f.Candidates(r.catalogue)
	came := make([]bool, len(candidates))
	for i, p := range candidates {
		added, ok := r.catalogue.Added(f.CVE(p))
		came[i] = ok && added < closes
	}
	r.dealt(came)
	rows := &forecast.Samples{Width: len(exploitation.ScoreNumbers())}
	ways := map[string][]Scored{}
	var x []float64
	for i, p := range candidates {
		x = f.Numbers(x, p)
		if share := f.Share(p); came[i] || mixed(uint64(f.CVE(p))^uint64(t))%share == 0 {
			rows.Add(x, came[i], weightOf(came[i], float64(share)))
		}
		if m != nil {
			ways["model"] = append(ways["model"], Scored{forecast.Probability(m.LogOdds(x)), came[i]})
			ways["epss"] = append(ways["epss"], Scored{f.Now(p), came[i]})
			ways["epss_recent"] = append(ways["epss_recent"], Scored{onlyIf(f.Now(p), f.Recent(p)), came[i]})
			ways["fresh_epss"] = append(ways["fresh_epss"], Scored{onlyIf(f.Now(p), f.New(p)), came[i]})
		}
	}
	r.pool.pending = append(r.pool.pending, batch{closes.Time(), rows})
	r.closing = append(r.closing, closes)
	if m != nil {
		r.test(t, ways)
	}
	return nil
}

// onlyIf is a score, and less than all of those where it does not apply.
func onlyIf(score float64, applies bool) float64 {
	if applies {
		return score
	}
	return -1
}

func (r *kev) test(t exploitation.Day, ways map[string][]Scored) {
	r.cuts = append(r.cuts, t)
	for _, f := range ways["model"] {
		r.expected += f.P
	}
	ways["base_rate"] = baseRate(ways["model"])
	for name, fs := range ways {
		r.sheets[name] = append(r.sheets[name], rank(fs))
	}
	for _, cve := range r.catalogue.Between(t+1, t+1+exploitation.Horizon) {
		r.entries++
		if !r.followed.Scored(cve) {
			r.missed++
		}
	}
}

// scoreSheet is how one way did at one cutoff.
type scoreSheet struct {
	sheet
	measures [5]float64 // of rankings
}

func rankings() []Column {
	return []Column{{"ap", "AP"}, {"auc", "AUC"}, {"recall@100", "recall@100"}, {"recall@1000", "recall@1000"}, {"recall@5000", "recall@5000"}}
}

func rank(fs []Scored) scoreSheet {
	ts := ties(fs)
	r := scoreSheet{sheet: sheet{n: len(fs), brier: BrierSum(fs)}}
	for _, t := range ts {
		r.came += t.came
	}
	r.measures = [5]float64{averagePrecision(ts), auc(ts), recall(ts, 100), recall(ts, 1000), recall(ts, 5000)}
	return r
}

func (r *kev) result(o Options) (Result, error) {
	out := Result{Head: "kev", Cutoffs: len(r.cuts), First: r.cuts[0].Time(), Last: r.cuts[len(r.cuts)-1].Time(), Columns: rankings(),
		Metrics: Score{}, Baselines: map[string]Score{}, Skill: map[string][3]float64{}, Means: map[string]string{},
		Intervals: map[string]map[string][2]float64{}, Gains: map[string]map[string][3]float64{}}
	model := r.sheets["model"]
	for _, s := range model {
		out.Forecasts += s.n
		out.Came += s.came
	}
	if out.Came == 0 {
		return Result{}, errors.New("nothing can be judged: no scored flaw was added within 30 days of a cutoff")
	}
	for _, name := range slices.Sorted(maps.Keys(r.sheets)) {
		score := Score{}
		out.Intervals[name] = map[string][2]float64{}
		for k, c := range rankings() {
			v := mean(r.sheets[name], nil, k, o.Seed)
			score[c.Measure], out.Intervals[name][c.Measure] = v[0], [2]float64{v[1], v[2]}
		}
		if name == "model" {
			out.Metrics = score
			continue
		}
		out.Baselines[name] = score
		if name == "base_rate" {
			continue // any order is better than none
		}
		out.Gains[name] = map[string][3]float64{}
		for k, c := range rankings() {
			out.Gains[name][c.Measure] = mean(model, r.sheets[name], k, o.Seed)
		}
		out.Skill[name], out.Means[name] = out.Gains[name]["ap"], "AP gained"
	}
	out.Skill["base_rate"], out.Means["base_rate"] = r.brierSkill(o.Seed), "Brier skill"
	out.Metrics["brier_skill"] = out.Skill["base_rate"][0]
	out.Metrics["expected"] = r.expected / float64(len(r.cuts))
	out.Metrics["came"] = float64(out.Came) / float64(len(r.cuts))
	out.Unscoreable = float64(r.missed) / float64(max(1, r.entries))
	return out, nil
}

// mean is the mean of a measure over the cutoffs where something came, less that
// of another way, if there is one, with its interval.
func mean(way, than []scoreSheet, measure int, seed uint64) [3]float64 {
	return blocked(len(way), blockScores, seed, func(drawn []int) float64 {
		sum, n := 0.0, 0.0
		for _, i := range drawn {
			if !way[i].judged() {
				continue
			}
			n++
			sum += way[i].measures[measure]
			if than != nil {
				sum -= than[i].measures[measure]
			}
		}
		return sum / max(1, n)
	})
}

func (r *kev) brierSkill(seed uint64) [3]float64 {
	model, base := r.sheets["model"], r.sheets["base_rate"]
	return saved(len(model), blockScores, seed, func(i int) (own, other float64) { return model[i].brier, base[i].brier })
}
