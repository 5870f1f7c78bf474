package correlate

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed cues.txt
var cueText string

// A cue is a class of words that say what a sentence relates.
type cue uint8

const (
	none cue = iota
	target
	origin
	route
	body // somebody who is not the attacker
	exploit
	wants // asks for
	study // works on
	offer
	self // speaks of itself
	boast
	alias
	notAlias
	associated
	negation // of the sentence
	denial   // of the whole document
	doubt
	no // of what follows
	speaks
	account  // a nick follows
	campaign // a name follows
	generic  // no name though it begins with a capital
	// Those from here on stand beside others at the same place.
	deed     // somebody did it
	attacker // a noun for one
	authority
	anaphora // an actor that was named before
	successor
	phase
)

func classes() map[string]cue {
	return map[string]cue{"target": target, "origin": origin, "route": route, "body": body, "exploit": exploit, "wants": wants, "study": study, "offer": offer,
		"self": self, "boast": boast, "alias": alias, "notalias": notAlias, "associated": associated, "negation": negation, "denial": denial, "doubt": doubt,
		"no": no, "speaks": speaks, "account": account, "campaign": campaign, "generic": generic, "deed": deed, "attacker": attacker, "authority": authority, "anaphora": anaphora, "successor": successor, "phase": phase}
}

// A pattern is one line of the lexicon.
type pattern struct {
	text  string
	class cue
	phase string // of an attack, or which sort within its class
	whole bool   // ends a word too
}

// A lexicon holds patterns by their first rune, longest first.
type lexicon struct {
	ascii [utf8.RuneSelf][]pattern
	other map[rune][]pattern
}

// cues is the lexicon of what sentences relate, parsed once.
var cues = sync.OnceValue(func() *lexicon {
	of := classes()
	return newLexicon(cueText, func(name string) cue { return of[name] })
})

// newLexicon reads stems under headings "[class]" or "[class step]".
func newLexicon(text string, of func(class string) cue) *lexicon {
	l := &lexicon{other: map[rune][]pattern{}}
	var class cue
	var step string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			var name string
			name, step, _ = strings.Cut(strings.Trim(line, "[]"), " ")
			class = of(name)
		default:
			l.add(line, class, step)
		}
	}
	for _, ps := range l.ascii {
		longestFirst(ps)
	}
	for _, ps := range l.other {
		longestFirst(ps)
	}
	return l
}

func longestFirst(ps []pattern) {
	slices.SortStableFunc(ps, func(a, b pattern) int { return cmp.Compare(len(b.text), len(a.text)) })
}

func (l *lexicon) add(line string, class cue, step string) {
	text, whole := strings.CutSuffix(line, "$")
	p := pattern{text: text, class: class, phase: step, whole: whole}
	if r, _ := utf8.DecodeRuneInString(text); r < utf8.RuneSelf {
		l.ascii[r] = append(l.ascii[r], p)
	} else {
		l.other[r] = append(l.other[r], p)
	}
}

// A hit is a cue at its place in the text, in bytes.
type hit struct {
	class    cue
	from, to int
	phase    string
}

// longest is how much of a sentence is searched for cues, in bytes.
const longest = 4096

// find returns the cues in s, which is lower-cased and begins at base of the
// text, in order. It appends to hits.
func (l *lexicon) find(hits []hit, s string, base int) []hit {
	s = s[:min(len(s), longest)]
	var before rune
	for i, r := range s {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		inside := letter && (unicode.IsLetter(before) || unicode.IsDigit(before)) && !unicode.Is(unicode.Han, r)
		before = r
		if inside {
			continue
		}
		var ps []pattern
		if r < utf8.RuneSelf {
			ps = l.ascii[r]
		} else {
			ps = l.other[r]
		}
		took := 0
		for _, p := range ps {
			if len(p.text) < took && p.class < deed || !strings.HasPrefix(s[i:], p.text) || p.whole && !ends(s[i+len(p.text):]) {
				continue
			}
			if p.class < deed {
				took = len(p.text)
			}
			hits = append(hits, hit{p.class, base + i, base + i + len(p.text), p.phase})
		}
	}
	return hits
}

// ends reports whether a word ends before rest.
func ends(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// lower returns s in lower case without moving any byte: what would change its
// length stays.
func lower(s string) string {
	if !utf8.ValidString(s) {
		b := []byte(s)
		for i, c := range b {
			if 'A' <= c && c <= 'Z' {
				b[i] = c + 'a' - 'A'
			}
		}
		return string(b)
	}
	return strings.Map(func(r rune) rune {
		if l := unicode.ToLower(r); utf8.RuneLen(l) == utf8.RuneLen(r) {
			return l
		}
		return r
	}, s)
}
