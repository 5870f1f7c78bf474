package store_test

import (
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

func TestDatesOfARowAreBelievedAndOfWhatSupportsIt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, db *store.DB) {
		honest, liar, denial := document(90), document(2), document(3)
		liar.Published = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
		save(t, db, honest, liar, denial)
		disputed := derived(denial, .5)
		disputed.Evidence[0].Stance = intel.Disputes
		derive(t, db, 1, derived(honest, .5), derived(liar, .5), disputed)
		r := rows(t, db, all)
		if len(r) != 1 || !r[0].First.Equal(honest.Published) || !r[0].Last.Equal(honest.Published) || r[0].Documents != 3 {
			t.Errorf("rows %+v; want one of %s in 3 documents", r, honest.Published)
		}
		span, err := db.Mentioned(t.Context(), all, []intel.Entity{actor}, now, time.Time{})
		if err != nil || !span.First.Equal(honest.Published) || !span.Last.Equal(denial.Published) || span.Documents != 3 {
			t.Errorf("mentioned %+v, err %v; want from %s to %s", span, err, honest.Published, denial.Published)
		}
	})
}
