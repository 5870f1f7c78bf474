package forecast

import (
	"math"
	"time"
)

// Horizon is within how many days an indicator is to be seen again.
const Horizon = 30

// SightingNames names the numbers of Sighting, those that tell of the
// indicator's own reports first.
func SightingNames() []string {
	out := append(ownNames(), "account's reports", "account's silence", "account reports again", "account reports others'")
	for _, where := range []string{"host", "network"} {
		out = append(out, where+"'s silence", where+" is newer", where+" reported again")
	}
	return append(out, recordNames()...)
}

// OwnNumbers is how many of the numbers of Sighting tell of the indicator's own
// reports alone.
func OwnNumbers() int { return len(ownNames()) }

// Recent returns the values that were reported in the last Memory days, in the
// order of their first reports.
func (r *Replay) Recent(now time.Time) []int32 {
	var out []int32
	day := dayOf(now.Unix())
	for _, v := range r.alive {
		if day-r.tracks[v].last <= Memory {
			out = append(out, v)
		}
	}
	return out
}

// Age returns how many days ago a value was last reported.
func (r *Replay) Age(value int32, now time.Time) float64 {
	return dayOf(now.Unix()) - r.tracks[value].last
}

// Sighting replaces x by what is known now of whether a value will be seen
// again.
func (r *Replay) Sighting(x []float64, value int32, now time.Time) []float64 {
	day, t, e, about := dayOf(now.Unix()), r.tracks[value], r.latestOf(value), &r.h.about[value]
	var few [latest]spot
	x = own(x[:0], about.kind, t, r.spots(few[:0], value), day)
	account := r.accounts[e.by].as(day)
	x = append(x, math.Log1p(account.busy), math.Log1p(day-account.last), share(account.again, account.busy, 0.03), share(account.others, account.busy, 0.02))
	for _, where := range [2]habit{r.hosts[about.host].as(day), r.networks[about.network].as(day)} {
		if about.kind == hash || about.kind == other {
			where = habit{last: t.last} // in no place
		}
		x = append(x, math.Log1p(day-where.last), truth(where.last > t.last+0.01), share(where.again, where.busy, 0.03))
	}
	return r.recorded(x, value, day)
}

// Forgotten returns how many of the values marked were reported until now, but
// none of them in the last Memory days.
func (r *Replay) Forgotten(now time.Time, marked []bool) int {
	n, day := 0, dayOf(now.Unix())
	for _, v := range r.alive {
		if marked[v] && day-r.tracks[v].last > Memory {
			n++
		}
	}
	return n
}

// Polynomial is the decay that MISP and OpenCTI use, of 365 days and factor 3.0,
// at an age in days: 1 for what was just seen, 0 for what is a year old. It is
// no probability.
func Polynomial(age float64) float64 {
	if age >= 365 {
		return 0
	}
	return 1 - math.Cbrt(max(0, age)/365)
}
