package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestVoicesAreAccountsWhereTheirSourceVouchesForThem(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		var docs []intel.Document
		var batch []store.Derived
		say := func(source, account string, letter intel.Reliability, genre intel.Genre, m intel.Marking, days int) {
			d := document(len(docs))
			d.ID, d.Source, d.Author, d.Reliability, d.Genre, d.Marking = intel.NewDocumentID(intel.SourceID(source), fmt.Sprint(len(docs))), intel.SourceID(source), account, letter, genre, m
			d.Published = now.AddDate(0, 0, -days)
			docs, batch = append(docs, d), append(batch, derived(d, .5))
		}
		for n := range 3 {
			say("tweets", "ann", 'C', intel.Social, intel.Clear, 7*n)
			say("pastes", fmt.Sprint("x", n), 'E', intel.Social, intel.Clear, 1)
		}
		say("pastes", "x9", 'E', intel.Social, intel.Clear, 1)
		say("tweets", "bob", 'C', intel.Social, intel.Clear, 1)
		say("tweets", "bob", 'C', intel.Social, intel.Red, 1)
		say("tweets", "bob", 'C', intel.Social, intel.Red, 400) // before what is asked for
		if _, err := db.SaveDocuments(t.Context(), docs, now); err != nil {
			t.Fatal(err)
		}
		derive(t, db, 1, batch...)
		h := store.Hearing{From: now.AddDate(0, 0, -21), Since: now.AddDate(0, 0, -14), To: now, Most: 3}
		for clearance, want := range map[intel.Marking]map[string]int{intel.Clear: {"pastes ": 4, "tweets ann": 3, "tweets bob": 1}, intel.Red: {"pastes ": 4, "tweets ann": 3, "tweets bob": 2}} {
			loud, err := db.Loudest(t.Context(), intel.Reader{Clearance: clearance}, []intel.Entity{actor}, h)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for i, l := range loud {
				if i == 0 && l.Source != "pastes" || len(l.Weeks) != 4 {
					t.Errorf("%+v", l)
				}
				for _, n := range l.Weeks {
					got[fmt.Sprint(l.Source, " ", l.Account)] += n
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%v: %s", clearance, d)
			}
		}
	})
}
