package forecast_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
)

func near(a, b, within float64) bool { return math.Abs(a-b) <= within }

// crps is the score by its definition: E|X-y| - E|X-X'|/2.
func crps(mass []float64, came int) float64 {
	to, apart := 0.0, 0.0
	for i, p := range mass {
		to += p * math.Abs(float64(i-came))
		for j, q := range mass {
			apart += p * q * math.Abs(float64(i-j))
		}
	}
	return to - apart/2
}

func TestTheCRPSIsThatOfItsDefinition(t *testing.T) {
	for _, mean := range []float64{0.01, 0.4, 3, 17, 120} {
		mass, p := make([]float64, 400), math.Exp(-mean)
		for n := range mass {
			mass[n] = p
			p *= mean / float64(n+1)
		}
		d := forecast.Poisson(mean)
		if err := d.Check(); err != nil || len(d.At) > 70 {
			t.Fatalf("Poisson of %v has %d steps: %v", mean, len(d.At), err)
		}
		for _, came := range []int{0, 1, int(mean), int(2 * mean), 390, 1000} {
			got, want := forecast.CRPS(d, came), crps(mass, came)
			if !near(got, want, 0.01*max(0.05, want)) {
				t.Errorf("Poisson of %v and %d: %v, want %v", mean, came, got, want)
			}
		}
	}
	certain := intel.Distribution{At: []int{4, 5}, Below: []float64{0, 1}}
	for _, came := range []int{0, 5, 9} {
		if got := forecast.CRPS(certain, came); got != math.Abs(float64(came-5)) {
			t.Errorf("certain of 5, %d came: %v", came, got)
		}
	}
}

func TestASpreadKeepsWhatStandsAlone(t *testing.T) {
	d := forecast.Spread(func(n int) float64 { return map[int]float64{0: .5, 40: .3, 41: .2}[n] }, 601)
	mass := make([]float64, 42)
	mass[0], mass[40], mass[41] = .5, .3, .2
	for _, came := range []int{0, 7, 40, 41, 50} {
		if got, want := forecast.CRPS(d, came), crps(mass, came); !near(got, want, 1e-4) {
			t.Errorf("%d: %v, want %v of %+v", came, got, want, d)
		}
	}
	if got := forecast.LogScore(d, 40); !near(got, -math.Log(.3), 1e-4) {
		t.Errorf("40 was held for %v", math.Exp(-got))
	}
	for name, mass := range map[string]func(int) float64{"of no number": func(int) float64 { return math.NaN() }, "of nothing": func(int) float64 { return 0 },
		"without end": func(int) float64 { return 1e-9 }} {
		if d := forecast.Spread(mass, 1000); d.Check() != nil {
			t.Errorf("a mass %s: %+v", name, d)
		}
	}
}

func TestThePITOfARightDistributionIsEven(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	d := forecast.Poisson(2.5)
	const n = 20_000
	low := 0
	for range n {
		came, p, u := 0, math.Exp(-2.5), chance.Float64()
		for u > p && came < 100 {
			u -= p
			came++
			p *= 2.5 / float64(came)
		}
		if forecast.PIT(d, came, chance.Float64()) < 0.25 {
			low++
		}
	}
	if !near(float64(low)/n, 0.25, 0.01) {
		t.Errorf("%v of counts lie in the lowest quarter", float64(low)/n)
	}
}

func TestQuantilesAloneCanBeScored(t *testing.T) {
	f := intel.Forecast{ID: "x", Quantiles: map[string]float64{"0.05": 0, "0.1": 0, "0.25": 1, "0.5": 2, "0.75": 4, "0.9": 6, "0.95": 8}, BaseRate: 30}
	s, err := forecast.Judge(f, 2)
	if err != nil || s.Score > 1 || s.Base < 20 || s.P < .2 || s.P > .6 || s.Ruled || s.Probability {
		t.Errorf("%+v, %v", s, err)
	}
	for name, q := range map[string]map[string]float64{"a level that is none": {"x": 1, "0.5": 1, "0.6": 2}, "no number": {"0.1": math.NaN(), "0.5": 1, "0.9": 2},
		"too few": {"0.5": 1}, "a level of one": {"0.5": 1, "0.6": 1, "1": 3}} {
		if s, err := forecast.Judge(intel.Forecast{Quantiles: q}, 1); err == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestAnEventIsScoredAgainstItsBaseRateAndItsSimpleRule(t *testing.T) {
	f := intel.Forecast{Probability: .8, BaseRate: .5, Basis: intel.Basis{Simple: intel.Simple{Rule: "last_value", Probability: 1}}}
	s, err := forecast.Judge(f, 1)
	if err != nil || !near(s.Score, .04, 1e-12) || s.Base != .25 || s.Simple != 0 || !s.Ruled || !near(s.Log, -math.Log(.8), 1e-12) {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = forecast.Judge(f, 0); err != nil || !near(s.SimpleLog, -math.Log(1e-7), 1e-9) || s.Simple != 1 {
		t.Errorf("what was held for impossible came: %+v, %v", s, err)
	}
	if _, err := forecast.Judge(intel.Forecast{Probability: math.NaN()}, 0); err == nil {
		t.Error("a probability that is no number is scored")
	}
}

func TestWhatWasReadShowsInTheDigest(t *testing.T) {
	time0 := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	weeks := []intel.Count{{Start: time0, N: 3}, {Start: time0.AddDate(0, 0, 7), N: 1}}
	lynx := intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}
	of := func(s forecast.Series) string { return forecast.Activity(s, nil, time0.AddDate(0, 0, 14))[0].Inputs }
	one := of(forecast.Series{Entity: lynx, Weeks: weeks})
	if len(one) != 64 || one != of(forecast.Series{Entity: lynx, Weeks: weeks}) {
		t.Errorf("the digest of the same is another: %s", one)
	}
	if one == of(forecast.Series{Entity: lynx, Weeks: weeks, Observed: []bool{true, false}}) {
		t.Error("a week that was not watched does not show")
	}
	weeks[0].N++
	if one == of(forecast.Series{Entity: lynx, Weeks: weeks}) {
		t.Error("one document more does not show")
	}
}

// FuzzJudge scores whatever stands in a store: it is refused or has finite scores.
func FuzzJudge(f *testing.F) {
	f.Add([]byte(`{"probability":0.2,"base_rate":0.1,"simple":{"rule":"x","probability":1}}`), 1)
	f.Add([]byte(`{"quantiles":{"0.1":0,"0.5":2,"0.9":7},"base_rate":3,"simple":{"rule":"x","mean":1e9}}`), 1_000_000)
	f.Add([]byte(`{"distribution":{"at":[0,5,6],"below":[0,0.5,1]},"base_rate":1e300}`), -1)
	f.Fuzz(func(t *testing.T, body []byte, came int) {
		var x intel.Forecast
		if json.Unmarshal(body, &x) != nil {
			return
		}
		s, err := forecast.Judge(x, came%1_000_000)
		if err != nil {
			return
		}
		for _, v := range []float64{s.P, s.Score, s.Log, s.Base, s.BaseLog, s.Simple, s.SimpleLog} {
			if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
				t.Errorf("%s and %d: %+v", body, came, s)
			}
		}
	})
}
