package characteristics

import (
	"math"
	"math/rand/v2"
)

// Factors are a factorisation of a matrix: a row fits an item by the product of
// their vectors.
type factors struct {
	k     int
	item  []float64 // k numbers each
	gram  []float64 // of the items, k x k
	alpha float64   // how much more what is there counts than what is not
	ridge func(have int) float64
	twice bool // what is there is wanted to be 1 with all its weight
}

// implicit fits a factorisation by alternating least squares: what a row has
// counts alpha times what it lacks, and the penalty grows with how much it has.
func implicit(m *Matrix, columns [][]int32, k int, alpha, lambda float64, rounds int, seed uint64) *factors {
	ridge := func(lines int) func(int) float64 {
		return func(have int) float64 { return lambda * (alpha*float64(have) + float64(lines)) }
	}
	return alternate(m, columns, settings{k, alpha, rounds, seed, 0.1, true}, ridge(m.Items), ridge(len(m.Rows)))
}

// TIE's model, as its authors' code updates it: what is there counts twice in
// the equations' left-hand side and once in their right-hand side, whatever
// confidence is asked for.
const (
	tieFactors = 4
	tieRidge   = 1e-5
	tieRounds  = 25
)

func tie(m *Matrix, columns [][]int32, seed uint64) *factors {
	ridge := func(int) float64 { return tieRidge }
	return alternate(m, columns, settings{tieFactors, 1, tieRounds, seed, 1 / math.Sqrt(tieFactors), false}, ridge, ridge)
}

type settings struct {
	k      int
	alpha  float64
	rounds int
	seed   uint64
	spread float64 // of the vectors to begin with
	twice  bool
}

func alternate(m *Matrix, columns [][]int32, s settings, ofRow, ofItem func(have int) float64) *factors {
	chance := rand.New(rand.NewPCG(s.seed, uint64(s.k)))
	vectors := func(n int) []float64 {
		out := make([]float64, n*s.k)
		for i := range out {
			out[i] = s.spread * chance.NormFloat64()
		}
		return out
	}
	rows := &factors{k: s.k, item: vectors(len(m.Rows)), alpha: s.alpha, ridge: ofItem, twice: s.twice}
	items := &factors{k: s.k, item: vectors(m.Items), alpha: s.alpha, ridge: ofRow, twice: s.twice}
	for range s.rounds {
		items.solveAll(m.Rows, rows.item)
		rows.solveAll(columns, items.item)
	}
	items.product()
	return items
}

// solveAll fits a vector to each line, given those of what lines have.
func (f *factors) solveAll(lines [][]int32, out []float64) {
	f.product()
	each(len(lines), func(from, to int) {
		work := make([]float64, f.k*f.k)
		for l := from; l < to; l++ {
			f.vector(lines[l], out[l*f.k:(l+1)*f.k], work)
		}
	})
}

func (f *factors) product() {
	k := f.k
	f.gram = make([]float64, k*k)
	for i := 0; i < len(f.item); i += k {
		v := f.item[i : i+k]
		for a, x := range v {
			line := f.gram[a*k : a*k+k]
			for b, y := range v {
				line[b] += x * y
			}
		}
	}
}

// vector is that of a line which has some items.
func (f *factors) vector(line []int32, out, work []float64) {
	k := f.k
	copy(work, f.gram)
	clear(out)
	want := 1.0
	if f.twice {
		want += f.alpha
	}
	for _, i := range line {
		v := f.item[int(i)*k : int(i)*k+k]
		for a, x := range v {
			out[a] += want * x
			row := work[a*k : a*k+k]
			x *= f.alpha
			for b := range row[:a+1] {
				row[b] += x * v[b]
			}
		}
	}
	ridge := f.ridge(len(line))
	for a := range k {
		work[a*k+a] += ridge
	}
	solve(work, out, k)
}

// scores are how well each item fits a row.
func (f *factors) scores(row []int32, out, work []float64) {
	u := make([]float64, f.k)
	f.vector(row, u, work)
	for i := range out {
		out[i] = dot(u, f.item[i*f.k:(i+1)*f.k])
	}
}

// solve replaces b by the solution of a x = b, of whose symmetric matrix the
// lower triangle is read and overwritten. What the equations say nothing of
// is zero.
func solve(a, b []float64, n int) {
	for j := range n {
		lj := a[j*n : j*n+j+1]
		d := lj[j] - dot(lj[:j], lj[:j])
		if !(d > 1e-12) {
			d = math.Inf(1)
		}
		lj[j] = math.Sqrt(d)
		for i := j + 1; i < n; i++ {
			li := a[i*n : i*n+j+1]
			li[j] = (li[j] - dot(li[:j], lj[:j])) / lj[j]
		}
		b[j] = (b[j] - dot(lj[:j], b[:j])) / lj[j]
	}
	for i := n - 1; i >= 0; i-- {
		s := b[i]
		for k := i + 1; k < n; k++ {
			s -= a[k*n+i] * b[k]
		}
		b[i] = s / a[i*n+i]
	}
}
