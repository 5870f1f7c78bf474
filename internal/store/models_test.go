package store_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestTheLatestModelThatWasMadeByThenIsInForce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		if _, err := db.Model(t.Context(), "x", now); !errors.Is(err, intel.ErrNotFound) {
			t.Errorf("of none: %v", err)
		}
		var all []store.Model
		for i := range 2 {
			m := store.Model{Name: "x", Made: now.AddDate(0, 0, i), Basis: "two values", Weights: []byte(`{"bias":1}`), Figures: []byte(`{}`), Kept: i == 0}
			v, err := db.SaveModel(t.Context(), m)
			if err != nil || v != i+1 {
				t.Fatal(v, err)
			}
			m.Version = v
			all = append(all, m)
		}
		for i, want := range all {
			got, err := db.Model(t.Context(), "x", now.AddDate(0, 0, i))
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("as of day %d: err %v, %s", i, err, diff)
			}
		}
		if _, err := db.Model(t.Context(), "x", now.AddDate(0, 0, -1)); !errors.Is(err, intel.ErrNotFound) {
			t.Errorf("before it was made: %v", err)
		}
	})
}

func TestEachValueComesWithItsReportsOldestFirst(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		var batch []store.Derived
		for _, n := range []int{1, 300, 100, -400} {
			d := document(n)
			save(t, db, d)
			batch = append(batch, derived(d, .5))
		}
		derive(t, db, 1, batch...)
		for _, most := range []int{9, 2} {
			got := map[intel.Entity][]store.Report{}
			err := db.EachReports(t.Context(), []intel.Kind{host.Kind, intel.SHA1}, now, most, func(e intel.Entity, reports []store.Report) error {
				got[e] = slices.Clone(reports)
				return nil
			})
			if r := got[host]; err != nil || len(got) != 1 || len(r) != min(most, 3) || r[0].By == "" || !r[0].At.Before(r[1].At) {
				t.Errorf("%d at most: %+v, err %v", most, got, err)
			}
		}
		days, err := db.ReportDays(t.Context(), now)
		if err != nil || len(days) != 3 || !slices.IsSorted(days) {
			t.Errorf("days %v, err %v", days, err)
		}
	})
}
