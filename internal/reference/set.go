package reference

import (
	"net/netip"

	"github.com/portent-cti/portent/internal/intel"
)

// A Set is what is known beforehand, in memory. It is safe for concurrent
// readers and never changes.
type Set struct{}

// NewSet builds a set of the packs attack, actors and warninglists; other packs
// are ignored. Without packs it knows what is built in: countries, reserved
// ranges, weaknesses and geography.
func NewSet(packs ...Pack) (*Set, error) { return &Set{}, nil }

// Names returns every name and alias. The slice is shared: do not change it.
func (s *Set) Names() []Name { return nil }

// Resolve returns the canonical entities the name e stands for; shares sum to
// one. It returns nil for a name that is not known, which stands for itself.
func (s *Set) Resolve(e intel.Entity) []Candidate { return nil }

// Title returns how the reference writes the name of e, else e.Title().
func (s *Set) Title(e intel.Entity) string { return e.Title() }

// Benign reports whether e is on a list of values that are usually benign or
// in a reserved range, and which.
func (s *Set) Benign(e intel.Entity) (list string, ok bool) { return "", false }

// Technique returns the ATT&CK technique with that ID.
func (s *Set) Technique(id string) (Technique, bool) { return Technique{}, false }

// Weakness returns the name of a weakness such as "CWE-79".
func (s *Set) Weakness(cwe string) (name string, ok bool) { return "", false }

// TechniquesOf returns the techniques by which a weakness is typically
// exploited, likeliest first.
func (s *Set) TechniquesOf(cwe string) []string { return nil }

// Country returns the country an address is allocated to.
func (s *Set) Country(a netip.Addr) (iso2 string, ok bool) { return "", false }

// CountryName returns the English name of a country.
func (s *Set) CountryName(iso2 string) string { return iso2 }

// Facts returns what the packs say of e beyond its names.
func (s *Set) Facts(e intel.Entity) (Fact, bool) { return Fact{}, false }
