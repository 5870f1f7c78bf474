package classify

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// How what a model knows already is moved by new examples.
const (
	refitRounds = 10
	refitRate   = 0.05
	// fewForCurve is below how many examples the curve that ships stays.
	fewForCurve = 200
	// Fewer examples than that teach nothing.
	fewest       = 20
	fewestOfEach = 5 // of two labels
)

// ErrTooFew is of examples that are too few to learn from.
var ErrTooFew = errors.New("too few examples")

// Refitted is a model that was fitted to examples, and how it tells them: each was
// told by a model that had not learned from it.
type Refitted struct {
	Model    *Model         `json:"-"`
	Examples int            `json:"examples"`
	Labels   map[string]int `json:"labels"` // how many examples have each
	// Known are further examples that teach nothing, as what ships was learned
	// from them.
	Known int `json:"known"`
	// LogLoss is the mean over the examples, by the fitted model and by the one
	// that it began with.
	LogLoss        float64 `json:"log_loss"`
	ShippedLogLoss float64 `json:"shipped_log_loss"`
}

// Better reports whether the fitted model tells examples no worse.
func (r Refitted) Better() bool { return r.LogLoss <= r.ShippedLogLoss }

// Refit moves the model towards examples.
func (m *Model) Refit(examples []Example) (Refitted, error) {
	all := len(examples)
	examples = m.unknown(examples)
	r := Refitted{Examples: len(examples), Labels: map[string]int{}, Known: all - len(examples)}
	for _, e := range examples {
		r.Labels[e.Label]++
	}
	enough := 0
	for _, n := range r.Labels {
		if n >= fewestOfEach {
			enough++
		}
	}
	if len(examples) < fewest || enough < 2 {
		return r, fmt.Errorf("%w: there are %d that what ships was not learned from, wanted are %d, and %d at least of each of two labels", ErrTooFew, len(examples), fewest, fewestOfEach)
	}
	rows := m.samples(examples)
	for fold := range folds {
		fitted := m.refit(rows, fold)
		for _, row := range rows {
			if row.fold == fold {
				r.LogLoss += fitted.loss(row) / float64(len(rows))
				r.ShippedLogLoss += m.loss(row) / float64(len(rows))
			}
		}
	}
	r.Model = m.refit(rows, -1)
	return r, nil
}

// unknown returns the examples that the model was not learned from.
func (m *Model) unknown(examples []Example) (out []Example) {
	for _, e := range examples {
		if _, known := slices.BinarySearch(m.learned, uint32(digest(e.Text)>>32)); !known {
			out = append(out, e)
		}
	}
	return out
}

// refit learns each label anew from all rows but those of a fold.
func (m *Model) refit(rows []sample, but int) *Model {
	out := &Model{forms: m.forms}
	for i := range m.heads {
		l := lesson{rows: rows, label: m.heads[i].Label, rounds: refitRounds, rate: refitRate, but: but, from: &m.heads[i]}
		h := l.learn()
		h.Slope, h.Shift = l.from.Slope, l.from.Shift
		if len(rows) >= fewForCurve {
			h.Slope, h.Shift = l.calibrate()
		}
		out.heads = append(out.heads, h)
	}
	return out
}

// loss is the logarithm of how improbable a model holds what an example is, over
// all its labels.
func (m *Model) loss(s sample) (sum float64) {
	for i := range m.heads {
		p := m.heads[i].probability(s.terms)
		if m.heads[i].Label != s.label {
			p = 1 - p
		}
		sum -= math.Log(max(p, 1e-9))
	}
	return sum
}
