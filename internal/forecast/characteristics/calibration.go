package characteristics

import (
	"math"

	"github.com/portent-cti/portent/internal/forecast"
)

// A Calibration makes probabilities of a stack's log-odds: first it shifts them
// to how much is expected to come, then it lays a curve that never falls.
type Calibration struct {
	Shift float64 // what the log-odds are shifted by
	Curve forecast.Isotonic
}

// Calibrate fits a calibration to questions whose answers are known and of
// which nothing was trained. The ratio is how much is expected to come for each
// that is hidden here. It multiplies the curve: where what is hidden in the
// test and what is hidden here are parts of one whole, that is exact.
func (s *Stack) Calibrate(scores [][]float64, questions []Question, ratio float64) Calibration {
	var x, y, w []float64
	hidden, cells := 0.0, 0.0
	each := func(do func(score float64, came bool)) {
		for k, q := range questions {
			for j, score := range scores[k] {
				if item := int32(j); !has(q.Row, item) { //nolint:gosec // at most MaxItems
					do(score, has(q.Hidden, item))
				}
			}
		}
	}
	each(func(_ float64, came bool) {
		cells++
		if came {
			hidden++
		}
	})
	c := Calibration{Shift: math.Log((ratio*hidden + 0.5) / (cells + 1) / s.rate)}
	// millions of cells that will hardly come are counted by the hundredth of
	// their log-odds; that is finer than what they are known to
	bins := map[int]int{}
	each(func(score float64, came bool) {
		at := int(math.Round(100 * (score + c.Shift)))
		k, ok := bins[at]
		if !ok {
			k = len(x)
			bins[at] = k
			x, y, w = append(x, forecast.Probability(float64(at)/100)), append(y, 0), append(w, 0)
		}
		w[k]++
		if came {
			y[k]++
		}
	})
	for k := range y {
		y[k] *= ratio / w[k]
	}
	c.Curve = forecast.FitIsotonic(x, y, w)
	for k, v := range c.Curve.Y {
		c.Curve.Y[k] = min(max(v, least), most)
	}
	return c
}

// No forecast of this head is surer than these: few cells were seen beyond.
const least, most = 1e-6, 0.98

// LogOdds is what a stack's log-odds are with as much as is expected to come.
func (c Calibration) LogOdds(score float64) float64 { return score + c.Shift }

// Probability is what comes of a stack's log-odds.
func (c Calibration) Probability(score float64) float64 {
	return c.Curve.Of(forecast.Probability(c.LogOdds(score)))
}
