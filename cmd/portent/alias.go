package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

type aliasCmd struct {
	Show    aliasShowCmd `cmd:"" default:"withargs" help:"Print whom a name means, with shares, and who says so."`
	Dispute disputeCmd   `cmd:"" help:"Rule that two names are not of one thing."`
	Confirm confirmCmd   `cmd:"" help:"Rule that the first name stands for the second."`
	Undo    undoCmd      `cmd:"" help:"Take back what was ruled of two names."`
}

type aliasShowCmd struct {
	Name []string `arg:"" help:"A name; blanks need no quotes."`
}

type rulingCmd struct {
	Name   string `arg:"" help:"A name, in quotes if it has blanks."`
	Other  string `arg:"" help:"The other."`
	By     string `help:"Who rules (default: you)." placeholder:"NAME"`
	Reason string `help:"Why." placeholder:"TEXT"`
}

type (
	disputeCmd struct{ rulingCmd }
	confirmCmd struct{ rulingCmd }
	undoCmd    struct{ rulingCmd }
)

// Run implements the command.
func (c *disputeCmd) Run(ctx context.Context, a *app) error { return c.rule(ctx, a, intel.Dispute) }

// Run implements the command.
func (c *confirmCmd) Run(ctx context.Context, a *app) error { return c.rule(ctx, a, intel.Confirm) }

// Run implements the command.
func (c *undoCmd) Run(ctx context.Context, a *app) error { return c.rule(ctx, a, intel.Undo) }

// rule keeps a verdict and settles the names that it touches.
func (c *rulingCmd) rule(ctx context.Context, a *app, ruling intel.Ruling) error {
	ed, err := a.editor(ctx)
	if err != nil {
		return err
	}
	v := intel.AliasVerdict{Ruling: ruling, Reason: c.Reason, At: a.now()}
	if v.By, err = analyst(c.By); err != nil {
		return err
	}
	if ruling == intel.Undo {
		v.Name, v.Other, err = c.ruled(ctx, a)
	} else {
		v.Name, v.Other, err = c.pair(ctx, a, ed)
	}
	if err != nil {
		return err
	}
	pipe, err := a.pipeline(ctx)
	if err != nil {
		return err
	}
	if _, err := pipe.Keep(ctx, []intel.Document{v.Document()}); err != nil {
		return err
	}
	var touched []intel.Entity
	for _, e := range []intel.Entity{v.Name, v.Other} {
		names, err := a.db.NamesOf(ctx, a.reader(), e)
		if err != nil {
			return err
		}
		for _, n := range names {
			touched = append(touched, n.Name)
		}
	}
	if err := a.db.Ask(ctx, touched); err != nil {
		return err
	}
	if err := pipe.Finish(ctx); err != nil {
		return err
	}
	return (&aliasShowCmd{Name: []string{v.Name.String()}}).Run(ctx, a)
}

// pair is the two names that are ruled on, of the kind that the second is of.
func (c *rulingCmd) pair(ctx context.Context, a *app, ed *pipeline.Editor) (name, other intel.Entity, err error) {
	matches, err := ed.Lookup(ctx, a.reader(), c.Other)
	if errors.Is(err, intel.ErrNotFound) {
		return name, other, unknown(ctx, a, a.reader(), c.Other)
	}
	if err != nil {
		return name, other, err
	}
	kind := matches[0].Entity.Kind
	scanner := extract.New(ed.Reference())
	for _, written := range []string{c.Name, c.Other} {
		if e := entityOf(scanner, written); e.String() != written && e.Kind.Class() == intel.IOC && len(e.Name) == len(plainly(written)) {
			return name, other, usageError{fmt.Errorf("%q is no name but reads like one of the kind %s; where it is one, write %s", written, e.Kind, intel.NewEntity(kind, written))}
		}
	}
	name, other = nameAs(kind, c.Name), nameAs(kind, c.Other)
	if name == other || name.Name == "" || !name.Kind.Slugged() {
		err = usageError{fmt.Errorf("%q and %q are not two names", c.Name, c.Other)}
	}
	return name, other, err
}

// ruled is the two names of a verdict in force, in the order of the verdict.
func (c *rulingCmd) ruled(ctx context.Context, a *app) (name, other intel.Entity, err error) {
	all, err := a.db.AliasVerdicts(ctx)
	if err != nil {
		return name, other, err
	}
	for _, v := range intel.InForce(all) {
		if spells(v.Name, c.Name) && spells(v.Other, c.Other) || spells(v.Name, c.Other) && spells(v.Other, c.Name) {
			return v.Name, v.Other, nil
		}
	}
	return name, other, fmt.Errorf("no verdict on %q and %q is in force", c.Name, c.Other)
}

// nameAs is the entity of a name as a person writes it.
func nameAs(kind intel.Kind, name string) intel.Entity {
	if e, err := intel.ParseEntity(name); err == nil {
		return e
	}
	return intel.NewEntity(kind, name)
}

// analyst is the source of verdicts of a user, by default of who runs this.
func analyst(name string) (intel.SourceID, error) {
	if name == "" {
		u, err := user.Current()
		if err != nil {
			return "", fmt.Errorf("find your name: %w (give --by NAME)", err)
		}
		name = u.Username
	}
	return intel.SourceID("analyst:" + strings.Join(strings.Fields(name), "-")), nil
}

// A candidate is one whom a name may mean.
type candidate struct {
	Actor  intel.Entity `json:"actor"`
	Share  float64      `json:"share"`
	SaidBy []string     `json:"said_by"`
	// Disputed is what somebody says are names of it and somebody says are not.
	Disputed []intel.Row `json:"disputed"`
	// Names are what it is called too: the one that was asked for, and the most
	// believed ones.
	Names []intel.Row `json:"names"`
	More  int         `json:"more_names"`
}

// mostCalled is how many names of one thing are printed.
const mostCalled = 100

// called keeps so many of the names of a candidate, the one that was asked for first,
// and counts the others.
func (c *candidate) called(ctx context.Context, a *app, name string, aliases []intel.Row) error {
	total, err := a.db.Names(ctx, a.reader(), c.Actor)
	if err != nil {
		return err
	}
	is := func(row intel.Row) bool {
		return intel.Compact(row.Entity.Name) == intel.Compact(name) || row.Entity.String() == name
	}
	c.Names = append([]intel.Row{}, aliases...)
	if i := slices.IndexFunc(c.Names, is); i >= 0 {
		asked := c.Names[i]
		c.Names = slices.Insert(slices.Delete(c.Names, i, i+1), 0, asked)
	} else if asked := nameAs(c.Actor.Kind, name); asked != c.Actor && len(aliases) < total { // beyond those that are read
		row, err := a.believed(ctx, intel.Link{From: asked, Relation: intel.AliasOf, To: c.Actor})
		switch {
		case err == nil:
			row.Entity, row.Value, row.SaidBy = asked, asked.Title(), c.SaidBy
			c.Names = slices.Insert(c.Names, 0, row)
		case !errors.Is(err, intel.ErrNotFound):
			return err
		}
	}
	c.Names = c.Names[:min(len(c.Names), mostCalled)]
	c.More = max(total, len(aliases)) - len(c.Names)
	return nil
}

// Run implements the command.
func (c *aliasShowCmd) Run(ctx context.Context, a *app) error {
	ed, err := a.editor(ctx)
	if err != nil {
		return err
	}
	name := strings.Join(c.Name, " ")
	matches, err := ed.Lookup(ctx, a.reader(), name)
	if err != nil && !errors.Is(err, intel.ErrNotFound) {
		return err
	}
	verdicts, err := c.verdicts(ctx, a, matches)
	if err != nil {
		return err
	}
	if len(matches) == 0 && len(verdicts) == 0 {
		return unknown(ctx, a, a.reader(), name)
	}
	candidates := make([]candidate, len(matches))
	for i, m := range matches {
		candidates[i] = candidate{Actor: m.Entity, Share: m.Share, SaidBy: append([]string{}, m.SaidBy...)}
		aliases, disputed, err := ed.Called(ctx, a.reader(), m.Entity, pipeline.Window{Proofs: 5, Signed: true}, a.asOf())
		if err != nil {
			return err
		}
		candidates[i].Disputed = append([]intel.Row{}, disputed...)
		candidates[i].SaidBy = vendors(candidates[i].SaidBy, name, aliases)
		if err := candidates[i].called(ctx, a, name, aliases); err != nil {
			return err
		}
	}
	if a.cli.JSON {
		return a.print(map[string]any{"name": name, "candidates": candidates, "verdicts": verdicts})
	}
	for _, m := range candidates {
		fmt.Fprintf(a.out, "%s: share %.2f%s\n", line(m.Actor.String()), m.Share, line(by(m.SaidBy)))
		a.names(m.Names)
		if m.More > 0 {
			fmt.Fprintf(a.out, "  and %d more names\n", m.More)
		}
		a.names(m.Disputed)
	}
	for _, v := range verdicts {
		says := map[intel.Ruling]string{intel.Confirm: "confirms that", intel.Dispute: "disputes that", intel.Undo: "takes back whether"}[v.Ruling]
		fmt.Fprintf(a.out, "%s %s %s %s is %s%s\n", date(v.At), line(v.By), says, line(v.Name.String()), line(v.Other.String()), line(because(v.Reason)))
	}
	return nil
}

// names prints names, with how far each is believed, and who says so and who not.
func (a *app) names(rows []intel.Row) {
	for _, n := range rows {
		fmt.Fprintf(a.out, "  %-32s %-6s (%s)%s\n", line(n.Value), n.Level, intel.Decimal(n.Probability), line(by(n.SaidBy)))
		a.contested(n)
	}
}

// vendors is who says that a name is an alias, with those who wrote it instead of
// their documents.
func vendors(said []string, name string, aliases []intel.Row) []string {
	i := slices.Index(said, correlate.ByDocuments)
	if i < 0 {
		return said
	}
	for _, row := range aliases {
		if intel.Compact(row.Entity.Name) != intel.Compact(name) && row.Entity.String() != name {
			continue
		}
		out := slices.Delete(slices.Clone(said), i, i+1)
		for _, by := range row.SaidBy {
			if !slices.Contains(out, by) {
				out = append(out, by)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return said
}

// contested prints who says that a name is none.
func (a *app) contested(n intel.Row) {
	if len(n.Against) == 0 {
		return
	}
	fmt.Fprintf(a.out, "    disputed: another, says %s\n", line(strings.Join(n.Against, ", ")))
	for _, p := range n.Evidence {
		if p.Stance == intel.Disputes {
			fmt.Fprintf(a.out, "      %s %s%s\n", date(p.At), line(cmp.Or(p.Origin, string(p.Source))), line(because(p.Snippet)))
		}
	}
}

// verdicts returns all verdicts, those taken back too, on a name and on whom it
// means.
func (c *aliasShowCmd) verdicts(ctx context.Context, a *app, matches []pipeline.Match) ([]intel.AliasVerdict, error) {
	all, err := a.db.AliasVerdicts(ctx)
	out := []intel.AliasVerdict{}
	key := intel.Compact(strings.Join(c.Name, " "))
	if e, err := intel.ParseEntity(strings.Join(c.Name, " ")); err == nil {
		key = intel.Compact(e.Name)
	}
	for _, v := range all {
		about := func(e intel.Entity) bool {
			return intel.Compact(e.Name) == key || slices.ContainsFunc(matches, func(m pipeline.Match) bool { return m.Entity == e })
		}
		if about(v.Name) || about(v.Other) {
			out = append(out, v)
		}
	}
	return out, err
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// by tells who says something; of what is a name itself nobody need.
func by(who []string) string {
	if len(who) == 0 {
		return ""
	}
	return ", says " + strings.Join(who, ", ")
}
