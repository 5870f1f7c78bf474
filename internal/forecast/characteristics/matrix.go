// Package characteristics forecasts what else an actor, a campaign or a report
// has: techniques, weaknesses, countries, whatever many have in common.
//
// It knows rows and items alone, and of a row which items it has. Several ways
// to recommend say how well an item fits a row; boosted trees, trained on items
// that were hidden from rows, make one log-odds of them. Whoever needs to know
// what rows and items stand for keeps their names.
package characteristics

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// MaxItems is how many items a model can tell apart. Memory grows with their
// square; whoever has more keeps the most frequent.
const MaxItems = 2000

// MaxLabels is how many labels rows may bear, and how many words.
const MaxLabels = 5000

// A Matrix says which rows have which items: a sparse matrix of zeros and ones.
type Matrix struct {
	Items  int       // there are
	Rows   [][]int32 // the items of each row, rising
	Parent []int32   // of each item the one it is a kind of, -1: none; nil: none of any
	Labels [][]int32 // what else is known of each row, such as who wrote it, from 0 on; nil: nothing
	Words  [][]int32 // what each row is about, such as words of its title, from 0 on; nil: nothing
}

// labels are those of a row.
func (m *Matrix) labels(row int) []int32 {
	if m.Labels == nil {
		return nil
	}
	return m.Labels[row]
}

// words are those of a row.
func (m *Matrix) words(row int) []int32 {
	if m.Words == nil {
		return nil
	}
	return m.Words[row]
}

// ErrEmpty means that a matrix has too little in it to learn from.
var ErrEmpty = errors.New("nothing to learn from")

// Check reports what keeps a matrix from being learned from.
func (m *Matrix) Check() error {
	if m.Items > MaxItems {
		return fmt.Errorf("%d items, and at most %d can be told apart", m.Items, MaxItems)
	}
	if m.Parent != nil && len(m.Parent) != m.Items {
		return fmt.Errorf("%d items, and parents of %d", m.Items, len(m.Parent))
	}
	for i, p := range m.Parent {
		if p < -1 || int(p) >= m.Items || int(p) == i {
			return fmt.Errorf("item %d: it is no kind of %d", i, p)
		}
	}
	for what, of := range [][][]int32{m.Labels, m.Words} {
		name := []string{"label", "word"}[what]
		if of != nil && len(of) != len(m.Rows) {
			return fmt.Errorf("%d rows, and %ss of %d", len(m.Rows), name, len(of))
		}
		for r, labels := range of {
			if slices.ContainsFunc(labels, func(l int32) bool { return l < 0 || l >= MaxLabels }) {
				return fmt.Errorf("row %d: a %s is beyond %d", r, name, MaxLabels)
			}
		}
	}
	pairs := 0
	for r, row := range m.Rows {
		for k, i := range row {
			if i < 0 || int(i) >= m.Items || k > 0 && row[k-1] >= i {
				return fmt.Errorf("row %d: item %d is out of order", r, i)
			}
		}
		pairs += len(row)
	}
	if pairs == 0 || m.Items < 2 {
		return fmt.Errorf("%d pairs of a row and an item: %w", pairs, ErrEmpty)
	}
	return nil
}

// Columns returns the rows of each item, rising.
func (m *Matrix) Columns() [][]int32 {
	out := make([][]int32, m.Items)
	for r, row := range m.Rows {
		for _, i := range row {
			out[i] = append(out[i], int32(r)) //nolint:gosec // far fewer rows than that
		}
	}
	return out
}

// Popularity returns how many rows have each item.
func (m *Matrix) Popularity() []float64 {
	out := make([]float64, m.Items)
	for _, row := range m.Rows {
		for _, i := range row {
			out[i]++
		}
	}
	return out
}

// has reports whether a row has an item.
func has(row []int32, item int32) bool {
	_, found := slices.BinarySearch(row, item)
	return found
}

// dense is a square matrix, line behind line.
type dense struct {
	n int
	v []float64
}

func square(n int) dense { return dense{n, make([]float64, n*n)} }

func (d dense) line(i int) []float64 { return d.v[i*d.n : (i+1)*d.n] }

// gram returns how much of each pair of items rows have in common, each row
// counting by its weight.
func gram(m *Matrix, weight func(row []int32) float64) dense {
	g := square(m.Items)
	for _, row := range m.Rows {
		w := weight(row)
		for _, i := range row {
			line := g.line(int(i))
			for _, j := range row {
				line[j] += w
			}
		}
	}
	return g
}

// one weighs all rows alike.
func one([]int32) float64 { return 1 }

// perItem weighs a row less the more it has, so that all say as much.
func perItem(row []int32) float64 { return 1 / float64(max(1, len(row))) }

// inverse replaces a symmetric positive matrix by its inverse, by way of its
// Cholesky factors.
func (d dense) inverse() error {
	n := d.n
	for j := range n {
		lj := d.line(j)
		for i := j; i < n; i++ {
			li := d.line(i)
			s := li[j] - dot(li[:j], lj[:j])
			if i > j {
				li[j] = s / lj[j]
			} else if s > 0 && !math.IsInf(s, 0) {
				li[j] = math.Sqrt(s)
			} else {
				return fmt.Errorf("invert %d items: not positive", n)
			}
		}
	}
	d.invertFactor()
	return nil
}

// invertFactor makes of the lower factor L the inverse of L L'. The inverse of
// L is kept transposed in the upper triangle meanwhile, so that all sums run
// along lines.
func (d dense) invertFactor() {
	n := d.n
	diagonal := make([]float64, n)
	for i := range n {
		diagonal[i] = 1 / d.v[i*n+i]
	}
	for j := range n {
		up := d.line(j) // up[i] = inverse of L at (i, j)
		up[j] = diagonal[j]
		for i := j + 1; i < n; i++ {
			up[i] = -dot(d.line(i)[j:i], up[j:i]) * diagonal[i]
		}
	}
	for i := range n {
		for j := i; j < n; j++ {
			s := dot(d.line(i)[j:], d.line(j)[j:])
			d.v[j*n+i] = s
			if i == j {
				diagonal[i] = s
			}
		}
	}
	for i := range n {
		d.v[i*n+i] = diagonal[i]
		for j := range i {
			d.v[j*n+i] = d.v[i*n+j]
		}
	}
}

func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	k := 0
	for ; k+4 <= len(a); k += 4 {
		s0 += a[k] * b[k]
		s1 += a[k+1] * b[k+1]
		s2 += a[k+2] * b[k+2]
		s3 += a[k+3] * b[k+3]
	}
	for ; k < len(a); k++ {
		s0 += a[k] * b[k]
	}
	return s0 + s1 + s2 + s3
}
