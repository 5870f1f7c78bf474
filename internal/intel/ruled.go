package intel

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A RowVerdict is an analyst's word on whether a row is true. It is kept as a
// document, so that nothing of what was decided is lost; the last on a row counts,
// whoever says it, and one that undoes leaves what sources say.
type RowVerdict struct {
	Link   Link      `json:"row"`
	Ruling Ruling    `json:"ruling"`
	By     SourceID  `json:"by"` // analyst:USER
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	// Believed is how far the row was believed when it was ruled on, by what
	// sources said alone.
	Believed Belief `json:"believed"`

	// Kept is the document that keeps it.
	Kept DocumentID `json:"document,omitempty"`
	// Marking says who may read it. What it does to a row shows to all who see
	// the row.
	Marking Marking `json:"-"`
	// Before is how many verdicts were given before: the same word given again at
	// the same moment is another.
	Before int `json:"-"`
}

// The rulings on rows.
const (
	ConfirmRow Ruling = "confirm row" // it is true
	RefuteRow  Ruling = "refute row"  // it is not
	UndoRow    Ruling = "undo row"    // what was ruled of it counts no more
)

// A Belief is how far a row is believed, as far as its level depends on it.
type Belief struct {
	Probability float64 `json:"probability"`
	Origins     int     `json:"origins"` // of which something is left
	Dated       bool    `json:"dated"`
}

// String returns the written form, which ParseBelief reads: "0.853 of 2 dated".
func (b Belief) String() string {
	s := strconv.FormatFloat(b.Probability, 'g', -1, 64) + " of " + strconv.Itoa(b.Origins)
	if b.Dated {
		s += " dated"
	}
	return s
}

// ParseBelief reads a written form.
func ParseBelief(s string) (b Belief, err error) {
	s, b.Dated = strings.CutSuffix(s, " dated")
	p, n, ok := strings.Cut(s, " of ")
	if ok {
		if b.Probability, err = strconv.ParseFloat(p, 64); err == nil {
			b.Origins, err = strconv.Atoi(n)
		}
	}
	if !ok || err != nil || !(b.Probability >= 0 && b.Probability <= 1) || b.Origins < 0 {
		return Belief{}, fmt.Errorf("%q is no belief: %w", s, ErrInvalid)
	}
	return b, nil
}

// Document is the verdict as it is kept.
func (v RowVerdict) Document() Document {
	stance := Supports
	if v.Ruling == RefuteRow {
		stance = Disputes
	}
	doc := Document{Source: v.By, Genre: Verdict, Title: string(v.Ruling), Text: fmt.Sprintf("%s: %s", v.Ruling, v.Link), Reliability: 'A', Marking: AmberStrict,
		Published: v.At, Learned: v.At,
		Claims: []Claim{{Subject: v.Link.From, Relation: v.Link.Relation, Object: v.Link.To, Stance: stance, Context: Context{Note: v.Reason, Method: v.Believed.String()}}}}
	doc.ID = NewDocumentID(v.By, v.Link.String(), string(v.Ruling), v.Reason, strconv.Itoa(v.Before), v.At.UTC().Format(time.RFC3339Nano))
	return doc
}

// RowVerdictOf returns the verdict that a document keeps, if it keeps one.
func RowVerdictOf(doc Document) (v RowVerdict, ok bool) {
	r := Ruling(doc.Title)
	if doc.Genre != Verdict || !doc.Source.Reserved() || len(doc.Claims) != 1 || r != ConfirmRow && r != RefuteRow && r != UndoRow {
		return v, false
	}
	c := doc.Claims[0]
	b, err := ParseBelief(c.Context.Method)
	if err != nil {
		return v, false
	}
	return RowVerdict{Link: Link{c.Subject, c.Relation, c.Object}, Ruling: r, By: doc.Source, Reason: c.Context.Note, At: doc.Learned, Believed: b,
		Kept: doc.ID, Marking: doc.Marking}, true
}

// RowsRuled returns the verdicts that count as of a moment, of all in the order in
// which they were given: the last on each row, unless it undoes. What is given
// within a second counts in all of it, for belief is kept as of whole seconds.
func RowsRuled(all []RowVerdict, now time.Time) []RowVerdict {
	var out []RowVerdict
	seen := make(map[Link]bool, len(all))
	for _, v := range slices.Backward(all) {
		if v.At.Truncate(time.Second).After(now) || seen[v.Link] {
			continue
		}
		seen[v.Link] = true
		if v.Ruling != UndoRow {
			out = append(out, v)
		}
	}
	slices.Reverse(out)
	return out
}

// RulingsBegun returns, of each row on which a verdict counts as of a moment, the
// document of the first of the verdicts that say so one after another: who says the
// row after that may have it from there.
func RulingsBegun(all []RowVerdict, now time.Time) map[Link]DocumentID {
	type run struct {
		ruling Ruling
		first  DocumentID
	}
	runs := map[Link]run{}
	for _, v := range all {
		if o, ok := runs[v.Link]; !v.At.Truncate(time.Second).After(now) && (!ok || o.ruling != v.Ruling) {
			runs[v.Link] = run{v.Ruling, v.Kept}
		}
	}
	out := make(map[Link]DocumentID, len(runs))
	for l, r := range runs {
		if r.ruling != UndoRow {
			out[l] = r.first
		}
	}
	return out
}
