package forecast

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
)

// countsIn is a forecast of a count in so many days.
func countsIn(days int, d intel.Distribution) intel.Forecast {
	made := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	return intel.Forecast{Kind: "activity", Target: "documents", Horizon: days, Made: made, Due: made.AddDate(0, 0, days), Basis: intel.Basis{Distribution: d}}
}

func TestAWeekOfAPoissonMonthIsPoisson(t *testing.T) {
	for _, rate := range []float64{.1, .8, 3, 11, 300, 4000} {
		ahead := Ahead([]intel.Forecast{countsIn(28, Poisson(4*rate))})
		if len(ahead) != 4 {
			t.Fatalf("rate %v: %d weeks", rate, len(ahead))
		}
		want := bands(Poisson(rate).Quantile)
		near := func(a, b int) bool { return math.Abs(float64(a-b)) <= max(1, .01*float64(b)) }
		for i, w := range ahead {
			for _, pair := range [][2]int{{w.Median, want.Median}, {w.Half[0], want.Half[0]}, {w.Half[1], want.Half[1]}, {w.Most[0], want.Most[0]}, {w.Most[1], want.Most[1]}, {w.NearlyAll[0], want.NearlyAll[0]}, {w.NearlyAll[1], want.NearlyAll[1]}} {
				if !near(pair[0], pair[1]) {
					t.Errorf("rate %v, week %d: %+v, want %+v", rate, i, w, want)
					break
				}
			}
		}
	}
}

func TestTheFirstWeekAheadIsTheForecastOfSevenDays(t *testing.T) {
	week := countsIn(7, Poisson(30))
	week.Quantiles = map[string]float64{"0.5": 31}
	ahead := Ahead([]intel.Forecast{week, countsIn(28, Poisson(8))})
	if got := ahead[0]; got.Median != 31 || got.NearlyAll != (intel.Range{week.Distribution.Quantile(.025), week.Distribution.Quantile(.975)}) {
		t.Errorf("first week %+v, forecast %+v", got, week)
	}
	if got := ahead[1]; got.Median != 2 || !got.From.Equal(week.Due) || got.Until.Sub(got.From) != 7*24*time.Hour {
		t.Errorf("second week %+v", got)
	}
}

func TestWithoutAWholeDistributionNoWeekIsAhead(t *testing.T) {
	for _, d := range []intel.Distribution{{}, {At: []int{3}, Below: []float64{.5}}, {At: []int{4, 2}, Below: []float64{.5, 1}}} {
		if got := Ahead([]intel.Forecast{countsIn(7, Poisson(2)), countsIn(28, d)}); got != nil {
			t.Errorf("%+v: %+v", d, got)
		}
	}
}

func TestBandsLieWithinEachOtherWhateverIsForecast(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var d intel.Distribution
		for at, below := rng.IntN(3), 0.0; below < 1; at += 1 + rng.IntN(1+rng.IntN(9000)) {
			below = min(1, below+rng.Float64()*rng.Float64())
			d.At, d.Below = append(d.At, at), append(d.Below, below)
		}
		for _, w := range Ahead([]intel.Forecast{countsIn(28, d)}) {
			last := w.Half
			for _, r := range []intel.Range{w.Most, w.NearlyAll} {
				if r[0] > last[0] || r[1] < last[1] || w.Median < w.Half[0] || w.Median > w.Half[1] || r[0] < 0 || r[1] > d.At[len(d.At)-1] {
					t.Fatalf("%+v of %+v", w, d)
				}
				last = r
			}
		}
	}
}

func TestForecastsTellWhichWeeksTheyLeftOut(t *testing.T) {
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	s := Series{Entity: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}}
	for i := range 10 {
		s.Weeks = append(s.Weeks, intel.Count{Start: start.AddDate(0, 0, 7*i), N: 2})
		s.Observed = append(s.Observed, i != 3 && i != 4 && i != 7)
	}
	day := func(d int) time.Time { return start.AddDate(0, 0, d) }
	want := []intel.Stretch{{From: day(21), Until: day(35)}, {From: day(49), Until: day(56)}}
	for _, f := range Activity(s, nil, day(70)) {
		if f.Kind != "activity" || f.Horizon != 28 {
			continue
		}
		if d := cmp.Diff(want, f.Unwatched); d != "" {
			t.Error(d)
		}
		return
	}
	t.Error("no forecast of 28 days")
}

func BenchmarkAhead(b *testing.B) {
	fs := []intel.Forecast{countsIn(28, Poisson(40_000)), countsIn(7, Poisson(9_000))}
	for b.Loop() {
		Ahead(fs)
	}
}

func TestForecastsAreToldByKindThenByHorizonThenByProbability(t *testing.T) {
	count := func(days int) intel.Forecast {
		return intel.Forecast{Kind: "activity", Horizon: days, Quantiles: map[string]float64{"0.5": 1}}
	}
	event := func(kind string, p float64) intel.Forecast {
		return intel.Forecast{Kind: kind, Horizon: 28, Probability: p}
	}
	all := []intel.Forecast{event("technique", .1), count(28), event("any activity", .5), event("technique", .3), count(7)}
	Sort(all)
	var said []string
	for _, f := range all {
		said = append(said, fmt.Sprint(f.Kind, " ", f.Horizon, " ", f.Probability))
	}
	if got := strings.Join(said, "; "); got != "activity 7 0; activity 28 0; any activity 28 0.5; technique 28 0.3; technique 28 0.1" {
		t.Error(got)
	}
}
