package classify

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/portent-cti/portent/internal/intel"
)

//go:embed relevance.json
var shippedRelevance []byte

//go:embed intents.json
var shippedIntents []byte

// Version changes whenever the models that ship would find something else in the
// same text.
func Version() int { return 1 }

// Relevant and Irrelevant are the labels of what a model of relevance is learned
// from; it tells the first.
const (
	Relevant   = "relevant"
	Irrelevant = "irrelevant"
)

// A Judge finds the gist of posts.
type Judge struct {
	Relevance *Model // of the one label Relevant
	Intents   *Model // of intents
}

// Shipped are the models that come with the binary.
var Shipped = sync.OnceValue(func() Judge {
	relevance, err := ReadModel(bytes.NewReader(shippedRelevance))
	if err == nil {
		var intents *Model
		if intents, err = ReadModel(bytes.NewReader(shippedIntents)); err == nil {
			return Judge{relevance, intents}
		}
	}
	panic(fmt.Sprint("a model in the binary is damaged: ", err)) // a test reads them
})

// Applies reports whether a document is a post that has a gist: what an account
// says in words.
func Applies(doc intel.Document) bool {
	return doc.Genre.HasAccounts() && strings.TrimSpace(doc.Title+doc.Text) != ""
}

// Gist is what a post is that mentions something and gives evidence. One of which
// its source states outright what it says matters, however little its words tell,
// and one that names indicators, flaws or who attacks, or whose author was found to
// intend, offer or research something, does not rank last.
func (j Judge) Gist(doc intel.Document, mentions []intel.Observation, evidence []intel.Evidence) intel.Gist {
	terms := read(Text(doc))
	var g intel.Gist
	for i, p := range j.Intents.probabilities(terms) {
		g.Intents = append(g.Intents, intel.Guess{Intent: intel.Purpose(j.Intents.heads[i].Label), Probability: p})
	}
	slices.SortStableFunc(g.Intents, func(a, b intel.Guess) int { return cmp.Compare(b.Probability, a.Probability) })
	for i := range g.Intents {
		if i > 0 && g.Intents[i].Probability <= 0.5 {
			g.Intents = g.Intents[:i]
			break
		}
	}
	g.Relevance = j.Relevance.probabilities(terms)[0]
	switch {
	case len(doc.Claims) > 0:
		g.Relevance = 1
	case slices.ContainsFunc(mentions, telling) || slices.ContainsFunc(evidence, busy):
		g.Relevance = max(g.Relevance, intel.LeastRelevance)
	}
	if slices.ContainsFunc(doc.Claims, extorts) {
		g.Intents = []intel.Guess{{Intent: intel.LeakClaim, Probability: 1}}
	}
	return g
}

// telling reports whether a mention is of what no idle talk is of.
func telling(o intel.Observation) bool {
	switch o.Entity.Kind {
	case intel.Actor, intel.Campaign, intel.Malware, intel.Vulnerability:
		return o.Suppressed == ""
	}
	return o.Suppressed == "" && o.Entity.Kind.Class() == intel.IOC
}

// busy reports whether evidence is of what somebody is up to.
func busy(e intel.Evidence) bool {
	switch e.Link.Relation {
	case intel.Intends, intel.Offers, intel.Researches, intel.ClaimsAttack, intel.Exploits:
		return true
	}
	return false
}

// extorts reports whether a source states that somebody claims a victim or extorts.
func extorts(c intel.Claim) bool {
	return c.Relation == intel.ClaimsAttack || c.Relation == intel.Intends && c.Object == intel.NewEntity(intel.Intent, "extortion")
}

// Text is what of a document models read and learn from: its title, unless the
// text begins so, and its text.
func Text(doc intel.Document) string {
	if doc.Title == "" || strings.HasPrefix(doc.Text, doc.Title) {
		return doc.Text
	}
	return doc.Title + "\n" + doc.Text
}
