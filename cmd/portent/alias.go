package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

type aliasCmd struct {
	Name []string `arg:"" help:"A name; blanks need no quotes."`
}

// A candidate is one whom a name may mean.
type candidate struct {
	Actor  intel.Entity `json:"actor"`
	Share  float64      `json:"share"`
	SaidBy []string     `json:"said_by"`
	names  []intel.Row  // by which it is called too
}

// Run implements the command.
func (c *aliasCmd) Run(ctx context.Context, a *app) error {
	ed, err := a.editor(ctx)
	if err != nil {
		return err
	}
	name := strings.Join(c.Name, " ")
	matches, err := ed.Lookup(ctx, a.reader(), name)
	if errors.Is(err, intel.ErrNotFound) {
		return unknown(ctx, a, a.reader(), name)
	}
	if err != nil {
		return err
	}
	candidates := make([]candidate, len(matches))
	for i, m := range matches {
		candidates[i] = candidate{Actor: m.Entity, Share: m.Share, SaidBy: append([]string{}, m.SaidBy...)}
		p, _, err := ed.Profile(ctx, a.reader(), m.Entity, pipeline.Window{Rows: 1}, a.asOf())
		if err != nil && !errors.Is(err, intel.ErrNotFound) {
			return err
		}
		candidates[i].names = p.Aliases
	}
	if a.cli.JSON {
		return a.print(map[string]any{"name": name, "candidates": candidates})
	}
	for _, m := range candidates {
		fmt.Fprintf(a.out, "%s: share %.2f%s\n", m.Actor, m.Share, by(m.SaidBy))
		for _, n := range m.names {
			fmt.Fprintf(a.out, "  %-32s %-6s (%s)%s\n", n.Value, n.Level, intel.Decimal(n.Probability), by(n.SaidBy))
		}
	}
	return nil
}

// by tells who says something; of what is a name itself nobody need.
func by(who []string) string {
	if len(who) == 0 {
		return ""
	}
	return ", says " + strings.Join(who, ", ")
}
