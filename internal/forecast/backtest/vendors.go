package backtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/forecast/exploitation"
)

const (
	vendorCutoffs = 28  // that are tested, the last ones, where no first is given
	vendorWarmUp  = 240 // days of a catalogue before the first cutoff that is tested
	vendorBins    = 20  // of the calibration error
)

// Vendors replays of which vendors an entry is added to a catalogue within 30
// days, at the beginning of each month, of the vendors that are in it by then.
// At each cutoff the model is fitted anew to what was closed.
//
// Ways: the model; "gamma_poisson", a discounted Gamma-Poisson; "ma12_poisson",
// Poisson with the rate of twelve months; and "base_rate", what in hindsight came
// of all at all cutoffs. Measures are over all forecasts together,
// "ap_by_cutoff" apart, the mean of the average precisions at each. What could not
// be forecast is the entries of vendors who had none before.
func Vendors(ctx context.Context, c *exploitation.Catalogue, o Options) (Result, error) {
	cuts := vendorMonths(c, o)
	if len(cuts) == 0 {
		if early := vendorMonths(c, Options{To: o.To}); len(early) > 0 {
			return Result{}, tooLate(o.From, early[len(early)-1].Time())
		}
		first, last := c.Span()
		return Result{}, fmt.Errorf("%w: %d entries from %s to %s; %d days warm up and %d are forecast", ErrTooShort, c.Len(),
			first.Time().Format(time.DateOnly), last.Time().Format(time.DateOnly), vendorWarmUp, exploitation.Horizon)
	}
	run := &vendors{catalogue: c, learner: exploitation.VendorLearner{Catalogue: c}, dealt: dealer(o)}
	for i, t := range cuts {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		if err := run.cutoff(t); err != nil {
			return Result{}, fmt.Errorf("cutoff %s: %w", t.Time().Format(time.DateOnly), err)
		}
		if o.Progress != nil {
			o.Progress(i+1, len(cuts))
		}
	}
	return run.result(cuts, o)
}

// vendorMonths returns the beginnings of months to test: those with a history
// before and a closed outcome, and of them the last, unless a first is given.
func vendorMonths(c *exploitation.Catalogue, o Options) (cuts []exploitation.Day) {
	if c.Len() == 0 {
		return nil
	}
	first, _ := c.Span()
	end := known(c, o.To)
	begun := first.Time()
	for t := time.Date(begun.Year(), begun.Month(), 1, 0, 0, 0, 0, time.UTC); ; t = t.AddDate(0, 1, 0) {
		d := exploitation.DayOf(t)
		if d+exploitation.Horizon > end {
			break
		}
		if d >= first+vendorWarmUp && !t.Before(o.From) {
			cuts = append(cuts, d)
		}
	}
	if o.From.IsZero() {
		cuts = cuts[max(0, len(cuts)-vendorCutoffs):]
	}
	return cuts
}

// quiet is for how many days after its last entry a catalogue may just have been
// quiet, and is believed to be complete as far as --to.
const quiet = 7

// known returns the day until which it is known what was added.
func known(c *exploitation.Catalogue, to time.Time) exploitation.Day {
	_, last := c.Span()
	if to.IsZero() {
		return last + 1
	}
	return min(exploitation.DayOf(to), last+1+quiet)
}

// vendors is a replay under way.
type vendors struct {
	catalogue *exploitation.Catalogue
	learner   exploitation.VendorLearner
	dealt     func([]bool)

	model, gamma, poisson [][]Scored // by cutoff
	missed, entries       int
}

func (r *vendors) cutoff(t exploitation.Day) error {
	m, err := r.learner.Until(t)
	if err != nil {
		return err
	}
	listed := r.catalogue.Vendors(t)
	came := make([]bool, len(listed))
	for i, v := range listed {
		came[i] = r.catalogue.Came(v, t, t+exploitation.Horizon)
	}
	r.dealt(came)
	var model, gamma, poisson []Scored
	for i, v := range listed {
		model = append(model, Scored{m.Probability(r.catalogue, v, t), came[i]})
		gamma = append(gamma, Scored{r.catalogue.GammaPoisson(v, t), came[i]})
		poisson = append(poisson, Scored{r.catalogue.Poisson(v, t), came[i]})
	}
	r.model, r.gamma, r.poisson = append(r.model, model), append(r.gamma, gamma), append(r.poisson, poisson)
	missed, entries := r.catalogue.NewVendors(t, t+exploitation.Horizon)
	r.missed, r.entries = r.missed+missed, r.entries+entries
	return nil
}

func (r *vendors) result(cuts []exploitation.Day, o Options) (Result, error) {
	base := sameRate(r.model)
	out := Result{Head: "vendors", Cutoffs: len(cuts), First: cuts[0].Time(), Last: cuts[len(cuts)-1].Time(), Skill: map[string][3]float64{},
		Columns:   []Column{{"ap", "AP"}, {"auc", "AUC"}, {"brier_skill", "Brier skill"}, {"ece", "ECE"}},
		Metrics:   pooled(r.model, base),
		Baselines: map[string]Score{"gamma_poisson": pooled(r.gamma, base), "ma12_poisson": pooled(r.poisson, base), "base_rate": pooled(base, base)}}
	out.Unscoreable = float64(r.missed) / float64(max(1, r.entries))
	for _, fs := range r.model {
		out.Forecasts += len(fs)
		for _, f := range fs {
			if f.Came {
				out.Came++
			}
		}
	}
	if out.Came == 0 || out.Came == out.Forecasts {
		return Result{}, errors.New("nothing can be judged: of no vendor that was known by then an entry was added, or of each")
	}
	out.Reliability = reliability(slices.Concat(r.model...), vendorBins)
	model := briers(r.model)
	out.Skill["base_rate"] = skill(model, briers(base), o.Seed)
	out.Skill["gamma_poisson"] = skill(model, briers(r.gamma), o.Seed)
	out.Skill["ma12_poisson"] = skill(model, briers(r.poisson), o.Seed)
	return out, nil
}

// sameRate forecasts of each what in hindsight came of all at all cutoffs.
func sameRate(cutoffs [][]Scored) [][]Scored {
	var all []Scored
	for _, fs := range cutoffs {
		all = append(all, fs...)
	}
	all = baseRate(all)
	out := make([][]Scored, len(cutoffs))
	for i, fs := range cutoffs {
		out[i], all = all[:len(fs):len(fs)], all[len(fs):]
	}
	return out
}

// pooled scores one way over all forecasts of all cutoffs together.
func pooled(cutoffs, base [][]Scored) Score {
	var all []Scored
	own, than, ap, judged := 0.0, 0.0, 0.0, 0.0
	for i, fs := range cutoffs {
		all = append(all, fs...)
		if at := grade(fs); at.judged() {
			ap += at.ap
			judged++
		}
		own += BrierSum(fs)
		than += BrierSum(base[i])
	}
	ts := ties(all)
	return Score{"ap": averagePrecision(ts), "ap_by_cutoff": ap / max(1, judged), "auc": auc(ts),
		"brier": own / float64(max(1, len(all))), "brier_skill": 1 - own/than, "ece": ECE(all, vendorBins)}
}

func briers(cutoffs [][]Scored) (out []sheet) {
	for _, fs := range cutoffs {
		out = append(out, sheet{n: len(fs), brier: BrierSum(fs)})
	}
	return out
}
