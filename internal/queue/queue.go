// Package queue hands work to whoever is free, in this process or another.
//
// The store is the truth and the queue a hint: a job says that there is work
// of a stage, and losing it loses nothing, because a sweep finds whatever the
// store knows to be unfinished.
package queue

import (
	"context"
	"sync"
	"time"
)

// retryPause keeps jobs that fail from being tried in a tight loop.
const retryPause = time.Second

// A Job names work to do: a stage of the pipeline and, where the stage wants
// one, what to run it on.
type Job struct{ Stage, Key string }

// A Queue delivers each job at least once, in no promised order.
type Queue interface {
	// Push adds jobs. A job that is already waiting is not added again.
	Push(ctx context.Context, jobs ...Job) error

	// Work calls do with up to most jobs of one stage at a time until ctx ends,
	// and returns ctx's error then. Jobs are finished once do returns nil and
	// delivered again, after a pause, if it fails. Several callers may work
	// at once; the same job is never with two of them.
	Work(ctx context.Context, most int, do func(context.Context, []Job) error) error
}

// Memory is a Queue within one process.
type Memory struct {
	mu      sync.Mutex
	waiting map[Job]bool
	busy    map[Job]bool // handed out; pushed again meanwhile if true
	order   []Job
	wake    chan struct{}
	pause   time.Duration
}

// NewMemory returns an empty queue.
func NewMemory() *Memory {
	return &Memory{waiting: map[Job]bool{}, busy: map[Job]bool{}, wake: make(chan struct{}, 1), pause: retryPause}
}

// Push implements Queue.
func (q *Memory) Push(ctx context.Context, jobs ...Job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range jobs {
		q.add(j)
	}
	return nil
}

// add puts one job in line, or notes that it is wanted again once whoever has
// it is done. The caller holds the lock.
func (q *Memory) add(j Job) {
	if _, ok := q.busy[j]; ok {
		q.busy[j] = true
		return
	}
	if !q.waiting[j] {
		q.waiting[j] = true
		q.order = append(q.order, j)
		q.signal()
	}
}

// Work implements Queue.
func (q *Memory) Work(ctx context.Context, most int, do func(context.Context, []Job) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		jobs := q.take(max(1, most))
		if len(jobs) == 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-q.wake:
				continue
			}
		}
		err := do(ctx, jobs)
		if err != nil && ctx.Err() == nil {
			t := time.NewTimer(q.pause)
			select {
			case <-ctx.Done():
			case <-t.C:
			}
			t.Stop()
		}
		q.give(jobs, err != nil)
	}
}

// take removes up to most jobs of the stage that is first in line.
func (q *Memory) take(most int) []Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		return nil
	}
	stage := q.order[0].Stage
	var jobs, rest []Job
	for _, j := range q.order {
		if j.Stage != stage || len(jobs) == most {
			rest = append(rest, j)
			continue
		}
		jobs = append(jobs, j)
		delete(q.waiting, j)
		q.busy[j] = false
	}
	q.order = rest
	if len(rest) > 0 {
		q.signal() // there is work for another worker
	}
	return jobs
}

// give ends the work on jobs; those that failed or were pushed meanwhile go
// back in line.
func (q *Memory) give(jobs []Job, failed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range jobs {
		again := q.busy[j] || failed
		delete(q.busy, j)
		if again {
			q.add(j)
		}
	}
}

func (q *Memory) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
