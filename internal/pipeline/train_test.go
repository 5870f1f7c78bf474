package pipeline_test

import (
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/pipeline"
)

func TestTrainingIsDueOnceAWeek(t *testing.T) {
	db, p, _ := open(t)
	for i, c := range []struct {
		day  int
		want bool
	}{{0, true}, {1, false}, {6, false}, {7, true}, {8, false}} {
		at := now.AddDate(0, 0, c.day)
		p.Now = func() time.Time { return at }
		before, _ := db.Setting(t.Context(), "trained sightings")
		if err := pipeline.TrainDue(t.Context(), p, at); err != nil {
			t.Fatal(err)
		}
		after, err := db.Setting(t.Context(), "trained sightings")
		if err != nil || (after != before) != c.want {
			t.Errorf("%d: on day %d: %q, before %q, err %v", i, c.day, after, before, err)
		}
	}
}
