package forecast

import (
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// The heads of what enters a catalogue of flaws that are known to be exploited.
const (
	ExploitedVendor = "exploited vendor"
	ExploitedFlaw   = "exploited vulnerability"
)

// A Listing is what may enter a catalogue, or of whom something may, and why: the
// contributions of the reasons add up to the log-odds of the probability.
type Listing struct {
	Subject     intel.Entity
	Probability float64
	BaseRate    float64
	Simple      intel.Simple
	Reasons     []intel.Reason
	Ranked      intel.Ranked
}

// Listings are forecasts of one head that are made together.
type Listings struct {
	Kind    string
	Horizon int // days
	Model   string
	Inputs  string // digest of what the model read
	Skill   intel.Skill
	All     []Listing
}

// Listed makes forecasts of entries of CISA's catalogue.
func Listed(of Listings, now time.Time) []intel.Forecast {
	what := "%s as added"
	if of.Kind == ExploitedVendor {
		what = "a vulnerability of %s as added"
	}
	out := make([]intel.Forecast, 0, len(of.All))
	for _, l := range of.All {
		f := made(of.Kind, l.Subject, "entry in CISA's KEV", of.Horizon, now)
		f.Probability, f.BaseRate, f.Model, f.Reasons, f.Skill = l.Probability, l.BaseRate, of.Model, l.Reasons, of.Skill
		f.Basis = intel.Basis{Simple: l.Simple, Ranked: l.Ranked, Inputs: Digest(of.Model, of.Inputs, l.Subject)}
		f.Rule = fmt.Sprintf("comes true if CISA's catalogue of known exploited vulnerabilities lists "+what+
			" after %s and by %s, as it was read here by 14 days after; cannot be judged if its last entry was older than %[3]s then",
			l.Subject, f.Made.Format(time.DateOnly), f.Due.Format(time.DateOnly))
		out = append(out, f)
	}
	return out
}

// LogOdds are those of a probability, which is kept away from certainty.
func LogOdds(p float64) float64 { return logit(min(max(p, 1e-9), 1-1e-9)) }
