package store_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestPostsComeLatestFirstUntilEnoughReportsWereRead(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		var batch []store.Derived
		for _, n := range []int{1, 300, 100, -400} {
			d := document(n)
			if n == 100 {
				d.Author = "ana"
			}
			save(t, db, d)
			batch = append(batch, derived(d, .5))
		}
		undated := document(7)
		undated.Published = undated.Published.AddDate(-3000, 0, 0)
		save(t, db, undated)
		derive(t, db, 1, append(batch, derived(undated, .5))...)
		for most, want := range map[int]int{9: 3, 2: 2, 0: 0} {
			var got []store.Posted
			if err := db.EachPosted(t.Context(), now, most, func(p store.Posted) error { got = append(got, p); return nil }); err != nil || len(got) != want {
				t.Fatalf("%d reports at most: %d posts, err %v", most, len(got), err)
			}
			for i, p := range got {
				if len(p.Claims) != 1 || p.Reports != 1 || p.Claims[0].Subject != host || p.Claims[0].Object != actor || p.Claims[0].Relation != intel.Indicates {
					t.Errorf("%+v", p)
				}
				if author := []string{"source 1", "ana", "source 1"}[i]; p.Author != author || i > 0 && !p.Published.Before(got[i-1].Published) {
					t.Errorf("%d: %+v, want it by %s", i, p, author)
				}
			}
		}
	})
}

func TestACorroborationHoldsUntilSomebodyReportsTheValue(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		first := document(5)
		save(t, db, first)
		derive(t, db, 1, derived(first, .5))
		seen, err := db.LastDocument(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := intel.Corroboration{Probability: .25, Until: now.AddDate(0, 0, 85)}
		keep := func(m intel.Marking) {
			t.Helper()
			rows := []store.Corroboration{{Entity: host, Marking: m, Corroboration: want}, {Entity: intel.Entity{Kind: intel.IPv4, Name: "203.0.113.9"}}}
			if err := db.SaveCorroborations(t.Context(), now, seen, rows); err != nil {
				t.Fatal(err)
			}
		}
		ask := func(r intel.Reader, days int, known bool) {
			t.Helper()
			got, err := db.Corroborations(t.Context(), r, []intel.Entity{host, actor}, now.AddDate(0, 0, days))
			if c, ok := got[host]; err != nil || ok != known || len(got) > 1 || known && (c.Probability != want.Probability || !c.Until.Equal(want.Until)) {
				t.Errorf("after %d days: %+v, err %v; want it %v", days, got, err, known)
			}
		}
		keep(intel.Clear)
		ask(intel.Public(), 0, true)
		ask(all, 6, true)
		ask(all, 7, false) // nobody looked for a week
		ask(all, -1, false)
		keep(intel.Red)
		ask(intel.Public(), 0, false)
		ask(all, 0, true)
		second := document(1)
		save(t, db, second)
		derive(t, db, 1, derived(second, .5))
		ask(all, 0, false)
		if err := db.SaveCorroborations(t.Context(), now, seen+1, nil); err != nil {
			t.Fatal(err)
		}
		ask(all, 0, false)
	})
}
