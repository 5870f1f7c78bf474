package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// idle reports whether a phrase names nothing, and keeps its words from it.
func (p *phrase) idle() bool { return p.entity == intel.Entity{} }

// spoken reports whether a phrase stands at o as its language writes it: the text
// is in that language, the capitals are those of a name, and it is no part of a
// longer word of a script without blanks.
func (s *search) spoken(p *phrase, o intel.Observation) bool {
	tag := p.entity.Kind == intel.Country && len(p.exact) > 3 && o.Offset > 0 && s.text[o.Offset-1] == '#' // #china
	if p.cased && !tag && !capitals(p.exact, o.Text) {
		return false
	}
	if !p.cased && p.entity.Kind == intel.Country && smallPeoples(p.language) && capitalised(o.Text) {
		return false
	}
	if p.idle() && len(p.hashes) == 1 && o.Text != p.exact {
		return false // peru is a bird, Peru is not
	}
	if !named(p.entity.Kind) && !s.apart(o) || p.entity.Kind == intel.Country && s.domain(o) {
		return false
	}
	return p.language == "" || p.language == s.language()
}

// domain reports whether what stands at o is the last part of the name of a host,
// of a script whose sentences end otherwise: .中国.
func (s *search) domain(o intel.Observation) bool {
	if o.Offset < 2 || s.text[o.Offset-1] != '.' {
		return false
	}
	first, _ := utf8.DecodeRuneInString(o.Text)
	before, _ := utf8.DecodeLastRuneInString(s.text[:o.Offset-1])
	return isHan(first) && isWord(before)
}

// smallPeoples reports whether a language writes words for peoples with a small
// letter, so that one with a capital is the name of a person: Russo, Greco.
func smallPeoples(language string) bool {
	return language == "es" || language == "it" || language == "pt"
}

// capitalised reports whether a word has its first letter alone in capitals.
func capitalised(word string) bool {
	r, size := utf8.DecodeRuneInString(word)
	return unicode.IsUpper(r) && word[size:] != strings.ToUpper(word[size:])
}

// capitals reports whether a text has capitals wherever a name of the same letters
// has them; it may have more.
func capitals(name, text string) bool {
	for _, r := range name {
		if !unicode.IsLetter(r) {
			continue
		}
		for text != "" {
			c, size := utf8.DecodeRuneInString(text)
			text = text[size:]
			if unicode.IsLetter(c) {
				if unicode.IsUpper(r) && !unicode.IsUpper(c) {
					return false
				}
				break
			}
		}
	}
	return true
}

// apart reports whether what begins or ends with katakana has other signs beside
// it, and what begins with hangul begins a word; particles may follow that.
func (s *search) apart(o intel.Observation) bool {
	from, to := o.Offset, o.Offset+o.Length
	if s.text[from] < utf8.RuneSelf && s.text[to-1] < utf8.RuneSelf {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(s.text[:from])
	after, _ := utf8.DecodeRuneInString(s.text[to:])
	first, _ := utf8.DecodeRuneInString(o.Text)
	last, _ := utf8.DecodeLastRuneInString(o.Text)
	within := katakana(first) && katakana(before) || katakana(last) && katakana(after) || unicode.Is(unicode.Hangul, first) && unicode.Is(unicode.Hangul, before)
	return !within
}

// katakana reports whether r is a sign of katakana, the one for long vowels
// among them.
func katakana(r rune) bool { return r == 'ー' || unicode.Is(unicode.Katakana, r) }
