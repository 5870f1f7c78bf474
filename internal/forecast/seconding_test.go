package forecast_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
)

// said is days of posts in which an account is repeated by another after a week, every
// second time, and others never are. With chance, any of them may be.
func said(days int, chance bool) *forecast.History {
	dice := rand.New(rand.NewPCG(3, 3))
	h := &forecast.History{}
	began := now.AddDate(0, 0, -days)
	say := func(day, hour int, by string, n int) {
		h.Add(intel.Document{Author: by, Published: began.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour),
			Claims: []intel.Claim{{Subject: file(n), Relation: intel.Indicates, Object: intel.Entity{Kind: intel.Label, Name: "c2"}}}})
	}
	for day := range days {
		for k, by := range []string{"first", "dull", "dim", "dumb"} {
			say(day, k, by, 4*day+k)
		}
		if day > 0 {
			say(day, 6, "copyist", 4*(day-1)) // within two days: one voice with the first
		}
		if day < 7 {
			continue
		}
		if k := dice.IntN(4); chance || k < 2 {
			if !chance {
				k = 0
			}
			say(day, 5, "second", 4*(day-7)+k)
		}
	}
	return h
}

func file(n int) intel.Entity { return intel.Entity{Kind: intel.SHA256, Name: fmt.Sprint(n)} }

func replayed(t *testing.T, h *forecast.History, at time.Time) *forecast.Seconding {
	t.Helper()
	s, err := forecast.NewSeconding(t.Context(), h, at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var few = forecast.Gate{Closed: 100, Corroborated: 20}

func TestWhomOthersRepeatIsLearnedAndTold(t *testing.T) {
	h := said(500, false)
	s := replayed(t, h, now)
	r, err := s.Fit(few)
	if err != nil || r.Skill < 10*r.SkillError || r.Skill < 0.3 || r.HeldValues < 300 {
		t.Fatalf("%+v, err %v", r, err)
	}
	// Two accounts can agree on that: of all others it tells nothing.
	if r.SkillWithout > 0 || r.Better() {
		t.Errorf("it is shown: %+v", r)
	}
	for claim, better := range map[*forecast.Seconded]bool{{Skill: .1, SkillError: .01, SkillWithout: .05}: true, {Skill: .1, SkillError: .06, SkillWithout: .05}: false} {
		if claim.Better() != better {
			t.Errorf("%+v: %v", claim, !better)
		}
	}
	told, err := s.Tell(r.Model)
	if err != nil {
		t.Fatal(err)
	}
	p := map[intel.Entity]intel.Corroboration{}
	for _, e := range told {
		p[e.Entity] = e.Corroboration
	}
	for n := 4 * 405; n < 4*500; n++ {
		day, account := n/4, n%4
		got, ok := p[file(n)]
		age := 500 - day
		switch {
		case age > 90 || age < 2 || age == 2 && account > 0:
			if ok {
				t.Errorf("%d days old: %+v", age, got)
			}
		case account > 0 && (!ok || got.Probability > 0.1):
			t.Errorf("nobody repeats the account, %d days: %+v, %v", age, got, ok)
		case account == 0 && age < 7 && (!ok || got.Probability < 0.3):
			t.Errorf("every second one is repeated, %d days: %+v, %v", age, got, ok)
		case account == 0 && age > 8 && ok && got.Probability > 0.02:
			t.Errorf("whoever repeats does so in a week, %d days: %+v", age, got)
		}
		if first := now.AddDate(0, 0, -age).Add(time.Duration(account) * time.Hour); ok && !got.Until.Equal(first.AddDate(0, 0, 90)) {
			t.Errorf("until %s of what was first reported %s", got.Until, first)
		}
	}
	b, err := forecast.WriteSecond(r.Model)
	if err != nil {
		t.Fatal(err)
	}
	back, err := forecast.ParseSecond(b)
	if diff := cmp.Diff(r.Model, back); diff != "" || err != nil {
		t.Errorf("read back: %v %s", err, diff)
	}
}

func TestWhatASecondAccountSaidIsToldNoMore(t *testing.T) {
	h := said(500, false)
	post := func(by string) {
		h.Add(intel.Document{Author: by, Published: now.Add(-time.Hour), Claims: []intel.Claim{{Subject: file(4*480 + 1), Relation: intel.Indicates, Object: intel.Entity{Kind: intel.Label, Name: "c2"}}}})
	}
	tells := func() (ok bool) {
		told, err := replayed(t, h, now).Tell(forecast.SecondModel{Logistic: forecast.Logistic{Weights: make([]float64, len(forecast.VoiceNames()))}})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range told {
			ok = ok || e.Entity == file(4*480+1)
		}
		return ok
	}
	if !tells() {
		t.Error("of one voice alone nothing is told")
	}
	if post("dull"); !tells() {
		t.Error("the first account is a second one")
	}
	if post("another"); tells() {
		t.Error("a second account spoke, and it is told still whether one will")
	}
}

func TestAsTimePassesWithoutASecondVoiceItGetsLessLikely(t *testing.T) {
	var m forecast.SecondModel
	for day := range m.Came {
		m.Came[day] = float64(day) / 90
	}
	for _, c := range []struct{ p, days, want float64 }{{.5, 0, .5}, {.5, 45.9, 1. / 3}, {.5, 90, 0}, {1, 45, 1}, {0, 45, 0}, {.2, 1e9, 0}} {
		if got := m.At(c.p, c.days); got < c.want-1e-9 || got > c.want+1e-9 {
			t.Errorf("%v after %v days: %v, want %v", c.p, c.days, got, c.want)
		}
	}
}

func TestWhereAllIsChanceTheModelIsNotBetter(t *testing.T) {
	r, err := replayed(t, said(700, true), now).Fit(few)
	if err != nil || r.Better() {
		t.Errorf("%+v, err %v", r, err)
	}
}

func TestTooFewOrSilentTellNothing(t *testing.T) {
	if _, err := replayed(t, said(500, false), now).Fit(forecast.Strict()); !errors.Is(err, forecast.ErrTooFew) {
		t.Errorf("500 days: %v", err)
	}
	for _, days := range []int{0, 1, 100, 200} {
		if _, err := replayed(t, said(days, false), now).Fit(forecast.Gate{}); !errors.Is(err, forecast.ErrTooFew) {
			t.Errorf("%d days: %v", days, err)
		}
	}
	s := replayed(t, said(500, false), now.AddDate(0, 0, 9))
	r, err := s.Fit(few)
	if err != nil {
		t.Fatal(err)
	}
	if told, err := s.Tell(r.Model); !errors.Is(err, forecast.ErrSilent) {
		t.Errorf("after nine days of silence %d are told, err %v", len(told), err)
	}
}

func TestAModelOfOtherNumbersIsNotRead(t *testing.T) {
	for _, b := range []string{``, `{}`, `{"of":["address"],"weights":[1],"came":[]}`} {
		if _, err := forecast.ParseSecond([]byte(b)); err == nil {
			t.Errorf("%q is read", b)
		}
	}
}
