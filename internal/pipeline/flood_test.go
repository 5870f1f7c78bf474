package pipeline_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

// floods names so many others behind a value, which come before the honest one by name
// and by integer.
func floods(n int, letter intel.Reliability, value intel.Entity) intel.Document {
	var actors []string
	for i := range n {
		actors = append(actors, fmt.Sprint("a-", i))
	}
	return named("flood", letter, value, actors...)
}

// TestAFloodOfNamesDrownsNobodyInALookup has more names behind a value than a lookup
// tells, and than a hunt gathers; as many that say it more surely come first in any order
// but that of what is believed.
func TestAFloodOfNamesDrownsNobodyInALookup(t *testing.T) {
	for _, n := range []int{250, 1200} {
		_, p, ed := open(t)
		docs := []intel.Document{named("good", 'B', c2, lynxActor.Name), floods(n, 'A', c2)}
		if n < 1000 {
			slices.Reverse(docs)
		}
		for _, d := range docs {
			finish(t, p, d)
		}
		if got := against(t, ed, intel.Public())[c2.Name]; got != "[shared by 8]" {
			t.Errorf("of %d: %s", n, got)
		}
		for _, back := range []bool{false, true} {
			w := pipeline.Window{Back: back}
			f, err := ed.Value(t.Context(), intel.Public(), c2, w, now)
			if err != nil {
				t.Fatal(err)
			}
			profile, _, err := ed.Profile(t.Context(), intel.Public(), lynxActor, w, now)
			if err != nil {
				t.Fatal(err)
			}
			row := profile.IOC[0]
			if len(f.Names) != 200 || f.More != n+1-200 || f.Names[0].Entity != lynxActor || f.Probability != row.Probability || f.Level != intel.Medium {
				t.Errorf("of %d, back %v: %d names and %d more, the first %v with %v; its profile says %v", n, back, len(f.Names), f.More, f.Names[0].Entity, f.Probability, row.Probability)
			}
		}
	}
}
