package score

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// mostNamed is how many voices the reason of one change names.
const mostNamed = 3

// words says in words what was learned, and whether somebody is new among it.
func (t *teller) words(fresh, ended, dated []intel.Word) (why string, isNew bool) {
	var parts []string
	seen := map[string]bool{}
	more := 0
	put := func(text string) {
		switch {
		case seen[text]:
		case len(parts) == mostNamed:
			more++
		default:
			parts = append(parts, text)
		}
		seen[text] = true
	}
	anew := map[side]bool{}
	for _, w := range ended {
		anew[t.side(w)] = true
	}
	for _, w := range fresh {
		s := t.side(w)
		switch {
		case !t.said[s]:
			put(t.newcomer(s))
			isNew = true
		case anew[s]:
			put("what " + clipped(s.origin) + " said was derived anew")
		default:
			put(clipped(s.origin) + " " + says(s.stance) + " again")
		}
		t.said[s] = true
		delete(anew, s)
	}
	for _, w := range ended {
		if s := t.side(w); anew[s] {
			put("what " + clipped(s.origin) + " said is derived no more")
		}
	}
	for _, w := range dated {
		put("the date that " + clipped(t.side(w).origin) + " gave is no longer of the future")
	}
	if more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", "), isNew
}

// newcomer is the first word of somebody, with who may have had it from whom.
func (t *teller) newcomer(s side) string {
	text := clipped(s.origin) + " " + says(s.stance)
	for _, o := range t.scratch {
		other := o.With
		if other == s.origin {
			other = o.Origin
		} else if o.Origin != s.origin {
			continue
		}
		if o.Stance == s.stance && other != "" {
			return text + " within two days of " + clipped(other) + ", and both count as one"
		}
	}
	return text
}

func says(s intel.Stance) string {
	if s == intel.Disputes {
		return "disputes it"
	}
	return "says so"
}

// longest is how long a name is in a reason, in runes.
const longest = 80

func clipped(name string) string {
	if r := []rune(name); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return cmp.Or(name, "somebody")
}

func (t *teller) side(w intel.Word) side {
	v := &t.course.Voices[w.Voice]
	return side{v.Origin, v.Stance}
}
