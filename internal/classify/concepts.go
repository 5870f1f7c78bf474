package classify

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed concepts.txt
var conceptText string

// longestStem bounds a stem of the lexicon, in runes.
const longestStem = 24

// A stem says which concepts a word that begins so is of, and which one that
// is that word whole.
type stem struct{ begins, whole []string }

// lexicon is the stems of concepts.txt, read once.
var lexicon = sync.OnceValue(func() map[string]stem {
	out := map[string]stem{}
	concept := ""
	for line := range strings.Lines(conceptText) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			concept = strings.Trim(line, "[]")
		default:
			text, whole := strings.CutSuffix(line, "$")
			s := out[text]
			if whole {
				s.whole = append(s.whole, concept)
			} else {
				s.begins = append(s.begins, concept)
			}
			out[text] = s
		}
	}
	return out
})

// concepts returns the concepts that a text in small letters speaks of, once for
// each word or sign with which a stem begins.
func concepts(text string) []string {
	var out []string
	all := lexicon()
	for _, from := range starts(text) {
		first := len(out)
		for to, n := from, 0; to < len(text) && n < longestStem; n++ {
			_, size := utf8.DecodeRuneInString(text[to:])
			to += size
			s, ok := all[text[from:to]]
			if !ok {
				continue
			}
			of := s.begins
			if ends(text[to:]) {
				of = append(slices.Clip(of), s.whole...)
			}
			for _, c := range of {
				if !slices.Contains(out[first:], c) {
					out = append(out, c)
				}
			}
		}
	}
	return out
}

// starts returns where words and unbroken signs of a text begin.
func starts(text string) []int {
	var out []int
	inside := false
	for i, c := range text {
		part := letter(c)
		if unbroken(c) || part && !inside {
			out = append(out, i)
		}
		inside = part && !unbroken(c)
	}
	return out
}

// ends reports whether a word ends before rest.
func ends(rest string) bool {
	c, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !letter(c) || unbroken(c)
}

// tally counts what is in a list.
func tally(list []string) (names []string, counts []int) {
	slices.Sort(list)
	for _, s := range list {
		if n := len(names); n > 0 && names[n-1] == s {
			counts[n-1]++
			continue
		}
		names, counts = append(names, s), append(counts, 1)
	}
	return names, counts
}

// threats counts the concepts that are signs of relevance.
func threats(concepts []string) (n int) {
	for _, c := range concepts {
		if !strings.HasPrefix(c, "says ") {
			n++
		}
	}
	return n
}
