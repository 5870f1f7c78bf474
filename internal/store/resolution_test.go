package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestEachReaderIsToldWhomANameStandsForByWhatSheMaySee(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		name := func(s string) intel.Entity { return intel.Entity{Kind: intel.Actor, Name: s} }
		alias, open, secret := name("tg-4411"), name("open"), name("secret")
		set := []store.Resolution{
			{Name: alias, Canonical: open, Share: 1, Below: intel.Amber},
			{Name: alias, Canonical: open, Share: .4, Marking: intel.Amber, Below: intel.Red},
			{Name: alias, Canonical: secret, Share: .6, Marking: intel.Amber, Below: intel.Red},
			{Name: name("only"), Canonical: secret, Share: 1, Marking: intel.Red},
		}
		d := document(1)
		d.Marking = intel.Amber
		save(t, db, d)
		derive(t, db, 1, store.Derived{Document: d.ID, Observations: []intel.Observation{{Entity: secret}}, Titles: map[intel.Entity]string{secret: "SECRET"}})
		for range 2 {
			if err := db.Settle(t.Context(), store.Settlement{Resolutions: set}); err != nil {
				t.Fatal(err)
			}
		}
		for clearance, want := range map[intel.Marking][4]int{intel.Clear: {1, 1, 2, 1}, intel.Green: {1, 1, 2, 1}, intel.Amber: {2, 1, 2, 2}, intel.AmberStrict: {2, 1, 2, 2}, intel.Red: {0, 1, 1, 2}} {
			r := intel.Reader{Clearance: clearance}
			stands, err := db.StandsFor(t.Context(), r, alias)
			if err != nil {
				t.Fatal(err)
			}
			mains, err := db.Mains(t.Context(), r, []intel.Entity{alias, name("only")})
			if err != nil {
				t.Fatal(err)
			}
			ofOpen, err := db.NamesOf(t.Context(), r, open)
			if err != nil {
				t.Fatal(err)
			}
			ofSecret, err := db.NamesOf(t.Context(), r, secret)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, [4]int{len(stands), len(mains), len(ofOpen), len(ofSecret)}); d != "" {
				t.Errorf("%v: %s", clearance, d)
			}
			title, err := db.Title(t.Context(), r, secret)
			if seen := err == nil && title == "SECRET"; seen != (clearance >= intel.Amber) || (!seen && !errors.Is(err, intel.ErrNotFound)) {
				t.Errorf("%v: title %q, err %v", clearance, title, err)
			}
		}
	})
}

func TestAnEntityIsTheFirstOfItsNamesAndThenComeTheSurest(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		name := func(s string) intel.Entity { return intel.Entity{Kind: intel.Actor, Name: s} }
		set := []store.Resolution{{Name: name("a-rumour"), Canonical: actor, Share: .3}, {Name: name("tg-4411"), Canonical: actor, Share: .9}}
		if err := db.Settle(t.Context(), store.Settlement{Resolutions: set}); err != nil {
			t.Fatal(err)
		}
		got, err := db.NamesOf(t.Context(), all, actor)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]intel.Entity{actor, name("tg-4411"), name("a-rumour")}, store.Names(got)); d != "" {
			t.Error(d)
		}
	})
}
