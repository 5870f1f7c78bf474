package forecast

import "github.com/portent-cti/portent/internal/intel"

// Proven gives forecasts the skill that those of their kind made here turned out to have,
// by kind, where there is an interval of it. The others keep what their maker claims.
func Proven(fs []intel.Forecast, own map[string]intel.HeadRecord) []intel.Forecast {
	for i := range fs {
		f := &fs[i]
		r := own[f.Kind]
		shown := r.BrierSkill
		if len(f.Quantiles) > 0 {
			shown = r.CRPSSkill
		}
		if shown != nil && shown.Bounded() {
			f.Skill = intel.Skill{micro(shown[0]), micro(shown[1]), micro(shown[2])}
		}
	}
	return fs
}
