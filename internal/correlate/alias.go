package correlate

import (
	"cmp"
	"maps"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// believable is the probability from which an alias claim counts in saying
// whom a name stands for.
const believable = 0.5

// mostShares is for how many a name stands at most. Without a bound a name
// between K others and their M aliases would be told of K times M times.
const mostShares = 8

// ByDocuments names documents among those who say that a name is an alias.
const ByDocuments = "documents"

// StandFor says whom the names in alias claims stand for. Names that known
// knows are fixed. Another stands for the known names it is called an alias of;
// without one, for those that more is said to stand for than for itself, with
// shares by belief: a name of two actors keeps both. Names that stand for
// themselves are left out. A group is nobody's malware, whatever a list of its
// names holds: names of two kinds join nothing, but for a label, whose kind
// nobody says. A claim that is held about a name does not move it;
// held about the alias, it says nothing.
func StandFor(claims []intel.Assessment, held func(intel.Link, intel.Entity) bool, known func(intel.Entity) []reference.Candidate) map[intel.Entity][]reference.Candidate {
	g := names{known: known, near: map[intel.Entity]map[intel.Entity]float64{}, flow: map[intel.Entity]float64{}, done: map[intel.Entity]map[intel.Entity]float64{}}
	against := map[intel.Link]float64{}
	for _, c := range claims {
		if c.Link.Relation == intel.NotAliasOf {
			pair := inOrder(c.Link)
			against[pair] = max(against[pair], c.Probability)
		}
	}
	for _, c := range claims {
		l := c.Link
		if l.Relation != intel.AliasOf || l.From == l.To || !alike(l.From, l.To) || c.Probability < believable || c.Probability <= against[inOrder(l)] || held(l, l.From) {
			continue
		}
		g.join(l.From, l.To, c.Probability)
		if !held(l, l.To) {
			g.join(l.To, l.From, c.Probability)
		}
		g.flow[l.To] += c.Probability
		g.flow[l.From] -= c.Probability
	}
	out := map[intel.Entity][]reference.Candidate{}
	for name := range g.near {
		shares := g.stand(name)
		if _, itself := shares[name]; itself || len(known(name)) > 0 {
			continue
		}
		for e, share := range shares {
			out[name] = append(out[name], reference.Candidate{Entity: e, Share: share, SaidBy: []string{ByDocuments}})
		}
		slices.SortFunc(out[name], func(a, b reference.Candidate) int {
			return cmp.Or(cmp.Compare(b.Share, a.Share), compare(a.Entity, b.Entity))
		})
	}
	return out
}

// alike reports whether two names may be of one thing by their kinds.
func alike(a, b intel.Entity) bool {
	software := func(k intel.Kind) bool { return k == intel.Malware || k == intel.Tool }
	return a.Kind == b.Kind || a.Kind == intel.Label || b.Kind == intel.Label || software(a.Kind) && software(b.Kind)
}

// inOrder is a link between the same two names whichever way it was said.
func inOrder(l intel.Link) intel.Link {
	if compare(l.From, l.To) > 0 {
		l.From, l.To = l.To, l.From
	}
	l.Relation = intel.AliasOf
	return l
}

func compare(a, b intel.Entity) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

// names are what alias claims connect.
type names struct {
	known func(intel.Entity) []reference.Candidate
	near  map[intel.Entity]map[intel.Entity]float64 // for whom a name may stand, with belief that both are one
	flow  map[intel.Entity]float64                  // belief in names for it less that in it for others
	done  map[intel.Entity]map[intel.Entity]float64
}

func (g *names) join(a, b intel.Entity, p float64) {
	if g.near[a] == nil {
		g.near[a] = map[intel.Entity]float64{}
	}
	g.near[a][b] = max(g.near[a][b], p)
}

// above reports whether b rather than a is the main name of both. It orders all
// names, so that nobody stands for one that stands for itself in the end.
func (g *names) above(b, a intel.Entity) bool {
	return cmp.Or(cmp.Compare(g.flow[b], g.flow[a]), compare(a, b)) > 0
}

// stand returns the shares of those whom a name stands for, of very many the
// greatest.
func (g *names) stand(name intel.Entity) map[intel.Entity]float64 {
	if shares, ok := g.done[name]; ok {
		return shares
	}
	shares := map[intel.Entity]float64{}
	others := slices.SortedFunc(maps.Keys(g.near[name]), compare)
	for _, other := range others {
		for _, c := range g.known(other) {
			if alike(name, c.Entity) {
				shares[c.Entity] += g.near[name][other] * c.Share
			}
		}
	}
	if len(shares) == 0 {
		for _, other := range others {
			if !g.above(other, name) {
				continue
			}
			for e, share := range g.stand(other) {
				shares[e] += g.near[name][other] * share
			}
		}
	}
	if len(shares) == 0 {
		shares[name] = 1
	}
	shares = greatest(shares)
	g.done[name] = shares
	return shares
}

// greatest returns the greatest shares, made to sum to 1.
func greatest(shares map[intel.Entity]float64) map[intel.Entity]float64 {
	who := slices.SortedFunc(maps.Keys(shares), func(a, b intel.Entity) int {
		return cmp.Or(cmp.Compare(shares[b], shares[a]), compare(a, b))
	})
	who = who[:min(len(who), mostShares)]
	sum := 0.0
	for _, e := range who {
		sum += shares[e]
	}
	out := make(map[intel.Entity]float64, len(who))
	for _, e := range who {
		out[e] = shares[e] / sum
	}
	return out
}
