package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/publish"
)

type publishCmd struct {
	Preview *int   `help:"The redacted public form: N rows of each table." placeholder:"N"`
	BaseURL string `name:"base-url" help:"Address of the live pages that profiles link to." placeholder:"URL"`
	Dir     string `arg:"" help:"Folder to write to; it is made if need be." type:"path"`
}

// Run implements the command.
func (c *publishCmd) Run(ctx context.Context, a *app) error {
	if err := previewable(c.Preview); err != nil {
		return err
	}
	ed, err := a.today(ctx)
	if err != nil {
		return err
	}
	r := a.reader()
	if c.Preview != nil {
		r = intel.Public()
	}
	var entries []publish.Entry
	taken := publish.Paths{}
	for _, s := range intel.Subjects() {
		if !s.Paged {
			continue
		}
		some, err := c.kind(ctx, a, ed, r, s.Kind, taken)
		if err != nil {
			return err
		}
		entries = append(entries, some...)
	}
	err = write(filepath.Join(c.Dir, "README.md"), func(w *bufio.Writer) error {
		return publish.Index(w, entries, publish.Options{BaseURL: c.BaseURL})
	})
	if err != nil {
		return err
	}
	err = publish.Indexes(entries, func(path string, page func(io.Writer) error) error {
		return write(filepath.Join(c.Dir, filepath.FromSlash(path)), func(w *bufio.Writer) error { return page(w) })
	})
	if err != nil {
		return err
	}
	if a.cli.JSON {
		return a.print(map[string]any{"profiles": len(entries), "dir": c.Dir})
	}
	a.remark("%d profiles written to %s.", len(entries), c.Dir)
	return nil
}

func (c *publishCmd) kind(ctx context.Context, a *app, ed *pipeline.Editor, r intel.Reader, kind intel.Kind, taken publish.Paths) ([]publish.Entry, error) {
	const page = 500
	var entries []publish.Entry
	for offset := 0; ; offset += page {
		busy, total, err := ed.Busiest(ctx, r, kind, offset, page, a.asOf())
		if err != nil {
			return nil, err
		}
		bar := a.progress(int64(total), "writing "+string(kind)+" profiles")
		for _, e := range busy {
			entry, err := c.one(ctx, a, ed, r, e, taken)
			if errors.Is(err, intel.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			entries = append(entries, entry)
			bar.Add(1) //nolint:errcheck // a bar that cannot be drawn is no reason to stop
		}
		if offset+page >= total {
			return entries, nil
		}
	}
}

func (c *publishCmd) one(ctx context.Context, a *app, ed *pipeline.Editor, r intel.Reader, e intel.Entity, taken publish.Paths) (publish.Entry, error) {
	p, totals, err := ed.Profile(ctx, r, e, pipeline.Window{Proofs: 1, Back: !a.cli.AsOf.IsZero()}, a.asOf())
	if err != nil {
		return publish.Entry{}, err
	}
	for _, row := range p.IOC {
		if row.Suppressed != "" {
			totals["ioc"]--
		}
	}
	if c.Preview != nil {
		p = publish.Preview(p, *c.Preview)
	}
	path := taken.Take(e, p.Name)
	err = write(filepath.Join(c.Dir, filepath.FromSlash(path)), func(w *bufio.Writer) error {
		return publish.Markdown(w, p, publish.Options{BaseURL: c.BaseURL})
	})
	return publish.Entry{Entity: e, Name: p.Name, Path: path, IOC: totals["ioc"], TTP: totals["ttp"], IOA: totals["ioa"], Last: p.Last, Preview: p.Preview}, err
}

// write replaces a file whole: a reader sees the former or the new one.
func write(path string, f func(*bufio.Writer) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".portent-*")
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("publish %s: %w", path, err), os.Remove(tmp.Name()))
		}
	}()
	w := bufio.NewWriter(tmp)
	if err := f(w); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := errors.Join(w.Flush(), tmp.Chmod(0o644), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
