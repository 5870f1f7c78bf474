package backtest

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/forecast/activity"
	"github.com/portent-cti/portent/internal/intel"
)

// waves is a panel of series that rise and fall, as real ones do.
func waves(series, weeks int) *activity.Panel {
	chance := rand.New(rand.NewPCG(7, 7))
	p := &activity.Panel{Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Weeks: weeks}
	for s := range series {
		one := activity.Series{Name: string(rune('a' + s)), Counts: make([]int, weeks)}
		log := chance.NormFloat64() + 1
		for w := range weeks {
			log += .25*chance.NormFloat64() - .05*(log-1)
			rate := math.Exp(log) * chance.ExpFloat64()
			for acc := chance.ExpFloat64(); acc < rate; acc += chance.ExpFloat64() {
				one.Counts[w]++
			}
		}
		one.Counts[0] = max(1, one.Counts[0])
		p.Series = append(p.Series, one)
	}
	return p
}

func TestThePoolForecastsWavesBetterThanSimpleRules(t *testing.T) {
	figures.Only(t)
	p := waves(24, 80)
	r, err := Activity(t.Context(), p, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []string{"naive_poisson", "ma12_poisson", "last_value"} {
		if s := r.Skill[rule]; s[1] <= 0 || s[1] > s[0] || s[0] > s[2] {
			t.Errorf("skill over %s: %v", rule, s)
		}
	}
	if gap := math.Abs(r.Metrics["pit_80"] - .8); gap > .05 {
		t.Errorf("%.3f came within the interval of 80 %%", r.Metrics["pit_80"])
	}
	if r.Cutoffs != 37 || r.Forecasts < 700 || r.Unscoreable < 0 || r.Unscoreable > .2 {
		t.Errorf("%d forecasts at %d cutoffs, %.3f could not be", r.Forecasts, r.Cutoffs, r.Unscoreable)
	}
	shuffled, err := Activity(t.Context(), p, Options{Seed: 1, Shuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	if auc := shuffled.Metrics["auc"]; math.Abs(auc-.5) > .06 {
		t.Errorf("outcomes that were dealt out anew are told with an AUC of %.3f: something leaks", auc)
	}
}

func TestAReplayOfCountsIsTheSameBytesOnAnyNumberOfCores(t *testing.T) {
	p := waves(10, 60)
	var all [2][]byte
	for i, cores := range []int{1, 2} {
		before := runtime.GOMAXPROCS(cores)
		r, err := Activity(t.Context(), p, Options{Seed: 1})
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		if all[i], err = json.Marshal(r); err != nil {
			t.Fatal(err)
		}
	}
	if string(all[0]) != string(all[1]) {
		t.Errorf("%s\n%s", all[0], all[1])
	}
}

func TestAShortHistoryOfCountsSaysSo(t *testing.T) {
	for _, p := range []*activity.Panel{{}, waves(3, 30), waves(3, 43)} {
		if _, err := Activity(t.Context(), p, Options{}); !errors.Is(err, ErrTooShort) {
			t.Errorf("%d weeks: %v", p.Weeks, err)
		}
	}
}

func TestAFirstWeekBehindAllIsToldToBeTheReason(t *testing.T) {
	p := waves(3, 50)
	_, err := Activity(t.Context(), p, Options{From: p.At(80)})
	if !errors.Is(err, ErrTooShort) || !strings.Contains(err.Error(), "all are before --from, "+p.At(80).Format(time.DateOnly)+"; the last is "+p.At(46).Format(time.DateOnly)) {
		t.Error(err)
	}
}

func TestACountIsScoredAlikeInEitherForm(t *testing.T) {
	d := activity.PMF{.1, 0, .4, .2, .3}
	same := intel.Distribution{At: []int{0, 1, 2, 3, 4}, Below: []float64{.1, .1, .5, .7, 1}}
	for y := range 9 {
		for name, pair := range map[string][2]float64{"CRPS": {d.CRPS(y), forecast.CRPS(same, y)}, "log score": {d.LogScore(y), forecast.LogScore(same, y)},
			"PIT": {d.PIT(y, .25), forecast.PIT(same, y, .25)}} {
			if math.Abs(pair[0]-pair[1]) > 1e-12 {
				t.Errorf("%s of %d: %v and %v", name, y, pair[0], pair[1])
			}
		}
	}
}

func TestAReplayKeepsOfPastModelsWhatTheyLearnAlone(t *testing.T) {
	p := waves(10, 60)
	held := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := held()
	all, err := replayWeeks(t.Context(), p, Options{Seed: 1}, 56)
	if err != nil {
		t.Fatal(err)
	}
	const most = 100 << 10 // with its forest it was 500 KB
	if each := (held() - before) / int64(len(all)-recordedWeeks); each > most {
		t.Errorf("each week keeps %d bytes, more than %d", each, most)
	}
	runtime.KeepAlive(all)
}
