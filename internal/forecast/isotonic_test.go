package forecast_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/forecast"
)

func TestTheCurveOfIsotonicPoolsWhatFalls(t *testing.T) {
	for _, test := range []struct {
		claim           string
		x, y, weight    []float64
		wantX, wantY    []float64
		at, wantBetween float64
	}{
		{"what rises stays", []float64{1, 2, 4}, []float64{0, .5, 1}, nil, []float64{1, 2, 4}, []float64{0, .5, 1}, 3, .75},
		{"what falls is pooled", []float64{1, 2, 3}, []float64{0, 1, 0}, nil, []float64{1, 2, 3}, []float64{0, .5, .5}, 2.5, .5},
		{"pooling goes back as far as it must", []float64{1, 2, 3}, []float64{.4, .6, 0}, []float64{1, 1, 2}, []float64{1, 3}, []float64{.25, .25}, 2, .25},
		{"equal values are one", []float64{2, 1, 2}, []float64{1, 0, 0}, []float64{3, 1, 1}, []float64{1, 2}, []float64{0, .75}, 0, 0},
		{"rows without weight or number are left out", []float64{1, 2, math.NaN(), 4}, []float64{0, 9, 9, 1}, []float64{1, 0, 1, 1}, []float64{1, 4}, []float64{0, 1}, 9, 1},
		{"no rows change nothing", nil, nil, nil, nil, nil, .3, .3},
	} {
		m := forecast.FitIsotonic(test.x, test.y, test.weight)
		if diff := cmp.Diff([2][]float64{test.wantX, test.wantY}, [2][]float64{m.X, m.Y}); diff != "" {
			t.Errorf("%s: %s", test.claim, diff)
		}
		if got := m.Of(test.at); math.Abs(got-test.wantBetween) > 1e-12 {
			t.Errorf("%s: %v at %v, want %v", test.claim, got, test.at, test.wantBetween)
		}
	}
}

func TestTheCurveOfIsotonicIsAsGoodInSumAndNeverFalls(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	x, y, w := make([]float64, 500), make([]float64, 500), make([]float64, 500)
	said, came := 0.0, 0.0
	for i := range x {
		x[i], w[i] = float64(chance.IntN(200))/200, chance.Float64()
		if chance.Float64() < x[i]*x[i] {
			y[i] = 1
		}
		came += w[i] * y[i]
	}
	m := forecast.FitIsotonic(x, y, w)
	for i := range x {
		said += w[i] * m.Of(x[i])
	}
	if math.Abs(said-came) > 1e-9 {
		t.Errorf("%v is said in sum, %v came", said, came)
	}
	for i := 1; i <= 1000; i++ {
		if m.Of(float64(i)/1000) < m.Of(float64(i-1)/1000) {
			t.Errorf("the curve falls at %d", i)
		}
	}
}
