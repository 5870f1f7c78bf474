package score

import (
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// kept is evidence without what its source took back, and without the words that do so. A
// source takes back its own word alone; among sources that nobody named, which are
// anybody's, whoever said it does. A word that fewer may read than it takes back does
// nothing: others would read on what they may not know to be withdrawn.
func (s Scale) kept(evidence []intel.Evidence) []intel.Evidence {
	var back []intel.Evidence
	for i := range evidence {
		if evidence[i].Stance == intel.Retracts {
			back = append(back, evidence[i])
		}
	}
	if len(back) == 0 {
		return evidence
	}
	withdrawn := func(e intel.Evidence) bool {
		return e.Stance == intel.Retracts || slices.ContainsFunc(back, func(b intel.Evidence) bool { return s.retracts(&b, &e) })
	}
	return slices.DeleteFunc(slices.Clone(evidence), withdrawn)
}

func (s Scale) retracts(b, e *intel.Evidence) bool {
	return e.Link == b.Link && e.Source == b.Source && e.Stance == intel.Supports && !e.Learned.After(b.Learned) && e.Marking >= b.Marking &&
		(e.Origin == b.Origin || !s.Unnamed.Has(e.Source))
}
