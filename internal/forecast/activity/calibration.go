package activity

import (
	"math"

	"github.com/portent-cti/portent/internal/forecast"
)

// A Record is the forecasts of past weeks and what came of them.
type Record struct {
	weeks     []int
	any       []float64  // by the pool
	came      []bool     // anything
	positives []positive // of those of which some came
}

// A positive is what a pool said of a count that came: how probable at most it and less
// were, if any came.
type positive struct {
	series     int
	week       int
	upTo, less float64
	known      int // positives of the same series that were closed when it was forecast
}

// Add takes in what a pool said at the beginning of a week, and what came.
func (r *Record) Add(week, series int, pool PMF, came int) {
	any := pool.Any()
	r.weeks, r.any, r.came = append(r.weeks, week), append(r.any, any), append(r.came, came > 0)
	if came == 0 || any <= 0 {
		return
	}
	less := 0.0
	for n := 1; n < min(came, len(pool)); n++ {
		less += pool[n]
	}
	at := 0.0
	if came < len(pool) {
		at = pool[came]
	}
	r.positives = append(r.positives, positive{series, week, (less + at) / any, less / any, 0})
}

const (
	forgets    = .95 // a week, what is learned of the probability of any
	loses      = .98 // and of how far counts lie from what was expected
	fewRecords = 100
	// A width is what a pool's usually is for the word of so many, and a series' is that of
	// all for the word of fewer. Pools are too sure of how much comes at most, and less sure
	// than they might be of how much at least.
	word, ownWord              = 60, 30
	usuallyBelow, usuallyAbove = 1.2, .55
	// seldom are log-odds beyond which nothing is widened: few counts came there to learn from,
	// and all that was widened would come to lie far out.
	seldom = 5
	// unseen makes a distribution wider by a little, by less the more is known of the
	// series: half with so many forecasts of which some came.
	unseen, halved = .1, 20
)

// A Calibration is what a model of a week learns from how forecasts turned out. Kept by
// itself it is some numbers for each series; the model, with its forest, is megabytes.
type Calibration struct {
	panel   *Panel
	week, h int
	any     *tilt  // of the probability of any; nil: not learned
	bends   []bend // by series, of the distribution of some; nil: not learned
}

// Learn calibrates the model by the forecasts that were closed when it was fitted: the
// probability of any, the latest counting most, since how much goes on at all drifts;
// and how wide the distribution of some is.
func (m *Calibration) Learn(r *Record) {
	m.any = m.tilted(r)
	closed := make([][]positive, len(m.panel.Series))
	n := 0
	for _, p := range r.positives {
		if p.week+m.h <= m.week {
			closed[p.series] = append(closed[p.series], p)
			n++
		}
	}
	if n >= fewRecords {
		m.bends = m.widths(closed)
	}
}

// Calibrated gives a pool's distribution of a series the probability of any that such pools turned
// out to have, and the width.
func (m *Calibration) Calibrated(s int, d PMF) PMF {
	if m.bends != nil {
		d = m.bends[s].apply(d)
	}
	if m.any == nil {
		return d
	}
	return withAny(d, m.any.of(d.Any()))
}

// A tilt moves log-odds by a level and by a share of themselves, but no more of them than
// sure: what was said to be all but certain stays so, however much the rest is moved.
type tilt struct{ level, share float64 }

const (
	// What is said of the probability of any stays as it is for the word of so many.
	levelWord, shareWord = 20, 50
	leastShare           = -.9 // keeps what is likelier likelier
	sure                 = 4
)

// of is what a probability comes to.
func (t tilt) of(p float64) float64 { return forecast.Probability(t.moved(logOdds(p))) }

func (t tilt) moved(z float64) float64 { return z + t.level + t.share*within(z) }

// within is the part of log-odds that is moved by a share.
func within(z float64) float64 { return min(max(z, -sure), sure) }

// tilted is the tilt under which what came was likeliest, found by Newton's method; nil:
// too little is known.
func (m *Calibration) tilted(r *Record) *tilt {
	var odds, weight []float64
	var came []bool
	for i, w := range r.weeks {
		if w+m.h <= m.week {
			odds, came = append(odds, logOdds(r.any[i])), append(came, r.came[i])
			weight = append(weight, math.Pow(forgets, float64(m.week-w)))
		}
	}
	if len(odds) < fewRecords {
		return nil
	}
	t := &tilt{}
	for range 30 {
		level, share := -levelWord*t.level, -shareWord*t.share
		ll, ls, ss := float64(levelWord), 0.0, float64(shareWord)
		for i, z := range odds {
			p, y, x := forecast.Probability(t.moved(z)), 0.0, within(z)
			if came[i] {
				y = 1
			}
			miss, curve := weight[i]*(y-p), weight[i]*p*(1-p)
			level, share = level+miss, share+miss*x
			ll, ls, ss = ll+curve, ls+curve*x, ss+curve*x*x
		}
		det := ll*ss - ls*ls
		a, b := (ss*level-ls*share)/det, (ll*share-ls*level)/det
		t.level += min(max(a, -1), 1)
		t.share = max(t.share+min(max(b, -.5), .5), leastShare)
		if math.Abs(a)+math.Abs(b) < 1e-9 {
			break
		}
	}
	return t
}

// widths are the bends of all series by what came of each. What was not known of a series
// when it was forecast is taken out of what is learned, so that it does not count twice.
func (m *Calibration) widths(closed [][]positive) []bend {
	var every []positive
	for _, own := range closed {
		for i := range own {
			for _, before := range own {
				if before.week+m.h <= own[i].week {
					own[i].known++
				}
			}
		}
		every = append(every, own...)
	}
	all := fitBend(every, m.week, bend{usuallyBelow, usuallyAbove}, word)
	out := make([]bend, len(closed))
	for s, own := range closed {
		out[s] = fitBend(own, m.week, all, ownWord).unsure(len(own))
	}
	return out
}

// A bend widens a distribution function, or narrows it: its log-odds are taken times a
// power, below the median and above it times another. One below one widens.
type bend struct{ below, above float64 }

// of is where a value of a distribution function comes to lie.
func (b bend) of(f float64) float64 {
	if f <= 0 || f >= 1 {
		return f
	}
	z := math.Log(f) - math.Log1p(-f)
	if z < 0 {
		return forecast.Probability(b.below * z)
	}
	return forecast.Probability(b.above*min(z, seldom) + max(z-seldom, 0))
}

// apply bends the distribution of some, and leaves the probability of none.
func (b bend) apply(d PMF) PMF {
	out := make(PMF, len(d))
	out[0] = d[0]
	any := 1 - d[0]
	upTo, before := 0.0, 0.0
	for n := 1; n < len(d); n++ {
		upTo = min(upTo+d[n]/any, 1)
		now := b.of(upTo)
		if n == len(d)-1 {
			now = 1
		}
		out[n] = any * max(now-before, 0)
		before = now
	}
	return out
}

// unsure is a bend where so many forecasts of a series are known.
func (b bend) unsure(known int) bend {
	by := 1 - unseen/(1+float64(known)/halved)
	return bend{b.below * by, b.above * by}
}

// fitBend is the bend under which what came was likeliest, as unsure as one was then,
// where a word speaks for another.
func fitBend(closed []positive, week int, as bend, say float64) bend {
	weight := make([]float64, len(closed))
	for i, p := range closed {
		weight[i] = math.Pow(loses, float64(week-p.week))
	}
	loss := func(b bend) float64 {
		below, above := math.Log(b.below/as.below), math.Log(b.above/as.above)
		sum := say * (below*below + above*above)
		for i, p := range closed {
			b := b.unsure(p.known)
			sum -= weight[i] * math.Log(max(b.of(p.upTo)-b.of(p.less), impossible))
		}
		return sum
	}
	b := as
	for range 2 {
		b.below = math.Exp(least(-.7, .7, func(log float64) float64 { return loss(bend{math.Exp(log), b.above}) }))
		b.above = math.Exp(least(-.7, .7, func(log float64) float64 { return loss(bend{b.below, math.Exp(log)}) }))
	}
	return b
}

// least is where a function with one valley is lowest, by golden section.
func least(a, b float64, f func(float64) float64) float64 {
	const golden = 0.6180339887498949
	c, d := b-golden*(b-a), a+golden*(b-a)
	fc, fd := f(c), f(d)
	for range 16 {
		if fc < fd {
			b, d, fd = d, c, fc
			c = b - golden*(b-a)
			fc = f(c)
		} else {
			a, c, fc = c, d, fd
			d = a + golden*(b-a)
			fd = f(d)
		}
	}
	return (a + b) / 2
}
