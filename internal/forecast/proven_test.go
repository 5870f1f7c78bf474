package forecast

import (
	"math"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestNoForecastClaimsMoreThanTheRecordOfItsKindAllows(t *testing.T) {
	claimed := intel.Skill{.3, .2, .4}
	better, worse, short := &intel.Interval{.2, .1, .3}, &intel.Interval{.1, -.1, .3}, &intel.Interval{.1, math.NaN(), math.NaN()}
	for name, c := range map[string]struct {
		claims intel.Skill
		own    *intel.Interval
		want   string
	}{
		"nothing is known":                 {nil, nil, intel.NoBetter},
		"a back-test showed some":          {claimed, nil, intel.Better},
		"a back-test may have shown none":  {intel.Skill{.02, -.01, .05}, nil, intel.NoBetter},
		"made here for too short a time":   {claimed, short, intel.Better},
		"and of nothing before":            {nil, short, intel.NoBetter},
		"those made here were no better":   {claimed, worse, intel.NoBetter},
		"those made here were better":      {nil, better, intel.Better},
		"they were, whatever was expected": {intel.Skill{.02, -.01, .05}, better, intel.Better},
	} {
		event := Proven([]intel.Forecast{{Kind: "x", Skill: c.claims}}, map[string]intel.HeadRecord{"x": {BrierSkill: c.own}})[0]
		count := Proven([]intel.Forecast{{Kind: "x", Skill: c.claims, Quantiles: map[string]float64{"0.5": 1}}}, map[string]intel.HeadRecord{"x": {CRPSSkill: c.own}})[0]
		if event.Skill.Verdict() != c.want || count.Skill.Verdict() != c.want {
			t.Errorf("%s: an event is %s, a count %s; want %s", name, event.Skill.Verdict(), count.Skill.Verdict(), c.want)
		}
	}
}
