package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// Cursors keeps how far each source has been read.
type Cursors interface {
	Cursor(context.Context, intel.SourceID) (intel.Cursor, error)
	SaveCursor(context.Context, intel.SourceID, intel.Cursor) error
}

// A Runner keeps one source flowing.
type Runner struct {
	ID      intel.SourceID
	Source  Source
	Every   time.Duration // the pause after catching up; zero for a live source
	Cursors Cursors
	// Keep stores a document. It blocks when too much waits, and so does the
	// source.
	Keep func(context.Context, intel.Document) error
	// Report is told how each poll ended; nil for no one.
	Report func(context.Context, intel.SourceID, error)
	Log    *slog.Logger
	// Wait pauses; nil for a pause of real time. Tests put their own clock here.
	Wait func(context.Context, time.Duration) error
}

// The pauses after errors: they double from the first to the slowest.
const (
	firstRetry = time.Second
	slowest    = time.Hour
)

// Run polls the source until ctx ends or it fails for good. After an error it
// waits longer each time, and at least as long as a server asks.
func (r *Runner) Run(ctx context.Context) error {
	retry := firstRetry
	for {
		err := r.Once(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause := r.Every
		switch {
		case IsPermanent(err):
			return fmt.Errorf("source %s: %w", r.ID, err)
		case err != nil:
			pause = max(retry, asked(err))
			retry = min(2*retry, slowest)
			r.Log.Warn("source failed", "source", r.ID, "err", err, "retry_in", pause)
		default:
			retry = firstRetry
			pause = max(pause, firstRetry)
		}
		if err := r.wait(ctx, pause); err != nil {
			return err
		}
	}
}

// asked is how long the server asked to wait.
func asked(err error) time.Duration {
	if s := (*fetch.StatusError)(nil); errors.As(err, &s) {
		return s.RetryAfter
	}
	return 0
}

func (r *Runner) wait(ctx context.Context, d time.Duration) error {
	if r.Wait != nil {
		return r.Wait(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Once reads the source from its saved cursor until it has caught up, and reports how that
// ended.
func (r *Runner) Once(ctx context.Context) error {
	err := r.once(ctx)
	if r.Report != nil && ctx.Err() == nil {
		r.Report(ctx, r.ID, err)
	}
	return err
}

// once reads the source from its saved cursor until it has caught up. The
// cursor is saved after the document it follows: a crash between the two
// collects that document again, which changes nothing.
func (r *Runner) once(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("connector panicked: %v", p)
		}
	}()
	from, err := r.Cursors.Cursor(ctx, r.ID)
	if err != nil {
		return err
	}
	return r.Source.Collect(ctx, from, func(doc intel.Document, next intel.Cursor) error {
		if err := r.Keep(ctx, doc); err != nil {
			return err
		}
		return r.Cursors.SaveCursor(ctx, r.ID, next)
	})
}
