package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

type scoreboardCmd struct{}

// Run implements the command.
func (c *scoreboardCmd) Run(ctx context.Context, a *app) error {
	ed, err := a.editor(ctx)
	if err != nil {
		return err
	}
	b, err := scoreboard(ctx, ed, a.now())
	if err != nil {
		return err
	}
	track, err := a.track(ctx, ed)
	if err != nil {
		return err
	}
	if a.cli.JSON {
		return a.print(map[string]any{"heads": track.Heads, "actors": track.Actors, "chain": track.Chain.State, "chain_head": track.Chain.Head, "reliability": b})
	}
	a.tracked(track)
	a.scored(b)
	return nil
}

// track judges what waits to be judged, checks the chain of forecasts and tells how
// they turned out. A store that nobody serves is judged when it is asked.
func (a *app) track(ctx context.Context, ed *pipeline.Editor) (t intel.Track, err error) {
	waits, err := a.db.Awaits(ctx, a.now().Add(-forecast.Delay))
	if err != nil {
		return t, err
	}
	if waits > 0 {
		p, err := a.pipeline(ctx)
		if err != nil {
			return t, err
		}
		bar := a.progress(int64(waits), "judging forecasts")
		_, err = p.Judge(ctx, func(n int) { bar.Add(n) }) //nolint:errcheck // a bar that cannot be drawn is no reason to stop
		bar.Finish()                                      //nolint:errcheck // likewise
		if err != nil {
			return t, err
		}
	}
	chain, err := a.checkChain(ctx)
	if err != nil {
		return t, err
	}
	t, err = ed.Track(ctx, a.reader(), a.now())
	t.Chain = chain
	return t, err
}

// tracked prints how forecasts turned out.
func (a *app) tracked(t intel.Track) {
	if len(t.Heads) == 0 {
		fmt.Fprint(a.out, "no forecast was made yet: portent import and portent serve make them\n\n")
		return
	}
	a.records("forecasts of", t.Heads, func(h intel.HeadRecord) string { return h.Head })
	a.records("about", t.Actors[:min(20, len(t.Actors))], func(h intel.HeadRecord) string { return h.Name })
	fmt.Fprintln(a.out, chainSaid(t.Chain))
	for _, f := range t.Chain.Faults[:min(5, len(t.Chain.Faults))] {
		fmt.Fprintln(a.out, "problem:", line(f.String()))
	}
	fmt.Fprintln(a.out)
}

// records prints a table of records.
func (a *app) records(title string, all []intel.HeadRecord, name func(intel.HeadRecord) string) {
	fmt.Fprintf(a.out, "%-24s %9s %7s %7s %11s %12s %24s %24s %15s %6s\n", title, "made", "due", "judged", "unscoreable", "score", "skill over base rate", "skill over simple rule", "log loss, base", "ECE")
	for _, h := range all {
		at := func(kind string, mean *float64, base, simple *intel.Interval, logs string) {
			score := "–"
			if mean != nil {
				score = fmt.Sprintf("%s %.3f", kind, *mean)
			}
			ece := "–"
			if h.ECE != nil {
				ece = fmt.Sprintf("%.3f", *h.ECE)
			}
			fmt.Fprintf(a.out, "%-24s %9d %7d %7d %11d %12s %24s %24s %15s %6s\n", line(name(h)), h.Forecasts, h.Due, h.Judged, h.Unscoreable, score, between(base), between(simple), logs, ece)
		}
		logs := "–"
		if h.LogLoss != nil && h.BaseLogLoss != nil {
			logs = fmt.Sprintf("%.3f, %.3f", *h.LogLoss, *h.BaseLogLoss)
		}
		if h.CRPS != nil {
			at("CRPS", h.CRPS, h.CRPSSkill, h.CRPSSimple, logs)
		}
		if h.Brier != nil || h.CRPS == nil {
			at("Brier", h.Brier, h.BrierSkill, h.BrierSimple, logs)
		}
		if h.Verdict != "" {
			fmt.Fprintln(a.out, "    "+verdictOf(h))
		}
		if h.Untold {
			fmt.Fprintln(a.out, "    "+intel.NotForecast([]string{h.Head}))
		}
		if h.Drift != nil {
			fmt.Fprintln(a.out, "    "+h.Drift.String())
		}
	}
	fmt.Fprintln(a.out)
}

// verdictOf is what is said of a record.
func verdictOf(h intel.HeadRecord) string {
	if h.Why == "" {
		return h.Verdict
	}
	return h.Verdict + " (" + h.Why + ")"
}

// between writes an interval, "0.25 [0.18, 0.31]".
func between(v *intel.Interval) string {
	switch {
	case v == nil:
		return "–"
	case !v.Bounded():
		return fmt.Sprintf("%.3f", v[0])
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f]", v[0], v[1], v[2])
}

// scoreboard reads how true it was what was believed. Of sources that only the
// shipped rows are of the letter is that of their type.
func scoreboard(ctx context.Context, ed *pipeline.Editor, now time.Time) (intel.Scoreboard, error) {
	letters := map[intel.SourceID]intel.Reliability{}
	for _, con := range connectors() {
		letters[intel.SourceID(con.Name)] = con.Reliability
	}
	return ed.Scoreboard(ctx, letters, now)
}

// scored prints a scoreboard as tables.
func (a *app) scored(b intel.Scoreboard) {
	fmt.Fprintf(a.out, "P(corroborated within 90 days): %s\n\n", line(b.Corroboration.String()))
	fmt.Fprintf(a.out, "%-8s %5s %16s %16s %9s\n", "level", "from", "right, shipped", "right, here", "observed")
	for _, l := range b.Levels {
		observed := "–"
		if l.Observed != nil {
			observed = fmt.Sprintf("%.3f", *l.Observed)
		}
		from := intel.Decimal(l.From)
		if l.Level == intel.Low {
			from = "–"
		}
		fmt.Fprintf(a.out, "%-8s %5s %16s %16s %9s\n", l.Level, from, judgedRight(l.Right, l.N), judgedRight(l.OwnRight, l.OwnN), observed)
	}
	fmt.Fprintf(a.out, "\n%8s %9s %6s  of the rows that people judged before Portent shipped\n", "believed", "right", "rows")
	for _, bin := range b.Bins {
		fmt.Fprintf(a.out, "%8.3f %9.3f %6d  (%.2f to %.2f)\n", bin.Predicted, bin.Observed, bin.N, bin.Least, bin.Most)
	}
	fmt.Fprintf(a.out, "\n%-28s %-6s %18s %18s %6s\n", "source", "letter", "right, shipped", "right, here", "worth")
	for _, s := range b.Sources {
		fmt.Fprintf(a.out, "%-28s %-6s %18s %18s %6.3f\n", line(s.Source), s.Letter, judgedRight(s.Right, s.Right+s.Wrong), judgedRight(s.OwnRight, s.OwnRight+s.OwnWrong), s.Mean)
	}
}

// judgedRight writes "157 of 161", and a dash where nothing was judged; older judgements
// count less than one.
func judgedRight(right, n float64) string {
	if n == 0 {
		return "–"
	}
	tenths := func(x float64) string { return strconv.FormatFloat(math.Round(10*x)/10, 'f', -1, 64) }
	return tenths(right) + " of " + tenths(n)
}
