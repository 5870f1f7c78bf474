package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/queue"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/store"
)

// licence is what profiles say of their own use.
const licence = "Compiled by Portent from its sources; their terms apply to what they wrote. The compilation may be used freely."

// app is what commands share.
type app struct {
	cli *cli
	in  io.Reader
	out io.Writer
	err io.Writer
	log *slog.Logger
	now func() time.Time
	db  *store.DB

	self     string    // the program's own file; empty in tests
	terminal io.Writer // where progress is drawn, if that is one; nil: nowhere
	colours  io.Writer // standard output, if that is a terminal that wants colours; else nil
}

func (a *app) close() {
	if a.db != nil {
		if err := a.db.Close(); err != nil {
			a.log.Error("close store", "err", err)
		}
	}
}

// asOf is the moment that reads are for.
func (a *app) asOf() time.Time {
	if !a.cli.AsOf.IsZero() {
		return a.cli.AsOf.UTC()
	}
	return a.now()
}

// store opens the store once.
func (a *app) store(ctx context.Context) (*store.DB, error) {
	if a.db != nil {
		return a.db, nil
	}
	url := a.cli.DB
	if url == "" {
		path, err := dataFile()
		if err != nil {
			return nil, err
		}
		url = "sqlite:" + path
	}
	db, err := store.Open(ctx, url)
	if errors.Is(err, intel.ErrInvalid) {
		return nil, usageError{err}
	}
	if err != nil {
		return nil, err
	}
	a.db = db
	return db, nil
}

// reference loads the packs in force.
func (a *app) reference(ctx context.Context) (*reference.Set, error) {
	var packs []reference.Pack
	for _, name := range reference.HeldNames() {
		p, err := a.pack(ctx, name, time.Time{})
		if err != nil {
			return nil, err
		}
		// What was set aside on a past day was so by the lists of that day, or by
		// the first that are known.
		if !a.cli.AsOf.IsZero() && name == warninglists {
			then, err := a.pack(ctx, name, a.asOf())
			if err != nil {
				return nil, err
			}
			if len(then.Items) > 0 {
				p = then
			}
		}
		if len(p.Items) > 0 {
			packs = append(packs, p)
		}
	}
	set, err := reference.NewSet(packs...)
	if err != nil {
		return nil, fmt.Errorf("load reference packs: %w (portent sync replaces them)", err)
	}
	return set, nil
}

// warninglists is the name of the pack of lists of usually benign values.
const warninglists = "warninglists"

// pack reads a pack as it was in force then; zero is now.
func (a *app) pack(ctx context.Context, name string, then time.Time) (reference.Pack, error) {
	p := reference.Pack{Name: name}
	db, err := a.store(ctx)
	if err != nil {
		return p, err
	}
	return p, db.PackItems(ctx, name, then, func(key string, body []byte) error {
		p.Items = append(p.Items, reference.Item{Key: key, Body: body})
		return nil
	})
}

// pipeline opens the store and loads the reference.
func (a *app) pipeline(ctx context.Context) (*pipeline.Pipeline, error) {
	db, err := a.store(ctx)
	if err != nil {
		return nil, err
	}
	set, err := a.reference(ctx)
	if err != nil {
		return nil, err
	}
	p := &pipeline.Pipeline{DB: db, Queue: queue.NewMemory(), Now: a.now, Clock: time.Now, Log: a.log, Unnamed: unnamed()}
	p.Use(set)
	return p, nil
}

// editor opens the store for reading profiles.
func (a *app) editor(ctx context.Context) (*pipeline.Editor, error) {
	db, err := a.store(ctx)
	if err != nil {
		return nil, err
	}
	set, err := a.reference(ctx)
	if err != nil {
		return nil, err
	}
	invented, err := isInvented(ctx, db)
	if err != nil {
		return nil, err
	}
	return &pipeline.Editor{DB: db, Reference: func() *reference.Set { return set }, Licence: licence, Invented: invented, Unnamed: unnamed()}, nil
}

// today is the editor of what is believed today: in a store that nobody serves belief
// fades when it is read, once a day.
func (a *app) today(ctx context.Context) (*pipeline.Editor, error) {
	if a.cli.AsOf.IsZero() {
		p, err := a.pipeline(ctx)
		if err != nil {
			return nil, err
		}
		bar := a.progress(-1, "fading to today")
		err = p.Today(ctx, func(n int) { bar.Add(n) }) //nolint:errcheck // a bar that cannot be drawn is no reason to stop
		bar.Finish()                                   //nolint:errcheck // likewise
		if err != nil && ctx.Err() == nil {
			a.remark("what is believed could not be faded to today, rows are as of when they were last weighed: %v", err)
		} else if err != nil {
			return nil, err
		}
	}
	return a.editor(ctx)
}

// reader is whom the command line reads for: the operator, who may see all.
func (a *app) reader() intel.Reader { return intel.Everything() }

// print writes v as one line of JSON.
func (a *app) print(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// remark tells a person something that is not the result.
func (a *app) remark(format string, args ...any) {
	if !a.cli.Quiet {
		fmt.Fprintf(a.err, format+"\n", args...)
	}
}

// progress shows a bar on a terminal and nothing on a pipe. Most is the number
// of steps, -1 if it is not known.
func (a *app) progress(most int64, what string) *progressbar.ProgressBar {
	visible := !a.cli.Quiet && isTerminal(a.terminal)
	return progressbar.NewOptions64(most, progressbar.OptionSetWriter(cmp.Or[io.Writer](a.terminal, io.Discard)), progressbar.OptionSetVisibility(visible),
		progressbar.OptionSetDescription(what), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
