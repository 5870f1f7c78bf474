package collect

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// failing is a source whose first visits fail, and which then is stopped for good.
func failing(visits int) script {
	return func(intel.Cursor, Emit) error {
		if visits--; visits >= 0 {
			return errors.New("no route")
		}
		return Permanent(errors.New("bad password"))
	}
}

// watch runs a source until it stops, and returns its visits and the pauses between them.
func watch(t *testing.T, r Runner) (visits []Visit, pauses []time.Duration) {
	t.Helper()
	r.ID, r.Cursors = "s", cursors{}
	if r.Log == nil {
		r.Log = slog.New(slog.DiscardHandler)
	}
	r.Keep = func(context.Context, []intel.Document) error { return nil }
	r.Report = func(_ context.Context, _ intel.SourceID, v Visit) { visits = append(visits, v) }
	r.Wait = func(_ context.Context, d time.Duration) error { pauses = append(pauses, d); return nil }
	if err := r.Run(t.Context()); !IsPermanent(err) {
		t.Fatalf("err %v, want the permanent one", err)
	}
	return visits, pauses
}

func TestACircuitOpensAfterFiveFailuresAndRestsUpToAnHour(t *testing.T) {
	visits, pauses := watch(t, Runner{Source: failing(13), Every: time.Minute})
	want := []time.Duration{1, 2, 4, 8, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600}
	for i := range want {
		want[i] *= time.Second
	}
	if !slices.Equal(pauses, want) {
		t.Errorf("paused %v, want %v", pauses, want)
	}
	for i, v := range visits {
		circuit := intel.Closed
		switch {
		case i == 13:
			circuit = intel.Stopped
		case i >= 4:
			circuit = intel.Opened
		}
		if v.Failing != i+1 || v.Circuit != circuit || v.Failure == nil || i < 13 && v.Pause != pauses[i] || i == 13 && v.Pause != 0 {
			t.Errorf("visit %d: %+v, want circuit %s", i, v, circuit)
		}
	}
}

func TestASourceThatStaysAwayWarnsTwice(t *testing.T) {
	var log bytes.Buffer
	watch(t, Runner{Source: failing(40), Every: time.Minute, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if n := strings.Count(log.String(), "source failed"); n != 2 || !strings.Contains(log.String(), "circuit=open") {
		t.Errorf("warned %d times of 40 failures:\n%s", n, log.String())
	}
}

func TestASuccessClosesACircuitThatWasOpenBefore(t *testing.T) {
	polls := 0
	source := script(func(intel.Cursor, Emit) error {
		switch polls++; polls {
		case 2:
			return nil
		case 4:
			return Permanent(errors.New("gone"))
		}
		return errors.New("no route")
	})
	visits, pauses := watch(t, Runner{Source: source, Every: time.Hour, Failing: 6})
	if want := []time.Duration{4 * time.Minute, time.Hour, time.Second}; !slices.Equal(pauses, want) {
		t.Errorf("paused %v, want %v", pauses, want)
	}
	if visits[0].Circuit != intel.Opened || visits[1].Circuit != intel.Closed || visits[1].Failing != 0 || visits[2].Failing != 1 {
		t.Errorf("visits %+v", visits)
	}
}

// TestPausesAreLongerByChance has one of a thousand sources that start together: nothing is
// waited less than asked, and how much more is left to chance.
func TestPausesAreLongerByChance(t *testing.T) {
	chance := []float64{.5, .25, .75}
	next := func() (c float64) { c, chance = chance[0], append(chance[1:], chance[0]); return c }
	_, pauses := watch(t, Runner{Source: failing(2), Lead: time.Minute, Chance: next})
	if want := []time.Duration{30 * time.Second, 1025 * time.Millisecond, 2150 * time.Millisecond}; !slices.Equal(pauses, want) {
		t.Errorf("paused %v, want %v", pauses, want)
	}
}

// TestALiveSourceIsReadOnceItGivesSomething has a stream that breaks off ten times: what gave
// something in between did not fail in a row.
func TestALiveSourceIsReadOnceItGivesSomething(t *testing.T) {
	polls := 0
	source := script(func(_ intel.Cursor, emit Emit) error {
		if polls++; polls > 10 {
			return Permanent(errors.New("gone"))
		}
		return errors.Join(emit(intel.Document{ID: "a"}, "1"), errors.New("broke off"))
	})
	visits, _ := watch(t, Runner{Source: source})
	for i, v := range visits[:20] {
		if alive := i%2 == 0; (v.Failure == nil) != alive || v.Circuit != intel.Closed || v.Failing > 1 || v.Alive == alive {
			t.Errorf("report %d: %+v", i, v)
		}
	}
}
