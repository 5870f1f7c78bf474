package characteristics

import (
	"cmp"
	"math"
	"slices"

	"github.com/portent-cti/portent/internal/forecast"
)

// A Prospect is an item that a row is likely to take up, and why. The
// contributions of the reasons add up to the log-odds of the probability.
type Prospect struct {
	Item        int
	Probability float64
	Without     float64 // what is said without the word of single voices, if that is bounded
	Simple      float64 // what popularity says
	Have        int     // how many rows have it
	Reasons     []Reason
	Supports    []Support   // items of the row that speak for it most
	Precedents  []Precedent // the rows nearest to the row
}

// No prospect is surer than these.
const leastUptake, mostUptake = 1e-6, 0.98

// Ask returns what a row is most likely to take up, likeliest first, so many at
// most.
func (u *Uptake) Ask(row, most int) []Prospect {
	a := u.ask(row)
	out := likeliest(a.all, most)
	for k := range out {
		a.explain(&out[k])
	}
	return out
}

// An answer is how likely a row takes up each item that it lacks, by item, rising.
type answer struct {
	from *Uptake
	row  int
	desk *desk // nil: popularity alone tells it
	all  []Prospect
}

func (u *Uptake) ask(row int) answer {
	a := answer{from: u, row: row}
	if len(u.now.had(row)) == 0 || u.Fitted == ByCount {
		u.now.each(row, func(j int) {
			if u.now.popular[j] > 0 {
				a.all = append(a.all, Prospect{Item: j, Probability: u.simple(j), Simple: u.simple(j), Have: int(u.now.popular[j])})
			}
		})
		return a
	}
	a.desk = u.now.desk()
	u.now.tell(a.desk, row)
	u.now.each(row, func(j int) {
		p := u.pace * forecast.Probability(u.model.LogOdds(a.told(j)))
		a.all = append(a.all, Prospect{Item: j, Probability: min(max(p, leastUptake), mostUptake), Simple: u.simple(j), Have: int(u.now.popular[j])})
	})
	return a
}

// told is what is told of an item.
func (a answer) told(item int) []float64 { return a.desk.x[item*width() : (item+1)*width()] }

// explain fills in the reasons of a prospect, and what supports it.
func (a answer) explain(p *Prospect) {
	u := a.from
	if a.desk == nil {
		base := min(max(u.Base, leastUptake), mostUptake)
		p.Reasons = []Reason{{BaseRate, logOdds(base)}, {"how many have it", logOdds(p.Probability) - logOdds(base)}}
		return
	}
	p.Reasons = u.reasons(a.told(p.Item), p.Probability)
	if u.now.learned != nil && p.Item < u.now.world.Learned {
		u.support(p, a.desk, a.row)
	}
}

func (u *Uptake) simple(item int) float64 {
	return min(max(u.now.simple(item, u.rate, max(u.sum, 1e-9)), leastUptake), mostUptake)
}

// likeliest are the first of prospects, the most popular first of equals.
func likeliest(all []Prospect, most int) []Prospect {
	slices.SortFunc(all, func(a, b Prospect) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(b.Have, a.Have), cmp.Compare(a.Item, b.Item))
	})
	return slices.Clone(all[:min(most, len(all))])
}

// BaseRate is the reason of what holds without any other, and Pace that of how much of
// what fits is taken up within the horizon, and of the bounds of probabilities.
const (
	BaseRate = "base rate"
	Pace     = "pace"
)

func logOdds(p float64) float64 { return math.Log(p) - math.Log1p(-p) }

// reasons split the log-odds of a probability: what is usual, and by how much what is
// told of the item is more or less than that. Small ones are told together.
func (u *Uptake) reasons(x []float64, p float64) []Reason {
	base := u.model.Bias
	parts := make([]float64, len(x))
	for k, w := range u.model.Weights {
		base += w * u.usual[k]
		parts[k] = w * (x[k] - u.usual[k])
	}
	out := []Reason{}
	rest, sum := 0.0, base
	for k, v := range parts {
		sum += v
		if math.Abs(v) < 0.05 {
			rest += v
			continue
		}
		out = append(out, Reason{toldNames()[k], v})
	}
	slices.SortStableFunc(out, func(a, b Reason) int {
		return cmp.Compare(math.Abs(b.Contribution), math.Abs(a.Contribution))
	})
	out = append([]Reason{{BaseRate, base}}, out...)
	if rest != 0 {
		out = append(out, Reason{"all else", rest})
	}
	if by := logOdds(p) - sum; u.pace != 1 || math.Abs(by) > 1e-9 {
		out = append(out, Reason{Pace, by})
	}
	return out
}

// toldNames are what the numbers that are told of an item are called where they are
// shown.
func toldNames() []string {
	return []string{"shared rows, rare first", "linear model", "16 factors", "nearest rows", "all rows near", "surest item",
		"how many have it", "how many took it up lately", "taken up lately by the row", "taken up in a year by the row", "size of the row",
		"how many have one alike", "first trait", "second trait", "third trait", "fourth trait"}
}

// Trait is which sort of trait a reason is about, -1 if none.
func (r Reason) Trait() int {
	k := slices.Index(toldNames(), r.Signal)
	return max(-1, k-len(leanSignals())-toldTraits)
}

// support tells which items of the row speak for one, and which rows are near.
func (u *Uptake) support(p *Prospect, d *desk, row int) {
	for _, i := range u.now.rows[row] {
		if int(i) >= u.now.world.Learned {
			break
		}
		if v := u.now.learned.ease[0].line(int(i))[p.Item]; v > 0 {
			p.Supports = append(p.Supports, Support{i, v})
		}
	}
	slices.SortStableFunc(p.Supports, func(a, b Support) int { return cmp.Compare(b.Score, a.Score) })
	p.Supports = p.Supports[:min(nearest, len(p.Supports))]
	for _, n := range d.sheet.near[:min(nearest, len(d.sheet.near))] {
		p.Precedents = append(p.Precedents, Precedent{int(n.row), n.similarity, has(u.now.rows[n.row], int32(p.Item))}) //nolint:gosec // at most MostItems
	}
}
