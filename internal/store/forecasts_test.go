package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestOfManyForecastsEachReaderIsToldTheLatestOfHers(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		var all []intel.Forecast
		for back := range 30 {
			made := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -back)
			for _, m := range []intel.Marking{intel.Clear, intel.Amber} {
				for i := range 10 {
					all = append(all, intel.Forecast{ID: fmt.Sprint(back, m, i), Subject: actor, Kind: "technique", Target: fmt.Sprint("technique:T", back+i),
						Horizon: 28, Marking: m, Made: made, Due: made.AddDate(0, 0, 28)})
				}
			}
		}
		hidden := intel.Entity{Kind: intel.Actor, Name: "hidden"}
		all = append(all, intel.Forecast{ID: "hidden", Subject: hidden, Marking: intel.Red, Made: now, Due: now.AddDate(0, 0, 7)})
		for range 2 {
			if err := db.SaveForecasts(t.Context(), all, now); err != nil {
				t.Fatal(err)
			}
		}
		for clearance, want := range map[intel.Marking]intel.Marking{intel.Clear: intel.Clear, intel.Green: intel.Clear, intel.Amber: intel.Amber, intel.Red: intel.Amber} {
			for back := range 3 {
				fs, err := db.Forecasts(t.Context(), intel.Reader{Clearance: clearance}, actor, now.AddDate(0, 0, -back))
				if err != nil || len(fs) != 10 {
					t.Fatalf("%v: %d forecasts, err %v", clearance, len(fs), err)
				}
				for i, f := range fs {
					if f.ID != fmt.Sprint(back, want, i) || f.Marking != want {
						t.Errorf("%v, %d days ago: %+v", clearance, back, f)
					}
				}
			}
		}
		if fs, err := db.Forecasts(t.Context(), intel.Reader{Clearance: intel.AmberStrict}, hidden, now); err != nil || len(fs) != 0 {
			t.Errorf("hidden: %+v, err %v", fs, err)
		}
		if fs, err := db.Forecasts(t.Context(), intel.Everything(), actor, now.AddDate(0, 2, 0)); err != nil || len(fs) != 0 {
			t.Errorf("all due: %+v, err %v", fs, err)
		}
	})
}

func TestForecastsOfAWeekAgoAndWhatCameOfOthersAreReadBySubjectAndReader(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		today := now.UTC().Truncate(24 * time.Hour)
		var all []intel.Forecast
		for back := range 60 {
			made := today.AddDate(0, 0, -back)
			for _, m := range []intel.Marking{intel.Clear, intel.Red} {
				for _, who := range []intel.Entity{actor, {Kind: intel.Actor, Name: "other"}} {
					all = append(all, intel.Forecast{ID: fmt.Sprint(who.Name, back, m), Subject: who, Kind: "technique", Target: "technique:T1", Horizon: 7, Marking: m, Made: made, Due: made.AddDate(0, 0, 7)})
				}
			}
		}
		if err := db.SaveForecasts(t.Context(), all, now); err != nil {
			t.Fatal(err)
		}
		waits, err := db.Awaited(t.Context(), today.AddDate(0, 0, -14), 1000)
		if err != nil {
			t.Fatal(err)
		}
		var kept []store.Judgement
		for _, w := range waits {
			j := judgement(w, 1, "")
			j.Judged = w.Due.AddDate(0, 0, 14)
			kept = append(kept, j)
		}
		if err := db.SaveOutcomes(t.Context(), kept); err != nil {
			t.Fatal(err)
		}
		for r, m := range map[intel.Reader]intel.Marking{intel.Public(): intel.Clear, intel.Everything(): intel.Red} {
			fs, err := db.ForecastsOf(t.Context(), r, actor, store.Period{From: today.AddDate(0, 0, -14), To: today.AddDate(0, 0, -7)})
			if err != nil || len(fs) != 1 || fs[0].ID != fmt.Sprint(actor.Name, 7, m) {
				t.Errorf("%v: %+v, %v", r, fs, err)
			}
			if fs, err = db.ForecastsOf(t.Context(), r, actor, store.Period{From: today.AddDate(0, 0, -90), To: today.AddDate(0, 0, -70)}); err != nil || len(fs) != 0 {
				t.Errorf("before there were any: %+v, %v", fs, err)
			}
			judged, outcomes, err := db.Settled(t.Context(), r, actor, store.Period{From: today.AddDate(0, 0, -7), To: today})
			if want := 7 * (1 + int(m)/int(intel.Red)); err != nil || len(judged) != want || len(outcomes) != want {
				t.Fatalf("%v: %d forecasts and %d outcomes, %v; want %d", r, len(judged), len(outcomes), err, want)
			}
			for i, f := range judged {
				if f.Subject != actor || outcomes[i].Forecast != f.ID || outcomes[i].Came != 1 || f.Made.After(today.AddDate(0, 0, -21)) || f.Marking > r.Clearance {
					t.Errorf("%+v: %+v", f, outcomes[i])
				}
			}
		}
	})
}
