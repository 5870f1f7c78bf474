package store_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestAnEpochEndsWithWhateverIsDerivedOrSettled(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		last, err := db.Epoch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d := document(1)
		save(t, db, d)
		for _, step := range []struct {
			what string
			do   func() error
		}{
			{"evidence", func() error { return db.SaveDerived(t.Context(), []store.Derived{derived(d, .5)}, derivation(1)) }},
			{"observations alone", func() error {
				seen := store.Derived{Document: d.ID, Observations: []intel.Observation{{Entity: actor}}}
				return db.SaveDerived(t.Context(), []store.Derived{seen}, derivation(2))
			}},
			{"nothing any more", func() error {
				return db.SaveDerived(t.Context(), []store.Derived{{Document: d.ID}}, derivation(3))
			}},
			{"a name settled", func() error {
				return db.Settle(t.Context(), store.Settlement{Resolutions: []store.Resolution{{Name: host, Canonical: actor, Share: 1}}})
			}},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			now, err := db.Epoch(t.Context())
			if err != nil || now <= last {
				t.Errorf("%s: epoch %d after %d, err %v", step.what, now, last, err)
			}
			last = now
		}
	})
}
