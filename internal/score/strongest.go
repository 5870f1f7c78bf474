package score

import (
	"cmp"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// A Rest is what the steps come to that are not told one by one.
type Rest struct {
	Steps   int     `json:"steps"`
	Doubt   float64 `json:"doubt"`   // the product of 1 − q of those in support
	Consent float64 `json:"consent"` // the product of 1 − 0.9 q of those that dispute
}

// Strongest returns of each stance the steps, so many at most, that count most, in
// the order they came in, and what the others come to: the products of [Fuse] are
// those of the steps times those of the rest.
func Strongest(steps []Step, most int) ([]Step, Rest) {
	rest := Rest{Doubt: 1, Consent: 1}
	if len(steps) <= most {
		return steps, rest
	}
	rank := make([]int, len(steps))
	for i := range rank {
		rank[i] = i
	}
	counts := func(i int) float64 { // what another speaks for counts nothing
		if steps[i].With != "" {
			return steps[i].Worth - 1
		}
		return steps[i].Worth
	}
	slices.SortStableFunc(rank, func(a, b int) int { return cmp.Compare(counts(b), counts(a)) })
	shown, told := make([]bool, len(steps)), map[intel.Stance]int{}
	for _, i := range rank {
		s := steps[i]
		if told[s.Stance]++; told[s.Stance] <= most {
			shown[i] = true
			continue
		}
		rest.Steps++
		switch {
		case s.With != "":
		case s.Stance == intel.Disputes:
			rest.Consent *= 1 - Objection*s.Worth
		default:
			rest.Doubt *= 1 - s.Worth
		}
	}
	var out []Step
	for i, s := range steps {
		if shown[i] {
			out = append(out, s)
		}
	}
	return out, rest
}
