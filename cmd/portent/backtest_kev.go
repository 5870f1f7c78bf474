package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/kev"
	"github.com/portent-cti/portent/internal/forecast/backtest"
	"github.com/portent-cti/portent/internal/forecast/exploitation"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// replayVendors replays of which vendors an entry enters KEV.
func replayVendors(ctx context.Context, a *app, c *backtestCmd) (backtest.Result, error) {
	catalogue, err := c.catalogue(ctx, a)
	if err != nil {
		return backtest.Result{}, err
	}
	o, done := c.options(a)
	defer done()
	return backtest.Vendors(ctx, catalogue, o)
}

// replayKEV replays which of the flaws that EPSS scores enter KEV.
func replayKEV(ctx context.Context, a *app, c *backtestCmd) (backtest.Result, error) {
	if c.EPSS == "" {
		return backtest.Result{}, usageError{errors.New("kev needs --epss FOLDER, a folder of EPSS scores: epss_scores-2025-01-05.csv.gz and so on")}
	}
	catalogue, err := c.catalogue(ctx, a)
	if err != nil {
		return backtest.Result{}, err
	}
	folder := os.DirFS(c.EPSS)
	files, err := reference.ScoresFiles(ctx, folder)
	if err != nil {
		return backtest.Result{}, fmt.Errorf("--epss %s: %w", c.EPSS, err)
	}
	var days []backtest.ScoreDay
	for _, f := range files {
		days = append(days, backtest.ScoreDay{Day: exploitation.DayOf(f.Day), Read: func(ctx context.Context, keep func(exploitation.CVE, float64)) (string, error) {
			return reference.Scores(ctx, folder, f, func(cve string, score float64) {
				if number, ok := exploitation.ParseCVE(cve); ok {
					keep(number, score)
				}
			})
		}})
	}
	o, done := c.options(a)
	defer done()
	return backtest.KEV(ctx, catalogue, days, o)
}

// firstYear is that of the first numbers of flaws: nothing was added before.
const firstYear = 1999

// catalogue reads when the entries of KEV were added that were so before --to, from
// its file or a folder that has it under CISA's name.
func (c *backtestCmd) catalogue(ctx context.Context, a *app) (*exploitation.Catalogue, error) {
	var additions []exploitation.Addition
	rejected, future := 0, 0
	file := c.Data
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		const name = "known_exploited_vulnerabilities.json"
		if file = filepath.Join(file, name); !exists(file) {
			return nil, errors.New("there is no " + name + " in it")
		}
	}
	env := collect.Env{ID: "kev", Files: os.DirFS(filepath.Dir(file)), Log: a.log, Now: a.now, Reject: func(string, error) { rejected++ }}
	src, err := kev.Connector.Open(env, collect.Strict(fmt.Appendf(nil, `{"path": %q}`, filepath.Base(file))))
	if err != nil {
		return nil, err
	}
	err = src.Collect(ctx, "", func(d intel.Document, _ intel.Cursor) error {
		cve, ok := exploitation.ParseCVE(path.Base(d.URL))
		switch {
		case !ok || d.Published.Year() < firstYear:
			rejected++
		case d.Published.After(a.now()):
			future++
		case c.To.IsZero() || d.Published.Before(c.To):
			additions = append(additions, exploitation.Addition{CVE: cve, Vendor: vendorOf(d), Day: exploitation.DayOf(d.Published)})
		}
		return nil
	})
	if err != nil {
		return nil, notOfForm(err, "CISA's known_exploited_vulnerabilities.json is wanted")
	}
	if rejected > 0 {
		a.remark("%d entries could not be read; portent import lists them", rejected)
	}
	if future > 0 {
		a.remark("%d entries are dated in the future and were left out", future)
	}
	if len(additions) == 0 {
		return nil, errors.New("no entry of a known date is in it: CISA's known_exploited_vulnerabilities.json is wanted")
	}
	return exploitation.NewCatalogue(additions), nil
}

// exists reports whether there is anything of a name; what cannot be told is told when it
// is read.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// vendorOf is the vendor that an entry of KEV names, if any.
func vendorOf(d intel.Document) string {
	for _, claim := range d.Claims {
		if claim.Relation == intel.Affects {
			vendor, _, _ := strings.Cut(claim.Object.Name, "/")
			return vendor
		}
	}
	return ""
}

// intervals prints what a head that is judged by more than one measure gained in
// each, and the bounds of the measures of each way.
func (a *app) intervals(r backtest.Result) {
	for _, c := range r.Columns {
		for _, name := range slices.Sorted(maps.Keys(r.Gains)) {
			if c.Measure != "ap" { // Skill has it
				a.skilled(r, c.Title+" gained", name, r.Gains[name][c.Measure])
			}
		}
	}
	if len(r.Intervals) == 0 {
		return
	}
	fmt.Fprintf(a.out, "\n%-18s", "95 % intervals")
	for _, c := range r.Columns {
		fmt.Fprintf(a.out, " %13s", c.Title)
	}
	for _, name := range slices.Concat([]string{"model"}, slices.Sorted(maps.Keys(r.Baselines))) {
		fmt.Fprintf(a.out, "\n%-18s", name)
		for _, c := range r.Columns {
			v := r.Intervals[name][c.Measure]
			fmt.Fprintf(a.out, " %.4f-%.4f", v[0], v[1])
		}
	}
	fmt.Fprint(a.out, "\n\n")
}
