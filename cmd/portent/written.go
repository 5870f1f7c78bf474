package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/score"
)

// link reads what a row says as a person writes it: values may be defanged, and names
// need no kind where they mean one thing.
func (a *app) link(ctx context.Context, ed *pipeline.Editor, text string) (l intel.Link, err error) {
	from, rel, to, ok := intel.CutLink(text)
	if written, err := intel.ParseLink(text); err == nil { // a command may have a relation in it
		from, rel, to = written.From.String(), written.Relation, written.To.String()
	}
	if !ok {
		return l, usageError{fmt.Errorf("row %q: the id of a row is wanted, or 'KIND:NAME RELATION KIND:NAME'", text)}
	}
	l.Relation = rel
	scanner := extract.New(ed.Reference())
	if l.To, err = a.end(ctx, ed, scanner, to); err != nil {
		return l, err
	}
	if rel == intel.AliasOf || rel == intel.NotAliasOf {
		l.From, err = alias(from, l.To.Kind)
	} else {
		l.From, err = a.end(ctx, ed, scanner, from)
	}
	return l, err
}

// alias reads the other name in a row of one: what is said of a name is not of whom it
// stands for, so without a kind it is one of the kind whose name it is said to be.
func alias(text string, kind intel.Kind) (intel.Entity, error) {
	if e, err := intel.ParseEntity(text); err == nil {
		return e, nil
	}
	e := intel.NewEntity(kind, text)
	if e.Name == "" {
		return e, usageError{fmt.Errorf("%q is no name: write one, such as actor:cold-lynx", text)}
	}
	return e, nil
}

// end reads one end of a row.
func (a *app) end(ctx context.Context, ed *pipeline.Editor, s *extract.Scanner, text string) (intel.Entity, error) {
	e, err := intel.ParseEntity(text)
	if err == nil && e.Kind.Class() != intel.IOC {
		return e, nil
	}
	value := text
	if err == nil {
		value = e.Name
	}
	if seen := scanned(s, value); seen.Kind.Class() == intel.IOC && (err != nil || seen.Kind == e.Kind) {
		return seen, nil
	}
	if err == nil {
		return e, nil
	}
	matches, err := ed.Lookup(ctx, a.reader(), text)
	switch {
	case errors.Is(err, intel.ErrNotFound):
		return e, usageError{fmt.Errorf("%q is no name that is known here: write its kind with it, such as actor:cold-lynx or ipv4:192.0.2.7", text)}
	case err == nil && len(matches) > 1:
		names := make([]string, len(matches))
		for i, m := range matches {
			names[i] = m.Entity.String()
		}
		return e, usageError{fmt.Errorf("%q is a name of %d: write one of %s", text, len(matches), strings.Join(names, ", "))}
	case err != nil:
		return e, err
	}
	return matches[0].Entity, nil
}

// rowOf is the row that says l: as profiles print it, if they do, or else the link
// that says so in these very names.
func (a *app) rowOf(ctx context.Context, ed *pipeline.Editor, l intel.Link, w pipeline.Window) (pipeline.Printed, error) {
	p, err := ed.Printed(ctx, a.reader(), l, w, a.asOf())
	if err == nil || !errors.Is(err, intel.ErrNotFound) {
		return p, err
	}
	id, err := a.db.Linked(ctx, l)
	if errors.Is(err, intel.ErrNotFound) {
		return p, a.otherwise(ctx, ed, l)
	}
	p.Row.ID = strconv.FormatInt(id, 10)
	return p, err
}

// mostOthers is how many rows are named instead of one that is none.
const mostOthers = 8

// otherwise is the error of a row that nobody says, with what is said instead.
func (a *app) otherwise(ctx context.Context, ed *pipeline.Editor, l intel.Link) error {
	rows, err := ed.Tellings(ctx, a.reader(), l.From, l.Relation, pipeline.Window{}, a.asOf())
	if err != nil && !errors.Is(err, intel.ErrNotFound) {
		return err
	}
	var instead []string
	for _, row := range rows {
		if row.ID != "" && row.Relation == l.Relation && len(instead) < mostOthers {
			instead = append(instead, fmt.Sprintf("%s (%s)", row.Value, row.ID))
		}
	}
	more, err := a.db.Unheard(ctx, a.reader(), l.From)
	if err != nil {
		return err
	}
	err = fmt.Errorf("no source says that %s: row %w", l, intel.ErrNotFound)
	if more.Documents > 0 {
		err = fmt.Errorf("%w; of %s there are %s", err, l.From.Name, unheard(more))
	}
	if len(instead) > 0 {
		err = fmt.Errorf("%w; said are, by name and id: %s", err, strings.Join(instead, ", "))
	}
	return err
}

// ruledLink is the link that a verdict on a row is on. One that profiles print as one
// row and that is said under several names has to be picked.
func (a *app) ruledLink(ctx context.Context, ed *pipeline.Editor, text string) (l intel.Link, err error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		if l, err = a.link(ctx, ed, text); err != nil {
			return l, err
		}
		if _, err = a.db.Linked(ctx, l); err == nil {
			return l, nil
		}
		p, err := ed.Printed(ctx, a.reader(), l, pipeline.Window{}, a.asOf())
		if errors.Is(err, intel.ErrNotFound) {
			return l, nil // before tells what nobody says
		}
		if err != nil {
			return l, err
		}
		if id, err = strconv.ParseInt(p.Row.ID, 10, 64); err != nil {
			return l, unpicked(p)
		}
	}
	found, err := a.db.Links(ctx, []int64{id})
	if _, ok := found[id]; err == nil && !ok {
		err = fmt.Errorf("row %d: %w", id, intel.ErrNotFound)
	}
	return found[id], err
}

// unpicked is the error of a verdict on a row that several links make, or none.
func unpicked(p pipeline.Printed) error {
	if len(p.Parts) == 0 {
		return fmt.Errorf("%s: only %s says so, which is not ruled on", p.Link, cmp.Or(strings.Join(p.Row.SaidBy, ", "), "what both have in common"))
	}
	parts := make([]string, len(p.Parts))
	for i, part := range p.Parts {
		parts[i] = fmt.Sprintf("%d (%s%s)", part.Link, part.Said, meansBy(part.Share))
	}
	return fmt.Errorf("%s is said under other names: rule on one by its id: %s", p.Link, strings.Join(parts, ", "))
}

func meansBy(share float64) string {
	if share == 1 {
		return ""
	}
	return fmt.Sprintf(", which means it by %.0f %%", 100*share)
}

// words is what analysts ruled of the links of a row.
func (a *app) words(ctx context.Context, ed *pipeline.Editor, p pipeline.Printed) ([]listedRuling, error) {
	var all []intel.RowVerdict
	for _, part := range p.Parts {
		some, err := ed.Rulings(ctx, a.reader(), part.Said)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	all = slices.DeleteFunc(all, func(v intel.RowVerdict) bool { return v.At.After(a.asOf()) })
	return listedRulings(all, intel.RowsRuled(all, a.asOf())), nil
}

// printed explains a row that is not one link as it stands.
func (a *app) printed(p pipeline.Printed, words []listedRuling, more intel.Unweighed) error {
	row := p.Row
	shown, rest := score.Strongest(p.Steps, mostSteps)
	sources := p.Scale.Judged(shown)
	if a.cli.JSON {
		return a.print(map[string]any{"row": row.ID, "link": p.Link, "confidence": row.Level, "probability": row.Probability, "recomputed": row.Probability, "believed": row.Probability, "as_of": p.At, "probability_now": p.Today,
			"origins": row.Origins, "independent": p.Voices.Origins, "speakers": p.Voices.Speakers, "lasting": p.Voices.Lasting, "dated": row.Dated, "steps": append([]score.Step{}, shown...), "rest": rest, "evidence": p.Evidence, "joins": append([]intel.Join{}, row.Joins...),
			"listed": row.Listed, "said_by": append([]string{}, row.SaidBy...), "sources": sources, "verdicts": words, "suppressed": row.Suppressed, "doubts": append([]string{}, row.Doubts...), "reasons": append([]intel.Common{}, row.Common...), "unweighed": more})
	}
	fmt.Fprintf(a.out, "%s: %s (%s) as of %s, first seen %s, last seen %s\n\n", line(p.Link.String()), row.Level, intel.Decimal(row.Probability), p.At.UTC().Format("2006-01-02 15:04 UTC"), date(row.First), date(row.Last))
	if len(p.Parts) > 0 {
		a.summed(p.Steps)
		fmt.Fprintln(a.out)
		for _, part := range p.Parts {
			if part.Denies {
				fmt.Fprintf(a.out, "row %d, %s, which denies it\n", part.Link, line(part.Said.String()))
				continue
			}
			fmt.Fprintf(a.out, "row %d, %s%s: %.9f alone\n", part.Link, line(part.Said.String()), meansBy(part.Share), part.Probability)
		}
		fmt.Fprintf(a.out, "together %.9f\n", p.Evidence)
		a.heard(p.Voices)
		a.judged(sources, words)
	}
	if row.Listed > 0 {
		fmt.Fprintf(a.out, "listed by %s: %.9f, as an undated word of each\n", line(strings.Join(row.SaidBy, ", ")), row.Listed)
	}
	a.undated(row.Origins, row.Last, row.Dated)
	if row.Origins == 0 && len(row.Common) > 0 {
		fmt.Fprintf(a.out, "nobody states it; %s\n", row.Reason())
	}
	if len(row.Against) > 0 {
		fmt.Fprintf(a.out, "disputed by %s\n", line(strings.Join(row.Against, ", ")))
	}
	fmt.Fprintf(a.out, "P = %.9f\n", row.Probability)
	a.against(row)
	a.beyond(more)
	return nil
}

// means is whom each end of a link means.
func (a *app) means(ctx context.Context, ed *pipeline.Editor, l intel.Link) (means [2][]pipeline.Match, err error) {
	for i, e := range []intel.Entity{l.From, l.To} {
		means[i] = []pipeline.Match{{Entity: e, Share: 1}}
		if !e.Kind.Slugged() {
			continue
		}
		found, err := ed.Lookup(ctx, a.reader(), e.String())
		if err == nil {
			means[i] = found
		} else if !errors.Is(err, intel.ErrNotFound) {
			return means, err
		}
	}
	return means, nil
}

// meaning prints how profiles print a link whose names mean others.
func (a *app) meaning(ctx context.Context, ed *pipeline.Editor, l intel.Link) error {
	means, err := a.means(ctx, ed, l)
	if err != nil {
		return err
	}
	for _, from := range means[0] {
		for _, to := range means[1] {
			said := intel.Link{From: from.Entity, Relation: l.Relation, To: to.Entity}
			p, err := ed.Printed(ctx, a.reader(), said, pipeline.Window{}, a.asOf())
			if errors.Is(err, intel.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if _, err := strconv.ParseInt(p.Row.ID, 10, 64); err != nil {
				fmt.Fprintf(a.out, "profiles print it%s as %s: %s (%s); explain that for what makes it\n", meansBy(from.Share*to.Share), line(said.String()), p.Row.Level, intel.Decimal(p.Row.Probability))
			}
		}
	}
	return nil
}

// scanned is a value as the extractor reads it.
func scanned(s *extract.Scanner, value string) intel.Entity {
	e, _ := scannedWhole(s, value)
	return e
}

// scannedWhole is a value as the extractor reads it, and whether that is all of it.
func scannedWhole(s *extract.Scanner, value string) (e intel.Entity, whole bool) {
	best := intel.Observation{}
	for _, o := range s.Observations(intel.Document{Text: value}) {
		if o.Length > best.Length || o.Length == best.Length && o.Entity.Kind == intel.URL { // its host is read there too
			best = o
		}
	}
	return best.Entity, best.Length > 0 && best.Length == len(value)
}
