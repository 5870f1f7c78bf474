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
	// Rate is how many documents of a minute are kept. Of what is more the source waits, and with
	// it who sends, or it is passed over where it is Fleeting. Zero: as many as come.
	Rate int
	// Notice is told how many were passed over; nil for no one.
	Notice func(error)
	// Report is told how each visit ended; nil for no one.
	Report func(context.Context, intel.SourceID, Visit)
	// Hush takes what is secret out of how a visit ended; nil where nothing is.
	Hush func(error) error
	Log  *slog.Logger
	// Failing is how many visits in a row have failed before the first: Run goes on from there.
	Failing int
	// Lead is how long the first visit waits at most, and Chance, from 0 to 1, how much of that
	// it does and by how much each pause is longer, up to a tenth: of a thousand sources no
	// two are visited at once for long. Without it nothing is longer.
	Lead   time.Duration
	Chance func() float64
	// Wait pauses; nil for a pause of real time. Tests put their own clock here.
	Wait func(context.Context, time.Duration) error

	pace *pace // across visits
}

// A Visit is how one visit of a source ended and what follows.
type Visit struct {
	Failure error // nil: it has caught up
	Alive   bool  // it is that of a live source, which gave something until it failed
	Failing int   // visits in a row that failed, this one too
	Circuit intel.Circuit
	Pause   time.Duration // until the next; zero where none is planned
}

// The pauses after failures double: from a second, and once so many have failed in a row that
// the circuit is open, from a minute to an hour.
const (
	firstRetry = time.Second
	tripping   = 5
	firstRest  = time.Minute
	slowest    = time.Hour
)

// backoff is the pause after so many failures in a row.
func backoff(failing int) time.Duration {
	if failing < tripping {
		return firstRetry << (failing - 1)
	}
	return min(firstRest<<min(failing-tripping, 10), slowest)
}

// Run visits the source until ctx ends or it fails for good. After an error it
// waits longer each time, and at least as long as a server asks.
func (r *Runner) Run(ctx context.Context) error {
	if lead := r.chance(r.Lead); lead > 0 {
		if err := r.wait(ctx, lead); err != nil {
			return err
		}
	}
	for failing := r.Failing; ; {
		alive, err := r.once(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if alive {
			failing = 0
		}
		v := visit(err, failing)
		v.Alive = alive
		switch failing = v.Failing; {
		case v.Circuit == intel.Stopped:
		case v.Failure == nil:
			v.Pause = max(r.Every, firstRetry)
		default:
			v.Pause = max(backoff(failing), asked(v.Failure))
		}
		v.Pause += r.chance(v.Pause / 10)
		r.report(ctx, v)
		if v.Circuit == intel.Stopped {
			return fmt.Errorf("source %s: %w", r.ID, v.Failure)
		}
		if v.Failure != nil {
			r.Log.Log(ctx, loudness(failing), "source failed", "source", r.ID, "err", v.Failure, "failing", failing, "circuit", v.Circuit, "retry_in", v.Pause.Round(time.Second))
		}
		if err := r.wait(ctx, v.Pause); err != nil {
			return err
		}
	}
}

// loudness is how loud a failure is told: the first, and the one that opens the circuit, as
// warnings. A source that stays away would fill the log.
func loudness(failing int) slog.Level {
	if failing == 1 || failing == tripping {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// visit is how a visit ended after so many in a row had failed.
func visit(err error, failing int) Visit {
	v := Visit{Failure: err, Circuit: intel.Closed}
	if err == nil {
		return v
	}
	v.Failing = failing + 1
	switch {
	case IsPermanent(err):
		v.Circuit = intel.Stopped
	case v.Failing >= tripping:
		v.Circuit = intel.Opened
	}
	return v
}

func (r *Runner) chance(d time.Duration) time.Duration {
	if r.Chance == nil {
		return 0
	}
	return time.Duration(r.Chance() * float64(d))
}

func (r *Runner) report(ctx context.Context, v Visit) {
	if r.Report != nil {
		r.Report(ctx, r.ID, v)
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
	_, err := r.once(ctx)
	if ctx.Err() == nil {
		r.report(ctx, visit(err, r.Failing))
	}
	return err
}

// once reads the source from its saved cursor until it has caught up, and keeps what it
// gave also where it ends badly. Alive is that it is a live source, which never catches up,
// and gave something.
func (r *Runner) once(ctx context.Context) (alive bool, err error) {
	from, err := r.Cursors.Cursor(ctx, r.ID)
	if err != nil {
		return false, err
	}
	g := &gathered{runner: r}
	if r.pace == nil {
		r.pace = &pace{}
	}
	r.pace.slowed = false
	stop := g.flushing(ctx)
	err = r.collect(ctx, from, g)
	stop()
	r.tell(time.Now().Add(tellPassed))
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastKept, cancel) })()
	if kept := g.flush(last); kept != nil && !errors.Is(err, kept) {
		return g.alive, errors.Join(err, kept)
	}
	return g.alive, err
}

func (r *Runner) collect(ctx context.Context, from intel.Cursor, g *gathered) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("connector panicked: %v", p)
		}
		if r.Hush != nil {
			err = r.Hush(err)
		}
	}()
	return r.Source.Collect(ctx, from, func(doc intel.Document, next intel.Cursor) error { return g.add(ctx, doc, next) })
}

const (
	// mostGathered is how many documents of a source are kept at once, of mostSize bytes of
	// text, and gatherFor for how long one waits for others.
	mostGathered, mostSize = 256, 4 << 20
	gatherFor              = 200 * time.Millisecond
	// lastKept is how long what was given before the end may take to be kept once ctx has ended.
	lastKept = 10 * time.Second
)

// size is how much a document says, in bytes.
func size(doc intel.Document) int { return len(doc.Text) + 200*len(doc.Claims) }

// gathered is what of a source is yet to be kept. The cursor is saved after the documents
// before it: a crash between the two collects these again, which changes nothing.
type gathered struct {
	runner *Runner

	mu   sync.Mutex
	docs []intel.Document
	size int
	next intel.Cursor
	err  error // of keeping

	alive bool // a live source gave something that is kept
}

// add takes in a document, and keeps all if there are enough.
func (g *gathered) add(ctx context.Context, doc intel.Document, next intel.Cursor) error {
	if taken, err := g.runner.admit(ctx, doc); !taken || err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return g.err
	}
	g.docs, g.next = append(g.docs, doc), next
	if g.size += size(doc); len(g.docs) < mostGathered && g.size < mostSize {
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
	if r := g.runner; g.err == nil && r.Every == 0 && !g.alive { // its visits end when they fail
		g.alive = true
		r.report(ctx, Visit{Circuit: intel.Closed})
	}
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
				g.runner.tell(time.Now())
			}
		}
	}()
	return func() { close(done); <-ended }
}
