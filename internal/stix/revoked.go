package stix

import (
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// withdrawn is what the bundle takes back, each as of when: what its revoked indicators and
// relationships stated, and indicators that are valid no longer. Of an indicator that is
// all that its source says of the value, whomever it indicates: who revokes one need not
// say again what joined it. What another object of the bundle states stands.
func (g *Graph) withdrawn() []intel.Document {
	var out []intel.Document
	gone := map[string]*object{}
	for _, o := range g.revoked {
		gone[o.ID] = o
	}
	expired := map[*object]time.Time{}
	for _, id := range g.order {
		if o := g.objects[id]; o.Type == "indicator" && gone[id] == nil {
			if until := when(o.ValidUntil); !until.IsZero() && !until.After(g.Now) {
				expired[o] = until
			}
		}
	}
	if len(g.revoked) == 0 && len(expired) == 0 {
		return nil
	}
	stands := map[intel.Entity]bool{}
	for _, id := range g.order {
		if o := g.objects[id]; o.Type == "indicator" && gone[id] == nil && expired[o].IsZero() {
			for _, e := range g.entities(o, unheard) {
				stands[e] = true
			}
		}
	}
	for _, o := range g.revoked {
		claims := g.unjoined(o, gone)
		if o.Type == "indicator" {
			claims = g.undone(o, stands)
		}
		out = append(out, g.withdrawal(o, when(o.Modified, o.Created), claims)...)
	}
	for _, id := range g.order {
		if o := g.objects[id]; !expired[o].IsZero() {
			out = append(out, g.withdrawal(o, expired[o], g.undone(o, stands))...)
		}
	}
	return out
}

// withdrawal makes documents of claims that an object takes back at a moment.
func (g *Graph) withdrawal(o *object, at time.Time, claims []intel.MarkedClaim) []intel.Document {
	if g.broken && !g.marked(o) || len(claims) == 0 {
		return nil
	}
	doc := intel.Document{Source: g.Source, Genre: intel.Report, Published: at, Learned: at, Assumed: !at.IsZero(), Marking: g.marking(o)}
	doc.Author = g.creator(o, doc.Marking)
	return doc.Split(claims, perDocument, o.ID, "withdrawn")
}

// undone is that the values of an indicator indicate nobody any more, but for those that
// stand.
func (g *Graph) undone(o *object, stands map[intel.Entity]bool) (out []intel.MarkedClaim) {
	for _, s := range g.entities(o, unheard) {
		if !stands[s] {
			out = append(out, intel.MarkedClaim{Claim: intel.Claim{Subject: s, Relation: intel.Indicates, Object: intel.Untagged(), Stance: intel.Retracts}})
		}
	}
	return out
}

// unjoined is what a revoked relationship stated, unless another states the same; nothing
// where the bundle lacks an end of it.
func (g *Graph) unjoined(r *object, gone map[string]*object) (out []intel.MarkedClaim) {
	end := func(id string) *object {
		if o := g.objects[id]; o != nil {
			return o
		}
		return gone[id]
	}
	from, to := end(r.Source), end(r.Target)
	if r.Type != "relationship" || from == nil || to == nil {
		return nil
	}
	for _, other := range g.from[r.Source] {
		if other.ID != r.ID && other.Relation == r.Relation && other.Target == r.Target {
			return nil
		}
	}
	for _, s := range g.entities(from, unheard) {
		for _, t := range g.entities(to, unheard) {
			if c, ok := state(s, r.Relation, t); ok && len(out) < 100_000 {
				c.Stance = intel.Retracts
				out = append(out, intel.MarkedClaim{Claim: c, Marking: g.marking(r, from, to)})
			}
		}
	}
	return out
}
