package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/store"
)

// mostWarned is how many items of a source that cannot be read are told in the log.
const mostWarned = 100

// clients are the clients of sources: those that may do the same share one. A host sees one
// visitor, whatever the sources are that read it.
type clients struct {
	by   map[string]*fetch.Client
	pace *fetch.Pace
}

func newClients() clients { return clients{map[string]*fetch.Client{}, &fetch.Pace{}} }

func (c clients) of(w watched) (*fetch.Client, error) {
	o := fetch.Options{UserAgent: userAgent, Allow: w.Allow, Robots: w.Robots, Pace: c.pace}
	if more := slices.Concat(w.Ports, w.Connector.Ports); len(more) > 0 {
		o.Ports = append([]uint16{80, 443}, more...)
	}
	if w.SOCKS != "" {
		// What one source is told, or when it asks, would tell a site which circuits belong together.
		o.Pace = nil
		o.SOCKS, o.Hosts, o.Circuit = w.SOCKS, append([]string{".onion"}, w.Hosts...), string(w.Name)
	}
	key := fmt.Sprintf("%v %v %t %q %q %q %q", o.Ports, o.Allow, o.Robots, o.SOCKS, o.Hosts, o.Circuit, w.CA)
	if c.by[key] == nil {
		if w.CA != "" {
			o.Roots = x509.NewCertPool()
			o.Roots.AppendCertsFromPEM([]byte(w.CA))
		}
		client, err := fetch.New(o)
		if err != nil {
			return nil, err
		}
		c.by[key] = client
	}
	return c.by[key], nil
}

// open opens a source, whose paths are those of this machine, for what it tells goes to env: for
// one visit if that says so, or for good. The hush goes over how its visits end.
func (a *app) open(w watched, c clients, env collect.Env) (collect.Source, *hush, error) {
	client, err := c.of(w)
	if err != nil {
		return nil, nil, err
	}
	env.ID, env.Fetch, env.Files = w.Name, client, os.DirFS("/")
	env.Log, env.Now, env.Convert, env.Reveal = a.log, a.now, a.converter(), a.reveal
	h := &hush{}
	h.over(&env)
	source, err := w.Connector.Open(env, collect.Strict(w.Settings))
	return source, h, err
}

// marked is a document as its source is configured.
func (w watched) marked(doc intel.Document) intel.Document {
	switch {
	case w.Reliability != 0:
		doc.Reliability = w.Reliability
	case doc.Reliability == 0:
		doc.Reliability = w.Connector.Reliability
	}
	doc.Graded = w.Reliability != 0
	doc.Marking = max(doc.Marking, w.Marking)
	return doc
}

// reading is what all sources that are read have in common.
type reading struct {
	app      *app
	pipe     *pipeline.Pipeline
	clients  clients
	quarries quarries
	doors    *doors // nil: nothing can be pushed
	once     bool   // each source is visited this one time
}

func (a *app) reading(p *pipeline.Pipeline) reading {
	return reading{app: a, pipe: p, clients: newClients(), quarries: quarries{}}
}

// runner makes what keeps a source flowing into the pipeline.
func (r reading) runner(w watched) (*collect.Runner, error) {
	a := r.app
	news := &bulletin{app: a, watched: w}
	var rejected atomic.Int64
	env := collect.Env{Once: r.once, Refresh: a.refreshing(r.clients.publishers, r.pipe, r.once)}
	env.Reject = func(item string, reason error) {
		if rejected.Add(1) <= mostWarned {
			a.log.Warn("item not read", "source", w.Name, "item", item, "reason", oneLine(reason))
		}
		news.reject(item, reason)
	}
	env.Notice = func(problem error) {
		if r.once && problem != nil {
			a.remark("%s: %s", w.Name, oneLine(problem))
		}
		news.notice(problem)
	}
	source, hush, err := a.open(w, r.clients, env)
	if err != nil {
		return nil, err
	}
	keep := func(ctx context.Context, docs []intel.Document) error {
		for i, doc := range docs {
			docs[i] = w.marked(doc)
		}
		_, err := r.pipe.Keep(ctx, docs)
		return err
	}
	if w.Hunted {
		look, err := a.lookout(r.pipe, r.quarries.of(a, r.pipe, w), w.Site)
		if err != nil {
			return nil, err
		}
		r.doors.open(w.Name, source, keep, look.keep, news.reject)
		keep = look.keep
	}
	return &collect.Runner{ID: w.Name, Source: source, Every: w.Every, Rate: w.Rate, Notice: env.Notice, Cursors: a.db, Log: a.log, Chance: rand.Float64, Keep: keep, Hush: hush.err,
		Report: func(ctx context.Context, _ intel.SourceID, v collect.Visit) { news.report(ctx, v) }}, nil
}

// kept is a source as the store keeps it.
func (w watched) kept() store.Source {
	return store.Source{Name: w.Name, Connector: w.Connector.Name, Settings: w.Settings, Every: w.Every, Marking: w.Marking}
}

// visited is how a visit that ended now is kept.
func (w watched) visited(v collect.Visit, now time.Time) store.Visit {
	out := store.Visit{Source: w.Name, Connector: w.Connector.Name, At: now, Failure: hinted(v.Failure), Read: v.Alive, Every: w.Every, Circuit: v.Circuit}
	if v.Pause > 0 {
		out.Next = now.Add(v.Pause)
	}
	return out
}

// apiece is over how long the first visits are spread, for each source.
const apiece = 50 * time.Millisecond

// failing says how many visits of each source have failed in a row.
func (a *app) failing(ctx context.Context) (map[intel.SourceID]int, error) {
	sources, err := a.db.Sources(ctx, intel.Everything(), a.now())
	out := make(map[intel.SourceID]int, len(sources))
	for _, s := range sources {
		out[s.Name] = s.Failing
	}
	return out, err
}

// watch reads the sources that are configured until ctx ends. One that fails for good
// stops alone.
func (a *app) watch(ctx context.Context, reading reading, all []watched) error {
	var runners []*collect.Runner
	on := map[intel.SourceID]bool{}
	for _, w := range all {
		on[w.Name] = !w.Off
	}
	if err := a.db.Unplan(ctx, on); err != nil {
		return err
	}
	failing, err := a.failing(ctx)
	if err != nil {
		return err
	}
	for _, w := range all {
		if w.Off {
			continue
		}
		r, err := reading.runner(w)
		if err != nil {
			return fmt.Errorf("source %s: %w", w.Name, err)
		}
		if err := a.db.SaveSource(ctx, w.kept()); err != nil {
			return err
		}
		r.Failing = failing[w.Name]
		runners = append(runners, r)
	}
	var g sync.WaitGroup
	for _, q := range reading.quarries {
		g.Go(func() { q.follow(ctx) })
	}
	for _, r := range runners {
		r.Lead = time.Duration(len(runners)) * apiece
		g.Go(func() {
			if err := r.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				a.log.Error("source stopped; portent sources list tells why", "source", r.ID, "err", err)
			}
		})
	}
	g.Wait()
	return ctx.Err()
}

// configured is the source that is configured under a name.
func configured(all []watched, name string) (watched, error) {
	i := slices.IndexFunc(all, func(w watched) bool { return string(w.Name) == name })
	if i < 0 {
		return watched{}, usageError{fmt.Errorf("no source %q is configured; portent sources list names those that are, portent sources add adds one", name)}
	}
	return all[i], nil
}
