package characteristics

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/portent-cti/portent/internal/forecast"
)

// How trees are grown. Chosen on the validation cells of seed 0 of TIE's
// reports: 200 to 300 trees of 15 leaves do alike, fewer order the pairs of all
// reports better and those of each report worse.
const (
	treeCount    = 240
	treeLeaves   = 15
	treeRate     = 0.07
	treeShare    = 0.3 // of the signals that a tree may ask
	treeRidge    = 10
	treeLeastRow = 100 // in a leaf
	treeBins     = 240
)

// A cell is what a row of samples says of one pair; samples lie column by
// column, so that a histogram reads one after another.
type samples struct {
	width  int
	values [][]float32 // by column
	came   []bool
	weight []float32
}

// A node asks whether a signal is above a bound, or is a leaf.
type node struct {
	signal      int32
	bin         uint8 // the highest that goes left
	left, right int32 // 0: a leaf
	value       float64
}

// trees are boosted trees: what they add to the log-odds is a leaf of each.
type trees struct {
	bounds [][]float32 // between the bins of each signal
	trees  [][]node
}

// grow fits trees by gradient boosting with logistic loss to what log-odds leave
// over, which it overwrites.
func grow(ctx context.Context, s *samples, odds []float64, seed uint64) (*trees, error) {
	t := &trees{bounds: make([][]float32, s.width)}
	bins := make([][]uint8, s.width)
	each64(s.width, func(k int) {
		t.bounds[k] = quantiles(s.values[k], s.came)
		bins[k] = make([]uint8, len(s.came))
		for i, v := range s.values[k] {
			bins[k][i] = binOf(t.bounds[k], v)
		}
	})
	g := grower{s: s, bins: bins, odds: odds, slope: make([]float64, 2*len(s.came)), rows: make([]int32, len(s.came)), spare: make([]int32, len(s.came))}
	chance := rand.New(rand.NewPCG(seed, 11))
	for range treeCount {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g.signals = chance.Perm(s.width)[:max(1, int(math.Round(treeShare*float64(s.width))))]
		slices.Sort(g.signals)
		t.trees = append(t.trees, g.tree())
	}
	return t, nil
}

// each64 does n things, one at a time by each worker.
func each64(n int, do func(k int)) {
	each(n*64, func(from, _ int) { do(from / 64) })
}

// quantiles returns bounds between bins: half of them deal out all values, half
// those of what came, which is rare and where all depends on.
func quantiles(values []float32, came []bool) (bounds []float32) {
	step := max(1, len(values)/20000)
	var some, rare []float32
	for i, v := range values {
		if i%step == 0 {
			some = append(some, v)
		}
		if came[i] {
			rare = append(rare, v)
		}
	}
	for _, from := range [][]float32{some, rare} {
		slices.Sort(from)
		for b := range treeBins / 2 {
			if len(from) > 0 {
				bounds = append(bounds, from[b*len(from)/(treeBins/2)])
			}
		}
	}
	slices.Sort(bounds)
	return slices.Compact(bounds)
}

// binOf is how many bounds a value reaches.
func binOf(bounds []float32, v float32) uint8 {
	lo, hi := 0, len(bounds)
	for lo < hi {
		if mid := (lo + hi) / 2; bounds[mid] <= v {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return uint8(lo) //nolint:gosec // at most treeBins bounds
}

const histogramWidth = 3 * (treeBins + 1)

// A leaf is one that may yet be split, or stays.
type leaf struct {
	node       int32
	from, to   int       // its rows
	histograms []float64 // slope, curve and count by bin, of each signal
	slope      float64
	curve      float64
	gain       float64
	signal     int // by which it is best split
	bin        uint8
}

type grower struct {
	s           *samples
	bins        [][]uint8
	odds, slope []float64 // slope and curve of each row behind one another
	rows, spare []int32
	signals     []int
}

// tree grows a tree, adds it to the log-odds and returns it.
func (g *grower) tree() []node {
	each(len(g.odds), func(from, to int) {
		for i := from; i < to; i++ {
			p, y, w := forecast.Probability(g.odds[i]), 0.0, float64(g.s.weight[i])
			if g.s.came[i] {
				y = 1
			}
			g.slope[2*i], g.slope[2*i+1] = w*(y-p), w*p*(1-p)
			g.rows[i] = int32(i) //nolint:gosec // far fewer rows than that
		}
	})
	root := leaf{to: len(g.rows), histograms: make([]float64, len(g.signals)*histogramWidth)}
	g.count(&root)
	for b := 0; b < histogramWidth; b += 3 {
		root.slope += root.histograms[b]
		root.curve += root.histograms[b+1]
	}
	g.best(&root)
	nodes, leaves := []node{{value: value(&root)}}, []leaf{root}
	for len(leaves) < treeLeaves {
		at := 0
		for k := range leaves {
			if leaves[k].gain > leaves[at].gain {
				at = k
			}
		}
		if leaves[at].gain <= 0 {
			break
		}
		left, right := g.split(leaves[at])
		left.node, right.node = int32(len(nodes)), int32(len(nodes)+1) //nolint:gosec // at most 29 nodes
		n := &nodes[leaves[at].node]
		n.signal, n.bin, n.left, n.right = int32(g.signals[leaves[at].signal]), leaves[at].bin, left.node, right.node //nolint:gosec // likewise
		nodes = append(nodes, node{value: value(&left)}, node{value: value(&right)})
		leaves[at] = left
		leaves = append(leaves, right)
	}
	for _, l := range leaves {
		for _, i := range g.rows[l.from:l.to] {
			g.odds[i] += nodes[l.node].value
		}
	}
	return nodes
}

// value is what a leaf adds to the log-odds.
func value(l *leaf) float64 { return treeRate * l.slope / (l.curve + treeRidge) }

// count fills in the histograms of a leaf. Each signal is counted by itself
// and in order of rows, so that sums are the same whoever counts.
func (g *grower) count(l *leaf) {
	rows := g.rows[l.from:l.to]
	each64(len(g.signals), func(k int) {
		h, bins := l.histograms[k*histogramWidth:(k+1)*histogramWidth], g.bins[g.signals[k]]
		for _, i := range rows {
			b, s := 3*int(bins[i]), g.slope[2*i:2*i+2]
			h[b] += s[0]
			h[b+1] += s[1]
			h[b+2]++
		}
	})
}

// best looks for the split of a leaf that gains most.
func (g *grower) best(l *leaf) {
	l.gain = 0
	whole := l.slope * l.slope / (l.curve + treeRidge)
	rows := float64(l.to - l.from)
	for k := range g.signals {
		h := l.histograms[k*histogramWidth : (k+1)*histogramWidth]
		slope, curve, n := 0.0, 0.0, 0.0
		for b := range len(h)/3 - 1 {
			slope += h[3*b]
			curve += h[3*b+1]
			n += h[3*b+2]
			if n < treeLeastRow || rows-n < treeLeastRow {
				continue
			}
			gain := slope*slope/(curve+treeRidge) + (l.slope-slope)*(l.slope-slope)/(l.curve-curve+treeRidge) - whole
			if gain > l.gain+1e-9 {
				l.gain, l.signal, l.bin = gain, k, uint8(b) //nolint:gosec // at most treeBins and one
			}
		}
	}
}

// split deals the rows of a leaf out to two. The larger one's histograms are
// what the smaller one's leave over.
func (g *grower) split(l leaf) (left, right leaf) {
	bins := g.bins[g.signals[l.signal]]
	kept, moved := l.from, 0
	for _, i := range g.rows[l.from:l.to] {
		if bins[i] <= l.bin {
			g.rows[kept] = i
			kept++
		} else {
			g.spare[moved] = i
			moved++
		}
	}
	copy(g.rows[kept:l.to], g.spare[:moved])
	left, right = leaf{from: l.from, to: kept}, leaf{from: kept, to: l.to}
	h := l.histograms[l.signal*histogramWidth:]
	for b := range int(l.bin) + 1 {
		left.slope += h[3*b]
		left.curve += h[3*b+1]
	}
	right.slope, right.curve = l.slope-left.slope, l.curve-left.curve
	small, large := &left, &right
	if moved < kept-l.from {
		small, large = large, small
	}
	small.histograms = make([]float64, len(l.histograms))
	g.count(small)
	large.histograms = l.histograms
	for k, v := range small.histograms {
		large.histograms[k] -= v
	}
	g.best(&left)
	g.best(&right)
	return left, right
}

// logOdds is what the trees add where signals are in these bins.
func (t *trees) logOdds(bins []uint8) float64 {
	sum := 0.0
	for _, tree := range t.trees {
		n := &tree[0]
		for n.left > 0 {
			if bins[n.signal] <= n.bin {
				n = &tree[n.left]
			} else {
				n = &tree[n.right]
			}
		}
		sum += n.value
	}
	return sum
}

// contributions adds to each signal by how much the answers about it move the
// log-odds: at each node, what the branch taken is worth more than the node.
// It returns what no signal accounts for.
func (t *trees) contributions(bins []uint8, out []float64) (base float64) {
	for _, tree := range t.trees {
		n := &tree[0]
		base += n.value
		for n.left > 0 {
			next := &tree[n.right]
			if bins[n.signal] <= n.bin {
				next = &tree[n.left]
			}
			out[n.signal] += next.value - n.value
			n = next
		}
	}
	return base
}
