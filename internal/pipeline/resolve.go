package pipeline

import (
	"context"
	"slices"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// settled is how many names are settled at once.
	settled = 500
	// related is how many names that claims connect with them are read, and
	// once more what is one claim further: ten thousand aliases of one name are.
	related = 2000
)

// resolve says whom a name stands for by the reference; none: itself.
func (k *known) resolve(name intel.Entity) []store.Resolution {
	return resolutions(name, k.set.Resolve(name))
}

func resolutions(name intel.Entity, candidates []reference.Candidate) []store.Resolution {
	if len(candidates) == 1 && candidates[0].Entity == name && !slices.Contains(candidates[0].SaidBy, correlate.ByAnalysts) {
		return nil
	}
	out := make([]store.Resolution, len(candidates))
	for i, c := range candidates {
		out[i] = store.Resolution{Name: name, Canonical: c.Entity, Share: c.Share, SaidBy: c.SaidBy}
	}
	return out
}

// Settle says of every unresolved name whom it stands for. A name the
// reference knows is never moved by what a document says: sources that disagree
// would merge actors. Other names stand for what believed claims say, but one
// voice alone does not move a name that others speak of.
func (p *Pipeline) Settle(ctx context.Context) error {
	p.settling.Lock() // two at once would settle the same
	defer p.settling.Unlock()
	k := p.known.Load()
	for {
		names, err := p.DB.Unresolved(ctx, settled)
		if err != nil || len(names) == 0 {
			return err
		}
		all, err := p.DB.AliasVerdicts(ctx) // behind the names: one that came with a name is among them
		if err != nil {
			return err
		}
		rulings := correlate.NewRulings(intel.InForce(all), k.set.Resolve)
		ruled := func(name intel.Entity) []reference.Candidate { return rulings.On(name, k.set.Resolve(name)) }
		read, cut, err := p.component(ctx, k, names)
		if err != nil {
			return err
		}
		beside, err := p.DB.Asked(ctx, read) // before the claims are read for good
		if err != nil {
			return err
		}
		standings, err := p.standings(ctx, ruled, read, cut)
		if err != nil {
			return err
		}
		s := store.Settlement{Names: names, Titles: map[intel.Entity]string{}}
		asked := make(map[intel.Entity]bool, len(names))
		for _, u := range names {
			asked[u.Name] = true
			if t := k.set.Title(u.Name); t != u.Name.Title() {
				s.Titles[u.Name] = t
			}
		}
		for _, u := range beside {
			if !asked[u.Name] {
				s.Names = append(s.Names, u)
			}
		}
		for _, u := range s.Names {
			if candidates := ruled(u.Name); len(candidates) > 0 {
				s.Resolutions = append(s.Resolutions, resolutions(u.Name, candidates)...)
				continue
			}
			for _, st := range standings {
				st.candidates[u.Name] = rulings.On(u.Name, st.candidates[u.Name])
				s.Resolutions = append(s.Resolutions, st.resolutions(u.Name)...)
			}
		}
		if err := p.DB.Settle(ctx, s); err != nil {
			return err
		}
	}
}

// A standing is whom names stand for by the claims that readers cleared for
// from and not for below may see.
type standing struct {
	from, below intel.Marking
	candidates  map[intel.Entity][]reference.Candidate
}

func (s standing) resolutions(name intel.Entity) []store.Resolution {
	out := resolutions(name, s.candidates[name])
	for i := range out {
		out[i].Marking, out[i].Below = s.from, s.below
	}
	return out
}

// A holding is an alias claim and a name that it may not move.
type holding struct {
	link intel.Link
	name intel.Entity
}

// standings reads the claims about names as each clearance that makes a
// difference sees them, the strictest first. Where all is TLP:CLEAR they are
// read once. Of names that were cut off from others only those are moved that
// are said to be known ones.
func (p *Pipeline) standings(ctx context.Context, known func(intel.Entity) []reference.Candidate, names []intel.Entity, cut bool) (out []standing, err error) {
	for below := intel.Red + 1; below > intel.Clear; {
		claims, err := p.DB.Aliases(ctx, intel.Reader{Clearance: below - 1}, names)
		if err != nil {
			return nil, err
		}
		if cut {
			claims = slices.DeleteFunc(claims, func(c intel.Assessment) bool { return len(known(c.Link.From)) == 0 && len(known(c.Link.To)) == 0 })
		}
		holds, err := p.DB.Holds(ctx, intel.Reader{Clearance: below - 1}, claims, p.Unnamed)
		if err != nil {
			return nil, err
		}
		from := intel.Clear
		for _, c := range claims {
			from = max(from, c.Marking)
		}
		held := make(map[holding]bool, len(holds))
		for _, h := range holds {
			from = max(from, h.Marking)
			held[holding{h.Link, h.Name}] = true
		}
		out = append(out, standing{from, below, correlate.StandFor(claims, func(l intel.Link, name intel.Entity) bool { return held[holding{l, name}] }, known)})
		below = from
	}
	return out, nil
}

// component gathers the names that alias claims connect with names, however
// indirectly, and that the reference does not know: those it knows connect
// nothing. A component that is as long as no real one is cut: each part would
// have its own end.
func (p *Pipeline) component(ctx context.Context, k *known, names []store.Unresolved) (read []intel.Entity, cut bool, err error) {
	seen := map[intel.Entity]bool{}
	var next []intel.Entity
	visit := func(e intel.Entity) {
		if !seen[e] && len(k.set.Resolve(e)) == 0 {
			seen[e] = true
			next = append(next, e)
		}
	}
	for _, u := range names {
		visit(u.Name)
	}
	for len(next) > 0 && len(read) < related {
		step := next
		next = nil
		read = append(read, step...)
		claims, err := p.DB.Aliases(ctx, intel.Everything(), step)
		if err != nil {
			return nil, false, err
		}
		for _, c := range claims {
			visit(c.Link.From)
			visit(c.Link.To)
		}
	}
	return read, len(next) > 0, nil
}
