package intel

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A GistVerdict is an analyst's word on what a post is. It is kept as a document,
// so that nothing of what was decided is lost. The last on whether a post matters
// and the last on what it means count, whoever says them, unless one that undoes
// both comes after.
type GistVerdict struct {
	Post   DocumentID `json:"document"`
	Ruling Ruling     `json:"ruling"`
	Intent Purpose    `json:"intent,omitempty"` // of MeansPost alone
	By     SourceID   `json:"by"`               // analyst:USER
	Reason string     `json:"reason"`
	At     time.Time  `json:"at"`
	// Before is how many verdicts were given before: the same word given again at
	// the same moment is another.
	Before int `json:"-"`
}

// The rulings on posts.
const (
	RelevantPost   Ruling = "relevant post"
	IrrelevantPost Ruling = "irrelevant post"
	MeansPost      Ruling = "post means" // an intent
	UndoPost       Ruling = "undo post"  // what was ruled of it counts no more
)

// Check says of a verdict why it is none.
func (v GistVerdict) Check() error {
	switch v.Ruling {
	case RelevantPost, IrrelevantPost, UndoPost:
		if v.Intent == "" {
			return nil
		}
	case MeansPost:
		if v.Intent.Known() {
			return nil
		}
	}
	return fmt.Errorf("%q %q is no word on a post: say relevant, irrelevant, undo, or one of %s: %w", v.Ruling, v.Intent, PurposeNames(), ErrInvalid)
}

// PurposeNames lists all purposes, as people write them.
func PurposeNames() string {
	names := make([]string, 0, len(Purposes()))
	for _, p := range Purposes() {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

// Document is the verdict as it is kept.
func (v GistVerdict) Document() Document {
	text := string(v.Ruling)
	if v.Intent != "" {
		text += " " + string(v.Intent)
	}
	doc := Document{Source: v.By, Genre: Verdict, Title: string(v.Ruling), Text: fmt.Sprintf("%s: %s", text, v.Post), Reliability: 'A', Marking: AmberStrict,
		Published: v.At, Learned: v.At, Claims: []Claim{{Context: Context{Note: v.Reason, Method: strings.TrimSpace(string(v.Post) + " " + string(v.Intent))}}}}
	doc.ID = NewDocumentID(v.By, doc.Text, v.Reason, strconv.Itoa(v.Before), v.At.UTC().Format(time.RFC3339Nano))
	return doc
}

// GistVerdictOf returns the verdict that a document keeps, if it keeps one.
func GistVerdictOf(doc Document) (v GistVerdict, ok bool) {
	if doc.Genre != Verdict || !doc.Source.Reserved() || len(doc.Claims) != 1 {
		return v, false
	}
	c := doc.Claims[0].Context
	id, intent, _ := strings.Cut(c.Method, " ")
	v = GistVerdict{Post: DocumentID(id), Ruling: Ruling(doc.Title), Intent: Purpose(intent), By: doc.Source, Reason: c.Note, At: doc.Learned}
	return v, v.Check() == nil
}
