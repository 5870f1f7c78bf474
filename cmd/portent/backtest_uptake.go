package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/portent-cti/portent/internal/forecast/backtest"
	"github.com/portent-cti/portent/internal/intel"
)

// replayUptake replays what actors take up of a kind; of vulnerabilities the fragments
// they have.
func replayUptake(kind intel.Kind) replay {
	return func(ctx context.Context, a *app, c *backtestCmd) (backtest.Result, error) {
		data, done, err := c.loaded(ctx, a)
		if err != nil {
			return backtest.Result{}, err
		}
		defer done()
		p, err := data.pipeline(ctx)
		if err != nil {
			return backtest.Result{}, err
		}
		history, err := p.Replayed(ctx, kind)
		if errors.Is(err, intel.ErrNotFound) {
			err = fmt.Errorf("nobody is believed to have any %s, and so nothing can be replayed", kind)
		}
		if err != nil {
			return backtest.Result{}, err
		}
		u := backtest.Uptake{World: history.World, Direct: history.Direct, All: history.All}
		for _, some := range history.Fragments {
			var parts []backtest.Part
			for _, f := range some {
				parts = append(parts, backtest.Part{Part: f.Number, Has: f.Has})
			}
			u.Parts = append(u.Parts, parts)
		}
		o, drawn := c.options(a)
		defer drawn()
		return backtest.ReplayUptake(ctx, c.Head, u, o)
	}
}

// loaded opens the store that is the data, or imports the files that are into one of
// its own, which is gone when done.
func (c *backtestCmd) loaded(ctx context.Context, a *app) (data *app, done func(), err error) {
	own, options := *a, *a.cli
	own.db, own.cli = nil, &options
	for _, path := range c.Paths {
		if _, err := os.Stat(path); err != nil {
			return nil, nil, err
		}
	}
	kept, err := isStore(c.Paths[0])
	if err != nil {
		return nil, nil, err
	}
	if kept && len(c.Paths) == 1 {
		options.DB = "sqlite:" + c.Paths[0]
		return &own, own.close, nil
	}
	dir, err := os.MkdirTemp("", "portent-backtest-")
	if err != nil {
		return nil, nil, err
	}
	options.DB = "sqlite:" + filepath.Join(dir, "portent.db")
	done = func() {
		own.close()
		os.RemoveAll(dir) //nolint:errcheck // a folder for what is temporary
	}
	im, err := (&importCmd{Path: c.Paths}).prepare(ctx, &own)
	if err == nil {
		bar := a.progress(-1, "importing documents")
		im.progress = func(n int) { bar.Add(n) } //nolint:errcheck // a bar that cannot be drawn is no reason to stop
		err = im.run(ctx)
		bar.Finish() //nolint:errcheck // likewise
	}
	if err == nil && im.added == 0 {
		err = errors.New("no document is in it: a store of SQLite, or what portent import reads, is wanted")
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	if im.rejections > 0 {
		a.remark("%d items could not be read; portent import lists them", im.rejections)
	}
	return &own, done, nil
}

// isStore reports whether a path is a store of SQLite.
func isStore(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	f, err := os.Open(path) //nolint:gosec // whoever calls names the file
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if n < len(head) {
		return false, nil //nolint:nilerr // too short to be one
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	return bytes.Equal(head, []byte("SQLite format 3\x00")), nil
}
