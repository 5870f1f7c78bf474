package extract

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// A phrase is one wording to look for.
type phrase struct {
	hashes  []uint32 // of its words
	entity  intel.Entity
	common  bool // counts only in its own capitals and where the context says so
	cased   bool // counts only in its own capitals
	counted bool // a group's number, such as "Group 3"
	plain   bool // ordinary language where it has small letters
	place   bool // a country or state is called so as well
	person  bool // people are called so
	dotted  bool // has points between its words, such as "TEMP.Veles"
	exact   string
	head    string       // the first word of exact
	written intel.Entity // what a mention as exact is of
	// language is the one a text must be in; "" is any.
	language string
}

// A lexicon finds phrases by the hash of their first word. Bitmaps of those
// hashes, and of those of the first two words, say of nearly all words of a text
// that none begins there.
type lexicon struct {
	begins         [beginsWords]uint64
	singles, pairs [bitmapWords]uint64
	first          directory // places in entries
	entries        []entry
	binders
}

// An entry is the phrases that begin with one word, the longest first.
type entry struct {
	phrases []phrase
	glances []glance // of phrases
	capital bool     // all count with a capital alone
}

// A glance is what tells nearly all phrases away, in a row of its own: the hash of the
// second word, 0 if there is none, and whether it counts with a capital alone.
type glance struct {
	second  uint32
	capital bool
}

// The sizes of the bitmaps, for some thirty thousand first words: the first is
// asked of every word of a text and fits into the nearest cache, the others say
// for sure.
const (
	beginsWords = 1 << 13
	bitmapWords = 1 << 15
)

// pair is the hash of two words in a row.
func pair(a, b uint32) uint32 { return a*hashPrime ^ b }

// lexiconOf is the lexicon of a set. That of what is built in is made once; it
// never changes either.
func lexiconOf(set *reference.Set) *lexicon {
	if !set.BuiltIn() {
		return newLexicon(set)
	}
	builtIn.once.Do(func() { builtIn.names = newLexicon(set) })
	return builtIn.names
}

var builtIn struct {
	once  sync.Once
	names *lexicon
}

func newLexicon(set *reference.Set) *lexicon {
	l := &lexicon{binders: newBinders(set.Bindings())}
	known, places := map[string]bool{}, map[uint32]int32{}
	for _, n := range set.Names() {
		known[strings.ToLower(n.Text)] = true
	}
	for _, n := range set.Names() {
		l.add(places, n)
		if named(n.Entity.Kind) {
			for _, v := range variants(n.Text) {
				if !known[strings.ToLower(v)] {
					l.add(places, reference.Name{Text: v, Entity: n.Entity, Common: n.Common, Cased: n.Cased, Phrase: n.Phrase && strings.Contains(v, " ")})
				}
			}
		}
	}
	for k := range l.entries {
		e := &l.entries[k]
		slices.SortStableFunc(e.phrases, byLength)
		markPlaces(e.phrases)
		e.glances = glances(e.phrases)
		e.capital = !slices.ContainsFunc(e.glances, func(g glance) bool { return !g.capital })
	}
	l.first = newDirectory(places)
	return l
}

func glances(phrases []phrase) []glance {
	out := make([]glance, len(phrases))
	for k := range phrases {
		p := &phrases[k]
		if out[k].capital = p.capital(); len(p.hashes) > 1 {
			out[k].second = p.hashes[1]
		}
	}
	return out
}

// note takes in the first two words of a phrase, or the only one.
func (l *lexicon) note(hashes []uint32) {
	h := hashes[0]
	l.begins[h>>6&(beginsWords-1)] |= 1 << (h & 63)
	if len(hashes) == 1 {
		l.singles[h>>6&(bitmapWords-1)] |= 1 << (h & 63)
		return
	}
	h = pair(h, hashes[1])
	l.pairs[h>>6&(bitmapWords-1)] |= 1 << (h & 63)
}

// mayBegin reports whether a phrase may begin with a word or with two, which nearly
// all do not. All tables are asked at once: half of the words that begin none have a
// place in one.
func (l *lexicon) mayBegin(h, next uint32) bool {
	both := pair(h, next)
	return l.begins[h>>6&(beginsWords-1)]>>(h&63)&(l.singles[h>>6&(bitmapWords-1)]>>(h&63)|l.pairs[both>>6&(bitmapWords-1)]>>(both&63))&1 != 0
}

// capital reports whether a phrase counts only where it begins with a capital.
func (p *phrase) capital() bool {
	if p.entity.Kind == intel.Vendor {
		return true
	}
	first, _ := utf8.DecodeRuneInString(p.exact)
	tag := p.entity.Kind == intel.Country && len(p.exact) > 3 // #china
	return unicode.IsUpper(first) && (p.cased && !tag || p.idle() && len(p.hashes) == 1)
}

// markPlaces marks the names that are those of countries or states too.
func markPlaces(phrases []phrase) {
	for k := range phrases {
		phrases[k].place = named(phrases[k].entity.Kind) && state(phrases[k].exact)
	}
	for _, land := range phrases {
		for k := range phrases {
			if p := &phrases[k]; land.entity.Kind == intel.Country && named(p.entity.Kind) && strings.EqualFold(p.exact, land.exact) {
				p.place = true
			}
		}
	}
}

// byLength puts longer phrases first, and of equal ones those that name nothing.
func byLength(a, b phrase) int {
	switch n := len(b.hashes) - len(a.hashes); {
	case n != 0 || a.idle() == b.idle():
		return n
	case a.idle():
		return -1
	}
	return 1
}

// named reports whether things of a kind have names that are written in more
// than one way.
func named(k intel.Kind) bool {
	return k == intel.Actor || k == intel.Malware || k == intel.Tool || k == intel.Campaign
}

// variants returns other spellings of a name: two words as one, and a word with
// a number or capital inside as two.
func variants(name string) []string {
	var out []string
	words := strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || r == '-' || r == '_' })
	if len(words) == 2 && len(name) >= 6 && len(words[0]) > 1 {
		out = append(out, words[0]+words[1])
	}
	if len(words) == 1 {
		for i := 2; i < len(name); i++ {
			a, b := name[i-1], name[i]
			if a >= utf8.RuneSelf || b >= utf8.RuneSelf {
				break
			}
			if isDigit(b) && !isDigit(a) || b >= 'A' && b <= 'Z' && a >= 'a' && a <= 'z' && len(name)-i > 2 {
				out = append(out, name[:i]+" "+name[i:])
				break
			}
		}
	}
	return out
}

// add takes a name in; places is where in the entries each first word is.
func (l *lexicon) add(places map[uint32]int32, n reference.Name) {
	p := phrase{entity: n.Entity, common: n.Common, cased: n.Cased, plain: n.Phrase, exact: n.Text, written: n.Entity, language: n.Language}
	switch strings.ToLower(n.Text) {
	case "akira", "conti", "lorenz", "ramsay", "elise":
		p.person = true
	}
	words := tokens(nil, n.Text, 0)
	for _, t := range words {
		p.hashes = append(p.hashes, t.hash)
	}
	if len(p.hashes) == 0 || len(p.hashes) > 12 || named(n.Entity.Kind) && hopeless(n.Text) {
		return
	}
	if n.Entity.Kind == intel.Technique && n.Common && len(words) == 1 {
		return // tool and server are no techniques
	}
	p.cased = p.cased || n.Entity.Kind == intel.Sector && n.Common && shouted(n.Text)
	h := p.hashes[0]
	p.head = firstWord(n.Text, words)
	p.dotted = len(words) > 1 && !adjacent(n.Text, words) && adjacent(strings.ReplaceAll(n.Text, ".", " "), words)
	l.note(p.hashes)
	if named(n.Entity.Kind) {
		p.written = intel.NewEntity(n.Entity.Kind, n.Text)
		p.counted = counted(n.Text)
	}
	at, known := places[h]
	if !known {
		at = int32(len(l.entries))
		places[h] = at
		l.entries = append(l.entries, entry{})
	}
	l.entries[at].phrases = append(l.entries[at].phrases, p)
}

// A search looks for phrases in one text.
type search struct {
	*lexicon
	text  string
	words []token
	taken *spans // where values stand: words inside them are no names
	// strict asks for words beside a name that say what it is: descriptions of
	// flaws are full of software that something bad is called after.
	strict bool
	// language tells that of the text; it is asked only where a word of one
	// language alone stands.
	language func() string
	out      []intel.Observation // to begin with empty
	// doubtful are ambiguous names without support of their own.
	doubtful []doubt
	steps    int // phrases and words looked at
	ill      int // whether the text speaks of a pandemic: 1 yes, -1 no, 0 not asked
}

// A doubt is an ambiguous name; alone, other names beside it do not help.
type doubt struct {
	intel.Observation
	alone bool
}

// find returns the phrases in the text, the longest at each word, and how many
// steps that took.
func (s *search) find() (found []intel.Observation, steps int) {
	l, words := s.lexicon, s.words
	for i := 0; i < len(words) && len(s.out) < most; {
		w, next := words[i], uint32(0)
		if i+1 < len(words) {
			next = words[i+1].hash
		}
		if !l.mayBegin(w.hash, next) || s.taken.cover(int(w.from)) && !pointed(s.text, w) {
			i++
			continue
		}
		i += max(1, s.at(i, next))
	}
	s.settle()
	return s.out, s.steps + len(words)
}

// at notes the longest of phrases that stands at word i, once per kind of
// entity, and returns how many words it takes. Next is the hash of the word behind it.
func (s *search) at(i int, next uint32) int {
	place, known := s.first.of(s.words[i].hash)
	if !known {
		return 0
	}
	entry, capital := &s.entries[place], s.capital(i)
	if entry.capital && !capital {
		return 0
	}
	took, before, n := 0, len(s.out), 0
	var kinds [8]intel.Kind
	for k, g := range entry.glances {
		s.steps++
		if g.second != 0 && g.second != next || g.capital && !capital {
			continue
		}
		p := &entry.phrases[k]
		if len(p.hashes) < took || i+len(p.hashes) > len(s.words) || n == len(kinds) || slices.Contains(kinds[:n], p.entity.Kind) {
			continue
		}
		stretch := s.words[i : i+len(p.hashes)]
		if !matches(p, stretch) || !s.together(p, stretch) || !strings.EqualFold(firstWord(s.text, stretch), p.head) {
			continue
		}
		from, to := int(stretch[0].from), int(stretch[len(stretch)-1].to)
		o := intel.Observation{Entity: p.entity, Offset: from, Length: to - from, Text: s.text[from:to]}
		if !s.spoken(p, o) || p.initials() && !s.initials(i, i+len(p.hashes)) {
			continue
		}
		if p.idle() {
			return len(p.hashes) // nothing is called so, nor are words in it
		}
		switch s.judge(p, i, o) {
		case refused:
			continue
		case doubted:
			s.doubtful = append(s.doubtful, doubt{p.mentioned(o), p.respelled(o.Text)})
		case accepted:
			s.out = append(s.out, p.mentioned(o))
		}
		took = len(p.hashes)
		kinds[n] = p.entity.Kind
		n++
	}
	if n > 1 {
		s.out = append(s.out[:before], athome(s.out[before:])...)
	}
	return took
}

// athome drops the countries among what stands at one place if something else is
// called so there: "Cuba ransomware".
func athome(at []intel.Observation) []intel.Observation {
	if !slices.ContainsFunc(at, func(o intel.Observation) bool { return named(o.Entity.Kind) }) {
		return at
	}
	return slices.DeleteFunc(at, func(o intel.Observation) bool { return o.Entity.Kind == intel.Country })
}

// A judgement is how a phrase that stands there is taken.
type judgement int

const (
	accepted judgement = iota
	doubted
	refused
)

// slug reports whether a name stands in the last part of an address without its
// host, such as /post/lynx-is-back: whoever links there has it said before.
func (s *search) slug(o intel.Observation) bool {
	joined := func(at int) bool { return at >= 0 && at < len(s.text) && (s.text[at] == '-' || s.text[at] == '/') }
	from, to := o.Offset, o.Offset+o.Length
	if !joined(from-1) && !joined(to) {
		return false
	}
	for n := 0; from > 0 && n < 120 && s.text[from-1] > ' '; n++ {
		from--
		if s.text[from] == '/' && (from == 0 || strings.IndexByte(" (\"'", s.text[from-1]) >= 0) {
			return true
		}
	}
	return false
}

func (s *search) judge(p *phrase, i int, o intel.Observation) judgement {
	if o.Offset > 0 && named(p.entity.Kind) {
		if c := s.text[o.Offset-1]; (c == '.' || c == '$' || c == '%') && (o.Offset < 2 || s.text[o.Offset-2] <= ' ' || s.text[o.Offset-2] == '(') {
			return refused // ".NET", "$name"
		}
	}
	lower := isLower(o.Text)
	if p.entity.Kind == intel.Vendor || p.entity.Kind == intel.Product && p.common {
		if s.capital(i) && s.marketed(p, i, i+len(p.hashes)) {
			return accepted
		}
		return refused
	}
	if p.entity.Kind == intel.Country && (s.town(i, i+len(p.hashes)) || s.given(p, i+len(p.hashes))) {
		return refused
	}
	if p.entity.Kind == intel.Country && p.common && s.placed(p, i, i+len(p.hashes)) {
		return accepted
	}
	if p.entity.Kind == intel.Sector && p.common {
		if !s.strict && s.meant(p, i, i+len(p.hashes)) {
			return accepted
		}
		return refused // security teams and banking trojans are no sectors
	}
	if lower && named(p.entity.Kind) && s.slug(o) {
		return refused
	}
	tagged := o.Offset > 0 && s.text[o.Offset-1] == '#'
	switch {
	case named(p.entity.Kind) && s.elsewhere(p, i, i+len(p.hashes)):
		return refused
	case named(p.entity.Kind) && !p.common && s.person(p, i, i+len(p.hashes)):
		return refused
	case p.entity.Kind == intel.Technique && s.strict:
		return refused // how a flaw works is not what somebody does
	case s.strict && named(p.entity.Kind) && !p.common, p.counted, p.plain && !tagged && s.small(i, i+len(p.hashes)):
	case !p.common && (!named(p.entity.Kind) || !lower || p.exact == strings.ToLower(p.exact) || tagged || len(o.Text) > 5):
		return accepted
	case p.common && o.Text != p.exact && (lower || o.Text != strings.ToUpper(p.exact)):
		if !named(p.entity.Kind) || lower || !strings.EqualFold(o.Text, p.exact) {
			return refused
		}
	}
	end := i + len(p.hashes)
	if r, _ := utf8.DecodeRuneInString(o.Text); p.common && !unicode.IsUpper(r) && unicode.IsLower(r) && !isHan(r) {
		return refused
	}
	switch {
	case p.counted && !s.introduced(i):
		return doubted
	case s.operation(p, i), p.common && named(p.entity.Kind) && s.compound(end):
		return refused
	case !s.sick(i, end) && s.supported(p, i, end, o):
		return accepted
	case tagged && named(p.entity.Kind) && p.common:
		return doubted
	case !named(p.entity.Kind):
		return refused
	case s.personal(i, end), p.place && (s.within(i) || s.befallen(end)):
		return refused
	}
	return doubted
}

// firstWord is the first of words, which hashes could have taken for another.
func firstWord(text string, words []token) string { return text[words[0].from:words[0].to] }

func matches(p *phrase, words []token) bool {
	for n, want := range p.hashes {
		if words[n].hash != want {
			return false
		}
	}
	return true
}

// together reports whether words stand as close as those of a phrase; points
// that a name has belong there.
func (s *search) together(p *phrase, words []token) bool {
	if adjacent(s.text, words) {
		return true
	}
	return p.dotted && strings.EqualFold(s.text[words[0].from:words[len(words)-1].to], strings.TrimRight(p.exact, "."))
}

// adjacent reports whether words stand close together: blanks, hyphens and the
// like between them, no end of a sentence or paragraph.
func adjacent(text string, words []token) bool {
	for i := 1; i < len(words); i++ {
		gap := text[words[i-1].to:words[i].from]
		if gap == "." && isDigit(text[words[i-1].to-1]) && isDigit(text[words[i].from]) {
			continue // LockBit 3.0
		}
		if wrapped(text, gap, int(words[i].from)) {
			continue
		}
		if len(gap) > 4 || strings.ContainsAny(gap, "\n.;:!?|=/()[],") {
			return false
		}
	}
	return true
}

// wrapped reports whether the gap before a word is a single line break, as text
// out of PDF has them within sentences. A number begins an item of a list.
func wrapped(text, gap string, next int) bool {
	return len(gap) <= 4 && strings.Trim(gap, " \r") == "\n" && !isDigit(text[next])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// mentioned gives a name the spelling it was mentioned by. Techniques and
// countries have names of their own only.
func (p *phrase) mentioned(o intel.Observation) intel.Observation {
	switch {
	case o.Text == p.exact:
		o.Entity = p.written
	case named(o.Entity.Kind):
		o.Entity = intel.NewEntity(o.Entity.Kind, o.Text)
	}
	return o
}

// isLower reports whether s has no letter that could be a smaller one.
func isLower(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			return s == strings.ToLower(s)
		case c >= 'A' && c <= 'Z':
			return false
		}
	}
	return true
}
