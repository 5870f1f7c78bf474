package characteristics

import (
	"cmp"
	"math"
	"slices"
)

// A Reason is a part of a forecast's log-odds.
type Reason struct {
	Signal       string
	Contribution float64
}

// A Support is an item of the row and how much it adds to the linear model's
// score of what is forecast.
type Support struct {
	Item  int32
	Score float64
}

// A Precedent is a row near to the one that is asked of.
type Precedent struct {
	Row        int
	Similarity float64
	Has        bool // what is forecast
}

// An Explanation is why a forecast is what it is. Base and the contributions
// add up to the log-odds; the probability lies on the calibration's curve
// above them.
type Explanation struct {
	LogOdds     float64
	Base        float64  // without any signal, with as much as is expected to come
	Reasons     []Reason // by falling size; none is left out
	Supports    []Support
	Precedents  []Precedent
	Probability float64
}

// nearest is how many precedents and supports are told.
const nearest = 3

// Explain tells why an item is forecast of a question's row.
func (s *Stack) Explain(r *Recommender, c Calibration, q Question, item int) Explanation {
	a := s.answerer(r)
	r.fill(a.sheet, q)
	score := a.logOdds(item)
	parts := make([]float64, signals)
	e := Explanation{LogOdds: c.LogOdds(score), Probability: c.Probability(score), Base: c.LogOdds(s.linear.Bias + s.trees.contributions(a.bins, parts))}
	for k, sig := range weighed() {
		parts[sig] += s.linear.Weights[k] * a.sheet.scores[sig][item]
	}
	parts[sigEase] += easeLift * a.sheet.scores[sigEase][item]
	for k, name := range signalNames() {
		if parts[k] != 0 {
			e.Reasons = append(e.Reasons, Reason{name, parts[k]})
		}
	}
	slices.SortStableFunc(e.Reasons, func(a, b Reason) int {
		return cmp.Compare(math.Abs(b.Contribution), math.Abs(a.Contribution))
	})
	for _, i := range q.Row {
		e.Supports = append(e.Supports, Support{i, r.ease[0].line(int(i))[item]})
	}
	slices.SortStableFunc(e.Supports, func(a, b Support) int { return cmp.Compare(b.Score, a.Score) })
	e.Supports = e.Supports[:min(nearest, len(e.Supports))]
	for _, n := range a.sheet.near[:min(nearest, len(a.sheet.near))] {
		e.Precedents = append(e.Precedents, Precedent{int(n.row), n.similarity, has(r.matrix.Rows[n.row], int32(item))}) //nolint:gosec // at most MaxItems
	}
	return e
}
