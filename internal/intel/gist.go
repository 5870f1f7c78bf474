package intel

import (
	"slices"
	"strings"
)

// A Gist is what a post was found to be: how probable it is that it matters to
// whoever watches for threats, and what its author means by it.
type Gist struct {
	Relevance float64 `json:"relevance"`
	// Intents are the most probable, and those of the others that are more
	// probable than not, most probable first.
	Intents []Guess `json:"intents"`
	// Ruled and Meant say that an analyst said so, of its relevance and its intent.
	Ruled bool `json:"ruled,omitempty"`
	Meant bool `json:"meant,omitempty"`
}

// A Guess is what a post may be for and how probable it is.
type Guess struct {
	Intent      Purpose `json:"intent"`
	Probability float64 `json:"probability"`
}

// LeastRelevance is from how probable on a post counts as relevant: low, as what
// is missed costs more than what is read in vain.
const LeastRelevance = 0.1

// Irrelevant reports whether a post that is so ranks behind all others.
func (g Gist) Irrelevant() bool { return g.Relevance < LeastRelevance }

// A Purpose is what the author of a post means by it.
type Purpose string

// The purposes.
const (
	AccessSale     Purpose = "access-sale"
	ExploitSale    Purpose = "exploit-sale" // of exploits, malware and attacks as a service
	LeakClaim      Purpose = "leak-claim"   // or extortion
	ProofOfConcept Purpose = "proof-of-concept"
	Recruiting     Purpose = "recruiting"
	TargetList     Purpose = "target-list"
	Chatter        Purpose = "chatter"
	News           Purpose = "news"
)

// Purposes returns all purposes, in the order in which they are shown.
func Purposes() []Purpose {
	return []Purpose{AccessSale, ExploitSale, LeakClaim, ProofOfConcept, Recruiting, TargetList, Chatter, News}
}

// Known reports whether i is one of the purposes.
func (i Purpose) Known() bool { return slices.Contains(Purposes(), i) }

// Title is the purpose in a word or two.
func (i Purpose) Title() string {
	switch i {
	case AccessSale:
		return "Selling access"
	case ExploitSale:
		return "Selling an exploit or malware"
	case LeakClaim:
		return "Claim of a leak, or extortion"
	case ProofOfConcept:
		return "Proof of concept or research"
	case TargetList:
		return "List of targets"
	}
	return strings.ToUpper(string(i[:min(1, len(i))])) + string(i[min(1, len(i)):])
}
