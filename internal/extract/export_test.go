package extract

import (
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// Steps returns how many bytes, words and phrases a scan of a text looks at,
// which may be the description of a flaw.
func Steps(s *Scanner, text string, advisory bool) int {
	_, steps := s.pass(&values{text: text, set: s.set, signs: len(text) + 1, advisory: advisory, language: func() string { return "" }})
	return steps
}

// Words returns the words of a text and their hashes.
func Words(text string) (words []string, hashes []uint32) {
	for _, t := range tokens(nil, text, 0) {
		words, hashes = append(words, text[t.from:t.to]), append(hashes, t.hash)
	}
	return words, hashes
}

// Passed returns what is found among what is passed for plain words in a text, one
// run after another, and where a run goes on that is passed.
func Passed(s *Scanner, text string) (found []intel.Observation, on []string) {
	v := &values{text: text, set: s.set, signs: len(text) + 1, language: func() string { return "" }}
	for i := 0; i < len(text); {
		if classes[text[i]]&ends == 0 {
			i = v.one(text, i)
			continue
		}
		if i++; text[i-1] >= utf8.RuneSelf {
			continue
		}
		begin := i
		i = skim(text, i)
		w := &values{text: text, set: s.set, signs: len(text) + 1, language: v.language}
		for at := begin; at < i; at++ {
			if classes[text[at]]&ends != 0 {
				continue
			}
			from, told := at, len(w.out)
			at = w.one(text, at)
			if end, _ := w.ascii(from, 0); end != at || w.skip > 0 || len(w.out) > told {
				on = append(on, text[from:at])
			}
		}
		found = append(found, w.out...)
	}
	return found, on
}
