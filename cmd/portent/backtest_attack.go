package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/forecast/backtest"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// replayAttack replays which techniques groups are given by the next release of
// ATT&CK.
func replayAttack(ctx context.Context, a *app, c *backtestCmd) (backtest.Result, error) {
	files, err := bundles(c.Paths)
	if err != nil {
		return backtest.Result{}, err
	}
	var releases []backtest.Release
	bar := a.progress(int64(len(files)), "reading bundles")
	for _, file := range files {
		r, err := readRelease(ctx, file)
		if err != nil {
			return backtest.Result{}, fmt.Errorf("%s: %w", file, notOfForm(err, "an Enterprise bundle of ATT&CK, enterprise-attack-18.1.json, is wanted"))
		}
		releases = append(releases, r)
		bar.Add(1) //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	}
	bar.Finish() //nolint:errcheck // likewise
	o, done := c.options(a)
	defer done()
	return backtest.Attack(ctx, releases, o)
}

func readRelease(ctx context.Context, file string) (backtest.Release, error) {
	f, err := os.Open(file) //nolint:gosec // whoever calls names the file
	if err != nil {
		return backtest.Release{}, err
	}
	defer f.Close()
	uses, err := reference.ReadUses(ctx, f)
	if err != nil {
		return backtest.Release{}, err
	}
	r := backtest.Release{Name: filepath.Base(file), Techniques: uses.Techniques}
	for _, u := range uses.Users {
		r.Users = append(r.Users, backtest.User{ID: u.ID, Group: u.Type == "intrusion-set", Techniques: u.Uses})
	}
	if len(r.Techniques) == 0 || len(r.Users) == 0 {
		return r, fmt.Errorf("no technique is used in it: %w", intel.ErrInvalid)
	}
	return r, nil
}

// bundles are the files named, in their order; those of a folder in order of
// the release their names end in.
func bundles(paths []string) (files []string, err error) {
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, p)
			continue
		}
		names, err := filesIn(p)
		if err != nil {
			return nil, err
		}
		names = slices.DeleteFunc(names, func(n string) bool {
			n = strings.TrimSuffix(strings.ToLower(n), ".gz")
			return !strings.HasSuffix(n, ".json")
		})
		slices.SortStableFunc(names, func(a, b string) int { return slices.Compare(numbers(a), numbers(b)) })
		for _, n := range names {
			files = append(files, filepath.Join(p, n))
		}
	}
	return files, nil
}

// numbers are those in a file's name, so that release 10.1 is later than 9.2.
func numbers(name string) (out []int) {
	for n := range strings.FieldsFuncSeq(name, func(r rune) bool { return r < '0' || r > '9' }) {
		v, _ := strconv.Atoi(n)
		out = append(out, v)
	}
	return out
}
