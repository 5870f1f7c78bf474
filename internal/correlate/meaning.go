package correlate

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

//go:embed concepts.txt
var conceptText string

//go:embed meaning.json
var shipped []byte

// research is the label of a passage that asks for a flaw or works on one.
const research = "research"

// passageLength is how much of a passage is read, in bytes.
const passageLength = 2000

// A Meaning is a model of what the speaker of a passage, or the actor it tells
// of, means to do: a logistic regression per intention over the concepts that
// the passage speaks of, each two of them together, the genre, and how words
// begin. Concepts are what carries over between languages; the lexicon has them
// in six.
type Meaning struct {
	labels []weighing
}

// A weighing is how one intention is told.
type weighing struct {
	Label     string             `json:"label"`
	Bias      float64            `json:"bias"`
	Threshold float64            `json:"threshold"` // from which probability it is said
	Weights   map[string]float64 `json:"weights"`   // by feature, such as "pay+threat"
	dense     []float64
}

// A Guess is an intention, or research, and how probable a model finds it.
type Guess struct {
	Label       string
	Probability float64
}

// space is the numbering of a model's features.
type space struct {
	concepts *lexicon
	units    []string // concepts and cues
	cues     map[cue]int
	genres   []intel.Genre
}

// features is the numbering in force.
var features = sync.OnceValue(func() *space {
	s := &space{cues: map[cue]int{}, genres: []intel.Genre{intel.Social, intel.Forum, intel.Chat, intel.Market, intel.LeakSite, intel.Mail, intel.Report}}
	s.concepts = newLexicon(conceptText, func(name string) cue {
		s.units = append(s.units, name)
		return cue(len(s.units) - 1)
	})
	of := classes()
	for _, name := range []string{"target", "origin", "wants", "study", "offer", "self", "boast", "negation", "denial", "no", "doubt"} {
		s.cues[of[name]] = len(s.units)
		s.units = append(s.units, "says "+name)
	}
	return s
})

// size is how many features there are: units, genres, units in a genre, and
// pairs of units.
func (s *space) size() int {
	u, g := len(s.units), len(s.genres)
	return u + g + g*u + u*u + stems
}

// stems is how many numbers the beginnings of words share.
const stems = 1 << 15

// stem numbers the beginning of a word, or two characters of a script written
// without blanks (FNV-1a).
func stem(s string) int {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return int((h ^ h>>16) % stems)
}

// words returns the stems of a text.
func words(text string) []int {
	var out []int
	from, n := -1, 0
	var last rune
	lastAt := 0
	for i, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			if from >= 0 && n >= 3 {
				out = append(out, stem(text[from:i]))
			}
			from = -1
			if unicode.Is(unicode.Han, last) {
				out = append(out, stem(text[lastAt:i+utf8.RuneLen(r)]))
			}
		case unicode.IsLetter(r):
			if from < 0 {
				from, n = i, 0
			}
			n++
			if n == 6 {
				out = append(out, stem(text[from:i]))
			}
		default:
			if from >= 0 && n >= 2 && n < 6 {
				out = append(out, stem(text[from:i]))
			}
			from = -1
		}
		last, lastAt = r, i
	}
	if from >= 0 && n >= 2 && n < 6 {
		out = append(out, stem(text[from:]))
	}
	return out
}

// name names a feature.
func (s *space) name(i int) string {
	u, g := len(s.units), len(s.genres)
	switch {
	case i < u:
		return s.units[i]
	case i < u+g:
		return "@" + string(s.genres[i-u])
	case i < u+g+g*u:
		i -= u + g
		return "@" + string(s.genres[i/u]) + "+" + s.units[i%u]
	}
	i -= u + g + g*u
	if i >= u*u {
		return "#" + strconv.Itoa(i-u*u)
	}
	return s.units[i/u] + "+" + s.units[i%u]
}

// read returns the features of a passage.
func (s *space) read(genre intel.Genre, passage string) []int {
	text := lower(passage[:min(len(passage), passageLength)])
	var has [64]bool
	for _, h := range s.concepts.find(nil, text, 0) {
		has[h.class] = true
	}
	for _, h := range cues().find(nil, text, 0) {
		if i, ok := s.cues[h.class]; ok {
			has[i] = true
		}
	}
	u := len(s.units)
	var units []int
	for i := range u {
		if has[i] {
			units = append(units, i)
		}
	}
	out := slices.Clone(units)
	pairs := u + len(s.genres) + len(s.genres)*u
	if g := slices.Index(s.genres, genre); g >= 0 {
		out = append(out, u+g)
		for _, i := range units {
			out = append(out, u+len(s.genres)+g*u+i)
		}
	}
	for n, i := range units {
		for _, j := range units[n+1:] {
			out = append(out, pairs+i*u+j)
		}
	}
	ws := words(text)
	slices.Sort(ws)
	for _, w := range slices.Compact(ws) {
		out = append(out, pairs+u*u+w)
	}
	return out
}

// shippedMeaning is the model that comes with the binary.
var shippedMeaning = sync.OnceValue(func() *Meaning {
	m, err := ReadMeaning(bytes.NewReader(shipped))
	if err != nil {
		panic("the model of intentions in the binary is damaged: " + err.Error()) // a test reads it
	}
	return m
})

// ReadMeaning reads a model as WriteTo writes it. Weights of features that this
// version does not know are left out.
func ReadMeaning(r io.Reader) (*Meaning, error) {
	m := &Meaning{}
	if err := json.NewDecoder(r).Decode(&m.labels); err != nil {
		return nil, fmt.Errorf("model of intentions: %w", err)
	}
	s := features()
	for i := range m.labels {
		l := &m.labels[i]
		l.dense = make([]float64, s.size())
		for f := range l.dense {
			l.dense[f] = l.Weights[s.name(f)]
		}
	}
	return m, nil
}

// WriteTo writes the model as JSON.
func (m *Meaning) WriteTo(w io.Writer) (int64, error) {
	b, err := json.MarshalIndent(m.labels, "", "")
	if err != nil {
		return 0, err
	}
	n, err := w.Write(append(bytes.ReplaceAll(b, []byte("\": "), []byte("\":")), '\n'))
	return int64(n), err
}

// Guesses returns what a passage may mean: the labels that reach their
// threshold, most probable first.
func (m *Meaning) Guesses(g intel.Genre, passage string) []Guess {
	found := features().read(g, passage)
	var out []Guess
	for i := range m.labels {
		if p := m.labels[i].probability(found); p >= m.labels[i].Threshold {
			out = append(out, Guess{m.labels[i].Label, p})
		}
	}
	slices.SortStableFunc(out, func(a, b Guess) int { return cmp.Compare(b.Probability, a.Probability) })
	return out
}

// Probability is how probable the model finds one label of a passage.
func (m *Meaning) Probability(label string, g intel.Genre, passage string) float64 {
	for i := range m.labels {
		if m.labels[i].Label == label {
			return m.labels[i].probability(features().read(g, passage))
		}
	}
	return 0
}

func (l *weighing) probability(found []int) float64 {
	sum := l.Bias
	for _, f := range found {
		sum += l.dense[f]
	}
	return 1 / (1 + math.Exp(-sum))
}

// Concepts returns what a passage speaks of: the concepts and cues of the
// model of intentions, by name.
func Concepts(passage string) []string {
	s := features()
	var out []string
	for _, i := range s.read("", passage) {
		if i < len(s.units) {
			out = append(out, s.units[i])
		}
	}
	return out
}
