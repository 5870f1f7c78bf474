package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// An Editor assembles profiles: views of what is kept, for one reader.
type Editor struct {
	DB        *store.DB
	Reference func() *reference.Set
	Licence   string
	Invented  bool // the store holds a demonstration scenario

	digests digests
}

// A Window says how much of a profile is wanted.
type Window struct {
	Rows    int    // of each table; 0 means all
	Section string // the table that Offset is for, such as "ioc"
	Offset  int
	Proofs  int // of each row
	// Filter narrows the table of indicators.
	Filter Filter
	// Back asks for what was believed at the moment of the profile, from the
	// evidence learned by then, instead of what is believed now.
	Back bool
}

// A Filter picks indicators; its zero value picks all.
type Filter struct {
	Contains string
	Kind     intel.Kind
	Level    intel.Level
}

// everything is more rows than any table has.
const everything = 1 << 30

// table says which links make up one table of a profile.
type table struct {
	name string
	put  func(*intel.Profile) *[]intel.Row
	from []store.Section
}

func tables() []table {
	named := func(inward bool, kinds []intel.Kind, rel ...intel.Relation) store.Section {
		return store.Section{Relations: rel, Inward: inward, Class: intel.Name, Kinds: kinds}
	}
	actors := []intel.Kind{intel.Actor, intel.Malware, intel.Handle}
	countries := []intel.Kind{intel.Country}
	arsenal := []intel.Kind{intel.Malware, intel.Tool, intel.Vulnerability, intel.Product, intel.Label}
	of := func(class intel.Class, inward bool, rel ...intel.Relation) store.Section {
		return store.Section{Relations: rel, Inward: inward, Class: class}
	}
	return []table{
		{"associated_actors", func(p *intel.Profile) *[]intel.Row { return &p.Associated }, []store.Section{
			named(false, actors, intel.AssociatedWith, intel.PartOf),
			named(true, actors, intel.AssociatedWith, intel.PartOf, intel.Uses, intel.Exploits, intel.OriginatesFrom, intel.Targets, intel.RoutesThrough),
			of(intel.TTP, true, intel.Uses), of(intel.IOC, false, intel.Indicates)}},
		{"campaigns", func(p *intel.Profile) *[]intel.Row { return &p.Campaigns }, []store.Section{
			named(true, []intel.Kind{intel.Campaign}, intel.PartOf, intel.Uses, intel.Targets), named(false, []intel.Kind{intel.Campaign}, intel.PartOf)}},
		{"countries", func(p *intel.Profile) *[]intel.Row { return &p.Countries }, []store.Section{
			named(false, countries, intel.OriginatesFrom, intel.RoutesThrough, intel.Targets, intel.ClaimsAttack)}},
		{"intentions", func(p *intel.Profile) *[]intel.Row { return &p.Intentions }, []store.Section{
			named(false, []intel.Kind{intel.Intent}, intel.Intends, intel.Offers)}},
		{"research", func(p *intel.Profile) *[]intel.Row { return &p.Research }, []store.Section{
			named(false, nil, intel.Researches), of(intel.TTP, false, intel.Researches)}},
		{"arsenal", func(p *intel.Profile) *[]intel.Row { return &p.Arsenal }, []store.Section{
			named(false, arsenal, intel.Uses, intel.Exploits, intel.Offers, intel.Affects)}},
		{"ioc", func(p *intel.Profile) *[]intel.Row { return &p.IOC }, []store.Section{
			of(intel.IOC, true, intel.Indicates), of(intel.IOC, false, intel.Uses)}},
		{"ttp", func(p *intel.Profile) *[]intel.Row { return &p.TTP }, []store.Section{
			of(intel.TTP, false, intel.Uses, intel.Exploits, intel.HasWeakness)}},
		{"ioa", func(p *intel.Profile) *[]intel.Row { return &p.IOA }, []store.Section{
			of(intel.IOA, false, intel.Uses, intel.Affects)}},
	}
}

// Profile assembles the profile of a canonical entity and, per table, how many
// rows it has in all. An entity that nothing r may see mentions is
// intel.ErrNotFound.
func (ed *Editor) Profile(ctx context.Context, r intel.Reader, e intel.Entity, w Window, now time.Time) (intel.Profile, map[string]int, error) {
	names, err := ed.DB.NamesOf(ctx, e)
	if err != nil {
		return intel.Profile{}, nil, err
	}
	plain := make([]intel.Entity, len(names))
	for i, n := range names {
		plain[i] = n.Name
	}
	d, err := ed.digest(ctx, r, e, plain)
	if err != nil {
		return intel.Profile{}, nil, err
	}
	span := d.span
	if span.Documents == 0 {
		return intel.Profile{}, nil, fmt.Errorf("profile of %s: %w", e, intel.ErrNotFound)
	}
	p := intel.Profile{Entity: e, AsOf: now, Origins: d.origins, First: span.First, Last: span.Last, Documents: span.Documents, Marking: span.Marking,
		Licence: ed.Licence, Invented: ed.Invented, Hidden: map[string]int{}}
	if p.Name, err = ed.title(ctx, e); err != nil {
		return p, nil, err
	}
	outline, err := ed.DB.Outline(ctx, r, names)
	if err != nil {
		return p, nil, err
	}
	totals := map[string]int{}
	for _, t := range tables() {
		rows, total, err := ed.rows(ctx, r, outline, t, w, now)
		if err != nil {
			return p, nil, err
		}
		*t.put(&p), totals[t.name] = rows, total
	}
	if err := ed.describe(ctx, r, &p, subject{names, plain, outline, d}, now); err != nil {
		return p, nil, err
	}
	err = ed.predicted(ctx, r, &p, outline, totals)
	return p, totals, err
}

func (ed *Editor) title(ctx context.Context, e intel.Entity) (string, error) {
	if t := ed.Reference().Title(e); t != e.Title() {
		return t, nil
	}
	t, err := ed.DB.Title(ctx, e)
	if errors.Is(err, intel.ErrNotFound) || t == "" {
		return e.Title(), nil
	}
	return t, err
}

func (ed *Editor) rows(ctx context.Context, r intel.Reader, outline store.Outline, t table, w Window, now time.Time) ([]intel.Row, int, error) {
	limit, offset := cmp.Or(w.Rows, everything), 0
	if w.Section == t.name {
		offset = w.Offset
	}
	total := 0
	var all []intel.Row
	for _, s := range t.from {
		if t.name == "ioc" {
			s.Contains, s.Level = w.Filter.Contains, w.Filter.Level
			if w.Filter.Kind != "" {
				s.Kinds = []intel.Kind{w.Filter.Kind}
			}
		}
		most := min(limit+offset, everything)
		if w.Back {
			most = everything // what was first then may be last now
		}
		found, n, err := ed.DB.RowsOf(ctx, r, outline, s, most, 0)
		if err == nil && w.Back {
			found, err = ed.back(ctx, r, found, now)
			n = len(found)
		}
		if err != nil {
			return nil, 0, err
		}
		total += n
		for _, a := range found {
			all = append(all, ed.row(a, s))
		}
	}
	slices.SortStableFunc(all, func(a, b intel.Row) int { return cmp.Compare(b.Probability, a.Probability) })
	all, total = distinct(all, total)
	if t.name == "research" {
		all = emerging(all, now)
		total = len(all)
	}
	all = all[min(offset, len(all)):min(offset+limit, len(all))]
	return all, total, ed.prove(ctx, r, all, w.Proofs)
}

// freshResearch is how long what somebody looks into counts as new.
const freshResearch = 90 * 24 * time.Hour

// emerging keeps what somebody looks into for the first time: nothing of the
// year before the last 90 days.
func emerging(rows []intel.Row, now time.Time) []intel.Row {
	return slices.DeleteFunc(rows, func(r intel.Row) bool { return r.First.IsZero() || r.First.Before(now.Add(-freshResearch)) })
}

// back assesses links as of a past moment. A link nobody had spoken of by then
// is left out.
func (ed *Editor) back(ctx context.Context, r intel.Reader, found []store.Assessed, then time.Time) ([]store.Assessed, error) {
	var out []store.Assessed
	for _, a := range found {
		evidence, err := ed.DB.Evidence(ctx, r, a.ID, then)
		if err != nil {
			return nil, err
		}
		levels := score.Links(evidence, then)
		if len(levels) == 0 {
			continue
		}
		a.Assessment = levels[len(levels)-1]
		out = append(out, a)
	}
	return out, nil
}

// distinct keeps the most probable of rows that say the same of the same: a
// link that holds both ways is one row.
func distinct(rows []intel.Row, total int) ([]intel.Row, int) {
	type key struct {
		entity   intel.Entity
		relation intel.Relation
	}
	seen := make(map[key]bool, len(rows))
	kept := rows[:0]
	for _, r := range rows {
		k := key{r.Entity, r.Relation}
		if seen[k] {
			total--
			continue
		}
		seen[k] = true
		kept = append(kept, r)
	}
	return kept, total
}

// prove puts the weightiest evidence under each row.
func (ed *Editor) prove(ctx context.Context, r intel.Reader, rows []intel.Row, n int) error {
	if n == 0 {
		return nil
	}
	ids := make([]int64, 0, len(rows))
	for _, row := range rows {
		id, err := strconv.ParseInt(row.ID, 10, 64)
		if err != nil {
			return fmt.Errorf("row %q: %w", row.ID, intel.ErrInvalid)
		}
		ids = append(ids, id)
	}
	proofs, err := ed.DB.Proofs(ctx, r, ids, n)
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].Evidence = proofs[ids[i]]
	}
	return nil
}

// row makes one printable row of an assessed link.
func (ed *Editor) row(a store.Assessed, s store.Section) intel.Row {
	e, title := a.Other(s)
	set := ed.Reference()
	row := intel.Row{ID: strconv.FormatInt(a.ID, 10), Entity: e, Value: e.Name, Relation: a.Link.Relation,
		Hostname: a.Context.Hostname, Campaign: a.Context.Campaign, Phase: a.Context.Phase,
		Level: a.Level, Probability: a.Probability, First: a.First, Last: a.Last, Origins: a.Origins, Documents: a.Documents,
		Description: a.Context.Note}
	switch e.Kind.Class() {
	case intel.Name:
		row.Value = cmp.Or(title, set.Title(e))
	case intel.IOA, intel.IOC:
		row.Type = string(e.Kind)
	case intel.TTP:
		row.Description = cmp.Or(techniqueName(set, e), title)
	}
	switch a.Link.Relation {
	case intel.OriginatesFrom:
		row.Role = "origin"
	case intel.RoutesThrough:
		row.Role = "proxy"
	case intel.Targets, intel.ClaimsAttack:
		row.Role = "target"
	}
	return row
}

func techniqueName(set *reference.Set, e intel.Entity) string {
	if t, ok := set.Technique(e.Name); ok {
		return t.Name
	}
	if name, ok := set.Weakness(e.Name); ok {
		return name
	}
	return ""
}

// A subject is what a profile is about, as the store knows it.
type subject struct {
	names   []store.Resolution
	plain   []intel.Entity // of names
	outline store.Outline
	digest  digest
}

// describe fills in what is not a table of links.
func (ed *Editor) describe(ctx context.Context, r intel.Reader, p *intel.Profile, s subject, now time.Time) error {
	var err error
	if p.Activities, err = ed.activities(ctx, r, s.plain, s.digest.monthly, now); err != nil {
		return err
	}
	p.Activities.Total = p.Documents
	if p.Attacks, err = ed.attacks(ctx, r, s.outline); err != nil {
		return err
	}
	if p.Forecasts, err = ed.DB.Forecasts(ctx, p.Entity, now); err != nil {
		return err
	}
	if p.Aliases, err = ed.aliases(ctx, p.Entity, s.names); err != nil {
		return err
	}
	weaken(p.TTP, ed.Reference())
	docs, err := ed.DB.Mentions(ctx, r, s.plain, 60)
	if err != nil {
		return err
	}
	p.References = references(docs, ed.Reference(), p.Entity)
	known, err := ed.catalogued(ctx, p.Entity)
	if err != nil {
		return err
	}
	p.Summary = strings.TrimSpace(known + " " + summary(*p, ed.Reference()))
	return nil
}
