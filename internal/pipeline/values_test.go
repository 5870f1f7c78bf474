package pipeline_test

import (
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/reference"
)

func TestALineOfAListIsOfItsOwnDayAndNotOfTheNewest(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		rows := addresses("Cold Lynx", 0, 2)
		old, late := now.AddDate(-13, 0, 0), now.AddDate(0, 0, -2)
		rows[0].At, rows[1].At = old, late
		list := inDocuments(10)("lab", 2, rows)
		h.keep(t, list...)
		tell := func(i int, want time.Time) {
			t.Helper()
			f, err := h.ed.Value(t.Context(), intel.Everything(), rows[i].Subject, pipeline.Window{}, now)
			if err != nil || !f.Last.Truncate(24*time.Hour).Equal(want.Truncate(24*time.Hour)) || (f.SeenAgain != nil) != (i == 1) {
				t.Errorf("line of %s: seen last %s, again %v, err %v", want, f.Last, f.SeenAgain, err)
			}
		}
		tell(0, old)
		tell(1, late)
		if _, err := h.p.ReprocessAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		tell(0, old)
		tell(1, late)
	})
}

func TestWhoATitleNamesIsSeenOnTheDayOfItsDocument(t *testing.T) {
	onEachEngine(t, []reference.Pack{reference.ActorsPack("1", []reference.Cluster{{Galaxy: "threat-actor", Value: "Cold Lynx"}})}, func(t *testing.T, h house) {
		doc := report(1, "It used a41d8cd98f00b204e9800998ecf8427e.")
		doc.Title = "Cold Lynx is back"
		h.keep(t, doc)
		h.finish(t)
		page, _, err := h.ed.Profile(t.Context(), intel.Everything(), lynxActor, pipeline.Window{}, now)
		if err != nil || !page.First.Equal(doc.Published) || !page.Last.Equal(doc.Published) {
			t.Errorf("seen %v to %v, err %v; want on %v alone", page.First, page.Last, err, doc.Published)
		}
		told, err := h.db.Observations(t.Context(), intel.Everything(), doc.ID)
		if err != nil || len(told) == 0 || told[0].Offset != -1 || told[0].Length != len("Cold Lynx") {
			t.Errorf("observations %+v, err %v; want the name in the title first, as long as it is", told, err)
		}
	})
}
