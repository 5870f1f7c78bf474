package pipeline

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/forecast/characteristics"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// mostFlawsAsked is through how many of the vulnerabilities that an actor is likeliest
	// to turn to its fragments are looked for.
	mostFlawsAsked = 200
	// unlikely is the probability below which a fragment is not predicted.
	unlikely = 0.01
	// mostPaths is how many ways to a fragment are told.
	mostPaths = 3
)

// A way leads to a fragment through a vulnerability.
type way struct {
	flaw                    intel.Entity
	probability, base, easy float64 // by the head, as usual, and by popularity
	without                 float64 // by the head without the word of single voices
	has                     float64 // how far it is believed that it has the fragment
}

// fragments are those that an actor has not been seen to use, but is likely to: those of
// the vulnerabilities it is likely to turn to, likeliest first.
func (h *holdings) fragments(d *head, actor intel.Entity, most int) []forecast.Prospect {
	if d == nil {
		return nil
	}
	known, sure, ways := h.arsenal(h.by[actor], false), h.arsenal(h.sure[actor], true), map[intel.Entity][]way{}
	for _, p := range d.prospects(actor, mostFlawsAsked, intel.Entity.Title) {
		for _, x := range h.flaws[p.Target] {
			if x.To.Kind.Class() == intel.IOA && !sure[x.To] {
				w := way{p.Target, p.Probability, p.BaseRate, p.Simple, cmp.Or(p.Without, p.Probability), x.Probability}
				if h.saidAlone(x) {
					w.without = 0
				}
				ways[x.To] = append(ways[x.To], w)
			}
		}
	}
	inputs := forecast.Digest("fragments", d.inputs, actor)
	var out []forecast.Prospect
	for e, of := range ways {
		p := forecast.Prospect{Target: e, Probability: anyOf(of, func(w way) float64 { return w.probability }), BaseRate: anyOf(of, func(w way) float64 { return w.base }),
			Simple: anyOf(of, func(w way) float64 { return w.easy }), Model: "through flaws; " + d.model(), Inputs: inputs, ByWay: byWay(intel.Affects)}
		p.Without = anyOf(of, func(w way) float64 { return w.without })
		bound := characteristics.Heed(p.Probability, p.Without)
		if bound < unlikely || known[e] && p.Without <= characteristics.Heeded {
			continue
		}
		slices.SortFunc(of, func(a, b way) int {
			return cmp.Or(cmp.Compare(b.probability*b.has, a.probability*a.has), byName(a.flaw, b.flaw))
		})
		p.Reasons = h.ways(p, of, known)
		if bound != p.Probability {
			by := logOdds(bound) - logOdds(p.Probability)
			p.Probability, p.Reasons = bound, append(p.Reasons, intel.Reason{Item: cmp.Or(d.whose[actor], boundedByOthers), Contribution: by})
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b forecast.Prospect) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), byName(a.Target, b.Target))
	})
	return out[:min(most, len(out))]
}

// anyOf is how likely one of several ways is at least, as if they were independent.
func anyOf(ways []way, of func(way) float64) float64 {
	none := 1.0
	for _, w := range ways {
		none *= 1 - of(w)*w.has
	}
	return min(max(1-none, 1e-6), 0.98)
}

// arsenal is what an actor has that has some things: fragments, weaknesses, products, and
// vendors, of its own and of the vulnerabilities it exploits; sure: but for what one voice
// alone says these have.
func (h *holdings) arsenal(has []intel.Entity, sure bool) map[intel.Entity]bool {
	out := map[intel.Entity]bool{}
	for _, x := range has {
		out[x] = true
		for _, has := range h.flaws[x] {
			if sure && h.saidAlone(has) {
				continue
			}
			if has.To.Kind.Class() == intel.IOA || has.Probability >= taken {
				out[has.To] = true
			}
		}
	}
	for e := range out {
		if e.Kind == intel.Product {
			out[vendorOf(e)] = true
		}
	}
	return out
}

func logOdds(p float64) float64 { return math.Log(p) - math.Log1p(-p) }

func vendorOf(product intel.Entity) intel.Entity {
	vendor, _, _ := strings.Cut(product.Name, "/")
	return intel.Entity{Kind: intel.Vendor, Name: vendor}
}

// ways split the log-odds of a fragment among the ways to it, by how much each brings.
func (h *holdings) ways(p forecast.Prospect, ways []way, known map[intel.Entity]bool) []intel.Reason {
	all := 0.0
	for _, w := range ways {
		all -= math.Log1p(-w.probability * w.has)
	}
	left := logOdds(p.Probability) - logOdds(p.BaseRate)
	moved, out := left, []intel.Reason{{Item: "base rate", Contribution: logOdds(p.BaseRate)}}
	for _, w := range ways[:min(mostPaths, len(ways))] {
		by := left
		if len(ways) > 1 {
			by = -moved * math.Log1p(-w.probability*w.has) / max(all, 1e-12)
		}
		out = append(out, intel.Reason{Item: h.path(w.flaw, p.Target, known), Contribution: by, Through: w.flaw})
		left -= by
	}
	if len(ways) > mostPaths {
		out = append(out, intel.Reason{Item: fmt.Sprintf("%d more vulnerabilities that have it", len(ways)-mostPaths), Contribution: left})
	}
	return out
}

// path tells the way to a fragment: what the actor has of the vulnerability, and what
// that has.
func (h *holdings) path(flaw, fragment intel.Entity, known map[intel.Entity]bool) string {
	weakness, vendor, product, of := "", "", "", ""
	for _, x := range h.flaws[flaw] {
		if x.Probability < taken {
			continue
		}
		switch x.To.Kind {
		case intel.Weakness:
			if known[x.To] && weakness == "" {
				weakness = x.To.Name
			}
		case intel.Product:
			if of == "" || known[x.To] && product == "" {
				of = x.To.Name
			}
			if known[x.To] && product == "" {
				product = x.To.Name
			}
			if v := vendorOf(x.To); known[v] && vendor == "" {
				vendor = v.Name
			}
		}
	}
	if vendor != "" && product == "" {
		product = "vendor " + vendor
	}
	uses := "flaws like it are exploited"
	switch {
	case weakness != "" && product != "":
		uses = "uses " + weakness + " in " + product
	case weakness != "":
		uses = "uses " + weakness
	case product != "":
		uses = "attacks " + product
	case h.used[flaw]:
		uses = "others exploit it"
	}
	if of != "" {
		of = " in " + of
	}
	return fmt.Sprintf("%s; %s%s has %s %s", uses, flaw.Name, of, fragment.Kind, fragment.Name)
}
