package forecast

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/portent-cti/portent/internal/intel"
)

// leastMass is the probability that is given to what a forecast says is
// impossible, so that its logarithm is a number.
const leastMass = 1e-7

// Brier is the square of what a probability missed by.
func Brier(p float64, came bool) float64 {
	if came {
		p = 1 - p
	}
	return p * p
}

// LogLoss is the logarithm of how improbable what came was said to be.
func LogLoss(p float64, came bool) float64 {
	if !came {
		p = 1 - p
	}
	return -math.Log(max(p, leastMass))
}

// Spread makes a distribution of the probabilities of 0, 1, 2 …, as short as it
// can be without losing much: what lies between two of its counts is told by less
// than 0.02. It ends where 1e-6 is left, or at most; mass is asked once each, in
// order.
func Spread(mass func(n int) float64, most int) intel.Distribution {
	const step, rest = 0.02, 1e-6
	d := intel.Distribution{}
	add := func(n int, below float64) {
		d.At, d.Below = append(d.At, n), append(d.Below, math.Round(1e7*below)/1e7)
	}
	sum, kept, at, n := 0.0, 0.0, -1, 0
	tails := []float64{0.001, 0.01, 0.99, 0.999, 0.9999}
	for ; n < most && len(d.At) < mostSteps; n++ {
		before := sum
		if p := mass(n); p > 0 { // NaN is not
			sum = min(1, sum+p)
		}
		if sum >= 1-rest {
			break
		}
		crossed := false
		for len(tails) > 0 && sum >= tails[0] {
			tails, crossed = tails[1:], true
		}
		if sum-kept < step && !crossed {
			continue
		}
		if at < n-1 && (at < 0 || sum-before >= step/4) {
			add(n-1, before) // the step is this count's alone
		}
		add(n, sum)
		kept, at = sum, n
	}
	d.At, d.Below = append(d.At, n), append(d.Below, 1)
	return d
}

// mostSteps is how many counts a distribution is told by.
const mostSteps = 1000

// Poisson is the distribution of a count with a mean, which is at most 100,000.
func Poisson(mean float64) intel.Distribution {
	mean = min(max(mean, 0), 1e5)
	if mean == 0 || math.IsNaN(mean) {
		return intel.Distribution{At: []int{0}, Below: []float64{1}}
	}
	log := math.Log(mean)
	return Spread(func(n int) float64 {
		g, _ := math.Lgamma(float64(n) + 1)
		return math.Exp(float64(n)*log - mean - g)
	}, 1_000_000)
}

// OfQuantiles makes the distribution that goes evenly from quantile to quantile,
// for forecasts that were kept with those alone.
func OfQuantiles(quantiles map[string]float64) (intel.Distribution, error) {
	type point struct {
		at    int
		below float64
	}
	var all []point
	for level, v := range quantiles {
		p, err := strconv.ParseFloat(level, 64)
		if err != nil || !(p > 0 && p < 1) || !(v >= 0 && v <= 1e6) {
			return intel.Distribution{}, fmt.Errorf("quantile %q of %v: %w", level, v, intel.ErrInvalid)
		}
		all = append(all, point{int(math.Round(v)), p})
	}
	if len(all) < 3 {
		return intel.Distribution{}, fmt.Errorf("%d quantiles: %w", len(all), intel.ErrInvalid)
	}
	slices.SortFunc(all, func(a, b point) int { return int(math.Copysign(1, a.below-b.below)) })
	d := intel.Distribution{}
	for _, p := range all {
		if n := len(d.At); n > 0 && p.at <= d.At[n-1] {
			d.Below[n-1] = p.below
			continue
		}
		d.At, d.Below = append(d.At, p.at), append(d.Below, p.below)
	}
	n := len(d.At)
	wide := 1
	if n > 1 {
		wide = max(1, d.At[n-1]-d.At[n-2])
	}
	d.At, d.Below = append(d.At, d.At[n-1]+wide), append(d.Below, 1)
	return d, d.Check()
}

// below is the probability of n or less.
func below(d intel.Distribution, n int) float64 {
	i, there := slices.BinarySearch(d.At, n)
	switch {
	case there:
		return d.Below[i]
	case i == len(d.At):
		return 1
	case i == 0:
		return d.Below[0] * float64(n+1) / float64(d.At[0]+1)
	}
	return d.Below[i-1] + (d.Below[i]-d.Below[i-1])*float64(n-d.At[i-1])/float64(d.At[i]-d.At[i-1])
}

// CRPS is the continuous ranked probability score of a distribution, as Missed has it.
func CRPS(d intel.Distribution, came int) float64 { return Missed(steps(d), max(0, came)) }

// steps are the probabilities of n or less, for n from nought to the end of a
// distribution.
func steps(d intel.Distribution) iter.Seq[float64] {
	return func(yield func(float64) bool) {
		from, low := -1, 0.0
		for i, at := range d.At {
			slope := (d.Below[i] - low) / float64(at-from)
			for n := from + 1; n <= at; n++ {
				if !yield(low + slope*float64(n-from)) {
					return
				}
			}
			from, low = at, d.Below[i]
		}
	}
}

// Missed is the continuous ranked probability score of a count of which came came, by the
// probabilities of n or less for n = 0, 1, 2 …, behind whose end nothing is added: the sum,
// over all counts, of the squares of what was missed in saying that no more would come,
// Σ (F(n) − 1{n ≥ came})² (Gneiting and Raftery 2007, section 4.2). Nought is best; of a
// certain count it is by how much that was wrong.
func Missed(below iter.Seq[float64], came int) float64 {
	sum, last, n := 0.0, 0.0, 0
	for last = range below {
		miss := last
		if n >= came {
			miss = 1 - last
		}
		sum += miss * miss
		n++
	}
	return sum + last*last*float64(max(0, came-n))
}

// LogScore is the logarithm of how improbable a distribution held the count.
func LogScore(d intel.Distribution, came int) float64 {
	return LogLoss(below(d, came)-before(d, came), true)
}

func before(d intel.Distribution, n int) float64 {
	if n <= 0 {
		return 0
	}
	return below(d, n-1)
}

// PIT is where a count lies in its distribution, from 0 to 1, at u of the step it
// makes there.
func PIT(d intel.Distribution, came int, u float64) float64 {
	low := before(d, came)
	return Within(low, below(d, came)-low, u)
}

// Within is the randomised probability integral transform of a count, by the probability
// of less, its own, and the share u of the latter that is below. Over many counts of right
// distributions and even u it is even (Czado, Gneiting and Held 2009).
func Within(below, own, u float64) float64 { return min(max(below+u*own, 0), 1) }

// draws is how many times the bootstrap draws.
const draws = 2000

// Interval returns the bounds of the 95 % interval of a statistic over n moments
// in order, by a moving-block bootstrap: of draws of moments in runs of block, as
// many as there are. Neighbours share what they forecast, and so they stay
// together. It is NaN of nothing.
func Interval(n, block int, seed uint64, of func(drawn []int) float64) (low, high float64) {
	if n == 0 {
		return math.NaN(), math.NaN()
	}
	chance := rand.New(rand.NewPCG(seed, 0))
	size := min(block, max(1, n/2)) // one block alone would know no spread
	values := make([]float64, draws)
	drawn := make([]int, 0, n+size)
	for i := range values {
		drawn = drawn[:0]
		for len(drawn) < n {
			start := chance.IntN(n - size + 1)
			for k := range size {
				drawn = append(drawn, start+k)
			}
		}
		values[i] = of(drawn[:n])
	}
	return bounds(values)
}

// bounds are those of the middle 95 % of values, which it sorts.
func bounds(values []float64) (low, high float64) {
	slices.Sort(values)
	return values[draws*25/1000], values[draws*975/1000-1]
}

// Saved returns the bounds of the 95 % interval of by what share the sum of one loss is
// lower than that of another, over moments in order, by a circular block bootstrap: the
// last moment is followed by the first, so that each is drawn as often as any other.
func Saved(way, than []float64, block int, seed uint64) (low, high float64) {
	n := len(way)
	if n == 0 || n != len(than) {
		return math.NaN(), math.NaN()
	}
	ways, thans := running(way), running(than)
	chance := rand.New(rand.NewPCG(seed, 0))
	values := make([]float64, draws)
	for i := range values {
		a, b := 0.0, 0.0
		for left := n; left > 0; left -= block {
			start := chance.IntN(n)
			end := start + min(block, left, n)
			a += ways[end] - ways[start]
			b += thans[end] - thans[start]
		}
		if b > 0 { // else nothing was made then: there is nothing to be better than
			values[i] = 1 - a/b
		}
	}
	return bounds(values)
}

// running are the sums of the first so many of values that are told twice.
func running(values []float64) []float64 {
	out := make([]float64, 1, 2*len(values)+1)
	for range 2 {
		for _, v := range values {
			out = append(out, out[len(out)-1]+v)
		}
	}
	return out
}

// Digest is the SHA-256 of what a model read, in hexadecimal digits. Read is
// whatever JSON can write the same each time.
func Digest(model string, read ...any) string {
	h := sha256.New()
	body, err := json.Marshal(read)
	if err != nil {
		body = fmt.Append(nil, "not to be written: ", err)
	}
	fmt.Fprintf(h, "%s\n%s", model, body)
	return hex.EncodeToString(h.Sum(nil))
}

// evenly is a number from 0 to 1 that depends on a name alone.
func evenly(name string) float64 {
	sum := sha256.Sum256([]byte("pit\x00" + name))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}

// Judge scores a forecast by what came: how many, or 1 or 0 of an event.
func Judge(f intel.Forecast, came int) (intel.Scores, error) {
	if len(f.Quantiles) > 0 || !f.Distribution.IsZero() {
		return judgeCount(f, came)
	}
	for _, p := range []float64{f.Probability, f.BaseRate} {
		if !(p >= 0 && p <= 1) {
			return intel.Scores{}, fmt.Errorf("probability %v: %w", p, intel.ErrInvalid)
		}
	}
	is := came > 0
	s := intel.Scores{P: f.Probability, Score: Brier(f.Probability, is), Log: LogLoss(f.Probability, is), Base: Brier(f.BaseRate, is),
		BaseLog: LogLoss(f.BaseRate, is), Probability: true}
	if f.Simple.Rule != "" && f.Simple.Probability >= 0 && f.Simple.Probability <= 1 {
		s.Simple, s.SimpleLog, s.Ruled = Brier(f.Simple.Probability, is), LogLoss(f.Simple.Probability, is), true
	}
	return s, nil
}

func judgeCount(f intel.Forecast, came int) (s intel.Scores, err error) {
	d := f.Distribution
	if d.IsZero() {
		d, err = OfQuantiles(f.Quantiles)
	} else {
		err = d.Check()
	}
	if err != nil {
		return s, err
	}
	base := Poisson(f.BaseRate)
	s = intel.Scores{P: PIT(d, came, evenly(f.ID)), Score: CRPS(d, came), Log: LogScore(d, came), Base: CRPS(base, came), BaseLog: LogScore(base, came)}
	if f.Simple.Rule != "" && f.Simple.Mean >= 0 {
		simple := Poisson(f.Simple.Mean)
		s.Simple, s.SimpleLog, s.Ruled = CRPS(simple, came), LogScore(simple, came), true
	}
	return s, nil
}
