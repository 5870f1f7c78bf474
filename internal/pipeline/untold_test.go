package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/publish"
)

// silent is thirty weeks in which two sources tell of twelve actors and whom they attack;
// which techniques they use is told without a date.
func (w *told) silent() {
	w.t.Helper()
	w.day = w.day.AddDate(0, 0, -210)
	name := func(k int) string { return fmt.Sprintf("Camp %c", 'A'+k) }
	for k := range 12 {
		for i := range 8 {
			for _, source := range []string{"pack", "matrix"} {
				w.tell(source, time.Time{}, name(k)+" is known.", does(name(k), intel.Uses, intel.Entity{Kind: intel.Technique, Name: fmt.Sprintf("T%d", 1001+k%2*20+(k+i)%10)}))
			}
		}
	}
	lands := []string{"DE", "FR", "US", "IT", "GB", "ES"}
	for week := range 30 {
		for k := range 12 {
			w.tell("blog", w.day, name(k)+" was seen.", does(name(k), intel.Targets, intel.Entity{Kind: intel.Country, Name: lands[(k+week/6)%6]}))
			w.tell("wire", w.day, name(k)+" was seen.", does(name(k), intel.Targets, intel.Entity{Kind: intel.Country, Name: lands[(k+week/6)%6]}))
		}
		w.day = w.day.AddDate(0, 0, 7)
	}
	w.finish()
}

func kinds(fs []intel.Forecast) map[string]int {
	out := map[string]int{}
	for _, f := range fs {
		out[f.Kind]++
	}
	return out
}

func TestWhatNothingTellsOfIsNotForecastAndThatIsSaid(t *testing.T) {
	w := begin(t)
	w.silent()
	w.forecast()
	camp := intel.NewEntity(intel.Actor, "Camp A")
	if got := kinds(w.foretold(camp)); got["technique"] > 0 || got["country"] == 0 {
		t.Errorf("forecast are %v, want countries and no technique", got)
	}
	ed := &pipeline.Editor{DB: w.db, Reference: w.p.Reference}
	p, _, err := ed.Profile(t.Context(), intel.Everything(), camp, pipeline.Window{}, w.day)
	if err != nil || !slices.Equal(p.NotForecast, []string{"technique"}) {
		t.Errorf("not forecast are %q, err %v", p.NotForecast, err)
	}
	var doc strings.Builder
	if err := publish.Markdown(&doc, p, publish.Options{}); err != nil || !strings.Contains(doc.String(), "nothing tells of this here, and so it is not forecast") {
		t.Errorf("Markdown does not say so, err %v", err)
	}
	track, err := ed.Track(t.Context(), intel.Public(), w.day)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range track.Heads {
		if h.Untold != (h.Head == "technique") {
			t.Errorf("scoreboard: %s untold: %v", h.Head, h.Untold)
		}
	}
	if before, err := pipeline.Untold(t.Context(), w.db, intel.Public(), w.day.AddDate(0, 0, -1)); err != nil || before != nil {
		t.Errorf("as of the day before: %q, err %v", before, err)
	}
	w.day = w.day.AddDate(0, 0, 1)
	for k := range 6 { // two more and there is something to forecast
		who := fmt.Sprintf("Camp %c", 'A'+k)
		for _, source := range []string{"blog", "wire"} {
			w.tell(source, w.day, who+" uses something new.", does(who, intel.Uses, intel.Entity{Kind: intel.Technique, Name: "T1190"}))
		}
	}
	w.day = w.day.AddDate(0, 0, 1)
	w.finish()
	w.forecast()
	fs := w.foretold(camp)
	if got := kinds(fs); got["technique"] == 0 {
		t.Errorf("techniques are told of now and not forecast: %v", got)
	}
	for _, f := range fs {
		if f.Kind == "technique" && f.Probability > .1 {
			t.Errorf("%s: %v, though hardly any came in thirty weeks", f.Target, f.Probability)
		}
	}
}
