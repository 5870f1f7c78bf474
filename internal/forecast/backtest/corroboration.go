package backtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
)

const (
	voiceNegatives = 4
	voiceRidge     = 30
	voiceWarmUp    = 6
	// voiceDays is by when all is closed that is forecast in the month after a
	// cutoff.
	voiceDays = 31 + forecast.Corroborable - 2
)

// Corroboration replays whether a second, independent account reports an
// indicator within 90 days of its first report. Each indicator is forecast
// once, two days after its first report; whoever reported it by then counts as
// one voice with the first. The model is fitted at the beginning of each month
// to what was closed by then.
func Corroboration(ctx context.Context, h *forecast.History, o Options) (Result, error) {
	cuts := cutoffs(h, o.To, voiceDays)
	start, err := tested(cuts, o.From, voiceDays, voiceWarmUp)
	if err != nil {
		return Result{}, err
	}
	run := &corroboration{h: h, replay: forecast.NewReplay(h), options: o, chance: rand.New(rand.NewPCG(o.Seed, 2))}
	run.replay.OnSettled(run.settled)
	for i, t := range cuts {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		run.replay.Until(t)
		run.shuffle()
		if i >= start {
			if err := run.month(t); err != nil {
				return Result{}, fmt.Errorf("cutoff %s: %w", t.Format(time.DateOnly), err)
			}
		}
		if o.Progress != nil {
			o.Progress(i+1, len(cuts))
		}
	}
	return run.result(cuts[start:]), nil
}

// A corroboration is a replay under way.
type corroboration struct {
	h       *forecast.History
	replay  *forecast.Replay
	options Options
	chance  *rand.Rand

	rows     forecast.Samples // in order of time
	closes   []time.Time      // of each row
	shuffled int              // rows whose outcomes are dealt out anew
	x        []float64

	model *forecast.Logistic // of the month that is tested; nil: none
	said  []Scored           // in it

	sheets, base []sheet
	all          []Scored
	early        int // of the months tested: reported by another within two days alone
}

// settled takes in an indicator whose first report is two days old.
func (r *corroboration) settled(value int32, at time.Time) {
	came, known := r.h.Corroborated(value)
	if !known {
		return
	}
	sampled := came || mixed(uint64(value))%voiceNegatives == 0
	if r.model == nil && !sampled {
		return
	}
	r.x = r.replay.Voice(r.x, value, at)
	if sampled {
		r.rows.Width = len(r.x)
		r.rows.Add(r.x, came, weightOf(came, voiceNegatives))
		r.closes = append(r.closes, r.h.First(value).AddDate(0, 0, forecast.Corroborable))
	}
	if r.model != nil {
		r.said = append(r.said, Scored{forecast.Probability(r.model.LogOdds(r.x)), came})
		if !came && r.h.Repeated(value) {
			r.early++
		}
	}
}

// shuffle deals the outcomes of the rows since the last call out anew, where
// that is wanted.
func (r *corroboration) shuffle() {
	fresh := r.rows.Y[r.shuffled:]
	weights := r.rows.Weight[r.shuffled:]
	r.shuffled = r.rows.Len()
	if r.options.Shuffle {
		r.chance.Shuffle(len(fresh), func(i, j int) {
			fresh[i], fresh[j] = fresh[j], fresh[i]
			weights[i], weights[j] = weights[j], weights[i]
		})
	}
}

// month fits the model to what is closed, and tests it for a month.
func (r *corroboration) month(t time.Time) error {
	n := 0
	for n < len(r.closes) && !r.closes[n].After(t) {
		n++
	}
	closed := forecast.Samples{Width: r.rows.Width, X: r.rows.X[:n*r.rows.Width], Y: r.rows.Y[:n], Weight: r.rows.Weight[:n]}
	model, err := forecast.FitLogistic(&closed, voiceRidge)
	if err != nil {
		return err
	}
	r.model, r.said = &model, r.said[:0]
	r.replay.Until(t.AddDate(0, 1, 0))
	r.model = nil
	r.shuffle()
	if r.options.Shuffle {
		r.chance.Shuffle(len(r.said), func(i, j int) { r.said[i].Came, r.said[j].Came = r.said[j].Came, r.said[i].Came })
	}
	r.sheets, r.base = append(r.sheets, grade(r.said)), append(r.base, grade(baseRate(r.said)))
	r.all = append(r.all, r.said...)
	return nil
}

func (r *corroboration) result(cuts []time.Time) Result {
	out := Result{Head: "corroboration", Columns: ordered(), Cutoffs: len(cuts), Forecasts: len(r.all), First: cuts[0], Last: cuts[len(cuts)-1],
		Metrics: sum(r.sheets, true), Baselines: map[string]Score{"base_rate": sum(r.base, true)},
		Skill: map[string][3]float64{"base_rate": skill(r.sheets, r.base, r.options.Seed)}}
	for _, s := range r.sheets {
		out.Came += s.came
	}
	out.Metrics["brier_skill"] = out.Skill["base_rate"][0]
	out.Baselines["base_rate"]["brier_skill"] = 0
	out.Metrics["ece"], out.Reliability = ECE(r.all, 20), reliability(r.all, 20)
	out.Unscoreable = float64(r.early) / float64(max(1, r.early+out.Came))
	return out
}
