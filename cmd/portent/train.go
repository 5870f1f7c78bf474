package main

import (
	"context"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/pipeline"
)

type trainCmd struct {
	Model string `arg:"" optional:"" help:"sightings: whether an indicator is reported again within 30 days. corroboration: whether a second account reports it within 90 days." enum:"sightings,corroboration" default:"sightings"`
}

// Run implements the command.
func (c *trainCmd) Run(ctx context.Context, a *app) error {
	p, err := a.pipeline(ctx)
	if err != nil {
		return err
	}
	if c.Model == "corroboration" {
		return c.second(ctx, a, p)
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

// second fits the model of corroboration.
func (c *trainCmd) second(ctx context.Context, a *app, p *pipeline.Pipeline) error {
	t, err := p.TrainSecond(ctx, forecast.Strict())
	if err != nil {
		return err
	}
	if a.cli.JSON {
		return a.print(map[string]any{"model": c.Model, "training": t})
	}
	if t.Version > 0 {
		fmt.Fprintf(a.out, "%s %d: fitted to %d values since %s, %d of them reported by a second account within %d days\n",
			c.Model, t.Version, t.Closed, t.From.Format(time.DateOnly), t.Corroborated, forecast.Corroborable)
		fmt.Fprintf(a.out, "on %d values from %s on, %d so reported: Brier score %.5f, their rate %.5f; skill %.4f, standard error %.4f\n",
			t.HeldValues, t.Held.Format(time.DateOnly), t.HeldCorroborated, t.Brier, t.Base, t.Skill, t.SkillError)
	}
	if t.Reason != "" {
		fmt.Fprintf(a.out, "%s: nothing is shown: %s\n", c.Model, t.Reason)
		return nil
	}
	fmt.Fprintf(a.out, "%d values are forecast\n", t.Told)
	return nil
}
