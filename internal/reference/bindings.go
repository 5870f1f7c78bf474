package reference

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A Binding is what a word of some language says of a name near it.
type Binding string

// The bindings, as tables/tongues writes them.
const (
	Sure    Binding = "sure"    // of attackers and their malware alone: beside a name it makes it one
	Beside  Binding = "beside"  // of much else too: only right beside a name
	Members Binding = "members" // what belongs to attackers: joined to a name
	Joins   Binding = "of"      // joins a name to one of those: of, called
	Attacks Binding = "attacks" // what attackers do, right behind a name
	Flaws   Binding = "flaw"    // a flaw of what is named beside it
	Crime   Binding = "crime"   // what is told of attackers, anywhere in a sentence
)

// binding begins the keys of rows with such words.
const binding = "!"

// Bindings returns the words of all languages that bind names, in lower case, by
// what they say; a word of scripts without blanks may have several signs. The map is
// shared: do not change it.
func (s *Set) Bindings() map[Binding][]string { return s.bindings }

// bindings takes those words from the tables of tongues.
func bindings(tables []tongue) map[Binding][]string {
	out := map[Binding][]string{}
	for _, t := range tables {
		for _, w := range t.rows {
			kind, ok := strings.CutPrefix(w.key, binding)
			if !ok {
				continue
			}
			for _, term := range w.terms {
				for _, n := range t.names(nil, term, intel.Entity{}) {
					out[Binding(kind)] = append(out[Binding(kind)], strings.ToLower(n.Text))
				}
			}
		}
	}
	return out
}
