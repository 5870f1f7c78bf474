package correlate

import (
	"slices"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// Ruled returns whom a name stands for after the verdicts in force, of those for
// whom it would else: one that is confirmed is all there is, one that is disputed
// is none of them. A name of which nobody is left stands for itself, and says so.
func Ruled(name intel.Entity, candidates []reference.Candidate, verdicts []intel.AliasVerdict, known func(intel.Entity) []reference.Candidate) []reference.Candidate {
	main := func(e intel.Entity) []intel.Entity {
		out := []intel.Entity{e}
		for _, c := range known(e) {
			out = append(out, c.Entity)
		}
		return out
	}
	ruled := false
	for _, v := range verdicts {
		switch {
		case v.Ruling == intel.Confirm && v.Name == name:
			candidates, ruled = confirmed(name, v, verdicts, known), true
		case v.Ruling == intel.Dispute && (v.Name == name || v.Other == name):
			other := main(v.Other)
			if v.Other == name {
				other = main(v.Name)
			}
			before := len(candidates)
			candidates = slices.DeleteFunc(slices.Clone(candidates), func(c reference.Candidate) bool { return c.Entity != name && slices.Contains(other, c.Entity) })
			ruled = ruled || len(candidates) < before
		}
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

// confirmed returns whom a name stands for that a verdict confirms: the end of the
// chain of such verdicts, or in a circle the first of its names.
func confirmed(name intel.Entity, v intel.AliasVerdict, verdicts []intel.AliasVerdict, known func(intel.Entity) []reference.Candidate) []reference.Candidate {
	said := []string{string(v.By)}
	chain := []intel.Entity{name, v.Other}
	for {
		last := chain[len(chain)-1]
		next := slices.IndexFunc(verdicts, func(o intel.AliasVerdict) bool { return o.Ruling == intel.Confirm && o.Name == last })
		if next < 0 {
			break
		}
		to := verdicts[next].Other
		if i := slices.Index(chain, to); i >= 0 {
			first := slices.MinFunc(chain[i:], compare)
			if first == name {
				said = []string{ByAnalysts}
			}
			return []reference.Candidate{{Entity: first, Share: 1, SaidBy: said}}
		}
		chain = append(chain, to)
	}
	end := chain[len(chain)-1]
	cs := slices.Clone(known(end))
	if len(cs) == 0 {
		return []reference.Candidate{{Entity: end, Share: 1, SaidBy: said}}
	}
	for i := range cs {
		cs[i].SaidBy = said
	}
	return cs
}

// ByAnalysts names analysts where what they dispute leaves a name to itself.
const ByAnalysts = "analysts"
