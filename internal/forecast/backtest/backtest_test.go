package backtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/forecast/backtest"
	"github.com/portent-cti/portent/internal/intel"
)

// invented is two years in which one account repeats what it said, another is
// repeated by a third after a week, and the rest is said once.
func invented(months int) *forecast.History {
	chance := rand.New(rand.NewPCG(5, 5))
	h := &forecast.History{}
	began := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)
	say := func(day, hour int, by string, n int) {
		e := intel.Entity{Kind: intel.IPv4, Name: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)}
		h.Add(intel.Document{Author: by, Published: began.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour),
			Claims: []intel.Claim{{Subject: e, Relation: intel.Indicates, Object: intel.Entity{Kind: intel.Label, Name: "c2"}}}})
	}
	const each = 5
	for day := range months * 30 {
		for k := range each {
			n := day*each + k
			say(day, k, []string{"loud", "first", "dull", "dull", "dull"}[k], n)
			if k == 0 {
				for back := 9; back < 60 && back <= day; back += 9 + chance.IntN(5) {
					if chance.IntN(3) > 0 {
						say(day, k, "loud", (day-back)*each)
					}
				}
			}
			if k == 1 && day >= 7 && chance.IntN(2) == 0 {
				say(day, k, "second", (day-7)*each+1)
			}
		}
	}
	return h
}

func heads() map[string]func(context.Context, *forecast.History, backtest.Options) (backtest.Result, error) {
	return map[string]func(context.Context, *forecast.History, backtest.Options) (backtest.Result, error){
		"resighting": backtest.Resighting, "corroboration": backtest.Corroboration}
}

func TestWhatAccountsDoIsLearned(t *testing.T) {
	figures.Only(t)
	for name, replay := range heads() {
		r, err := replay(t.Context(), invented(20), backtest.Options{Seed: 1})
		if err != nil {
			t.Fatal(name, err)
		}
		s := r.Skill["base_rate"]
		if r.Cutoffs < 5 || r.Metrics["auc"] < 0.9 || s[1] <= 0.1 || s[0] < s[1] || s[0] > s[2] {
			t.Errorf("%s: %+v", name, r)
		}
		if b := r.Baselines["base_rate"]; math.Abs(b["auc"]-0.5) > 1e-9 || b["brier_skill"] != 0 {
			t.Errorf("%s: the base rate orders: %v", name, b)
		}
	}
}

// TestNoSkillIsLeftWhereOutcomesAreDealtOutAnew is the test for leaks: whoever
// has skill at what depends on nothing has seen the outcome.
func TestNoSkillIsLeftWhereOutcomesAreDealtOutAnew(t *testing.T) {
	figures.Only(t)
	for name, replay := range heads() {
		r, err := replay(t.Context(), invented(20), backtest.Options{Seed: 1, Shuffle: true})
		if err != nil {
			t.Fatal(name, err)
		}
		base := r.Baselines["base_rate"]["ap"]
		if s := r.Skill["base_rate"]; s[0] > 0.01 || s[1] > 0 || r.Metrics["ap"] > 1.5*base {
			t.Errorf("%s: skill %v, AP %v at a base rate of %v", name, s, r.Metrics["ap"], base)
		}
	}
}

func TestAReplayIsTheSameEachTime(t *testing.T) {
	for name, replay := range heads() {
		var said [2]string
		for i := range said {
			r, err := replay(t.Context(), invented(18), backtest.Options{Seed: 1})
			b, bad := json.Marshal(r)
			if err != nil || bad != nil {
				t.Fatal(name, err, bad)
			}
			said[i] = string(b)
		}
		if said[0] != said[1] {
			t.Errorf("%s: %s\nand then %s", name, said[0], said[1])
		}
	}
}

func TestWhatComesAfterTheEndIsNotUsed(t *testing.T) {
	to := time.Date(2025, 3, 15, 0, 0, 0, 0, time.UTC)
	for name, replay := range heads() {
		whole, err := replay(t.Context(), invented(24), backtest.Options{Seed: 1, To: to})
		short, bad := replay(t.Context(), invented(15), backtest.Options{Seed: 1, To: to})
		if err != nil || bad != nil {
			t.Fatal(name, err, bad)
		}
		if whole.Last.After(to) || whole.Metrics["ap"] != short.Metrics["ap"] || whole.Forecasts != short.Forecasts {
			t.Errorf("%s: %+v and %+v", name, whole, short)
		}
	}
}

func TestWhereNothingComesThereIsNoSkill(t *testing.T) {
	for name, replay := range heads() {
		h := &forecast.History{}
		for day := range 600 {
			e := intel.Entity{Kind: intel.IPv4, Name: fmt.Sprintf("10.0.%d.%d", day>>8, day&255)}
			h.Add(intel.Document{Author: "ana", Published: time.Date(2024, 1, 1+day, 0, 0, 0, 0, time.UTC),
				Claims: []intel.Claim{{Subject: e, Relation: intel.Indicates, Object: intel.Entity{Kind: intel.Label, Name: "c2"}}}})
		}
		r, err := replay(t.Context(), h, backtest.Options{Seed: 1})
		if err != nil {
			t.Fatal(name, err)
		}
		if _, err := json.Marshal(r); err != nil || r.Came != 0 || r.Skill["base_rate"][0] > 0 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestTooShortAHistoryIsSaid(t *testing.T) {
	for name, replay := range heads() {
		for _, h := range []*forecast.History{{}, invented(4)} {
			if r, err := replay(t.Context(), h, backtest.Options{}); !errors.Is(err, backtest.ErrTooShort) {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err := replay(ctx, invented(20), backtest.Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s goes on when it is stopped: %v", name, err)
		}
	}
}

func TestAFirstCutoffBehindAllIsToldToBeTheReason(t *testing.T) {
	after := backtest.Options{From: time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)}
	c, days := scoreWorld()
	got := map[string]error{"vendors": failed(backtest.Vendors(t.Context(), c, after)), "kev": failed(backtest.KEV(t.Context(), c, days, after)),
		"uptake": failed(backtest.ReplayUptake(t.Context(), "ioa", turning(false), after))}
	for name, replay := range heads() {
		got[name] = failed(replay(t.Context(), invented(20), after))
	}
	for name, err := range got {
		if !errors.Is(err, backtest.ErrTooShort) || !strings.Contains(err.Error(), "all are before --from, 2040-01-01; the last is 202") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
