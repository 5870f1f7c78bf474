package activity

import (
	"iter"
	"math"

	"github.com/portent-cti/portent/internal/forecast"
)

// A PMF is how probable each count is, from nought on: what is missing behind its end
// is impossible. It sums to 1.
type PMF []float64

// Mean is the expected count.
func (d PMF) Mean() float64 {
	sum := 0.0
	for n, p := range d {
		sum += float64(n) * p
	}
	return sum
}

// Any is the probability that the count is not nought.
func (d PMF) Any() float64 {
	if len(d) == 0 {
		return 0
	}
	return min(max(1-d[0], 0), 1)
}

// Quantile is the least count that is reached or undercut with a probability of level.
func (d PMF) Quantile(level float64) int {
	sum := 0.0
	for n, p := range d {
		if sum += p; sum >= level-1e-12 {
			return n
		}
	}
	return max(0, len(d)-1)
}

// AtLeast is the probability of n and more.
func (d PMF) AtLeast(n int) float64 {
	sum := 0.0
	for _, p := range d[min(max(n, 0), len(d)):] {
		sum += p
	}
	return min(sum, 1)
}

// below is the probabilities of n or less, by n from nought on.
func (d PMF) below() iter.Seq[float64] {
	return func(yield func(float64) bool) {
		sum := 0.0
		for _, p := range d {
			if sum += p; !yield(sum) {
				return
			}
		}
	}
}

// CRPS is the continuous ranked probability score of a forecast of which y came.
func (d PMF) CRPS(y int) float64 { return forecast.Missed(d.below(), y) }

// LogScore is −ln of how probable it was that y comes.
func (d PMF) LogScore(y int) float64 {
	p := 0.0
	if y < len(d) {
		p = d[y]
	}
	return forecast.LogLoss(p, true)
}

// PIT is where y lies in the distribution, at the share u of P(count = y).
func (d PMF) PIT(y int, u float64) float64 {
	below, at := 0.0, 0.0
	for n, p := range d[:min(y+1, len(d))] {
		if n < y {
			below += p
		} else {
			at = p
		}
	}
	return forecast.Within(below, at, u)
}

// impossible is what is added to the probability of each count of a pool.
const impossible = 1e-7

// normalised scales what sums to something else.
func normalised(d PMF) PMF {
	sum := 0.0
	for _, p := range d {
		sum += p
	}
	if sum <= 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		clear(d)
		d[0] = 1
		return d
	}
	for i := range d {
		d[i] /= sum
	}
	return d
}

// negativeBinomial is the distribution of a count with a mean and a size: its variance
// is mean + mean²/size. It ends at n counts.
func negativeBinomial(mean, size float64, n int) PMF {
	d := make(PMF, n)
	if mean <= 0 {
		d[0] = 1
		return d
	}
	p := size / (size + mean)
	mass := size * math.Log(p) // a logarithm: that of nought may be no float64
	more := math.Log1p(-p)
	for k := range d {
		d[k] = math.Exp(mass)
		mass += math.Log((size+float64(k))/float64(k+1)) + more
	}
	return normalised(d)
}

// Certain says that a count comes, of n that are told apart.
func Certain(count, n int) PMF {
	d := make(PMF, n)
	d[min(count, n-1)] = 1
	return d
}

// Poisson is the distribution of a count with a mean, of n counts that are told apart.
func Poisson(mean float64, n int) PMF {
	d := make(PMF, n)
	if mean <= 0 {
		d[0] = 1
		return d
	}
	mass, by := -mean, math.Log(mean)
	for k := range d {
		d[k] = math.Exp(mass)
		mass += by - math.Log(float64(k+1))
	}
	return normalised(d)
}
