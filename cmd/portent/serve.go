package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/publish"
	"github.com/portent-cti/portent/internal/stix"
	"github.com/portent-cti/portent/internal/web"
)

type serveCmd struct {
	Addr string `help:"Loopback address to listen on." default:"127.0.0.1:8080"`
	Demo bool   `help:"Start on a built-in, invented scenario in a temporary store."`
}

// Run implements the command.
func (c *serveCmd) Run(ctx context.Context, a *app) error {
	if c.Demo {
		remove, err := a.temporaryStore()
		if err != nil {
			return err
		}
		defer remove()
	}
	var sources []watched
	if !c.Demo {
		var err error
		if sources, err = a.watched(); err != nil {
			return err
		}
	}
	listener, err := c.listen(ctx)
	if err != nil {
		return err
	}
	defer listener.Close()
	if at, ok := listener.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return usageError{fmt.Errorf("serve on %s: the pages know no accounts yet and show everything, so they are for this machine alone: choose an --addr such as 127.0.0.1:8080", c.Addr)}
	}
	p, err := c.open(ctx, a)
	if err != nil {
		return err
	}
	invented, err := isInvented(ctx, a.db)
	if err != nil {
		return err
	}
	ed := &pipeline.Editor{DB: a.db, Reference: p.Reference, Licence: licence, Invented: invented, Unnamed: p.Unnamed}
	handler := web.Handler(web.Site{Views: &views{ed: ed, db: a.db, scanner: p.Scanner, now: a.now}, Reader: a.reader(), Notice: notice(invented),
		Formats: formats(), Metrics: metrics(a.db, a.reader(), a.now, a.log), Log: a.log, Now: a.now, Rule: ruler(p, a.now)})
	reading := a.reading(p)
	reading.doors = newDoors(a)
	handler = reading.doors.before(handler)
	debug.FreeOSMemory() // reading packs takes five times what stays of them
	if err := a.ready("http://" + listener.Addr().String() + "/"); err != nil {
		return err
	}
	return c.serve(ctx, reading, listener, handler, sources)
}

// ruler keeps what whoever runs this says of posts on their pages.
func ruler(p *pipeline.Pipeline, now func() time.Time) func(context.Context, intel.DocumentID, intel.Ruling, intel.Purpose) error {
	return func(ctx context.Context, post intel.DocumentID, ruling intel.Ruling, intent intel.Purpose) error {
		by, err := analyst("")
		if err != nil {
			return err
		}
		return p.RulePost(ctx, intel.GistVerdict{Post: post, Ruling: ruling, Intent: intent, By: by, At: now()})
	}
}

// ready says where the pages are.
func (a *app) ready(address string) error {
	if a.cli.JSON {
		return a.print(map[string]string{"address": address})
	}
	_, err := fmt.Fprintln(a.out, "Portent is ready:", address)
	return err
}

// listen takes the address asked for; for a demo a busy default gives way to a
// free port.
func (c *serveCmd) listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		if host, _, splitErr := net.SplitHostPort(c.Addr); c.Demo && splitErr == nil {
			return lc.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
		}
		return nil, fmt.Errorf("listen on %s: another program uses this port; choose one with --addr: %w", c.Addr, err)
	}
	return l, err
}

func (c *serveCmd) open(ctx context.Context, a *app) (*pipeline.Pipeline, error) {
	if !c.Demo {
		return a.pipeline(ctx)
	}
	a.remark("Inventing a world and deriving everything from its documents …")
	started := time.Now()
	s, p, err := loadScenario(ctx, a, demoSeed)
	if err == nil {
		err = p.Forecast(ctx)
	}
	if err != nil {
		return nil, err
	}
	a.remark("%d invented documents derived in %.1f s.", len(s.Documents), time.Since(started).Seconds())
	return p, nil
}

func notice(invented bool) string {
	if invented {
		return "Invented: every name, address and event on these pages was made up for this demonstration."
	}
	return ""
}

// formats are the forms in which a profile can be downloaded from its page.
func formats() []web.Format {
	return []web.Format{
		{Extension: ".md", MediaType: "text/markdown; charset=utf-8", Label: "Markdown",
			Write: func(w io.Writer, p intel.Profile) error { return publish.Markdown(w, p, publish.Options{}) }},
		{Extension: ".json", MediaType: "application/json", Label: "JSON",
			Write: func(w io.Writer, p intel.Profile) error { return publish.JSON(w, p, publish.Options{}) }},
		{Extension: ".stix", MediaType: "application/stix+json;version=2.1", Label: "STIX", Write: stix.Bundle},
	}
}

// serve answers requests and derives what comes in until ctx ends.
func (c *serveCmd) serve(ctx context.Context, r reading, l net.Listener, h http.Handler, sources []watched) error {
	a, p := r.app, r.pipe
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return srv.Shutdown(stop)
	})
	g.Go(func() error { return p.Run(ctx) })
	g.Go(func() error { return p.Keepup(ctx) })
	g.Go(func() error { return a.watch(ctx, r, sources) })
	g.Go(func() error { return follow(ctx, a, p) })
	g.Go(func() error { return a.alarm(ctx) })
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		a.remark("stopped")
		return nil
	}
	return err
}

// follow puts packs into force that another process brings in, until ctx ends.
func follow(ctx context.Context, a *app, p *pipeline.Pipeline) error {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	inForce, err := packsInForce(ctx, a)
	if err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		now, err := refresh(ctx, a, p, inForce)
		if err != nil && ctx.Err() == nil {
			a.log.Error("new packs could not be put into force", "err", err)
			continue
		}
		inForce = now
	}
}

// packsInForce is a text that changes with the packs.
func packsInForce(ctx context.Context, a *app) (string, error) {
	packs, err := a.db.Packs(ctx)
	var b strings.Builder
	for _, p := range packs {
		fmt.Fprintf(&b, "%s %s\n", p.Name, p.Digest)
	}
	return b.String(), err
}

// refresh makes p use the packs in force if they are others than those of
// before, and returns which are in force. Names are settled anew: p may have
// settled some by the former packs in the meantime.
func refresh(ctx context.Context, a *app, p *pipeline.Pipeline, before string) (string, error) {
	now, err := packsInForce(ctx, a)
	if err != nil || now == before {
		return before, err
	}
	set, err := a.reference(ctx)
	if err != nil {
		return before, err
	}
	p.Use(set)
	if err := a.db.Unresolve(ctx); err != nil {
		return before, err
	}
	debug.FreeOSMemory()
	return now, p.Settle(ctx)
}
