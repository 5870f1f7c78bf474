package reference

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// mainVote is how many aliases a main name outweighs.
const mainVote = 3

// ransomwareList is where groups stand under the names of what they extort with.
const ransomwareList = "misp ransomware"

// A group is entries that mean one thing.
type group struct {
	entity  intel.Entity
	title   string
	members []*entry
	mains   map[string]bool
	votes   map[string]map[string]float64 // by compact name, then by list
}

func (g *group) join(e *entry) {
	g.members = append(g.members, e)
	g.vote(e.title, e.list, mainVote)
	g.mains[intel.Compact(e.title)] = true
	if e.id != "" {
		g.vote(e.id, e.list, mainVote)
	}
	for _, n := range e.names {
		g.vote(n, e.list, 1)
	}
	for _, n := range e.bare() {
		g.vote(n, e.list, 1)
	}
}

func (g *group) vote(name, list string, weight float64) {
	key := intel.Compact(name)
	if key == "" {
		return
	}
	if g.votes[key] == nil {
		g.votes[key] = make(map[string]float64, 1)
	}
	g.votes[key][list] = max(g.votes[key][list], weight)
}

func (g *group) has(list string) bool {
	return slices.ContainsFunc(g.members, func(m *entry) bool { return m.list == list })
}

// fold makes groups of entries, which come in the order of rank, list by list.
// Entries of equal main name are one thing. So are an entry and a group that
// call each other by their main names, or that share an ATT&CK ID. An entry
// whose main name another list gives as an alias, or the other way round, joins
// that group when it is the only one; several such are left apart, because a
// wrong merge is worse than a missed one, and so are two of one list that one
// group could take in. Nothing joins by a shared alias alone, and a version of a ransomware joins the ransomware.
func fold(entries []*entry) []*group {
	f := folder{byMain: map[string]*group{}, byAlias: map[string][]*group{}}
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n].rank == entries[0].rank && entries[n].list == entries[0].list {
			n++
		}
		var rest []*entry
		for _, e := range entries[:n] {
			if g := f.same(e); g != nil {
				f.join(g, e)
			} else {
				rest = append(rest, e)
			}
		}
		entries = entries[n:]
		rest = f.adopt(rest, f.mutual)
		rest = f.adopt(rest, f.near)
		slices.SortStableFunc(rest, versionsLast)
		for _, e := range rest {
			g := cmp.Or(f.same(e), f.version(e)) // two of this list may be of equal name
			if g == nil {
				g = f.begin(e)
			}
			f.join(g, e)
		}
	}
	return f.groups
}

type folder struct {
	groups  []*group
	byMain  map[string]*group
	byAlias map[string][]*group
}

func (f *folder) same(e *entry) *group {
	if e.id != "" {
		if g := f.byMain[intel.Compact(e.id)]; g != nil {
			return g
		}
	}
	return f.byMain[intel.Compact(e.title)]
}

// version finds the ransomware group that e is listed as a version of, such as
// LockBit for Lockbit3: who is extorted deals with the same people.
func (f *folder) version(e *entry) *group {
	base := unnumbered(intel.Compact(e.title))
	if g := f.byMain[base]; base != "" && e.kind == intel.Actor && e.list == ransomwareList && g != nil && g.has(ransomwareList) {
		return g
	}
	return nil
}

func versionsLast(a, b *entry) int {
	return cmp.Compare(len(unnumbered(intel.Compact(a.title))), len(unnumbered(intel.Compact(b.title))))
}

// unnumbered returns a compact name without the number of one or two digits at
// its end, "" if it has none or little else: makers of ransomware count their
// versions so.
func unnumbered(key string) string {
	base := strings.TrimRight(key, "0123456789")
	if n := len(key) - len(base); n == 0 || n > 2 || len(base) < 5 {
		return ""
	}
	return base
}

// adopt lets entries join the groups that find says and returns the others.
// All look before any joins, so that their order says nothing.
func (f *folder) adopt(entries []*entry, find func([]*entry) []*group) (rest []*entry) {
	for i, g := range find(entries) {
		if g == nil {
			rest = append(rest, entries[i])
			continue
		}
		f.join(g, entries[i])
	}
	return rest
}

// common counts the names that e has in common with g.
func (g *group) common(e *entry) int {
	seen := map[string]bool{}
	for _, n := range append([]string{e.title, e.id}, e.names...) {
		if key := intel.Compact(n); g.votes[key] != nil {
			seen[key] = true
		}
	}
	return len(seen)
}

// kin lists the groups that e goes by an alias with, and whether either calls
// the other by its main name or ID.
func (f *folder) kin(e *entry) map[*group]bool {
	kin := map[*group]bool{}
	for _, g := range f.byAlias[intel.Compact(e.title)] {
		kin[g] = false
	}
	for _, n := range e.names {
		if g := f.byMain[intel.Compact(n)]; g != nil {
			_, both := kin[g]
			kin[g] = kin[g] || both || attackID.MatchString(n)
		}
	}
	return kin
}

var attackID = regexp.MustCompile(`^[GS][0-9]{4}$`)

// mutual finds for each entry the one group that it and the entry call each
// other.
func (f *folder) mutual(entries []*entry) []*group {
	found := make([]*group, len(entries))
	for i, e := range entries {
		found[i] = only(f.kin(e), func(_ *group, both bool) bool { return both })
	}
	return found
}

// near finds for each entry of a list the one group without an entry of that
// list that it goes by an alias with. Of several that would join one group the
// one that has most names in common with it does: the list keeps them apart.
func (f *folder) near(entries []*entry) []*group {
	found := make([]*group, len(entries))
	rivals := map[*group][]*entry{}
	for i, e := range entries {
		if found[i] = f.nearest(e); found[i] != nil {
			rivals[found[i]] = append(rivals[found[i]], e)
		}
	}
	for i, e := range entries {
		g := found[i]
		if g != nil && slices.ContainsFunc(rivals[g], func(r *entry) bool {
			return intel.Compact(r.title) != intel.Compact(e.title) && g.common(r) >= g.common(e)
		}) {
			found[i] = nil
		}
	}
	return found
}

// nearest finds the one group without an entry of e's list that e goes by an
// alias with.
func (f *folder) nearest(e *entry) *group {
	if e.weak {
		return nil
	}
	kin := f.kin(e)
	maps.DeleteFunc(kin, func(g *group, _ bool) bool { return g.has(e.list) })
	if g := only(kin, func(*group, bool) bool { return true }); g != nil {
		return g
	}
	// Where others lump two together that ATT&CK keeps apart, ATT&CK is right.
	key := intel.Compact(e.title)
	return only(kin, func(g *group, _ bool) bool { return g.votes[key]["attack"] > 0 })
}

func only(kin map[*group]bool, is func(*group, bool) bool) (one *group) {
	for g, both := range kin {
		if !is(g, both) {
			continue
		}
		if one != nil {
			return nil
		}
		one = g
	}
	return one
}

func (f *folder) begin(e *entry) *group {
	g := &group{entity: e.entity, title: e.title, mains: map[string]bool{}, votes: map[string]map[string]float64{}}
	if g.entity == (intel.Entity{}) {
		g.entity = intel.NewEntity(e.kind, e.title)
	}
	f.groups = append(f.groups, g)
	return g
}

func (f *folder) join(g *group, e *entry) {
	g.join(e)
	f.byMain[intel.Compact(e.title)] = g
	if e.id != "" {
		f.byMain[intel.Compact(e.id)] = g
	}
	for _, n := range e.names {
		key := intel.Compact(n)
		if list := f.byAlias[key]; !slices.Contains(list, g) {
			f.byAlias[key] = append(list, g)
		}
	}
}

// called writes actors that are known as the ransomware they run as that is
// written, so that the two have one name.
func called(actors, software []*group) {
	main := map[string]*group{}
	for _, g := range software {
		for key := range g.mains {
			main[key] = g
		}
	}
	taken := map[intel.Entity]bool{}
	for _, g := range actors {
		taken[g.entity] = true
	}
	for _, g := range actors {
		same := main[intel.Compact(g.title)]
		if same == nil || slices.ContainsFunc(g.members, func(m *entry) bool { return m.list != ransomwareList }) {
			continue
		}
		if e := intel.NewEntity(intel.Actor, same.title); !taken[e] {
			g.entity, g.title = e, same.title
			taken[e] = true
			g.mains[intel.Compact(same.title)] = true
		}
	}
}

// An index finds groups by compact name.
type index struct {
	groups []*group
	byName map[string][]*group
}

func newIndex(groups []*group) index {
	ix := index{groups: groups, byName: map[string][]*group{}}
	for _, g := range groups {
		for key := range g.votes {
			ix.byName[key] = append(ix.byName[key], g)
		}
	}
	return ix
}

// resolve returns the groups that claim the name, likeliest first.
func (ix *index) resolve(key string) []Candidate {
	groups := ix.byName[key]
	if len(groups) == 0 {
		return nil
	}
	list := make([]Candidate, 0, len(groups))
	total := 0.0
	for _, g := range groups {
		c := Candidate{Entity: g.entity, SaidBy: slices.Sorted(maps.Keys(g.votes[key]))}
		for _, list := range c.SaidBy {
			c.Share += g.votes[key][list]
		}
		total += c.Share
		list = append(list, c)
	}
	for i := range list {
		list[i].Share /= total
	}
	slices.SortFunc(list, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Entity.Name, b.Entity.Name))
	})
	return list
}

// claimed reports whether any group that is looked for in text has the name,
// and whether as its main name.
func (ix *index) claimed(key string) (known, main bool) {
	for _, g := range ix.byName[key] {
		if slices.ContainsFunc(g.members, func(m *entry) bool { return !m.hidden }) {
			known = true
			main = main || g.mains[key]
		}
	}
	return known, main
}

// fact gathers what the members of g say.
func (g *group) fact(byID map[string]intel.Entity, places map[string]string) (Fact, bool) {
	var f Fact
	for _, m := range g.members {
		f.Summary = cmp.Or(f.Summary, m.summary)
		for _, c := range m.countries {
			f.Countries = alleged(f.Countries, intel.Country, cmp.Or(places[intel.Compact(c)], code(c)), m.list)
		}
		for _, v := range m.victims {
			f.Victims = alleged(f.Victims, intel.Country, places[intel.Compact(v)], m.list)
		}
		for _, v := range m.sectors {
			f.Victims = alleged(f.Victims, intel.Sector, v, m.list)
		}
		for _, r := range m.references {
			f.References = appendNew(f.References, r)
		}
		for _, id := range m.uses {
			if strings.HasPrefix(id, "T") {
				f.Techniques = appendNew(f.Techniques, id)
			} else if e, ok := byID[id]; ok && e.Kind == intel.Actor {
				f.AttributedTo = appendNew(f.AttributedTo, e)
			} else if ok {
				f.Software = appendNew(f.Software, e)
			}
		}
		f.SaidBy = appendNew(f.SaidBy, m.list)
	}
	return f, f.Summary != "" || f.Countries != nil || f.Victims != nil || f.References != nil || f.Techniques != nil || f.Software != nil ||
		f.AttributedTo != nil
}

// alleged adds that a list names what is called so, if it is called anything.
func alleged(all []Alleged, kind intel.Kind, name, list string) []Alleged {
	if name == "" {
		return all
	}
	e := intel.NewEntity(kind, name)
	for i := range all {
		if all[i].Entity == e {
			all[i].SaidBy = appendNew(all[i].SaidBy, list)
			return all
		}
	}
	return append(all, Alleged{e, []string{list}})
}

// code returns c if it is written like a country code.
func code(c string) string {
	if len(c) == 2 {
		return strings.ToUpper(c)
	}
	return ""
}

func appendNew[T comparable](list []T, v T) []T {
	var zero T
	if v == zero || slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}
