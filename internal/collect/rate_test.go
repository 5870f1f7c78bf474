package collect

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A flood is a source that gives so many documents as fast as they are taken.
type flood struct {
	many     int
	text     string
	claims   int
	fleeting bool
}

func (f flood) Collect(_ context.Context, _ intel.Cursor, emit Emit) error {
	for n := range f.many {
		if err := emit(intel.Document{ID: "a", Text: f.text, Claims: make([]intel.Claim, f.claims)}, intel.Cursor(rune('a'+n%26))); err != nil {
			return err
		}
	}
	return nil
}

func (f flood) Fleeting() bool { return f.fleeting }

// pacing runs a source once at a rate, and says how long that took, what was kept and what was noticed.
func pacing(t *testing.T, source Source, rate int) (took time.Duration, kept int, noticed []string) {
	t.Helper()
	r := Runner{ID: "s", Source: source, Rate: rate, Cursors: cursors{}, Log: slog.New(slog.DiscardHandler),
		Keep:   func(_ context.Context, docs []intel.Document) error { kept += len(docs); return nil },
		Notice: func(err error) { noticed = append(noticed, err.Error()) }}
	began := time.Now()
	if err := r.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	return time.Since(began), kept, noticed
}

func TestWhoGivesMoreThanItsRateWaitsAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if took, kept, _ := pacing(t, flood{many: 100}, 100); took > time.Second || kept != 100 {
			t.Errorf("as many as are of a minute: %d in %v", kept, took)
		}
		if took, kept, noticed := pacing(t, flood{many: 400}, 100); took < 179*time.Second || took > 181*time.Second || kept != 400 || noticed != nil {
			t.Errorf("four times as many: %d in %v, noticed %q", kept, took, noticed)
		}
		if took, kept, _ := pacing(t, flood{many: 400}, 0); took > time.Second || kept != 400 {
			t.Errorf("without a rate: %d in %v", kept, took)
		}
	})
}

func TestLargeDocumentsCountAsSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if took, kept, _ := pacing(t, flood{many: 40, text: strings.Repeat("x", 9*weight)}, 100); took < 179*time.Second || took > 181*time.Second || kept != 40 {
			t.Errorf("%d in %v", kept, took)
		}
		if took, _, _ := pacing(t, flood{many: 40, claims: 9 * weight / 200, text: strings.Repeat("x", 200)}, 100); took < 170*time.Second {
			t.Errorf("of many claims: in %v", took)
		}
		if took, kept, _ := pacing(t, flood{many: 2, text: strings.Repeat("x", 1000*weight)}, 10); took > 2*time.Minute || kept != 2 {
			t.Errorf("larger than a minute's: %d in %v", kept, took)
		}
	})
}

func TestOfWhatIsToldOnceTheRestIsPassedOverCountedAndTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, kept, noticed := pacing(t, flood{many: 400, fleeting: true}, 100)
		if took > time.Second || kept != 100 || len(noticed) != 1 || !strings.HasPrefix(noticed[0], "300 documents were passed over: more came than 100 a minute") {
			t.Errorf("%d in %v, noticed %q", kept, took, noticed)
		}
	})
}

// A trickle is a source that tells for so long, ten a second, what is told once.
type trickle time.Duration

func (s trickle) Collect(_ context.Context, _ intel.Cursor, emit Emit) error {
	for end := time.Now().Add(time.Duration(s)); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err := emit(intel.Document{ID: "a"}, ""); err != nil {
			return err
		}
	}
	return nil
}

func (trickle) Fleeting() bool { return true }

func TestInTheLongRunNoMoreIsKeptThanTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, kept, noticed := pacing(t, trickle(time.Hour), 60)
		if kept < 60*60 || kept > 61*60+1 || len(noticed) < 300 || len(noticed) > 361 {
			t.Errorf("%d kept of an hour, noticed %d times", kept, len(noticed))
		}
	})
}

func TestWhoWaitsForItsTurnEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		r := Runner{ID: "s", Source: flood{many: 400}, Rate: 1, Cursors: cursors{}, Log: slog.New(slog.DiscardHandler), Keep: func(context.Context, []intel.Document) error { return nil }}
		began := time.Now()
		if err := r.Once(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 11*time.Second {
			t.Errorf("err %v after %v", err, time.Since(began))
		}
	})
}

// TestWhatWaitsForAFullQueueIsNoFailure has a store take a minute to make room for what a source
// gave last, and one that never does while the source is ended.
func TestWhatWaitsForAFullQueueIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := Runner{ID: "s", Source: flood{many: 1}, Cursors: cursors{}, Log: slog.New(slog.DiscardHandler)}
		r.Keep = func(ctx context.Context, _ []intel.Document) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Minute):
				return nil
			}
		}
		if err := r.Once(t.Context()); err != nil {
			t.Errorf("after a minute: %v", err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		began := time.Now()
		if err := r.Once(ctx); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second+lastKept {
			t.Errorf("ended while it waits: %v after %v", err, time.Since(began))
		}
	})
}
