package pipeline_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

func TestWhatOlderRulesWeighedIsWeighedAnewAtTheStart(t *testing.T) {
	db, p, _ := open(t)
	if _, err := p.Keep(t.Context(), []intel.Document{report(1, "Cold Lynx used a41d8cd98f00b204e9800998ecf8427e.")}); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	weighed := func() time.Time {
		row, err := db.Between(t.Context(), intel.Everything(), 1)
		if err != nil {
			t.Fatal(err)
		}
		return row.At
	}
	// start runs the pipeline for a while, or until all is weighed as of then.
	start := func(at time.Time, most time.Duration) {
		p.Now = func() time.Time { return at }
		ctx, stop := context.WithTimeout(t.Context(), most)
		defer stop()
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		for ctx.Err() == nil && !weighed().Equal(at) {
			time.Sleep(5 * time.Millisecond)
		}
		stop()
		if err := <-done; err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
		// The setting is written after the rows; a stop between them is a kill.
		if err := db.SaveSetting(t.Context(), "scored", strconv.Itoa(score.Version())); err != nil {
			t.Fatal(err)
		}
	}
	for i, by := range []string{"of a version long ago", ""} { // the latter as after a kill
		if err := db.SaveSetting(t.Context(), "scored", by); err != nil {
			t.Fatal(err)
		}
		later := now.AddDate(0, 0, 30*(i+1))
		start(later, time.Minute)
		if got := weighed(); !got.Equal(later) {
			t.Errorf("weighed as of %s, want %s", got, later)
		}
		start(later.AddDate(0, 0, 1), 100*time.Millisecond)
		if got := weighed(); !got.Equal(later) {
			t.Errorf("weighed again as of %s though no rule has changed", got)
		}
	}
}
