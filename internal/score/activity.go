package score

import (
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Activity says how much mentions of one side make of somebody beside all
// others of the kind.
func Activity(ms []intel.Voiced, others Ladder, now time.Time) intel.Standing {
	s := standing(ms, others, now, EachAccount)
	s.Band = ActivityBand(s.Score)
	return s
}

// Active is what mentions of one side come to, before they are placed.
func Active(ms []intel.Voiced, now time.Time) float64 {
	total, _ := Attention(ms, now, EachAccount)
	return total
}

// Interesting is what mentions of a vulnerability, product or vendor come to,
// before they are placed.
func Interesting(ms []intel.Voiced, now time.Time) float64 {
	total, _ := Attention(ms, now, EachVoice)
	return total
}

// ActivityBand names the band of a score of activity; each is two points wide.
func ActivityBand(score float64) string {
	return band(score, [10]string{"very low activity", "very low activity", "low activity", "low activity", "elevated activity", "elevated activity",
		"high activity", "high activity", "very high activity", "very high activity"})
}

const (
	// recently and the yearBefore are what a trend compares, in days.
	recently   = 90
	yearBefore = 365
	// TensionDays is how far back a trend looks.
	TensionDays = recently + yearBefore
)

// Tension is what mentions of attacks of one country on another come to now,
// and how the last 90 days stand beside the year before them: change is how many
// times as many voices spoke a day, 0 where none did in that year.
func Tension(ms []intel.Voiced, now time.Time) (weight, change float64, trend intel.Trend) {
	today := DayOf(now)
	var late, early float64
	for _, m := range once(ms) {
		w := m.Share * GenreWeight(m.Genre)
		switch age := today - m.Day; {
		case age < -int64(intel.Skew/days) || age >= TensionDays:
		case age < recently:
			late += w
		default:
			early += w
		}
	}
	weight = Active(ms, now)
	if early == 0 {
		if late == 0 {
			return weight, 0, intel.Ended
		}
		return weight, 0, intel.Fresh
	}
	change = rounded((late / recently) / (early / yearBefore))
	switch {
	case late == 0:
		trend = intel.Ended
	case change >= 1.5:
		trend = intel.Rising
	case change <= 2.0/3:
		trend = intel.Falling
	default:
		trend = intel.Even
	}
	return weight, change, trend
}
