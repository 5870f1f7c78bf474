package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/score"
)

type lookupCmd struct {
	Value []string `arg:"" optional:"" help:"Values in any form, or - for one a line on standard input."`
}

// Run implements the command.
func (c *lookupCmd) Run(ctx context.Context, a *app) error {
	ed, err := a.today(ctx)
	if err != nil {
		return err
	}
	scanner := extract.New(ed.Reference())
	one := func(value string) error { return a.lookup(ctx, ed, scanner, strings.TrimSpace(value)) }
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

// lookup prints what is known of one value or name.
func (a *app) lookup(ctx context.Context, ed *pipeline.Editor, scanner *extract.Scanner, value string) error {
	if value == "" {
		return nil
	}
	w := pipeline.Window{Back: !a.cli.AsOf.IsZero()}
	e, err := valueOf(ctx, ed, a.reader(), scanner, value)
	if err != nil {
		return err
	}
	if e.Name == "" || e.Kind.Class() == intel.Name {
		f, means, err := named(ctx, a, ed, value, w)
		if err != nil {
			return err
		}
		return a.finding(value, f, means, intel.Unweighed{})
	}
	f, err := ed.Value(ctx, a.reader(), e, w, a.asOf())
	if err != nil {
		return err
	}
	more, err := a.db.Unheard(ctx, a.reader(), e)
	if err != nil {
		return err
	}
	return a.finding(value, f, nil, more)
}

// named finds whom a name means, and what is linked with a flaw. Of a name that analysts
// took from whom it stood for it finds them too, and who disputes it.
func named(ctx context.Context, a *app, ed *pipeline.Editor, name string, w pipeline.Window) (f pipeline.Finding, means []suspect, err error) {
	matches, err := ed.Lookup(ctx, a.reader(), name)
	if err != nil && !errors.Is(err, intel.ErrNotFound) {
		return f, nil, err
	}
	w.Rows = 10
	disputed := false
	for _, m := range matches {
		disputed = disputed || byAnalysts(m)
		p, _, err := ed.Profile(ctx, a.reader(), m.Entity, w, a.asOf())
		if errors.Is(err, intel.ErrNotFound) {
			continue
		}
		if err != nil {
			return f, nil, err
		}
		means = append(means, suspect{Match: m})
		meets(&f, m, p)
	}
	if len(f.Names) > 0 {
		f.Probability, f.Level = f.Names[0].Probability, f.Names[0].Level
	}
	if !disputed {
		return f, means, nil
	}
	others, err := suspects(ctx, a.db, ed, a.reader(), name)
	f.Known = f.Known || len(others) > 0
	return f, append(means, others...), err
}

// meets adds to a finding what is known of one whom a name means.
func meets(f *pipeline.Finding, m pipeline.Match, p intel.Profile) {
	f.Known = true
	f.Documents += p.Documents
	if f.First.IsZero() || !p.First.IsZero() && p.First.Before(f.First) {
		f.First = p.First
	}
	if p.Last.After(f.Last) {
		f.Last = p.Last
	}
	if m.Entity.Kind == intel.Vulnerability {
		f.Names = append(f.Names, p.Associated...)
		return
	}
	f.Names = append(f.Names, intel.Row{Entity: m.Entity, Value: m.Title, Probability: m.Share, Level: score.Level(m.Share, 2, true)})
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
	return scanned(s, value)
}

// valueOf is entityOf for what the store knows: what the extractor does not read whole,
// such as a command with a path in it, is what sources call so unless it is a name, and
// what is written with its kind is what they call so but for its blanks.
func valueOf(ctx context.Context, ed *pipeline.Editor, r intel.Reader, s *extract.Scanner, value string) (intel.Entity, error) {
	e, err := intel.ParseEntity(value)
	bare := err != nil
	kinds, words := []intel.Kind{e.Kind}, e.Name
	if bare {
		var whole bool
		if e, whole = scannedWhole(s, value); whole {
			return e, nil
		}
		kinds, words = chosen(), value
	} else if !slices.Contains(chosen(), e.Kind) {
		return e, nil
	}
	found, err := ed.DB.Worded(ctx, r, kinds, words)
	if err != nil || len(found) == 0 {
		return e, err
	}
	if bare {
		if _, err := ed.Lookup(ctx, r, value); !errors.Is(err, intel.ErrNotFound) {
			return e, err
		}
	}
	for _, f := range found { // the very one, if it is there
		if f.Name == words {
			return f, nil
		}
	}
	return found[0], nil
}

// chosen is the kinds of values whose words people choose, as of commands: nothing in
// them tells what they are.
func chosen() []intel.Kind {
	return append([]intel.Kind{intel.Command, intel.Service, intel.ScheduledTask, intel.RegistryKey, intel.Mutex, intel.UserAgent, intel.Filename}, intel.KindsOf(intel.IOA)...)
}

// finding prints what is known of a value, and of a name whom it may mean.
func (a *app) finding(value string, f pipeline.Finding, means []suspect, more intel.Unweighed) error {
	if a.cli.JSON {
		candidates := make([]map[string]any, len(means))
		for i, m := range means {
			candidates[i] = m.fields(a.reader())
		}
		actors, others := byKind(f.Names)
		doubts := []string{}
		if len(f.Names) > 0 {
			doubts = append(doubts, f.Names[0].Doubts...)
		}
		return a.print(map[string]any{"value": value, "known": f.Known, "level": f.Level, "probability": f.Probability, "actors": actors, "others": others, "labels": labelsOf(f.Names), "more": f.More,
			"suppressed": f.Suppressed, "listed": f.Listed, "verdicts": append([]intel.ValueVerdict{}, f.Verdicts...), "first_seen": moment(f.First), "last_seen": moment(f.Last), "decayed": f.Decayed, "doubts": doubts,
			"seen_again": f.SeenAgain, "misp_score": f.Polynomial, "seen_again_model": f.Model, "corroboration": f.Corroboration, "networks": networksOf(f), "unweighed": more, "candidates": candidates})
	}
	switch {
	case f.Suppressed != "" && f.Suppressed == f.Listed:
		fmt.Fprintf(a.out, "%s: usually benign (%s)\n", line(value), line(f.Suppressed))
	case f.Suppressed != "":
		fmt.Fprintf(a.out, "%s: set aside (%s)\n", line(value), line(f.Suppressed))
	case !f.Known:
		fmt.Fprintf(a.out, "%s: unknown\n", line(value))
	case len(f.Names) == 0 && len(means) > 0:
		fmt.Fprintf(a.out, "%s: a name of nobody by itself, since analysts dispute whose it is\n", line(value))
	default:
		again := ""
		if f.SeenAgain != nil {
			again = ", again within 30 days: " + intel.Percent(*f.SeenAgain)
		}
		if c := f.Corroboration; c != nil {
			again += fmt.Sprintf(", by a second account until %s: %s", date(c.Until), c.Percent())
		}
		fmt.Fprintf(a.out, "%s: %s, seen %s to %s, documents: %d%s\n", line(value), line(whom(f.Names)+beyondThese(f.More)), date(f.First), date(f.Last), f.Documents, again)
	}
	for _, m := range means {
		if len(m.disputed) > 0 {
			fmt.Fprintf(a.out, "  disputed: %s (share %s%s; %s)\n", line(m.Title), intel.Decimal(m.Share), line(by(m.SaidBy)), line(strings.Join(m.disputes(a.reader()), "; ")))
		}
	}
	if f.Listed != "" && f.Suppressed != f.Listed {
		fmt.Fprintf(a.out, "  usually benign by lists (%s)\n", line(f.Listed))
	}
	for _, v := range f.Verdicts {
		fmt.Fprintln(a.out, "  "+worded(v))
	}
	for _, n := range f.Networks {
		said := whom(n.Names) + beyondThese(n.More)
		if n.Suppressed != "" {
			said = "set aside (" + n.Suppressed + ")"
		}
		fmt.Fprintf(a.out, "  in %s: %s, seen %s to %s, documents: %d\n", n.Entity.Name, line(said), date(n.First), date(n.Last), n.Documents)
	}
	if more.Documents > 0 {
		fmt.Fprintln(a.out, "  "+unheard(more))
	}
	return nil
}

// whom says whom a value points to, how sources label it, and how far that is believed.
func whom(rows []intel.Row) string {
	var names, labels []string
	unlabelled := ""
	for _, n := range rows {
		how := string(n.Level) + " " + intel.Decimal(n.Probability)
		if unlabels(n) {
			unlabelled = fmt.Sprintf(", without a label (%s)", strings.Join(append([]string{how}, n.Doubts...), ", "))
			continue
		}
		if n.Relation == "" { // whom a name means is no row
			how = "share " + intel.Decimal(n.Probability)
		}
		name := fmt.Sprintf("%s (%s)", n.Value, strings.Join(append([]string{how}, n.Doubts...), ", "))
		if n.Entity.Kind == intel.Label && n.Relation != "" {
			labels = append(labels, name)
		} else {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		names = append(names, "linked with nobody")
		if len(labels) == 0 {
			names[0] += unlabelled
		}
	}
	if len(labels) > 0 {
		names = append(names, "labelled "+strings.Join(labels, ", "))
	}
	return strings.Join(names, ", ")
}

// unlabels reports whether a row says that a source labels a value with nothing: it is
// how far that is believed, and no label.
func unlabels(r intel.Row) bool { return r.Entity == intel.Untagged() && r.Relation != "" }

// beyondThese says how many more a value is said to point to than are named.
func beyondThese(more int) string {
	if more == 0 {
		return ""
	}
	return fmt.Sprintf(", and %d more", more)
}

// networksOf is what is known of the networks around an address, for JSON.
func networksOf(f pipeline.Finding) []map[string]any {
	out := make([]map[string]any, len(f.Networks))
	for i, n := range f.Networks {
		actors, others := byKind(n.Names)
		out[i] = map[string]any{"value": n.Entity.Name, "level": n.Level, "probability": n.Probability, "actors": actors, "others": others, "labels": labelsOf(n.Names),
			"suppressed": n.Suppressed, "first_seen": moment(n.First), "last_seen": moment(n.Last)}
	}
	return out
}

// byKind tells actors from what else a value points to.
func byKind(rows []intel.Row) (actors, others []string) {
	actors, others = []string{}, []string{}
	for _, n := range rows {
		if unlabels(n) {
			continue
		}
		if n.Entity.Kind == intel.Actor {
			actors = append(actors, n.Entity.String())
		} else {
			others = append(others, n.Entity.String())
		}
	}
	return actors, others
}

// labelsOf is how a value is labelled: those of byKind's others that are nobody.
func labelsOf(rows []intel.Row) []string {
	labels := []string{}
	for _, n := range rows {
		if n.Entity.Kind == intel.Label && !unlabels(n) {
			labels = append(labels, n.Value)
		}
	}
	return labels
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
