package pipeline_test

import (
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

// TestAHistoryIsToldAnewWhenSomethingCameOrIsDue asks again at once, after a word, and
// after what set the value aside has ended.
func TestAHistoryIsToldAnewWhenSomethingCameOrIsDue(t *testing.T) {
	db, p, ed := open(t)
	finish(t, p, usedBy(3, intel.Clear, c2))
	id, err := db.Linked(t.Context(), intel.Link{From: c2, Relation: intel.Indicates, To: lynxActor})
	if err != nil {
		t.Fatal(err)
	}
	history := func(at time.Time) intel.Turn {
		t.Helper()
		h, err := ed.History(t.Context(), intel.Everything(), id, pipeline.Window{}, at, 1000)
		if err != nil {
			t.Fatal(err)
		}
		return h.Turns[len(h.Turns)-1]
	}
	first := history(now)
	if again := history(now.Add(time.Hour)); !again.At.Equal(first.At) {
		t.Errorf("nothing came, and it is told anew as of %s", again.At)
	}
	if next := history(now.AddDate(0, 0, 1)); !next.At.After(first.At) {
		t.Error("on the next day it is told as of the day before")
	}
	v := intel.ValueVerdict{Scope: intel.Scope{Entity: c2}, Ruling: intel.Suppress, By: "analyst:ana", At: now, Until: now.Add(2 * time.Hour)}
	finish(t, p, v.Document())
	if aside := history(now.Add(time.Hour)); aside.Level != intel.Low || aside.Believed > .02 {
		t.Errorf("set aside: %+v", aside)
	}
	if back := history(now.Add(3 * time.Hour)); back.Believed < .5 {
		t.Errorf("no longer set aside: %+v", back)
	}
}
