package extract

import (
	"slices"
	"strings"
	"unicode"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// A phrase is one wording to look for, as lower-cased words.
type phrase struct {
	words  []string
	entity intel.Entity
	common bool // counts only in its own capitals and beside a supporting word
	exact  string
}

// A lexicon finds phrases. They are keyed by their first word.
type lexicon map[string][]phrase

func newLexicon(set *reference.Set) lexicon {
	l := lexicon{}
	for _, n := range set.Names() {
		l.add(n.Text, n.Entity, n.Common)
	}
	for _, ps := range l {
		slices.SortStableFunc(ps, func(a, b phrase) int { return len(b.words) - len(a.words) })
	}
	return l
}

func (l lexicon) add(text string, e intel.Entity, common bool) {
	p := phrase{entity: e, common: common, exact: text}
	for _, t := range tokens(text) {
		p.words = append(p.words, strings.ToLower(text[t.from:t.to]))
	}
	if len(p.words) == 0 || len(p.words) > 12 {
		return
	}
	l[p.words[0]] = append(l[p.words[0]], p)
}

// find returns the phrases in a text, longest first at each word. Words inside
// values that were found already are no names.
func (l lexicon) find(text string, words []token, taken spans) []intel.Observation {
	var out []intel.Observation
	lower := func(i int) string { return strings.ToLower(text[words[i].from:words[i].to]) }
	for i := 0; i < len(words) && len(out) < most; {
		if taken.cover(words[i].from) {
			i++
			continue
		}
		w := lower(i)
		i += max(1, l.at(text, words, i, w, lower, l[w], &out))
	}
	return out
}

// at notes the longest of phrases that stands at word i, once per kind of
// entity, and returns how many words it takes.
func (l lexicon) at(text string, words []token, i int, w string, lower func(int) string, ps []phrase, out *[]intel.Observation) int {
	took := 0
	var kinds []intel.Kind
	for _, p := range ps {
		if len(p.words) < took || i+len(p.words) > len(words) || slices.Contains(kinds, p.entity.Kind) {
			continue
		}
		if !matches(p, w, i, lower) || !adjacent(text, words[i:i+len(p.words)]) {
			continue
		}
		from, to := words[i].from, words[i+len(p.words)-1].to
		if p.common && !supported(text, words, i, i+len(p.words), from, to, p) {
			continue
		}
		took = len(p.words)
		kinds = append(kinds, p.entity.Kind)
		*out = append(*out, observe(p, text, from, to))
	}
	return took
}

func matches(p phrase, first string, i int, lower func(int) string) bool {
	for n, want := range p.words {
		got := first
		if n > 0 {
			got = lower(i + n)
		}
		if got != want {
			return false
		}
	}
	return true
}

// adjacent reports whether words stand close together: blanks, hyphens and the
// like between them, no end of a sentence or line.
func adjacent(text string, words []token) bool {
	for i := 1; i < len(words); i++ {
		gap := text[words[i-1].to:words[i].from]
		if len(gap) > 4 || strings.ContainsAny(gap, "\n.;:!?|") {
			return false
		}
	}
	return true
}

// observe makes the observation. Names stay as they were mentioned; techniques
// and countries have names of their own only.
func observe(p phrase, text string, from, to int) intel.Observation {
	e := p.entity
	switch e.Kind {
	case intel.Actor, intel.Malware, intel.Tool, intel.Campaign:
		e = intel.NewEntity(e.Kind, text[from:to])
	}
	return intel.Observation{Entity: e, Offset: from, Length: to - from, Text: text[from:to]}
}

// around is how many words to each side may support an ambiguous name.
const around = 6

// supported reports whether an ambiguous name is written in its own capitals
// and stands near a word that says what it is.
func supported(text string, words []token, i, end, from, to int, p phrase) bool {
	wording := text[from:to]
	if wording != p.exact && wording != strings.ToUpper(p.exact) || !unicode.IsUpper([]rune(wording)[0]) {
		return false
	}
	for n := max(0, i-around); n < min(len(words), end+around); n++ {
		if n >= i && n < end {
			continue
		}
		w := strings.ToLower(text[words[n].from:words[n].to])
		for _, s := range support() {
			if strings.HasPrefix(w, s) {
				return true
			}
		}
	}
	return false
}

func support() []string {
	return []string{"ransom", "gang", "group", "actor", "apt", "malware", "trojan", "backdoor", "botnet", "stealer", "team", "operator", "affiliate", "extort",
		"leak", "threat", "campaign", "intrusion", "loader", "хакер", "групп", "банд", "вымогат", "вредонос", "троян", "组", "团", "勒", "木", "恶",
		"grupo", "banda", "gruppe", "bande", "erpress", "schad", "گروه", "باج", "بدافزار"}
}
