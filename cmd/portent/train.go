package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/portent-cti/portent/internal/classify"
	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/pipeline"
)

type trainCmd struct {
	Model string `arg:"" optional:"" help:"sightings: whether an indicator is reported again within 30 days. corroboration: whether a second account reports it within 90 days. relevance: whether a post matters. intent: what its author means by it." enum:"sightings,corroboration,relevance,intent" default:"sightings"`
	From  string `help:"Of relevance and intent: learn from this file too, JSON lines with text and label, or CSV with such columns." placeholder:"FILE"`
}

// Run implements the command.
func (c *trainCmd) Run(ctx context.Context, a *app) error {
	p, err := a.pipeline(ctx)
	if err != nil {
		return err
	}
	switch {
	case c.Model == "relevance" || c.Model == "intent":
		return c.gists(ctx, a, p)
	case c.From != "":
		return usageError{fmt.Errorf("%s is fitted to what the store holds alone: --from goes with relevance and intent", c.Model)}
	case c.Model == "corroboration":
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

// gists fits a model of what posts are.
func (c *trainCmd) gists(ctx context.Context, a *app, p *pipeline.Pipeline) error {
	read, train := classify.ReadRelevance, p.TrainRelevance
	if c.Model == "intent" {
		read, train = classify.ReadIntents, p.TrainIntents
	}
	var more []classify.Example
	if c.From != "" {
		f, err := os.Open(c.From)
		if err != nil {
			return err
		}
		defer f.Close()
		if more, err = read(f); err != nil {
			return fmt.Errorf("%s: %w", c.From, err)
		}
	}
	t, err := train(ctx, more)
	if err != nil {
		return err
	}
	if a.cli.JSON {
		return a.print(map[string]any{"model": c.Model, "training": t})
	}
	if t.Known > 0 {
		fmt.Fprintf(a.out, "%d examples more are left out: the model that ships was learned from them\n", t.Known)
	}
	if t.Version > 0 {
		fmt.Fprintf(a.out, "%s %d: fitted to %d examples, %d of them words of analysts\n", c.Model, t.Version, t.Examples, t.Feedback)
		fmt.Fprintf(a.out, "of examples that it had not learned from: log loss %.4f, shipped %.4f\n", t.LogLoss, t.ShippedLogLoss)
	}
	if !t.Kept {
		fmt.Fprintf(a.out, "%s: the model in force stays: %s\n", c.Model, t.Reason)
		return nil
	}
	fmt.Fprintf(a.out, "it is in force from now on; %d posts were read anew\n", t.Posts)
	return nil
}
