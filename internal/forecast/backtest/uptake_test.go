package backtest_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/forecast/backtest"
	"github.com/portent-cti/portent/internal/forecast/characteristics"
)

// turning is a history of actors that each turn to flaws of one vendor of six, over two
// years; each flaw has two fragments of its own. Shuffled: of any vendor.
func turning(shuffled bool) backtest.Uptake {
	const items, today = 120, 20_000
	chance := rand.New(rand.NewPCG(5, 5))
	w := &characteristics.World{Items: items, Learned: items, Traits: make([][]characteristics.Trait, items), Born: make([]int32, items)}
	u := backtest.Uptake{World: w, Parts: make([][]backtest.Part, items), All: 2 * items}
	for i := range w.Traits {
		w.Traits[i] = []characteristics.Trait{{Token: int32(i % 6), Sort: 1}}
		u.Parts[i] = []backtest.Part{{Part: int32(2 * i), Has: .9}, {Part: int32(2*i + 1), Has: .5}}
		w.Born[i] = today - 900
	}
	for r := range 24 {
		line := characteristics.Line{Asked: true}
		for i := range int32(items) {
			mine := int(i)%6 == r%6
			if shuffled {
				mine = chance.IntN(6) == 0
			}
			if mine && chance.IntN(2) == 0 {
				line.Had = append(line.Had, characteristics.Had{Item: i, Day: today - 730 + int32(chance.IntN(730))})
			}
		}
		w.Rows = append(w.Rows, line)
	}
	return u
}

func replayed(t *testing.T, u backtest.Uptake) backtest.Result {
	t.Helper()
	r, err := backtest.ReplayUptake(t.Context(), "ioa", u, backtest.Options{Seed: 1, From: time.Date(2023, 12, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFragmentsToComeStandAmongTheFirstWhereActorsKeepToAVendorAndNowhereElse(t *testing.T) {
	r := replayed(t, turning(false))
	if r.Metrics["recall@20"] < .5 || r.Skill["popularity"][1] < .3 || r.Metrics["cases"] < 50 || r.Metrics["actors"] < 20 || r.Cutoffs != 3 {
		t.Errorf("planted structure is not found: %+v", r)
	}
	if r := replayed(t, turning(true)); r.Skill["popularity"][1] > 0 {
		t.Errorf("skill where there is nothing to know: %+v", r.Skill)
	}
}

func TestAReplayOfUptakeIsTheSameWhateverTheCores(t *testing.T) {
	var want string
	for _, cores := range []int{1, 2} {
		before := runtime.GOMAXPROCS(cores)
		got, err := json.Marshal(replayed(t, turning(false)))
		runtime.GOMAXPROCS(before)
		if err != nil || want != "" && string(got) != want {
			t.Fatalf("%v\n%s\n%s", err, got, want)
		}
		want = string(got)
	}
}

func TestWithoutDatesNothingIsReplayed(t *testing.T) {
	u := turning(false)
	for r := range u.World.Rows {
		for k := range u.World.Rows[r].Had {
			u.World.Rows[r].Had[k].Day = 0
		}
	}
	if _, err := backtest.ReplayUptake(t.Context(), "ioa", u, backtest.Options{Seed: 1}); !errors.Is(err, backtest.ErrTooShort) {
		t.Error(err)
	}
}
