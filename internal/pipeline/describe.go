package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// weaken tells each technique which of the weaknesses in the same table it
// answers to.
func weaken(rows []intel.Row, set *reference.Set) {
	for i := range rows {
		if rows[i].Entity.Kind != intel.Technique {
			continue
		}
		for _, w := range rows {
			if w.Entity.Kind == intel.Weakness && slices.Contains(set.TechniquesOf(w.Entity.Name), rows[i].Entity.Name) {
				rows[i].Weakness = append(rows[i].Weakness, w.Entity.Name)
			}
		}
	}
}

// listings is what reference lists say: ATT&CK is reliable, others usually so.
func listings(said []string, now time.Time) []score.Step {
	evidence := make([]intel.Evidence, len(said))
	for i, by := range said {
		evidence[i] = intel.Evidence{Origin: by, Reliability: 'B', Weight: 0.95, Learned: now}
		if by == "attack" {
			evidence[i].Reliability = 'A'
		}
	}
	return score.Learned().Explain(evidence, now)
}

func (ed *Editor) activities(ctx context.Context, r intel.Reader, s subject, w Window, now time.Time) (a intel.Activities, err error) {
	a.Monthly = slices.DeleteFunc(slices.Clone(s.digest.monthly), func(c intel.Count) bool { return c.Start.After(now.Add(intel.Skew)) })
	if a.Weekly, err = ed.DB.Weekly(ctx, r, s.plain, now.AddDate(-2, 0, 0), now, w.then(now)); err != nil {
		return a, err
	}
	docs, err := ed.DB.Mentions(ctx, r, s.plain, 12, w.then(now))
	if err != nil {
		return a, err
	}
	for _, d := range docs {
		a.Events = append(a.Events, eventOf(d))
	}
	return a, nil
}

// mostTallies is how many countries, and how many sectors, attacks are tallied by.
const mostTallies = 200

// attacks tallies whom p is said to have attacked, by country and by sector, from the
// rows that say so: what is targeted and claimed is one. Countries are those of p where
// it has all.
func (ed *Editor) attacks(ctx context.Context, r intel.Reader, p *intel.Profile, outline store.Outline, w Window, now time.Time) ([]intel.Tally, error) {
	all, keys := p.Countries, []string{attacked}
	if w.Rows > 0 && len(all) >= w.Rows || w.Section == "countries" {
		all, keys = nil, []string{"countries", attacked}
	}
	for _, key := range keys {
		t := table{name: key}
		for _, s := range links()[key] {
			s.Relations = []intel.Relation{intel.Targets, intel.ClaimsAttack}
			t.from = append(t.from, s)
		}
		rows, _, err := ed.rows(ctx, r, p.Entity, outline, t, Window{Rows: mostTallies, Back: w.Back, cuts: w.cuts}, now)
		if err != nil {
			return nil, err
		}
		all = append(slices.Clip(all), rows...)
	}
	var out []intel.Tally
	for _, row := range all {
		if row.Role == role(intel.Targets) && row.Documents > 0 {
			out = append(out, ed.tally(row))
		}
	}
	slices.SortStableFunc(out, func(a, b intel.Tally) int { return cmp.Compare(b.N, a.N) })
	return out, nil
}

// tally is a row of whom somebody attacked as one of the tallies.
func (ed *Editor) tally(row intel.Row) intel.Tally {
	t := intel.Tally{ID: row.ID, Value: row.Value, N: row.Documents, First: row.First, Last: row.Last, Origins: row.Origins, Probability: row.Probability, Level: row.Level}
	if row.Entity.Kind == intel.Country {
		t.Country, t.Value = row.Entity.Name, ed.Reference().CountryName(row.Entity.Name)
	} else {
		t.Sector = row.Value
	}
	return t
}

// references lists where it can be read up: the documents' own addresses, what
// they cite, and what the reference names, each once, at most 200.
func references(docs []intel.Document, set *reference.Set, e intel.Entity) []string {
	var out []string
	seen := map[string]bool{}
	add := func(url string) {
		if (strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")) && !seen[url] && len(out) < 200 {
			seen[url] = true
			out = append(out, url)
		}
	}
	for _, d := range docs {
		add(d.URL)
		for _, u := range d.References {
			add(u)
		}
	}
	if f, ok := set.Facts(e); ok {
		for _, u := range f.References {
			add(u)
		}
	}
	return out
}

// summary is the sentence a tired person can act on.
func summary(p intel.Profile, set *reference.Set) string {
	var b strings.Builder
	if f, ok := set.Facts(p.Entity); ok && f.Summary != "" {
		b.WriteString(f.Summary + " ")
	}
	if p.Documents == 0 {
		return b.String() + "No document at hand names it: all of this is what the reference lists."
	}
	fmt.Fprintf(&b, "Named in %s", plural(p.Documents, "document"))
	if p.Origins > 0 {
		have := "have"
		if p.Documents == 1 {
			have = "has"
		}
		fmt.Fprintf(&b, ", which %s it from %s", have, plural(p.Origins, "origin")) // cited ones too: no voices
	}
	switch {
	case p.First.IsZero():
		b.WriteString("; none of them dated.")
	case p.First.Format(time.DateOnly) == p.Last.Format(time.DateOnly):
		fmt.Fprintf(&b, "; dated %s.", p.First.Format(time.DateOnly))
	default:
		fmt.Fprintf(&b, "; dated %s to %s.", p.First.Format(time.DateOnly), p.Last.Format(time.DateOnly))
	}
	switch age := p.AsOf.Sub(p.Last); {
	case p.Last.IsZero() || age < 0:
	case age > 365*24*time.Hour:
		fmt.Fprintf(&b, " Not seen for %s.", plural(int(age.Hours()/24/365), "year"))
	default:
		b.WriteString(pace(p.Activities.Weekly, age))
	}
	return b.String()
}

// pace says how busy the last weeks were, of what was seen last so long ago; nothing
// if that is not known.
func pace(weekly []intel.Count, age time.Duration) string {
	var how string
	p := intel.PaceOf(weekly)
	switch p.Direction {
	case intel.Busier:
		how = "Busier than usual"
	case intel.Quieter:
		how = "Quieter than usual"
	case intel.Steady:
		how = "About as busy as before"
	case intel.Silent:
		return fmt.Sprintf(" Not seen for %s.", plural(int(age.Hours()/24/7), "week"))
	default:
		return ""
	}
	return fmt.Sprintf(" %s: %d since %s, %d in the four weeks before.", how, p.Now, weekly[len(weekly)-4].Start.Format(time.DateOnly), p.Before)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// A Match is an entity that a name may mean.
type Match struct {
	Entity intel.Entity
	Title  string
	Share  float64
	SaidBy []string
}

// Lookup returns whom a name means, greatest share first: a written form such
// as "malware:cobalt-strike", a CVE, a country's code or name, or any alias. A
// name that is unknown is intel.ErrNotFound.
func (ed *Editor) Lookup(ctx context.Context, r intel.Reader, name string) ([]Match, error) {
	if e, err := intel.ParseEntity(name); err == nil {
		return ed.canonical(ctx, r, e)
	}
	for _, s := range intel.Subjects() {
		matches, err := ed.canonical(ctx, r, intel.NewEntity(s.Kind, name))
		if err == nil || !errors.Is(err, intel.ErrNotFound) {
			return matches, err
		}
	}
	found, err := ed.DB.Find(ctx, r, intel.Compact(name), 20)
	if err != nil {
		return nil, err
	}
	more, err := ed.DB.Find(ctx, r, name, 20)
	if err != nil {
		return nil, err
	}
	for _, t := range append(found, more...) {
		if _, ok := t.Entity.Kind.Subject(); ok && intel.Compact(t.Entity.Name) == intel.Compact(name) {
			return ed.canonical(ctx, r, t.Entity)
		}
	}
	return nil, fmt.Errorf("profile %q: %w", name, intel.ErrNotFound)
}

// canonical returns whom e stands for among what r may see.
func (ed *Editor) canonical(ctx context.Context, r intel.Reader, e intel.Entity) ([]Match, error) {
	var matches []Match
	candidates := ed.Reference().Resolve(e)
	stored, err := ed.DB.StandsFor(ctx, r, e)
	if err != nil {
		return nil, err
	}
	if len(stored) > 0 {
		candidates = nil // what is stored heeds verdicts
	}
	for _, s := range stored {
		candidates = append(candidates, reference.Candidate{Entity: s.Canonical, Share: s.Share, SaidBy: s.SaidBy})
	}
	candidates = append(candidates, reference.Candidate{Entity: e, Share: 1})
	seen := map[intel.Entity]bool{}
	for _, c := range candidates {
		if seen[c.Entity] {
			continue
		}
		seen[c.Entity] = true
		if c.Entity == e && len(matches) > 0 {
			continue // it stands for others
		}
		known := c.Entity == e && slices.Contains(c.SaidBy, correlate.ByAnalysts)
		if !known {
			if known, err = ed.known(ctx, r, c.Entity); err != nil {
				return nil, err
			}
		}
		if known {
			title, err := ed.title(ctx, r, c.Entity)
			if err != nil {
				return nil, err
			}
			matches = append(matches, Match{c.Entity, title, c.Share, c.SaidBy})
		}
	}
	if len(matches) == 0 {
		return nil, fmt.Errorf("profile %s: %w", e, intel.ErrNotFound)
	}
	return matches, nil
}

// known reports whether the packs tell of e, or a document r may see mentions it by any
// of its names.
func (ed *Editor) known(ctx context.Context, r intel.Reader, e intel.Entity) (bool, error) {
	if told, err := ed.inPacks(ctx, e); told || err != nil {
		return told, err
	}
	names, err := ed.DB.NamesOf(ctx, r, e)
	if err != nil {
		return false, err
	}
	span, err := ed.DB.Mentioned(ctx, r, store.Names(names), time.Time{}, time.Time{})
	return span.Documents > 0, err
}
