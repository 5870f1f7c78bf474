package intel

import "time"

// WeekBins sums up forecasts of about one probability that were made in one week and are
// judged, in millionths. Of counts P is where they lay in their distributions.
type WeekBins struct {
	Event  bool
	Week   int64 // since 1970
	N      int
	P, Log int64 // sums
	Came   int64 // events that came
}

// A Drift says that forecasts no longer turn out as they did.
type Drift struct {
	Since time.Time `json:"since"` // when those were made from which on they do not
	What  string    `json:"what"`
	Weeks int       `json:"weeks"` // that were looked at
}

func (d Drift) String() string {
	return "drift: of what was forecast since " + d.Since.Format(time.DateOnly) + " " + d.What
}
