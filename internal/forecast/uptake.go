package forecast

import (
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// UptakeHorizon is within how many days characteristics are forecast to be taken up.
const UptakeHorizon = 90

// A Prospect is what somebody is likely to take up, and why: the contributions of the
// reasons add up to the log-odds of the probability.
type Prospect struct {
	Target      intel.Entity
	Probability float64
	Without     float64 // what is said without the word of single voices; zero: nothing rests on it
	BaseRate    float64
	Simple      float64 // what popularity says
	Reasons     []intel.Reason
	Model       string
	Inputs      string // digest of what the model read
	ByWay       string // what besides the target counts: "a vulnerability that has it"; empty: nothing
}

// TakenUp makes forecasts of prospects.
func TakenUp(who intel.Entity, all []Prospect, now time.Time) []intel.Forecast {
	var out []intel.Forecast
	for _, p := range all {
		f := made(string(p.Target.Kind), who, p.Target.String(), UptakeHorizon, now)
		f.Probability, f.BaseRate, f.Model, f.Reasons = p.Probability, p.BaseRate, p.Model, p.Reasons
		f.Basis = intel.Basis{Simple: intel.Simple{Rule: "popularity", Probability: p.Simple}, Inputs: p.Inputs}
		way := ""
		if p.ByWay != "" {
			way = ", or with " + p.ByWay + ","
		}
		f.Rule = fmt.Sprintf("comes true if evidence dated from %s to %s and ingested by 14 days after links %s with %s%s at a probability of 0.5 or more",
			f.Made.Format(time.DateOnly), f.Due.Format(time.DateOnly), who, p.Target, way)
		out = append(out, f)
	}
	return out
}
