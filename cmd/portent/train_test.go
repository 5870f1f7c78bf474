package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// monthly is posts of two years in which one account says the same of each of some
// files every four weeks, and others say each once.
func monthly(n int) []byte {
	var b strings.Builder
	began := time.Date(2024, 1, 1, 10, 0, 0, 0, time.UTC)
	line := func(at time.Time, user, v, k int) {
		fmt.Fprintf(&b, "%s,user%d,sha256,%064x,#rat,https://x.example/user%d/status/%d\n", at.Format("2006-01-02 15:04:05"), user, v+1, user, v*100+k)
	}
	for v := range n {
		at := began.AddDate(0, 0, v%700)
		line(at, v%7, v, 0)
		for k := 1; v%20 == 0 && k < 20 && 28*k+v%700 < 730; k++ {
			line(at.AddDate(0, 0, 28*k), v%7, v, k)
		}
	}
	return []byte(b.String())
}

// trained is what train prints.
type trained struct {
	Training struct {
		Version int
		Kept    bool
		Reason  string
		LogLoss float64 `json:"log_loss"`
		Shipped float64 `json:"shipped_log_loss"`
	}
}

func train(t *testing.T, db, now string) (out trained) {
	t.Helper()
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", now, "--json", "train", "sightings")), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheModelOfSightingsIsFittedToTheStore(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "--now", "2026-01-01", "import", "--as", "tweetfeed", file(t, "posts.csv", monthly(4000)))
	got := train(t, db, "2026-01-01").Training
	if !got.Kept || got.Version != 1 || got.LogLoss >= got.Shipped {
		t.Fatalf("%+v", got)
	}
	regular := fmt.Sprintf("%064x", 20*20+1)
	for now, model := range map[string]string{"2026-01-02": "sightings 1", "2025-12-31": "sightings as shipped"} {
		var f struct {
			Again float64 `json:"seen_again"`
			Model string  `json:"seen_again_model"`
		}
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", now, "--json", "lookup", regular)), &f); err != nil {
			t.Fatal(err)
		}
		if f.Model != model || f.Again <= 0 || f.Again >= 1 {
			t.Errorf("as of %s: %+v, want it by %s", now, f, model)
		}
	}
	if text := printed(t, exitDone, "--db", db, "--now", "2026-01-03", "train"); !strings.Contains(text, "sightings 2: fitted to") || !strings.Contains(text, "in force from now on") {
		t.Errorf("%s", text)
	}
}

func TestAStoreOfFewSightingsKeepsTheShippedModel(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		printed(t, exitDone, "--db", db, "--now", "2026-01-01", "import", "--as", "tweetfeed", file(t, "posts.csv", monthly(100)))
		if got := train(t, db, "2026-01-01").Training; got.Kept || got.Version != 0 || !strings.Contains(got.Reason, "wanted are 20000, 500 and 1") {
			t.Errorf("%+v", got)
		}
		if text := printed(t, exitDone, "--db", db, "--now", "2026-01-01", "train"); !strings.Contains(text, "the model that ships stays") {
			t.Errorf("%s", text)
		}
	})
}

func TestWhatIsForetoldIsByTheModelInForce(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "--now", "2026-01-01", "import", "--as", "tweetfeed", file(t, "posts.csv", monthly(100)))
	flat := forecast.Logistic{Bias: math.Log(3), Weights: make([]float64, forecast.OwnNumbers())} // 0.75 of everything
	weights, err := forecast.WriteSightings(flat, "a test")
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(&cli{DB: db}, strings.NewReader(""), nil, nil)
	defer a.close()
	s, err := a.store(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	value := fmt.Sprintf("%064x", 1)
	for i, kept := range []bool{true, false} {
		if _, err := s.SaveModel(t.Context(), store.Model{Name: "sightings", Made: time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC), Weights: weights, Figures: []byte("{}"), Kept: kept}); err != nil {
			t.Fatal(err)
		}
		var p intel.Profile
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-01-02", "--json", "profile", "label:rat")), &p); err != nil {
			t.Fatal(err)
		}
		found := false
		for _, r := range p.IOC {
			found = found || r.Value == value
			if r.Value == value && (r.SeenAgain == nil || kept != (math.Abs(*r.SeenAgain-.75) < 1e-6)) {
				t.Errorf("kept %v: %+v", kept, r)
			}
		}
		if !found {
			t.Error("the value is no row")
		}
		text := printed(t, exitDone, "--db", db, "--now", "2026-01-02", "lookup", value)
		if kept != strings.Contains(text, "again within 30 days: 75.0 %") {
			t.Errorf("kept %v: %s", kept, text)
		}
	}
	printed(t, exitDone, "--db", db, "--now", "2026-01-02", "suppress", value)
	if out := printed(t, exitDone, "--db", db, "--now", "2026-01-02", "--json", "lookup", value); !strings.Contains(out, `"seen_again":null`) || !strings.Contains(out, `"suppressed":"analyst:`) {
		t.Errorf("set aside: %s", out)
	}
}
