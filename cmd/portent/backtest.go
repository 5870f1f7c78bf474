package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
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
	"github.com/portent-cti/portent/internal/web"
)

type backtestCmd struct {
	Head  string    `arg:"" enum:"activity,techniques,attack,resighting,corroboration,kev,vendors,ioa,weaknesses,countries" help:"What is forecast: activity (how often a leak site posts, or a tag is posted of, in the next four weeks), techniques (what else a report names), attack (which techniques ATT&CK adds to a group by its next release), resighting (an indicator is reported again within 30 days), corroboration (a second, independent account reports it within 90 days), kev (a scored vulnerability enters CISA's KEV within 30 days), vendors (one of a vendor does), or ioa, weaknesses or countries (which fragments of attack, weaknesses or target countries an actor takes up within 90 days)."`
	Paths []string  `required:"" name:"data" sep:"none" help:"File or folder: TweetFeed's; activity reads posts.json of leak sites, too; techniques a file of TIE's; attack reads ATT&CK bundles, each by a --data of its own in order of release, or a folder of them; kev and vendors CISA's known_exploited_vulnerabilities.json; ioa, weaknesses and countries a store of SQLite, or whatever import reads, each by a --data of its own." type:"path" placeholder:"PATH"`
	Live  string    `help:"techniques: file of the IDs of techniques that are not revoked, one a line." type:"path" placeholder:"FILE"`
	Seed  []uint64  `help:"techniques: the splits to replay (default: 0 to 4)." placeholder:"N"`
	EPSS  string    `name:"epss" help:"Folder of EPSS scores, epss_scores-DATE.csv.gz, for kev." type:"path" placeholder:"FOLDER"`
	From  time.Time `help:"Test no cutoff before this time (default: nine months or 40 weeks of closed outcomes come first; vendors: the last 28 months)." placeholder:"TIME"`
	To    time.Time `help:"Read nothing that was reported from this time on." placeholder:"TIME"`

	Plot string `help:"Draw skill, reliability and coverage into this SVG file." type:"path" placeholder:"FILE"`

	Data string `kong:"-"` // the one of Paths, where there is one
}

// Run implements the command.
func (c *backtestCmd) Run(ctx context.Context, a *app) error {
	if !c.To.IsZero() && !c.From.Before(c.To) {
		return usageError{errors.New("--from is not before --to")}
	}
	if c.Data = strings.Join(c.Paths, " "); len(c.Paths) != 1 && !severalPaths(c.Head) {
		return usageError{fmt.Errorf("%s reads one file or folder: one --data", c.Head)}
	}
	if c.Head == "techniques" || c.Head == "attack" {
		if !c.From.IsZero() || !c.To.IsZero() {
			return usageError{fmt.Errorf("--from and --to mean nothing to %s", c.Head)}
		}
	} else if c.Live != "" || len(c.Seed) > 0 {
		return usageError{errors.New("--live and --seed are for techniques")}
	}
	switch {
	case c.EPSS == "" || c.Head == "kev":
	case c.Head == "vendors":
		a.remark("vendors are forecast from the catalogue alone: --epss is not read")
	default:
		return usageError{errors.New("--epss is for kev")}
	}
	started := time.Now()
	result, err := replays()[c.Head](ctx, a, c)
	if err != nil {
		if i := slices.IndexFunc(c.Paths, func(p string) bool { return strings.HasPrefix(err.Error(), p+": ") }); i >= 0 {
			return about(c.Paths[i], err)
		}
		return about(c.Data, err)
	}
	result.Data, result.Seconds = c.Data, time.Since(started).Seconds()
	if c.Plot != "" {
		if err := plot(c.Plot, result); err != nil {
			return fmt.Errorf("draw %s: %w", c.Plot, err)
		}
	}
	if a.cli.JSON {
		return a.print(result)
	}
	return a.backtested(result)
}

// plot draws a result into a file.
func plot(path string, r backtest.Result) error {
	drawn := web.Replayed{Title: "Back-test: " + r.Head, Reliability: r.Reliability, Covered: r.Covered, Note: extent(r)}
	for _, name := range slices.Sorted(maps.Keys(r.Skill)) {
		drawn.Skills = append(drawn.Skills, web.ReplayedSkill{Measure: cmp.Or(r.Means[name], "Brier skill"), Than: name, Skill: r.Skill[name]})
	}
	var out bytes.Buffer
	if err := web.Plot(&out, drawn); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

// severalPaths reports whether the data of a head may be several files or folders.
func severalPaths(head string) bool {
	return slices.Contains([]string{"attack", "ioa", "weaknesses", "countries"}, head)
}

// A replay reads the data of a head and replays it.
type replay func(ctx context.Context, a *app, c *backtestCmd) (backtest.Result, error)

// replays is the heads that can be replayed, by name.
func replays() map[string]replay {
	return map[string]replay{"resighting": reported(backtest.Resighting), "corroboration": reported(backtest.Corroboration),
		"activity": replayActivity, "techniques": replayTechniques, "attack": replayAttack, "kev": replayKEV, "vendors": replayVendors,
		"ioa": replayUptake(intel.Vulnerability), "weaknesses": replayUptake(intel.Weakness), "countries": replayUptake(intel.Country)}
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
	h, n := &forecast.History{}, 0
	err := c.documents(ctx, a, []collect.Connector{tweetfeed.Connector}, func(d intel.Document) {
		h.Add(d)
		n++
	})
	if err == nil && n == 0 {
		err = errors.New("no post is in it: TweetFeed's files are wanted")
	}
	return h, err
}

// documents reads the documents of a file, or of all files of a folder by name, that
// were published before --to, each by the type that recognises it: the last one reads
// what none does.
func (c *backtestCmd) documents(ctx context.Context, a *app, types []collect.Connector, keep func(intel.Document)) error {
	info, err := os.Stat(c.Data)
	if err != nil {
		return err
	}
	root, files := filepath.Dir(c.Data), []string{filepath.Base(c.Data)}
	if info.IsDir() {
		root = c.Data
		if files, err = filesIn(root); err != nil {
			return err
		}
	}
	rejected := 0
	bar := a.progress(-1, "reading posts")
	defer bar.Finish() //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	env := collect.Env{Files: os.DirFS(root), Log: a.log, Now: a.now, Reject: func(string, error) { rejected++ }}
	for _, name := range files {
		con, err := typeOf(ctx, env, name, types)
		if err != nil {
			return err
		}
		env.ID = intel.SourceID(con.Name)
		src, err := con.Open(env, collect.Strict(fmt.Appendf(nil, `{"path": %q}`, name)))
		if err != nil {
			return err
		}
		err = src.Collect(ctx, "", func(d intel.Document, _ intel.Cursor) error {
			bar.Add(1) //nolint:errcheck // as above
			if c.To.IsZero() || d.Published.Before(c.To) {
				keep(d)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if rejected > 0 {
		a.remark("%d rows could not be read; portent import lists them", rejected)
	}
	return nil
}

// typeOf is the type that recognises a file, or else the last.
func typeOf(ctx context.Context, env collect.Env, name string, types []collect.Connector) (collect.Connector, error) {
	last := types[len(types)-1]
	if len(types) == 1 {
		return last, nil
	}
	f, err := collect.OpenFile(ctx, env, name)
	if err != nil {
		return last, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, headSize))
	if len(head) == 0 {
		return last, err
	}
	for _, con := range types {
		if con.Recognise(env.Files, name, head) {
			return con, nil
		}
	}
	return last, nil
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

// extent says how much was replayed.
func extent(r backtest.Result) string {
	when := fmt.Sprintf("%d cutoffs from %s to %s", r.Cutoffs, date(r.First), date(r.Last))
	if r.First.IsZero() {
		when = fmt.Sprintf("%d splits", r.Cutoffs)
	}
	return fmt.Sprintf("%d forecasts at %s, of which %d came true (%.3f %%)", r.Forecasts, when, r.Came, 100*float64(r.Came)/float64(max(1, r.Forecasts)))
}

// backtested prints a result for people.
func (a *app) backtested(r backtest.Result) error {
	fmt.Fprintf(a.out, "%s: %s; %.1f s\n\n", r.Head, extent(r), r.Seconds)
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
		a.skilled(r, cmp.Or(r.Means[name], "Brier skill"), name, s)
	}
	a.intervals(r)
	if r.Remark != "" {
		fmt.Fprintln(a.out, r.Remark)
	}
	_, err := fmt.Fprintf(a.out, "could not be forecast: %.1f %% of what came\n", 100*r.Unscoreable)
	return err
}

// fewCutoffs is how many cutoffs are too few to claim anything from.
const fewCutoffs = 6

// skilled prints by how much the model is better than a baseline; if that may be
// nothing, or too little was replayed, it says so.
func (a *app) skilled(r backtest.Result, what, than string, s [3]float64) {
	verdict, over := "", than
	if of, rate, ok := strings.Cut(what, " over "); ok { // of the way itself, not over it
		what, over, than = than+": "+of, rate, rate
	}
	switch {
	case s[1] <= 0:
		verdict = ": no better than " + than
	case !r.First.IsZero() && r.Cutoffs < fewCutoffs: // of splits of one time the interval is over what was asked
		verdict = ": too few cutoffs to tell"
	}
	fmt.Fprintf(a.out, "%s over %s: %.4f [%.4f, %.4f]%s\n", what, over, s[0], s[1], s[2], verdict)
}
