// Package pipeline walks data from collected documents to what is believed of
// actors.
//
// There are two units of work. The first is a batch of documents: load them,
// call pure functions (extract, correlate), keep the result and the assessments
// of every link it touches in one transaction. The second is a canonical
// entity: its forecasts. Running either twice changes nothing.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portent-cti/portent/internal/classify"
	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/queue"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// batch is how many documents one transaction derives.
	batch = 400
	// lease is how long a worker may take over one batch before another may
	// have it. It is also how long the work of a process that was killed has to
	// wait, so it is short; a batch that is derived twice changes nothing.
	lease = 15 * time.Second
	// sweepEvery is how often one looks for work that nobody told of.
	sweepEvery = 3 * time.Minute
	// backlog is the usual Pipeline.Backlog.
	backlog = 20_000
	// again is the pause before a document that failed is tried anew.
	again = time.Second
)

// version changes whenever the same document would be derived differently.
func version() int {
	return extract.Version()*1000 + correlate.Version() + classify.Version()
}

// A Pipeline turns documents into belief. Its exported fields are set before
// first use and not changed after.
type Pipeline struct {
	DB    *store.DB
	Queue queue.Queue
	Now   func() time.Time
	// Clock is what leases and new tries go by, for these are of the machine
	// even where Now is held for a reproducible run.
	Clock func() time.Time
	Log   *slog.Logger
	// Backlog is how many documents may wait before Keep makes collectors wait;
	// zero is 20,000.
	Backlog int
	// Unnamed are what sources are called that nobody named.
	Unnamed intel.Unnamed
	// Done, if set, is told after each batch how many documents it finished.
	Done func(documents int)

	known    atomic.Pointer[known]
	copies   copies
	rulings  rulings
	gisting  gisting
	settling sync.Mutex

	reflecting sync.Mutex
	reflected  time.Time     // when lists were last compared
	turned     map[int64]int // how often documents were derived again for it

	mu      sync.Mutex
	waiting int
	room    chan struct{} // closed when waiting falls below backlog
}

// known is a reference and the scanner made from it; they change together.
type known struct {
	set     *reference.Set
	scanner *extract.Scanner
}

// Use makes set what is known beforehand, from the next batch on.
func (p *Pipeline) Use(set *reference.Set) { p.known.Store(&known{set, extract.New(set)}) }

// Reference returns what is known beforehand.
func (p *Pipeline) Reference() *reference.Set { return p.known.Load().set }

// Scanner returns the scanner for the reference in force.
func (p *Pipeline) Scanner() *extract.Scanner { return p.known.Load().scanner }

var derive = queue.Job{Stage: "derive"}

// Keep takes in collected documents and returns those that are new. It waits
// while too many are still to be derived.
func (p *Pipeline) Keep(ctx context.Context, docs []intel.Document) ([]intel.DocumentID, error) {
	if err := p.wait(ctx); err != nil {
		return nil, err
	}
	added, err := p.DB.SaveDocuments(ctx, docs, p.Now())
	if err != nil || len(added) == 0 {
		return nil, err
	}
	p.count(len(added))
	return added, p.Queue.Push(ctx, derive)
}

func (p *Pipeline) wait(ctx context.Context) error {
	for {
		p.mu.Lock()
		if p.waiting < p.most() {
			p.mu.Unlock()
			return nil
		}
		if p.room == nil {
			p.room = make(chan struct{})
		}
		room := p.room
		p.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-room:
		case <-time.After(again): // another process may have done the work
			n, err := p.DB.Unfinished(ctx)
			if err != nil {
				return err
			}
			p.recount(n)
		}
	}
}

func (p *Pipeline) most() int { return cmp.Or(p.Backlog, backlog) }

// count adds to the number of documents that wait.
func (p *Pipeline) count(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake(max(0, p.waiting+n))
}

// recount sets the number of documents that wait.
func (p *Pipeline) recount(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake(n)
}

// backlogged reports whether something waits.
func (p *Pipeline) backlogged() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting > 0
}

func (p *Pipeline) wake(waiting int) {
	p.waiting = waiting
	if p.waiting < p.most() && p.room != nil {
		close(p.room)
		p.room = nil
	}
}

// Sweep finds work that nobody is told of: documents kept before a crash, and
// what the batch before it left to weigh and to settle.
func (p *Pipeline) Sweep(ctx context.Context) error {
	n, err := p.DB.Unfinished(ctx)
	if err != nil {
		return err
	}
	p.recount(n)
	return p.Queue.Push(ctx, derive)
}

// Run works until ctx ends. It sweeps at its start, every few minutes, and as often as a
// lease runs out while something waits, which a process that is gone may hold; at its start
// it also takes up what an older version derived or weighed.
func (p *Pipeline) Run(ctx context.Context) error {
	if err := p.outdate(ctx); err != nil {
		return err
	}
	if err := p.rejudge(ctx); err != nil {
		return err
	}
	if err := p.journal(ctx, true); err != nil {
		return err
	}
	if err := p.Sweep(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(lease)
		defer tick.Stop()
		for idle := time.Duration(0); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if idle += lease; p.backlogged() || idle >= sweepEvery {
				idle = 0
				if err := p.Sweep(ctx); err != nil && ctx.Err() == nil {
					p.Log.Error("sweep failed", "err", err)
				}
			}
		}
	})
	defer wg.Wait()
	defer stop()
	return p.Queue.Work(ctx, 1, func(ctx context.Context, jobs []queue.Job) error {
		for _, j := range jobs {
			if j.Stage != derive.Stage {
				return fmt.Errorf("no stage %q", j.Stage)
			}
		}
		err := p.drain(ctx, false)
		if err != nil && ctx.Err() == nil {
			p.Log.Error("stage failed", "stage", derive.Stage, "err", err)
		}
		return err
	})
}

// outdate makes the documents wait that an older version derived.
func (p *Pipeline) outdate(ctx context.Context) error {
	n, err := p.DB.Outdate(ctx, version())
	if err != nil || n == 0 {
		return err
	}
	p.Log.Info("documents of an older version are derived again", "documents", n)
	return p.DB.Unresolve(ctx)
}

// Finish derives everything that waits and returns when nothing is left to do
// but what was parked.
func (p *Pipeline) Finish(ctx context.Context) error {
	if err := p.journal(ctx, true); err != nil {
		return err
	}
	for {
		if err := p.drain(ctx, true); err != nil {
			return err
		}
		n, err := p.DB.Unfinished(ctx)
		if err == nil && n == 0 {
			if n, err = p.reflect(ctx, true); n > 0 && err == nil { // names that were settled put lists together or apart
				continue
			}
		}
		if err != nil || n == 0 {
			return err
		}
		select { // held by another process, or to be tried again in a moment
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(again):
		}
	}
}

// drain derives batch after batch until none can be leased, then compares lists, which
// while more comes in can wait, weighs what has become stale and settles whom names stand
// for.
func (p *Pipeline) drain(ctx context.Context, last bool) error {
	weighed := p.Clock()
	for {
		docs, err := p.DB.Lease(ctx, batch, p.Clock(), lease)
		if err != nil {
			return err
		}
		if len(docs) == 0 {
			n, err := p.reflect(ctx, last)
			if err != nil {
				return err
			}
			if n > 0 {
				continue
			}
			if err := p.reweigh(ctx); err != nil {
				return err
			}
			return p.Settle(ctx)
		}
		if err := p.deriveBatch(ctx, docs); err != nil {
			return errors.Join(err, p.release(ctx, docs))
		}
		p.count(-len(docs))
		if p.Done != nil {
			p.Done(len(docs))
		}
		if now := p.Clock(); now.Sub(weighed) > time.Minute {
			weighed = now
			if err := p.reweigh(ctx); err != nil {
				return err
			}
		}
	}
}

// release gives back what was not finished, even when ctx has ended: the next
// process need not wait for the lease to run out.
func (p *Pipeline) release(ctx context.Context, docs []intel.Document) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	return p.DB.Release(ctx, ids(docs))
}

func ids(docs []intel.Document) []intel.DocumentID {
	out := make([]intel.DocumentID, len(docs))
	for i, d := range docs {
		out[i] = d.ID
	}
	return out
}

// Reprocess makes documents wait that an older version derived or that were
// parked, and returns how many. Names are settled anew.
func (p *Pipeline) Reprocess(ctx context.Context) (int, error) {
	return p.reprocess(ctx, version())
}

// ReprocessAll makes all documents wait, whatever version derived them, and
// returns how many. Names are settled anew.
func (p *Pipeline) ReprocessAll(ctx context.Context) (int, error) {
	return p.reprocess(ctx, version()+1) // older than the next are those of this one too
}

// reprocess makes documents wait that were derived before a version.
func (p *Pipeline) reprocess(ctx context.Context, before int) (int, error) {
	if err := p.DB.Unresolve(ctx); err != nil {
		return 0, err
	}
	return p.DB.Reprocess(ctx, before)
}
