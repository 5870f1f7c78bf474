package score

import (
	"cmp"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Saying is what is said of one link, under a name that with a share means what a
// row is of. Evidence of a link that denies what the row says is no part of it.
type Saying struct {
	Share    float64
	Evidence []intel.Evidence
}

// mostly is the share from which on what is said of a name is said of what it means.
const mostly = 0.5

// Together assesses a row that is said under several names, and returns what each
// origin adds to what all of them come to: evidence of one origin counts once,
// whatever names it uses, and as far as a name means something else it says nothing.
// So
//
//	P = Σ (s₁ − s₂) · P(of the names that mean it with s₁ and more)
//
// over the shares s₁ that occur, each with the next smaller one s₂. Voices and dates
// are those of names that mostly mean it, or of all if none does.
func (s Scale) Together(sayings []Saying, now time.Time) (intel.Assessment, []Step) {
	sayings = slices.SortedStableFunc(slices.Values(sayings), func(a, b Saying) int { return cmp.Compare(b.Share, a.Share) })
	var all []intel.Evidence
	var a intel.Assessment
	var steps []Step
	p, settled := 0.0, false
	for i, one := range sayings {
		all = append(all, one.Evidence...)
		less := 0.0
		if i+1 < len(sayings) {
			less = sayings[i+1].Share
		}
		if less == one.Share || len(all) == 0 {
			continue
		}
		steps = s.Explain(all, now)
		p += (one.Share - less) * Fuse(steps)
		if !settled {
			a = s.assess(steps, all, intel.Clear, now)
			settled = less < mostly && one.Share >= mostly
		}
	}
	a.Probability = p
	a.Level = s.Cuts.Level(p, a.Lasting, a.Dated)
	return a, steps
}

// Consent is what those who dispute a link leave of what others say for it.
func Consent(steps []Step) float64 {
	left := 1.0
	for _, s := range steps {
		if s.Stance == intel.Disputes && s.With == "" {
			left *= 1 - Objection*s.Worth
		}
	}
	return left
}
