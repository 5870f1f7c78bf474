package web

import (
	"strconv"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestASkillThatIsOffByFarIsWrittenShort(t *testing.T) {
	for want, v := range map[string]intel.Interval{"−206 (−209 to −203)": {-205.81, -208.62, -202.53}, "+0.25 (−0.20 to +0.31)": {.25, -.2, .31}} {
		if got := skillOf(v); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestNumbersBelowBarsDoNotRunIntoEachOther(t *testing.T) {
	var l recordLine
	l.Events = true
	for _, p := range []float64{.003, .008, .013, .036, .065, .115, .3} {
		l.Reliability = append(l.Reliability, intel.ReliabilityPoint{P: p, Observed: p, N: 1087})
	}
	last, n := -100.0, 0
	for _, b := range trackChartOf(l).Bars {
		if at, err := strconv.ParseFloat(b.Mid, 64); err != nil || b.Labelled && at-last < 50 { // five characters of a narrow screen
			t.Errorf("%s stands %.0f behind the one before, %v", number(b.N), at-last, err)
		} else if b.Labelled {
			last, n = at, n+1
		}
	}
	if n < 3 {
		t.Errorf("%d numbers", n)
	}
}
