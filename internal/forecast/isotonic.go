package forecast

import (
	"cmp"
	"math"
	"slices"
)

// An Isotonic is a curve that never falls: what came, by what was said. Between
// its knots it is straight, outside of them level. The zero value leaves
// everything as it is.
type Isotonic struct {
	X, Y []float64 // the knots, both rising
}

// FitIsotonic returns the curve that never falls and misses y at x by the least
// squares, each row by its weight (nil: one each), by pooling adjacent
// violators. Rows that are no numbers or weigh nothing are left out; the curve
// of no rows leaves everything as it is.
func FitIsotonic(x, y, weight []float64) Isotonic {
	var blocks []block
	for _, b := range sortedBlocks(x, y, weight) {
		for n := len(blocks); n > 0 && blocks[n-1].y >= b.y; n-- {
			b = blocks[n-1].with(b)
			blocks = blocks[:n-1]
		}
		blocks = append(blocks, b)
	}
	var m Isotonic
	for _, b := range blocks {
		m.X, m.Y = append(m.X, b.from), append(m.Y, b.y)
		if b.to > b.from {
			m.X, m.Y = append(m.X, b.to), append(m.Y, b.y)
		}
	}
	return m
}

// Of returns the curve's value at x.
func (m Isotonic) Of(x float64) float64 {
	n := len(m.X)
	switch i, exact := slices.BinarySearch(m.X, x); {
	case n == 0 || math.IsNaN(x):
		return x
	case exact:
		return m.Y[i]
	case i == 0:
		return m.Y[0]
	case i == n:
		return m.Y[n-1]
	default:
		share := (x - m.X[i-1]) / (m.X[i] - m.X[i-1])
		return m.Y[i-1] + share*(m.Y[i]-m.Y[i-1])
	}
}

// A block is rows on which the curve is level.
type block struct{ from, to, y, weight float64 }

func (b block) with(next block) block {
	all := b.weight + next.weight
	return block{b.from, next.to, b.y + (next.y-b.y)*(next.weight/all), all}
}

// sortedBlocks returns the rows by rising x, those of one x together.
func sortedBlocks(x, y, weight []float64) []block {
	rows := make([]block, 0, len(x))
	for i := range x {
		w := 1.0
		if weight != nil {
			w = weight[i]
		}
		if finite(x[i]) && finite(y[i]) && finite(w) && w > 0 {
			rows = append(rows, block{x[i], x[i], y[i], w})
		}
	}
	slices.SortStableFunc(rows, func(a, b block) int { return cmp.Compare(a.from, b.from) })
	out := rows[:0]
	for _, r := range rows {
		if n := len(out); n > 0 && out[n-1].from == r.from {
			out[n-1] = out[n-1].with(r)
		} else {
			out = append(out, r)
		}
	}
	return out
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
