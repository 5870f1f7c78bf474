package backtest

import (
	"math"
	"slices"
	"testing"
)

// scored reads forecasts such as {.9, 1}: a score, and whether it came.
func scored(pairs ...[2]float64) (out []Scored) {
	for _, p := range pairs {
		out = append(out, Scored{p[0], p[1] == 1})
	}
	return out
}

func TestMeasuresByHand(t *testing.T) {
	perfect := scored([2]float64{.9, 1}, [2]float64{.8, 1}, [2]float64{.1, 0}, [2]float64{.2, 0})
	worst := scored([2]float64{.1, 1}, [2]float64{.9, 0}, [2]float64{.8, 0}, [2]float64{.7, 0})
	mixed := scored([2]float64{.9, 1}, [2]float64{.8, 0}, [2]float64{.7, 1}, [2]float64{.6, 0})
	tied := scored([2]float64{.5, 1}, [2]float64{.5, 0}, [2]float64{.5, 0}, [2]float64{.5, 0})
	half := scored([2]float64{.9, 0}, [2]float64{.5, 1}, [2]float64{.5, 0}, [2]float64{.1, 1})
	for _, test := range []struct {
		name                 string
		fs                   []Scored
		ap, auc, top2, brier float64
	}{
		{"perfect", perfect, 1, 1, 1, .01 + .04 + .01 + .04},
		{"worst", worst, .25, 0, 0, .81 + .81 + .64 + .49},
		{"mixed", mixed, (1 + 2.0/3) / 2, .75, .5, .01 + .64 + .09 + .36},
		{"all tied", tied, .25, .5, .5, 1},
		{"half tied", half, (1.0/3 + 2.0/4) / 2, .125, .25, .81 + .25 + .25 + .81},
	} {
		for _, reversed := range []bool{false, true} {
			fs := slices.Clone(test.fs)
			if reversed {
				slices.Reverse(fs)
			}
			got := []float64{AveragePrecision(fs), AUC(fs), Recall(fs, 2), BrierSum(fs)}
			for i, want := range []float64{test.ap, test.auc, test.top2, test.brier} {
				if math.Abs(got[i]-want) > 1e-12 {
					t.Errorf("%s, reversed %v: measures %v; number %d should be %v", test.name, reversed, got, i, want)
				}
			}
		}
	}
}

func TestNothingCameIsNoNumber(t *testing.T) {
	none := scored([2]float64{.5, 0}, [2]float64{.2, 0})
	if ap, area := AveragePrecision(none), AUC(none); !math.IsNaN(ap) || !math.IsNaN(area) {
		t.Errorf("AP %v, AUC %v of what never came", ap, area)
	}
}

func TestCalibrationErrorIsTheMeanDistanceByBin(t *testing.T) {
	fs := scored([2]float64{.1, 0}, [2]float64{.3, 0}, [2]float64{.7, 1}, [2]float64{.9, 1})
	if got := ECE(fs, 2); math.Abs(got-0.2) > 1e-12 { // .2 against 0, .8 against 1
		t.Errorf("two bins: %v", got)
	}
	if got := ECE(fs, 1); math.Abs(got) > 1e-12 {
		t.Errorf("one bin: %v", got)
	}
}

func TestAnIntervalHoldsTheMeanAndIsTheSameEachTime(t *testing.T) {
	values := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
	mean := func(drawn []int) float64 {
		sum := 0.0
		for _, i := range drawn {
			sum += values[i]
		}
		return sum / float64(len(drawn))
	}
	low, high := interval(len(values), 3, 1, mean)
	if low >= 7 || high <= 7 || low < 2 || high > 12 {
		t.Errorf("interval %v to %v of a mean of 7", low, high)
	}
	if l, h := interval(len(values), 3, 1, mean); l != low || h != high {
		t.Errorf("then %v to %v", l, h)
	}
	if l, h := interval(3, 3, 1, mean); l >= h {
		t.Errorf("three cutoffs in blocks of three: %v to %v, as if they were all there can be", l, h)
	}
	if l, h := interval(1, 3, 1, mean); l != 1 || h != 1 {
		t.Errorf("one cutoff: %v to %v", l, h)
	}
}
