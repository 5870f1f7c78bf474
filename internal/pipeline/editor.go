package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
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
	Invented  bool          // the store holds a demonstration scenario
	Unnamed   intel.Unnamed // what sources are called that nobody named

	verdicts  verdicts
	rulings   rulings
	outlines  remembered[digestKey, store.Outline]
	digests   remembered[digestKey, digest]
	measures  remembered[measureKey, measure]
	histories remembered[historyKey, toldHistory]
	joints    remembered[jointKey, joint]
	tracks    remembered[trackKey, intel.Track]
}

// A Window says how much of a profile is wanted.
type Window struct {
	Rows    int    // of each table; 0 means all
	Section string // the table that Offset is for, such as "ioc"
	Offset  int
	Proofs  int // of each row
	// Signed puts the word of analysts on rows among the proofs, for readers who
	// may know who said it.
	Signed bool

	cuts score.Cuts // where levels begin
	// Filter narrows the table of indicators.
	Filter Filter
	// Back asks for what was believed at the moment of the profile, from the
	// evidence learned by then, instead of what is believed now.
	Back bool
}

// then is the moment that what is counted must have been known of: zero for
// now.
func (w Window) then(now time.Time) time.Time {
	if w.Back {
		return now
	}
	return time.Time{}
}

// A Filter picks indicators; its zero value picks all.
type Filter struct {
	Contains string
	Kind     intel.Kind
	Level    intel.Level
}

const (
	// everything is more rows than any table has.
	everything = 1 << 30
	// mostBack is how many rows of one sort a profile of a past moment has: each
	// is weighed anew, and only so many are kept while the others are.
	mostBack = 5000
)

// most is how many of n rows a read of this window may ask for.
func (w Window) most(n int) int {
	if w.Back {
		return min(n, mostBack)
	}
	return min(n, everything)
}

// A table is the key of one of a profile's tables with the links that make it
// up.
type table struct {
	name  string
	from  []store.Section
	kin   []kinship // of associated actors
	twins []twin    // of indicators and fragments
}

// attacked is the key of rows of which profiles have tallies alone.
const attacked = "attacks"

// links says which links make up the tables of a profile, by their keys.
func links() map[string][]store.Section {
	named := func(inward bool, kinds []intel.Kind, rel ...intel.Relation) store.Section {
		return store.Section{Relations: rel, Inward: inward, Class: intel.Name, Kinds: kinds}
	}
	actors := []intel.Kind{intel.Actor, intel.Malware, intel.Handle}
	countries := []intel.Kind{intel.Country}
	arsenal := []intel.Kind{intel.Malware, intel.Tool, intel.Vulnerability, intel.Product, intel.Label}
	of := func(class intel.Class, inward bool, rel ...intel.Relation) store.Section {
		return store.Section{Relations: rel, Inward: inward, Class: class}
	}
	return map[string][]store.Section{
		"associated_actors": {
			named(false, actors, intel.AssociatedWith, intel.PartOf),
			named(true, actors, intel.AssociatedWith, intel.PartOf, intel.Uses, intel.Exploits, intel.OriginatesFrom, intel.Targets, intel.RoutesThrough,
				intel.Researches, intel.Offers),
			named(false, nil, intel.AliasOf), named(true, nil, intel.AliasOf), // claims that join nothing
			of(intel.TTP, true, intel.Uses), of(intel.IOC, false, intel.Indicates)},
		"campaigns": {
			named(true, []intel.Kind{intel.Campaign}, intel.PartOf, intel.Uses, intel.Targets), named(false, []intel.Kind{intel.Campaign}, intel.PartOf)},
		"countries": {
			named(false, countries, intel.OriginatesFrom, intel.RoutesThrough, intel.Targets, intel.ClaimsAttack)},
		attacked: {
			named(false, []intel.Kind{intel.Sector}, intel.Targets, intel.ClaimsAttack)},
		"intentions": {
			named(false, []intel.Kind{intel.Intent}, intel.Intends, intel.Offers)},
		"research": {
			named(false, nil, intel.Researches), of(intel.TTP, false, intel.Researches)},
		"arsenal": {
			named(false, arsenal, intel.Uses, intel.Exploits, intel.Offers, intel.Affects),
			named(true, []intel.Kind{intel.Vulnerability}, intel.Affects), // of a product
			named(true, []intel.Kind{intel.Product}, intel.PartOf), named(false, []intel.Kind{intel.Vendor}, intel.PartOf)},
		"ioc": {
			of(intel.IOC, true, intel.Indicates), of(intel.IOC, false, intel.Uses)},
		"ttp": {
			of(intel.TTP, false, intel.Uses, intel.Exploits, intel.HasWeakness)},
		"ioa": {
			of(intel.IOA, false, intel.Uses, intel.Affects)},
	}
}

// Profile assembles the profile of a canonical entity and, per table, how many
// rows it has in all. An entity that the reference does not tell of and nothing
// r may see mentions is intel.ErrNotFound.
func (ed *Editor) Profile(ctx context.Context, r intel.Reader, e intel.Entity, w Window, now time.Time) (intel.Profile, map[string]int, error) {
	names, err := ed.DB.NamesOf(ctx, r, e)
	if err != nil {
		return intel.Profile{}, nil, err
	}
	plain := store.Names(names)
	w, past, err := ed.weighed(ctx, w, now)
	if err != nil {
		return intel.Profile{}, nil, err
	}
	outline, err := ed.outline(ctx, r, e, names, past)
	if err != nil {
		return intel.Profile{}, nil, err
	}
	d, err := ed.digest(ctx, r, e, outline, names, w, now)
	if err != nil {
		return intel.Profile{}, nil, err
	}
	span := d.span
	if span.Documents == 0 {
		if told, err := ed.inPacks(ctx, e); err != nil || w.Back || !told {
			return intel.Profile{}, nil, cmp.Or(err, fmt.Errorf("profile of %s: %w", e, intel.ErrNotFound))
		}
	}
	p := intel.Profile{Entity: e, AsOf: now, Origins: d.origins, First: span.First, Last: span.Last, Documents: span.Documents, Marking: span.Marking,
		Licence: ed.Licence, Invented: ed.Invented, Hidden: map[string]int{}}
	if p.Name, err = ed.title(ctx, r, e); err != nil {
		return p, nil, err
	}
	totals := map[string]int{}
	from := links()
	for _, t := range p.Tables() {
		if len(from[t.Key]) == 0 {
			continue
		}
		rows, total, err := ed.rows(ctx, r, e, outline, table{t.Key, from[t.Key], d.kinOf(t.Key), d.twins}, w, now)
		if err != nil {
			return p, nil, err
		}
		*t.Rows, totals[t.Key] = rows, total
		if more := total - len(rows); w.Back && w.Rows == 0 && more > 0 {
			p.Hidden[t.Key] = more
		}
	}
	var tables [][]intel.Row
	for _, t := range p.Tables() {
		tables = append(tables, *t.Rows)
	}
	if err := ed.disputed(ctx, r, w, now, tables...); err != nil {
		return p, nil, err
	}
	if err := ed.describe(ctx, r, &p, subject{names, plain, outline, d}, w, now); err != nil {
		return p, nil, err
	}
	p.Marking = max(p.Marking, signedBy(p))
	err = ed.predicted(ctx, r, &p, outline, totals, w, now)
	return p, totals, err
}

func (ed *Editor) title(ctx context.Context, r intel.Reader, e intel.Entity) (string, error) {
	if t := ed.Reference().Title(e); t != e.Title() {
		return t, nil
	}
	t, err := ed.DB.Title(ctx, r, e)
	if errors.Is(err, intel.ErrNotFound) || t == "" {
		return e.Title(), nil
	}
	return t, err
}

// A subject is what a profile is about, as the store knows it.
type subject struct {
	names   []store.Resolution
	plain   []intel.Entity // of names
	outline store.Outline
	digest  digest
}

// describe fills in what is not a table of links.
func (ed *Editor) describe(ctx context.Context, r intel.Reader, p *intel.Profile, s subject, w Window, now time.Time) error {
	var err error
	if p.Activities, err = ed.activities(ctx, r, s, w, now); err != nil {
		return err
	}
	p.Activities.Total = p.Documents
	if err = ed.standings(ctx, r, p, s, w, now); err != nil {
		return err
	}
	if err = ed.relations(ctx, r, p, w, now); err != nil {
		return err
	}
	if p.Attacks, err = ed.attacks(ctx, r, p, s.outline, w, now); err != nil {
		return err
	}
	if p.Forecasts, err = ed.DB.Forecasts(ctx, r, p.Entity, now); err != nil {
		return err
	}
	forecast.Sort(p.Forecasts)
	if p.Entity.Kind == intel.Actor {
		if p.NotForecast, err = Untold(ctx, ed.DB, r, now); err != nil {
			return err
		}
	}
	if err = ed.foreseen(ctx, r, p, w, now); err != nil {
		return err
	}
	if p.Aliases, p.Disputed, err = ed.aliases(ctx, r, s, w, now); err != nil {
		return err
	}
	if err = ed.contest(ctx, r, p.Entity, p.Associated, slices.Concat(p.Aliases, p.Disputed), w, now); err != nil {
		return err
	}
	weaken(p.TTP, ed.Reference())
	docs, err := ed.DB.Mentions(ctx, r, s.plain, 60, w.then(now))
	if err != nil {
		return err
	}
	p.References = references(docs, ed.Reference(), p.Entity)
	known, err := ed.catalogued(ctx, p.Entity, w.then(now))
	if err != nil {
		return err
	}
	p.Summary = strings.TrimSpace(known + " " + summary(*p, ed.Reference()))
	return nil
}
