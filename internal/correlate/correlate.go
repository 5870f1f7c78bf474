// Package correlate says what a document's mentions and claims come to:
// evidence for links between entities, weighed by how directly the document
// says so.
//
// A claim of a structured source is as direct as it gets. In text, what stands
// in one sentence weighs more than what stands in one paragraph, and that more
// than what merely stands in one document; a document about one actor outweighs
// one that lists forty. The package is pure: equal arguments give equal
// evidence, in equal order.
package correlate

import (
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// Version changes whenever the same document would give other evidence.
func Version() int { return 22 }

// Weights of evidence by how directly a document says it.
const (
	stated         = 0.95 // a structured source's own words
	sentenceWeight = 0.85
	paragraph      = 0.5
	implied        = 0.45 // by a document about one actor
	document       = 0.3
)

const (
	// most is the most evidence the text of one document gives. A text of more is
	// cut: what says everything about everybody says nothing.
	most = 5000
	// mostUnweighed is how many of the pieces that a text is cut by are told apart.
	mostUnweighed = 20_000
	// mostClaims is how many claims of one document are heard, more than a line of
	// JSON or a list of a vendor has.
	mostClaims = 50_000
)

// Unheard returns how many claims of a document are too many: they come to no
// evidence, and whoever brings the document is to be told.
func Unheard(doc intel.Document) int { return max(0, len(doc.Claims)-mostClaims) }

// gathering is the evidence of one document under way.
type gathering struct {
	doc    intel.Document
	set    *reference.Set
	origin string
	out    []intel.Evidence
	room   int                 // of how many pieces text may make out
	seen   map[intel.Link]int  // index in out of text evidence
	left   map[intel.Link]bool // of what the text says once it has made so many
	// resolved remembers whom names stand for.
	resolved map[intel.Entity]intel.Entity
	routed   map[passage]bool
	haggles  bool   // the document is a negotiation
	others   []span // where others than its author speak
}

// Evidence turns what a document mentions and claims into evidence. Observations
// that were set aside yield none.
func Evidence(doc intel.Document, observations []intel.Observation, set *reference.Set) []intel.Evidence {
	evidence, _ := Weighable(doc, observations, set)
	return evidence
}

// Weighable returns the evidence of a document, and how much more its text says than
// is weighed; 20,000 may be more.
func Weighable(doc intel.Document, observations []intel.Observation, set *reference.Set) (evidence []intel.Evidence, unweighed int) {
	g := &gathering{doc: doc, set: set, origin: Origin(doc), haggles: negotiation(doc)}
	for _, c := range doc.Claims[:len(doc.Claims)-Unheard(doc)] {
		g.claim(c)
	}
	g.room = len(g.out) + most
	if doc.Text != "" {
		g.seen, g.left = map[intel.Link]int{}, map[intel.Link]bool{}
		g.resolved = map[intel.Entity]intel.Entity{}
		g.text(observations)
	}
	g.makers(observations)
	return g.out, len(g.left)
}

// makers says of each product whose it is: its name begins with its vendor's.
func (g *gathering) makers(observations []intel.Observation) {
	at := map[intel.Entity][2]int{}
	var products []intel.Entity
	note := func(e intel.Entity, offset, length int) {
		if _, ok := at[e]; !ok && e.Kind == intel.Product {
			at[e] = [2]int{offset, length}
			products = append(products, e)
		}
	}
	for _, o := range observations {
		if o.Suppressed == "" {
			note(o.Entity, o.Offset, o.Length)
		}
	}
	for _, e := range g.out {
		note(e.Link.From, -1, 0)
		note(e.Link.To, -1, 0)
	}
	for _, p := range products {
		vendor, _, ok := strings.Cut(p.Name, "/")
		if ok && vendor != "" {
			link := intel.Link{From: p, Relation: intel.PartOf, To: intel.NewEntity(intel.Vendor, vendor)}
			g.out = append(g.out, g.piece(link, stated, g.doc.Published, g.origin, intel.Supports, intel.Context{}, at[p][0], at[p][1]))
		}
	}
}

// named returns e under the kind that the reference knows its name as: a hash
// tag "#cobaltstrike" is malware. One that says that there is none, such as "#none",
// is no label.
func (g *gathering) named(e intel.Entity) intel.Entity {
	if e.Kind != intel.Label {
		return e
	}
	if unlabelled(e.Name) {
		return intel.Untagged()
	}
	candidates := g.set.Resolve(e)
	if len(candidates) == 0 || candidates[0].Share < 0.5 {
		return e
	}
	return candidates[0].Entity
}

// unlabelled reports whether the slug of a label says that there is none.
func unlabelled(slug string) bool {
	switch slug {
	case "untagged", "not-tagged", "no-tag", "no-tags", "notag", "unlabelled", "unlabeled", "no-label", "unknown", "none", "n-a", "null", "nil", "undefined",
		"unspecified", "unclassified", "uncategorized", "uncategorised", "unidentified":
		return true
	}
	return false
}

func (g *gathering) claim(c intel.Claim) {
	if c.Object.Name == "" || c.Subject.Name == "" || !slices.Contains(intel.Relations(), c.Relation) {
		return // the source mentions a value and says no more, or nothing that anybody could ask for
	}
	at := c.At
	if at.IsZero() {
		at = g.doc.Published
	}
	origin := g.origin
	if s := publisher(c.Reference); s != "" {
		origin = s
	} else if by := intel.Account(c.By); by != "" {
		origin = Publisher(by)
	}
	link := intel.Link{From: g.named(c.Subject), Relation: c.Relation, To: g.named(c.Object)}
	if link.From == link.To {
		return
	}
	g.out = append(g.out, g.piece(link, stated, at, origin, c.Stance, c.Context, -1, 0))
	g.route(link, at, origin)
}

func (g *gathering) piece(l intel.Link, weight float64, at time.Time, origin string, s intel.Stance, c intel.Context, offset, length int) intel.Evidence {
	return intel.Evidence{Link: l, Document: g.doc.ID, Source: g.doc.Source, Origin: origin, Speaker: Speaker(g.doc, origin), Reliability: g.doc.Reliability, Graded: g.doc.Graded, Marking: g.doc.Marking,
		Stance: s, Weight: weight, At: at, Learned: g.doc.Learned, Offset: offset, Length: length, Context: c}
}

// say adds evidence from text, or strengthens what the document already gave
// for the link.
func (g *gathering) say(l intel.Link, weight float64, s intel.Stance, c intel.Context, offset, length int) {
	if l.From == l.To || l.From.Name == "" || l.To.Name == "" || g.ofVictim(l) || g.beyond(l) || ofProvider(l) {
		return
	}
	if i, ok := g.seen[l]; ok {
		if weight > g.out[i].Weight {
			g.out[i].Weight, g.out[i].Offset, g.out[i].Length, g.out[i].Stance = weight, offset, length, s
		}
		if g.out[i].Context == (intel.Context{}) {
			g.out[i].Context = c
		}
		return
	}
	if len(g.out) >= g.room {
		if len(g.left) < mostUnweighed {
			g.left[l] = true
		}
		return
	}
	g.seen[l] = len(g.out)
	g.out = append(g.out, g.piece(l, weight, g.doc.Published, g.origin, s, c, offset, length))
	g.route(l, g.doc.Published, g.origin)
}

// ofVictim reports whether a link takes what the text of a leak-site post names
// for the extorter's: a domain or file in it is the victim's, whose name is
// often one.
func (g *gathering) ofVictim(l intel.Link) bool {
	if g.doc.Genre != intel.LeakSite || l.Relation != intel.Indicates {
		return false
	}
	switch l.From.Kind {
	case intel.Domain, intel.URL, intel.Email, intel.Filename, intel.IPv4, intel.IPv6:
		return true
	}
	return false
}

// ofProvider reports whether a link takes a provider's whole network for an
// attacker's: a text that names one says where an address stands.
func ofProvider(l intel.Link) bool { return l.Relation == intel.Indicates && l.From.Kind == intel.ASN }
