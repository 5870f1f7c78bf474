package score

import (
	"cmp"
	_ "embed" // the sample
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// sample is how far rows that people judged were believed, by what the rows of
// other times teach, and how many of them were right; `make accuracy` counts them.
//
//go:embed sample.csv
var sample string

// An Outcome is rows that were believed alike and how many turned out right.
type Outcome struct {
	intel.Belief
	Record
	Sources []intel.SourceID // that said so, as far as it is known
}

// Sample returns the outcomes of the rows that ship, the least believed first.
func Sample() []Outcome {
	all, err := ParseSample(sample)
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return all
}

// ParseSample reads outcomes as lines "PROBABILITY,ORIGINS,RIGHT,WRONG". Origins
// are 2 of rows with a date and two origins or more, else 1.
func ParseSample(text string) (out []Outcome, err error) {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = 4
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		var n [4]float64
		for i, field := range row {
			if n[i], err = strconv.ParseFloat(field, 64); err != nil {
				return nil, err
			}
		}
		if !(n[0] >= 0 && n[0] <= 1) || !(n[2] >= 0 && n[3] >= 0 && n[2]+n[3] <= 1e6) || n[1] != 1 && n[1] != 2 {
			return nil, fmt.Errorf("outcome %v: %w", row, intel.ErrInvalid)
		}
		out = append(out, Outcome{intel.Belief{Probability: n[0], Origins: int(n[1]), Dated: n[1] == 2}, Record{n[2], n[3]}, nil})
	}
	return out, nil
}

// Outcomes returns what verdicts that count as of now say of the rows they are on,
// as those were believed by the sources alone that support them. Older verdicts count
// less.
func Outcomes(ruled []intel.RowVerdict, support map[intel.Link][]intel.SourceID, now time.Time) []Outcome {
	out := make([]Outcome, len(ruled))
	for i, v := range ruled {
		out[i].Belief, out[i].Sources = v.Believed, support[v.Link]
		if v.Ruling == intel.RefuteRow {
			out[i].Wrong = aged(v, now)
		} else {
			out[i].Right = aged(v, now)
		}
	}
	return out
}

// bins is how many parts a sample is cut into.
const bins = 10

// Bins cuts rows, in order of how far they were believed, into tenths.
func Bins(outcomes []Outcome) (out []intel.Bin) {
	type one struct{ p, right float64 }
	var rows []one
	for _, o := range outcomes {
		n := o.Right + o.Wrong
		for i := range int(n) { // right ones evenly among those believed alike
			right := math.Floor(float64(i+1)*o.Right/n) - math.Floor(float64(i)*o.Right/n)
			rows = append(rows, one{o.Probability, right})
		}
	}
	slices.SortStableFunc(rows, func(a, b one) int { return cmp.Compare(a.p, b.p) })
	for k := range bins {
		some := rows[k*len(rows)/bins : (k+1)*len(rows)/bins]
		if len(some) == 0 {
			continue
		}
		b := intel.Bin{N: len(some)}
		right := 0.0
		for _, r := range some {
			b.Predicted += r.p / float64(len(some))
			right += r.right
		}
		b.Observed = right / float64(len(some))
		b.Least, b.Most = wilson(right, float64(len(some)))
		out = append(out, b)
	}
	return out
}

// wilson is where a share lies with 95 % certainty (Wilson 1927).
func wilson(right, n float64) (least, most float64) {
	const z = 1.96
	p := right / n
	middle, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, (middle-half)/(1+z*z/n)), min(1, (middle+half)/(1+z*z/n))
}
