// Package backtest replays history and scores forecasts against what came.
//
// A forecast made at a cutoff rests on what was reported before it, and its
// model on outcomes that were closed by then.
package backtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
)

// Options say what is replayed.
type Options struct {
	From     time.Time          // no cutoff before it is tested; zero: from the first that may be
	To       time.Time          // no outcome after it is used; zero: the end of the history
	Seed     uint64             // of the bootstrap
	Progress func(done, of int) // told of cutoffs done; nil: nobody
	// Shuffle deals the outcomes of each cutoff out anew. Whatever skill is left
	// then leaked into the test.
	Shuffle bool
}

// A Score is what one way to forecast reached, by name of the measure.
type Score map[string]float64

// A Result is a replay and how it went.
type Result struct {
	Head        string                `json:"head"`
	Data        string                `json:"data"`
	Cutoffs     int                   `json:"cutoffs"`
	Forecasts   int                   `json:"forecasts"`
	Came        int                   `json:"came"`
	First       time.Time             `json:"first_cutoff,omitzero"`
	Last        time.Time             `json:"last_cutoff,omitzero"`
	Metrics     Score                 `json:"metrics"`
	Baselines   map[string]Score      `json:"baselines"`
	Skill       map[string][3]float64 `json:"skill"`
	Unscoreable float64               `json:"unscoreable"`
	Seconds     float64               `json:"seconds"`
	Remark      string                `json:"remark,omitempty"` // what must not be concluded

	// BySeed is the figures of each seed by way, "model" or a baseline, and
	// measure, where several seeds run.
	BySeed map[string]map[string][]float64 `json:"-"`

	// Intervals are the 95 % bounds of measures, by way ("model" or a baseline), and
	// Gains by how much the model is better in them, by baseline; a head that is
	// judged by them has both.
	Intervals map[string]map[string][2]float64 `json:"intervals,omitempty"`
	Gains     map[string]map[string][3]float64 `json:"gains,omitempty"`

	// Reliability is what came of what the model said, in bins of equally many
	// forecasts, none where it says no probability; Covered how many counts lay within
	// each central interval.
	Reliability []intel.ReliabilityPoint `json:"reliability,omitempty"`
	Covered     []intel.ReliabilityPoint `json:"covered,omitempty"`

	Columns []Column          `json:"-"` // of Metrics and Baselines, as people read them
	Means   map[string]string `json:"-"` // what Skill is, by baseline; none: Brier skill
}

// MarshalJSON prints the figures of each seed beside their mean.
func (r Result) MarshalJSON() ([]byte, error) {
	type plain Result
	out := struct {
		plain
		Metrics   map[string]any            `json:"metrics"`
		Baselines map[string]map[string]any `json:"baselines"`
	}{plain(r), r.seeded("model", r.Metrics), map[string]map[string]any{}}
	for way, s := range r.Baselines {
		out.Baselines[way] = r.seeded(way, s)
	}
	return json.Marshal(out)
}

func (r Result) seeded(way string, s Score) map[string]any {
	out := map[string]any{}
	for name, v := range s {
		out[name] = v
		if by := r.BySeed[way][name]; by != nil {
			out[name+"_by_seed"] = by
		}
	}
	return out
}

// A Column is a measure and what people call it.
type Column struct{ Measure, Title string }

// ordered is the columns of heads that say whether something will come.
func ordered() []Column {
	return []Column{{"ap", "AP"}, {"auc", "AUC"}, {"recall@1000", "recall@1000"}, {"brier_skill", "Brier skill"}, {"ece", "ECE"}}
}

// ErrTooShort means that a history has no cutoff that can be tested.
var ErrTooShort = errors.New("no cutoff can be tested")

// tooLate says that all cutoffs are before the first that is to be tested.
func tooLate(from, last time.Time) error {
	return fmt.Errorf("%w: all are before --from, %s; the last is %s", ErrTooShort, from.Format(time.DateOnly), last.Format(time.DateOnly))
}

// cutoffs returns the beginnings of months from which on the source was watched
// for so many days, and before them for thirty.
func cutoffs(h *forecast.History, to time.Time, days int) []time.Time {
	first, last := h.Span()
	end := last.AddDate(0, 0, 1)
	if !to.IsZero() && to.Before(end) {
		end = to
	}
	var out []time.Time
	t := time.Date(first.Year(), first.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	for ; !t.AddDate(0, 0, days).After(end); t = t.AddDate(0, 1, 0) {
		before := t.AddDate(0, 0, -30)
		if before.Before(first) {
			before = first
		}
		if h.Watched(before, t.AddDate(0, 0, days)) {
			out = append(out, t)
		}
	}
	return out
}

// tested returns the first of the cutoffs to test: as many as warm up were
// closed before it.
func tested(cuts []time.Time, from time.Time, days, warmUp int) (int, error) {
	var last time.Time
	for i, t := range cuts {
		closed := 0
		for _, c := range cuts[:i] {
			if !c.AddDate(0, 0, days).After(t) {
				closed++
			}
		}
		if closed < warmUp {
			continue
		}
		if last = t; !t.Before(from) {
			return i, nil
		}
	}
	if !last.IsZero() {
		return 0, tooLate(from, last)
	}
	return 0, fmt.Errorf("%w: %d months of history can be used, of which %d warm up", ErrTooShort, len(cuts), warmUp)
}

// A sheet is how one way to forecast did at one cutoff.
type sheet struct {
	n, came         int
	ap, auc, recall float64
	brier           float64 // sum
}

func grade(fs []Scored) sheet {
	ts := ties(fs)
	s := sheet{n: len(fs), ap: averagePrecision(ts), auc: auc(ts), recall: recall(ts, 1000), brier: BrierSum(fs)}
	for _, t := range ts {
		s.came += t.came
	}
	return s
}

// judged reports whether anything can be said of the order of a cutoff's
// forecasts: something came, and something did not.
func (s sheet) judged() bool { return s.came > 0 && s.came < s.n }

// sum adds up the sheets of one way: means over the cutoffs where something
// came. A way that orders without giving probabilities has no Brier score.
func sum(sheets []sheet, probability bool) Score {
	out, brier, n, judged := Score{}, 0.0, 0, 0.0
	for _, s := range sheets {
		brier += s.brier
		n += s.n
		if s.judged() {
			out["ap"] += s.ap
			out["auc"] += s.auc
			out["recall@1000"] += s.recall
			judged++
		}
	}
	for _, name := range []string{"ap", "auc", "recall@1000"} {
		out[name] /= max(1, judged)
	}
	if probability {
		out["brier"] = brier / float64(n)
	}
	return out
}

// baseRate forecasts of each what in hindsight came of all at its cutoff, which
// is harder to beat than any rate that was known.
func baseRate(fs []Scored) []Scored {
	came := 0
	for _, f := range fs {
		if f.Came {
			came++
		}
	}
	out := make([]Scored, len(fs))
	for i, f := range fs {
		out[i] = Scored{float64(came) / float64(len(fs)), f.Came}
	}
	return out
}

// skill is by what share the Brier score of one way is lower than that of
// another, with its interval.
func skill(way, than []sheet, seed uint64) [3]float64 {
	return saved(len(way), block, seed, func(i int) (own, other float64) { return way[i].brier, than[i].brier })
}

// saved is by what share the sum of one loss over cutoffs is lower than that of another,
// with its interval, by blocks of a size.
func saved(cutoffs, size int, seed uint64, losses func(cutoff int) (own, other float64)) [3]float64 {
	return blocked(cutoffs, size, seed, func(drawn []int) float64 {
		a, b := 0.0, 0.0
		for _, i := range drawn {
			own, other := losses(i)
			a += own
			b += other
		}
		if b == 0 {
			return 0 // nothing came: there is nothing to be better than
		}
		return 1 - a/b
	})
}

// gain is by how much the mean average precision of one way is higher than that
// of another, with its interval.
func gain(way, than []sheet, seed uint64) [3]float64 {
	return bounded(len(way), seed, func(drawn []int) float64 {
		d := 0.0
		for _, i := range drawn {
			if way[i].judged() {
				d += way[i].ap - than[i].ap
			}
		}
		return d / float64(len(drawn))
	})
}

// dealer returns what deals the outcomes of a cutoff out anew, where that is asked for.
func dealer(o Options) func(came []bool) {
	if !o.Shuffle {
		return func([]bool) {}
	}
	chance := rand.New(rand.NewPCG(o.Seed, 1))
	return func(came []bool) {
		chance.Shuffle(len(came), func(i, j int) { came[i], came[j] = came[j], came[i] })
	}
}

func bounded(cutoffs int, seed uint64, of func(drawn []int) float64) [3]float64 {
	return blocked(cutoffs, block, seed, of)
}

// blocked is a statistic over all cutoffs with its interval, by blocks of a size.
func blocked(cutoffs, size int, seed uint64, of func(drawn []int) float64) [3]float64 {
	all := make([]int, cutoffs)
	for i := range all {
		all[i] = i
	}
	low, high := interval(cutoffs, size, seed, of)
	return [3]float64{of(all), low, high}
}

// mixed spreads the bits of a number, so that a sample by it is as good as a
// random one and the same each time.
func mixed(a uint64) uint64 {
	a = (a ^ a>>30) * 0xbf58476d1ce4e5b9
	a = (a ^ a>>27) * 0x94d049bb133111eb
	return a ^ a>>31
}

// pool gathers rows to train on as their outcomes close.
type pool struct {
	forecast.Samples
	pending []batch
}

// A batch is rows whose outcomes close together.
type batch struct {
	closes time.Time
	rows   *forecast.Samples
}

// until takes in what is closed by a moment.
func (p *pool) until(t time.Time) {
	for len(p.pending) > 0 && !p.pending[0].closes.After(t) {
		rows := p.pending[0].rows
		p.pending = p.pending[1:]
		p.Width = rows.Width
		for i := range rows.Len() {
			p.Add(rows.Row(i), rows.Y[i], rows.Weight[i])
		}
	}
}

// weightOf is the weight of a row where one in so many of what did not come is
// trained on.
func weightOf(came bool, negatives float64) float64 {
	if came {
		return 1
	}
	return negatives
}
