package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

func TestForecastsRestOnWhatTheirReaderMaySee(t *testing.T) {
	lynx, stoat := intel.NewEntity(intel.Actor, "Cold Lynx"), intel.NewEntity(intel.Actor, "Amber Stoat")
	uses := func(who intel.Entity, technique string, n int, m intel.Marking) intel.Document {
		d := report(n, fmt.Sprintf("%s, %s, week %d", who.Name, technique, n))
		d.Marking = m
		d.Claims = []intel.Claim{{Subject: who, Relation: intel.Uses, Object: intel.Entity{Kind: intel.Technique, Name: technique}}}
		return d
	}
	clear := []intel.Document{uses(lynx, "T1059", 3, intel.Clear), uses(stoat, "T1566", 5, intel.Clear)}
	var red []intel.Document
	for n := range 9 {
		red = append(red, uses(lynx, "T1105", n+1, intel.Red), uses(intel.NewEntity(intel.Actor, fmt.Sprint("Secret ", n)), "T1003", n+1, intel.Red))
	}
	told := func(r intel.Reader, docs []intel.Document) []intel.Forecast {
		t.Helper()
		db, p, _ := open(t)
		if _, err := p.Keep(t.Context(), docs); err != nil {
			t.Fatal(err)
		}
		if err := p.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.Forecast(t.Context()); err != nil {
			t.Fatal(err)
		}
		fs, err := db.Forecasts(t.Context(), r, lynx, now)
		if err != nil || len(fs) == 0 {
			t.Fatalf("%d forecasts, err %v", len(fs), err)
		}
		return fs
	}
	all := append(red, clear...)
	want := told(intel.Public(), clear)
	for _, m := range []intel.Marking{intel.Clear, intel.Green, intel.AmberStrict} {
		if d := cmp.Diff(want, told(intel.Reader{Clearance: m}, all)); d != "" {
			t.Errorf("%v: %s", m, d)
		}
	}
	secret := told(intel.Everything(), all)
	if cmp.Equal(want, secret) {
		t.Errorf("with clearance nothing more is told: %+v", secret)
	}
	for _, f := range secret {
		if f.Marking != intel.Red || f.Target == "technique:T1105" {
			t.Errorf("%+v; want what is made of everything", f)
		}
	}
}

func TestOnlyTheForecastsOfTheLastDayAreShown(t *testing.T) {
	db, p, ed := open(t)
	if _, err := p.Keep(t.Context(), []intel.Document{report(1, "Cold Lynx is back."), report(3, "Cold Lynx was here.")}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	lynx := intel.NewEntity(intel.Actor, "Cold Lynx")
	day := now
	p.Now = func() time.Time { return day }
	for i := range 3 {
		day = now.AddDate(0, 0, i)
		if err := p.Forecast(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		asOf := now.AddDate(0, 0, i)
		fs, err := db.Forecasts(t.Context(), intel.Public(), lynx, asOf)
		if err != nil || len(fs) != 4 {
			t.Fatalf("%s: %d forecasts, err %v; want 7 and 28 days of activity, whether any and whether a surge", asOf, len(fs), err)
		}
		for _, f := range fs {
			if f.Made.After(asOf) || asOf.Sub(f.Made) >= 24*time.Hour {
				t.Errorf("%s: made %s", asOf, f.Made)
			}
		}
	}
	profile, _, err := ed.Profile(t.Context(), intel.Public(), lynx, pipeline.Window{}, day)
	if err != nil || len(profile.Forecasts) != 4 {
		t.Errorf("the profile tells %d forecasts, err %v", len(profile.Forecasts), err)
	}
	if a := profile.Ahead; len(a) != 4 || !a[0].From.Equal(day.UTC().Truncate(24*time.Hour)) || a[0].NearlyAll[1] < 1 {
		t.Errorf("weeks ahead of the last day: %+v", a)
	}
}

func TestAProfileTellsWhatIsForecastOtherwiseThanAWeekAgo(t *testing.T) {
	_, p, ed := open(t)
	day := now
	p.Now = func() time.Time { return day }
	keep := func(docs ...intel.Document) {
		t.Helper()
		if _, err := p.Keep(t.Context(), docs); err != nil {
			t.Fatal(err)
		}
		if err := p.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.Forecast(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	keep(report(1, "Cold Lynx is back."), report(3, "Cold Lynx was here."))
	lynx, first := intel.NewEntity(intel.Actor, "Cold Lynx"), forecast.Today(now)
	profile, _, err := ed.Profile(t.Context(), intel.Public(), lynx, pipeline.Window{}, day)
	if err != nil || !profile.Changes.Since.IsZero() || len(profile.Changes.New) > 0 {
		t.Errorf("on the first day: %+v, %v", profile.Changes, err)
	}
	day = now.AddDate(0, 0, 8)
	var burst []intel.Document
	for n := range 40 {
		d := report(100+n, fmt.Sprintf("Cold Lynx struck again, case %d.", n))
		d.Published, d.Learned = day.AddDate(0, 0, -n%7-1), day
		d.Source = intel.SourceID(fmt.Sprintf("blog%d", n%8)) // one alone would not move it so far
		burst = append(burst, d)
	}
	keep(burst...)
	profile, _, err = ed.Profile(t.Context(), intel.Public(), lynx, pipeline.Window{}, day)
	c := profile.Changes
	if err != nil || !c.Since.Equal(first) || !c.Made.Equal(first.AddDate(0, 0, 8)) || len(c.Moved) != 1 || c.Moved[0].Direction() != "more" || c.Moved[0].Kind != "activity" {
		t.Errorf("after a burst: %+v, %v", c, err)
	}
	day = now.AddDate(0, 0, 24)
	if _, err := p.Judge(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	profile, _, err = ed.Profile(t.Context(), intel.Public(), lynx, pipeline.Window{}, day)
	if s := profile.Changes.Judged; err != nil || len(s) != 1 || s[0].Horizon != 7 || !s[0].Counted() || s[0].Made.Before(first) || s[0].Unscoreable == "" && s[0].Came == 0 {
		t.Errorf("judged: %+v, %v", s, err)
	}
}
