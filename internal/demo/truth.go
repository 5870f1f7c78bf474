package demo

import (
	"cmp"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Category is a sort of true statement, much as a profile has sections.
type Category string

// The categories. Each says what stands on either side.
const (
	Aliases    Category = "aliases"    // actor, its other name
	Associated Category = "associated" // actor, actor
	Arsenal    Category = "arsenal"    // actor, malware or tool
	Exploits   Category = "exploits"   // actor, vulnerability
	Techniques Category = "techniques" // actor, technique
	Indicators Category = "indicators" // actor, indicator
	Fragments  Category = "fragments"  // actor, fragment of attack
	Targets    Category = "targets"    // actor, country
	Sectors    Category = "sectors"    // actor, sector
	Origins    Category = "origins"    // actor, country it is from
	Routes     Category = "routes"     // actor, country it goes through
	Campaigns  Category = "campaigns"  // actor, campaign
	Handles    Category = "handles"    // actor, handle that speaks for it
	Intentions Category = "intentions" // actor or handle, intent
	Research   Category = "research"   // actor or handle, vulnerability or product
	Attacks    Category = "attacks"    // actor, victim or its country or sector
	Affects    Category = "affects"    // vulnerability, fragment
)

// A Statement is something a human reader finds in one document.
type Statement struct {
	Category Category     `json:"category"`
	Subject  intel.Entity `json:"subject"`
	// Also lists subjects that are as right: who speaks under a nick may be
	// called by the nick or by the group's name.
	Also     []intel.Entity   `json:"also,omitempty"`
	Object   intel.Entity     `json:"object"`
	Document intel.DocumentID `json:"document"`
	At       time.Time        `json:"at"`
	// Optional says that readers may differ: it is neither missed when it is
	// not found nor wrong when it is.
	Optional bool `json:"optional,omitempty"`
}

// A Fact is what holds of an actor over all documents that say so.
type Fact struct {
	Object    intel.Entity       `json:"object"`
	Documents []intel.DocumentID `json:"documents"`
	First     time.Time          `json:"first_seen"`
	Last      time.Time          `json:"last_seen"`
	Optional  bool               `json:"optional,omitempty"`
}

// An Alias is a name of an actor, and who uses or denies it.
type Alias struct {
	Name     string         `json:"name"`
	Entity   intel.Entity   `json:"entity"`
	Known    bool           `json:"known"`               // the reference has it
	By       intel.SourceID `json:"by,omitempty"`        // the only vendor to use it
	DeniedBy intel.SourceID `json:"denied_by,omitempty"` // a vendor that says it is somebody else
}

// A Person is one invented actor as it truly is.
type Person struct {
	Entity  intel.Entity        `json:"entity"`
	Name    string              `json:"name"`
	Aliases []Alias             `json:"aliases"`
	Cadence string              `json:"cadence"`
	Handles []intel.Entity      `json:"handles"`
	Facts   map[Category][]Fact `json:"facts"`
}

// An About is what is true of a document itself.
type About struct {
	Document intel.DocumentID `json:"document"`
	Language string           `json:"language"`
	Occasion string           `json:"occasion"`
	Actor    intel.Entity     `json:"actor,omitzero"`
	Noise    bool             `json:"noise,omitempty"`
	CopyOf   intel.DocumentID `json:"copy_of,omitempty"`
}

// A Trap is a value in a document that looks like an indicator and is none.
type Trap struct {
	Document intel.DocumentID `json:"document"`
	Entity   intel.Entity     `json:"entity"`
	Why      string           `json:"why"`
}

// A Truth is everything a careful reader of all documents would find.
type Truth struct {
	Seed       uint64      `json:"seed"`
	Actors     []Person    `json:"actors"`
	Statements []Statement `json:"statements"`
	Documents  []About     `json:"documents"`
	Traps      []Trap      `json:"traps"`
}

// finish orders the documents and sums up what they say.
func (w *world) finish() ([]intel.Document, Truth) {
	slices.SortFunc(w.told, func(a, b told) int {
		return cmp.Or(a.doc.Published.Compare(b.doc.Published), cmp.Compare(a.doc.ID, b.doc.ID))
	})
	var docs []intel.Document
	truth := Truth{Traps: w.traps}
	for _, t := range w.told {
		docs = append(docs, t.doc)
		about := About{Document: t.doc.ID, Language: t.scene.language, Occasion: t.scene.t.occasion,
			Noise: t.scene.actor == nil, CopyOf: t.copyOf}
		if t.scene.actor != nil && t.scene.t.voice != "none" {
			about.Actor = t.scene.actor.canon
		}
		truth.Documents = append(truth.Documents, about)
		for _, row := range t.rows {
			row.Document = t.doc.ID
			truth.Statements = append(truth.Statements, row)
		}
	}
	for _, a := range w.actors {
		truth.Actors = append(truth.Actors, a.person(truth.Statements))
	}
	return docs, truth
}

// person sums up what the statements say of a.
func (a *actor) person(statements []Statement) Person {
	p := Person{Entity: a.canon, Name: a.name, Cadence: a.cadence, Facts: map[Category][]Fact{}}
	for _, al := range a.aliases {
		p.Aliases = append(p.Aliases, Alias{al.name, intel.NewEntity(intel.Actor, al.name), al.known, al.by, al.deniedBy})
	}
	for _, st := range statements {
		if st.Subject != a.canon && !slices.Contains(st.Also, a.canon) {
			continue
		}
		if st.Subject.Kind == intel.Handle && !slices.Contains(p.Handles, st.Subject) {
			p.Handles = append(p.Handles, st.Subject)
		}
		facts := p.Facts[st.Category]
		i := slices.IndexFunc(facts, func(f Fact) bool { return f.Object == st.Object })
		if i < 0 {
			i = len(facts)
			facts = append(facts, Fact{Object: st.Object, First: st.At, Optional: st.Optional})
		}
		f := &facts[i]
		f.Documents = append(f.Documents, st.Document)
		f.Last, f.Optional = st.At, f.Optional && st.Optional
		p.Facts[st.Category] = facts
	}
	return p
}

// reference is what the world knows beforehand.
func (w *world) reference() Reference {
	r := Reference{Techniques: w.techniques,
		Benign: w.benign(),
		Ordinary: []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32",
			"example", "test", "invalid", "example.com", "example.net", "example.org"},
	}
	programs := func(kind intel.Kind, names []string) (all []Known) {
		for _, n := range names {
			all = append(all, Known{Entity: intel.NewEntity(kind, n), Names: []string{n}})
		}
		return all
	}
	for _, a := range w.actors {
		k := Known{Entity: a.canon, Names: []string{a.name}, Description: "Invented for the demonstration scenario."}
		for _, al := range a.aliases {
			if al.known {
				k.Names = append(k.Names, al.name)
			}
		}
		r.Actors = append(r.Actors, k)
		r.Malware = append(r.Malware, programs(intel.Malware, a.malware)...)
		r.Tools = append(r.Tools, programs(intel.Tool, a.tools)...)
	}
	for _, f := range w.flaws {
		r.Flaws = append(r.Flaws, *f)
		r.Products = append(r.Products, Known{Entity: f.Product, Names: []string{f.Title}})
	}
	for _, p := range w.places {
		r.Countries = append(r.Countries, Known{Entity: intel.NewEntity(intel.Country, p.code), Names: names(p.words, 0, 2)})
	}
	for _, t := range w.trades {
		r.Sectors = append(r.Sectors, Known{Entity: intel.NewEntity(intel.Sector, t.slug), Names: names(t.words, 0, 1, 2)})
	}
	return r
}

// benign lists what is usually harmless.
func (w *world) benign() []string {
	all := slices.Concat(w.resolvers, w.shared)
	for _, s := range w.sources {
		switch s.Genre {
		case intel.Report, intel.Mail, intel.Social, intel.Log:
			all = append(all, s.Host)
		}
	}
	return all
}

// names lists those columns of the words of every language once, English first.
func names(words map[string][]string, columns ...int) []string {
	var all []string
	for _, language := range languages() {
		for _, i := range columns {
			if word := words[language][i]; !slices.Contains(all, word) {
				all = append(all, word)
			}
		}
	}
	return all
}
