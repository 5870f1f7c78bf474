package characteristics

import "math"

// walk returns the RP3 matrix without its discount of what is popular: how
// probable it is to come from one item to another by way of a row that has
// both.
func walk(m *Matrix, popularity []float64) dense {
	w := gram(m, perItem)
	for i := range w.n {
		line := w.line(i)
		for j := range line {
			line[j] /= max(1, popularity[i])
		}
		line[i] = 0
	}
	return w
}

// ease returns the item weights of EASE with dropout p: the linear model that
// best tells each item of a row by its other items, under an L2 penalty. Rows
// count by their weight.
func ease(m *Matrix, weight func(row []int32) float64, lambda, p float64) (dense, error) {
	g := gram(m, weight)
	for i := range g.n {
		g.v[i*g.n+i] *= 1 + p/(1-p)
		g.v[i*g.n+i] += lambda
	}
	if err := g.inverse(); err != nil {
		return dense{}, err
	}
	diagonal := make([]float64, g.n)
	for i := range g.n {
		diagonal[i] = g.v[i*g.n+i]
	}
	for i := range g.n {
		line := g.line(i)
		for j := range line {
			line[j] /= -diagonal[j]
		}
		line[i] = 0
	}
	return g, nil
}

// apply adds up the lines of what a row has: its score of each item.
func (d dense) apply(row []int32, out []float64) {
	clear(out)
	for _, i := range row {
		for j, v := range d.line(int(i)) {
			out[j] += v
		}
	}
}

// inverseFrequency is the weight of each item by how few rows have it.
func inverseFrequency(rows int, popularity []float64) []float64 {
	out := make([]float64, len(popularity))
	for i, n := range popularity {
		out[i] = math.Log(float64(max(1, rows)) / max(1, n))
	}
	return out
}
