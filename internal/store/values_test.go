package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestEachValueIsGivenOnceAndNamesAreNot(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		one, two := document(1), document(2)
		save(t, db, one, two)
		for _, d := range []intel.Document{one, two} {
			if err := db.SaveDerived(t.Context(), []store.Derived{derived(d, 0.5)}, derivation(1)); err != nil {
				t.Fatal(err)
			}
		}
		var got []intel.Entity
		if err := db.EachValue(t.Context(), func(e intel.Entity) error { got = append(got, e); return nil }); err != nil || !slices.Equal(got, []intel.Entity{host}) {
			t.Errorf("%v, err %v; want %v", got, err, host)
		}
		if n, err := db.CountValues(t.Context()); err != nil || n != 1 {
			t.Errorf("%d values, err %v", n, err)
		}
		if n, err := db.Again(t.Context(), []intel.Entity{host, actor}); err != nil || n != 2 {
			t.Errorf("%d documents wait, err %v; want both", n, err)
		}
		if n, err := db.Again(t.Context(), []intel.Entity{{Kind: intel.IPv4, Name: "192.0.2.7"}}); err != nil || n != 0 {
			t.Errorf("of a value that nobody knows %d documents wait, err %v", n, err)
		}
	})
}

func TestTheDaysOfAVoiceAreCountedOnceHoweverOftenTheyAreDerived(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		docs := []intel.Document{document(1), document(2), document(3)}
		docs[1].Published, docs[2].Genre, docs[2].Marking = docs[0].Published, intel.Social, intel.Red
		save(t, db, docs...)
		for version := range 3 {
			var batch []store.Derived
			for _, d := range docs {
				x := derived(d, 0.5)
				if version == 1 && d.ID == docs[1].ID { // says nothing for a while
					x.Evidence = nil
				}
				batch = append(batch, x)
			}
			if err := db.SaveDerived(t.Context(), batch, derivation(version+1)); err != nil {
				t.Fatal(err)
			}
			grounds, err := db.Grounds(t.Context(), all, []int64{1}, time.Time{})
			if err != nil || len(grounds[1]) != 2 {
				t.Fatalf("%v, err %v; want two days", grounds, err)
			}
			day := docs[0].Published.Unix() / 86400
			want := []store.Pace{{Day: docs[2].Published.Unix() / 86400, Said: 1, Posted: 1}, {Day: day, Said: 2}}
			if version == 1 {
				want[1].Said = 1
			}
			voice := grounds[1][0].Voice
			got, err := db.Paces(t.Context(), all, []store.Voice{voice}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got[voice]); diff != "" {
				t.Errorf("derived %d times: %s", version+1, diff)
			}
			if got, err = db.Paces(t.Context(), intel.Public(), []store.Voice{voice}, time.Time{}); err != nil || len(got[voice]) != 1 {
				t.Errorf("the public sees %v, err %v", got, err)
			}
			for least, want := range map[int]int{1: 1, 3: 0} {
				if busy, err := db.Busy(t.Context(), all, grounds, least); err != nil || len(busy) != want {
					t.Errorf("of %d values in a day: %v, err %v", least, busy, err)
				}
			}
		}
		if n, err := db.Claimants(t.Context(), all, []intel.Entity{host, actor}, time.Time{}); err != nil || n[host] != 1 || n[actor] != 0 {
			t.Errorf("claimants %v, err %v", n, err)
		}
	})
}
