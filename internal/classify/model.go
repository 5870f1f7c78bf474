// Package classify says what a text is: whether it matters to whoever watches
// for threats, and what its author means by it. It knows texts alone, and nothing
// of who wrote them or whether they are right.
package classify

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A Model tells how probable each of its labels is of a text: for each a
// logistic regression over the features of the text, and a curve from what that
// says to how often it was so of texts held out.
type Model struct {
	forms bool // it knows how a text is written too, not only what it says
	heads []head
	// learned are digests of the texts it was learned from: how it tells those says
	// nothing of others.
	learned []uint32
}

// A file is a model as it is kept.
type file struct {
	Forms   bool   `json:"forms"`
	Labels  []head `json:"labels"`
	Learned string `json:"learned"` // digests in base 64, rising
}

// A head is how one label is told.
type head struct {
	Label string  `json:"label"`
	Bias  float64 `json:"bias"`
	Step  float64 `json:"step"` // what a weight of 1 is
	// Of log-odds z it is that Slope*z + Shift are the calibrated ones.
	Slope   float64 `json:"slope"`
	Shift   float64 `json:"shift"`
	Weights string  `json:"weights"` // a sign for each feature, by the alphabet
	dense   []int8
}

// alphabet has the weights from the least on, -31, to the greatest, 31.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcde.fghijklmnopqrstuvwxyz0123456789"

// level is the greatest weight.
const level = len(alphabet) / 2

// maxModel bounds the file of a model, in bytes.
const maxModel = 4 << 20

// ReadModel reads a model as WriteTo writes it.
func ReadModel(r io.Reader) (*Model, error) {
	var f file
	if err := json.NewDecoder(io.LimitReader(r, maxModel)).Decode(&f); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	m := &Model{forms: f.Forms, heads: f.Labels}
	digests, err := base64.StdEncoding.DecodeString(f.Learned)
	if err != nil {
		return nil, fmt.Errorf("model: what it was learned from: %w", err)
	}
	for ; len(digests) >= 4; digests = digests[4:] {
		m.learned = append(m.learned, binary.BigEndian.Uint32(digests))
	}
	if !slices.IsSorted(m.learned) {
		return nil, fmt.Errorf("model: what it was learned from is in no order: %w", intel.ErrInvalid)
	}
	if len(m.heads) == 0 {
		return nil, fmt.Errorf("model: of no labels: %w", intel.ErrInvalid)
	}
	for i := range m.heads {
		if err := m.heads[i].unpack(); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (h *head) unpack() error {
	if len(h.Weights) != buckets {
		return fmt.Errorf("model: %d weights of %q, want %d: %w", len(h.Weights), h.Label, buckets, intel.ErrInvalid)
	}
	h.dense = make([]int8, buckets)
	for i := range h.dense {
		at := strings.IndexByte(alphabet, h.Weights[i])
		if at < 0 {
			return fmt.Errorf("model: weight %q of %q: %w", h.Weights[i], h.Label, intel.ErrInvalid)
		}
		h.dense[i] = int8(at - level)
	}
	return nil
}

// WriteTo writes the model as JSON.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	var digests []byte
	for _, d := range m.learned {
		digests = binary.BigEndian.AppendUint32(digests, d)
	}
	b, err := json.MarshalIndent(file{m.forms, m.heads, base64.StdEncoding.EncodeToString(digests)}, "", "")
	if err != nil {
		return 0, err
	}
	n, err := w.Write(append(b, '\n'))
	return int64(n), err
}

// Labels are what the model tells, in its order.
func (m *Model) Labels() []string {
	out := make([]string, len(m.heads))
	for i, h := range m.heads {
		out[i] = h.Label
	}
	return out
}

// Probabilities returns how probable each label is of a text, in the order of
// Labels. The time it takes is linear in the text.
func (m *Model) Probabilities(text string) []float64 {
	return m.probabilities(read(text))
}

func (m *Model) probabilities(f features) []float64 {
	terms := m.terms(f)
	out := make([]float64, len(m.heads))
	for i := range m.heads {
		out[i] = m.heads[i].probability(terms)
	}
	return out
}

// terms are the features that the model reads.
func (m *Model) terms(f features) []term {
	if m.forms {
		return append(slices.Clip(f.said), f.forms...)
	}
	return f.said
}

func (h *head) probability(terms []term) float64 { return sigmoid(h.Slope*h.odds(terms) + h.Shift) }

// odds are the log-odds of features, before calibration.
func (h *head) odds(terms []term) float64 {
	var sum float64
	for _, t := range terms {
		sum += float64(h.dense[t.at]) * t.weight
	}
	return h.Bias + h.Step*sum
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
