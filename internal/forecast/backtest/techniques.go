package backtest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/forecast/characteristics"
)

// A Report is which techniques a report names, and when it was written as far
// as that is known.
type Report struct {
	Techniques []string
	Written    time.Time
	Labels     []string // what else is known of it, such as who wrote it
	Words      []string // what it is about
}

// Shares of the pairs that are kept for validation and for the test.
const validationTenths, testTenths = 1, 2

// ErrNoPairs means that reports name too little to hide some of it.
var ErrNoPairs = errors.New("no techniques can be hidden")

// A bag is a report that names something live.
type bag struct {
	place  int // of the report in the file
	items  []int32
	labels []int32
	words  []int32
	at     time.Time
}

// bags returns the reports that name any of the items, which are the live
// techniques that are in a report, and their parents.
func bags(reports []Report, live []string) (out []bag, items []string, parent []int32) {
	alive, named := map[string]bool{}, map[string]int32{}
	for _, id := range live {
		alive[id] = true
	}
	for _, r := range reports {
		for _, id := range r.Techniques {
			if alive[id] && named[id] == 0 {
				named[id] = 1
				items = append(items, id)
			}
		}
	}
	slices.Sort(items)
	for i, id := range items {
		named[id] = int32(i) //nolint:gosec // far fewer techniques than that
	}
	for place, r := range reports {
		b := bag{place: place, at: r.Written}
		for _, id := range r.Techniques {
			if i, ok := named[id]; ok {
				b.items = append(b.items, i)
			}
		}
		slices.Sort(b.items)
		if b.items = slices.Compact(b.items); len(b.items) > 0 {
			out = append(out, b)
		}
	}
	label(reports, out)
	return out, items, parents(items)
}

// leastLabelled is of how many reports a label must be, that anything is
// learned from it; leastSpoken is the same of words.
const leastLabelled, leastSpoken = 5, 2

// label says which labels and words bags have that enough reports bear.
func label(reports []Report, bags []bag) {
	for k, of := range numbered(reports, bags, leastLabelled, func(r Report) []string { return r.Labels }) {
		bags[k].labels = of
	}
	for k, of := range numbered(reports, bags, leastSpoken, func(r Report) []string { return r.Words }) {
		bags[k].words = of
	}
}

// numbered numbers what that many bags have at least.
func numbered(reports []Report, bags []bag, least int, of func(Report) []string) [][]int32 {
	count := map[string]int{}
	each := func(b bag, do func(label string)) {
		labels := slices.Clone(of(reports[b.place]))
		slices.Sort(labels)
		for _, l := range slices.Compact(labels) {
			do(l)
		}
	}
	for _, b := range bags {
		each(b, func(l string) { count[l]++ })
	}
	maps.DeleteFunc(count, func(_ string, n int) bool { return n < least })
	names := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	names = names[:min(len(names), characteristics.MaxLabels)]
	slices.Sort(names)
	out := make([][]int32, len(bags))
	for k := range bags {
		each(bags[k], func(l string) {
			if i, ok := slices.BinarySearch(names, l); ok {
				out[k] = append(out[k], int32(i)) //nolint:gosec // far fewer labels than that
			}
		})
	}
	return out
}

// parents returns of each technique the place of the one it is a kind of.
func parents(items []string) []int32 {
	out := make([]int32, len(items))
	for i, id := range items {
		out[i] = -1
		if above, _, ok := strings.Cut(id, "."); ok {
			if p, found := slices.BinarySearch(items, above); found {
				out[i] = int32(p) //nolint:gosec // far fewer techniques than that
			}
		}
	}
	return out
}

// A pair is an item of a row.
type pair struct {
	row  int
	item int32
	by   [8]byte // what it is sorted by
}

// A hashSplit is the reference split of docs/forecasting.md: any language can
// make it again.
type hashSplit struct {
	labels, words           [][]int32 // of each row
	known, validation, test [][]int32 // items of each row, rising
	pairs                   [3]int    // in each
}

func splitByHash(bags []bag, items []string, seed uint64) hashSplit {
	s := hashSplit{make([][]int32, len(bags)), make([][]int32, len(bags)), make([][]int32, len(bags)), make([][]int32, len(bags)), make([][]int32, len(bags)), [3]int{}}
	var rest []pair
	total := 0
	for row, b := range bags {
		total += len(b.items)
		s.labels[row], s.words[row] = b.labels, b.words
		pairs := make([]pair, len(b.items))
		for k, item := range b.items {
			pairs[k] = pair{row, item, hashOf("keep", seed, b.place, items[item])}
		}
		kept := slices.MinFunc(pairs, byHash)
		s.known[row] = append(s.known[row], kept.item)
		for _, item := range b.items {
			if item != kept.item {
				rest = append(rest, pair{row, item, hashOf("cell", seed, b.place, items[item])})
			}
		}
	}
	slices.SortFunc(rest, byHash)
	validation, test := min(len(rest), total*validationTenths/10), total*testTenths/10
	test = min(len(rest)-validation, test)
	for k, p := range rest {
		part := &s.known
		if k < validation {
			part = &s.validation
		} else if k < validation+test {
			part = &s.test
		}
		(*part)[p.row] = append((*part)[p.row], p.item)
	}
	for row := range bags {
		for _, part := range [][][]int32{s.known, s.validation, s.test} {
			slices.Sort(part[row])
		}
	}
	s.pairs = [3]int{total - validation - test, validation, test}
	return s
}

func hashOf(what string, seed uint64, place int, item string) [8]byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%d|%d|%s", what, seed, place, item))
	return [8]byte(sum[:8])
}

func byHash(a, b pair) int {
	return cmp.Or(bytes.Compare(a.by[:], b.by[:]), cmp.Compare(a.row, b.row), cmp.Compare(a.item, b.item))
}

// questions asks of each row what is hidden of it.
func (s *hashSplit) questions(hidden [][]int32) []characteristics.Question {
	out := make([]characteristics.Question, len(s.known))
	for row := range out {
		out[row] = characteristics.Question{Row: s.known[row], Self: row, Hidden: hidden[row], Labels: s.labels[row], Words: s.words[row]}
	}
	return out
}

// TechniqueSeeds are the seeds of the hash split that figures are quoted of.
func TechniqueSeeds() []uint64 { return []uint64{0, 1, 2, 3, 4} }

// Techniques replays which techniques a report names besides those that are
// known of it: on the hash split by each seed, and on the reports whose time is
// known, where those of the last fifth are new to the model. Live are the
// techniques that are not revoked.
//
// Nothing of the test is seen: the stack is trained on pairs that are hidden
// among the training pairs, and its probabilities are calibrated on validation
// pairs.
func Techniques(ctx context.Context, reports []Report, live []string, seeds []uint64, o Options) (Result, error) {
	bags, items, parent := bags(reports, live)
	if o.Shuffle {
		deal(bags, o.Seed)
	}
	steps, done := len(seeds)+1, 0
	progress := func() {
		if done++; o.Progress != nil {
			o.Progress(done, steps)
		}
	}
	byWay := map[string][]graded{}
	for _, seed := range seeds {
		one, err := hashSeed(ctx, bags, items, parent, seed)
		if err != nil {
			return Result{}, err
		}
		for way, g := range one {
			byWay[way] = append(byWay[way], g)
		}
		progress()
	}
	out := Result{Head: "techniques", Columns: ranked(), Cutoffs: len(seeds), Metrics: Score{}, Baselines: map[string]Score{}, Skill: map[string][3]float64{},
		Means: map[string]string{}, BySeed: map[string]map[string][]float64{}}
	for _, way := range append([]string{"model"}, characteristics.Ways()...) {
		out.tell(way, byWay[way], "")
	}
	for _, than := range []string{"popularity", "tie_wals"} {
		out.Skill[than] = recallGain(byWay["model"], byWay[than], o.Seed)
		out.Means[than] = "masked recall@20"
	}
	timed, err := timeSplit(ctx, bags, items, parent, seeds[:min(3, len(seeds))])
	if err != nil && !errors.Is(err, ErrNoPairs) && !errors.Is(err, characteristics.ErrEmpty) {
		return Result{}, fmt.Errorf("time split: %w", err)
	}
	for _, way := range append([]string{"model"}, characteristics.Ways()...) {
		out.tell(way, timed[way], "time_")
	}
	progress()
	out.Reliability = byWay["model"][0].reliability // of the first split: the others are of the same pairs
	for _, g := range byWay["model"] {
		out.Forecasts += g.cells
		out.Came += g.came
	}
	return out, nil
}

// ranked is the columns of heads that say which items come next.
func ranked() []Column {
	return []Column{{"masked_recall@10", "masked@10"}, {"masked_recall@20", "masked@20"}, {"ndcg@20", "nDCG@20"}, {"raw_recall@20", "raw@20"}, {"ap", "AP"}, {"auc", "AUC"},
		{"ece", "ECE"}, {"brier_skill", "Brier skill"}, {"time_masked_recall@20", "later@20"}, {"time_ap", "later AP"}}
}

// tell adds how a way did by seed, and on the mean.
func (r *Result) tell(way string, by []graded, prefix string) {
	score := r.Metrics
	if way != "model" {
		if r.Baselines[way] == nil {
			r.Baselines[way] = Score{}
		}
		score = r.Baselines[way]
	}
	if r.BySeed[way] == nil {
		r.BySeed[way] = map[string][]float64{}
	}
	for _, g := range by {
		for name, v := range g.Score {
			r.BySeed[way][prefix+name] = append(r.BySeed[way][prefix+name], v)
			score[prefix+name] += v / float64(len(by))
		}
	}
}

// hashSeed replays one seed of the hash split.
func hashSeed(ctx context.Context, bags []bag, items []string, parent []int32, seed uint64) (map[string]graded, error) {
	s := splitByHash(bags, items, seed)
	if s.pairs[1] == 0 || s.pairs[2] == 0 {
		return nil, fmt.Errorf("%d reports that name live techniques: %w", len(bags), ErrNoPairs)
	}
	known := &characteristics.Matrix{Items: len(items), Rows: s.known, Parent: parent, Labels: s.labels, Words: s.words}
	r, err := characteristics.Learn(known, seed)
	if err != nil {
		return nil, err
	}
	stack, err := characteristics.Train(ctx, characteristics.Hide(known, seed), seed)
	if err != nil {
		return nil, err
	}
	scores := stack.Scores(r, s.questions(s.test)) // whatever is hidden, scores are the same
	cal := stack.Calibrate(scores, s.questions(s.validation), float64(s.pairs[2])/float64(s.pairs[1]))
	asked := s.questions(s.test)
	for k := range asked {
		asked[k].Settled = s.validation[k]
	}
	return everyWay(r, scores, cal, asked, seed)
}

// everyWay grades the model and all single ways.
func everyWay(r *characteristics.Recommender, scores [][]float64, cal characteristics.Calibration, asked []characteristics.Question, seed uint64) (map[string]graded, error) {
	out := map[string]graded{"model": measured(scores, &cal, asked)}
	for _, way := range characteristics.Ways() {
		b, err := characteristics.Baseline(way, r, asked, seed)
		if err != nil {
			return nil, err
		}
		out[way] = measured(b, nil, asked)
	}
	return out, nil
}

// timeSplit trains on the reports of the first four fifths of those whose time
// is known and asks of each later one that names three techniques for a third
// of them. Nothing of a report that is asked of is in the training. What the
// stack learns of the first four fifths of the training is calibrated on its
// last.
func timeSplit(ctx context.Context, bags []bag, items []string, parent []int32, seeds []uint64) (map[string][]graded, error) {
	var dated []bag
	for _, b := range bags {
		if !b.at.IsZero() {
			dated = append(dated, b)
		}
	}
	slices.SortStableFunc(dated, func(a, b bag) int { return a.at.Compare(b.at) })
	train, late := dated[:len(dated)*4/5], dated[len(dated)*4/5:]
	early, slice := train[:len(train)*4/5], train[len(train)*4/5:]
	out := map[string][]graded{}
	for _, seed := range seeds {
		checked, asked := thirds(slice, items, seed), thirds(late, items, seed)
		if len(checked) == 0 || len(asked) == 0 {
			return nil, fmt.Errorf("%d reports whose time is known: %w", len(dated), ErrNoPairs)
		}
		stack, err := characteristics.Train(ctx, characteristics.HideOf(matrixOf(train, items, parent), seed), seed)
		if err != nil {
			return nil, err
		}
		before, err := characteristics.Learn(matrixOf(early, items, parent), seed)
		if err != nil {
			return nil, err
		}
		cal := stack.Calibrate(stack.Scores(before, checked), checked, 1)
		r, err := characteristics.Learn(matrixOf(train, items, parent), seed)
		if err != nil {
			return nil, err
		}
		one, err := everyWay(r, stack.Scores(r, asked), cal, asked, seed)
		if err != nil {
			return nil, err
		}
		for way, g := range one {
			out[way] = append(out[way], g)
		}
	}
	return out, nil
}

func matrixOf(bags []bag, items []string, parent []int32) *characteristics.Matrix {
	m := &characteristics.Matrix{Items: len(items), Parent: parent}
	for _, b := range bags {
		m.Rows, m.Labels, m.Words = append(m.Rows, b.items), append(m.Labels, b.labels), append(m.Words, b.words)
	}
	return m
}

// thirds asks of each report with three techniques or more for a third of them.
func thirds(bags []bag, items []string, seed uint64) (out []characteristics.Question) {
	for _, b := range bags {
		if len(b.items) < 3 {
			continue
		}
		places := make([]int, len(b.items))
		for k := range places {
			places[k] = k
		}
		slices.SortFunc(places, func(x, y int) int {
			hx, hy := hashOf("time", seed, b.place, items[b.items[x]]), hashOf("time", seed, b.place, items[b.items[y]])
			return cmp.Or(bytes.Compare(hx[:], hy[:]), cmp.Compare(x, y))
		})
		q := characteristics.Part(b.items, places[:(len(places)+2)/3])
		q.Labels, q.Words = b.labels, b.words
		out = append(out, q)
	}
	return out
}

// deal deals the techniques of all reports out anew: each report names as many
// as before, as far as it does not get one twice, and each technique is named
// as often. What goes together is lost.
func deal(bags []bag, seed uint64) {
	var all []int32
	for _, b := range bags {
		all = append(all, b.items...)
	}
	rand.New(rand.NewPCG(seed, 4)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for k := range bags {
		n := len(bags[k].items)
		bags[k].items = slices.Clone(all[:n])
		all = all[n:]
		slices.Sort(bags[k].items)
		bags[k].items = slices.Compact(bags[k].items)
	}
}
