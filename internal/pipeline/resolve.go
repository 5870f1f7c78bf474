package pipeline

import (
	"context"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// believable is the probability from which an alias claim counts in resolving
// names.
const believable = 0.5

// resolve says whom a name stands for by the reference; nil: itself.
func (k *known) resolve(name intel.Entity) []store.Resolution {
	candidates := k.set.Resolve(name)
	if len(candidates) == 1 && candidates[0].Entity == name {
		return nil
	}
	out := make([]store.Resolution, len(candidates))
	for i, c := range candidates {
		out[i] = store.Resolution{Name: name, Canonical: c.Entity, Share: c.Share, SaidBy: c.SaidBy}
	}
	return out
}

// resolveAliases resolves the names that documents call aliases and that the
// reference does not know. A name it knows is never moved by what a document
// says: sources that disagree would merge actors.
func (p *Pipeline) resolveAliases(ctx context.Context, k *known, docs []store.Derived) error {
	seen := map[intel.Entity]bool{}
	for _, d := range docs {
		for _, e := range d.Evidence {
			if e.Link.Relation != intel.AliasOf && e.Link.Relation != intel.NotAliasOf {
				continue
			}
			for _, name := range []intel.Entity{e.Link.From, e.Link.To} {
				if seen[name] || len(k.set.Resolve(name)) > 0 {
					continue
				}
				seen[name] = true
				if err := p.resolveByClaims(ctx, k, name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// resolveByClaims makes name stand for what believed claims say it is an alias
// of: names the reference knows, shared evenly; without one, the name that is
// claimed as its main one.
func (p *Pipeline) resolveByClaims(ctx context.Context, k *known, name intel.Entity) error {
	own := []store.Resolution{{Name: name, Canonical: name, Share: 1}}
	section := store.Section{Relations: []intel.Relation{intel.AliasOf}, Class: intel.Name}
	outward, _, err := p.DB.Rows(ctx, intel.Everything(), own, section, 50, 0)
	if err != nil {
		return err
	}
	section.Inward = true
	inward, _, err := p.DB.Rows(ctx, intel.Everything(), own, section, 50, 0)
	if err != nil {
		return err
	}
	shares := map[intel.Entity]float64{}
	var order []intel.Entity
	for _, a := range append(outward, inward...) {
		if a.Probability < believable {
			continue
		}
		other := a.Link.To
		if other == name {
			other = a.Link.From
		}
		for _, c := range k.set.Resolve(other) {
			if _, ok := shares[c.Entity]; !ok {
				order = append(order, c.Entity)
			}
			shares[c.Entity] += c.Share
		}
	}
	if len(order) == 0 {
		for _, a := range outward {
			if a.Probability >= believable && a.Link.To != name {
				order, shares = []intel.Entity{a.Link.To}, map[intel.Entity]float64{a.Link.To: 1}
				break
			}
		}
	}
	sum := 0.0
	for _, s := range shares {
		sum += s
	}
	rs := make([]store.Resolution, 0, len(order))
	for _, e := range order {
		if e != name {
			rs = append(rs, store.Resolution{Name: name, Canonical: e, Share: shares[e] / sum, SaidBy: []string{"documents"}})
		}
	}
	if len(rs) == 0 {
		return nil
	}
	return p.DB.SaveResolutions(ctx, rs)
}

// Resolve resolves every name in the store again, after the reference has
// changed.
func (p *Pipeline) Resolve(ctx context.Context) error {
	k := p.known.Load()
	return p.DB.SluggedEntities(ctx, func(some []intel.Entity) error {
		var rs []store.Resolution
		titles := map[intel.Entity]string{}
		for _, e := range some {
			rs = append(rs, k.resolve(e)...)
			if t := k.set.Title(e); t != e.Title() {
				titles[e] = t
			}
		}
		if err := p.DB.SaveTitles(ctx, titles); err != nil {
			return err
		}
		return p.DB.SaveResolutions(ctx, rs)
	})
}
