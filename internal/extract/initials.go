package extract

import (
	"strings"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// initials reports whether a phrase is the initials of a country, such as US.
func (p *phrase) initials() bool {
	return p.entity.Kind == intel.Country && p.cased && p.language == "" && len(strings.ReplaceAll(p.exact, ".", "")) < 4 && ascii(p.exact)
}

// initials reports whether the words from i to end, which are the initials of a
// country, stand for it: not as part of a code (en-US, US-CERT), of a price (US$)
// or of the name of a data centre (US East), nor where all is written in capitals
// (CONTACT US).
func (s *search) initials(i, end int) bool {
	from, to := int(s.words[i].from), int(s.words[end-1].to)
	if from > 0 && strings.IndexByte(`_@.\#$%&=+`, s.text[from-1]) >= 0 || to < len(s.text) && strings.IndexByte(`_@$\=+`, s.text[to]) >= 0 {
		return false
	}
	if i > 0 && s.word(i) == "US" && s.invites(i, end) {
		return false
	}
	if i > 0 {
		before := s.word(i - 1)
		switch gap := s.text[s.words[i-1].to:from]; {
		case gap == "-" && len(before) < 3 && before != "UK" && before != "EU":
			return false
		case s.word(i) == "US" && strings.TrimSpace(gap) == "" && shouted(before) && before != "THE":
			return false
		}
	}
	if end == len(s.words) {
		return true
	}
	after, gap := s.word(end), s.text[to:s.words[end].from]
	rest := s.text[s.words[end].to:]
	switch strings.Trim(gap, ". \u00a0") {
	case "-":
		return (!shouted(after) || len(after) == 2) && after != "Cert"
	case "":
		money := strings.EqualFold(after, "dollar") || strings.EqualFold(after, "dollars")
		return !money && (after != "East" && after != "West" && after != "Central" || !strings.HasPrefix(rest, " ("))
	}
	return !strings.Contains(gap, "$") || strings.Contains(gap, "\n")
}

// invites reports whether US at word i is whom the reader is asked to turn to:
// "Contact US!".
func (s *search) invites(i, end int) bool {
	switch strings.ToLower(s.word(i - 1)) {
	case "contact", "about", "follow", "call", "join", "email", "mail", "visit", "reach", "tell", "trust", "help", "find", "with", "give":
		return s.begins(i-1) && s.blank(i) && (end == len(s.words) || !s.blank(end))
	}
	return false
}

// shouted reports whether a word is of capitals alone, and of more than one.
func shouted(word string) bool {
	return len(word) > 1 && word == strings.ToUpper(word) && word != strings.ToLower(word)
}

// pointed reports whether a word is the first of initials with points, such as
// U.S., which look like the name of a file.
func pointed(text string, w token) bool {
	if w.to-w.from != 1 || !capitalAt(text, int(w.from)) || w.from > 0 && text[w.from-1] != ' ' && text[w.from-1] != '\n' && text[w.from-1] != '(' {
		return false
	}
	at := int(w.from)
	for n := 0; capitalAt(text, at) && at+1 < len(text) && text[at+1] == '.'; n++ {
		at += 2
		if n == 0 {
			continue
		}
		r, _ := utf8.DecodeRuneInString(text[at:])
		if at == len(text) || !isWord(r) {
			return true
		}
	}
	return false
}

func capitalAt(text string, at int) bool {
	return at < len(text) && text[at] >= 'A' && text[at] <= 'Z'
}
