package activity

import (
	"math"
	"sort"
)

// A Model forecasts the series of a panel from the beginning of a week on, as it
// learned from what was closed by then. It is a pool of four that count alike, of
// which each fails differently: a quantile regression forest over the states of all
// series, of what came against the level of each; a Gamma-Poisson posterior that
// forgets; the nearest past states; and exponential smoothing of an intermittent series.
// Weights that were learned, by likelihood or by CRPS, did worse than equal ones on
// cutoffs before July 2023.
type Model struct {
	Calibration
	totals  []float64
	support int // counts of a distribution
	past    []past
	spread  state
	forest  *forest
	level   []float64 // of each past state
}

const (
	recency  = .99   // of what a week takes from the weight of the rows of the forest
	earliest = 6     // week whose outcomes are learned from
	fewest   = 60    // past states from which on the forest and the nearest of them are asked
	mostPast = 8_000 // that are learned from, the latest
)

// A Past is all states of a panel with what came of each in the next h weeks, gathered
// once for models of any week.
type Past struct {
	panel  *Panel
	h      int
	totals []float64
	rows   []past // by week, then by series
}

// Gather gathers the past of a panel.
func Gather(p *Panel, h int) *Past {
	g := &Past{panel: p, h: h, totals: p.totals()}
	for w := earliest; w+h <= p.Weeks; w++ {
		for s := range p.Series {
			if y, ok := p.Came(s, w, h); ok && p.Eligible(s, w) {
				g.rows = append(g.rows, past{s, w, p.state(s, w, g.totals[w]), y})
			}
		}
	}
	return g
}

// Fit learns from what is closed by the beginning of a week, to forecast from it on.
func (g *Past) Fit(week int) *Model {
	p := g.panel
	m := &Model{Calibration: Calibration{panel: p, week: week, h: g.h}, totals: g.totals}
	closed := sort.Search(len(g.rows), func(i int) bool { return g.rows[i].week+g.h > week })
	m.past = g.rows[max(0, closed-mostPast):closed]
	most := 0
	for _, x := range m.past {
		most = max(most, x.y)
	}
	for s := range p.Series {
		n, _ := p.Recent(s, week, g.h)
		most = max(most, n)
	}
	m.support = supported(most)
	if len(m.past) < fewest {
		return m
	}
	rows, weight, against := make([][]float64, len(m.past)), make([]float64, len(m.past)), make([]float64, len(m.past))
	for i := range m.past {
		x := &m.past[i]
		rows[i], weight[i] = x.x[:], math.Pow(recency, float64(week-x.week))
		m.level = append(m.level, x.x.level())
		against[i] = math.Log(float64(x.y+1) / m.level[i])
	}
	m.spread = spreads(m.past)
	m.forest = grow(rows, against, weight, uint64(week))
	return m
}

// mostCounted bounds the counts a distribution tells apart.
const mostCounted = 20_000

// supported is how many counts a distribution tells apart where so many were counted.
func supported(most int) int { return min(max(64, 3*most+1), mostCounted) }

// The parts of a pool.
const (
	ByForest = iota
	ByPosterior
	ByAnalogs
	BySmoothing
	Parts
)

// Part returns the distribution of a series by each of the models that are pooled. One
// that has nothing to learn from yet says what the posterior does.
func (m *Model) Part(s int) (out [Parts]PMF) {
	p := m.panel
	out[ByPosterior] = p.gammaPoisson(s, m.week, m.h, m.support)
	out[BySmoothing] = p.intermittent(s, m.week, m.h, m.support)
	if m.forest == nil {
		out[ByForest], out[ByAnalogs] = out[ByPosterior], out[ByPosterior]
		return out
	}
	x := p.state(s, m.week, m.totals[m.week])
	counts := make([]float64, len(m.past))
	m.forest.counts(x[:], counts)
	out[ByForest] = make(PMF, m.support)
	for i, c := range counts {
		if c > 0 {
			scaled(out[ByForest], m.past[i].y, x.level()/m.level[i], c)
		}
	}
	normalised(out[ByForest])
	out[ByAnalogs] = make(PMF, m.support)
	at, far := nearest(m.past, m.spread, x, analogs)
	for k, i := range at {
		smear(out[ByAnalogs], m.past[i].y, 1/(nearby+far[k]))
	}
	normalised(out[ByAnalogs])
	return out
}

// Pool is what parts say together. The probability of any is their mean. How much comes, if
// any, is their geometric mean, since a mean of distributions is wider than each; in it each
// counts with a tenth of the mean, so that none forbids what others say. Nothing is quite
// impossible.
func Pool(parts [Parts]PMF) PMF {
	mean := make(PMF, len(parts[0]))
	for _, part := range parts {
		for n, p := range part {
			mean[n] += p / Parts
		}
	}
	for n := range mean {
		mean[n] += impossible
	}
	normalised(mean)
	d := make(PMF, len(mean))
	for n, m := range mean {
		log := 0.0
		for _, part := range parts {
			log += math.Log(part[n] + conceded*m + impossible)
		}
		d[n] = math.Exp(log / Parts)
	}
	return withAny(normalised(d), mean.Any())
}

const conceded = .1

// Forecast is the distribution of what a series will count, with the probability of
// any as it turned out in the past.
func (m *Model) Forecast(s int) PMF { return m.Calibrated(s, Pool(m.Part(s))) }

// withAny is a distribution with another probability of any.
func withAny(d PMF, any float64) PMF {
	out := make(PMF, len(d))
	for n := 1; n < len(d); n++ {
		out[n] = d[n] * any / (1 - d[0])
	}
	out[0] = 1 - any
	return out
}

// logOdds keeps away from certainty.
func logOdds(p float64) float64 {
	p = min(max(p, 1e-6), 1-1e-6)
	return math.Log(p / (1 - p))
}

// Ready is a model that is calibrated by what models of earlier weeks said, each fitted to
// what was closed by its week: of the last twenty-eight weeks every fourth.
func (g *Past) Ready() *Model {
	now, record := g.panel.Weeks, &Record{}
	for w := now - g.h; w >= max(earliest+g.h, now-g.h-28); w -= 4 {
		m := g.Fit(w)
		for s := range g.panel.Series {
			if came, ok := g.panel.Came(s, w, g.h); ok && g.panel.Eligible(s, w) {
				record.Add(w, s, Pool(m.Part(s)), came)
			}
		}
	}
	m := g.Fit(now)
	m.Learn(record)
	return m
}

// Name is what the model is called where it is told of.
func (m *Model) Name() string { return "pool of forest, posterior, analogs and smoothing" }
