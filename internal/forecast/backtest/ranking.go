package backtest

import (
	"cmp"
	"math"
	"slices"

	"github.com/portent-cti/portent/internal/forecast/characteristics"
	"github.com/portent-cti/portent/internal/intel"
)

// top is how many of a list people read.
const top = 20

// A graded is how one way answered questions.
type graded struct {
	Score
	recall      []float64 // masked, of each question; -1: nothing was asked
	cells, came int
	reliability []intel.ReliabilityPoint // of the cells, where they are probabilities
}

// measured says how well scores answer questions: rankings row by row in both
// protocols, and the cells of all rows together. Scores without a calibration
// are no log-odds.
func measured(scores [][]float64, cal *characteristics.Calibration, questions []characteristics.Question) graded {
	out, asked := graded{Score: Score{}, recall: make([]float64, len(questions))}, 0.0
	gain, ideal := 0.0, 0.0
	var cells []Scored
	hits, given := 0.0, 0.0
	for k, q := range questions {
		raw := rankOf(scores[k], q.Hidden, nil)
		masked := rankOf(scores[k], q.Hidden, q.Row)
		cells = append(cells, cellsOf(scores[k], q)...)
		given++
		hits += within(raw, top) * float64(len(q.Hidden))
		out.recall[k] = -1
		if len(q.Hidden) == 0 {
			continue
		}
		asked++
		out.recall[k] = within(masked, top)
		out.Score["masked_recall@10"] += within(masked, 10)
		out.Score["masked_recall@20"] += out.recall[k]
		out.Score["raw_recall@20"] += within(raw, top)
		for i, rank := range masked {
			if rank <= top {
				gain += 1 / math.Log2(float64(rank)+1)
			}
			if i < top {
				ideal += 1 / math.Log2(float64(i)+2)
			}
		}
	}
	for _, name := range []string{"masked_recall@10", "masked_recall@20", "raw_recall@20"} {
		out.Score[name] /= max(1, asked)
	}
	out.Score["ndcg@20"] = gain / max(1e-300, ideal)
	out.Score["raw_precision@20"] = hits / top / max(1, given)
	ts := ties(cells)
	out.Score["ap"], out.Score["auc"] = averagePrecision(ts), auc(ts)
	if cal != nil {
		for i := range cells {
			cells[i].P = cal.Probability(cells[i].P)
		}
		out.Score["ece"], out.reliability = ECE(cells, 20), reliability(cells, 20)
		out.Score["brier_skill"] = 1 - BrierSum(cells)/BrierSum(baseRate(cells))
	}
	out.cells = len(cells)
	for _, t := range ts {
		out.came += t.came
	}
	return out
}

// recallGain is by how much the masked recall of one way is above that of
// another on the mean over seeds, with its interval over rows: whatever is
// asked of a row in several seeds stays together.
func recallGain(way, than []graded, seed uint64) [3]float64 {
	gain, asked := make([]float64, len(way[0].recall)), make([]float64, len(way[0].recall))
	for s := range way {
		for k, v := range way[s].recall {
			if v >= 0 {
				gain[k] += v - than[s].recall[k]
				asked[k]++
			}
		}
	}
	return over(len(gain), seed, func(drawn []int) float64 {
		sum, n := 0.0, 0.0
		for _, k := range drawn {
			sum += gain[k]
			n += asked[k]
		}
		return sum / max(1, n)
	})
}

// over is a statistic over rows that have nothing to do with one another, with
// the bounds of its 95 % interval by bootstrap.
func over(rows int, seed uint64, of func(drawn []int) float64) [3]float64 {
	all := make([]int, rows)
	for i := range all {
		all[i] = i
	}
	low, high := interval(rows, 1, seed, of)
	return [3]float64{of(all), low, high}
}

// within is the share of ranks that are at most n.
func within(ranks []int, n int) float64 {
	hits := 0
	for _, r := range ranks {
		if r <= n {
			hits++
		}
	}
	return float64(hits) / float64(max(1, len(ranks)))
}

// rankOf returns the ranks of what was hidden, from the best on, among all
// items but those left out. Equal scores all take the worst rank of theirs.
func rankOf(scores []float64, hidden, without []int32) []int {
	ranks := make([]int, len(hidden))
	if len(hidden) == 0 {
		return ranks
	}
	for j, v := range scores {
		if _, out := slices.BinarySearch(without, int32(j)); out { //nolint:gosec // at most MaxItems
			continue
		}
		for k, h := range hidden {
			if v >= scores[h] {
				ranks[k]++
			}
		}
	}
	slices.SortFunc(ranks, cmp.Compare[int])
	return ranks
}

// cellsOf returns the items that a row is not known to have, and which of them
// were hidden.
func cellsOf(scores []float64, q characteristics.Question) []Scored {
	out := make([]Scored, 0, len(scores))
	for j, v := range scores {
		item := int32(j) //nolint:gosec // at most MaxItems
		if _, known := slices.BinarySearch(q.Row, item); known {
			continue
		}
		if _, settled := slices.BinarySearch(q.Settled, item); settled {
			continue
		}
		_, came := slices.BinarySearch(q.Hidden, item)
		out = append(out, Scored{v, came})
	}
	return out
}
