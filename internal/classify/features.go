package classify

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/correlate"
)

// buckets is how many numbers the features of texts share.
const buckets = 1 << 15

// Bounds on what is read of a text.
const (
	mostText  = 4000 // bytes
	mostWord  = 40   // runes of a word whose pieces are read
	mostTerms = 4000 // different features
)

// Pieces of words are as long, in runes.
const (
	shortestPiece = 3
	longestPiece  = 5
)

// How much a feature is of a text before all are divided by their length.
const (
	ofWord    = 1.0
	ofPiece   = 0.5
	ofConcept = 2.0
	ofMeant   = 2.0
	ofPair    = 1.0 // of concepts
)

// ofForm is how much each of its forms is of a text.
const ofForm = 0.3

// A term is a feature that a text has and how much of the text it is.
type term struct {
	at     int
	weight float64
}

// A reading collects the features of one text.
type reading struct {
	terms []term
	seen  [buckets / 64]uint64
}

// features are what a text has.
type features struct {
	said  []term // what it says; together they have length 1
	forms []term // how it is written, whatever it says
}

// read returns the features of a text: its words, two together, their pieces,
// the concepts that it speaks of, how many and two together, and the forms of
// what is no word.
func read(text string) features {
	text = bounded(text)
	small := strings.ToLower(text)
	r := &reading{}
	r.concepts(small)
	for _, f := range strings.Fields(small) {
		if s := shape(f); s != "" {
			r.add(ofConcept, 'f', s)
		}
	}
	before := ""
	for _, w := range words(small) {
		r.add(ofWord, 'w', w)
		r.add(ofWord, 'p', before, w)
		r.pieces(w)
		before = w
	}
	said := r.unit()
	return features{said, forms(text)}
}

// formal are the signs whose presence tells how a text is written.
const formal = "?？!！…:：;=+%«»\"“”()（）→|•*#@/–—"

// forms tells how a text is written: how long, how it begins and ends, and which
// signs it has.
func forms(text string) []term {
	text = strings.TrimSpace(text)
	r := &reading{}
	runes, capitals, digits := 0, 0, 0
	for _, c := range text {
		runes++
		switch {
		case unicode.IsUpper(c):
			capitals++
		case unicode.IsDigit(c):
			digits++
		case c == '\n':
			r.add(ofForm, 'a', "lines")
		case strings.ContainsRune(formal, c):
			r.add(ofForm, 'o', string(c))
		case unicode.Is(unicode.So, c):
			r.add(ofForm, 'a', "picture")
		}
	}
	for _, most := range []int{40, 80, 120, 160, 240, 400} {
		if runes > most {
			r.add(ofForm, 'l', strconv.Itoa(most))
		}
	}
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	for _, f := range []struct {
		is   bool
		name string
	}{
		{unicode.IsUpper(first), "begins with a capital"},
		{unicode.IsLower(first), "begins small"},
		{last == '.' || last == '。', "ends with a stop"},
		{digits*10 > runes, "digits"},
		{capitals*5 > runes, "capitals"},
	} {
		if f.is {
			r.add(ofForm, 'a', f.name)
		}
	}
	return r.terms
}

// concepts adds what a text speaks of, by the lexicon of threats and by that of
// what speakers mean to do.
func (r *reading) concepts(text string) {
	found := concepts(text)
	for n := range min(threats(found), 5) {
		r.add(ofConcept, 'k', strconv.Itoa(n+1)) // so many at least
	}
	names, counts := tally(found)
	for i, name := range names {
		r.add(ofConcept, 'n', name)
		if counts[i] > 1 {
			r.add(ofConcept, 'm', name)
		}
	}
	meant := correlate.Concepts(text)
	for i, a := range meant {
		r.add(ofMeant, 'c', a)
		for _, b := range meant[i+1:] {
			r.add(ofPair, 'd', a, b)
		}
	}
	for i, a := range names {
		for _, b := range names[i+1:] {
			r.add(ofPair, 'e', a, b)
		}
	}
}

// pieces adds what a word is made of, as if it stood in brackets.
func (r *reading) pieces(w string) {
	w = "<" + w + ">"
	var at [mostWord + 1]int // where its runes begin
	n := 0
	for i := range w {
		if n == mostWord {
			w = w[:i]
			break
		}
		at[n] = i
		n++
	}
	at[n] = len(w)
	for long := shortestPiece; long <= longestPiece; long++ {
		for i := 0; i+long <= n; i++ {
			r.add(ofPiece, 's', w[at[i]:at[i+long]])
		}
	}
}

func (r *reading) add(weight float64, sort byte, parts ...string) {
	at := hash(sort, parts...)
	word, bit := &r.seen[at/64], uint64(1)<<(at%64)
	if *word&bit == 0 && len(r.terms) < mostTerms {
		*word |= bit
		r.terms = append(r.terms, term{at, weight})
	}
}

func (r *reading) unit() []term {
	var sum float64
	for _, t := range r.terms {
		sum += t.weight * t.weight
	}
	for i := range r.terms {
		r.terms[i].weight /= math.Sqrt(sum)
	}
	return r.terms
}

// hash numbers a feature (FNV-1a), its sort first, so that a word and a piece of
// one that read alike are two.
func hash(sort byte, parts ...string) int {
	h := (uint32(2166136261) ^ uint32(sort)) * 16777619
	for _, p := range parts {
		for i := range len(p) {
			h = (h ^ uint32(p[i])) * 16777619
		}
		h = (h ^ 0xff) * 16777619
	}
	h = (h ^ h>>15) * 0x2c1b3c6d
	return int((h ^ h>>12) % buckets)
}

// words returns the words of a text: runs of letters and digits, and each sign
// of a script that is written without blanks.
func words(text string) []string {
	var out []string
	from := -1
	cut := func(to int) {
		if from >= 0 {
			out = append(out, text[from:to])
		}
		from = -1
	}
	for i, c := range text {
		switch {
		case unbroken(c):
			cut(i)
			out = append(out, text[i:i+utf8.RuneLen(c)])
		case !letter(c):
			cut(i)
		case from < 0:
			from = i
		}
	}
	cut(len(text))
	return out
}

// letter reports whether a sign is part of a word.
func letter(c rune) bool {
	if c < utf8.RuneSelf {
		return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z'
	}
	return unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c)
}

// unbroken reports whether a sign is of a script that is written without blanks.
func unbroken(c rune) bool {
	return c >= 0x2E80 && unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// shape says what a run of signs without blanks is by its form alone; "" if it
// may be a word.
func shape(s string) string {
	if len(s) > 512 {
		return "long"
	}
	plain := strings.ReplaceAll(strings.ReplaceAll(s, "[.]", "."), "(.)", ".")
	plain = strings.Trim(plain, ".,;:!?()<>\"'")
	digits := strings.IndexFunc(plain, unicode.IsDigit) >= 0
	switch {
	case strings.Contains(plain, ".onion"):
		return "onion"
	case strings.HasPrefix(plain, "cve") && digits:
		return "cve"
	case only(plain, "0123456789.:/") && strings.Count(plain, ".") == 3:
		return "address"
	case slices.Contains([]int{32, 40, 64}, len(plain)) && only(plain, "0123456789abcdef"):
		return "hash"
	case strings.Contains(s, "[.]") || strings.HasPrefix(s, "hxxp"):
		return "defanged"
	case strings.Contains(plain, "://"):
		return "link"
	case strings.ContainsAny(plain, "$€₽¥") && digits:
		return "price"
	case digits && only(plain, "0123456789.,k"):
		return "number"
	case digits && only(plain, "0123456789.,gtmkb+"):
		return "size"
	case strings.HasPrefix(s, "#"):
		return "tag"
	case strings.HasPrefix(s, "@"):
		return "name"
	}
	return ""
}

func only(s, signs string) bool { return s != "" && strings.Trim(s, signs) == "" }

// bounded is the beginning of a text, in whole signs.
func bounded(text string) string {
	if len(text) <= mostText {
		return text
	}
	cut := mostText
	for cut > mostText-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}
