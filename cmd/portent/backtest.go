package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/tweetfeed"
	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/forecast/backtest"
	"github.com/portent-cti/portent/internal/intel"
)

type backtestCmd struct {
	Head string    `arg:"" enum:"resighting,corroboration" help:"What is forecast: resighting (an indicator is reported again within 30 days) or corroboration (a second, independent account reports it within 90 days)."`
	Data string    `required:"" help:"TweetFeed file or folder of such files." type:"path" placeholder:"PATH"`
	From time.Time `help:"Test no cutoff before this time (default: nine months of closed outcomes come first)." placeholder:"TIME"`
	To   time.Time `help:"Read nothing that was reported from this time on." placeholder:"TIME"`
}

// Run implements the command.
func (c *backtestCmd) Run(ctx context.Context, a *app) error {
	if !c.To.IsZero() && !c.From.Before(c.To) {
		return usageError{errors.New("--from is not before --to")}
	}
	started := time.Now()
	result, err := replays()[c.Head](ctx, a, c)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Data, err)
	}
	result.Data, result.Seconds = c.Data, time.Since(started).Seconds()
	if a.cli.JSON {
		return a.print(result)
	}
	return a.backtested(result)
}

// A replay reads the data of a head and replays it.
type replay func(ctx context.Context, a *app, c *backtestCmd) (backtest.Result, error)

// replays is the heads that can be replayed, by name.
func replays() map[string]replay {
	return map[string]replay{"resighting": reported(backtest.Resighting), "corroboration": reported(backtest.Corroboration)}
}

// reported replays a head on who reported which indicator when.
func reported(head func(context.Context, *forecast.History, backtest.Options) (backtest.Result, error)) replay {
	return func(ctx context.Context, a *app, c *backtestCmd) (backtest.Result, error) {
		h, err := c.read(ctx, a)
		if err != nil {
			return backtest.Result{}, err
		}
		o, done := c.options(a)
		defer done()
		return head(ctx, h, o)
	}
}

// options are those of a replay, whose cutoffs a bar shows until done.
func (c *backtestCmd) options(a *app) (o backtest.Options, done func()) {
	bar := a.progress(-1, "replaying")
	return backtest.Options{From: c.From, To: c.To, Seed: 1, Progress: func(done, of int) {
		bar.ChangeMax(of)
		bar.Set(done) //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	}}, func() { bar.Finish() } //nolint:errcheck // likewise
}

// read reads the reports of a file, or of all files of a folder by name.
func (c *backtestCmd) read(ctx context.Context, a *app) (*forecast.History, error) {
	info, err := os.Stat(c.Data)
	if err != nil {
		return nil, err
	}
	root, files := filepath.Dir(c.Data), []string{filepath.Base(c.Data)}
	if info.IsDir() {
		root = c.Data
		if files, err = filesIn(root); err != nil {
			return nil, err
		}
	}
	h, rejected := &forecast.History{}, 0
	bar := a.progress(-1, "reading posts")
	defer bar.Finish() //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	env := collect.Env{ID: "tweetfeed", Files: os.DirFS(root), Log: a.log, Now: a.now, Reject: func(string, error) { rejected++ }}
	for _, name := range files {
		settings := fmt.Appendf(nil, `{"path": %q}`, name)
		src, err := tweetfeed.Connector.Open(env, collect.Strict(settings))
		if err != nil {
			return nil, err
		}
		err = src.Collect(ctx, "", func(d intel.Document, _ intel.Cursor) error {
			bar.Add(1) //nolint:errcheck // as above
			if c.To.IsZero() || d.Published.Before(c.To) {
				h.Add(d)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if rejected > 0 {
		a.remark("%d rows could not be read; portent import lists them", rejected)
	}
	return h, nil
}

func filesIn(root string) (names []string, err error) {
	entries, err := os.ReadDir(root)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && e.Type()&fs.ModeType == 0 {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// backtested prints a result for people.
func (a *app) backtested(r backtest.Result) error {
	fmt.Fprintf(a.out, "%s: %d forecasts at %d cutoffs from %s to %s, of which %d came true (%.3f %%); %.1f s\n\n", r.Head, r.Forecasts, r.Cutoffs,
		date(r.First), date(r.Last), r.Came, 100*float64(r.Came)/float64(r.Forecasts), r.Seconds)
	line := func(name string, s backtest.Score) {
		fmt.Fprintf(a.out, "%-18s", name)
		for _, c := range r.Columns {
			cell := "–"
			if v, ok := s[c.Measure]; ok {
				cell = fmt.Sprintf("%.4f", v)
			}
			fmt.Fprintf(a.out, " %*s", max(8, len(c.Title)), cell)
		}
		fmt.Fprintln(a.out)
	}
	fmt.Fprintf(a.out, "%-18s", "")
	for _, c := range r.Columns {
		fmt.Fprintf(a.out, " %8s", c.Title)
	}
	fmt.Fprintln(a.out)
	line("model", r.Metrics)
	for _, name := range slices.Sorted(maps.Keys(r.Baselines)) {
		line(name, r.Baselines[name])
	}
	fmt.Fprintln(a.out)
	for _, name := range slices.Sorted(maps.Keys(r.Skill)) {
		s := r.Skill[name]
		fmt.Fprintf(a.out, "%s over %s: %.4f [%.4f, %.4f]\n", cmp.Or(r.Means[name], "Brier skill"), name, s[0], s[1], s[2])
	}
	_, err := fmt.Fprintf(a.out, "could not be forecast: %.1f %% of what came\n", 100*r.Unscoreable)
	return err
}
