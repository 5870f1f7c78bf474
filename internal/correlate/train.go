package correlate

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// An Example is a passage and what a careful reader finds that it means.
type Example struct {
	Labels  []string
	Maybe   []string // labels on which readers may differ
	Genre   intel.Genre
	Passage string
}

// maxExample bounds one line of examples, in bytes.
const maxExample = 64 << 10

// ReadExamples reads one example a line. A heading "## LABELS GENRE" says what
// those below it mean: labels separated by commas ("none" if there is none, "?"
// before one on which readers may differ). A line break in a passage is written
// \n.
func ReadExamples(r io.Reader) ([]Example, error) {
	var out []Example
	var head Example
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxExample)
	for n := 1; s.Scan(); n++ {
		line := s.Text()
		if title, ok := strings.CutPrefix(line, "## "); ok {
			labels, genre, ok := strings.Cut(title, " ")
			if !ok {
				return nil, fmt.Errorf("line %d: heading %q without a genre: %w", n, title, intel.ErrInvalid)
			}
			head = heading(labels, intel.Genre(genre))
			continue
		}
		if line == "" {
			continue
		}
		if head.Genre == "" {
			return nil, fmt.Errorf("line %d: a passage before any heading: %w", n, intel.ErrInvalid)
		}
		e := head
		e.Passage = strings.ReplaceAll(line, `\n`, "\n")
		out = append(out, e)
	}
	return out, s.Err()
}

func heading(labels string, g intel.Genre) Example {
	e := Example{Genre: g}
	for l := range strings.SplitSeq(labels, ",") {
		if doubtful, ok := strings.CutPrefix(l, "?"); ok {
			e.Maybe = append(e.Maybe, doubtful)
		} else if l != "none" {
			e.Labels = append(e.Labels, l)
		}
	}
	return e
}

// A Training says how to learn a Meaning.
type Training struct {
	Rounds int     // over all examples
	Rate   float64 // of the first step
	Decay  float64 // of weights, per example
	Weight float64 // of an example that has the label, against one that has not
	Rand   *rand.Rand
}

// Train learns a model from examples. Equal examples and chance give an equal
// model.
func (t Training) Train(examples []Example) *Meaning {
	s := features()
	rows := make([][]int, len(examples))
	for i, e := range examples {
		rows[i] = s.read(e.Genre, e.Passage)
	}
	orders := make([][]int, t.Rounds)
	for i := range orders {
		orders[i] = t.Rand.Perm(len(examples))
	}
	m := &Meaning{}
	for _, name := range labelsOf(examples) {
		truth := make([]float64, len(examples))
		for i, e := range examples {
			switch {
			case slices.Contains(e.Labels, name):
				truth[i] = 1
			case slices.Contains(e.Maybe, name):
				truth[i] = math.NaN() // teaches nothing
			}
		}
		l := weighing{Label: name, Threshold: 0.55, Weights: map[string]float64{}}
		l.Bias, l.dense = t.learn(rows, s.size(), truth, orders)
		l.round(s)
		m.labels = append(m.labels, l)
	}
	return m
}

// round keeps two decimals, which is what the file has.
func (l *weighing) round(s *space) {
	l.Bias = math.Round(l.Bias*100) / 100
	for f, w := range l.dense {
		l.dense[f] = math.Round(w*50) / 50
		if l.dense[f] != 0 {
			l.Weights[s.name(f)] = l.dense[f]
		}
	}
}

func labelsOf(examples []Example) []string {
	var names []string
	for _, e := range examples {
		for _, l := range e.Labels {
			if !slices.Contains(names, l) {
				names = append(names, l)
			}
		}
	}
	slices.Sort(names)
	return names
}

// learn fits one logistic regression by stochastic gradient steps whose length
// falls for what was moved often (AdaGrad, Duchi et al. 2011), with weights
// that decay towards zero.
func (t Training) learn(rows [][]int, features int, truth []float64, orders [][]int) (bias float64, w []float64) {
	w = make([]float64, features)
	moved := make([]float64, features)
	bias, biasMoved := -2.0, 1.0
	for _, order := range orders {
		for _, i := range order {
			if math.IsNaN(truth[i]) {
				continue
			}
			sum := bias
			for _, x := range rows[i] {
				sum += w[x]
			}
			g := 1/(1+math.Exp(-sum)) - truth[i]
			if truth[i] == 1 {
				g *= t.Weight // few examples of a label stand against all others
			}
			biasMoved += g * g
			bias -= t.Rate * g / math.Sqrt(biasMoved)
			for _, x := range rows[i] {
				step := g + t.Decay*w[x]
				moved[x] += step * step
				w[x] -= t.Rate * step / (math.Sqrt(moved[x]) + 1)
			}
		}
	}
	return bias, w
}
