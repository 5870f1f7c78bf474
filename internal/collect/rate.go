package collect

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Fleeting source tells some things once, to whoever listens then: who makes its server wait
// is thrown out, and can ask for none of it.
type Fleeting interface {
	Source
	// Fleeting reports whether what it is giving just now is so.
	Fleeting() bool
}

// weight is how many bytes of what is said count as one document: few large ones fill a store as well.
const weight = 16 << 10

// tellPassed is how often it is told how many documents were passed over.
const tellPassed = 10 * time.Second

// A pace keeps a source to so many documents a minute. As many as are of a minute may come at
// once.
type pace struct {
	sync.Mutex
	free   time.Time // when all that came would have come at that rate
	passed int       // documents that were passed over since that was told last
	told   time.Time
	slowed bool // in this visit
}

// wait is how long a document has to wait that comes now. One that is not taken leaves no trace.
func (p *pace) wait(doc intel.Document, rate int, now time.Time) (wait time.Duration, after time.Time) {
	if p.free.Before(now) {
		p.free = now
	}
	after = p.free.Add(time.Duration(min(1+size(doc)/weight, rate)) * time.Minute / time.Duration(rate))
	return after.Sub(now) - time.Minute, after
}

// admit waits until another document may be kept. Of what is told once it is not waited, but
// it is passed over and counted.
func (r *Runner) admit(ctx context.Context, doc intel.Document) (taken bool, err error) {
	if r.Rate == 0 {
		return true, nil
	}
	r.pace.Lock()
	wait, after := r.pace.wait(doc, r.Rate, time.Now())
	f, ok := r.Source.(Fleeting)
	taken = wait <= 0 || !ok || !f.Fleeting()
	slowed := taken && wait > 0 && !r.pace.slowed
	if taken {
		r.pace.free, r.pace.slowed = after, r.pace.slowed || wait > 0
	} else {
		r.pace.passed++
	}
	r.pace.Unlock()
	if slowed {
		r.Log.Info("a source gives more than its rate, and is slowed down", "source", r.ID, "rate", r.Rate)
	}
	if !taken || wait <= 0 {
		return taken, nil
	}
	return true, r.wait(ctx, wait)
}

// tell tells how many documents were passed over; now and then while a visit goes on.
func (r *Runner) tell(now time.Time) {
	r.pace.Lock()
	n, since := r.pace.passed, now.Sub(r.pace.told)
	if n == 0 || since < tellPassed {
		r.pace.Unlock()
		return
	}
	r.pace.passed, r.pace.told = 0, now
	r.pace.Unlock()
	problem := fmt.Errorf("%d documents were passed over: more came than %d a minute, and they are told once (raise its rate, or read less of it)", n, r.Rate)
	r.Log.Info("documents passed over", "source", r.ID, "documents", n, "rate", r.Rate)
	if r.Notice != nil {
		r.Notice(problem)
	}
}
