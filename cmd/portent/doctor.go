package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/store"
)

type doctorCmd struct {
	Anchor string `placeholder:"NUMBER:LINK" help:"An end of the chain of forecasts that was noted earlier, to see whether it is still part of it."`
}

// Run implements the command.
func (c *doctorCmd) Run(ctx context.Context, a *app) error {
	db, err := a.store(ctx)
	if err != nil {
		return err
	}
	counts, err := db.Counts(ctx)
	if err != nil {
		return err
	}
	parked, err := db.Parked(ctx, 1000)
	if err != nil {
		return err
	}
	problems, err := problems(ctx, db, counts)
	if err != nil {
		return err
	}
	chain, more, err := c.chain(ctx, a)
	if err != nil {
		return err
	}
	problems = append(problems, more...)
	drifts, err := drifting(ctx, a)
	if err != nil {
		return err
	}
	problems = append(problems, drifts...)
	if a.cli.JSON {
		if parked == nil {
			parked = []store.Parked{}
		}
		err := a.print(map[string]any{"documents": counts.Documents, "observations": counts.Observations, "evidence": counts.Evidence,
			"links": counts.Links, "entities": counts.Entities, "waiting": counts.Waiting, "parked": parked, "problems": problems, "chain": chain})
		return cmp.Or(err, sound(chain, more))
	}
	fmt.Fprintf(a.out, "%d documents, %d observations, %d pieces of evidence, %d links, %d entities\n",
		counts.Documents, counts.Observations, counts.Evidence, counts.Links, counts.Entities)
	for _, p := range parked {
		fmt.Fprintf(a.out, "parked: %s of %s: %s (portent reprocess tries it again)\n", p.Document, line(p.Source), line(p.Reason))
	}
	for _, p := range problems {
		fmt.Fprintln(a.out, "problem:", line(p))
	}
	if chain.State != intel.ChainNone {
		fmt.Fprintln(a.out, chainSaid(chain))
	}
	if len(parked) == 0 && len(problems) == 0 {
		fmt.Fprintln(a.out, "all is well")
	}
	return sound(chain, more)
}

// sound is an error where forecasts are not those that were written: whoever runs this
// from a script sees no other sign of it.
func sound(chain intel.Chain, faults []string) error {
	if chain.State == intel.ChainBroken || len(faults) > 0 {
		return errors.New("the chain of forecasts is not what was written: see the problems above")
	}
	return nil
}

// drifting says which kinds of forecasts no longer turn out as they did.
func drifting(ctx context.Context, a *app) (out []string, err error) {
	drifts, err := pipeline.Drifts(ctx, a.db, intel.Everything())
	for _, head := range slices.Sorted(maps.Keys(drifts)) {
		out = append(out, fmt.Sprintf("forecasts of %s: %s (portent scoreboard tells how they turned out)", head, drifts[head]))
	}
	return out, err
}

// chain checks the chain of forecasts and says what is wrong with it.
func (c *doctorCmd) chain(ctx context.Context, a *app) (intel.Chain, []string, error) {
	chain, err := a.checkChain(ctx)
	if err != nil {
		return chain, nil, err
	}
	var out []string
	for _, f := range chain.Faults {
		out = append(out, f.String())
	}
	if chain.More > 0 {
		out = append(out, fmt.Sprintf("the chain of forecasts: %d more faults", chain.More))
	}
	if c.Anchor == "" {
		return chain, out, nil
	}
	there, err := a.db.Anchored(ctx, c.Anchor)
	if errors.Is(err, intel.ErrInvalid) {
		return chain, nil, usageError{err}
	}
	if err == nil && !there {
		out = append(out, fmt.Sprintf("the chain of forecasts: %s is not part of it: what was written until then was written anew, or this is another store", c.Anchor))
	}
	return chain, out, err
}

// checkChain walks along the chain of forecasts.
func (a *app) checkChain(ctx context.Context) (intel.Chain, error) {
	bar := a.progress(-1, "checking forecasts")
	defer bar.Finish()                                      //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	return a.db.CheckChain(ctx, func(n int) { bar.Add(n) }) //nolint:errcheck // likewise
}

// chainSaid is the state of a chain in a line.
func chainSaid(c intel.Chain) string {
	if c.State == intel.ChainNone {
		return "no forecast is chained yet"
	}
	s := fmt.Sprintf("chain of %d forecasts: %s, it ends with %s", c.Forecasts, c.State, c.Head)
	if c.Clocked > 0 {
		s += fmt.Sprintf("; %d were written under a clock that was not the machine's (--now), or days after they say", c.Clocked)
	}
	return s
}

func problems(ctx context.Context, db *store.DB, counts store.Counts) ([]string, error) {
	out, err := db.Check(ctx)
	if err != nil {
		return nil, err
	}
	if counts.Waiting > 0 {
		out = append(out, fmt.Sprintf("%d documents wait to be derived: portent serve or any portent import goes on with them", counts.Waiting))
	}
	packs, err := db.Packs(ctx)
	if err != nil {
		return nil, err
	}
	if len(packs) == 0 {
		out = append(out, "no reference packs: names of actors are not known; portent sync brings them")
	}
	if out == nil {
		out = []string{}
	}
	return out, nil
}

type reprocessCmd struct {
	All    bool `xor:"what" help:"Everything, as after reference packs have changed."`
	Scores bool `xor:"what" help:"No document, but how far each row is believed."`
}

// Run implements the command.
func (c *reprocessCmd) Run(ctx context.Context, a *app) error {
	p, err := a.pipeline(ctx)
	if err != nil {
		return err
	}
	if c.Scores {
		return c.scores(ctx, a, p)
	}
	reprocess := p.Reprocess
	if c.All {
		reprocess = p.ReprocessAll
	}
	n, err := reprocess(ctx)
	if err != nil {
		return err
	}
	bar := a.progress(int64(n), "deriving documents")
	p.Done = func(n int) { bar.Add(n) } //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	if err := p.Finish(ctx); err != nil {
		return err
	}
	bar.Finish() //nolint:errcheck // as above
	if a.cli.JSON {
		return a.print(map[string]any{"documents": n})
	}
	fmt.Fprintf(a.out, "%d documents derived again\n", n)
	return nil
}

// scores weighs every row anew.
func (c *reprocessCmd) scores(ctx context.Context, a *app, p *pipeline.Pipeline) error {
	held, err := p.DB.Totals(ctx)
	if err != nil {
		return err
	}
	bar := a.progress(int64(held.Links), "weighing rows")
	n, err := p.Rescore(ctx, func(n int) { bar.Add(n) }) //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	if err != nil {
		return err
	}
	bar.Finish() //nolint:errcheck // as above
	if a.cli.JSON {
		return a.print(map[string]any{"rows": n})
	}
	fmt.Fprintf(a.out, "%d rows weighed again\n", n)
	return nil
}
