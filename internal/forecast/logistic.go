package forecast

import (
	"errors"
	"fmt"
	"math"
)

// Samples are rows of numbers with what came of each. Rows lie behind one
// another in X, Width numbers each.
type Samples struct {
	Width  int
	X      []float64
	Y      []bool
	Weight []float64 // of each row; nil: one each
	stride int       // where rows have more numbers than Width
}

// Add appends a row.
func (s *Samples) Add(x []float64, y bool, weight float64) {
	s.X = append(s.X, x...)
	s.Y = append(s.Y, y)
	s.Weight = append(s.Weight, weight)
}

// First returns the same rows with their first n numbers alone. It shares them.
func (s *Samples) First(n int) *Samples {
	return &Samples{Width: n, X: s.X, Y: s.Y, Weight: s.Weight, stride: s.step()}
}

// step is how far the rows lie apart.
func (s *Samples) step() int { return max(s.Width, s.stride) }

// Len is the number of rows.
func (s *Samples) Len() int { return len(s.Y) }

// Row is the i-th row.
func (s *Samples) Row(i int) []float64 { return s.X[i*s.step() : i*s.step()+s.Width] }

func (s *Samples) weight(i int) float64 {
	if s.Weight == nil {
		return 1
	}
	return s.Weight[i]
}

// A Logistic is a logistic model: the log-odds are Bias and the sum of Weights
// times what they weigh.
type Logistic struct {
	Bias    float64
	Weights []float64
}

// LogOdds returns the log-odds of a row.
func (m Logistic) LogOdds(x []float64) float64 {
	sum := m.Bias
	for i, w := range m.Weights {
		sum += w * x[i]
	}
	return sum
}

// Probability is the probability that log-odds stand for.
func Probability(logOdds float64) float64 { return 1 / (1 + math.Exp(-logOdds)) }

const (
	newtonSteps = 30
	newtonDone  = 1e-7 // of the largest change of a weight in one step
)

// FitLogistic fits a model by Newton's method. Ridge is the penalty on the
// square of each weight, the bias apart, in numbers that are scaled to a
// deviation of one first. Sums run in the order of the rows, so that equal
// input gives equal bits.
func FitLogistic(s *Samples, ridge float64) (Logistic, error) {
	if s.Len() == 0 || len(s.X) != s.Len()*s.step() || s.Weight != nil && len(s.Weight) != s.Len() {
		return Logistic{}, fmt.Errorf("fit: %d numbers and %d outcomes, %d each, do not agree", len(s.X), s.Len(), s.Width)
	}
	n := s.Width + 1
	w := make([]float64, n) // the bias last
	middle, spread := scales(s)
	gradient, hessian := make([]float64, n), make([]float64, n*n)
	for range newtonSteps {
		slope(s, middle, spread, w, gradient, hessian)
		for i := range n - 1 {
			gradient[i] -= ridge * w[i]
			hessian[i*n+i] += ridge
		}
		hessian[n*n-1] += 1e-9 // outcomes of one sort alone bend nothing
		if err := solve(hessian, gradient, n); err != nil {
			return Logistic{}, err
		}
		most := 0.0
		for _, g := range gradient {
			most = max(most, math.Abs(g))
		}
		step := min(1, 4/most) // a long way off, Newton overshoots
		for i := range w {
			w[i] += step * gradient[i]
		}
		if most < newtonDone {
			break
		}
	}
	m := Logistic{Bias: w[n-1], Weights: w[:n-1]}
	for i := range m.Weights {
		m.Weights[i] /= spread[i]
		m.Bias -= m.Weights[i] * middle[i]
	}
	return m, nil
}

// scales returns the mean and the deviation of each column; a column that is
// always the same has a deviation of one.
func scales(s *Samples) (middle, spread []float64) {
	middle, spread = make([]float64, s.Width), make([]float64, s.Width)
	all := 0.0
	for r := range s.Len() {
		all += s.weight(r)
		for i, v := range s.Row(r) {
			middle[i] += s.weight(r) * v
		}
	}
	for i := range middle {
		middle[i] /= all
	}
	for r := range s.Len() {
		for i, v := range s.Row(r) {
			spread[i] += s.weight(r) * (v - middle[i]) * (v - middle[i])
		}
	}
	for i, v := range spread {
		if spread[i] = math.Sqrt(v / all); spread[i] < 1e-9*max(1, math.Abs(middle[i])) {
			spread[i] = 1
		}
	}
	return middle, spread
}

// slope fills in the gradient and the negative Hessian (its lower triangle) of
// the log-likelihood at w.
func slope(s *Samples, middle, spread, w, gradient, hessian []float64) {
	clear(gradient)
	clear(hessian)
	n := len(w)
	x := make([]float64, n)
	x[n-1] = 1
	for r := range s.Len() {
		for i, v := range s.Row(r) {
			x[i] = (v - middle[i]) / spread[i]
		}
		z := 0.0
		for i, v := range x {
			z += w[i] * v
		}
		p, y := Probability(z), 0.0
		if s.Y[r] {
			y = 1
		}
		miss, curve := s.weight(r)*(y-p), s.weight(r)*p*(1-p)
		for i, v := range x {
			gradient[i] += miss * v
			line := hessian[i*n : i*n+i+1]
			c := curve * v
			for j := range line {
				line[j] += c * x[j]
			}
		}
	}
}

var errSingular = errors.New("fit: the rows do not tell the weights apart")

// solve replaces b by the solution of a x = b, by the Cholesky factors of the
// lower triangle of a, which it overwrites.
func solve(a, b []float64, n int) error {
	for j := range n {
		for k := range j {
			for i := j; i < n; i++ {
				a[i*n+j] -= a[i*n+k] * a[j*n+k]
			}
		}
		d := a[j*n+j]
		if math.IsNaN(d) || d <= 0 || math.IsInf(d, 0) {
			return errSingular
		}
		d = math.Sqrt(d)
		for i := j; i < n; i++ {
			a[i*n+j] /= d
		}
	}
	for i := range n {
		for k := range i {
			b[i] -= a[i*n+k] * b[k]
		}
		b[i] /= a[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			b[i] -= a[k*n+i] * b[k]
		}
		b[i] /= a[i*n+i]
	}
	return nil
}
