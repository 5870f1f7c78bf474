package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/publish"
)

type forecastCmd struct {
	Name []string `arg:"" help:"Name or alias."`
}

// Run implements the command.
func (c *forecastCmd) Run(ctx context.Context, a *app) error {
	ed, err := a.editor(ctx)
	if err != nil {
		return err
	}
	e, err := pick(ctx, a, ed, a.reader(), strings.Join(c.Name, " "))
	if err != nil {
		return err
	}
	forecasts, err := a.db.Forecasts(ctx, a.reader(), e, a.asOf())
	if err != nil {
		return err
	}
	if len(forecasts) == 0 {
		a.remark("no forecast: too little has happened of late to say anything better than a guess")
	}
	untold, err := pipeline.Untold(ctx, a.db, a.reader(), a.asOf())
	if err != nil {
		return err
	}
	if e.Kind == intel.Actor && len(untold) > 0 {
		a.remark("%s", intel.NotForecast(untold))
	}
	forecast.Sort(forecasts)
	for _, f := range forecasts {
		if a.cli.JSON {
			err = a.print(f)
		} else {
			said := publish.Outlook(f)
			if len(f.Quantiles) == 0 && f.Skill.Above() {
				said += ", usual " + intel.Percent(f.BaseRate)
			}
			_, err = fmt.Fprintf(a.out, "%-16s %-64s due %s  %s\n", f.Kind, line(said), date(f.Due), f.Rule)
		}
		if err != nil {
			return err
		}
	}
	if gaps := intel.NotWatched(forecasts); gaps != "" && !a.cli.JSON {
		_, err = fmt.Fprintln(a.out, gaps)
	}
	return err
}
