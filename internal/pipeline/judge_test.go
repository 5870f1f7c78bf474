package pipeline_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/store"
)

// A told is an invented history that is told day by day.
type told struct {
	t   *testing.T
	db  *store.DB
	p   *pipeline.Pipeline
	day time.Time
	n   int
}

func begin(t *testing.T) *told {
	db, p, _ := open(t)
	w := &told{t: t, db: db, p: p, day: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)}
	p.Now = func() time.Time { return w.day }
	p.Clock = p.Now
	return w
}

// tell lets a source say something on a day, which comes in at the present of the
// history.
func (w *told) tell(source string, at time.Time, what string, claims ...intel.Claim) {
	w.t.Helper()
	w.n++
	text := fmt.Sprintf("%s Item %d.", what, w.n)
	d := intel.Document{ID: intel.NewDocumentID(intel.SourceID(source), text), Source: intel.SourceID(source), Genre: intel.Report, Reliability: 'A', Author: source, Title: text, Text: text,
		Published: at, Learned: at, Claims: claims}
	if _, err := w.p.Keep(w.t.Context(), []intel.Document{d}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *told) finish() {
	w.t.Helper()
	if err := w.p.Finish(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func uses(technique string) intel.Claim {
	return intel.Claim{Subject: intel.NewEntity(intel.Actor, "Cold Lynx"), Relation: intel.Uses, Object: intel.Entity{Kind: intel.Technique, Name: technique}}
}

// year is ten weeks in which two sources tell every day, of Cold Lynx every third,
// and of techniques others use.
func (w *told) year() {
	w.t.Helper()
	for d := range 70 {
		for _, source := range []string{"blog", "wire"} {
			what := "Quiet Stoat and Grey Heron were seen."
			if d%3 == 0 {
				what = "Cold Lynx was seen."
			}
			w.tell(source, w.day, what)
		}
		if d == 3 {
			other := uses("T1566")
			other.Subject = intel.NewEntity(intel.Actor, "Grey Heron")
			second := uses("T1190")
			second.Subject = other.Subject
			w.tell("blog", w.day, "Grey Heron used two techniques.", other, second)
		}
		w.day = w.day.AddDate(0, 0, 1)
	}
	w.finish()
	if err := w.p.Forecast(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *told) judge() pipeline.Judged {
	w.t.Helper()
	j, err := w.p.Judge(w.t.Context(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

// outcomes are those of the forecasts about Cold Lynx that were made on a day.
func (w *told) outcomes(made time.Time) map[string]intel.Outcome {
	w.t.Helper()
	fs, err := w.db.Forecasts(w.t.Context(), intel.Public(), intel.NewEntity(intel.Actor, "Cold Lynx"), made)
	if err != nil || len(fs) == 0 {
		w.t.Fatalf("%d forecasts, %v", len(fs), err)
	}
	out := map[string]intel.Outcome{}
	for _, f := range fs {
		if o, err := w.db.Outcome(w.t.Context(), intel.Public(), f.ID); err == nil {
			out[fmt.Sprint(f.Kind, " ", f.Target, " ", f.Horizon)] = o
		}
	}
	return out
}

func TestForecastsAreJudgedByWhatCameIn(t *testing.T) {
	w := begin(t)
	w.year()
	made := w.day
	for d := range 28 { // Cold Lynx on days 0, 5, 10, 15, 20 and 25
		for _, source := range []string{"blog", "wire"} {
			w.tell(source, w.day, "Quiet Stoat and Grey Heron were seen.")
		}
		if d%5 == 0 {
			w.tell("blog", w.day, "Cold Lynx was seen.")
		}
		if d == 10 {
			w.tell("blog", w.day, "Cold Lynx used phishing.", uses("T1566"))
			w.tell("wire", w.day, "Cold Lynx used phishing again.", uses("T1566"))
		}
		w.day = w.day.AddDate(0, 0, 1)
	}
	w.finish()
	if j, got := w.judge(), w.outcomes(made); j.Forecasts != 2 || len(got) != 1 {
		t.Errorf("%+v before what is told late has come in, but for those of a week: %v", j, got)
	}
	w.day = w.day.AddDate(0, 0, 13)
	w.tell("wire", made.AddDate(0, 0, 6), "Cold Lynx had been seen: too late for the week, in time for the four.")
	w.finish()
	w.day = w.day.AddDate(0, 0, 2)
	w.tell("wire", made.AddDate(0, 0, 7), "Cold Lynx had been seen: too late.")
	w.finish()
	if j := w.judge(); j.Forecasts == 0 || j.Unscoreable != 0 {
		t.Fatalf("%+v", j)
	}
	for w.day.Before(made.AddDate(0, 0, 105)) { // what is taken up has a quarter
		w.tell("blog", w.day, "Quiet Stoat and Grey Heron were seen.")
		w.tell("wire", w.day, "Quiet Stoat and Grey Heron were seen.")
		w.day = w.day.AddDate(0, 0, 1)
	}
	w.finish()
	if j := w.judge(); j.Forecasts == 0 || j.Unscoreable != 0 {
		t.Fatalf("%+v", j)
	}
	got := w.outcomes(made)
	for key, want := range map[string]int{"activity documents 7": 2, "activity documents 28": 9, "any activity documents 28": 1, "technique technique:T1566 90": 1, "technique technique:T1190 90": 0} {
		o, ok := got[key]
		if !ok || o.Unscoreable != "" || o.Came != want || o.Scores.Score < 0 {
			t.Errorf("%s: %+v, want %d of %v", key, o, want, got)
		}
	}
	if o := got["technique technique:T1566 90"]; !o.Scores.Probability || !o.Scores.Ruled || o.Scores.Score < .5 {
		t.Errorf("what was held improbable came: %+v", o)
	}
	w.day = w.day.AddDate(1, 0, 0) // whenever it is looked at again
	if j := w.judge(); j.Forecasts != 0 {
		t.Errorf("judged twice: %+v", j)
	}
	if d := cmp.Diff(got, w.outcomes(made)); d != "" {
		t.Error(d)
	}
}

func TestAWindowInWhichSourcesWereSilentIsNotNought(t *testing.T) {
	for name, c := range map[string]struct {
		quiet  func(source string, day int) bool
		silent string // what the reason names; empty: it is judged
	}{
		"nobody is silent":                    {func(string, int) bool { return false }, ""},
		"all are":                             {func(string, int) bool { return true }, "100 %"},
		"one of two for the time":             {func(s string, _ int) bool { return s == "wire" }, "wire"},
		"one for two days":                    {func(s string, d int) bool { return s == "wire" && d < 2 }, ""},
		"both for ten days":                   {func(_ string, d int) bool { return d > 4 && d < 15 }, "36 %"},
		"one that tells of the actor no more": {func(s string, _ int) bool { return s == "other" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.year()
			made := w.day
			for d := range 28 {
				for _, source := range []string{"blog", "wire"} {
					if !c.quiet(source, d) {
						w.tell(source, w.day, "Quiet Stoat and Grey Heron were seen.")
					}
				}
				w.day = w.day.AddDate(0, 0, 1)
			}
			w.finish()
			w.day = w.day.AddDate(0, 0, 15)
			w.judge()
			o, ok := w.outcomes(made)["any activity documents 28"]
			if !ok || (o.Unscoreable == "") != (c.silent == "") || !strings.Contains(o.Unscoreable, c.silent) || o.Came != 0 {
				t.Errorf("%+v, %v", o, ok)
			}
		})
	}
}

func TestTheTrackTellsOfEveryHeadAndActor(t *testing.T) {
	w := begin(t)
	w.year()
	for d := range 125 {
		for _, source := range []string{"blog", "wire"} {
			w.tell(source, w.day, "Quiet Stoat and Cold Lynx were seen.")
		}
		if d%3 == 0 {
			w.finish()
			if err := w.p.Forecast(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.day = w.day.AddDate(0, 0, 1)
	}
	w.finish()
	w.judge()
	ed := &pipeline.Editor{DB: w.db, Reference: w.p.Reference}
	track, err := ed.Track(t.Context(), intel.Public(), w.day)
	if err != nil || len(track.Heads) < 3 || len(track.Actors) < 2 || track.Heads[0].Head != "activity" || track.Heads[1].Head != "any activity" {
		t.Fatalf("%+v, %v", track, err)
	}
	total := 0
	for _, h := range track.Heads {
		total += h.Forecasts
		if h.Judged == 0 || h.Unscoreable != 0 || h.Due < h.Judged || h.Forecasts <= h.Due || h.Verdict == "" || h.ECE == nil || len(h.Reliability) == 0 || h.LogLoss == nil {
			t.Errorf("%+v", h)
		}
		if skill := h.BrierSkill; h.Head == "activity" && (h.CRPSSkill == nil || h.CRPSSimple == nil || skill != nil) || h.Head != "activity" && skill == nil {
			t.Errorf("%+v", h)
		}
	}
	// What is taken up has been judged of three weeks: too few to say anything of it.
	technique := slices.IndexFunc(track.Heads, func(h intel.HeadRecord) bool { return h.Head == "technique" })
	if h := track.Heads[max(0, technique)]; technique < 0 || h.Days >= 84 || h.Verdict != intel.NoBetter {
		t.Errorf("%+v", h)
	}
	for _, a := range track.Actors {
		total -= a.Forecasts
	}
	if total != 0 {
		t.Errorf("heads and actors have not equally many forecasts: %d apart", total)
	}
	if track.Chain.State != "" {
		t.Errorf("%+v was never checked", track.Chain)
	}
	chain, err := w.p.CheckChain(t.Context(), nil)
	if err != nil || chain.State != intel.ChainIntact || chain.Clocked != 0 {
		t.Errorf("%+v, %v", chain, err)
	}
	again, err := ed.Track(t.Context(), intel.Public(), w.day)
	if err != nil || again.Chain.State != intel.ChainIntact || again.Chain.Forecasts != chain.Forecasts {
		t.Errorf("%+v, %v", again.Chain, err)
	}
	a, _ := json.Marshal(track.Heads)
	b, err := json.Marshal(again.Heads)
	if err != nil || string(a) != string(b) {
		t.Errorf("%s\n%s\n%v", a, b, err)
	}
	if err := w.p.Forecast(t.Context()); err != nil {
		t.Fatal(err)
	}
	more, err := ed.Track(t.Context(), intel.Public(), w.day)
	if err != nil || more.Heads[0].Forecasts <= again.Heads[0].Forecasts {
		t.Errorf("after a day more: %+v, %v", more.Heads[0], err)
	}
}
