package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestVerdictsComeBackInTheirOrder(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
		want := []intel.AliasVerdict{
			{Name: actor, Other: intel.Entity{Kind: intel.Actor, Name: "x"}, Ruling: intel.Dispute, By: "analyst:ana", Reason: "two toolsets", At: at},
			{Name: actor, Other: intel.Entity{Kind: intel.Actor, Name: "x"}, Ruling: intel.Undo, By: "analyst:bob", At: at.Add(time.Hour)},
		}
		for i := range want {
			doc := want[i].Document()
			want[i].Kept, want[i].Marking = doc.ID, doc.Marking
		}
		posing := want[0].Document()
		posing.Source, posing.ID = "blog", intel.NewDocumentID("blog", "posing")
		save(t, db, want[1].Document(), posing, want[0].Document(), document(1))
		got, err := db.AliasVerdicts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNamesThatAreAskedForAreUnresolved(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		if err := db.Ask(t.Context(), []intel.Entity{actor, actor, {Kind: intel.Actor, Name: "new"}}); err != nil {
			t.Fatal(err)
		}
		got, err := db.Unresolved(t.Context(), 10)
		if err != nil || len(got) != 2 {
			t.Errorf("%+v are unresolved, err %v; want two names", got, err)
		}
	})
}
