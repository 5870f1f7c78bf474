package characteristics_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/forecast/characteristics"
)

// world is rows that each have most of one of six kits of ten items, and one
// item that anybody may have.
func world(rows int, seed uint64) *characteristics.Matrix { return kitted(rows, 6, seed) }

func kitted(rows, kits int, seed uint64) *characteristics.Matrix {
	chance := rand.New(rand.NewPCG(seed, 1))
	const each = 10
	m := &characteristics.Matrix{Items: kits*each + 20}
	for range rows {
		kit := chance.IntN(kits)
		row := []int32{int32(kits*each + chance.IntN(20))}
		for k := range each {
			if chance.Float64() < 0.6 {
				row = append(row, int32(kit*each+k))
			}
		}
		slices.Sort(row)
		m.Rows = append(m.Rows, row)
	}
	return m
}

// asked hides one item of each row, which the matrix then lacks.
func asked(m *characteristics.Matrix, seed uint64) (known *characteristics.Matrix, questions []characteristics.Question) {
	chance := rand.New(rand.NewPCG(seed, 2))
	known = &characteristics.Matrix{Items: m.Items}
	for k, row := range m.Rows {
		q := characteristics.Question{Row: row, Self: k}
		if len(row) > 2 {
			q = characteristics.Part(row, []int{chance.IntN(len(row))})
			q.Self = k
		}
		known.Rows = append(known.Rows, q.Row)
		questions = append(questions, q)
	}
	return known, questions
}

type trained struct {
	r         *characteristics.Recommender
	stack     *characteristics.Stack
	questions []characteristics.Question
	scores    [][]float64
	cal       characteristics.Calibration
}

func train(t *testing.T, m *characteristics.Matrix) trained {
	t.Helper()
	known, questions := asked(m, 3)
	r, err := characteristics.Learn(known, 1)
	if err != nil {
		t.Fatal(err)
	}
	stack, err := characteristics.Train(t.Context(), characteristics.Hide(known, 1), 1)
	if err != nil {
		t.Fatal(err)
	}
	scores := stack.Scores(r, questions)
	return trained{r, stack, questions, scores, stack.Calibrate(scores, questions, 1)}
}

// first is the share of hidden items that stand among the ten best.
func first(questions []characteristics.Question, scores [][]float64) float64 {
	hits, n := 0, 0
	for k, q := range questions {
		for _, h := range q.Hidden {
			n++
			above := 0
			for j, v := range scores[k] {
				if v > scores[k][h] && !slices.Contains(q.Row, int32(j)) {
					above++
				}
			}
			if above < 10 {
				hits++
			}
		}
	}
	return float64(hits) / float64(n)
}

func TestWhatGoesTogetherIsFound(t *testing.T) {
	figures.Only(t)
	w := train(t, world(400, 1))
	got := first(w.questions, w.scores)
	for _, way := range characteristics.Ways() {
		b, err := characteristics.Baseline(way, w.r, w.questions, 1)
		if err != nil {
			t.Fatal(err)
		}
		share := first(w.questions, b)
		t.Logf("%s: %.3f", way, share)
		if way == "popularity" && got < share+0.4 || got < share-0.03 {
			t.Errorf("%.3f of what was hidden is among the ten best, by %s %.3f", got, way, share)
		}
	}
	sum, hidden := 0.0, 0.0
	for k, q := range w.questions {
		hidden += float64(len(q.Hidden))
		for j, v := range w.scores[k] {
			if p := w.cal.Probability(v); p <= 0 || p >= 1 {
				t.Fatalf("a probability is %v", p)
			} else if !slices.Contains(q.Row, int32(j)) {
				sum += p
			}
		}
	}
	if math.Abs(sum-hidden) > 0.03*hidden {
		t.Errorf("%.1f are expected, %v came", sum, hidden)
	}
}

func TestContributionsAddUpToTheLogOdds(t *testing.T) {
	figures.Only(t)
	m := world(300, 2)
	m.Parent = make([]int32, m.Items)
	for i := range m.Parent {
		m.Parent[i] = -1
		if i%10 > 0 {
			m.Parent[i] = int32(i / 10 * 10)
		}
	}
	w := train(t, m)
	for k := 0; k < len(w.questions); k += 7 {
		for j := 0; j < m.Items; j += 3 {
			e := w.stack.Explain(w.r, w.cal, w.questions[k], j)
			sum := e.Base
			for _, r := range e.Reasons {
				sum += r.Contribution
			}
			if math.Abs(sum-e.LogOdds) > 1e-9 || math.Abs(e.LogOdds-w.cal.LogOdds(w.scores[k][j])) > 1e-9 || e.Probability != w.cal.Probability(w.scores[k][j]) {
				t.Fatalf("row %d, item %d: %v in sum, log-odds %v, probability %v", k, j, sum, e.LogOdds, e.Probability)
			}
			if len(e.Precedents) != 3 || slices.ContainsFunc(e.Precedents, func(p characteristics.Precedent) bool { return p.Row == k }) {
				t.Fatalf("row %d: precedents %v", k, e.Precedents)
			}
		}
	}
}

// TestNothingIsForeseenWhereNothingGoesTogether deals items out at random:
// whatever is better than popularity then has seen the answers.
func TestNothingIsForeseenWhereNothingGoesTogether(t *testing.T) {
	figures.Only(t)
	m := world(400, 3)
	chance := rand.New(rand.NewPCG(9, 9))
	for k, row := range m.Rows {
		n := len(row)
		row = nil
		for i := range m.Items {
			if chance.Float64() < float64(n)/float64(m.Items) {
				row = append(row, int32(i))
			}
		}
		m.Rows[k] = row
	}
	w := train(t, m)
	if got := first(w.questions, w.scores); got > 0.2 {
		t.Errorf("%.3f of what was dealt out at random is among the ten best of %d", got, m.Items)
	}
}

// The rows are of two blocks, so that both cores have some.
func TestATrainedStackIsTheSameOnAnyNumberOfCores(t *testing.T) {
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	once := train(t, kitted(70, 1, 4))
	baselines := allBaselines(t, once)
	runtime.GOMAXPROCS(2)
	again := train(t, kitted(70, 1, 4))
	if !cmp.Equal(once.scores, again.scores) || !cmp.Equal(once.cal, again.cal) {
		t.Error("the scores differ")
	}
	if diff := cmp.Diff(baselines, allBaselines(t, again)); diff != "" {
		t.Errorf("the baselines differ: %s", diff)
	}
}

func allBaselines(t *testing.T, w trained) map[string][][]float64 {
	t.Helper()
	all := map[string][][]float64{}
	for _, way := range characteristics.Ways() {
		scores, err := characteristics.Baseline(way, w.r, w.questions, 1)
		if err != nil {
			t.Fatal(err)
		}
		all[way] = scores
	}
	return all
}

func TestAMatrixThatCannotBeLearnedIsRefused(t *testing.T) {
	for _, test := range []struct {
		claim string
		m     characteristics.Matrix
	}{
		{"no rows", characteristics.Matrix{Items: 3}},
		{"empty rows", characteristics.Matrix{Items: 3, Rows: [][]int32{nil, nil}}},
		{"one item", characteristics.Matrix{Items: 1, Rows: [][]int32{{0}}}},
		{"an item beyond", characteristics.Matrix{Items: 3, Rows: [][]int32{{3}}}},
		{"an item below", characteristics.Matrix{Items: 3, Rows: [][]int32{{-1}}}},
		{"items twice", characteristics.Matrix{Items: 3, Rows: [][]int32{{1, 1}}}},
		{"parents of fewer", characteristics.Matrix{Items: 3, Rows: [][]int32{{1}}, Parent: []int32{-1}}},
		{"parents beyond", characteristics.Matrix{Items: 3, Rows: [][]int32{{1}}, Parent: []int32{-1, 7, -1}}},
		{"labels of fewer", characteristics.Matrix{Items: 3, Rows: [][]int32{{1}}, Labels: [][]int32{}}},
		{"labels beyond", characteristics.Matrix{Items: 3, Rows: [][]int32{{1}}, Labels: [][]int32{{1 << 30}}}},
		{"words of fewer", characteristics.Matrix{Items: 3, Rows: [][]int32{{1}}, Words: [][]int32{}}},
		{"words beyond", characteristics.Matrix{Items: 3, Rows: [][]int32{{1}}, Words: [][]int32{{characteristics.MaxLabels}}}},
		{"too many items", characteristics.Matrix{Items: characteristics.MaxItems + 1, Rows: [][]int32{{1}}}},
	} {
		if _, err := characteristics.Learn(&test.m, 1); err == nil {
			t.Errorf("%s: learned", test.claim)
		}
	}
}

func TestFewRowsAreLearnedWithoutNumbersThatAreNone(t *testing.T) {
	for _, rows := range [][][]int32{{{0, 1}}, {{0}, {1}}, {{0, 1, 2}, {0, 1, 2}}, {{0, 1, 2}, nil, {2}}} {
		m := &characteristics.Matrix{Items: 4, Rows: rows}
		r, err := characteristics.Learn(m, 1)
		if err != nil {
			t.Fatal(rows, err)
		}
		for _, way := range characteristics.Ways() {
			scores, err := characteristics.Baseline(way, r, []characteristics.Question{{Row: []int32{0}, Self: -1}, {Self: -1}}, 1)
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(scores) == "" || slices.ContainsFunc(slices.Concat(scores...), math.IsNaN) {
				t.Errorf("%v: %s says %v", rows, way, scores)
			}
		}
	}
}

func BenchmarkTrain(b *testing.B) {
	m := world(1000, 5)
	for b.Loop() {
		if _, err := characteristics.Train(b.Context(), characteristics.Hide(m, 1), 1); err != nil {
			b.Fatal(err)
		}
	}
}

func TestRowsThatSpeakOfTheSameTellOfOneAnother(t *testing.T) {
	chance := rand.New(rand.NewPCG(9, 9))
	const anybody = 80 // an item that all have
	known, questions := &characteristics.Matrix{Items: anybody + 1}, []characteristics.Question{}
	for k := range 200 {
		kit := chance.IntN(8)
		var row []int32
		for _, i := range chance.Perm(10)[:3] {
			row = append(row, int32(kit*10+i))
		}
		slices.Sort(row)
		words := []int32{int32(kit*2 + chance.IntN(2)), int32(16 + chance.IntN(40))}
		q := characteristics.Question{Self: k, Row: append(row, anybody), Words: words}
		if k%2 == 1 { // of these the words alone tell the kit
			q.Row, q.Hidden = []int32{anybody}, row
		}
		known.Rows, known.Words = append(known.Rows, q.Row), append(known.Words, words)
		questions = append(questions, q)
	}
	r, err := characteristics.Learn(known, 1)
	if err != nil {
		t.Fatal(err)
	}
	stack, err := characteristics.Train(t.Context(), characteristics.Hide(known, 1), 1)
	if err != nil {
		t.Fatal(err)
	}
	told := first(questions, stack.Scores(r, questions))
	for k := range questions {
		questions[k].Words = nil
	}
	if untold := first(questions, stack.Scores(r, questions)); told < untold+0.25 {
		t.Errorf("with words %.3f of what was hidden is found, without %.3f", told, untold)
	}
}
