package activity

import (
	"math"
	"slices"
)

const (
	// fresh is how many weeks what one voice told stays its word: what it tells in them beyond
	// its habit before is not heeded in full.
	fresh = 6
	// Heeded bounds how far one voice's word moves a probability.
	Heeded = .15
	// HeededLess does where models learn from the word of all, since nobody's is known to be
	// right: together with what they learn from the same word this stays below 0.2.
	HeededLess = .1
	// trebled bounds by which factor it moves what is expected.
	trebled = 3
	settled = 8 // weeks that a habit is of, at least
	often   = 2 // documents in the last weeks from which on it is one
	busy    = 2 // times as many as it is are no flood
)

// Excess is what a voice told in the last weeks of a panel beyond its habit, by week, if
// told is what it told of one series in each: as much as before is its habit, and the
// weeks in which it told the most are those of the excess. What it told in them of weeks
// before, which is late of told, is no habit, and all of it excess: anybody can date
// back. It is nil if there is none.
func (p *Panel) Excess(told, late []int) []int {
	from := p.Fresh()
	first, before, weeks, lately, recent := -1, 0, 0, 0, 0
	for w := range p.Weeks {
		if !p.saw(w) {
			continue
		}
		if told[w] > late[w] && first < 0 {
			first = w
		}
		switch {
		case w >= from:
			lately, recent = lately+told[w], recent+1
		case first >= 0:
			before, weeks = before+told[w]-late[w], weeks+1
		}
	}
	out := make([]int, p.Weeks)
	copy(out, late[:from])
	back := slices.Max(append(out, 0)) > 0
	usually := before * recent / max(weeks, settled)
	if usually < often {
		usually = 0
	}
	for over := lately - usually; over > 0; over-- {
		most := from
		for w := from; w < p.Weeks; w++ {
			if p.saw(w) && told[w]-out[w] > told[most]-out[most] {
				most = w
			}
		}
		out[most]++
	}
	if lately <= usually && !back {
		return nil
	}
	return out
}

// Flood is what proves nothing of what a voice told in the last weeks, by week. Up to twice
// its habit that is what is over, beyond it. Else it is whole weeks, of which nobody can tell
// what the habit's part was: those in which it told the most, until no more is left than
// that and no week is busier than any before; and of the others what is beyond its habit.
// As much stays as it told in half of the weeks before, if it did in one of the others as
// well: else a flood would hide who never rests.
func (p *Panel) Flood(told, late, over []int) []int {
	from, rest, out := p.Fresh(), slices.Clone(told), make([]int, p.Weeks)
	last := rest[from:]
	most := busy * (sum(last) - sum(over[from:]))
	if sum(last) <= most {
		return over
	}
	var before []int
	for w := range from {
		if n := told[w] - late[w]; p.saw(w) && (n > 0 || before != nil) {
			before = append(before, n)
		}
	}
	slices.Sort(before)
	before = append([]int{0}, before...)
	whole, stays := 0, before[len(before)/2]
	for sum(last) > most || slices.Max(last) > before[len(before)-1] {
		w := slices.Index(last, slices.Max(last))
		out[from+w], last[w] = last[w], 0
		whole++
	}
	if whole < len(last) {
		stays = min(stays, slices.Max(last))
	}
	for w := from; w < p.Weeks; w++ {
		out[w] = max(0, out[w]-stays)
	}
	for w, n := range p.Excess(rest, late) {
		out[w] += n
	}
	return out
}

func sum(all []int) (n int) {
	for _, x := range all {
		n += x
	}
	return n
}

// Fresh is the first of the weeks that were watched last, what was told in which stays
// the word of who told it.
func (p *Panel) Fresh() int {
	from := p.Weeks
	for seen := 0; from > 0 && seen < fresh; from-- {
		if p.saw(from - 1) {
			seen++
		}
	}
	return from
}

// Heard reports whether a series was heard of at all.
func (p *Panel) Heard(s int) bool { return p.Series[s].First < p.Weeks }

// Surge is how many documents of four weeks are a surge of a series: twice what the last
// twelve weeks let expect, and five at least.
func (p *Panel) Surge(s int) int {
	n, seen := p.Recent(s, p.Weeks, 12)
	return max(5, int(math.Ceil(8*float64(n)/float64(max(1, seen)))))
}

// Less is a panel of the same series less what is not to be heeded of them, by series;
// nil is nothing. A series of which nothing is left was never heard of.
func (p *Panel) Less(excess [][]int) *Panel {
	out := &Panel{Start: p.Start, Weeks: p.Weeks, Watched: p.Watched, Series: make([]Series, len(p.Series))}
	for s, one := range p.Series {
		out.Series[s] = one.Less(excess[s])
	}
	return out
}

// Less is a series less what is not to be heeded of it, by week; nil is nothing.
func (s Series) Less(excess []int) Series {
	if excess == nil {
		return s
	}
	less := Series{Name: s.Name, Counts: make([]int, len(s.Counts)), First: len(s.Counts), Missing: s.Missing}
	for w := len(s.Counts) - 1; w >= 0; w-- {
		if less.Counts[w] = max(0, s.Counts[w]-excess[w]); less.Counts[w] > 0 {
			less.First = w
		}
	}
	return less
}

// Of is the same model, as it was learned, of another panel of the same series.
func (m *Model) Of(p *Panel) *Model {
	out := *m
	out.panel, out.totals = p, p.totals()
	return &out
}

// With is the same model of a panel in which one series counted otherwise, and other weeks
// were watched: what all count in sum stays.
func (m *Model) With(s int, one Series, watched []bool) *Model {
	out, p := *m, *m.panel
	p.Series, p.Watched = slices.Clone(p.Series), watched
	p.Series[s] = one
	n, _ := p.Recent(s, m.week, m.h)
	out.panel, out.support = &p, max(m.support, supported(n))
	return &out
}

// Usual is what is said of a series of which nothing is known: what came of all states
// that are learned from, or what the posterior says of nothing where those are few.
func (m *Model) Usual() PMF {
	out := make(PMF, m.support)
	if m.forest == nil {
		none := &Panel{Weeks: 1, Series: []Series{{Counts: make([]int, 1)}}}
		return none.gammaPoisson(0, 1, m.h, m.support)
	}
	for _, x := range m.past {
		smear(out, x.y, 1)
	}
	return normalised(out)
}

// Came is of how many of all states that are learned from at least n came.
func (m *Model) Came(n int) (came, states int) {
	for _, x := range m.past {
		if x.y >= n {
			came++
		}
	}
	return came, len(m.past)
}

// Sum is how many came of all states that are learned from.
func (m *Model) Sum() (n int) {
	for _, x := range m.past {
		n += x.y
	}
	return n
}

// Heed is a distribution that one voice's word moved, moved back towards what is said
// without that word until the probabilities of any and of at least so many are within a
// bound, and what is expected is at most trebled. The share of it that stays is returned
// as well; 1 is all.
func Heed(with, without PMF, surge int, bound float64) (PMF, float64) {
	share := 1.0
	for _, n := range []int{1, surge} {
		if moved := math.Abs(with.AtLeast(n) - without.AtLeast(n)); moved > bound {
			share = min(share, bound/moved)
		}
	}
	if up, usual := with.Mean(), without.Mean(); up > trebled*usual && up > usual {
		share = min(share, max((trebled-1)*usual, bound)/(up-usual))
	}
	if share == 1 {
		return with, 1
	}
	out := make(PMF, max(len(with), len(without)))
	for n, p := range with {
		out[n] += share * p
	}
	for n, p := range without {
		out[n] += (1 - share) * p
	}
	return normalised(out), share
}

// A Said is what is said of a series by some words; Known is whether those tell of it.
type Said struct {
	PMF
	Known bool
}

// Heed bounds how far a word moves a distribution from what is said without it. Where
// nothing is known without it, what is said is what is said of anybody, and the word is
// moved back only if it makes any more probable: that somebody is silent is no flood.
func (without Said) Heed(with PMF, surge int, bound float64) (PMF, float64) {
	if !without.Known && with.Any() <= without.Any() {
		return with, 1
	}
	return Heed(with, without.PMF, surge, bound)
}

// HeedAll is what several voices say together, of says by the set of their words, a bit
// each: what none of them moves, with each the forecast without it, which is bounded
// likewise, within the bounds of Heed; the first is bounded strictly. The voice that moved
// it the most is returned as well, -1 if it is not bounded.
func HeedAll(voices int, of func(set uint) Said, surge int, bound float64) (Said, int) {
	said := make([]Said, 1<<voices)
	by := -1
	for set := range uint(len(said)) {
		d, least := of(set), 1.0
		all := d.PMF
		by = -1
		for v := voices - 1; v >= 0; v-- {
			if set&(1<<v) == 0 {
				continue
			}
			without := said[set&^(1<<v)]
			d.PMF, _ = without.Heed(d.PMF, surge, bound)
			if _, share := without.Heed(all, surge, bound); share < 1 && share <= least {
				by, least = v, share
			}
		}
		said[set] = d
	}
	return said[len(said)-1], by
}
