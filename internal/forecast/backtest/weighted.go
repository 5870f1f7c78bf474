package backtest

import (
	"cmp"
	"slices"
)

// order is the places of forecasts by falling score.
func order(fs []Scored) []int {
	out := make([]int, len(fs))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(i, j int) int { return cmp.Compare(fs[j].P, fs[i].P) })
	return out
}

// weightedAP is the average precision where each forecast counts as often as
// its group was drawn; by is their order. It is 0 where nothing came.
func weightedAP(fs []Scored, by, group []int, weight []float64) float64 {
	seen, hits, sum := 0.0, 0.0, 0.0
	for from := 0; from < len(by); {
		n, came, to := 0.0, 0.0, from
		for ; to < len(by) && fs[by[to]].P == fs[by[from]].P; to++ {
			w := weight[group[by[to]]]
			n += w
			if fs[by[to]].Came {
				came += w
			}
		}
		seen += n
		hits += came
		if seen > 0 {
			sum += came * hits / seen
		}
		from = to
	}
	if hits == 0 {
		return 0
	}
	return sum / hits
}
