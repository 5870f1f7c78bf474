package backtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
)

const (
	negatives = 16 // one in so many of what did not come is trained on, with that weight
	ridge     = 30
	warmUp    = 9 // cutoffs that are closed before the first is tested
)

// Resighting replays whether indicators that were reported in the last 365 days
// are reported again within 30, at the beginning of each month.
//
// Ways: the model; "own_history", the same of an indicator's own reports alone;
// "polynomial_decay", the decay of MISP and OpenCTI (365 days, factor 3.0),
// which orders and gives no probability; and "base_rate".
func Resighting(ctx context.Context, h *forecast.History, o Options) (Result, error) {
	cuts := cutoffs(h, o.To, forecast.Horizon)
	start, err := tested(cuts, o.From, forecast.Horizon, warmUp)
	if err != nil {
		return Result{}, err
	}
	run := &resighting{h: h, replay: forecast.NewReplay(h), options: o, chance: rand.New(rand.NewPCG(o.Seed, 1))}
	for i, t := range cuts {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		run.replay.Until(t)
		run.pool.until(t)
		if err := run.cutoff(t, i >= start); err != nil {
			return Result{}, fmt.Errorf("cutoff %s: %w", t.Format(time.DateOnly), err)
		}
		if o.Progress != nil {
			o.Progress(i+1, len(cuts))
		}
	}
	return run.result(cuts[start:]), nil
}

// Fit fits the model of an indicator's own reports to all outcomes that are
// closed by a moment, zero: by the end of the history.
func Fit(ctx context.Context, h *forecast.History, to time.Time) (forecast.Logistic, error) {
	run := &resighting{h: h, replay: forecast.NewReplay(h)}
	for _, t := range cutoffs(h, to, forecast.Horizon) {
		if err := ctx.Err(); err != nil {
			return forecast.Logistic{}, err
		}
		run.replay.Until(t)
		if err := run.cutoff(t, false); err != nil {
			return forecast.Logistic{}, err
		}
		run.pool.until(t.AddDate(0, 0, forecast.Horizon))
	}
	return forecast.FitLogistic(run.pool.First(forecast.OwnNumbers()), ridge)
}

// A resighting is a replay under way.
type resighting struct {
	h       *forecast.History
	replay  *forecast.Replay
	options Options
	chance  *rand.Rand
	pool    pool

	model, own, polynomial, base []sheet
	all                          []Scored // of the model
	lost                         int      // what came of values that were not forecast
}

// cutoff forecasts at a moment, and keeps rows to train on later.
func (r *resighting) cutoff(t time.Time, test bool) error {
	values := r.replay.Recent(t)
	closes := t.AddDate(0, 0, forecast.Horizon)
	seen := r.h.SeenAgain(t, closes)
	came := make([]bool, len(values))
	for i, v := range values {
		came[i] = seen[v]
	}
	if r.options.Shuffle {
		r.chance.Shuffle(len(came), func(i, j int) { came[i], came[j] = came[j], came[i] })
	}
	var model, own forecast.Logistic
	if test {
		var err error
		if model, err = forecast.FitLogistic(&r.pool.Samples, ridge); err != nil {
			return err
		}
		if own, err = forecast.FitLogistic(r.pool.First(forecast.OwnNumbers()), ridge); err != nil {
			return err
		}
		r.lost += r.replay.Forgotten(t, seen)
	}
	rows := &forecast.Samples{}
	var full, alone, decay []Scored
	var x []float64
	for i, v := range values {
		sampled := came[i] || mixed(uint64(v)<<32|uint64(len(r.model)+len(r.pool.pending)))%negatives == 0
		if !test && !sampled {
			continue
		}
		x = r.replay.Sighting(x, v, t)
		if sampled {
			rows.Width = len(x)
			rows.Add(x, came[i], weightOf(came[i], negatives))
		}
		if test {
			full = append(full, Scored{forecast.Probability(model.LogOdds(x)), came[i]})
			alone = append(alone, Scored{forecast.Probability(own.LogOdds(x)), came[i]})
			decay = append(decay, Scored{forecast.Polynomial(r.replay.Age(v, t)), came[i]})
		}
	}
	r.pool.pending = append(r.pool.pending, batch{closes, rows})
	if test {
		r.model, r.own = append(r.model, grade(full)), append(r.own, grade(alone))
		r.polynomial, r.base = append(r.polynomial, grade(decay)), append(r.base, grade(baseRate(full)))
		r.all = append(r.all, full...)
	}
	return nil
}

func (r *resighting) result(cuts []time.Time) Result {
	out := Result{Head: "resighting", Columns: ordered(), Means: map[string]string{"polynomial_decay": "AP gained"}, Cutoffs: len(cuts), Forecasts: len(r.all), First: cuts[0], Last: cuts[len(cuts)-1],
		Metrics:   sum(r.model, true),
		Baselines: map[string]Score{"own_history": sum(r.own, true), "polynomial_decay": sum(r.polynomial, false), "base_rate": sum(r.base, true)},
		Skill: map[string][3]float64{"base_rate": skill(r.model, r.base, r.options.Seed), "own_history": skill(r.model, r.own, r.options.Seed),
			"polynomial_decay": gain(r.model, r.polynomial, r.options.Seed)}}
	for _, s := range r.model {
		out.Came += s.came
	}
	out.Metrics["brier_skill"] = out.Skill["base_rate"][0]
	out.Baselines["base_rate"]["brier_skill"] = 0
	out.Metrics["ece"], out.Reliability = ECE(r.all, 20), reliability(r.all, 20)
	out.Baselines["own_history"]["brier_skill"] = skill(r.own, r.base, r.options.Seed)[0]
	out.Unscoreable = float64(r.lost) / float64(max(1, r.lost+out.Came))
	return out
}
