package backtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/forecast/backtest"
)

// reports are some that name most of one of five kits of techniques each, a day
// apart, and the live techniques.
func reports(n int) (out []backtest.Report, live []string) {
	chance := rand.New(rand.NewPCG(7, 7))
	for k := range 60 {
		live = append(live, fmt.Sprintf("T%04d.%03d", 1000+k/12, k%12))
	}
	for day := range n {
		r := backtest.Report{Written: time.Date(2024, 1, 1+day, 0, 0, 0, 0, time.UTC), Labels: []string{fmt.Sprint("writer", day%3)}}
		kit := chance.IntN(5)
		for k := range 12 {
			if chance.Float64() < 0.6 {
				r.Techniques = append(r.Techniques, live[kit*12+k])
			}
		}
		out = append(out, r)
	}
	return out, live
}

func TestTechniquesThatGoTogetherAreForecast(t *testing.T) {
	figures.Only(t)
	rs, live := reports(300)
	r, err := backtest.Techniques(t.Context(), rs, live, []uint64{0, 1}, backtest.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	gain := r.Skill["popularity"]
	if gain[1] < 0.2 || gain[0] < gain[1] || gain[0] > gain[2] || r.Metrics["ece"] > 0.02 || r.Metrics["brier_skill"] < 0.1 {
		t.Errorf("gain %v, %v", gain, r.Metrics)
	}
	for _, way := range []string{"popularity", "tie_wals", "rp3", "ease", "knn", "ials"} {
		for _, name := range []string{"masked_recall@20", "raw_recall@20", "ndcg@20", "ap", "auc", "time_masked_recall@20", "time_ap"} {
			if v := r.Baselines[way][name]; v <= 0 || v > 1 || math.IsNaN(v) {
				t.Errorf("%s: %s is %v", way, name, v)
			}
		}
	}
	var printed struct {
		Metrics map[string]json.RawMessage
	}
	b, err := json.Marshal(r)
	if err != nil || json.Unmarshal(b, &printed) != nil || len(printed.Metrics["masked_recall@20_by_seed"]) < 5 {
		t.Errorf("printed as %s: %v", b, err)
	}
}

// TestNoTechniqueIsForeseenWhereTheyAreDealtOutAnew is the test for leaks.
func TestNoTechniqueIsForeseenWhereTheyAreDealtOutAnew(t *testing.T) {
	figures.Only(t)
	rs, live := reports(300)
	r, err := backtest.Techniques(t.Context(), rs, live, []uint64{0}, backtest.Options{Seed: 1, Shuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	if gain := r.Skill["popularity"]; gain[1] > 0 || gain[0] > 0.05 {
		t.Errorf("gain over popularity: %v", gain)
	}
}

func TestTechniquesAreReplayedTheSameOnAnyNumberOfCores(t *testing.T) {
	rs, live := reports(40)
	replay := func(cores int) string {
		before := runtime.GOMAXPROCS(cores)
		defer runtime.GOMAXPROCS(before)
		for k := range rs { // whoever reads them may not know their order
			slices.Reverse(rs[k].Techniques)
		}
		r, err := backtest.Techniques(t.Context(), rs, live, []uint64{3}, backtest.Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if one, two := replay(1), replay(2); one != two {
		t.Errorf("%s\n%s", one, two)
	}
}

func TestReportsThatSayTooLittleAreRefused(t *testing.T) {
	rs, live := reports(30)
	for claim, test := range map[string]struct {
		reports []backtest.Report
		live    []string
	}{
		"no reports":       {nil, live},
		"nothing live":     {rs, []string{"T9999"}},
		"one report":       {rs[:1], live},
		"one technique":    {[]backtest.Report{{Techniques: live[:1]}, {Techniques: live[:1]}}, live},
		"nothing to hide":  {[]backtest.Report{{Techniques: live[:1]}, {Techniques: live[1:2]}}, live},
		"the same, always": {[]backtest.Report{{Techniques: live[:1]}, {Techniques: live[:1]}, {Techniques: live[:1]}}, live},
	} {
		_, err := backtest.Techniques(t.Context(), test.reports, test.live, []uint64{0}, backtest.Options{})
		if !errors.Is(err, backtest.ErrNoPairs) {
			t.Errorf("%s: %v", claim, err)
		}
	}
}

// releases are some of an invented ATT&CK, in which groups are given, release
// by release, what their kit lacks.
func releases(n int, sure float64) (out []backtest.Release) {
	chance := rand.New(rand.NewPCG(8, 8))
	var live []string
	for k := range 60 {
		live = append(live, fmt.Sprintf("T%04d", 1000+k))
	}
	users := make([]backtest.User, 60)
	for k := range users {
		users[k] = backtest.User{ID: fmt.Sprintf("G%04d", k), Group: k%2 == 0}
	}
	for step := range n {
		for k := range users {
			had := slices.Clone(users[k].Techniques)
			for i := range 60 {
				own := i/12 == k%5
				p := 0.02 * (1 - sure)
				if own {
					p = 0.1
				}
				if step == 0 {
					p *= 3
				}
				if chance.Float64() < p && !slices.Contains(had, live[i]) {
					had = append(had, live[i])
				}
			}
			slices.Sort(had)
			users[k].Techniques = had
		}
		out = append(out, backtest.Release{Name: fmt.Sprint(step), Techniques: live, Users: slices.Clone(users)})
	}
	return out
}

func TestWhatGroupsLackOfTheirKitIsForecast(t *testing.T) {
	r, err := backtest.Attack(t.Context(), releases(5, 1), backtest.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if gain := r.Skill["popularity"]; r.Cutoffs != 3 || gain[1] < 0.02 || gain[0] < gain[1] || gain[0] > gain[2] || r.Metrics["brier_skill"] <= 0 {
		t.Errorf("%d steps, gain %v, %v", r.Cutoffs, gain, r.Metrics)
	}
}

func TestReleasesThatSayTooLittleAreRefused(t *testing.T) {
	all := releases(3, 1)
	for claim, rs := range map[string][]backtest.Release{"none": nil, "two": all[:2], "no change": {all[0], all[0], all[0]}, "nobody": {all[0], all[1], {Techniques: all[0].Techniques}}} {
		if r, err := backtest.Attack(t.Context(), rs, backtest.Options{}); err == nil {
			t.Errorf("%s: %+v", claim, r)
		}
	}
}
