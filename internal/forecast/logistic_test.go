package forecast_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/portent-cti/portent/internal/forecast"
)

// counted is samples of one number: x, how often, and how often it came.
func counted(cells ...[3]float64) *forecast.Samples {
	s := &forecast.Samples{Width: 1}
	for _, c := range cells {
		s.Add([]float64{c[0]}, true, c[2])
		s.Add([]float64{c[0]}, false, c[1]-c[2])
	}
	return s
}

func TestTheWeightOfOneNumberIsItsLogOddsRatio(t *testing.T) {
	m, err := forecast.FitLogistic(counted([3]float64{0, 100, 20}, [3]float64{1, 100, 80}), 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := math.Log(0.8/0.2) - math.Log(0.2/0.8); math.Abs(m.Weights[0]-want) > 1e-6 || math.Abs(m.Bias-math.Log(0.25)) > 1e-6 {
		t.Errorf("got %+v, want a weight of %v and a bias of %v", m, want, math.Log(0.25))
	}
	if p := forecast.Probability(m.LogOdds([]float64{1})); math.Abs(p-0.8) > 1e-6 {
		t.Errorf("got %v for what came in 80 of 100", p)
	}
}

func TestAnyUnitOfANumberGivesTheSameForecasts(t *testing.T) {
	chance := rand.New(rand.NewPCG(7, 7))
	a, b := &forecast.Samples{Width: 2}, &forecast.Samples{Width: 2}
	for range 500 {
		x, y := chance.NormFloat64(), chance.NormFloat64()
		came := chance.Float64() < forecast.Probability(1.5*x-y-1)
		a.Add([]float64{x, y}, came, 1)
		b.Add([]float64{1e4*x + 1e6, y}, came, 1)
	}
	ma, errA := forecast.FitLogistic(a, 5)
	mb, errB := forecast.FitLogistic(b, 5)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	for i := range a.Len() {
		if za, zb := ma.LogOdds(a.Row(i)), mb.LogOdds(b.Row(i)); math.Abs(za-zb) > 1e-6 {
			t.Fatalf("row %d: log-odds %v and %v", i, za, zb)
		}
	}
	again, _ := forecast.FitLogistic(a, 5)
	for i := range ma.Weights {
		if again.Weights[i] != ma.Weights[i] {
			t.Errorf("weight %d is %v and then %v", i, ma.Weights[i], again.Weights[i])
		}
	}
}

func TestTheFirstNumbersAreFittedAsIfTheyWereAll(t *testing.T) {
	chance := rand.New(rand.NewPCG(9, 9))
	both, one := &forecast.Samples{Width: 2}, &forecast.Samples{Width: 1}
	for range 200 {
		x := chance.NormFloat64()
		came := chance.Float64() < forecast.Probability(x)
		both.Add([]float64{x, chance.NormFloat64()}, came, 1)
		one.Add([]float64{x}, came, 1)
	}
	a, errA := forecast.FitLogistic(both.First(1), 1)
	b, errB := forecast.FitLogistic(one, 1)
	if errA != nil || errB != nil || a.Bias != b.Bias || a.Weights[0] != b.Weights[0] {
		t.Errorf("%+v, %v and %+v, %v", a, errA, b, errB)
	}
}

func TestARidgeDrawsWeightsToNought(t *testing.T) {
	s := counted([3]float64{0, 100, 20}, [3]float64{1, 100, 80})
	last := math.Inf(1)
	for _, ridge := range []float64{0, 1, 10, 100, 1e6} {
		m, err := forecast.FitLogistic(s, ridge)
		if err != nil || m.Weights[0] >= last || m.Weights[0] < 0 {
			t.Errorf("ridge %v: %+v, %v; the weight was %v", ridge, m, err, last)
		}
		last = m.Weights[0]
	}
}

func TestUselessRowsGiveNumbersOrAnError(t *testing.T) {
	one := &forecast.Samples{Width: 2}
	for i := range 50 {
		one.Add([]float64{3, float64(i)}, true, 1) // a constant, and all of it came
	}
	m, err := forecast.FitLogistic(one, 1)
	if p := forecast.Probability(m.LogOdds([]float64{3, 7})); err != nil || math.IsNaN(p) || p < 0.9 {
		t.Errorf("all came: %+v, %v, probability %v", m, err, p)
	}
	parted, err := forecast.FitLogistic(counted([3]float64{0, 50, 0}, [3]float64{1, 50, 50}), 1)
	if err != nil || math.IsNaN(parted.Weights[0]) || math.IsInf(parted.Weights[0], 0) {
		t.Errorf("outcomes that a number parts: %+v, %v", parted, err)
	}
	for _, s := range []*forecast.Samples{{}, {Width: 2, X: []float64{1}, Y: []bool{true}}, {Width: 1, X: []float64{1}, Y: []bool{true}, Weight: []float64{1, 2}}} {
		if m, err := forecast.FitLogistic(s, 1); err == nil {
			t.Errorf("fitted %+v to %+v", m, s)
		}
	}
	if _, err := forecast.FitLogistic(counted([3]float64{0, math.NaN(), 1}), 1); err == nil {
		t.Error("fitted to what is no number")
	}
}
