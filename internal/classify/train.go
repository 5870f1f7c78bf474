package classify

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
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
	decay  = 0.002 // of weights, per example
	folds  = 5     // of calibration
)

// Fold deals texts out to n parts, those of one wording to one.
func Fold(text string, n int) int {
	h := sha256.Sum256([]byte(strings.Join(words(strings.ToLower(text)), " ")))
	return int(binary.BigEndian.Uint64(h[:8]) % uint64(n))
}

// Train learns a model of labels from examples, each label against all others.
// Equal examples give an equal model.
func Train(examples []Example, labels ...string) *Model {
	rows := make([]sample, len(examples))
	for i, e := range examples {
		rows[i] = sample{read(e.Text), e.Label, e.Weight, Fold(e.Text, folds)}
	}
	m := &Model{}
	for _, l := range labels {
		h := learn(rows, l, -1)
		h.Slope, h.Shift = calibrate(rows, l)
		m.heads = append(m.heads, h)
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

// learn fits one logistic regression to all but a fold, by stochastic gradient
// steps whose length falls for what was moved often (AdaGrad, Duchi et al.
// 2011), with weights that decay towards zero.
func learn(rows []sample, label string, but int) head {
	w, moved := make([]float64, buckets), make([]float64, buckets)
	bias, biasMoved := 0.0, 1.0
	chance := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		for _, i := range chance.Perm(len(rows)) {
			r := &rows[i]
			if r.fold == but {
				continue
			}
			z := bias
			for _, t := range r.terms {
				z += w[t.at] * t.weight
			}
			g := sigmoid(z)
			if r.label == label {
				g--
			}
			g *= r.weight
			biasMoved += g * g
			bias -= rate * g / math.Sqrt(biasMoved)
			for _, t := range r.terms {
				step := g*t.weight + decay*w[t.at]
				moved[t.at] += step * step
				w[t.at] -= rate * step / (math.Sqrt(moved[t.at]) + 1e-3)
			}
		}
	}
	return pack(label, bias, w)
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
func calibrate(rows []sample, label string) (slope, shift float64) {
	z, y, w := make([]float64, 0, len(rows)), make([]float64, 0, len(rows)), make([]float64, 0, len(rows))
	yes, no := 0.0, 0.0
	for fold := range folds {
		h := learn(rows, label, fold)
		for i := range rows {
			if rows[i].fold != fold {
				continue
			}
			z, w = append(z, h.odds(rows[i].terms)), append(w, rows[i].weight)
			if rows[i].label == label {
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
