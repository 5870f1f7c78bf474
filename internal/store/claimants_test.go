package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// TestWhoNamesVeryManyCrowdsNobodyOut has a source that names ten behind a value before
// and more surely than two sources that nobody named name one each.
func TestWhoNamesVeryManyCrowdsNobodyOut(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		at := func(days int) time.Time { return now.AddDate(0, 0, -days) }
		say := func(n int, source intel.SourceID, weight float64, days int, names ...string) {
			d := document(n)
			d.ID, d.Source, d.Published, d.Learned = intel.NewDocumentID(source, fmt.Sprint(n)), source, at(days), at(days)
			save(t, db, d)
			found := store.Derived{Document: d.ID}
			for _, name := range names {
				one := derived(d, weight).Evidence[0]
				one.Link.To.Name = name
				found.Evidence = append(found.Evidence, one)
			}
			derive(t, db, 1, found)
		}
		var many []string
		for i := range 10 {
			many = append(many, fmt.Sprint("a-", i))
		}
		say(1, "flood", .9, 9, many...)
		say(2, "csv", .6, 3, "cold-lynx")
		say(3, "csv/b", .5, 2, "grey-heron")
		named, err := db.RowIDs(t.Context(), []intel.Link{linked, {From: host, Relation: intel.Indicates, To: intel.Entity{Kind: intel.Actor, Name: "grey-heron"}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, then := range []time.Time{{}, now} {
			got, err := db.Leading(t.Context(), all, host, intel.Unnamed{"csv"}, 3, then)
			if err != nil || len(got) != 3 || got[0] == got[1] {
				t.Fatalf("%v, %v", got, err)
			}
			found := 0
			for _, id := range got[:2] {
				if id == named[linked] {
					found++
				}
			}
			if found != 1 {
				t.Errorf("then %v: %v has not %d among the first of each source", then, got, named[linked])
			}
			o, err := db.Outline(t.Context(), all, []store.Resolution{{Name: host, Canonical: host, Share: 1}}, store.Weighing{})
			if err != nil {
				t.Fatal(err)
			}
			if rows, err := db.RowsAmong(t.Context(), all, o, got); err != nil || len(rows) != 3 {
				t.Errorf("%v, %v", rows, err)
			}
		}
		spells, err := db.NamingEver(t.Context(), all, host, []int64{named[linked]}, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(spells) != 3 || spells[0].Source != "flood" || spells[1].Link != named[linked] || spells[2].Source != "csv/b" {
			t.Errorf("in order of time: %+v", spells)
		}
	})
}
