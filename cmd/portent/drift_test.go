package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// outcomes keeps forecasts of any activity of thirty actors, made once a week, and what came of
// each: what was said, but from a week on hardly anything.
func outcomes(t *testing.T, url string, start time.Time, weeks, drifts int) {
	t.Helper()
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var fs []intel.Forecast
	for w := range weeks {
		for n := range 30 {
			made := start.AddDate(0, 0, 7*w)
			fs = append(fs, intel.Forecast{ID: fmt.Sprint("f", w, "-", n), Subject: intel.NewEntity(intel.Actor, fmt.Sprint("Actor ", n)), Kind: "any activity", Target: "documents",
				Horizon: 28, Probability: []float64{.5, .9}[n%2], BaseRate: .6, Made: made, Due: made.AddDate(0, 0, 28), Rule: "any"})
		}
	}
	if err := db.SaveForecasts(t.Context(), fs, start); err != nil {
		t.Fatal(err)
	}
	all, err := db.Awaited(t.Context(), start.AddDate(10, 0, 0), 10_000)
	if err != nil || len(all) != len(fs) {
		t.Fatalf("%d wait, %v", len(all), err)
	}
	var kept []store.Judgement
	for _, a := range all {
		w, n := 0, 0
		if _, err := fmt.Sscanf(a.ID, "f%d-%d", &w, &n); err != nil {
			t.Fatal(err)
		}
		came := 0
		if n%2 == 0 && n/2%2 == w%2 || n%2 == 1 && n != 2*(w%15)+1 {
			came = 1
		}
		if w >= drifts && n%5 > 0 {
			came = 0
		}
		o := intel.Outcome{Forecast: a.ID, Came: came, Judged: a.Due.AddDate(0, 0, 14), Known: a.Due.AddDate(0, 0, 14)}
		if o.Scores, err = forecast.Judge(a.Forecast, came); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, store.Judgement{Awaited: a, Outcome: o})
	}
	if err := db.SaveOutcomes(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
}

func TestForecastsThatDriftAreToldOf(t *testing.T) {
	start := time.Date(2025, 1, 6, 0, 0, 0, 0, time.UTC)
	for drifts, want := range map[int]string{60: "", 50: "2025-12-"} {
		url := newStore(t)
		outcomes(t, url, start, 60, drifts)
		now := []string{"--db", url, "--now", start.AddDate(0, 0, 7*70).Format(time.DateOnly)}
		text := printed(t, exitDone, append(now, "scoreboard")...)
		doctor := printed(t, exitDone, append(now, "doctor")...)
		var said struct {
			Heads []struct {
				Head  string
				Drift *intel.Drift
			}
		}
		if err := json.Unmarshal([]byte(printed(t, exitDone, append(now, "--json", "scoreboard")...)), &said); err != nil || len(said.Heads) != 1 {
			t.Fatalf("%+v, %v", said, err)
		}
		if want == "" {
			if said.Heads[0].Drift != nil || strings.Contains(text, "drift") || strings.Contains(doctor, "drift") {
				t.Errorf("what turns out as it was said is said to drift: %+v\n%s%s", said, text, doctor)
			}
			continue
		}
		line := "drift: of what was forecast since " + want
		if d := said.Heads[0].Drift; d == nil || d.What != "less comes than was said" || !strings.Contains(text, line) || !strings.Contains(doctor, "problem: forecasts of any activity: "+line) {
			t.Errorf("%+v\n%s\n%s", d, text, doctor)
		}
	}
}
