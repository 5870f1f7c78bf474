package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/publish"
	"github.com/portent-cti/portent/internal/stix"
)

type profileCmd struct {
	Format  string `help:"markdown, json or stix: one STIX 2.1 bundle." enum:"markdown,json,stix" default:"markdown"`
	Preview int    `help:"The redacted public form: N rows of each table." placeholder:"N"`
	BaseURL string `name:"base-url" help:"Address of the live pages that the profile links to." placeholder:"URL"`
	Name    string `arg:"" help:"Name or alias, such as \"Astro Locker\", malware:cobalt-strike, CVE-2021-44228 or US."`
}

// Run implements the command.
func (c *profileCmd) Run(ctx context.Context, a *app) error {
	if c.Preview < 0 {
		return usageError{errors.New("--preview takes a number of rows")}
	}
	ed, err := a.editor(ctx)
	if err != nil {
		return err
	}
	e, err := pick(ctx, a, ed, c.Name)
	if err != nil {
		return err
	}
	p, _, err := ed.Profile(ctx, a.reader(), e, pipeline.Window{Proofs: 3, Back: !a.cli.AsOf.IsZero()}, a.asOf())
	if err != nil {
		return err
	}
	if c.Preview > 0 {
		p = publish.Preview(p, c.Preview)
	}
	o := publish.Options{BaseURL: c.BaseURL}
	switch {
	case c.Format == "stix":
		return stix.Bundle(a.out, p)
	case c.Format == "json" || a.cli.JSON:
		return publish.JSON(a.out, p, o)
	}
	return publish.Markdown(a.out, p, o)
}

// pick returns the one entity that a name means; of an ambiguous one it lists
// the candidates.
func pick(ctx context.Context, a *app, ed *pipeline.Editor, name string) (intel.Entity, error) {
	matches, err := ed.Lookup(ctx, a.reader(), name)
	if errors.Is(err, intel.ErrNotFound) {
		return intel.Entity{}, fmt.Errorf("nothing is known of %q (portent lookup searches for values, portent import brings documents in)", name)
	}
	if err != nil {
		return intel.Entity{}, err
	}
	if len(matches) == 1 {
		return matches[0].Entity, nil
	}
	if a.cli.JSON {
		for _, m := range matches {
			if err := a.print(map[string]any{"name": m.Title, "entity": m.Entity, "share": m.Share, "said_by": m.SaidBy}); err != nil {
				return intel.Entity{}, err
			}
		}
	} else {
		for _, m := range matches {
			fmt.Fprintf(a.err, "  %-40s %3.0f %%  %s\n", m.Entity, 100*m.Share, m.Title)
		}
	}
	return intel.Entity{}, fmt.Errorf("%q is a name of %d; ask for one of them", name, len(matches))
}
