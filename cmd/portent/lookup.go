package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

type lookupCmd struct {
	Value []string `arg:"" optional:"" help:"Values in any form, or - for one a line on standard input."`
}

// Run implements the command.
func (c *lookupCmd) Run(ctx context.Context, a *app) error {
	ed, err := a.editor(ctx)
	if err != nil {
		return err
	}
	scanner := extract.New(ed.Reference())
	one := func(value string) error {
		value = strings.TrimSpace(value)
		if value == "" {
			return nil
		}
		f, err := ed.Value(ctx, a.reader(), entityOf(scanner, value), pipeline.Window{Back: !a.cli.AsOf.IsZero()}, a.asOf())
		if err != nil {
			return err
		}
		return a.finding(value, f)
	}
	if len(c.Value) == 0 {
		return c.lines(a.in, one)
	}
	for _, v := range c.Value {
		if v == "-" {
			err = c.lines(a.in, one)
		} else {
			err = one(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lines looks up each line of in.
func (c *lookupCmd) lines(in io.Reader, one func(string) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		n++
		if err := one(lines.Text()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("standard input: line %d: %w (a value a line, 1 MiB at most)", n+1, err)
	}
	return nil
}

// entityOf reads a value as a person writes it: in written form, or as the
// extractor sees it.
func entityOf(s *extract.Scanner, value string) intel.Entity {
	if e, err := intel.ParseEntity(value); err == nil {
		return e
	}
	best := intel.Observation{}
	for _, o := range s.Observations(intel.Document{Text: value}) {
		if o.Length > best.Length {
			best = o
		}
	}
	return best.Entity
}

func (a *app) finding(value string, f pipeline.Finding) error {
	if a.cli.JSON {
		actors, others := []string{}, []string{}
		for _, n := range f.Names {
			if n.Entity.Kind == intel.Actor {
				actors = append(actors, n.Entity.String())
			} else {
				others = append(others, n.Entity.String())
			}
		}
		return a.print(map[string]any{"value": value, "known": f.Known, "level": f.Level, "probability": f.Probability, "actors": actors, "others": others,
			"suppressed": f.Suppressed, "first_seen": moment(f.First), "last_seen": moment(f.Last), "decayed": f.Decayed})
	}
	switch {
	case f.Suppressed != "":
		fmt.Fprintf(a.out, "%s: usually benign (%s)\n", value, f.Suppressed)
	case !f.Known:
		fmt.Fprintf(a.out, "%s: unknown\n", value)
	default:
		var names []string
		for _, n := range f.Names {
			names = append(names, fmt.Sprintf("%s (%s %s)", n.Value, n.Level, intel.Decimal(n.Probability)))
		}
		if len(names) == 0 {
			names = append(names, "linked with nobody")
		}
		fmt.Fprintf(a.out, "%s: %s, seen %s to %s, documents: %d\n", value, strings.Join(names, ", "), date(f.First), date(f.Last), f.Documents)
	}
	return nil
}

// moment is a time in JSON; an unknown one is null.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

// date prints a day; an unknown one is an en dash.
func date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format(time.DateOnly)
}
