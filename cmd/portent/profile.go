package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/publish"
	"github.com/portent-cti/portent/internal/stix"
)

type profileCmd struct {
	Format  string   `help:"markdown, json or stix: one STIX 2.1 bundle." enum:"markdown,json,stix" default:"markdown"`
	Preview *int     `help:"The redacted public form: N rows of each table." placeholder:"N"`
	All     bool     `help:"Every row, however many: Markdown has the first 5,000 of each table else, and says how many more there are. JSON and STIX always have all."`
	Rows    int      `hidden:"" default:"5000"` // of a table that people read; a profile of a past day has no more
	BaseURL string   `name:"base-url" help:"Address of the live pages that the profile links to." placeholder:"URL"`
	Name    []string `arg:"" help:"Name or alias, such as \"Astro Locker\", malware:cobalt-strike, CVE-2021-44228, product:acme/gateway, vendor:acme or US."`
}

// Run implements the command.
func (c *profileCmd) Run(ctx context.Context, a *app) error {
	if err := previewable(c.Preview); err != nil {
		return err
	}
	ed, err := a.today(ctx)
	if err != nil {
		return err
	}
	r := a.reader()
	if c.Preview != nil {
		r = intel.Public() // what is hidden from the public takes no part in a preview
	}
	name := strings.Join(c.Name, " ")
	e, err := pick(ctx, a, ed, r, name)
	if err != nil {
		return err
	}
	w := pipeline.Window{Proofs: 3, Signed: c.Format != "stix", Back: !a.cli.AsOf.IsZero()}
	if c.read(a) {
		w.Rows = c.Rows
	}
	p, totals, err := ed.Profile(ctx, r, e, w, a.asOf())
	if errors.Is(err, intel.ErrNotFound) {
		return cmp.Or(parted(ctx, a, ed, r, name), err)
	}
	if err != nil {
		return err
	}
	if w.Rows > 0 {
		for _, t := range p.Tables() {
			if more := totals[t.Key] - len(*t.Rows); more > 0 {
				p.Hidden[t.Key] = more
			}
		}
	}
	if c.Preview != nil {
		p = publish.Preview(p, *c.Preview)
	}
	o := publish.Options{BaseURL: c.BaseURL}
	if w.Rows > 0 {
		o.Rest = "--all prints them"
	}
	switch {
	case c.Format == "stix":
		return stix.Bundle(a.out, p)
	case c.Format == "json" || a.cli.JSON:
		return publish.JSON(a.out, p, o)
	}
	return publish.Markdown(a.out, p, o)
}

// read reports whether the profile is for people to read as far as they like, and not
// for programs, the public or a file that is to be whole.
func (c *profileCmd) read(a *app) bool {
	return c.Format == "markdown" && !a.cli.JSON && c.Preview == nil && !c.All && a.cli.AsOf.IsZero()
}

// previewable checks a number of rows to show in public.
func previewable(rows *int) error {
	if rows != nil && *rows < 1 {
		return usageError{errors.New("--preview takes a number of rows, 1 or more")}
	}
	return nil
}

// pick returns the one entity that a name means, or that is written so; of an
// ambiguous one it lists the candidates.
func pick(ctx context.Context, a *app, ed *pipeline.Editor, r intel.Reader, name string) (intel.Entity, error) {
	matches, err := ed.Lookup(ctx, r, name)
	if errors.Is(err, intel.ErrNotFound) {
		return intel.Entity{}, unknown(ctx, a, r, name)
	}
	if err != nil {
		return intel.Entity{}, err
	}
	if len(matches) == 1 {
		return matches[0].Entity, nil
	}
	for _, m := range matches { // by its main name it is asked for itself
		if written := strings.TrimSpace(name); m.Entity.String() == written || m.Entity.Name == intel.NewEntity(m.Entity.Kind, written).Name {
			a.remark("%s is a name of %d; portent alias tells them.", written, len(matches))
			return m.Entity, nil
		}
	}
	if a.cli.JSON {
		for _, m := range matches {
			if err := a.print(map[string]any{"name": m.Title, "entity": m.Entity, "share": m.Share, "said_by": m.SaidBy}); err != nil {
				return intel.Entity{}, err
			}
		}
	} else {
		for _, m := range matches {
			fmt.Fprintf(a.err, "  %-40s %3.0f %%  %s\n", line(m.Entity.String()), 100*m.Share, line(m.Title))
		}
	}
	return intel.Entity{}, fmt.Errorf("%q is a name of %d; ask for one of them", name, len(matches))
}

// unknown is the error for a name that nothing is known of, with names that
// are nearly it.
func unknown(ctx context.Context, a *app, r intel.Reader, name string) error {
	if n, err := a.db.Totals(ctx); err == nil && n.Documents == 0 {
		return fmt.Errorf("nothing is known of %q: the store %s is empty; portent import brings documents in", name, a.db.Place())
	}
	key := intel.Compact(name)
	start := []rune(key)
	found, err := a.db.Find(ctx, r, string(start[:min(len(start), 3)]), 2000)
	if err != nil {
		return err
	}
	var near []string
	for _, t := range found {
		if t.Entity.Kind.Slugged() && len(near) < 5 && apart(key, intel.Compact(t.Entity.Name)) <= 1+len(key)/6 {
			near = append(near, t.Entity.String())
		}
	}
	if len(near) > 0 {
		return fmt.Errorf("nothing is known of %q; did you mean %s?", name, strings.Join(near, ", "))
	}
	return fmt.Errorf("nothing is known of %q (portent lookup searches for values)", name)
}

// apart is in how many letters two words differ (Levenshtein).
func apart(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
