package store_test

import (
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestAValueThatTwoNamesHaveIsOneRowOfBothLinks(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		alias := intel.Entity{Kind: intel.Actor, Name: "tg-4411"}
		one, two := document(1), document(2)
		save(t, db, one, two)
		v, u := derived(one, .6), derived(two, .6)
		u.Evidence[0].Link.To, u.Evidence[0].Stance = alias, intel.Disputes
		derive(t, db, 1, v, u)
		if err := db.Settle(t.Context(), store.Settlement{Resolutions: []store.Resolution{{Name: alias, Canonical: actor, Share: .5}}}); err != nil {
			t.Fatal(err)
		}
		names, err := db.NamesOf(t.Context(), all, actor)
		if err != nil {
			t.Fatal(err)
		}
		o, err := db.Outline(t.Context(), all, names, store.Weighing{})
		if err != nil {
			t.Fatal(err)
		}
		rows, levels, err := db.Twins(t.Context(), all, o, iocs)
		if err != nil || len(rows) != 1 || len(rows[0].Joins) != 2 || len(levels) != 2 {
			t.Fatalf("twins %+v, levels %v, err %v; want one row of two links", rows, levels, err)
		}
		var links []int64
		disputed := int64(0)
		for _, j := range rows[0].Joins {
			links = append(links, j.Link)
			if j.Name == alias {
				disputed = j.Link
			}
		}
		against, err := db.Disputed(t.Context(), all, links, time.Time{})
		if err != nil || len(against) != 1 || !against[disputed] {
			t.Errorf("disputed are %v, err %v; want %d", against, err, disputed)
		}
		if then, err := db.Disputed(t.Context(), all, links, now.AddDate(100, 0, 0)); err != nil || len(then) != 1 {
			t.Errorf("disputed later are %v, err %v", then, err)
		}
		for _, then := range []time.Time{{}, now.AddDate(100, 0, 0)} {
			parts, err := db.PartsOf(t.Context(), all, links, now, then)
			if err != nil || len(parts[links[0]]) != 1 || len(parts[links[1]]) != 1 || parts[disputed][0].Link.To != alias {
				t.Errorf("parts as of %v: %+v, err %v", then, parts, err)
			}
		}
		if at, err := db.WeighedAt(t.Context(), all, links); err != nil || len(at) != 2 || at[disputed].IsZero() {
			t.Errorf("weighed at %v, err %v", at, err)
		}
		if c, err := db.Candidates(t.Context(), all, []intel.Entity{alias, actor}); err != nil || len(c) != 1 || len(c[alias]) != 1 || c[alias][0].Share != .5 {
			t.Errorf("candidates %+v, err %v", c, err)
		}
	})
}
