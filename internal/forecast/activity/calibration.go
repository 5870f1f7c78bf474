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
	r.positives = append(r.positives, positive{series, week, (less + at) / any, less / any})
}

const (
	forgets    = .95 // a week, what is learned of the probability of any
	loses      = .98 // and of how far counts lie from what was expected
	fewRecords = 100
	// A width stays as it is for the word of so many, and a series' is that of all for
	// the word of fewer.
	word, ownWord = 60, 20
	// unseen makes a distribution wider by a little, by less the more is known of the
	// series: half with so many forecasts of which some came.
	unseen, known = .1, 20
)

// A Calibration is what a model of a week learns from how forecasts turned out. Kept by
// itself it is some numbers for each series; the model, with its forest, is megabytes.
type Calibration struct {
	panel   *Panel
	week, h int
	any     *forecast.Logistic // of the pool's log-odds; nil: not learned
	bends   []bend             // by series, of the distribution of some; nil: not learned
}

// Learn calibrates the model by the forecasts that were closed when it was fitted: the
// probability of any, the latest counting most, since how much goes on at all drifts;
// and how wide and where the distribution of some is.
func (m *Calibration) Learn(r *Record) {
	rows := forecast.Samples{Width: 1}
	for i, w := range r.weeks {
		if w+m.h <= m.week {
			rows.Add([]float64{logOdds(r.any[i])}, r.came[i], math.Pow(forgets, float64(m.week-w)))
		}
	}
	if rows.Len() >= fewRecords {
		if fit, err := forecast.FitLogistic(&rows, 1); err == nil && fit.Weights[0] > 0 {
			m.any = &fit
		}
	}
	var closed []positive
	own := make([][]positive, len(m.panel.Series))
	for _, p := range r.positives {
		if p.week+m.h <= m.week {
			closed = append(closed, p)
			own[p.series] = append(own[p.series], p)
		}
	}
	if len(closed) < fewRecords {
		return
	}
	all := fitBend(closed, m.week, bend{1}, word)
	m.bends = make([]bend, len(own))
	for s := range own {
		m.bends[s] = bend{(1 - unseen/(1+float64(len(own[s]))/known)) * fitBend(own[s], m.week, all, ownWord).power}
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
	return withAny(d, forecast.Probability(m.any.LogOdds([]float64{logOdds(d.Any())})))
}

// A bend widens a distribution function, or narrows it: its log-odds are taken times a
// power. One below one widens.
type bend struct{ power float64 }

// of is where a value of a distribution function comes to lie.
func (b bend) of(f float64) float64 {
	if f <= 0 || f >= 1 {
		return f
	}
	return forecast.Probability(b.power * (math.Log(f) - math.Log1p(-f)))
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

// fitBend is the bend under which what came was likeliest, where a word of a weight
// speaks for another.
func fitBend(closed []positive, week int, as bend, word float64) bend {
	weight := make([]float64, len(closed))
	for i, p := range closed {
		weight[i] = math.Pow(loses, float64(week-p.week))
	}
	from := math.Log(as.power)
	loss := func(log float64) float64 {
		b, sum := bend{math.Exp(log)}, word*(log-from)*(log-from)
		for i, p := range closed {
			sum -= weight[i] * math.Log(max(b.of(p.upTo)-b.of(p.less), impossible))
		}
		return sum
	}
	return bend{math.Exp(least(-.7, .7, loss))}
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
