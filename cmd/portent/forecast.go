package main

import (
	"context"
	"fmt"
)

type forecastCmd struct {
	Name string `arg:"" help:"Name or alias."`
}

// Run implements the command.
func (c *forecastCmd) Run(ctx context.Context, a *app) error {
	ed, err := a.editor(ctx)
	if err != nil {
		return err
	}
	e, err := pick(ctx, a, ed, c.Name)
	if err != nil {
		return err
	}
	forecasts, err := a.db.Forecasts(ctx, e, a.asOf())
	if err != nil {
		return err
	}
	for _, f := range forecasts {
		if a.cli.JSON {
			err = a.print(f)
		} else {
			_, err = fmt.Fprintf(a.out, "%-16s %-40s due %s  %s\n", f.Kind, f.Target, date(f.Due), f.Rule)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
