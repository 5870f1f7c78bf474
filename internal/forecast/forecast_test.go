package forecast_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
)

var (
	now   = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	actor = intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}
)

func weekly(counts ...int) forecast.Series {
	s := forecast.Series{Entity: actor}
	for i, n := range counts {
		s.Weeks = append(s.Weeks, intel.Count{Start: now.AddDate(0, 0, -7*(len(counts)-i)), N: n})
	}
	return s
}

func TestABusyActorIsForecastBusy(t *testing.T) {
	busy, quiet := forecast.Activity(weekly(1, 2, 9, 8, 10, 9), nil, now), forecast.Activity(weekly(9, 8, 0, 0, 0, 0), nil, now)
	if busy[1].Quantiles["0.5"] <= quiet[1].Quantiles["0.5"] || busy[2].Probability <= quiet[2].Probability {
		t.Errorf("busy %+v, quiet %+v", busy, quiet)
	}
	if busy[0].Horizon != 7 || busy[1].Horizon != 28 || !busy[1].Due.Equal(now.Truncate(24*time.Hour).AddDate(0, 0, 28)) {
		t.Errorf("horizons %+v", busy)
	}
}

func TestQuantilesRiseAndAreNumbers(t *testing.T) {
	for _, s := range []forecast.Series{weekly(0), weekly(0, 0, 0), weekly(1), weekly(5000, 9000), weekly(-3, 2)} {
		for _, f := range forecast.Activity(s, nil, now) {
			last := 0.0
			for _, l := range []float64{.05, .1, .25, .5, .75, .9, .95} {
				q := f.Quantiles[fmt.Sprint(l)]
				if f.Kind == "activity" && (math.IsNaN(q) || q < last) {
					t.Errorf("quantiles %v of %+v", f.Quantiles, s.Weeks)
				}
				last = q
			}
			if math.IsNaN(f.Probability) || f.Rule == "" || f.ID == "" {
				t.Errorf("forecast %+v", f)
			}
		}
	}
}

// TestTheBusiestActorsHaveAMedian asks for a count whose mass at nought is too
// small for a float64: NoName057(16) lists two thousand targets in four weeks.
func TestTheBusiestActorsHaveAMedian(t *testing.T) {
	steady := weekly(500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 500)
	if q := forecast.Activity(steady, nil, now)[1].Quantiles; q["0.5"] < 1750 || q["0.5"] > 2100 || q["0.05"] < 1600 || q["0.95"] > 2300 {
		t.Errorf("quantiles of four weeks %v; want about 2000", q)
	}
}

func TestAnOutageIsNotQuiet(t *testing.T) {
	seen := weekly(9, 9, 9, 9)
	dark := weekly(9, 9, 9, 9, 0, 0, 0, 0)
	dark.Observed = []bool{true, true, true, true, false, false, false, false}
	a, b := forecast.Activity(seen, nil, now)[1].Quantiles["0.5"], forecast.Activity(dark, nil, now)[1].Quantiles["0.5"]
	if b < a/2 {
		t.Errorf("median %v with an outage, %v without", b, a)
	}
	if out := forecast.Activity(forecast.Series{Entity: actor}, nil, now); out != nil {
		t.Errorf("a forecast out of nothing: %+v", out)
	}
}

func TestWhatIsTakenUpIsJudgedByItsOwnRule(t *testing.T) {
	target := intel.Entity{Kind: intel.Weakness, Name: "CWE-22"}
	out := forecast.TakenUp(actor, []forecast.Prospect{{Target: target, Probability: .2, BaseRate: .01, Simple: .05, Model: "m", Inputs: "i", ByWay: "a vulnerability that has it"}}, now)
	if len(out) != 1 || out[0].Horizon != 90 || out[0].Kind != "weakness" || !out[0].Due.Equal(now.Truncate(24*time.Hour).AddDate(0, 0, 90)) || out[0].Simple.Rule != "popularity" {
		t.Fatalf("%+v", out)
	}
	for _, want := range []string{"2026-04-01 to 2026-06-30", "14 days", "weakness:CWE-22, or with a vulnerability that has it,"} {
		if !strings.Contains(out[0].Rule, want) {
			t.Errorf("the rule %q does not say %q", out[0].Rule, want)
		}
	}
	if s, err := forecast.Judge(out[0], 1); err != nil || !s.Ruled || s.Score >= s.Base {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestTheSameDayGivesTheSameForecasts(t *testing.T) {
	a, b := forecast.Activity(weekly(1, 2, 3), nil, now), forecast.Activity(weekly(1, 2, 3), nil, now.Add(5*time.Hour))
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%v and %v", a, b)
	}
}

func TestABaseRateOfAFewWeeksIsThatOfOthers(t *testing.T) {
	count := func(others forecast.Others) forecast.Count {
		return forecast.Count{Weeks: 4, Mass: []float64{.9, .05, 0, 0, 0, .05}, Model: "m", Surge: 5, Others: others}
	}
	for name, c := range map[string]struct {
		series     forecast.Series
		others     forecast.Others
		any, surge float64
	}{
		"of whom others tell":      {weekly(1), forecast.Others{States: 999, Any: 300, Surges: 20}, .3, .02},
		"nothing is known of them": {weekly(1, 0), forecast.Others{}, .1, .05}, // what is forecast: nothing is gained over it
		"has weeks of its own":     {weekly(1, 0, 0, 0, 0, 0, 0, 0), forecast.Others{States: 999, Any: 900, Surges: 900}, .25, .0833},
	} {
		for _, f := range forecast.Activity(c.series, []forecast.Count{count(c.others)}, now) {
			if want, ok := map[string]float64{"any activity": c.any, "surge": c.surge}[f.Kind]; ok && math.Abs(f.BaseRate-want) > 1e-3 {
				t.Errorf("%s: base rate of %s is %.4f, want %.4f", name, f.Kind, f.BaseRate, want)
			}
		}
	}
}

func TestAFirstLoadIsNeitherBaseRateNorSimpleRule(t *testing.T) {
	others := forecast.Others{States: 999, Any: 300, Documents: 1999}
	c := forecast.Count{Weeks: 4, Mass: []float64{.5, .5}, Model: "m", Others: others}
	for name, x := range map[string]struct {
		series       forecast.Series
		base, simple float64
	}{
		"nothing but a load":          {weekly(700), 2, 2},
		"a load and a quiet week":     {weekly(700, 0), 2, 0},
		"one post":                    {weekly(1), 2, 1},
		"a load, then a few each":     {weekly(0, 700, 1, 2, 1, 2, 1, 2), 4 * 9. / 7, 6},
		"a busy group, not a load":    {weekly(9, 8, 9, 9), 35, 35},
		"a load long since, and rest": {weekly(700, 0, 0, 0, 0, 0, 0, 0), 2, 0},
	} {
		fs := forecast.Activity(x.series, []forecast.Count{c}, now)
		if f := fs[1]; math.Abs(f.BaseRate-x.base) > 1e-3 || math.Abs(f.Simple.Mean-x.simple) > 1e-3 {
			t.Errorf("%s: base rate %.2f, simple rule %.2f; want %.2f and %.2f", name, f.BaseRate, f.Simple.Mean, x.base, x.simple)
		}
		if any := fs[2]; any.Kind != "any activity" || x.simple == x.base && x.base == 2 && any.Simple.Probability != any.BaseRate {
			t.Errorf("%s: any by the simple rule %.4f, base rate %.4f", name, any.Simple.Probability, any.BaseRate)
		}
	}
}

func TestTheSimpleRuleReadsTheLastFourWatchedWeeks(t *testing.T) {
	dark := weekly(3, 2, 4, 3, 2, 0, 0, 0, 0, 0)
	dark.Observed = []bool{true, true, true, true, true, false, false, false, false, false}
	for _, f := range forecast.Activity(dark, nil, now) {
		if want := 11. * float64(f.Horizon) / 28; f.Kind == "activity" && f.Simple.Mean != want || f.Kind == "any activity" && f.Simple.Probability < .99 {
			t.Errorf("%s in %d days by the simple rule behind an outage: %+v, want %.2f", f.Kind, f.Horizon, f.Simple, want)
		}
	}
}
