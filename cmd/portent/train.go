package main

import (
	"context"
	"fmt"
	"time"
)

type trainCmd struct {
	Model string `arg:"" optional:"" help:"sightings: whether an indicator is reported again within 30 days." enum:"sightings" default:"sightings"`
}

// Run implements the command.
func (c *trainCmd) Run(ctx context.Context, a *app) error {
	p, err := a.pipeline(ctx)
	if err != nil {
		return err
	}
	t, err := p.Train(ctx)
	if err != nil {
		return err
	}
	if a.cli.JSON {
		return a.print(map[string]any{"model": c.Model, "training": t})
	}
	if t.Version == 0 {
		fmt.Fprintf(a.out, "%s: the model that ships stays: %s\n", c.Model, t.Reason)
		return nil
	}
	fmt.Fprintf(a.out, "%s %d: fitted to %d value-months since %s, %d of them reported again within 30 days\n", c.Model, t.Version, t.Months, t.From.Format(time.DateOnly), t.Seen)
	fmt.Fprintf(a.out, "on %d values of %s, %d reported again: log loss %.5f, shipped %.5f; Brier score %.5f, shipped %.5f\n",
		t.HeldMonths, t.Held.Format("2006-01"), t.HeldSeen, t.LogLoss, t.ShippedLogLoss, t.Brier, t.ShippedBrier)
	if t.Kept {
		fmt.Fprintln(a.out, "it is in force from now on")
	} else {
		fmt.Fprintf(a.out, "the model that ships stays: %s\n", t.Reason)
	}
	return nil
}
