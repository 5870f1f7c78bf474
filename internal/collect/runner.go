package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
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
	// Keep stores documents. It blocks when too much waits, and so does the source.
	Keep func(context.Context, []intel.Document) error
	// Report is told how each poll ended; nil for no one.
	Report func(context.Context, intel.SourceID, error)
	Log    *slog.Logger
	// Wait pauses; nil for a pause of real time. Tests put their own clock here.
	Wait func(context.Context, time.Duration) error

	came int // how many documents did
}

// The pauses after errors: they double from the first to the slowest.
const (
	firstRetry = time.Second
	slowest    = time.Hour
)

// Run polls the source until ctx ends or it fails for good. After an error it
// waits longer each time that nothing came, and at least as long as a server asks.
func (r *Runner) Run(ctx context.Context) error {
	retry := firstRetry
	for {
		came := r.came
		err := r.Once(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if r.came > came { // a stream that broke off is no server that fails
			retry = firstRetry
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

// once reads the source from its saved cursor until it has caught up, and keeps what it
// gave also where it ends badly.
func (r *Runner) once(ctx context.Context) error {
	from, err := r.Cursors.Cursor(ctx, r.ID)
	if err != nil {
		return err
	}
	g := &gathered{runner: r}
	stop := g.flushing(ctx)
	err = r.collect(ctx, from, g)
	stop()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastKept)
	defer cancel()
	if kept := g.flush(last); kept != nil && !errors.Is(err, kept) {
		return errors.Join(err, kept)
	}
	return err
}

func (r *Runner) collect(ctx context.Context, from intel.Cursor, g *gathered) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("connector panicked: %v", p)
		}
	}()
	return r.Source.Collect(ctx, from, func(doc intel.Document, next intel.Cursor) error {
		r.came++
		return g.add(ctx, doc, next)
	})
}

const (
	// mostGathered is how many documents of a source are kept at once, of mostSize bytes of
	// text, and gatherFor for how long one waits for others.
	mostGathered, mostSize = 256, 4 << 20
	gatherFor              = 200 * time.Millisecond
	// lastKept is how long what was given before the end may take to be kept.
	lastKept = 10 * time.Second
)

// gathered is what of a source is yet to be kept. The cursor is saved after the documents
// before it: a crash between the two collects these again, which changes nothing.
type gathered struct {
	runner *Runner

	mu   sync.Mutex
	docs []intel.Document
	size int
	next intel.Cursor
	err  error // of keeping
}

// add takes in a document, and keeps all if there are enough.
func (g *gathered) add(ctx context.Context, doc intel.Document, next intel.Cursor) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return g.err
	}
	g.docs, g.next = append(g.docs, doc), next
	if g.size += len(doc.Text) + 200*len(doc.Claims); len(g.docs) < mostGathered && g.size < mostSize {
		return nil
	}
	return g.keep(ctx)
}

// flush keeps what there is.
func (g *gathered) flush(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.keep(ctx)
}

func (g *gathered) keep(ctx context.Context) error {
	if g.err != nil || len(g.docs) == 0 {
		return g.err
	}
	if g.err = g.runner.Keep(ctx, g.docs); g.err == nil {
		g.err = g.runner.Cursors.SaveCursor(ctx, g.runner.ID, g.next)
	}
	g.docs, g.size = g.docs[:0], 0
	return g.err
}

// flushing keeps from time to time what there is, until the function that it returns is
// called.
func (g *gathered) flushing(ctx context.Context) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(gatherFor)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				_ = g.flush(ctx) // the next document that is added is told
			}
		}
	}()
	return func() { close(done); <-ended }
}
