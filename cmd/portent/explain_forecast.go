package main

import (
	"context"
	"fmt"
	"math"
	"regexp"

	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/publish"
)

// forecastID is what the id of a forecast looks like.
var forecastID = regexp.MustCompile(`^[0-9a-f]{20}(-[a-z+]+)?$`)

// forecast explains a forecast: of what, why, by which precedents, and what came.
func (c *explainCmd) forecast(ctx context.Context, a *app, ed *pipeline.Editor, id string, w pipeline.Window) error {
	f, came, err := ed.Forecast(ctx, a.reader(), id, w, a.asOf())
	if err != nil {
		return err
	}
	sum, odds := 0.0, math.Log(f.Probability)-math.Log1p(-f.Probability)
	for _, r := range f.Reasons {
		sum += r.Contribution
	}
	if a.cli.JSON {
		out := map[string]any{"forecast": f, "outcome": came}
		if len(f.Quantiles) == 0 {
			out["log_odds"], out["sum"] = odds, sum
		}
		return a.print(out)
	}
	fmt.Fprintf(a.out, "%s, %s: %s\nmade %s, due %s, by %s\n%s\n", line(f.Subject.String()), line(f.Kind), line(publish.Outlook(f)), date(f.Made), date(f.Due), line(f.Model), line(f.Rule))
	if len(f.Quantiles) == 0 {
		fmt.Fprintf(a.out, "\nprobability %.4f, usual %.4f; reasons in log-odds:\n", f.Probability, f.BaseRate)
		for _, r := range f.Reasons {
			fmt.Fprintf(a.out, "%+9.4f  %s\n", r.Contribution, line(r.Item))
		}
		fmt.Fprintf(a.out, "%+9.4f  together, of %+.4f\n", sum, odds)
	}
	if len(f.Precedents) > 0 {
		fmt.Fprintf(a.out, "\nnearest precedents:\n")
	}
	for _, p := range f.Precedents {
		fmt.Fprintf(a.out, "%s\n", line(p.String()))
		for _, d := range p.Documents {
			fmt.Fprintf(a.out, "    %s  %s (%s) %s\n", date(d.At), line(d.What), line(string(d.Source)), d.Document)
		}
	}
	switch {
	case came == nil:
		fmt.Fprintf(a.out, "\nnot judged yet\n")
	case came.Unscoreable != "":
		fmt.Fprintf(a.out, "\ncannot be judged: %s\n", line(came.Unscoreable))
	default:
		fmt.Fprintf(a.out, "\njudged %s: %d came\n", date(came.Judged), came.Came)
	}
	return nil
}
