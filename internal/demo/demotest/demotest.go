// Package demotest says how well what somebody found in an invented world agrees
// with what is true there. It only counts: what is good enough is for the tests
// that ask.
package demotest

import (
	"slices"

	"github.com/portent-cti/portent/internal/demo"
	"github.com/portent-cti/portent/internal/intel"
)

// A Finding is a statement somebody else found. Where Document is empty it is
// compared with what holds over all documents.
type Finding struct {
	Category demo.Category    `json:"category"`
	Subject  intel.Entity     `json:"subject"`
	Object   intel.Entity     `json:"object"`
	Document intel.DocumentID `json:"document,omitempty"`
}

// A Mark says how well the findings of one category agree with the truth.
type Mark struct {
	Expected  int              `json:"expected"` // true statements that are not optional
	Hit       int              `json:"hit"`      // of these, found
	Found     int              `json:"found"`    // findings, without those on optional statements
	Right     int              `json:"right"`    // of these, true
	Precision float64          `json:"precision"`
	Recall    float64          `json:"recall"`
	Missed    []demo.Statement `json:"missed,omitempty"`
	Wrong     []Finding        `json:"wrong,omitempty"`
}

// Score compares findings with the truth, category by category. Any undisputed
// name of an actor stands for the actor. A category in which no finding names a
// document is compared as a whole, otherwise document by document.
func Score(truth demo.Truth, found []Finding) map[demo.Category]Mark {
	canon := names(truth)
	marks := map[demo.Category]Mark{}
	for _, c := range Categories() {
		var mine []Finding
		perDocument := false
		for _, f := range found {
			if f.Category == c {
				mine = append(mine, f)
				perDocument = perDocument || f.Document != ""
			}
		}
		m := matcher{canon: canon, perDocument: perDocument, primary: map[Finding]*expectation{}, expected: map[Finding][]*expectation{}}
		for _, st := range truth.Statements {
			if st.Category == c {
				m.expect(st)
			}
		}
		marks[c] = m.mark(mine)
	}
	return marks
}

// Categories lists every category.
func Categories() []demo.Category {
	return []demo.Category{demo.Aliases, demo.Associated, demo.Arsenal, demo.Exploits, demo.Techniques, demo.Indicators, demo.Fragments,
		demo.Targets, demo.Sectors, demo.Origins, demo.Routes, demo.Campaigns, demo.Handles, demo.Intentions, demo.Research, demo.Attacks, demo.Affects}
}

// names maps every undisputed name of an actor to the actor.
func names(t demo.Truth) map[intel.Entity]intel.Entity {
	all := map[intel.Entity]intel.Entity{}
	for _, p := range t.Actors {
		for _, a := range p.Aliases {
			if a.DeniedBy == "" {
				all[a.Entity] = p.Entity
			}
		}
	}
	return all
}

// An expectation is a true statement waiting to be found.
type expectation struct {
	statement demo.Statement
	optional  bool
	hit       bool
}

type matcher struct {
	canon       map[intel.Entity]intel.Entity
	perDocument bool
	primary     map[Finding]*expectation   // by the statement's own subject
	expected    map[Finding][]*expectation // by every subject that is right
	order       []*expectation
}

// key brings a finding to the form in which equal ones are equal.
func (m *matcher) key(f Finding) Finding {
	if !m.perDocument {
		f.Document = ""
	}
	if f.Category != demo.Aliases {
		f.Subject, f.Object = m.resolve(f.Subject), m.resolve(f.Object)
	}
	either := f.Category == demo.Aliases || f.Category == demo.Associated
	if either && f.Object.String() < f.Subject.String() {
		f.Subject, f.Object = f.Object, f.Subject
	}
	return f
}

func (m *matcher) resolve(e intel.Entity) intel.Entity {
	if c, ok := m.canon[e]; ok {
		return c
	}
	return e
}

// expect adds a true statement. What one document states and another merely
// suggests is expected.
func (m *matcher) expect(st demo.Statement) {
	first := m.key(Finding{st.Category, st.Subject, st.Object, st.Document})
	e := m.primary[first]
	if e == nil {
		e = &expectation{statement: st, optional: true}
		m.primary[first] = e
		m.order = append(m.order, e)
	}
	e.optional = e.optional && st.Optional
	for _, subject := range append([]intel.Entity{st.Subject}, st.Also...) {
		k := m.key(Finding{st.Category, subject, st.Object, st.Document})
		if !slices.Contains(m.expected[k], e) {
			m.expected[k] = append(m.expected[k], e)
		}
	}
}

// mark counts the findings against what is expected.
func (m *matcher) mark(found []Finding) Mark {
	var out Mark
	seen := map[Finding]bool{}
	for _, f := range found {
		k := m.key(f)
		if seen[k] {
			continue
		}
		seen[k] = true
		required := false
		for _, e := range m.expected[k] {
			e.hit = true
			required = required || !e.optional
		}
		switch {
		case required:
			out.Found++
			out.Right++
		case len(m.expected[k]) == 0 && !m.sameActor(f):
			out.Found++
			out.Wrong = append(out.Wrong, f)
		}
	}
	for _, e := range m.order {
		switch {
		case e.optional:
		case e.hit:
			out.Expected++
			out.Hit++
		default:
			out.Expected++
			out.Missed = append(out.Missed, e.statement)
		}
	}
	out.Precision, out.Recall = share(out.Right, out.Found), share(out.Hit, out.Expected)
	return out
}

// sameActor reports whether a finding pairs two names of one actor, which is
// right though no document says it in one breath.
func (m *matcher) sameActor(f Finding) bool {
	return f.Category == demo.Aliases && m.resolve(f.Subject) == m.resolve(f.Object)
}

// share is part of whole; of nothing, all is right.
func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// Findings reads evidence as findings, one for each supporting piece. Links the
// truth has no category for are left out.
func Findings(evidence []intel.Evidence) []Finding {
	var all []Finding
	seen := map[Finding]bool{}
	for _, e := range evidence {
		if e.Stance != intel.Supports {
			continue
		}
		f := Finding{Subject: e.Link.From, Object: e.Link.To, Document: e.Document}
		f.Category = category(e.Link)
		switch f.Category {
		case "":
			continue
		case demo.Indicators, demo.Campaigns, demo.Handles:
			f.Subject, f.Object = f.Object, f.Subject
		}
		if !seen[f] {
			seen[f] = true
			all = append(all, f)
		}
	}
	return all
}

// category is where a link belongs.
func category(l intel.Link) demo.Category {
	actor := l.From.Kind == intel.Actor
	switch l.Relation {
	case intel.Uses:
		return used(actor, l.To.Kind)
	case intel.Indicates:
		if l.To.Kind == intel.Actor {
			return demo.Indicators
		}
	case intel.Exploits:
		if actor && l.To.Kind == intel.Vulnerability {
			return demo.Exploits
		}
	case intel.Targets:
		switch {
		case actor && l.To.Kind == intel.Country:
			return demo.Targets
		case actor && l.To.Kind == intel.Sector:
			return demo.Sectors
		}
	case intel.PartOf:
		switch {
		case l.To.Kind == intel.Actor && l.From.Kind == intel.Campaign:
			return demo.Campaigns
		case l.To.Kind == intel.Actor && l.From.Kind == intel.Handle:
			return demo.Handles
		}
	case intel.Affects:
		if l.From.Kind == intel.Vulnerability && l.To.Kind.Class() == intel.IOA {
			return demo.Affects
		}
	case intel.HasWeakness:
		return demo.Affects
	}
	return map[intel.Relation]demo.Category{intel.AliasOf: demo.Aliases, intel.AssociatedWith: demo.Associated, intel.OriginatesFrom: demo.Origins,
		intel.RoutesThrough: demo.Routes, intel.Intends: demo.Intentions, intel.Researches: demo.Research, intel.ClaimsAttack: demo.Attacks}[l.Relation]
}

// used is the category of what an actor uses.
func used(actor bool, kind intel.Kind) demo.Category {
	switch {
	case !actor:
		return ""
	case kind == intel.Malware, kind == intel.Tool:
		return demo.Arsenal
	case kind == intel.Technique:
		return demo.Techniques
	case kind.Class() == intel.IOA:
		return demo.Fragments
	}
	return ""
}
