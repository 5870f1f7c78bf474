package correlate

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/portent-cti/portent/internal/intel"
)

// A part of a document under a heading may list what is none of the attacker's:
// networks that were attacked, and what the author has read.

// longestHeading is how many bytes a heading has at most.
const longestHeading = 60

// foreign is which sort of part that is none of the attacker's a heading opens.
type foreign uint8

const (
	attackers foreign = iota
	victims
	readings
)

// A part is a span of a text with what it lists.
type part struct {
	span
	of foreign
}

// parts returns the parts of a text that list what is none of the attacker's, in
// order: those under such headings, and entries "[14] …" of a list of references.
func parts(text string) (found []part) {
	open, numbered, at := attackers, false, 0
	emptyBefore := true
	for line := range strings.Lines(text) {
		end := at + len(line)
		words := strings.TrimSpace(line)
		switch {
		case headed(words, emptyBefore && blank(text[end:])):
			open, numbered = opens(words), false
		case open == attackers && entry(words):
			open, numbered = readings, true
		case numbered && emptyBefore && words != "" && words[0] != '[':
			open, numbered = attackers, false // the list is over
		}
		if open != attackers {
			if n := len(found); n > 0 && found[n-1].to == at && found[n-1].of == open {
				found[n-1].to = end
			} else {
				found = append(found, part{span{at, end}, open})
			}
		}
		emptyBefore = words == ""
		at = end
	}
	return found
}

// headed reports whether a line is a heading, by its marks or because it stands alone
// as no sentence does.
func headed(words string, alone bool) bool {
	if words == "" || len(words) > longestHeading+8 || strings.ContainsAny(words, "|\t") || strings.Contains(words, "  ") || strings.Contains(words, "://") {
		return false
	}
	if strings.HasPrefix(words, "#") || strings.HasPrefix(words, "==") || strings.HasPrefix(words, "**") && strings.HasSuffix(strings.TrimRight(words, ":"), "**") {
		return true
	}
	if !strings.Contains(words, " ") && len(words) > 24 {
		return false // a hash
	}
	return alone && !strings.ContainsAny(words, ".@\\/") && !strings.ContainsAny(words[len(words)-1:], ",;") && !strings.ContainsAny(words[:1], "-*[<>`\"'")
}

// opens returns which sort of part a heading opens, by its first word.
func opens(words string) foreign {
	of := strings.FieldsFunc(lower(words), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) })
	if len(of) == 0 || len(of) > 5 {
		return attackers
	}
	switch of[0] {
	case "targeted", "targetted", "targets", "victims", "victim", "affected", "impacted", "жертвы", "цели", "пострадавшие", "víctimas", "objetivos", "afectados", "opfer", "ziele", "betroffene", "قربانیان", "اهداف":
		return victims
	case "references", "reference", "bibliography", "sources", "ссылки", "источники", "литература", "referencias", "bibliografía", "quellen", "literatur", "منابع":
		if len(of) <= 2 {
			return readings
		}
	}
	for _, w := range []string{"受害", "目标"} {
		if strings.HasPrefix(of[0], w) {
			return victims
		}
	}
	if strings.HasPrefix(of[0], "参考") {
		return readings
	}
	return attackers
}

// entry reports whether a line is the first of a numbered list of references.
func entry(words string) bool {
	rest, ok := strings.CutPrefix(words, "[1] ")
	return ok && rest != ""
}

// elsewhere tells which mentions stand in a part that lists what is none of the
// attacker's.
func elsewhere(text string) func(intel.Observation) bool {
	found := parts(text)
	return func(o intel.Observation) bool {
		if o.Entity.Kind.Class() != intel.IOC {
			return false
		}
		i, within := slices.BinarySearchFunc(found, o.Offset, func(p part, at int) int {
			if at >= p.from && at < p.to {
				return 0
			}
			return cmp.Compare(p.from, at)
		})
		if !within {
			return false
		}
		switch o.Entity.Kind {
		case intel.URL, intel.Domain, intel.Email, intel.Onion:
			return true
		}
		return found[i].of == victims
	}
}
