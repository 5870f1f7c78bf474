package backtest

import (
	"cmp"
	"math"
	"slices"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
)

// A Scored is a forecast and what came of it.
type Scored struct {
	P    float64 // the probability, or whatever orders forecasts
	Came bool
}

// A tie is the forecasts of one score.
type tie struct{ n, came int }

// ties returns the forecasts by falling score, equal scores together.
func ties(fs []Scored) []tie {
	sorted := slices.Clone(fs)
	slices.SortFunc(sorted, func(a, b Scored) int { return cmp.Compare(b.P, a.P) })
	var out []tie
	for i, f := range sorted {
		if i == 0 || f.P != sorted[i-1].P {
			out = append(out, tie{})
		}
		t := &out[len(out)-1]
		t.n++
		if f.Came {
			t.came++
		}
	}
	return out
}

// AveragePrecision is the mean, over what came, of the share that came among
// all forecasts of at least its score. The order of equal scores decides
// nothing. It is NaN where nothing came.
func AveragePrecision(fs []Scored) float64 { return averagePrecision(ties(fs)) }

func averagePrecision(ts []tie) float64 {
	seen, hits, sum := 0, 0, 0.0
	for _, t := range ts {
		seen += t.n
		hits += t.came
		sum += float64(t.came) * float64(hits) / float64(seen)
	}
	return sum / float64(hits)
}

// AUC is the probability that what came was scored above what did not, equal
// scores counting half. It is NaN where only one of both is there.
func AUC(fs []Scored) float64 { return auc(ties(fs)) }

func auc(ts []tie) float64 {
	above, below, pairs := 0, 0, 0.0
	for _, t := range ts {
		missed := t.n - t.came
		pairs += float64(missed) * (float64(above) + float64(t.came)/2)
		above += t.came
		below += missed
	}
	return pairs / (float64(above) * float64(below))
}

// Recall is the share of what came that is among the n of the highest scores;
// of equal scores that n divides, the part that fits.
func Recall(fs []Scored, n int) float64 { return recall(ties(fs), n) }

func recall(ts []tie, n int) float64 {
	hits, all, left := 0.0, 0, n
	for _, t := range ts {
		all += t.came
		hits += float64(t.came) * float64(min(t.n, left)) / float64(t.n)
		left -= min(t.n, left)
	}
	return hits / float64(all)
}

// BrierSum is the sum of the squares of what each forecast missed by.
func BrierSum(fs []Scored) float64 {
	sum := 0.0
	for _, f := range fs {
		sum += forecast.Brier(f.P, f.Came)
	}
	return sum
}

// ECE is the expected calibration error over n bins of equally many forecasts:
// the mean distance between what was forecast and what came, by bin.
func ECE(fs []Scored, n int) float64 {
	sum := 0.0
	for _, b := range binned(fs, n) {
		sum += math.Abs(b.p - float64(b.came))
	}
	return sum / float64(len(fs))
}

// A bin is forecasts of about the same probability: the sum of it, and of what came.
type bin struct {
	p       float64
	came, n int
}

// binned divides forecasts by rising probability into n bins of equally many.
func binned(fs []Scored, n int) []bin {
	sorted := slices.Clone(fs)
	slices.SortFunc(sorted, func(a, b Scored) int { return cmp.Compare(a.P, b.P) })
	out := make([]bin, n)
	for b := range out {
		for _, f := range sorted[b*len(sorted)/n : (b+1)*len(sorted)/n] {
			out[b].p += f.P
			out[b].n++
			if f.Came {
				out[b].came++
			}
		}
	}
	return out
}

// reliability is what came of what was said, in n bins of equally many forecasts.
func reliability(fs []Scored, n int) (out []intel.ReliabilityPoint) {
	for _, b := range binned(fs, n) {
		if b.n > 0 {
			out = append(out, forecast.PointOf(b.p/float64(b.n), b.came, b.n))
		}
	}
	return out
}

// ECEFixed is the same over n bins of equal width.
func ECEFixed(fs []Scored, n int) float64 {
	p, came := make([]float64, n), make([]float64, n)
	for _, f := range fs {
		b := min(int(f.P*float64(n)), n-1)
		p[b] += f.P
		if f.Came {
			came[b]++
		}
	}
	sum := 0.0
	for b := range p {
		sum += math.Abs(p[b] - came[b])
	}
	return sum / float64(max(1, len(fs)))
}

// block is how many months in a row the bootstrap draws together: neighbours share
// indicators.
const block = 3

// interval returns the bounds of the 95 % interval of a statistic over cutoffs, drawn
// in blocks of a size.
func interval(cutoffs, block int, seed uint64, of func(drawn []int) float64) (low, high float64) {
	return forecast.Interval(cutoffs, block, seed, of)
}
