package reference

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/phuslu/iploc"

	"github.com/portent-cti/portent/internal/intel"
)

// A Set is what is known beforehand, in memory. It is safe for concurrent
// readers and never changes.
type Set struct {
	names      func() []Name // made when first asked for: only who reads text needs them
	actors     index
	bare       map[string]*group // extorting groups by what stands before "Locker" and the like
	software   index             // malware and tools: one may be called the other
	campaigns  index
	sectors    index
	countries  index
	techniques map[string]Technique
	facts      map[intel.Entity]Fact
	told       map[intel.Entity][]Told
	groups     map[intel.Entity]*group
	titles     map[intel.Entity]string
	codes      map[string]string // names of countries by ISO code
	weaknesses map[string]weaknessRow
	products   map[intel.Entity][]string // wordings that can only mean one
	makers     map[string]intel.Entity   // vendors of those products by their names
	coined     map[string]intel.Entity   // products by names that are written as no word is
	bindings   map[Binding][]string
	benign     *benign
	builtIn    bool
}

// NewSet builds a set of the packs that [HeldNames] lists (of kev, the names of
// products), of which there may be several each; other packs are ignored.
// Without packs it knows what is built in: countries, sectors, reserved ranges,
// weaknesses and geography; that set is built once.
func NewSet(packs ...Pack) (*Set, error) {
	if len(packs) == 0 {
		return builtInSet()
	}
	return newSet(packs)
}

// BuiltIn reports whether the set is the one of no packs, of which there is one.
func (s *Set) BuiltIn() bool { return s.builtIn }

var builtInSet = sync.OnceValues(func() (*Set, error) {
	s, err := newSet(nil)
	if err == nil {
		s.builtIn = true
	}
	return s, err
})

func newSet(packs []Pack) (*Set, error) {
	s := &Set{techniques: map[string]Technique{}, facts: map[intel.Entity]Fact{}, told: map[intel.Entity][]Told{}, groups: map[intel.Entity]*group{}, titles: map[intel.Entity]string{},
		weaknesses: weaknessTable(), products: map[intel.Entity][]string{}, makers: map[string]intel.Entity{}, coined: map[string]intel.Entity{}}
	places := countryTable()
	s.codes = places.titles
	var found sources
	found.places = places.byName
	var lists []List
	for _, p := range packs {
		for _, it := range p.Items {
			var err error
			before := len(found.entries)
			switch p.Name {
			case "attack":
				err = found.object(it.Body, s.techniques)
			case "actors":
				err = found.cluster(it.Body)
			case "warninglists":
				var l List
				if err = json.Unmarshal(it.Body, &l); err == nil {
					l.Name = it.Key
					lists = append(lists, l)
				}
			case productsName, "kev":
				err = s.product(it.Body)
			}
			if err != nil {
				return nil, fmt.Errorf("pack %s: item %s: %w", p.Name, it.Key, err)
			}
			for _, e := range found.entries[before:] {
				e.key = it.Key
			}
		}
	}
	found.add(places.entries...)
	found.add(sectorTable()...)
	common := commonWords()
	for key := range ordinarySectors() {
		common[key] = true
	}
	for _, e := range found.entries {
		if e.class == countryClass {
			for _, n := range append(e.names, e.title) {
				common[intel.Compact(n)] = true // an actor called as a country is
			}
		}
	}
	s.index(found)
	tongues, err := readTongues()
	if err != nil {
		return nil, err
	}
	s.names = sync.OnceValue(func() []Name { return s.table(common, tongues) })
	s.bindings = bindings(tongues)
	s.benign = newBenign(lists)
	return s, nil
}

// Names returns every name and alias, sorted by the words it consists of. A
// wording that names things of several kinds has one row for each kind, the
// likeliest first: a ransomware run by a group of the same name has a row as
// actor and one as malware. One that counts in several languages has a row for
// each. Entity is the one it most often stands for; [Set.Resolve] tells all of
// them. The slice is shared: do not change it.
func (s *Set) Names() []Name { return s.names() }

// Resolve returns the canonical entities that the name e stands for, likeliest
// first; shares sum to one. It returns nil for a name that is not known, which
// stands for itself.
//
// Names are compared by [intel.Compact]. A source that calls a thing by its
// own first name counts three times one that lists it as an alias. Malware and
// tools are looked up as one, and so may change kind. A ransomware that a group
// extorts with is both: an actor when e is an actor, malware when e is malware.
// What a crawler of leak sites makes of such a group's name, such as "lockbit2"
// or "hiveleak", stands for the group. A label becomes the
// actor that bears the name, else the malware or tool, else the campaign; what
// is a main name of malware and only an alias of an actor becomes malware, and
// one that is the name of a sort of thing, such as "trojan", nothing. A revoked
// technique becomes the one in its place.
func (s *Set) Resolve(e intel.Entity) []Candidate {
	key := intel.Compact(e.Name)
	switch e.Kind {
	case intel.Actor:
		if c := s.actors.resolve(key); c != nil {
			return c
		}
		return s.dressed(key)
	case intel.Malware, intel.Tool:
		return s.software.resolve(key)
	case intel.Campaign:
		return s.campaigns.resolve(key)
	case intel.Sector:
		return s.sectors.resolve(key)
	case intel.Country:
		return s.countries.resolve(key)
	case intel.Technique:
		return s.replaced(e)
	case intel.Label:
		return s.label(key)
	}
	return nil
}

func (s *Set) label(key string) []Candidate {
	if generic(key) {
		return nil
	}
	actor, main := s.actors.claimed(key)
	if _, software := s.software.claimed(key); actor && (main || !software) {
		return s.actors.resolve(key)
	}
	if c := s.software.resolve(key); c != nil {
		return c
	}
	return s.campaigns.resolve(key)
}

func (s *Set) replaced(e intel.Entity) []Candidate {
	t, ok := s.techniques[e.Name]
	for range 4 { // revoked by one that was revoked in turn
		if !ok || t.RevokedBy == "" {
			break
		}
		next, known := s.techniques[t.RevokedBy]
		if !known {
			break
		}
		t = next
	}
	if !ok {
		return nil
	}
	return []Candidate{{intel.NewEntity(intel.Technique, t.ID), 1, []string{"attack"}}}
}

// Title returns how the reference writes the name of e, else e.Title().
func (s *Set) Title(e intel.Entity) string {
	if t, ok := s.titles[e]; ok {
		return t
	}
	switch e.Kind {
	case intel.Country:
		return s.CountryName(e.Name)
	case intel.Technique:
		if t, ok := s.techniques[e.Name]; ok {
			return t.Name
		}
	}
	return e.Title()
}

// Technique returns the ATT&CK technique with that ID, be it revoked or
// deprecated.
func (s *Set) Technique(id string) (Technique, bool) {
	t, ok := s.techniques[strings.ToUpper(id)]
	return t, ok
}

// Weakness returns the name of a weakness such as "CWE-79".
func (s *Set) Weakness(cwe string) (name string, ok bool) {
	w, ok := s.weaknesses[strings.ToUpper(cwe)]
	return w.name, ok
}

// TechniquesOf returns the techniques by which a weakness is typically
// exploited or that its exploitation amounts to, likeliest first. The table is
// our own. The slice is shared: do not change it.
func (s *Set) TechniquesOf(cwe string) []string { return s.weaknesses[strings.ToUpper(cwe)].techniques }

// Country returns the country an address is allocated to, as IP2Location LITE
// has it.
func (s *Set) Country(a netip.Addr) (iso2 string, ok bool) {
	if !a.IsValid() {
		return "", false
	}
	code := iploc.IPCountry(a.Unmap().WithZone(""))
	if len(code) != 2 || code == "ZZ" {
		return "", false
	}
	return code, true
}

// CountryName returns the English name of a country, or the code where it is
// none.
func (s *Set) CountryName(iso2 string) string {
	if name, ok := s.codes[strings.ToUpper(iso2)]; ok {
		return name
	}
	return iso2
}

// Facts returns what the packs say of e beyond its names. For a name that
// stands for another entity, resolve it first.
func (s *Set) Facts(e intel.Entity) (Fact, bool) {
	f, ok := s.facts[e]
	return f, ok
}

// Arsenals returns the techniques that ATT&CK says each group, campaign and piece of
// software uses.
func (s *Set) Arsenals() map[intel.Entity][]string {
	out := map[intel.Entity][]string{}
	for e, f := range s.facts {
		if len(f.Techniques) > 0 {
			out[e] = f.Techniques
		}
	}
	return out
}

// index groups what the sources name and keeps what each group says.
func (s *Set) index(found sources) {
	groups := map[class][]*group{}
	for _, c := range []class{actorClass, softwareClass, campaignClass, sectorClass, countryClass} {
		groups[c] = fold(found.of(c))
	}
	called(groups[actorClass], groups[softwareClass])
	s.actors, s.software, s.campaigns = newIndex(groups[actorClass]), newIndex(groups[softwareClass]), newIndex(groups[campaignClass])
	s.bare = undecorated(s.actors)
	s.sectors, s.countries = newIndex(groups[sectorClass]), newIndex(groups[countryClass])
	byID := map[string]intel.Entity{}
	for _, list := range groups {
		for _, g := range list {
			s.titles[g.entity], s.groups[g.entity] = g.title, g
			for _, m := range g.members {
				if m.id != "" {
					byID[m.id] = g.entity
				}
			}
		}
	}
	for _, c := range []class{actorClass, softwareClass, campaignClass} {
		for _, g := range groups[c] {
			if f, ok := g.fact(byID, found.places); ok {
				s.facts[g.entity] = f
				s.tell(g.entity, f)
			}
		}
	}
}

// tell notes what a fact says under those it speaks of.
func (s *Set) tell(who intel.Entity, f Fact) {
	for _, c := range f.Countries {
		s.told[c.Entity] = append(s.told[c.Entity], Told{who, intel.OriginatesFrom, c.SaidBy})
	}
	for _, v := range f.Victims {
		s.told[v.Entity] = append(s.told[v.Entity], Told{who, intel.Targets, v.SaidBy})
	}
	for _, e := range f.Software {
		s.told[e] = append(s.told[e], Told{who, intel.Uses, []string{"attack"}})
	}
	for _, id := range f.Techniques {
		e := intel.Entity{Kind: intel.Technique, Name: id}
		s.told[e] = append(s.told[e], Told{who, intel.Uses, []string{"attack"}})
	}
}

// Told returns which entities the packs relate to e, in no order.
func (s *Set) Told(e intel.Entity) []Told { return s.told[e] }

// Aliases returns the names that packs list for e beside its own, each once,
// and how much of a name is e's.
func (s *Set) Aliases(e intel.Entity) []Alias {
	g := s.groups[e]
	if g == nil {
		return nil
	}
	seen := map[string]bool{intel.Compact(g.title): true}
	var out []Alias
	for _, m := range g.members {
		for _, name := range append([]string{m.title}, m.names...) {
			key := intel.Compact(name)
			if key == "" || seen[key] || attackID.MatchString(name) {
				continue
			}
			seen[key] = true
			for _, c := range s.Resolve(intel.NewEntity(e.Kind, name)) {
				if c.Entity == e {
					out = append(out, Alias{name, c.Share, c.SaidBy})
				}
			}
		}
	}
	return out
}

// A Place is where a list has an entry: the key of an item of a pack.
type Place struct{ List, Pack, Key string }

// Places returns where lists have entries of e.
func (s *Set) Places(e intel.Entity) (out []Place) {
	if g := s.groups[e]; g != nil {
		for _, m := range g.members {
			if m.key != "" {
				out = append(out, Place{m.list, m.pack, m.key})
			}
		}
	}
	return out
}

// table lists the names of all groups and techniques.
func (s *Set) table(common map[string]bool, tongues []tongue) []Name {
	t := nameTable{common: common, seen: map[nameKey]int{}}
	for _, ix := range []*index{&s.actors, &s.software, &s.campaigns, &s.sectors, &s.countries} {
		for _, g := range ix.groups {
			t.group(g)
		}
	}
	for _, id := range sortedKeys(s.techniques) {
		if tech := s.techniques[id]; !tech.Revoked && !tech.Deprecated {
			t.add(tech.Name, intel.NewEntity(intel.Technique, id), "attack", 1)
		}
	}
	techniqueWordings(func(id, wording string) {
		if tech, ok := s.techniques[id]; ok && !tech.Revoked && !tech.Deprecated {
			t.add(wording, intel.NewEntity(intel.Technique, id), BuiltIn, 0.5)
		}
	})
	// In order, so that of two with one name the same has it in each run.
	for _, e := range slices.SortedFunc(maps.Keys(s.products), func(a, b intel.Entity) int { return cmp.Compare(a.Name, b.Name) }) {
		for _, n := range s.products[e] {
			t.add(n, e, "products", 1)
		}
	}
	for _, name := range sortedKeys(s.makers) {
		t.add(name, s.makers[name], productsName, 1)
	}
	for _, name := range sortedKeys(s.coined) {
		e := s.coined[name]
		if _, known := t.seen[nameKey{strings.ToLower(name), intel.Product}]; known || e == (intel.Entity{}) {
			continue
		}
		t.add(name, e, productsName, 1)
		t.rows[len(t.rows)-1].Common = true // so far from its vendor it needs a flaw or version
	}
	sectors := map[string]intel.Entity{}
	for _, g := range s.sectors.groups {
		for key := range g.mains {
			sectors[key] = g.entity
		}
	}
	t.addSpoken(tongueNames(tongues, sectors))
	slices.SortFunc(t.rows, compareRows)
	names := make([]Name, len(t.rows))
	for i, r := range t.rows {
		names[i] = r.Name
	}
	return names
}

// HasTechniques reports whether the set knows any techniques, so that one it
// does not know is none.
func (s *Set) HasTechniques() bool { return len(s.techniques) > 0 }
