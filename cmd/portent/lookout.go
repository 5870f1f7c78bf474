package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/hunt"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/store"
)

// A lookout hunts through the lines of one source and keeps what it sees as sightings of
// a site. The lines themselves are nowhere kept.
type lookout struct {
	app    *app
	quarry *quarry

	mu      sync.Mutex
	record  *sightings
	set     *hunt.Set // of scanner
	scanner *hunt.Scanner
}

func (a *app) lookout(pipe *pipeline.Pipeline, q *quarry, site string) (*lookout, error) {
	record, err := a.sightingsOf(pipe, site)
	return &lookout{app: a, quarry: q, record: record}, err
}

// keep hunts through documents of telemetry, and returns once what was seen is kept.
func (l *lookout) keep(ctx context.Context, docs []intel.Document) error {
	set, err := l.quarry.current(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if set != l.set {
		l.set, l.scanner = set, hunt.NewScanner(set)
	}
	for len(docs) > 0 {
		n := 1
		for n < len(docs) && docs[n].Channel == docs[0].Channel && docs[n].Published.Equal(docs[0].Published) {
			n++
		}
		if err := l.scan(ctx, docs[:n]); err != nil {
			return err
		}
		docs = docs[n:]
	}
	if len(l.record.docs) == 0 {
		return nil
	}
	if err := l.record.keep(ctx); err != nil {
		return err
	}
	return l.app.db.SaveVisit(ctx, store.Visit{Source: l.record.source, Connector: "hunt", At: l.app.now()})
}

// scan hunts through pieces of one log, which are read as one: a scan costs more than a line.
func (l *lookout) scan(ctx context.Context, docs []intel.Document) error {
	l.scanner.Until = l.app.now()
	if at := docs[0].Published; !at.IsZero() && at.Before(l.scanner.Until) {
		l.scanner.Until = at
	}
	var parts []io.Reader
	for _, d := range docs {
		parts = append(parts, strings.NewReader(d.Text))
		if !strings.HasSuffix(d.Text, "\n") {
			parts = append(parts, strings.NewReader("\n"))
		}
	}
	return l.scanner.Scan(ctx, io.MultiReader(parts...), 0, func(m hunt.Match) error {
		if l.record.note(m); len(l.record.docs) < mostSightings {
			return nil
		}
		return l.record.keep(ctx)
	})
}

// noting is how long it may take to note that something is wrong.
const noting = 5 * time.Second

// mostRejected is the most characters that are kept of an item that could not be read, and why.
const mostRejected = 300

// remembered is for how long what was wrong while a source went on is part of how it fares,
// and often how often that is noted which has not changed.
const remembered, often = 15 * time.Minute, 20 * time.Second

// A bulletin notes how a source fares, also while it goes on without an end.
type bulletin struct {
	app *app
	watched

	mu       sync.Mutex
	problem  error
	since    time.Time // of the problem
	noted    time.Time
	rejected store.Rejection // that is yet to be kept
	kept     time.Time       // when that was done last
}

// reject takes in that an item could not be read, which is kept from time to time and when a
// visit ends.
func (b *bulletin) reject(item string, reason error) {
	b.mu.Lock()
	b.rejected.Items++
	b.rejected.Last = shortened(item + ": " + oneLine(reason))
	b.rejected.At = b.app.now()
	late := time.Since(b.kept) >= often
	b.mu.Unlock()
	if !late {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), noting)
	defer cancel()
	b.keepRejected(ctx)
}

func shortened(text string) string {
	if r := []rune(text); len(r) > mostRejected {
		return string(r[:mostRejected]) + "…"
	}
	return text
}

// keepRejected keeps what could not be read since that was done last.
func (b *bulletin) keepRejected(ctx context.Context) {
	b.mu.Lock()
	r := b.rejected
	b.rejected, b.kept = store.Rejection{}, time.Now()
	b.mu.Unlock()
	if r.Items == 0 {
		return
	}
	r.Source = b.Name
	if err := b.app.db.SaveRejection(ctx, r); err != nil && ctx.Err() == nil {
		b.app.log.Error("health not kept", "source", b.Name, "err", err)
	}
}

// notice takes in what is wrong while the source goes on, or that nothing is any more.
func (b *bulletin) notice(problem error) {
	b.mu.Lock()
	told := fmt.Sprint(b.problem) == fmt.Sprint(problem) && time.Since(b.noted) < often
	b.problem, b.since = problem, time.Now()
	b.mu.Unlock()
	if told {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), noting)
	defer cancel()
	b.report(ctx, collect.Visit{})
}

// report notes how a visit ended, or what was wrong lately if it ended well.
func (b *bulletin) report(ctx context.Context, v collect.Visit) {
	b.keepRejected(ctx)
	b.mu.Lock()
	if v.Failure == nil && b.problem != nil && time.Since(b.since) < remembered {
		v.Failure = b.problem
	}
	b.noted = time.Now()
	b.mu.Unlock()
	if err := b.app.db.SaveVisit(ctx, b.visited(v, b.app.now())); err != nil && ctx.Err() == nil {
		b.app.log.Error("health not kept", "source", b.Name, "err", err)
	}
}
