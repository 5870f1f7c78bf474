package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

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
	if a.cli.JSON {
		// Forecasts are not graded yet, and no record of them is chained that could break.
		return a.print(map[string]any{"heads": []any{}, "chain": "none", "reliability": b})
	}
	a.scored(b)
	return nil
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
