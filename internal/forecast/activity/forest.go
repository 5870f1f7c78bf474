package activity

import (
	"math/rand/v2"
	"slices"
)

const (
	trees  = 100
	leaf   = 8  // rows at least on each side of a split
	tried  = 7  // numbers that are tried at a split
	levels = 64 // into which each number is cut
	drawn  = .6 // of the rows a tree grows from
)

// A forest is a quantile regression forest (Meinshausen 2006): for a state it tells
// which past states count, and how much.
type forest struct {
	cuts   [][]float64 // by number, between its levels
	weight []float64   // of each row it grew from
	trees  [][]node
}

// A node splits by one number, or holds rows.
type node struct {
	by          int // number; -1: rows
	at          uint8
	left, right int
	rows        []int32
	sum         float64 // of the weights of its rows
}

// grow grows a forest from rows of numbers, so that what lies in one leaf has like
// targets. The seed decides what each tree sees.
func grow(rows [][]float64, target, weight []float64, seed uint64) *forest {
	f := &forest{weight: weight}
	if len(rows) == 0 {
		return f
	}
	width := len(rows[0])
	for j := range width {
		f.cuts = append(f.cuts, cutsOf(rows, j))
	}
	binned := make([]uint8, len(rows)*width)
	for i, row := range rows {
		f.bin(row, binned[i*width:(i+1)*width])
	}
	for k := range trees {
		g := &grower{width: width, binned: binned, target: target, weight: weight, chance: rand.New(rand.NewPCG(seed, uint64(k)))}
		var own []int32
		for i := range rows {
			if g.chance.Float64() < drawn {
				own = append(own, int32(i))
			}
		}
		g.split(own)
		f.trees = append(f.trees, g.nodes)
	}
	return f
}

// cutsOf returns where a number is cut: between levels of equally many rows.
func cutsOf(rows [][]float64, j int) []float64 {
	all := make([]float64, len(rows))
	for i, row := range rows {
		all[i] = row[j]
	}
	slices.Sort(all)
	var cuts []float64
	for l := 1; l < levels; l++ {
		at := all[l*len(all)/levels]
		if at > all[0] && (len(cuts) == 0 || at > cuts[len(cuts)-1]) {
			cuts = append(cuts, at)
		}
	}
	return cuts
}

// bin is the level of each number of a row.
func (f *forest) bin(row []float64, out []uint8) {
	for j, v := range row {
		n, same := slices.BinarySearch(f.cuts[j], v)
		if same {
			n++
		}
		out[j] = uint8(n)
	}
}

// A grower grows one tree.
type grower struct {
	width          int
	binned         []uint8
	target, weight []float64
	chance         *rand.Rand
	nodes          []node
}

// split makes a node of rows and those below it, and returns its number.
func (g *grower) split(rows []int32) int {
	me := len(g.nodes)
	g.nodes = append(g.nodes, node{by: -1})
	by, at := -1, uint8(0)
	if len(rows) >= 2*leaf {
		by, at = g.best(rows)
	}
	if by < 0 {
		g.nodes[me].rows = rows
		for _, i := range rows {
			g.nodes[me].sum += g.weight[i]
		}
		return me
	}
	var left, right []int32
	for _, i := range rows {
		if g.binned[int(i)*g.width+by] <= at {
			left = append(left, i)
		} else {
			right = append(right, i)
		}
	}
	l := g.split(left)
	r := g.split(right)
	g.nodes[me].by, g.nodes[me].at, g.nodes[me].left, g.nodes[me].right = by, at, l, r
	return me
}

// best is the split of some numbers, drawn anew, that leaves the least variance.
func (g *grower) best(rows []int32) (by int, at uint8) {
	by, most := -1, 1e-12
	for _, j := range g.chance.Perm(g.width)[:min(tried, g.width)] {
		var n [levels]int
		var w, wz [levels]float64
		all, allZ := 0.0, 0.0
		for _, i := range rows {
			b, q := g.binned[int(i)*g.width+j], g.weight[i]
			n[b]++
			w[b] += q
			wz[b] += q * g.target[i]
			all += q
			allZ += q * g.target[i]
		}
		count, sum, sumZ := 0, 0.0, 0.0
		for b := range levels - 1 {
			count += n[b]
			sum += w[b]
			sumZ += wz[b]
			if n[b] == 0 || count < leaf || len(rows)-count < leaf {
				continue
			}
			gain := sumZ*sumZ/sum + (allZ-sumZ)*(allZ-sumZ)/(all-sum) - allZ*allZ/all
			if gain > most {
				most, by, at = gain, j, uint8(b)
			}
		}
	}
	return by, at
}

// counts writes how much each row counts for a state; all together count 1.
func (f *forest) counts(state []float64, out []float64) {
	clear(out)
	binned := make([]uint8, len(state))
	f.bin(state, binned)
	for _, t := range f.trees {
		at := 0
		for t[at].by >= 0 {
			if binned[t[at].by] <= t[at].at {
				at = t[at].left
			} else {
				at = t[at].right
			}
		}
		for _, i := range t[at].rows {
			out[i] += f.weight[i] / t[at].sum / float64(len(f.trees))
		}
	}
}
