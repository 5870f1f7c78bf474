package intel

import (
	"fmt"
	"slices"
	"time"
)

// An AliasVerdict is an analyst's word on whether two names are of one thing. It is
// kept as a document, so that nothing of what was decided is lost; the latest on
// a pair of names counts, and one that undoes leaves what sources say.
type AliasVerdict struct {
	Name   Entity    `json:"name"` // is, or is not, an alias of Other
	Other  Entity    `json:"other"`
	Ruling Ruling    `json:"ruling"`
	By     SourceID  `json:"by"` // analyst:USER
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	// Kept is the document that keeps it, and Marking says who may read that. What
	// it does to names shows to all.
	Kept    DocumentID `json:"-"`
	Marking Marking    `json:"-"`
}

// A Ruling is what a verdict says.
type Ruling string

// The rulings.
const (
	Confirm Ruling = "confirm" // Name stands for Other
	Dispute Ruling = "dispute" // neither stands for the other
	Undo    Ruling = "undo"    // what was ruled of both counts no more
)

// Document is the verdict as it is kept.
func (v AliasVerdict) Document() Document {
	relation := AliasOf
	if v.Ruling == Dispute {
		relation = NotAliasOf
	}
	doc := Document{Source: v.By, Genre: Verdict, Title: string(v.Ruling), Text: fmt.Sprintf("%s: %s and %s", v.Ruling, v.Name, v.Other), Reliability: 'A',
		Marking: AmberStrict, Published: v.At, Learned: v.At,
		Claims: []Claim{{Subject: v.Name, Relation: relation, Object: v.Other, Context: Context{Note: v.Reason}}}}
	doc.ID = NewDocumentID(v.By, v.Name.String(), v.Other.String(), string(v.Ruling), v.At.UTC().Format(time.RFC3339Nano))
	return doc
}

// AliasVerdictOf returns the verdict that a document keeps, if it keeps one.
func AliasVerdictOf(doc Document) (v AliasVerdict, ok bool) {
	r := Ruling(doc.Title)
	if doc.Genre != Verdict || !doc.Source.Reserved() || len(doc.Claims) != 1 || r != Confirm && r != Dispute && r != Undo {
		return v, false
	}
	c := doc.Claims[0]
	return AliasVerdict{c.Subject, c.Object, r, doc.Source, c.Context.Note, doc.Learned, doc.ID, doc.Marking}, true
}

// InForce returns the verdicts that count, of all in the order in which they
// were given: the last on each pair of names, unless it undoes.
func InForce(all []AliasVerdict) []AliasVerdict {
	type pair struct{ a, b Entity }
	var out []AliasVerdict
	seen := map[pair]bool{}
	for _, v := range slices.Backward(all) {
		p := pair{v.Name, v.Other}
		if v.Other.String() < v.Name.String() {
			p = pair{v.Other, v.Name}
		}
		if !seen[p] && v.Ruling != Undo {
			out = append(out, v)
		}
		seen[p] = true
	}
	slices.Reverse(out)
	return out
}
