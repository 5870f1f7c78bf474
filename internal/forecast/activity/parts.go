package activity

import (
	"cmp"
	"math"
	"slices"
)

// Recent is what a series counted in the last so many watched weeks, and how many of
// them there were.
func (p *Panel) Recent(s, w, weeks int) (n, seen int) {
	one := p.Series[s]
	for i := w - 1; i >= one.First && seen < weeks; i-- {
		if p.seen(s, i) {
			n += one.Counts[i]
			seen++
		}
	}
	return n, seen
}

// discounts are those of the Gamma-Poisson model of which the one counts that would
// have told the weeks of a series best.
func discounts() []float64 { return []float64{.5, .6, .7, .8, .88} }

// alike is the shape and the rate of the Gamma-Poisson model before anything is heard.
const alike = .3

// gammaPoisson is the predictive distribution of h weeks where the posterior of the
// weekly rate forgets earlier weeks.
func (p *Panel) gammaPoisson(s, w, h, n int) PMF {
	one := p.Series[s]
	var shape, rate float64
	least := math.Inf(1)
	for _, d := range discounts() {
		a, b, loss := alike, alike, 0.0
		for i := one.First; i < w; i++ {
			if p.seen(s, i) {
				c := float64(one.Counts[i])
				loss -= likelihood(c, a/b, a)
				a, b = alike+d*(a-alike)+c, alike+d*(b-alike)+1
			}
		}
		if loss < least-1e-9 {
			least, shape, rate = loss, a, b
		}
	}
	return negativeBinomial(shape*float64(h)/rate, 1/(1/shape+1/steady), n)
}

// steady is the shape of how much a rate itself varies from the weeks it was learned from to
// those that are forecast: much that was counted makes no rate surer than this.
const steady = 40.0

// likelihood is the logarithm of how probable a count is under a negative binomial.
func likelihood(n, mean, size float64) float64 {
	a, _ := math.Lgamma(n + size)
	b, _ := math.Lgamma(size)
	c, _ := math.Lgamma(n + 1)
	return a - b - c + size*math.Log(size/(size+mean)) + n*math.Log(mean/(size+mean))
}

// intermittent is what exponential smoothing of how often and how much says (Teunter,
// Syntetos and Babai 2011): each week none, or some. How much varies is smoothed as
// well: sizes are one and a negative binomial.
func (p *Panel) intermittent(s, w, h, n int) PMF {
	often, size, variance := .3, 2.0, 4.0
	one := p.Series[s]
	for i := one.First; i < w; i++ {
		if !p.seen(s, i) {
			continue
		}
		if c := one.Counts[i]; c > 0 {
			miss := float64(c) - size
			often += .1 * (1 - often)
			variance += .1 * (miss*miss - variance)
			size += .15 * miss
		} else {
			often -= .1 * often
		}
	}
	more := max(size-1, 0)
	shape := 50.0
	if variance > more {
		shape = min(max(more*more/(variance-more), .5), shape)
	}
	d := make(PMF, n)
	for k := range h + 1 { // so many weeks have any: their sizes come to k and a negative binomial
		mass := chosen(h, k) * math.Pow(often, float64(k)) * math.Pow(1-often, float64(h-k))
		if k == 0 {
			d[0] += mass
			continue
		}
		for i, q := range negativeBinomial(float64(k)*more, float64(k)*shape, max(1, n-k)) {
			d[min(k+i, n-1)] += mass * q
		}
	}
	return normalised(d)
}

// chosen is in how many ways k of n are.
func chosen(n, k int) float64 {
	out := 1.0
	for i := range k {
		out = out * float64(n-i) / float64(i+1)
	}
	return out
}

// A past is a state with what came of it.
type past struct {
	series, week int
	x            state
	y            int
}

// compared are the numbers by which states are near each other.
func compared() []int { return []int{last1, last4, last12, slow, since, age, share} }

const (
	analogs = 150
	nearby  = .3 // added to a squared distance before it divides
)

// nearest returns the nearest past states, the nearest first, and how far each is.
func nearest(all []past, spread state, x state, n int) (at []int, far []float64) {
	type hit struct {
		i   int
		far float64
	}
	hits := make([]hit, len(all))
	for i, a := range all {
		d := 0.0
		for _, j := range compared() {
			z := (x[j] - a.x[j]) / spread[j]
			d += z * z
		}
		hits[i] = hit{i, d}
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.i, b.i)) })
	for _, h := range hits[:min(n, len(hits))] {
		at, far = append(at, h.i), append(far, h.far)
	}
	return at, far
}

// spreads is the deviation of each number of past states.
func spreads(all []past) (out state) {
	var middle state
	n := float64(max(1, len(all)))
	for _, a := range all {
		for j, v := range a.x {
			middle[j] += v / n
		}
	}
	for _, a := range all {
		for j, v := range a.x {
			out[j] += (v - middle[j]) * (v - middle[j]) / n
		}
	}
	for j := range out {
		if out[j] = math.Sqrt(out[j]); out[j] < 1e-9 {
			out[j] = 1
		}
	}
	return out
}

// smear adds an outcome to a distribution, from three on spread to both sides: what
// was 50 once might as well have been 45.
func smear(d PMF, y int, weight float64) {
	wide := 0
	if y >= 3 {
		wide = int(math.Round(min(.2*float64(y), 1.5*math.Sqrt(float64(y)))))
	}
	from, to := min(max(y-wide, min(y, 1)), len(d)-1), min(y+wide, len(d)-1)
	for n := from; n <= to; n++ {
		d[n] += weight / float64(to-from+1)
	}
}

// scaled adds an outcome of another level, spread likewise; none stays none, and some
// stays some.
func scaled(d PMF, y int, by, weight float64) {
	if y == 0 {
		d[0] += weight
		return
	}
	most := len(d) - 1
	want := min(max(float64(y)*by, 1), float64(most))
	wide := .15 * want
	if wide < .5 { // between two counts
		n := min(int(want), most)
		d[n] += weight * (1 - (want - float64(n)))
		d[min(n+1, most)] += weight * (want - float64(n))
		return
	}
	from, to := max(1, int(math.Round(want-wide))), min(int(math.Round(want+wide)), most)
	for n := from; n <= to; n++ {
		d[n] += weight / float64(to-from+1)
	}
}
