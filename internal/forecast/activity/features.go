package activity

import "math"

// The numbers of a state by what they are. Counts are logarithms of one more.
const (
	last1 = iota
	last4
	last12
	quick // four weeks of an average that forgets a fifth a week
	slow  // and a twentieth
	since // weeks since it was heard of last
	age
	share // of twelve weeks in which it was
	world // what all series counted in four weeks
	quiet // it was silent for more than four weeks
	peak  // of eight weeks
	second
	third
	fourth
	last26
	last2
	rising // four weeks against twelve
	jumped // the last against four
	part   // of what all series counted
	numbers
)

// A state is a series at the beginning of a week, by what was watched before it.
type state [numbers]float64

// state returns that of a series at the beginning of a week, in which all series had
// counted so many in four weeks.
func (p *Panel) state(s, w int, all float64) (x state) {
	one := p.Series[s]
	var sums [27]float64 // of the last so many weeks
	var single [5]float64
	var most, active, fast, fastWeight, steady, steadyWeight float64
	fastBy, steadyBy, silent, seen := 1.0, 1.0, -1, 0
	for i := w - 1; i >= one.First; i-- {
		if !p.seen(s, i) {
			continue
		}
		n := float64(one.Counts[i])
		seen++
		if seen < len(sums) {
			sums[seen] = n
		}
		if seen < len(single) {
			single[seen] = n
		}
		if seen <= 8 {
			most = max(most, n)
		}
		if n > 0 && seen <= 12 {
			active++
		}
		if n > 0 && silent < 0 {
			silent = seen - 1
		}
		fast, fastWeight, fastBy = fast+fastBy*n, fastWeight+fastBy, fastBy*.8
		steady, steadyWeight, steadyBy = steady+steadyBy*n, steadyWeight+steadyBy, steadyBy*.95
	}
	if silent < 0 {
		silent = seen
	}
	for i := 1; i < len(sums); i++ {
		sums[i] += sums[i-1]
	}
	log := math.Log1p
	x[last1], x[last2], x[last4], x[last12], x[last26] = log(sums[1]), log(sums[2]), log(sums[4]), log(sums[12]), log(sums[26])
	x[second], x[third], x[fourth] = log(single[2]), log(single[3]), log(single[4])
	if seen > 0 {
		x[quick], x[slow] = log(4*fast/fastWeight), log(4*steady/steadyWeight)
		x[share] = active / float64(min(seen, 12))
	}
	x[since], x[age], x[world], x[peak] = log(float64(silent)), log(float64(seen)), log(all), log(most)
	if silent > 4 {
		x[quiet] = 1
	}
	x[rising], x[jumped], x[part] = x[last4]-x[last12], x[last1]-x[last4], x[last4]-x[world]
	return x
}

// totals is what all series counted in the four watched weeks before each week.
func (p *Panel) totals() []float64 {
	weekly := make([]float64, p.Weeks)
	for _, s := range p.Series {
		for w, n := range s.Counts {
			weekly[w] += float64(n)
		}
	}
	out := make([]float64, p.Weeks+1)
	for w := range out {
		for i, seen := w-1, 0; i >= 0 && seen < 4; i-- {
			if p.saw(i) {
				out[w] += weekly[i]
				seen++
			}
		}
	}
	return out
}

// level is about what four weeks of a series count, and one.
func (x *state) level() float64 { return (math.Exp(x[quick]) + math.Exp(x[slow])) / 2 }
