package characteristics

import (
	"cmp"
	"math"
	"slices"
)

// What the recommenders are told. Chosen on the validation cells of seed 0 of
// TIE's reports, where figures barely move with them.
const (
	easeLambda, easeDrop    = 30, 0.7
	easeLambda2, easeDrop2  = 10, 0.5 // rows by one over their size
	walkDiscount            = 0.2
	walkDiscount2           = 0.4
	kinRows                 = 100 // the nearest
	kinShrink, kinShrinkAll = 5, 20
	factorsFew, factorsMany = 16, 48
	alphaFew, alphaMany     = 5, 10
	ridgeFew, ridgeMany     = 0.02, 0.04
	roundsFew, roundsMany   = 10, 8
	convictionShrink        = 3
	kernelPrior             = 0.5
	habitPrior              = 10
)

// A Recommender is what is learned of a matrix: how well any item fits any row,
// in several ways.
type Recommender struct {
	matrix     *Matrix
	columns    [][]int32
	popularity []float64
	rarity     []float64
	size       []float64 // of each item, the mean log size of rows that have it
	rare, rar2 []float64 // of each row: its rarity in sum, and of its squares
	walk       dense
	ease       [2]dense
	pairs      dense
	few        [2]*factors
	many       *factors
	children   [][]int32
	labelled   [][]float64 // of each label, how many of its rows have each item
	labels     []float64   // how many rows have each label
	spoken     spoken
}

// Learn learns a matrix, which must not change from then on.
func Learn(m *Matrix, seed uint64) (*Recommender, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	r := &Recommender{matrix: m, columns: m.Columns(), popularity: m.Popularity()}
	r.rarity = inverseFrequency(len(m.Rows), r.popularity)
	r.size = make([]float64, m.Items)
	r.rare, r.rar2 = make([]float64, len(m.Rows)), make([]float64, len(m.Rows))
	for k, row := range m.Rows {
		for _, i := range row {
			r.rare[k] += r.rarity[i]
			r.rar2[k] += r.rarity[i] * r.rarity[i]
			r.size[i] += math.Log(float64(len(row))) / r.popularity[i]
		}
	}
	r.walk, r.pairs = walk(m, r.popularity), gram(m, one)
	var err error
	if r.ease[0], err = ease(m, one, easeLambda, easeDrop); err != nil {
		return nil, err
	}
	if r.ease[1], err = ease(m, perItem, easeLambda2, easeDrop2); err != nil {
		return nil, err
	}
	for k := range r.few {
		r.few[k] = implicit(m, r.columns, factorsFew, alphaFew, ridgeFew, roundsFew, seed+uint64(k))
	}
	r.many = implicit(m, r.columns, factorsMany, alphaMany, ridgeMany, roundsMany, seed+2)
	r.learnLabels()
	r.spoken = speak(m)
	r.children = make([][]int32, m.Items)
	for i, p := range m.Parent {
		if p >= 0 {
			r.children[p] = append(r.children[p], int32(i)) //nolint:gosec // at most MaxItems
		}
	}
	return r, nil
}

// signal is one way to say how well an item fits a row.
type signal int

// The ways; those from sigWalkRank on say it by comparison with the row's other
// items, those from sigRowSize on are the same for all items of a row.
const (
	sigEase signal = iota
	sigEaseEven
	sigWalk
	sigWalk2
	sigFew
	sigMany
	sigKin
	sigKinAll
	sigJaccard
	sigKernel
	sigWalkRank
	sigWalk2Rank
	sigEaseRank
	sigEaseEvenRank
	sigFewRank
	sigKinRank
	sigKinAllRank
	sigJaccardRank
	sigTogether
	sigConviction
	sigConviction2
	sigCosine
	sigParent
	sigChildren
	sigSiblings
	sigPopularity
	sigItemSize
	sigHabit
	sigHabits
	sigRowSize
	sigRowPopularity
	sigNearest
	sigNearestJaccard
	sigNearestCover
	sigParts
	sigTold
	sigToldMore
	sigToldNearest
	signals // how many there are
)

// signalNames are what the signals are called where they are shown.
func signalNames() []string {
	return []string{"linear model", "linear model, rows even", "shared rows", "shared rows, rare first", "16 factors", "32 factors", "nearest rows", "all rows near",
		"overlapping rows", "rate among rows near", "shared rows, rank", "shared rows, rare first, rank", "linear model, rank", "linear model, rows even, rank", "16 factors, rank",
		"nearest rows, rank", "all rows near, rank", "overlapping rows, rank", "all ranks", "surest item", "second surest item", "closest item", "has the parent", "has children",
		"has siblings", "popularity", "size of its rows", "habit of who says it", "habits of who say it", "size of the row", "popularity of the row", "nearest row", "overlap of the nearest row", "cover by the nearest row",
		"share of children in the row", "rows that speak of the same", "rows that speak of the same, against popularity", "nearest row that speaks of the same"}
}

// A sheet is room to work out the signals of a row.
type sheet struct {
	scores  [signals][]float64
	common  []float64 // with each row: items
	rare    []float64 // rarity
	rar2    []float64 // squares of it
	touched []int32
	work    []float64
	near    []near
}

type near struct {
	row        int32
	similarity float64
}

func (r *Recommender) sheet() *sheet {
	s := &sheet{work: make([]float64, factorsMany*factorsMany)}
	for k := range s.scores {
		s.scores[k] = make([]float64, r.matrix.Items)
	}
	n := len(r.matrix.Rows)
	s.common, s.rare, s.rar2 = make([]float64, n), make([]float64, n), make([]float64, n)
	return s
}

// fill works out the signals of a question's row, to which nothing is told of
// itself.
func (r *Recommender) fill(s *sheet, q Question) {
	row := q.Row
	r.walk.apply(row, s.scores[sigWalk])
	r.ease[0].apply(row, s.scores[sigEase])
	r.ease[1].apply(row, s.scores[sigEaseEven])
	for j, v := range s.scores[sigWalk] {
		d := max(1, r.popularity[j])
		s.scores[sigWalk][j], s.scores[sigWalk2][j] = v/math.Pow(d, walkDiscount), v/math.Pow(d, walkDiscount2)
	}
	r.few[0].scores(row, s.scores[sigFew], s.work)
	r.few[1].scores(row, s.scores[sigTogether], s.work)
	for j, v := range s.scores[sigTogether] {
		s.scores[sigFew][j] = (s.scores[sigFew][j] + v) / 2
	}
	r.many.scores(row, s.scores[sigMany], s.work)
	r.kin(s, row, q.Self)
	r.convictions(s, row)
	r.family(s, row)
	r.habits(s, q)
	r.told(s, q)
	r.ranks(s, row)
	for _, k := range []signal{sigEase, sigEaseEven, sigWalk, sigWalk2, sigFew, sigMany, sigKin, sigJaccard, sigKernel} {
		for j, v := range s.scores[k] {
			s.scores[k][j] = math.Log(max(v, 0) + 1e-3)
		}
	}
}

// ranks says of each way how far an item stands above the row's others.
func (r *Recommender) ranks(s *sheet, row []int32) {
	together := s.scores[sigTogether]
	clear(together)
	for _, p := range [][2]signal{{sigWalk, sigWalkRank}, {sigWalk2, sigWalk2Rank}, {sigEase, sigEaseRank}, {sigEaseEven, sigEaseEvenRank},
		{sigFew, sigFewRank}, {sigKin, sigKinRank}, {sigKinAll, sigKinAllRank}, {sigJaccard, sigJaccardRank}} {
		of, to := s.scores[p[0]], s.scores[p[1]]
		sum, squares, n, k := 0.0, 0.0, 0.0, 0
		for j, v := range of {
			if k < len(row) && int(row[k]) == j {
				k++
				continue
			}
			sum += v
			squares += v * v
			n++
		}
		n = max(1, n)
		mean := sum / n
		spread := math.Sqrt(max(0, squares/n-mean*mean)) + 1e-12
		for j, v := range of {
			to[j] = (v - mean) / spread
			together[j] += to[j]
		}
	}
}

// kin says what rows near to a row have.
func (r *Recommender) kin(s *sheet, row []int32, self int) {
	own, own2 := 0.0, 0.0
	s.touched = s.touched[:0]
	for _, i := range row {
		w := r.rarity[i]
		own += w
		own2 += w * w
		for _, o := range r.columns[i] {
			if int(o) == self {
				continue
			}
			if s.common[o] == 0 {
				s.touched = append(s.touched, o)
			}
			s.common[o]++
			s.rare[o] += w
			s.rar2[o] += w * w
		}
	}
	for _, k := range []signal{sigKin, sigKinAll, sigJaccard, sigKernel} {
		clear(s.scores[k])
	}
	s.near = s.near[:0]
	weights, nearest, overlap, cover := 0.0, 0.0, 0.0, 0.0
	for _, o := range s.touched {
		have := r.matrix.Rows[o]
		norm := math.Sqrt(own2 * r.rar2[o])
		all := s.rar2[o] / (norm + kinShrinkAll)
		jaccard := s.common[o] / (float64(len(row)+len(have)) - s.common[o])
		rare := s.rare[o] / max(1e-9, own+r.rare[o]-s.rare[o])
		close := s.rar2[o] / (norm + kinShrink)
		s.near = append(s.near, near{o, close})
		weights += rare * rare
		nearest, overlap, cover = max(nearest, close), max(overlap, rare), max(cover, s.rare[o]/max(1e-9, own))
		all, jaccard, rare = all*all*all, jaccard*jaccard, rare*rare
		for _, j := range have {
			s.scores[sigKinAll][j] += all
			s.scores[sigJaccard][j] += jaccard
			s.scores[sigKernel][j] += rare
		}
		s.common[o], s.rare[o], s.rar2[o] = 0, 0, 0
	}
	for j, n := range r.popularity {
		s.scores[sigKernel][j] = (s.scores[sigKernel][j] + kernelPrior*n/float64(len(r.matrix.Rows))) / (weights + kernelPrior)
	}
	slices.SortFunc(s.near, func(a, b near) int {
		return cmp.Or(cmp.Compare(b.similarity, a.similarity), cmp.Compare(a.row, b.row))
	})
	for _, n := range s.near[:min(kinRows, len(s.near))] {
		for _, j := range r.matrix.Rows[n.row] {
			s.scores[sigKin][j] += n.similarity * n.similarity
		}
	}
	fillAll(s.scores[sigNearest], nearest)
	fillAll(s.scores[sigNearestJaccard], overlap)
	fillAll(s.scores[sigNearestCover], cover)
}

// convictions say how sure single items of a row are of an item.
func (r *Recommender) convictions(s *sheet, row []int32) {
	first, second, cosine := s.scores[sigConviction], s.scores[sigConviction2], s.scores[sigCosine]
	clear(first)
	clear(second)
	clear(cosine)
	for _, i := range row {
		n := r.popularity[i]
		for j, both := range r.pairs.line(int(i)) {
			if both == 0 || j == int(i) {
				continue
			}
			if p := both / (n + convictionShrink); p > first[j] {
				first[j], second[j] = p, first[j]
			} else if p > second[j] {
				second[j] = p
			}
			cosine[j] = max(cosine[j], both*both/((n+5)*(r.popularity[j]+5)))
		}
	}
}

// family says what a row has of an item's kin, and what is true of all of it.
func (r *Recommender) family(s *sheet, row []int32) {
	parent, children, siblings := s.scores[sigParent], s.scores[sigChildren], s.scores[sigSiblings]
	clear(parent)
	clear(children)
	clear(siblings)
	parts, popular := 0.0, 0.0
	for _, i := range row {
		popular += math.Log1p(r.popularity[i])
		for _, c := range r.children[i] {
			parent[c]++
		}
		if r.matrix.Parent == nil || r.matrix.Parent[i] < 0 {
			continue
		}
		p := r.matrix.Parent[i]
		parts++
		children[p]++
		for _, c := range r.children[p] {
			if c != i {
				siblings[c]++
			}
		}
	}
	size := float64(max(1, len(row)))
	for j, n := range r.popularity {
		s.scores[sigPopularity][j], s.scores[sigItemSize][j] = math.Log1p(n), r.size[j]
	}
	fillAll(s.scores[sigRowSize], math.Log(size))
	fillAll(s.scores[sigRowPopularity], popular/size)
	fillAll(s.scores[sigParts], parts/size)
}

// learnLabels counts how often rows of a label have an item.
func (r *Recommender) learnLabels() {
	for k, labels := range r.matrix.Labels {
		for _, l := range labels {
			for int(l) >= len(r.labels) {
				r.labels, r.labelled = append(r.labels, 0), append(r.labelled, make([]float64, r.matrix.Items))
			}
			r.labels[l]++
			for _, i := range r.matrix.Rows[k] {
				r.labelled[l][i]++
			}
		}
	}
}

// habits say how much more often than all rows those of the same labels have an
// item, in logarithms: the mean over labels, and their sum. A row in the matrix
// counts for nothing in its own.
func (r *Recommender) habits(s *sheet, q Question) {
	mean, sum := s.scores[sigHabit], s.scores[sigHabits]
	clear(sum)
	used, own := 0.0, 0.0
	if q.Self >= 0 {
		own = 1
	}
	for _, l := range q.Labels {
		if int(l) >= len(r.labels) || r.labels[l] <= own {
			continue
		}
		used++
		k := 0
		for j, n := range r.labelled[l] {
			if own > 0 && k < len(q.Row) && int(q.Row[k]) == j {
				n--
				k++
			}
			usual := r.popularity[j] / float64(len(r.matrix.Rows))
			sum[j] += math.Log(((n+habitPrior*usual)/(r.labels[l]-own+habitPrior) + 1e-3) / (usual + 1e-3))
		}
	}
	for j, v := range sum {
		mean[j] = v / max(1, used)
	}
}

func fillAll(s []float64, v float64) {
	for i := range s {
		s[i] = v
	}
}
