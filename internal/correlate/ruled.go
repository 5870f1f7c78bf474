package correlate

import (
	"slices"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// Rulings are the verdicts in force on names, to be asked by name. They are not
// safe for concurrent use.
type Rulings struct {
	known     func(intel.Entity) []reference.Candidate
	about     map[intel.Entity][]intel.AliasVerdict
	confirmed map[intel.Entity]intel.AliasVerdict // the first for a name
	ends      map[intel.Entity]end
}

// An end is where verdicts that confirm lead to, one after the other: the last of
// them, or of a circle the first of its names.
type end struct {
	name   intel.Entity
	circle bool
}

// NewRulings orders verdicts in force. Known says whom a name stands for without
// them.
func NewRulings(verdicts []intel.AliasVerdict, known func(intel.Entity) []reference.Candidate) *Rulings {
	r := &Rulings{known: known, about: map[intel.Entity][]intel.AliasVerdict{}, confirmed: map[intel.Entity]intel.AliasVerdict{}, ends: map[intel.Entity]end{}}
	for _, v := range verdicts {
		r.about[v.Name] = append(r.about[v.Name], v)
		if v.Ruling != intel.Confirm {
			r.about[v.Other] = append(r.about[v.Other], v)
		} else if _, ok := r.confirmed[v.Name]; !ok {
			r.confirmed[v.Name] = v
		}
	}
	return r
}

// On returns whom a name stands for after the verdicts, of those for whom it
// would else: one that is confirmed is all there is, one that is disputed is none
// of them. A name of which nobody is left stands for itself, and says so.
func (r *Rulings) On(name intel.Entity, candidates []reference.Candidate) []reference.Candidate {
	ruled := false
	for _, v := range r.about[name] {
		if v.Ruling == intel.Confirm {
			candidates, ruled = r.end(name, v), true
			continue
		}
		other := r.main(v.Other)
		if v.Other == name {
			other = r.main(v.Name)
		}
		before := len(candidates)
		candidates = slices.DeleteFunc(slices.Clone(candidates), func(c reference.Candidate) bool { return c.Entity != name && slices.Contains(other, c.Entity) })
		ruled = ruled || len(candidates) < before
	}
	if !ruled {
		return candidates
	}
	sum := 0.0
	for _, c := range candidates {
		sum += c.Share
	}
	for i := range candidates {
		candidates[i].Share /= sum
	}
	if len(candidates) == 0 {
		return []reference.Candidate{{Entity: name, Share: 1, SaidBy: []string{ByAnalysts}}}
	}
	return candidates
}

// main returns a name and those for whom it is known to stand.
func (r *Rulings) main(e intel.Entity) []intel.Entity {
	out := []intel.Entity{e}
	for _, c := range r.known(e) {
		out = append(out, c.Entity)
	}
	return out
}

// end returns whom a name stands for that a verdict confirms: one that is a main
// name is meant itself, even where others have it among theirs.
func (r *Rulings) end(name intel.Entity, v intel.AliasVerdict) []reference.Candidate {
	at, said := r.follow(v.Other), []string{string(v.By)}
	if at.circle {
		if at.name == name {
			said = []string{ByAnalysts}
		}
		return []reference.Candidate{{Entity: at.name, Share: 1, SaidBy: said}}
	}
	cs := slices.Clone(r.known(at.name))
	if len(cs) == 0 || slices.ContainsFunc(cs, func(c reference.Candidate) bool { return c.Entity == at.name }) {
		return []reference.Candidate{{Entity: at.name, Share: 1, SaidBy: said}}
	}
	for i := range cs {
		cs[i].SaidBy = said
	}
	return cs
}

// follow returns where verdicts that confirm lead to from a name, and remembers
// it for all on the way.
func (r *Rulings) follow(name intel.Entity) end {
	var way []intel.Entity
	at := map[intel.Entity]int{}
	found := end{}
	for here := name; ; here = r.confirmed[here].Other {
		if known, ok := r.ends[here]; ok {
			found = known
			break
		}
		if i, ok := at[here]; ok {
			found = end{slices.MinFunc(way[i:], compare), true}
			break
		}
		at[here] = len(way)
		way = append(way, here)
		if _, ok := r.confirmed[here]; !ok {
			found = end{name: here}
			break
		}
	}
	for _, e := range way {
		r.ends[e] = found
	}
	return found
}

// ByAnalysts names analysts where what they dispute leaves a name to itself.
const ByAnalysts = "analysts"
