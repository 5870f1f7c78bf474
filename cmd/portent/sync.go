package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/store"
)

type syncCmd struct {
	From string   `help:"Read the packs from this folder instead of from their publishers." type:"existingdir" placeholder:"DIR"`
	Pack []string `arg:"" optional:"" help:"Packs to refresh: attack, actors, warninglists, kev, epss, cve (default: all there are)."`
}

// A synced pack is how the refresh of one pack ended.
type synced struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Items   int    `json:"items"`
	State   string `json:"state"` // new, same, failed
	Reason  string `json:"reason"`
}

// Run implements the command.
func (c *syncCmd) Run(ctx context.Context, a *app) error {
	names := c.Pack
	if len(names) == 0 {
		names = reference.PackNames()
	}
	for _, n := range names {
		if !slices.Contains(reference.PackNames(), n) && n != "geo" && n != "cwe" {
			return usageError{fmt.Errorf("no pack %q; there are %s", n, strings.Join(reference.PackNames(), ", "))}
		}
	}
	if _, err := a.store(ctx); err != nil {
		return err
	}
	var err error
	dir, failed := c.From, map[string]error(nil)
	if dir == "" {
		var remove func()
		if dir, remove, err = a.temporaryFolder(); err != nil {
			return err
		}
		defer remove()
		get, err := newClients().publishers()
		if err != nil {
			return err
		}
		if failed, err = download(ctx, get, dir, names); err != nil {
			return err
		}
	}
	was, err := a.listed(ctx, names)
	if err != nil {
		return err
	}
	results := c.packs(ctx, a, os.DirFS(dir), names, failed)
	if len(results) == 0 && ctx.Err() == nil {
		return fmt.Errorf("%s holds none of the packs %v", cmp.Or(c.From, "what was downloaded"), names)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	screened, err := a.apply(ctx, was, results)
	if err != nil {
		return err
	}
	partly := slices.ContainsFunc(results, func(r synced) bool { return r.State == "failed" })
	if err := c.report(a, results, screened); err != nil {
		return err
	}
	if partly {
		return errPartial
	}
	return nil
}

// apply settles names by the new packs, and tells what new lists change.
func (a *app) apply(ctx context.Context, was *reference.Set, results []synced) (*screening, error) {
	p, err := a.pipeline(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Settle(ctx); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(results, func(r synced) bool { return r.Name == warninglists && r.State == "new" }) {
		return nil, nil
	}
	return a.screen(ctx, p, was)
}

// packs reads packs from a folder, but for those that failed to come there.
func (c *syncCmd) packs(ctx context.Context, a *app, fsys fs.FS, names []string, failed map[string]error) []synced {
	bar := a.progress(int64(len(names)), "reading packs")
	defer bar.Finish() //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	results := []synced{}
	for _, name := range names {
		bar.Describe("reading pack " + name)
		var r synced
		err := failed[name]
		if err == nil {
			r, err = c.pack(ctx, a, fsys, name)
		}
		switch {
		case errors.Is(err, intel.ErrNotFound) && len(c.Pack) == 0:
			// without names, what the folder does not offer is not asked for
		case err != nil:
			results = append(results, synced{Name: name, State: "failed", Reason: oneLine(err)})
		default:
			results = append(results, r)
		}
		bar.Add(1) //nolint:errcheck // as above
	}
	return results
}

func (c *syncCmd) pack(ctx context.Context, a *app, fsys fs.FS, name string) (synced, error) {
	if name == "geo" || name == "cwe" {
		return synced{Name: name, Version: "built in", State: "same"}, nil
	}
	p, err := reference.Read(ctx, fsys, name)
	if err != nil {
		return synced{}, err
	}
	changed, err := savePack(ctx, a, a.db, p)
	if err != nil {
		return synced{}, err
	}
	r := synced{Name: name, Version: p.Version, Items: len(p.Items), State: "same"}
	if changed {
		r.State = "new"
	}
	return r, nil
}

func savePack(ctx context.Context, a *app, db *store.DB, p reference.Pack) (changed bool, err error) {
	meta := store.Pack{Name: p.Name, Version: p.Version, Digest: p.Digest, Licence: p.Licence, Publisher: p.Publisher, Loaded: a.now(),
		Fleeting: p.Fleeting}
	return db.SavePack(ctx, meta, func(yield func(string, []byte) error) error {
		for _, it := range p.Items {
			if err := yield(it.Key, it.Body); err != nil {
				return err
			}
		}
		return nil
	})
}

// A screening is what other warninglists change, and how long it took to tell.
type screening struct {
	pipeline.Screening
	Seconds float64 `json:"seconds"`
}

// listed is what the lists in force say, if they are among the packs to refresh.
func (a *app) listed(ctx context.Context, names []string) (*reference.Set, error) {
	if !slices.Contains(names, warninglists) {
		return nil, nil
	}
	p, err := a.pack(ctx, warninglists, time.Time{})
	if err != nil {
		return nil, err
	}
	set, err := reference.NewSet(p)
	if err != nil { // it cannot be read: whatever it said, nothing is said now
		a.log.Warn("former warninglists", "err", err)
		return reference.NewSet()
	}
	return set, nil
}

// screen looks at everything that is kept by the new lists.
func (a *app) screen(ctx context.Context, p *pipeline.Pipeline, was *reference.Set) (*screening, error) {
	n, err := a.db.CountValues(ctx)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	bar := a.progress(int64(n), "screening values")
	defer bar.Finish()                                       //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	s, err := p.Screen(ctx, was, func(n int) { bar.Add(n) }) //nolint:errcheck // as above
	return &screening{s, time.Since(started).Seconds()}, err
}

func (c *syncCmd) report(a *app, results []synced, s *screening) error {
	if a.cli.JSON {
		out := map[string]any{"packs": results}
		if s != nil {
			out["screened"] = s
		}
		return a.print(out)
	}
	for _, r := range results {
		if r.State == "failed" {
			fmt.Fprintf(a.err, "%-13s failed: %s (the former version stays in force)\n", r.Name, line(r.Reason))
			continue
		}
		fmt.Fprintf(a.out, "%-13s %-4s  %8d items  %s\n", r.Name, r.State, r.Items, line(r.Version))
	}
	if s != nil && s.Values > 0 {
		fmt.Fprintf(a.out, "screened %d values in %.1f s: set aside now %d, no longer %d, for another reason %d\n", s.Values, s.Seconds, s.SetAside, s.Returned, s.Renamed)
		for _, v := range s.Changes {
			fmt.Fprintf(a.out, "  %s: %s, was %s\n", line(v.Value.String()), line(cmp.Or(v.Is, "an indicator")), line(cmp.Or(v.Was, "an indicator")))
		}
	}
	return nil
}
