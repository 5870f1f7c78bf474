package forecast

import (
	"math"
	"slices"
)

// A spot is one report of an indicator: the day, in days since 1970, and the
// number of the account.
type spot struct {
	day float64
	by  int32
}

// A track is what the reports of one indicator have told so far.
type track struct {
	first, last float64
	n, days, by int
}

// latest is how many reports of one indicator are looked at, the newest ones;
// older ones count.
const latest = 64

// dayOf is a Unix time in days.
func dayOf(unix int64) float64 { return float64(unix) / 86400 }

// report takes in one more report; newcomer says that its account had not
// reported the indicator.
func (t *track) report(day float64, newcomer bool) {
	if t.n == 0 {
		t.first = day
	}
	if t.n == 0 || math.Floor(day) != math.Floor(t.last) {
		t.days++
	}
	if newcomer {
		t.by++
	}
	t.n++
	t.last = day
}

// ownNames names what own appends.
func ownNames() []string {
	out := []string{"age", "age²", "life", "reports", "days", "accounts", "came back", "median pause", "age by pause", "latest pause",
		"2 days", "7 days", "30 days"}
	for _, k := range []string{"address", "url", "domain", "sha256", "other"} {
		out = append(out, k, k+" age", k+" age²", k+" came back")
	}
	return append(out, "first day", "3 days old", "14 days old", "60 days old")
}

// own appends what the reports of an indicator alone tell of it on a day: how
// old they are, how many, by how many, at what pauses, and what sort of thing
// it is. Spots are its latest reports, newest first.
func own(x []float64, k kind, t track, spots []spot, day float64) []float64 {
	age := day - t.last
	logAge := math.Log1p(age)
	median, last, back := pauses(spots)
	ofPause := 0.0
	if back > 0 {
		ofPause = min(age/median, 20)
	}
	x = append(x, logAge, logAge*logAge, math.Log1p(day-t.first), math.Log(float64(t.n)), math.Log(float64(t.days)), math.Log(float64(t.by)),
		back, math.Log1p(median), ofPause, math.Log1p(last))
	var within [3]float64
	for _, s := range spots {
		for i, span := range [3]float64{2, 7, 30} {
			within[i] += truth(day-s.day <= span)
		}
	}
	for _, n := range within {
		x = append(x, math.Log1p(n))
	}
	for c := range kindCount {
		is := truth(c == k)
		x = append(x, is, is*logAge, is*logAge*logAge, is*back)
	}
	return append(x, min(age, 1), min(age, 3), min(age, 14)/10, min(age, 60)/50)
}

// pauses returns the median and the latest of the pauses of half a day or more
// between reports, and whether (1) or not (0) there are any.
func pauses(spots []spot) (median, last, back float64) {
	var gaps []float64
	for i := 1; i < len(spots) && len(gaps) < latest/2; i++ {
		if gap := spots[i-1].day - spots[i].day; gap > 0.5 {
			gaps = append(gaps, gap)
		}
	}
	if len(gaps) == 0 {
		return 0, 0, 0
	}
	last = gaps[0]
	slices.Sort(gaps)
	return gaps[len(gaps)/2], last, 1
}
