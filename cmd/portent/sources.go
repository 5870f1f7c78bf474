package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/web"
)

type sourcesCmd struct {
	List sourcesListCmd `cmd:"" default:"1" help:"List sources and their health."`
	Init sourcesInitCmd `cmd:"" help:"Write a file of sources to begin with: those on that need no key. A file that is there stays."`
	Add  sourcesAddCmd  `cmd:"" help:"Add a source that serve reads."`
	Try  sourcesTryCmd  `cmd:"" help:"Print what a source yields, without keeping it."`
	Run  sourcesRunCmd  `cmd:"" help:"Visit sources once, keep what is new and derive it."`
}

type sourcesListCmd struct {
	All bool `help:"Each of them; else the first 200 alone. JSON always has all."`
}

// mostSources is how many sources are listed at once.
const mostSources = 200

// Run implements the command.
func (c *sourcesListCmd) Run(ctx context.Context, a *app) error {
	db, err := a.store(ctx)
	if err != nil {
		return err
	}
	known, err := a.watched()
	if err != nil {
		return err
	}
	sources, err := healths(ctx, db, a.reader(), a.now())
	if err != nil {
		return err
	}
	sources = withUnread(sources, known)
	if len(sources) == 0 {
		a.remark("No sources yet; portent sources init writes a file of well-known ones, portent sources add adds one, and portent import brings documents in.")
	}
	for i, s := range sources {
		if i == mostSources && !c.All && !a.cli.JSON {
			a.remark("%d more sources; --all lists them", len(sources)-i)
			break
		}
		if k := slices.IndexFunc(known, func(w watched) bool { return w.Name == s.Name }); k >= 0 && known[k].Off {
			s.State = "off"
		}
		if err := a.printHealth(s); err != nil {
			return err
		}
	}
	return nil
}

// printHealth prints a source and how it fares.
func (a *app) printHealth(s web.SourceHealth) error {
	if a.cli.JSON {
		outages := []map[string]any{}
		for _, o := range s.Outages {
			outages = append(outages, map[string]any{"from": o.From, "until": o.Until, "why": o.Why})
		}
		return a.print(map[string]any{"name": s.Name, "connector": s.Connector, "state": s.State, "last_success": moment(s.LastSuccess),
			"last_error": s.LastError, "last_document": moment(s.LastDocument), "documents": s.Documents, "documents_24h": s.Documents24, "daily": daily(s.Daily), "documents_per_day": s.PerDay, "lag_seconds": s.Lag.Seconds(),
			"visits": s.Visits, "failures": s.Failures, "rejected": s.Rejected, "last_rejected": s.LastRejected, "failing": s.Failing, "circuit": cmp.Or(s.Circuit, intel.Closed), "next_attempt": moment(s.Next),
			"known": s.Known, "copies": s.Copies, "duplicates": s.Duplicates(), "evidence_share": s.Yield(),
			"rows": s.Told, "first_with": s.Firsts, "seconded": s.Seconded, "counted": moment(s.Counted), "silent_since": moment(s.Silent), "outages": outages})
	}
	var first, more string
	if s.Told > 0 {
		first = fmt.Sprintf("first with %d of %d rows", s.Firsts, s.Told)
	}
	switch {
	case s.LastError != "":
		more = line(s.LastError)
	case !s.Silent.IsZero():
		more = "since " + date(s.Silent)
	case s.LastRejected != "":
		more = fmt.Sprintf("not read: %d, last %s", s.Rejected, line(s.LastRejected))
	}
	switch {
	case s.Circuit == intel.Stopped:
		more += "  stopped: mend it and start serve anew"
	case !s.Next.IsZero():
		more += "  next " + s.Next.UTC().Format(minutes)
	}
	read := "never"
	if !s.LastSuccess.IsZero() {
		read = s.LastSuccess.UTC().Format(minutes)
	}
	_, err := fmt.Fprintf(a.out, "%-24s %-9s read %-16s %9d documents %7.1f a day  %14s last %-10s %4.0f %% again %4.0f %% evidence  %-32s %s\n", line(s.Name), s.State, read, s.Documents, s.PerDay,
		bars(s.Daily), date(s.LastDocument), 100*s.Duplicates(), 100*s.Yield(), first, strings.TrimSpace(more))
	return err
}

// minutes is how a moment is written in lists.
const minutes = "2006-01-02 15:04"

// bars draws counts, the highest as a full block and none as a space.
func bars(counts []intel.Count) string {
	most := 1
	for _, c := range counts {
		most = max(most, c.N)
	}
	steps := []rune(" ▁▂▃▄▅▆▇█")
	out := make([]rune, len(counts))
	for i, c := range counts {
		out[i] = steps[(c.N*(len(steps)-1)+most-1)/most]
	}
	return string(out)
}

// daily is how many documents each day had.
func daily(counts []intel.Count) []int {
	out := make([]int, len(counts))
	for i, c := range counts {
		out[i] = c.N
	}
	return out
}

// unread is the state of a source that was never visited.
const unread web.State = "unread"

// withUnread adds the sources that are configured and were never read.
func withUnread(sources []web.SourceHealth, configured []watched) []web.SourceHealth {
	for _, w := range configured {
		if !slices.ContainsFunc(sources, func(s web.SourceHealth) bool { return s.Name == w.Name }) {
			sources = append(sources, web.SourceHealth{Name: w.Name, Connector: w.Connector.Name, State: unread})
		}
	}
	slices.SortFunc(sources, func(x, y web.SourceHealth) int { return strings.Compare(string(x.Name), string(y.Name)) })
	return sources
}

type sourcesTryCmd struct {
	Name string        `arg:"" help:"The source, as it is configured."`
	Most int           `help:"How many documents at most." default:"5"`
	For  time.Duration `help:"How long a source is read that goes on without end." default:"1m"`
}

// errEnough ends a visit of which enough was seen.
var errEnough = errors.New("enough")

// Run implements the command.
func (c *sourcesTryCmd) Run(ctx context.Context, a *app) error {
	if c.Most < 1 {
		return usageError{errors.New("--most is how many documents are printed, one at least")}
	}
	all, err := a.watched()
	if err != nil {
		return err
	}
	w, err := configured(all, c.Name)
	if err != nil {
		return err
	}
	rejected := 0
	clients := newClients()
	env := collect.Env{Refresh: a.trying(clients.publishers)}
	env.Reject = func(item string, reason error) {
		rejected++
		a.remark("%s: %s", line(item), oneLine(reason))
	}
	env.Notice = func(problem error) {
		if problem != nil {
			a.remark("%s", oneLine(problem))
		}
	}
	source, hush, err := a.open(w, clients, env)
	if err != nil {
		return err
	}
	n := 0
	within, cancel := w.within(ctx, c.For)
	defer cancel()
	err = hush.err(source.Collect(within, "", func(doc intel.Document, _ intel.Cursor) error {
		n++
		if err := a.tried(w.marked(doc)); err != nil || n < c.Most {
			return err
		}
		return errEnough
	}))
	if err != nil && !errors.Is(err, errEnough) && (ctx.Err() != nil || within.Err() == nil) {
		return fmt.Errorf("source %s: %w", w.Name, hinted(err))
	}
	if n == 0 {
		a.remark("%s has nothing to read now.", w.Name)
	}
	if rejected > 0 {
		return errPartial
	}
	return nil
}

// tried prints a document that is not kept.
func (a *app) tried(doc intel.Document) error {
	if a.cli.JSON {
		return a.print(doc)
	}
	const most = 400
	text := strings.Join(strings.Fields(doc.Text), " ")
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	_, err := fmt.Fprintf(a.out, "%s  %s\n  %s\n  %d claims  %s\n\n", date(doc.Published), line(doc.Heading()), line(doc.URL), len(doc.Claims), line(text))
	return err
}

type sourcesRunCmd struct {
	Names []string      `arg:"" optional:"" name:"name" help:"The sources, as they are configured; none for all."`
	For   time.Duration `help:"How long each source is read that goes on without end." default:"1m"`
}

// Run implements the command.
func (c *sourcesRunCmd) Run(ctx context.Context, a *app) error {
	all, err := a.watched()
	if err != nil {
		return err
	}
	var chosen []watched
	for _, name := range c.Names {
		w, err := configured(all, name)
		if err != nil {
			return err
		}
		chosen = append(chosen, w)
	}
	if len(c.Names) == 0 {
		chosen = slices.DeleteFunc(all, func(w watched) bool { return w.Off })
	}
	p, err := a.pipeline(ctx)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		a.remark("No source is on; portent sources add adds one, and portent sources init writes a file of well-known ones.")
	}
	failed, err := a.visit(ctx, p, chosen, c.For)
	if err != nil {
		return err
	}
	if err := a.db.CountWorth(ctx, a.now()); err != nil {
		return err
	}
	if failed > 0 {
		return errPartial
	}
	return nil
}

// beside calls f while what it brings in is derived: else it would wait for room without end.
func beside(ctx context.Context, p *pipeline.Pipeline, f func() error) error {
	work, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan error, 1)
	go func() { worked <- p.Run(work) }()
	err := f()
	stop()
	if w := <-worked; err == nil && !errors.Is(w, context.Canceled) {
		err = w
	}
	return err
}

// within is the time in which a source is read that goes on without end.
func (w watched) within(ctx context.Context, long time.Duration) (context.Context, context.CancelFunc) {
	if w.Live {
		return context.WithTimeout(ctx, long)
	}
	return context.WithCancel(ctx)
}

// visit reads sources once, for so long each that goes on without end, derives what they bring
// and returns how many of them failed.
func (a *app) visit(ctx context.Context, p *pipeline.Pipeline, chosen []watched, long time.Duration) (failed int, err error) {
	err = beside(ctx, p, func() (err error) {
		if failed, err = a.round(ctx, p, chosen, long); err != nil {
			return err
		}
		return p.Finish(ctx)
	})
	return failed, err
}

func (a *app) round(ctx context.Context, p *pipeline.Pipeline, chosen []watched, long time.Duration) (failed int, err error) {
	reading := a.reading(p)
	reading.once = true
	bar := a.progress(int64(len(chosen)), "visiting sources")
	for _, w := range chosen {
		r, err := reading.runner(w)
		if err != nil {
			return failed, fmt.Errorf("source %s: %w", w.Name, err)
		}
		if err := a.db.SaveSource(ctx, w.kept()); err != nil {
			return failed, err
		}
		kept, bytes := 0, 0
		keep := r.Keep
		r.Keep = func(ctx context.Context, docs []intel.Document) error {
			kept += len(docs)
			for _, d := range docs {
				bytes += len(d.Text)
			}
			return keep(ctx, docs)
		}
		within, cancel := w.within(ctx, long)
		err = r.Once(within)
		if over := within.Err() != nil && ctx.Err() == nil; over && errors.Is(err, within.Err()) {
			err = nil
			r.Report(ctx, w.Name, collect.Visit{Circuit: intel.Closed})
		}
		cancel()
		bar.Add(1) //nolint:errcheck // a bar that cannot be drawn is no reason to stop
		if ctx.Err() != nil {
			return failed, ctx.Err()
		}
		switch {
		case err != nil:
			failed++
			a.remark("%s: %s", w.Name, oneLine(hinted(err)))
		case w.Hunted:
			a.remark("%s: %d bytes hunted", w.Name, bytes)
		default:
			a.remark("%s: %d documents read", w.Name, kept)
		}
	}
	return failed, nil
}
