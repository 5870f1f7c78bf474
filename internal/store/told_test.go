package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestTellingsAreOfAccountsForWhichTheirSourceVouches(t *testing.T) {
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
		if _, err := db.SaveDocuments(t.Context(), docs[:6], now); err != nil {
			t.Fatal(err)
		}
		later := now.AddDate(0, 0, 3)
		if _, err := db.SaveDocuments(t.Context(), docs[6:], later); err != nil {
			t.Fatal(err)
		}
		derive(t, db, 1, batch...)
		week := func(days int) int {
			return int(now.AddDate(0, 0, -days).Sub(monday(now.AddDate(0, 0, -21))).Hours() / 24 / 7)
		}
		for clearance, want := range map[intel.Marking]map[string]int{
			intel.Clear: {"pastes  0": 3, "pastes  3": 1, "tweets ann 0": 3, "tweets bob 3": 1},
			intel.Red:   {"pastes  0": 3, "pastes  3": 1, "tweets ann 0": 3, "tweets bob 3": 2}} {
			told, err := db.Hearings(t.Context(), intel.Reader{Clearance: clearance}, []intel.Entity{actor}, now.AddDate(0, 0, -21), now)
			if err != nil {
				t.Fatal(err)
			}
			got, weeks := map[string]int{}, map[int]int{}
			for _, x := range told {
				got[fmt.Sprint(x.Source, " ", x.Account, " ", int(x.In.Sub(now.Truncate(time.Hour)).Hours()/24))] += x.N
				if x.Account == "ann" {
					weeks[x.Week] += x.N
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%v: %s", clearance, d)
			}
			wanted := map[int]int{}
			for n := range 3 {
				wanted[week(7*n)]++
			}
			if d := cmp.Diff(wanted, weeks); d != "" {
				t.Errorf("%v: weeks of ann: %s", clearance, d)
			}
		}
	})
}

// monday is the beginning of the week of a time.
func monday(at time.Time) time.Time {
	day := at.UTC().Truncate(24 * time.Hour)
	return day.AddDate(0, 0, -int(day.Weekday()+6)%7)
}
