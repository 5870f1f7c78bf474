package classify

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// An Example is a text and what a careful reader finds that it is.
type Example struct {
	Text   string
	Label  string
	Weight float64 // against others
}

// How models are learned.
const (
	rounds = 20    // over all examples
	rate   = 0.5   // of the first step
	decay  = 0.001 // of weights, per example
	folds  = 5     // of calibration
)

// Fold deals texts out to n parts, those of one wording to one.
func Fold(text string, n int) int { return int(digest(text) % uint64(n)) }

// digest is one of what a text says, in whatever letters and signs.
func digest(text string) uint64 {
	h := sha256.Sum256([]byte(strings.Join(words(strings.ToLower(text)), " ")))
	return binary.BigEndian.Uint64(h[:8])
}

// TrainRelevance learns a model of the label Relevant from examples that have it
// and others. It goes by what they say alone: collections of posts differ in how
// they are written. Equal examples give an equal model.
func TrainRelevance(examples []Example) *Model {
	return (&Model{heads: []head{{Label: Relevant}}}).learn(examples)
}

// TrainIntents learns a model of all intents, each against the others, from
// examples that have them as labels. Equal examples give an equal model.
func TrainIntents(examples []Example) *Model {
	m := &Model{forms: true}
	for _, p := range intel.Purposes() {
		m.heads = append(m.heads, head{Label: string(p)})
	}
	return m.learn(examples)
}

// learn learns the labels of m.
func (m *Model) learn(examples []Example) *Model {
	rows := m.samples(examples)
	for _, e := range examples {
		m.learned = append(m.learned, uint32(digest(e.Text)>>32))
	}
	slices.Sort(m.learned)
	m.learned = slices.Compact(m.learned)
	for i := range m.heads {
		l := lesson{rows: rows, label: m.heads[i].Label, rounds: rounds, rate: rate, but: -1}
		m.heads[i] = l.learn()
		m.heads[i].Slope, m.heads[i].Shift = l.calibrate()
	}
	return m
}

// A sample is an example as it is learned from.
type sample struct {
	terms  []term
	label  string
	weight float64
	fold   int
}

func (m *Model) samples(examples []Example) []sample {
	rows := make([]sample, len(examples))
	for i, e := range examples {
		rows[i] = sample{m.terms(read(e.Text)), e.Label, e.Weight, Fold(e.Text, folds)}
	}
	return rows
}

// A lesson is how one label is learned.
type lesson struct {
	rows   []sample
	label  string
	rounds int
	rate   float64
	but    int   // the fold that is held out; -1: none
	from   *head // what is known already; nil: nothing
}

// learn fits one logistic regression, by stochastic gradient steps whose length
// falls for what was moved often (AdaGrad, Duchi et al. 2011), with weights that
// decay towards what is known already.
func (l lesson) learn() head {
	bias, known := 0.0, make([]float64, buckets)
	if l.from != nil {
		bias = l.from.Bias
		for i, v := range l.from.dense {
			known[i] = float64(v) * l.from.Step
		}
	}
	w, moved, biasMoved := slices.Clone(known), make([]float64, buckets), 1.0
	chance := rand.New(rand.NewPCG(1, 2))
	for range l.rounds {
		for _, i := range chance.Perm(len(l.rows)) {
			r := &l.rows[i]
			if r.fold == l.but {
				continue
			}
			z := bias
			for _, t := range r.terms {
				z += w[t.at] * t.weight
			}
			g := sigmoid(z)
			if r.label == l.label {
				g--
			}
			g *= r.weight
			biasMoved += g * g
			bias -= l.rate * g / math.Sqrt(biasMoved)
			for _, t := range r.terms {
				step := g*t.weight + decay*(w[t.at]-known[t.at])
				moved[t.at] += step * step
				w[t.at] -= l.rate * step / (math.Sqrt(moved[t.at]) + 1e-3)
			}
		}
	}
	return pack(l.label, bias, w)
}

// pack keeps as much of weights as the file has.
func pack(label string, bias float64, w []float64) head {
	var most float64
	for _, v := range w {
		most = max(most, math.Abs(v))
	}
	h := head{Label: label, Bias: rounded(bias), Step: rounded(most / float64(level)), dense: make([]int8, buckets)}
	signs := make([]byte, buckets)
	for i, v := range w {
		if h.Step > 0 {
			h.dense[i] = int8(max(-level, min(level, int(math.Round(v/h.Step)))))
		}
		signs[i] = alphabet[int(h.dense[i])+level]
	}
	h.Weights = string(signs)
	return h
}

func rounded(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// calibrate fits the curve of a label to what models of the other folds say of
// each (Platt 1999, with his targets for few examples, by Newton's method).
func (l lesson) calibrate() (slope, shift float64) {
	var z, y, w []float64
	yes, no := 0.0, 0.0
	out := l.but
	for fold := range folds {
		if fold == out {
			continue
		}
		var rows []sample
		for _, r := range l.rows {
			if r.fold != out {
				rows = append(rows, r)
			}
		}
		part := l
		part.rows, part.but = rows, fold
		h := part.learn()
		for _, r := range rows {
			if r.fold != fold {
				continue
			}
			z, w = append(z, h.odds(r.terms)), append(w, r.weight)
			if r.label == l.label {
				y = append(y, 1)
				yes++
			} else {
				y = append(y, 0)
				no++
			}
		}
	}
	for i := range y {
		y[i] = y[i]*(yes+1)/(yes+2) + (1-y[i])/(no+2)
	}
	slope, shift = platt(z, y, w)
	return rounded(slope), rounded(shift)
}

func platt(z, y, w []float64) (slope, shift float64) {
	slope = 1
	for range 50 {
		var ga, gb, haa, hab, hbb float64
		for i := range z {
			p := sigmoid(slope*z[i] + shift)
			d, h := w[i]*(p-y[i]), w[i]*max(p*(1-p), 1e-9)
			ga, gb = ga+d*z[i], gb+d
			haa, hab, hbb = haa+h*z[i]*z[i], hab+h*z[i], hbb+h
		}
		haa, hbb = haa+1e-6, hbb+1e-6
		det := haa*hbb - hab*hab
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		slope, shift = max(slope-da, 0.01), shift-db
		if math.Abs(da)+math.Abs(db) < 1e-9 {
			break
		}
	}
	return slope, shift
}
