package score

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// MuchInADay is how many values one voice must speak of on a day for that day to
// be odd.
const MuchInADay = 100

// How a source behaves says something of its rows. The numbers are those of
// docs/confidence.md.
const (
	// burstTimes is how many times an account's habit a burst is, and burstDays on
	// how many days it must have spoken to have one.
	burstTimes, burstDays = 5, 7
	// loadTimes is how many times the habit that follows a first load is, and
	// loadDays how many days must follow.
	loadTimes, loadDays = 10, 5
)

// A Day is how many values one voice speaks of on one day.
type Day struct {
	Day          int64 // since 1970, UTC
	Said, Posted int   // in all, and as an account
}

// Odd says of some days of a voice that they are beyond its habit.
type Odd struct {
	load   int64 // the first day if a history was filled in on it, else noDay
	bursts []int64
}

// noDay is a day that none is.
const noDay = -1

// OddDays returns which of the days of a voice, the first first, are odd. The
// habit is the median of its days.
func OddDays(days []Day) Odd {
	o := Odd{load: noDay}
	if len(days) > loadDays && days[0].Said >= MuchInADay && float64(days[0].Said) >= loadTimes*median(days[1:], func(d Day) int { return d.Said }) {
		o.load = days[0].Day
	}
	if len(days) < burstDays {
		return o
	}
	habit := median(days, func(d Day) int { return d.Posted })
	for _, d := range days {
		if d.Day != o.load && d.Posted >= MuchInADay && float64(d.Posted) >= burstTimes*habit {
			o.bursts = append(o.bursts, d.Day)
		}
	}
	return o
}

func median(days []Day, of func(Day) int) float64 {
	n := make([]int, len(days))
	for i, d := range days {
		n[i] = of(d)
	}
	slices.Sort(n)
	return float64(n[(len(n)-1)/2]+n[len(n)/2]) / 2
}

// A Ground is a day on which a voice spoke for a row.
type Ground struct {
	Voice Voice
	Day   int64 // -1 is unknown
}

// A Voice is an origin as one source tells of it.
type Voice struct{ Source, Origin int64 }

// A Doubt is why a row is believed less than its evidence comes to.
type Doubt struct {
	Burst     bool // one voice alone says it, and only on days of a burst
	Load      bool // nothing but the first load of a source dates it
	Claimants int  // actors, malware and tools that its value counts as said to be of, see [Scale.Sharers]
	Cuts      Cuts // where levels begin
}

// Against returns what speaks against a row that rests on grounds, by the odd
// days of its voices.
func Against(grounds []Ground, odd func(Voice) (Odd, bool)) (d Doubt) {
	d.Burst = len(grounds) > 0
	undated, loaded := true, true
	for _, g := range grounds {
		o, known := odd(g.Voice)
		d.Burst = d.Burst && known && g.Voice == grounds[0].Voice && slices.Contains(o.bursts, g.Day)
		if g.Day >= 0 {
			undated = false
			loaded = loaded && known && g.Day == o.load
		}
	}
	d.Load = loaded && !undated
	return d
}

// Sharers returns among how many a value counts as shared for one row of it, which
// sources say; claimed tells that the row is of an actor, malware or tool itself. Of
// these, all says how many each source names, and total how many there are. A source
// that names many believes none of them much, but cannot take from others what it does
// not believe: the row stands as well as with that source of it that names fewest, to
// which each other adds [TooMany]-1 at most, and no more than it is itself believed.
func (s Scale) Sharers(sayers []intel.SourceID, all []intel.Naming, total int, claimed bool) int {
	names, reliable, says := map[string]int{}, map[string]float64{}, map[string]bool{}
	for _, n := range all {
		who := s.Unnamed.Speaker(n.Source)
		names[who] += n.Names
		reliable[who] = max(reliable[who], s.reliability(&intel.Evidence{Source: n.Source, Reliability: n.Reliability}))
	}
	for _, id := range sayers {
		says[s.Unnamed.Speaker(id)] = true
	}
	least := float64(total)
	for who := range says {
		n := float64(names[who])
		for other, named := range names {
			if says[other] && claimed {
				named-- // the row itself
			}
			if other != who && named > 0 {
				n += float64(min(TooMany-1, named)) * min(1, reliable[other]/max(reliable[who], Leak))
			}
		}
		least = min(least, n)
	}
	return int(least + 1e-9)
}

// Lower is what doubts leave of a probability. A burst leaves all of it: others repeat
// its values half as often, which is no word on whether they are true, and of those that
// people judged as many were as of others.
func (d Doubt) Lower(p float64) float64 {
	if d.Claimants >= TooMany {
		p *= (TooMany - 1) / float64(d.Claimants)
	}
	return p
}

// reasons is what speaks against a row, fit to print.
func (d Doubt) reasons() (why []string) {
	if d.Burst {
		why = append(why, "said by one account in a burst")
	}
	if d.Load {
		why = append(why, "dated by the first load of its source")
	}
	if d.Claimants >= TooMany {
		why = append(why, fmt.Sprintf("shared by %d", d.Claimants))
	}
	return why
}

// leaves is what doubts leave of a row, and their reasons. A level is never raised.
func (d Doubt) leaves(p float64, l intel.Level, lasting int, dated bool) (float64, intel.Level, string) {
	why := d.reasons()
	if len(why) == 0 {
		return p, l, ""
	}
	p = d.Lower(p)
	if lower := d.Cuts.Level(p, lasting, dated && !d.Load && !d.Burst); rankOf(lower) < rankOf(l) {
		l = lower
	}
	return p, l, strings.Join(why, also)
}

// also stands between reasons.
const also = ", "

// Doubted is a row with what speaks against it. It is never believed more than
// before.
func Doubted(r intel.Row, d Doubt) intel.Row {
	if r.Suppressed != "" || r.Predicted {
		return r
	}
	r.Doubts = append(slices.Clip(r.Doubts), d.reasons()...)
	r.Probability, r.Level, _ = d.leaves(r.Probability, r.Level, r.Lasting, r.Dated)
	return r
}

// Despite is what speaks against a row though the word of an analyst counts: one who
// confirms it has looked at who says it, and of whom else, and says not when it was.
func (d Doubt) Despite(v intel.RowVerdict) Doubt {
	if v.Ruling == intel.ConfirmRow {
		d.Burst, d.Claimants = false, 0
	}
	return d
}

// rankOf orders levels.
func rankOf(l intel.Level) int {
	return slices.Index([]intel.Level{intel.Low, intel.Medium, intel.High}, l)
}
