package forecast_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
)

// eventful is n days of a hundred events each, of which a rate comes that is drawn
// anew for each and known to the forecaster by as much as knows says.
func eventful(n int, knows float64) (days []intel.DayScores, bins []intel.BinScores) {
	chance := rand.New(rand.NewPCG(3, 4))
	edges := forecast.Edges().Events
	bins = make([]intel.BinScores, len(edges)+1)
	millionths := func(x float64) int64 { return int64(math.Round(1e6 * x)) }
	for day := range n {
		d := intel.DayScores{Event: true, Day: int64(20_000 + day), All: 101, Judged: 100}
		for range 100 {
			rate := chance.Float64()
			p := knows*rate + (1-knows)/2
			came := chance.Float64() < rate
			d.Score += millionths(forecast.Brier(p, came))
			d.Base += millionths(forecast.Brier(.5, came))
			d.Log += millionths(forecast.LogLoss(p, came))
			d.BaseLog += millionths(forecast.LogLoss(.5, came))
			i, _ := slices.BinarySearch(edges, p)
			bins[i].Event, bins[i].Bin = true, i
			bins[i].N++
			bins[i].P += millionths(p)
			if came {
				bins[i].Came++
			}
		}
		days = append(days, d)
	}
	return days, bins
}

func TestSkillIsClaimedOnlyWhereThereIsSome(t *testing.T) {
	for name, c := range map[string]struct {
		days  int
		knows float64
		want  string
	}{"who knows the rate": {120, 1, intel.Better}, "who knows half of it": {120, .5, intel.Better}, "who knows nothing": {120, 0, intel.NoBetter},
		"who is wrong": {120, -.5, intel.NoBetter}, "who knows it, for a month": {30, 1, intel.NoBetter}} {
		days, bins := eventful(c.days, c.knows)
		r := forecast.Recorded(days, bins, intel.Waiting{All: 7, Due: 3}, 1)
		if r.Verdict != c.want || r.Forecasts != 101*c.days+7 || r.Due != 101*c.days+3 || r.Judged != 100*c.days || r.Unscoreable != c.days || r.BrierSimple != nil {
			t.Errorf("%s: %+v", name, r)
		}
		if c.days < 84 && (r.Why == "" || r.BrierSkill.Bounded()) {
			t.Errorf("%s: %q, %v", name, r.Why, r.BrierSkill)
		}
		if c.knows == 1 && (!near(r.BrierSkill[0], 1.0/3, .05) || *r.ECE > .03) {
			t.Errorf("%s: skill %v, ECE %v", name, r.BrierSkill, *r.ECE)
		}
		if c.knows == -.5 && *r.ECE < .2 {
			t.Errorf("%s: ECE %v", name, *r.ECE)
		}
	}
}

func TestARecordIsJSONWhateverIsMissing(t *testing.T) {
	days, bins := eventful(5, 1)
	for _, r := range []intel.HeadRecord{forecast.Recorded(nil, nil, intel.Waiting{}, 1), forecast.Recorded(days, bins, intel.Waiting{}, 1),
		forecast.Recorded([]intel.DayScores{{Event: true, All: 3}, {All: 1, Judged: 1}}, []intel.BinScores{{N: 1}}, intel.Waiting{}, 1)} {
		b, err := json.Marshal(r)
		if err != nil || strings.Contains(string(b), "NaN") || !strings.Contains(string(b), `"reliability":[`) {
			t.Errorf("%s: %v", b, err)
		}
	}
	days, bins = eventful(5, 1)
	b, err := json.Marshal(forecast.Recorded(days, bins, intel.Waiting{}, 1))
	if err != nil || !strings.Contains(string(b), `,null,null],`) || !strings.Contains(string(b), `"verdict":"no better than the base rate"`) {
		t.Errorf("%s: %v", b, err)
	}
}

func TestASourceIsSilentBeyondItsHabit(t *testing.T) {
	every := func(n, length, quietFrom, quietTo int) []int {
		days := make([]int, length)
		for i := range days {
			if i%n == 0 && (i < quietFrom || i >= quietTo) {
				days[i] = 3
			}
		}
		return days
	}
	weekdays := make([]int, 182+28)
	for i := range weekdays {
		if i%7 < 5 {
			weekdays[i] = 4
		}
	}
	for name, c := range map[string]struct {
		days []int
		want float64
	}{
		"who tells every day":                  {every(1, 210, 0, 0), 0},
		"who tells every day and then no more": {every(1, 210, 182, 210), 1},
		"who stopped before the window":        {every(1, 210, 150, 210), 1},
		"who was away for a week":              {every(1, 210, 190, 197), .25},
		"who was away for two days":            {every(1, 210, 190, 192), 0},
		"who tells on weekdays":                {weekdays, 0},
		"who tells once in twenty days":        {every(20, 210, 182, 210), 0},
		"who tells once a week and then not":   {every(7, 210+56, 182+56, 210+56), 0}, // once in 75 times it would
		"who has not told before":              {every(1, 210, 0, 182), 0},
		"who never tells":                      {make([]int, 210), 0},
	} {
		if got := forecast.Lost(c.days, 28); !near(got, c.want, 1e-9) {
			t.Errorf("a source %s: %v, want %v", name, got, c.want)
		}
	}
	if got := forecast.Lost(nil, 28); got != 0 {
		t.Errorf("nothing: %v", got)
	}
}

func TestWhatIsSavedHasAnIntervalAroundIt(t *testing.T) {
	chance := rand.New(rand.NewPCG(7, 8))
	const n, worlds = 364, 200
	inside := 0
	for range worlds {
		way, than := make([]float64, n), make([]float64, n)
		for i := range way {
			way[i], than[i] = 70+20*chance.NormFloat64(), 100+20*chance.NormFloat64()
		}
		low, high := forecast.Saved(way, than, 28, 1)
		again, _ := forecast.Saved(way, than, 28, 1)
		if low <= .3 && .3 <= high {
			inside++
		}
		if low > high || low != again || high-low > .12 {
			t.Fatalf("from %v to %v, and then from %v", low, high, again)
		}
	}
	if share := float64(inside) / worlds; share < .85 { // thirteen runs are few
		t.Errorf("the truth lies in %v of the intervals", share)
	}
	if low, high := forecast.Saved(nil, nil, 28, 1); !math.IsNaN(low) || !math.IsNaN(high) {
		t.Errorf("of nothing from %v to %v", low, high)
	}
	if low, high := forecast.Saved(make([]float64, 90), make([]float64, 90), 28, 1); low != 0 || high != 0 {
		t.Errorf("of nought from %v to %v", low, high)
	}
}
