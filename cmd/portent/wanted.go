package main

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portent-cti/portent/internal/hunt"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

// wanted is what is hunted for: every indicator that somebody is linked with, that is
// believed enough and that is not set aside, and the fragments of the profiles asked for.
type wanted struct {
	app      *app
	ed       *pipeline.Editor
	least    float64
	builder  hunt.Builder
	doubtful int // left out for being believed less
}

// indicators adds the indicators; each is told of every one.
func (p *wanted) indicators(ctx context.Context, each func()) error {
	r, now := p.app.reader(), p.app.now()
	screen, err := p.ed.Screen(ctx, r, now)
	if err != nil {
		return err
	}
	actors := make([]string, 0, hunt.MostActors)
	return p.ed.Indicators(ctx, r, hunt.MostActors, now, func(i pipeline.Indicator) error {
		each()
		if screen.Of(i.Entity).Reason != "" {
			return nil
		}
		if i.Probability < p.least {
			p.doubtful++
			return nil
		}
		actors = actors[:0]
		for _, point := range i.Points {
			actors = append(actors, point.Entity.String())
		}
		p.builder.Add(hunt.Mark{Entity: i.Entity, Probability: i.Probability, Actors: actors})
		return nil
	})
}

// fragments adds those of a profile, observed and predicted.
func (p *wanted) fragments(ctx context.Context, name string) error {
	r := p.app.reader()
	e, err := pick(ctx, p.app, p.ed, r, name)
	if err != nil {
		return err
	}
	profile, _, err := p.ed.Profile(ctx, r, e, pipeline.Window{}, p.app.now())
	if err != nil {
		return err
	}
	for _, row := range profile.IOA {
		if !row.Predicted && row.Probability < p.least {
			p.doubtful++
			continue
		}
		p.builder.Add(hunt.Mark{Entity: row.Entity, Probability: row.Probability, Actors: []string{e.String()}, Predicted: row.Predicted, Vulnerability: row.Vulnerability})
	}
	return nil
}

const (
	// stale is how old what is hunted for may be, if only by having faded.
	stale = 15 * time.Minute
	// looking is the shortest pause between two looks whether anything changed, and spared
	// how many times as long as it takes to load what is hunted for is waited in between.
	looking, spared = time.Second, 20
)

// quarry is what lines are hunted for as they come, kept up with the store.
type quarry struct {
	app      *app
	pipe     *pipeline.Pipeline
	profiles []string
	least    float64

	set      atomic.Pointer[hunt.Set]
	building sync.Mutex
	epoch    int64         // of the store
	built    time.Time     // by the clock, not by Now, which may be held
	took     time.Duration // to build
}

// current is what is hunted for now: lines wait for the first alone.
func (q *quarry) current(ctx context.Context) (*hunt.Set, error) {
	if set := q.set.Load(); set != nil {
		return set, nil
	}
	err := q.renew(ctx)
	return q.set.Load(), err
}

// renew loads what is hunted for, unless that would change nothing.
func (q *quarry) renew(ctx context.Context) error {
	q.building.Lock()
	defer q.building.Unlock()
	epoch, err := q.app.db.Epoch(ctx)
	if err != nil || q.set.Load() != nil && epoch == q.epoch && time.Since(q.built) < stale {
		return err
	}
	started := time.Now()
	ed := &pipeline.Editor{DB: q.app.db, Reference: q.pipe.Reference, Licence: licence, Unnamed: q.pipe.Unnamed}
	p := wanted{app: q.app, ed: ed, least: q.least}
	if err := p.indicators(ctx, func() {}); err != nil {
		return err
	}
	for _, name := range q.profiles {
		if err := p.fragments(ctx, name); err != nil && ctx.Err() == nil {
			q.app.log.Warn("fragments not hunted for", "profile", name, "err", err)
		}
	}
	set := p.builder.Set()
	q.set.Store(set)
	q.epoch, q.built, q.took = epoch, started, time.Since(started)
	if set.Len() > 10_000 {
		debug.FreeOSMemory() // building takes as much again as what stays
	}
	q.app.log.Debug("hunted set renewed", "indicators", set.Len(), "took", q.took)
	return ctx.Err()
}

// follow keeps it up with the store until ctx ends.
func (q *quarry) follow(ctx context.Context) {
	for {
		if err := q.renew(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, intel.ErrNotFound) {
			q.app.log.Error("what is hunted for could not be renewed", "err", err)
		}
		q.building.Lock()
		pause := max(looking, spared*q.took)
		q.building.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// quarries are those of all sources: the same for those that hunt for the same.
type quarries map[string]*quarry

func (all quarries) of(a *app, pipe *pipeline.Pipeline, w watched) *quarry {
	key := intel.Decimal(w.Least) + "\x00" + strings.Join(w.Profiles, "\x00")
	if all[key] == nil {
		all[key] = &quarry{app: a, pipe: pipe, profiles: w.Profiles, least: w.Least}
	}
	return all[key]
}
