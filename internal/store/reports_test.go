package store_test

import (
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestReportsAreTheLatestDatedOnesOfLivelyValues(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		var batch []store.Derived
		for _, n := range []int{300, 200, 100, 1} {
			d := document(n)
			d.Learned = d.Published
			save(t, db, d)
			batch = append(batch, derived(d, .5))
		}
		secret, liar := document(50), document(2)
		secret.Marking, liar.Published = intel.Red, now.AddDate(9, 0, 0)
		save(t, db, secret, liar)
		derive(t, db, 1, append(batch, derived(secret, .5), derived(liar, .5))...)
		value := batch[0].Evidence[0].Link.From
		if value.Kind.Class() != intel.IOC {
			value = batch[0].Evidence[0].Link.To
		}
		ask := func(r intel.Reader, w store.Wanted) (store.Reported, bool) {
			t.Helper()
			got, err := db.Reports(t.Context(), r, []intel.Entity{value, {Kind: intel.IPv4, Name: "203.0.113.99"}}, w)
			if err != nil || len(got) > 1 {
				t.Fatal(got, err)
			}
			one, ok := got[value]
			return one, ok
		}
		first, last := document(300).Published.Truncate(time.Second), document(1).Published.Truncate(time.Second)
		got, ok := ask(all, store.Wanted{Now: now, Since: now.AddDate(0, 0, -30), Most: 9})
		if !ok || got.Documents != 5 || len(got.Latest) != 5 || !got.First.Equal(first) || !got.Latest[0].At.Equal(last) || got.Latest[0].By == "" {
			t.Errorf("%+v, %v; want 5 from %s to %s", got, ok, first, last)
		}
		if got, _ := ask(all, store.Wanted{Now: now, Since: now.AddDate(0, 0, -30), Most: 2}); got.Documents != 5 || len(got.Latest) != 2 || !got.Latest[0].At.Equal(last) {
			t.Errorf("two at most: %+v", got)
		}
		if got, _ := ask(intel.Public(), store.Wanted{Now: now, Since: now.AddDate(0, 0, -30), Most: 9}); got.Documents != 4 {
			t.Errorf("the public is told of %d reports", got.Documents)
		}
		if got, _ := ask(all, store.Wanted{Now: now.AddDate(0, 0, -90), Since: now.AddDate(0, 0, -120), Most: 9, Then: now.AddDate(0, 0, -90)}); got.Documents != 3 {
			t.Errorf("as of 90 days before: %+v", got)
		}
		if got, ok := ask(all, store.Wanted{Now: now.AddDate(3, 0, 0), Since: now.AddDate(2, 0, 0), Most: 9}); ok {
			t.Errorf("after three years of silence: %+v", got)
		}
	})
}
