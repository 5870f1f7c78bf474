package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

// repeated is days of posts until 2025-12-31 in which each file that user0 and user3 name,
// a day each, is named by user9 after a week, and what two others name by nobody.
func repeated(days int) []byte {
	var b strings.Builder
	began := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC).AddDate(0, 0, -days)
	line := func(day, user, v int) {
		fmt.Fprintf(&b, "%s,user%d,sha256,%064x,#rat,https://x.example/user%d/status/%d\n", began.AddDate(0, 0, day).Format("2006-01-02 15:04:05"), user, v+1, user, v*10+user)
	}
	for day := range days {
		line(day, 3*(day%2), 3*day)
		for k := 1; k < 3; k++ {
			line(day, k, 3*day+k)
		}
		if day >= 7 {
			line(day, 9, 3*(day-7))
		}
	}
	return []byte(b.String())
}

// seconds fits the model of corroboration to a store of few values.
func seconds(t *testing.T, db string, now time.Time) (out pipeline.SecondTraining) {
	t.Helper()
	a := newApp(&cli{DB: db, Now: now}, strings.NewReader(""), nil, nil)
	defer a.close()
	p, err := a.pipeline(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if out, err = p.TrainSecond(t.Context(), forecast.Gate{Closed: 100, Corroborated: 20}); err != nil {
		t.Fatal(err)
	}
	return out
}

// foretell makes forecasts by the model that is there.
func foretell(t *testing.T, db string, now time.Time) {
	t.Helper()
	a := newApp(&cli{DB: db, Now: now}, strings.NewReader(""), nil, nil)
	defer a.close()
	p, err := a.pipeline(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ForetellSecond(t.Context(), now); err != nil {
		t.Fatal(err)
	}
}

// seconding is what lookup tells of a value.
func seconding(t *testing.T, db, value string, flags ...string) (c *intel.Corroboration) {
	t.Helper()
	var out struct{ Corroboration *intel.Corroboration }
	text := printed(t, exitDone, append(append([]string{"--db", db, "--json"}, flags...), "lookup", value)...)
	if err := json.Unmarshal([]byte(text), &out); err != nil || !strings.Contains(text, `"corroboration":`) {
		t.Fatalf("%s: %v", text, err)
	}
	return out.Corroboration
}

func TestWhetherASecondAccountWillReportAValueIsShown(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, db string) {
		const days, now = 400, "2026-01-01"
		printed(t, exitDone, "--db", db, "--now", now, "import", "--as", "tweetfeed", file(t, "posts.csv", repeated(days)))
		got := seconds(t, db, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		if !got.Kept || got.Version != 1 || got.Skill < .5 || got.Told < 100 {
			t.Fatalf("%+v", got)
		}
		fresh, dull, old, seconded := fmt.Sprintf("%064x", 3*(days-4)+1), fmt.Sprintf("%064x", 3*(days-4)+2), fmt.Sprintf("%064x", 2), fmt.Sprintf("%064x", 3*(days-20)+1)
		likely, unlikely := seconding(t, db, fresh, "--now", now), seconding(t, db, dull, "--now", now)
		if likely == nil || unlikely == nil || likely.Probability < .5 || unlikely.Probability > .05 || likely.Until.Format(time.DateOnly) != "2026-03-28" {
			t.Fatalf("of who is repeated %+v, of who is not %+v", likely, unlikely)
		}
		if text := printed(t, exitDone, "--db", db, "--now", now, "lookup", fresh); !strings.Contains(text, "by a second account until 2026-03-28: "+likely.Percent()) {
			t.Error(text)
		}
		var p intel.Profile
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", now, "--json", "profile", "label:rat")), &p); err != nil {
			t.Fatal(err)
		}
		told := map[string]*intel.Corroboration{}
		for _, r := range p.IOC {
			told[r.Value] = r.Corroboration
		}
		if c := told[fresh]; c == nil || *c != *likely || told[seconded] != nil {
			t.Errorf("rows: %+v and %+v", told[fresh], told[seconded])
		}
		if c := seconding(t, db, fresh, "--now", "2026-01-08"); c != nil {
			t.Errorf("made a week ago: %+v", c)
		}
		foretell(t, db, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
		if c := seconding(t, db, fresh, "--now", "2026-01-08"); c == nil || !c.Until.Equal(likely.Until) {
			t.Errorf("made anew: %+v", c)
		}
		seconds(t, db, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		if past := seconding(t, db, fresh, "--as-of", "2025-12-31"); past != nil {
			t.Errorf("as of a past day %+v", past)
		}
		printed(t, exitDone, "--db", db, "--now", now, "suppress", dull)
		for why, value := range map[string]string{"years old": old, "seconded": seconded, "set aside": dull, "unknown": strings.Repeat("ab", 32)} {
			if c := seconding(t, db, value, "--now", now); c != nil {
				t.Errorf("%s: %+v", why, c)
			}
		}
		printed(t, exitDone, "--db", db, "--now", now, "import", "--as", "tweetfeed",
			file(t, "more.csv", fmt.Appendf(nil, "2025-12-31 20:00:00,user7,sha256,%s,#rat,https://x.example/user7/status/5\n", fresh)))
		if c := seconding(t, db, fresh, "--now", now); c != nil {
			t.Errorf("a second account has reported it: %+v", c)
		}
	})
}

func TestAStoreOfFewValuesTellsNothingOfSecondAccounts(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "--now", "2026-01-01", "import", "--as", "tweetfeed", file(t, "posts.csv", repeated(120)))
	for _, text := range []string{printed(t, exitDone, "--db", db, "--now", "2026-01-01", "train", "corroboration"),
		printed(t, exitDone, "--db", db, "--now", "2026-01-01", "--json", "train", "corroboration")} {
		if !strings.Contains(text, "wanted are 20000 and 200") {
			t.Error(text)
		}
	}
	if c := seconding(t, db, fmt.Sprintf("%064x", 3*110+2), "--now", "2026-01-01"); c != nil {
		t.Errorf("%+v", c)
	}
}

// TestTheScoreboardSaysWhyNobodyIsToldOfSecondAccounts has a store before it was fitted to,
// one of too few values, one whose model is in force, and one whose model is silent now.
func TestTheScoreboardSaysWhyNobodyIsToldOfSecondAccounts(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	told := func(now, want string, inForce bool) {
		t.Helper()
		if text := printed(t, exitDone, "--db", db, "--now", now, "scoreboard"); !strings.Contains(text, "P(corroborated within 90 days): ") || !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
		b, _ := board(t, db, now)
		if c := b.Corroboration; c.InForce != inForce || !inForce && c.Why == "" || inForce && (c.Version != 1 || c.Skill < .5 || c.Values < 100) {
			t.Errorf("in JSON %+v", c)
		}
	}
	printed(t, exitDone, "--db", db, "--now", "2026-01-01", "import", "--as", "tweetfeed", file(t, "posts.csv", repeated(400)))
	told("2026-01-01", "no model is in force, so no probability is shown: none was fitted here yet", false)
	printed(t, exitDone, "--db", db, "--now", "2026-01-01", "train", "corroboration")
	told("2026-01-01", "wanted are 20000 and 200", false)
	seconds(t, db, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	told("2026-01-01", "in force is model 1 of 2026-01-01, fitted to ", true)
	foretell(t, db, time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
	told("2026-02-01", "no probability is shown now: nothing was reported for a week", true)
}

func TestSecondAccountsOfTweetFeedAreToldBetterThanByTheirRate(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	a := newApp(&cli{Quiet: true}, strings.NewReader(""), nil, nil)
	defer a.close()
	to := time.Date(2023, 7, 20, 0, 0, 0, 0, time.UTC)
	c := backtestCmd{Data: filepath.Join(dataDir(t), "tweetfeed"), To: to}
	h, err := c.read(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	s, err := forecast.NewSeconding(t.Context(), h, to)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Fit(forecast.Strict())
	if err != nil || !r.Better() {
		t.Fatalf("%+v, err %v", r, err)
	}
	told, err := s.Tell(r.Model)
	if err != nil || len(told) < 1000 {
		t.Fatalf("%d are told, err %v", len(told), err)
	}
	for _, e := range told {
		if e.Probability < 0 || e.Probability > 1 || !e.Until.After(to) || e.Until.After(to.AddDate(0, 0, 88)) {
			t.Errorf("%+v", e)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := forecast.NewSeconding(stopped, h, to); err == nil {
		t.Error("it goes on when it is told to stop")
	}
	t.Logf("%+v, %d told", r, len(told))
}
