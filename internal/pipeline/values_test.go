package pipeline_test

import (
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

func TestALineOfAListIsOfItsOwnDayAndNotOfTheNewest(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		rows := addresses("Cold Lynx", 0, 2)
		old, late := now.AddDate(-13, 0, 0), now.AddDate(0, 0, -2)
		rows[0].At, rows[1].At = old, late
		list := inDocuments(10)("lab", 2, rows)
		h.keep(t, list...)
		tell := func(i int, want time.Time) {
			t.Helper()
			f, err := h.ed.Value(t.Context(), intel.Everything(), rows[i].Subject, pipeline.Window{}, now)
			if err != nil || !f.Last.Truncate(24*time.Hour).Equal(want.Truncate(24*time.Hour)) || (f.SeenAgain != nil) != (i == 1) {
				t.Errorf("line of %s: seen last %s, again %v, err %v", want, f.Last, f.SeenAgain, err)
			}
		}
		tell(0, old)
		tell(1, late)
		if _, err := h.p.ReprocessAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		tell(0, old)
		tell(1, late)
	})
}
