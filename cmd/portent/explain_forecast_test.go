package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

func TestAForecastIsExplainedByItsIdWithReasonsThatAddUp(t *testing.T) {
	db := "sqlite:" + t.TempDir() + "/portent.db"
	start := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	days(t, db, start, 90, "2026-04-01")
	var fs []intel.Forecast
	for d := json.NewDecoder(strings.NewReader(printed(t, exitDone, "--db", db, "--now", "2026-04-01", "--json", "forecast", "cold lynx"))); d.More(); {
		var f intel.Forecast
		if err := d.Decode(&f); err != nil {
			t.Fatal(err)
		}
		fs = append(fs, f)
	}
	if len(fs) < 3 {
		t.Fatalf("%d forecasts", len(fs))
	}
	for _, f := range fs {
		var out struct {
			Forecast intel.Forecast
			Outcome  *intel.Outcome
			LogOdds  float64 `json:"log_odds"`
			Sum      float64
		}
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-04-01", "--json", "explain", f.ID)), &out); err != nil {
			t.Fatal(err)
		}
		if out.Forecast.ID != f.ID || out.Outcome != nil || math.Abs(out.LogOdds-out.Sum) > 1e-9 {
			t.Errorf("%+v", out)
		}
		text := printed(t, exitDone, "--db", db, "--now", "2026-04-01", "explain", f.ID)
		for _, want := range []string{f.Rule, "not judged yet", f.Model} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
	printed(t, exitDone, "--db", db, "--now", "2026-06-01", "scoreboard")
	if text := printed(t, exitDone, "--db", db, "--now", "2026-06-01", "explain", fs[0].ID); !strings.Contains(text, "judged") || strings.Contains(text, "not judged yet") {
		t.Errorf("after its time: %s", text)
	}
}
