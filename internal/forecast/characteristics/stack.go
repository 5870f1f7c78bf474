package characteristics

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/portent-cti/portent/internal/forecast"
)

// How many pairs the trees are shown.
const (
	hideFolds   = 5
	hardest     = 40 // items of each row by the sum of ranks, all of them
	thinned     = 25 // of the rest one in so many
	maxExamples = 1_500_000
)

// A Question is a row some of whose items are hidden.
type Question struct {
	Row    []int32 // what is known of it, rising
	Self   int     // its place in the matrix that is learned from; -1: none
	Hidden []int32 // rising
	Labels []int32 // what else is known of it
	Words  []int32 // what it is about

	// Settled are items of which it is known whether the row has them, though
	// nothing is learned from that: they are no forecasts.
	Settled []int32
}

// An Exercise is a matrix and questions about it whose answers are known.
type Exercise struct {
	Known     *Matrix
	Questions []Question
}

// Hide makes exercises of a matrix: each of five hides another fifth of its
// pairs, yet leaves each row one.
func Hide(m *Matrix, seed uint64) []Exercise {
	chance := rand.New(rand.NewPCG(seed, 3))
	folds, kept := make([][]int8, len(m.Rows)), make([]int, len(m.Rows))
	for k, row := range m.Rows {
		folds[k] = make([]int8, len(row))
		for i := range row {
			folds[k][i] = int8(chance.IntN(hideFolds)) //nolint:gosec // five
		}
		if len(row) > 0 {
			kept[k] = chance.IntN(len(row))
		}
	}
	out := make([]Exercise, hideFolds)
	for f := range out {
		known := &Matrix{Items: m.Items, Parent: m.Parent, Labels: m.Labels, Words: m.Words, Rows: make([][]int32, len(m.Rows))}
		for k, row := range m.Rows {
			q := Question{Self: k, Labels: m.labels(k), Words: m.words(k)}
			all := !slices.ContainsFunc(folds[k], func(of int8) bool { return int(of) != f })
			for i, item := range row {
				if int(folds[k][i]) == f && (!all || i != kept[k]) {
					q.Hidden = append(q.Hidden, item)
				} else {
					q.Row = append(q.Row, item)
				}
			}
			known.Rows[k] = q.Row
			if len(q.Row) > 0 {
				out[f].Questions = append(out[f].Questions, q)
			}
		}
		out[f].Known = known
	}
	return out
}

// HideOf makes exercises for rows that no model has seen: each of five takes
// another fifth of the rows out of the matrix, and hides a third of the items
// of those that have three or more.
func HideOf(m *Matrix, seed uint64) []Exercise {
	chance := rand.New(rand.NewPCG(seed, 5))
	out := make([]Exercise, hideFolds)
	for f := range out {
		out[f].Known = &Matrix{Items: m.Items, Parent: m.Parent}
	}
	for k, row := range m.Rows {
		mine := chance.IntN(hideFolds)
		for f := range out {
			if f != mine {
				out[f].Known.Rows = append(out[f].Known.Rows, row)
				if m.Labels != nil {
					out[f].Known.Labels = append(out[f].Known.Labels, m.Labels[k])
				}
				if m.Words != nil {
					out[f].Known.Words = append(out[f].Known.Words, m.Words[k])
				}
			}
		}
		for range 2 { // of each row two, so that more is learned of few
			order := chance.Perm(len(row))
			if len(row) >= 3 {
				q := Part(row, order[:(len(row)+2)/3])
				q.Labels, q.Words = m.labels(k), m.words(k)
				out[mine].Questions = append(out[mine].Questions, q)
			}
		}
	}
	return out
}

// Part is a question about a row of no matrix that hides some of its places.
func Part(row []int32, places []int) Question {
	q := Question{Self: -1}
	for i, item := range row {
		if slices.Contains(places, i) {
			q.Hidden = append(q.Hidden, item)
		} else {
			q.Row = append(q.Row, item)
		}
	}
	return q
}

// A Stack makes one log-odds of what the recommenders say.
type Stack struct {
	linear forecast.Logistic // of some signals, see weighed
	trees  *trees            // what they add to it
	rate   float64           // of what was hidden among all it was trained on
}

// weighed are the signals that a logistic model weighs before trees are grown
// on what it leaves over: linear models and factors, of which trees lose the
// scale where it is largest.
func weighed() []signal {
	return []signal{sigEase, sigEaseEven, sigWalk, sigWalk2, sigFew, sigMany, sigJaccard, sigKernel, sigPopularity, sigRowSize}
}

const (
	linearRidge = 10
	// easeLift is what the logarithm of EASE counts besides. On validation cells
	// of seed 0 it lifts the average precision from 0.0664 to 0.068 and leaves
	// the recall as it is.
	easeLift = 0.3
)

// Train grows a stack from exercises.
func Train(ctx context.Context, exercises []Exercise, seed uint64) (*Stack, error) {
	all := &samples{width: int(signals), values: make([][]float32, signals)}
	for k, e := range exercises {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r, err := Learn(e.Known, seed)
		if err != nil {
			return nil, err
		}
		all.add(r, e.Questions, seed+uint64(k))
	}
	if !slices.Contains(all.came, true) {
		return nil, ErrEmpty
	}
	linear, odds, rate, err := all.linear()
	if err != nil {
		return nil, err
	}
	t, err := grow(ctx, all, odds, seed)
	if err != nil {
		return nil, err
	}
	return &Stack{linear, t, rate}, nil
}

// linear fits the logistic model and says the log-odds it gives to each row.
func (s *samples) linear() (m forecast.Logistic, odds []float64, rate float64, err error) {
	of := weighed()
	rows := forecast.Samples{Width: len(of), X: make([]float64, len(of)*len(s.came)), Y: s.came, Weight: make([]float64, len(s.came))}
	came, all := 0.0, 0.0
	for i, w := range s.weight {
		for k, sig := range of {
			rows.X[i*len(of)+k] = float64(s.values[sig][i])
		}
		rows.Weight[i] = float64(w)
		if all += float64(w); s.came[i] {
			came += float64(w)
		}
	}
	if m, err = forecast.FitLogistic(&rows, linearRidge); err != nil {
		return m, nil, 0, err
	}
	odds = make([]float64, len(s.came))
	for i := range odds {
		odds[i] = m.LogOdds(rows.Row(i))
	}
	return m, odds, came / all, nil
}

// add appends the cells of questions: what was hidden, what is most easily
// taken for it, and a sample of the rest that stands for all of it.
func (s *samples) add(r *Recommender, questions []Question, seed uint64) {
	parts := make([]samples, (len(questions)+63)/64)
	each(len(questions), func(from, to int) {
		sheet, part := r.sheet(), &parts[from/64]
		part.values = make([][]float32, signals)
		chance := rand.New(rand.NewPCG(seed, uint64(from))) //nolint:gosec // rows are counted from zero
		for _, q := range questions[from:to] {
			r.fill(sheet, q)
			part.pick(sheet, q, chance)
		}
	})
	for _, part := range parts {
		if len(s.came)+len(part.came) > maxExamples {
			return
		}
		for k := range s.values {
			s.values[k] = append(s.values[k], part.values[k]...)
		}
		s.came, s.weight = append(s.came, part.came...), append(s.weight, part.weight...)
	}
}

func (s *samples) pick(sheet *sheet, q Question, chance *rand.Rand) {
	bound := sheet.hard(q.Row)
	for j, v := range sheet.scores[sigTogether] {
		item, light := int32(j), chance.IntN(thinned) == 0 //nolint:gosec // at most MaxItems
		if has(q.Row, item) {
			continue
		}
		came := has(q.Hidden, item)
		weight := float32(1)
		if !came && v < bound {
			if !light {
				continue
			}
			weight = thinned
		}
		for k := range s.values {
			s.values[k] = append(s.values[k], float32(sheet.scores[k][j]))
		}
		s.came, s.weight = append(s.came, came), append(s.weight, weight)
	}
}

// hard is the sum of ranks from which on items are all shown.
func (s *sheet) hard(row []int32) float64 {
	var scores []float64
	for j, v := range s.scores[sigTogether] {
		if !has(row, int32(j)) { //nolint:gosec // at most MaxItems
			scores = append(scores, v)
		}
	}
	if len(scores) <= hardest {
		return math.Inf(-1)
	}
	slices.SortFunc(scores, func(a, b float64) int { return cmp.Compare(b, a) })
	return scores[hardest-1]
}

// An answerer works out what a stack says of the items of one row.
type answerer struct {
	*Stack
	sheet *sheet
	bins  []uint8
}

func (s *Stack) answerer(r *Recommender) *answerer {
	return &answerer{s, r.sheet(), make([]uint8, signals)}
}

// logOdds is what the stack says of an item of the row on the sheet.
func (a *answerer) logOdds(item int) float64 {
	for k := range a.bins {
		a.bins[k] = binOf(a.trees.bounds[k], float32(a.sheet.scores[k][item]))
	}
	odds := a.linear.Bias
	for k, sig := range weighed() {
		odds += a.linear.Weights[k] * a.sheet.scores[sig][item]
	}
	return odds + easeLift*a.sheet.scores[sigEase][item] + a.trees.logOdds(a.bins)
}

// Scores returns the log-odds of each item for each question, question by
// question. What a row has is scored as if it had it not; models of linear
// algebra do not say an item by itself.
func (s *Stack) Scores(r *Recommender, questions []Question) [][]float64 {
	out := make([][]float64, len(questions))
	each(len(questions), func(from, to int) {
		a := s.answerer(r)
		for k := from; k < to; k++ {
			r.fill(a.sheet, questions[k])
			out[k] = make([]float64, r.matrix.Items)
			for j := range out[k] {
				out[k][j] = a.logOdds(j)
			}
		}
	})
	return out
}
