package correlate

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed cues.txt
var cueText string

// A cue is a class of words that say what a sentence relates.
type cue string

const (
	target     cue = "target"
	origin     cue = "origin"
	exploit    cue = "exploit"
	research   cue = "research"
	alias      cue = "alias"
	notAlias   cue = "notalias"
	associated cue = "associated"
	negation   cue = "negation"
	speaks     cue = "speaks"
)

// cues is the lexicon, parsed once.
var cues = sync.OnceValue(func() map[cue][]string {
	out := map[cue][]string{}
	var class cue
	for line := range strings.Lines(cueText) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			class = cue(strings.Trim(line, "[]"))
		default:
			out[class] = append(out[class], line)
		}
	}
	return out
})

// longest is how much of a sentence is searched for cues, in bytes.
const longest = 4096

// says reports whether a lower-cased sentence holds a cue of the class.
func says(sentence string, class cue) bool {
	if len(sentence) > longest {
		sentence = sentence[:longest]
	}
	for _, c := range cues()[class] {
		if holds(sentence, c) {
			return true
		}
	}
	return false
}

// holds reports whether stem begins a word of s; in scripts without spaces it
// may stand anywhere.
func holds(s, stem string) bool {
	first, _ := utf8.DecodeRuneInString(stem)
	inside := unicode.Is(unicode.Han, first) || !unicode.IsLetter(first)
	for from := 0; ; {
		i := strings.Index(s[from:], stem)
		if i < 0 {
			return false
		}
		at := from + i
		before, _ := utf8.DecodeLastRuneInString(s[:at])
		if inside || at == 0 || !unicode.IsLetter(before) {
			return true
		}
		from = at + len(stem)
	}
}
