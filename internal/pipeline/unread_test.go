package pipeline_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// fail lets every visit of a source fail between two moments, so many days before now, at
// whose end it is read again.
func (h *heard) fail(source string, from, until int) {
	h.t.Helper()
	visit := func(days int, failure error) {
		v := store.Visit{Source: intel.SourceID(source), Connector: "rss", At: now.AddDate(0, 0, -days), Failure: failure, Every: time.Hour, Circuit: intel.Closed}
		if err := h.db.SaveVisit(h.t.Context(), v); err != nil {
			h.t.Fatal(err)
		}
	}
	visit(from, nil)
	for days := from - 1; days > until; days-- {
		visit(days, errors.New("no route"))
	}
	visit(until, nil)
}

// apart lets blog tell of five actors and wire of five others each week for half a year, but
// for blog nothing since some weeks ago and until the last.
func (h *heard) apart(silent int) (blog, wire intel.Entity) {
	for i := range 10 {
		e := intel.NewEntity(intel.Actor, fmt.Sprintf("Actor %d", i))
		source := map[bool]string{true: "blog", false: "wire"}[i < 5]
		for week := range 30 {
			if source == "wire" || week > silent {
				h.say(source, "desk", e, 7*week+3)
				h.say(source, "desk", e, 7*week+4)
			}
		}
	}
	return intel.NewEntity(intel.Actor, "Actor 0"), intel.NewEntity(intel.Actor, "Actor 9")
}

// TestAFailedWeekOfACollectorIsMissingAndNotQuiet has one of two sources tell nothing for the
// last weeks: once it was read, and nothing was to be told, and once its visits failed.
func TestAFailedWeekOfACollectorIsMissingAndNotQuiet(t *testing.T) {
	for _, weeks := range []int{1, 4} {
		t.Run(fmt.Sprint(weeks, " weeks"), func(t *testing.T) {
			any, expected := map[bool]float64{}, map[bool]float64{}
			for _, failed := range []bool{false, true} {
				h := hear(t)
				blog, wire := h.apart(weeks)
				if failed {
					h.fail("blog", 7*weeks+4, 0)
				}
				h.weekly()
				f := h.of(blog)
				any[failed], expected[failed] = f["any activity 28"].Probability, f["activity 28"].Quantiles["0.5"]
				missing := f["activity 28"].Unwatched
				if failed != (len(missing) > 0) {
					t.Errorf("failed: %v; not watched: %v", failed, missing)
				}
				for _, s := range missing {
					if s.Until.Sub(s.From) < time.Duration(weeks)*7*24*time.Hour || s.From.After(now.AddDate(0, 0, -7*weeks)) {
						t.Errorf("not watched are %v to %v", s.From, s.Until)
					}
				}
				if other := h.of(wire)["activity 28"].Unwatched; len(other) > 0 {
					t.Errorf("of whom another source tells is missing: %v", other)
				}
			}
			if any[true] < any[false]+.02*float64(weeks) && expected[true] <= expected[false] || any[true] < .9 {
				t.Errorf("comes with %.2f and %v documents where its source failed, with %.2f and %v where it was quiet", any[true], expected[true], any[false], expected[false])
			}
		})
	}
}

// TestAWeekIsMissingOfWhomTheSourceTellsAlone has a source fail for two weeks long ago: what it
// told of them later is not missing, nor is anything of whom others tell more.
func TestAWeekIsMissingOfWhomTheSourceTellsAlone(t *testing.T) {
	for name, c := range map[string]struct {
		also    func(h *heard, e intel.Entity)
		missing bool
	}{
		"nothing":                 {func(*heard, intel.Entity) {}, true},
		"what came later":         {func(h *heard, e intel.Entity) { h.say("blog", "desk", e, 37); h.say("blog", "desk", e, 30) }, false},
		"by another each week":    {func(h *heard, e intel.Entity) { h.flood("wire", "desk", e, 90, 210) }, false},
		"by another now and then": {func(h *heard, e intel.Entity) { h.flood("wire", "desk", e, 10, 210) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := hear(t)
			e := intel.NewEntity(intel.Actor, "Actor 0")
			for i := range 6 {
				for week := range 30 {
					if week != 4 && week != 5 {
						h.say("blog", "desk", intel.NewEntity(intel.Actor, fmt.Sprintf("Actor %d", i)), 7*week+3)
					}
				}
			}
			for week := range 30 { // who is read all the time
				h.say("wire", "desk", intel.NewEntity(intel.Actor, "Other"), 7*week+3)
			}
			c.also(h, e)
			h.fail("blog", 39, 25)
			h.weekly()
			got := h.of(e)["activity 28"].Unwatched
			if (len(got) > 0) != c.missing {
				t.Errorf("not watched are %v, want any: %v", got, c.missing)
			}
		})
	}
}

// TestAForecastIsNotJudgedByAnOutage has forecasts fall due whose source failed for half of
// their time and tells of hardly anybody else, so that no habit would tell its silence.
func TestAForecastIsNotJudgedByAnOutage(t *testing.T) {
	for _, failed := range []bool{false, true} {
		h := hear(t)
		e := intel.NewEntity(intel.Actor, "Loner")
		for week := range 30 {
			h.say("blog", "desk", e, 7*week+1)
		}
		h.weekly()
		due := now.AddDate(0, 0, 28)
		if failed {
			for _, days := range []int{5, 24} {
				v := store.Visit{Source: "blog", Connector: "rss", At: now.AddDate(0, 0, days), Every: time.Hour, Circuit: intel.Closed, Next: now.AddDate(0, 0, days).Add(time.Hour)}
				if err := h.db.SaveVisit(t.Context(), v); err != nil {
					t.Fatal(err)
				}
			}
		}
		id := h.of(e)["any activity 28"].ID
		h.p.Now = func() time.Time { return due.AddDate(0, 0, 15) }
		if _, err := h.p.Judge(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		o, err := h.db.Outcome(t.Context(), intel.Public(), id)
		if err != nil || (o.Unscoreable != "") != failed {
			t.Errorf("failed %v: outcome %+v, err %v", failed, o, err)
		}
	}
}
