package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// mostHoldings is how many links of one kind the heads of characteristics read.
	mostHoldings = 200_000
	// mostNew is how many vulnerabilities that nobody is known to exploit are asked of.
	mostNew = 1200
	// fragmentLeast is how far it must be believed that a vulnerability has a fragment.
	fragmentLeast = 0.1
	// uptakeSeed is that of what is drawn when they are fitted.
	uptakeSeed = 1
)

// A trait is a sort of characteristic that is forecast, and the relations it
// shows in.
type trait struct {
	kind      intel.Kind
	relations []intel.Relation
	// by is the relation by which a vulnerability has it: who exploits that has it, too.
	by intel.Relation
}

func traits() []trait {
	return []trait{
		{kind: intel.Technique, relations: []intel.Relation{intel.Uses}},
		{kind: intel.Weakness, relations: []intel.Relation{intel.Uses, intel.Exploits}, by: intel.HasWeakness},
		{kind: intel.Vulnerability, relations: []intel.Relation{intel.Exploits}},
		{kind: intel.Product, relations: []intel.Relation{intel.Exploits, intel.Targets}, by: intel.Affects},
		{kind: intel.Country, relations: []intel.Relation{intel.Targets, intel.ClaimsAttack}},
		{kind: intel.Sector, relations: []intel.Relation{intel.Targets, intel.ClaimsAttack}},
		{kind: intel.Tool, relations: []intel.Relation{intel.Uses}},
	}
}

// holders are whose links are learned from; forecasts are made of actors alone.
func holders() []intel.Kind {
	return []intel.Kind{intel.Actor, intel.Campaign, intel.Malware, intel.Tool}
}

// holdings are what a reader may know of who has what, as heads are fitted to it.
type holdings struct {
	of map[intel.Kind][]store.Holding // by kind of what is had
	// firm are those of them that do not rest on what one voice alone told beyond its
	// habit; lone says whose word the others are, in front of whom. Nil: all are.
	firm map[intel.Kind][]store.Holding
	lone map[intel.Kind]map[intel.Entity]string
	// flaws are, by vulnerability, the weaknesses, products and fragments it has.
	flaws map[intel.Entity][]store.Holding
	// said are the links of these that one source alone tells of which is not the
	// collector; nil: none.
	said  map[[2]intel.Entity]bool
	by    map[intel.Entity][]intel.Entity // what actors have that leads to fragments
	sure  map[intel.Entity][]intel.Entity // that of what is firm
	used  map[intel.Entity]bool           // vulnerabilities that somebody exploits
	now   time.Time
	since time.Time // somebody is heard of; zero: always
}

// holdings reads what heads are fitted to; what of it is firm as well, if that is to
// bound them.
func (p *Pipeline) holdings(ctx context.Context, r intel.Reader, now time.Time, bounded bool) (*holdings, error) {
	h := &holdings{of: map[intel.Kind][]store.Holding{}, flaws: map[intel.Entity][]store.Holding{}, now: now}
	for _, t := range traits() {
		some, err := p.DB.Holdings(ctx, r, store.Held{From: holders(), To: []intel.Kind{t.kind}, Relations: t.relations, Least: taken, Most: mostHoldings})
		if err != nil {
			return nil, err
		}
		h.of[t.kind] = some
	}
	if bounded {
		if err := p.firm(ctx, r, h); err != nil {
			return nil, err
		}
	}
	for _, e := range slices.SortedFunc(maps.Keys(p.Reference().Arsenals()), byName) {
		for _, id := range p.Reference().Arsenals()[e] {
			h.add(intel.Technique, store.Holding{From: e, To: intel.Entity{Kind: intel.Technique, Name: id}}, true)
		}
	}
	if bounded && len(h.of[intel.Vulnerability]) > 0 {
		var err error
		if h.said, err = p.saidOfFlaws(ctx, r, now); err != nil {
			return nil, err
		}
	}
	if err := p.flaws(ctx, r, h); err != nil {
		return nil, err
	}
	h.throughFlaws()
	return h, p.fragmentsOf(ctx, r, h)
}

// fragmentsOf notes what leads actors to fragments: those that they use, and their
// vulnerabilities, weaknesses and products.
func (p *Pipeline) fragmentsOf(ctx context.Context, r intel.Reader, h *holdings) error {
	h.used = map[intel.Entity]bool{}
	for _, x := range h.of[intel.Vulnerability] {
		h.used[x.To] = true
	}
	if len(h.flaws) == 0 {
		return nil
	}
	used, err := p.DB.Holdings(ctx, r, store.Held{From: []intel.Kind{intel.Actor}, To: intel.KindsOf(intel.IOA), Relations: []intel.Relation{intel.Uses}, Most: mostHoldings})
	h.by, h.sure = leading(used, h.of), leading(used, h.of)
	if h.firm != nil {
		h.sure = leading(used, h.firm)
	}
	return err
}

// leading are the fragments that actors use, and what else they have that leads to such.
func leading(used []store.Holding, of map[intel.Kind][]store.Holding) map[intel.Entity][]intel.Entity {
	out := map[intel.Entity][]intel.Entity{}
	for _, some := range [][]store.Holding{used, of[intel.Vulnerability], of[intel.Weakness], of[intel.Product]} {
		for _, x := range some {
			if x.From.Kind == intel.Actor {
				out[x.From] = append(out[x.From], x.To)
			}
		}
	}
	return out
}

func byName(a, b intel.Entity) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

// flaws reads what vulnerabilities have: those that somebody exploits, and the newest
// of those that nobody does, of the same products first.
func (p *Pipeline) flaws(ctx context.Context, r intel.Reader, h *holdings) error {
	exploited := map[intel.Entity]bool{}
	for _, x := range h.of[intel.Vulnerability] {
		exploited[x.To] = true
	}
	if len(exploited) == 0 {
		return nil
	}
	of := store.Held{From: []intel.Kind{intel.Vulnerability}, To: flawKinds(), Relations: []intel.Relation{intel.Affects, intel.HasWeakness}, Least: fragmentLeast, Most: mostHoldings}
	of.Of = slices.SortedFunc(maps.Keys(exploited), byName)
	known, err := p.DB.Holdings(ctx, r, of)
	if err != nil {
		return err
	}
	products := map[intel.Entity]bool{}
	for _, x := range known {
		if x.To.Kind == intel.Product {
			products[x.To] = true
		}
	}
	fresh, err := p.freshFlaws(ctx, r, h, products, exploited)
	if err != nil {
		return err
	}
	of.Of = fresh
	more, err := p.DB.Holdings(ctx, r, of)
	for _, x := range append(known, more...) {
		h.flaws[x.From] = append(h.flaws[x.From], x)
	}
	return err
}

// flawKinds are what vulnerabilities have.
func flawKinds() []intel.Kind {
	return append([]intel.Kind{intel.Weakness, intel.Product}, intel.KindsOf(intel.IOA)...)
}

// freshFlaws are the newest vulnerabilities that are not exploited: of products that
// somebody attacks, and behind them such as have fragments, half as many at least. What
// one voice alone says of some takes no place of others.
func (p *Pipeline) freshFlaws(ctx context.Context, r intel.Reader, h *holdings, products, exploited map[intel.Entity]bool) ([]intel.Entity, error) {
	of := store.Held{From: []intel.Kind{intel.Vulnerability}, To: []intel.Kind{intel.Product}, Relations: []intel.Relation{intel.Affects},
		Least: taken, Most: mostHoldings, Whose: slices.SortedFunc(maps.Keys(products), byName)}
	near, err := p.DB.Holdings(ctx, r, of)
	if err != nil {
		return nil, err
	}
	of.To, of.Least, of.Whose = intel.KindsOf(intel.IOA), fragmentLeast, nil
	told, err := p.DB.Holdings(ctx, r, of)
	if err != nil {
		return nil, err
	}
	out := h.newest(near, exploited)
	out = out[:min(mostNew/2, len(out))]
	seen := map[intel.Entity]bool{}
	for _, e := range out {
		seen[e] = true
	}
	for _, e := range h.newest(told, exploited) {
		if !seen[e] && len(out) < mostNew {
			out = append(out, e)
		}
	}
	return out, nil
}

// newest are who has something in holdings, the newest first, without some, and such
// behind them of which one voice alone says so.
func (h *holdings) newest(all []store.Holding, without map[intel.Entity]bool) []intel.Entity {
	first, last := map[intel.Entity]time.Time{}, map[intel.Entity]int{}
	for _, x := range all {
		if without[x.From] {
			continue
		}
		on, known := first[x.From]
		if !known {
			last[x.From] = 1
		}
		if on.IsZero() || x.First.Before(on) {
			first[x.From] = x.First
		}
		if !h.saidAlone(x) {
			last[x.From] = 0
		}
	}
	return slices.SortedFunc(maps.Keys(first), func(a, b intel.Entity) int {
		return cmp.Or(cmp.Compare(last[a], last[b]), first[b].Compare(first[a]), byName(a, b))
	})
}

// saidAlone reports whether one voice alone says of a vulnerability that it has something.
func (h *holdings) saidAlone(x store.Holding) bool { return h.said[[2]intel.Entity{x.From, x.To}] }

// throughFlaws gives who exploits a vulnerability what that has.
func (h *holdings) throughFlaws() {
	firm := map[[2]intel.Entity]bool{}
	for _, x := range h.firm[intel.Vulnerability] {
		firm[[2]intel.Entity{x.From, x.To}] = true
	}
	for _, t := range traits() {
		if t.by == "" {
			continue
		}
		for _, x := range h.of[intel.Vulnerability] {
			for _, has := range h.flaws[x.To] {
				if has.To.Kind == t.kind && has.Probability >= taken {
					h.add(t.kind, store.Holding{From: x.From, To: has.To, First: x.First}, firm[[2]intel.Entity{x.From, x.To}] && !h.saidAlone(has))
				}
			}
		}
	}
}

// add adds what somebody has, and that it is firm.
func (h *holdings) add(kind intel.Kind, x store.Holding, firm bool) {
	h.of[kind] = append(h.of[kind], x)
	if h.firm != nil && firm {
		h.firm[kind] = append(h.firm[kind], x)
	}
}

// day is a date in days since 1970, 0 where there is none or it is still to come.
func (h *holdings) day(t time.Time) int32 {
	if t.IsZero() || t.After(h.now) || t.Year() < 1971 {
		return 0
	}
	return int32(t.Unix() / 86400) //nolint:gosec // less than a million
}
