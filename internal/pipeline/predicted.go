package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// mostPredicted is how many rows of a table are predicted.
	mostPredicted = 20
	// mostFlaws is how many of an actor's vulnerabilities are followed to their
	// fragments and weaknesses, the surest first.
	mostFlaws = 60
	// typical is how often a weakness is exploited by the technique our table
	// has for it: an assumption, not a measurement.
	typical = 0.5
)

// predicted adds to an actor's tables what it has not been seen to use but
// what follows from the vulnerabilities it exploits, and the techniques and
// fragments forecast for it.
func (ed *Editor) predicted(ctx context.Context, r intel.Reader, p *intel.Profile, o store.Outline, totals map[string]int, w Window, now time.Time) error {
	if p.Entity.Kind != intel.Actor {
		return nil
	}
	exploits := store.Section{Relations: []intel.Relation{intel.Exploits, intel.Uses}, Class: intel.Name, Kinds: []intel.Kind{intel.Vulnerability}}
	flaws, _, err := ed.DB.RowsOf(ctx, r, o, exploits, mostFlaws, 0)
	if err != nil {
		return err
	}
	sure := map[intel.Entity]float64{}
	var names []store.Resolution
	for _, a := range flaws {
		if a.Probability >= taken {
			sure[a.Link.To] = a.Probability
			names = append(names, store.Resolution{Name: a.Link.To, Canonical: a.Link.To, Share: 1})
		}
	}
	var fragments, techniques []intel.Row
	if len(names) > 0 {
		past, err := ed.past(ctx, w, now)
		if err != nil {
			return err
		}
		if fragments, techniques, err = ed.following(ctx, r, names, sure, past); err != nil {
			return err
		}
	}
	techniques = append(techniques, ed.forecastTechniques(p.Forecasts)...)
	fragments = append(fragments, forecastFragments(p.Forecasts)...)
	totals["ioa"] += extend(&p.IOA, fragments, totals["ioa"])
	totals["ttp"] += extend(&p.TTP, techniques, totals["ttp"])
	return nil
}

// following returns the fragments and techniques that follow from exploiting
// vulnerabilities, as probable as both steps together.
func (ed *Editor) following(ctx context.Context, r intel.Reader, flaws []store.Resolution, sure map[intel.Entity]float64, past store.Weighing) (fragments, techniques []intel.Row, err error) {
	o, err := ed.DB.Outline(ctx, r, flaws, past)
	if err != nil {
		return nil, nil, err
	}
	affects := store.Section{Relations: []intel.Relation{intel.Affects}, Class: intel.IOA}
	rows, _, err := ed.DB.RowsOf(ctx, r, o, affects, 4*mostPredicted, 0)
	if err != nil {
		return nil, nil, err
	}
	for _, a := range rows {
		row := ed.row(a, affects, score.Cuts{}, a.At)
		row.Vulnerability, row.Description = a.Link.From.Name, "follows from exploiting "+a.Link.From.Name
		fragments = append(fragments, guessed(row, a.Probability*sure[a.Link.From]))
	}
	weak := store.Section{Relations: []intel.Relation{intel.HasWeakness}, Class: intel.TTP}
	rows, _, err = ed.DB.RowsOf(ctx, r, o, weak, 4*mostPredicted, 0)
	for _, a := range rows {
		for _, id := range ed.Reference().TechniquesOf(a.Link.To.Name) {
			e := intel.NewEntity(intel.Technique, id)
			techniques = append(techniques, guessed(intel.Row{Entity: e, Value: e.Name, Relation: intel.Uses, Weakness: []string{a.Link.To.Name},
				Description: ed.because(e, "follows from exploiting "+a.Link.From.Name)}, typical*a.Probability*sure[a.Link.From]))
		}
	}
	return fragments, techniques, err
}

// forecastTechniques makes rows of what techniques are forecast.
func (ed *Editor) forecastTechniques(all []intel.Forecast) (rows []intel.Row) {
	for _, f := range all {
		e, err := intel.ParseEntity(f.Target)
		if f.Kind != string(intel.Technique) || err != nil {
			continue
		}
		rows = append(rows, guessed(intel.Row{Entity: e, Value: e.Name, Relation: intel.Uses,
			Description: ed.because(e, fmt.Sprintf("forecast for the %d days from %s", f.Horizon, f.Made.Format(time.DateOnly))) + verdict(f)}, f.Probability))
	}
	return rows
}

// leastShown is the probability below which a row reads as nought, as digits are cut.
const leastShown = .01

// verdict says of a forecast in a table what the table of forecasts says of it.
func verdict(f intel.Forecast) string {
	if f.Skill.Above() {
		return ""
	}
	return " (" + intel.NoBetter + ")"
}

// forecastFragments makes rows of what fragments are forecast, each with the likeliest
// way to it.
func forecastFragments(all []intel.Forecast) (rows []intel.Row) {
	for _, f := range all {
		e, err := intel.ParseEntity(f.Target)
		if err != nil || f.Kind != string(e.Kind) || e.Kind.Class() != intel.IOA || len(f.Reasons) < 2 {
			continue
		}
		way := wayOf(f.Reasons)
		rows = append(rows, guessed(intel.Row{Entity: e, Value: e.Name, Relation: intel.Uses, Type: string(e.Kind), Vulnerability: way.Through.Name,
			Description: way.Item + verdict(f)}, f.Probability))
	}
	return rows
}

// wayOf is the likeliest way to a fragment, which stands behind the base rate. That of an
// entry of the ledger without the vulnerability has it in its words, before what it has.
func wayOf(reasons []intel.Reason) intel.Reason {
	way := reasons[1]
	if way.Through != (intel.Entity{}) {
		return way
	}
	_, flaw, _ := strings.Cut(way.Item, "; ")
	if id, _, _ := strings.Cut(flaw, " "); strings.HasPrefix(id, "CVE-") {
		way.Through = intel.Entity{Kind: intel.Vulnerability, Name: id}
	}
	return way
}

// because joins a technique's name with why it is predicted.
func (ed *Editor) because(e intel.Entity, why string) string {
	if name := techniqueName(ed.Reference(), e); name != "" {
		return name + "; " + why
	}
	return why
}

// guessed makes a predicted row: it was never seen, and its level says so.
func guessed(row intel.Row, probability float64) intel.Row {
	row.ID, row.Joins = "", nil
	row.Predicted, row.Level, row.Probability = true, intel.Low, probability
	row.First, row.Last, row.Origins, row.Documents, row.Evidence = time.Time{}, time.Time{}, 0, 0, nil
	return row
}

// extend puts predicted rows that do not read as nought after the observed ones, if those
// are all there, and returns how many it has put there or would have.
func extend(rows *[]intel.Row, more []intel.Row, total int) int {
	seen := map[intel.Entity]bool{}
	for _, r := range *rows {
		seen[r.Entity] = true
	}
	slices.SortStableFunc(more, func(a, b intel.Row) int { return cmp.Compare(b.Probability, a.Probability) })
	var kept []intel.Row
	for _, r := range more {
		if !seen[r.Entity] && len(kept) < mostPredicted && r.Probability >= leastShown {
			seen[r.Entity] = true
			kept = append(kept, r)
		}
	}
	if len(*rows) < total {
		return 0 // a page of many; what is observed is not known whole
	}
	*rows = append(*rows, kept...)
	return len(kept)
}
