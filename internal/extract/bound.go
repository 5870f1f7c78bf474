package extract

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// supported reports whether what stands beside an ambiguous name binds it to a word
// that says what it is: "the Nevada ransomware gang", "operators of Royal". A word
// of attacks elsewhere in the sentence says nothing of it.
func (s *search) supported(p *phrase, i, end int, o intel.Observation) bool {
	strange := p.respelled(o.Text)
	s.steps += 2 * sentenceReach
	if s.hyphened(i) {
		return false
	}
	if s.followed(p, i, end, strange) || s.preceded(p, i, end) {
		return true
	}
	if !named(p.entity.Kind) || p.place || strange || isLower(o.Text) {
		return false
	}
	return !s.led(i) && (s.attacks(end) || s.defined(end) || s.accused(i, end)) || s.infamous(p, i, end, o)
}

// sentenceReach is how many words of a sentence are looked at from a name.
const sentenceReach = 10

// followed reports whether a noun stands right behind a name, or a word between
// that belongs to the noun: "Royal hacking group".
func (s *search) followed(p *phrase, i, end int, strange bool) bool {
	n := s.own(end)
	if !s.touches(n, p.place) {
		return false
	}
	between := s.nouns[s.words[n].hash] == noSupport
	if !between && adjective(p.exact) && (s.begins(i) || s.headline(i)) {
		return false // Global ransomware attacks
	}
	if between {
		if n++; p.place || !s.qualifies(n-1) || !s.touches(n, false) {
			return false
		}
	}
	switch s.nouns[s.words[n].hash] {
	case nearby:
		return !p.place || !s.incident(n+1)
	case beside:
		return (!between || !strange) && !s.led(i) && (!kin(s.word(n)) || s.told(i, n))
	}
	return false
}

// hyphened reports whether a name is the end of a longer word: Post-Quantum.
func (s *search) hyphened(i int) bool {
	return i > 0 && s.words[i].from == s.words[i-1].to+1 && s.text[s.words[i-1].to] == '-' && s.nouns[s.words[i-1].hash] == noSupport && !isDigit(s.text[s.words[i-1].from])
}

// adjective reports whether a name says of what sort some malware is, so that one
// with which a sentence begins is none.
func adjective(name string) bool {
	switch strings.ToLower(name) {
	case "global", "silent", "evasive", "fake", "hidden", "secret", "rapid", "dark", "underground", "lethal", "evil", "public", "private", "modern", "total", "mass", "random", "special", "free", "open",
		"active", "digital", "virtual", "universal", "explosive", "ferocious", "pompous", "planetary", "nocturnal", "magic", "nasty", "invisible", "stealth", "smart", "simple", "rogue", "brutal", "deep", "black", "red", "blue":
		return true
	}
	return false
}

// incident reports whether word n says that a noun before it is what befell a place:
// "the Nevada ransomware attack".
func (s *search) incident(n int) bool {
	if n >= len(s.words) || !s.blank(n) {
		return false
	}
	switch strings.ToLower(s.word(n)) {
	case "attack", "attacks", "incident", "incidents", "victims", "outbreak", "response", "recovery", "crisis", "bill", "law":
		return true
	}
	return false
}

// own returns the word behind a name that ends before word n, its version and the
// ending of a genitive passed over: Royal's, Quantum 2.0.
func (s *search) own(n int) int {
	for end := n; n < min(len(s.words), end+2) && s.words[n].to-s.words[n].from < 3 && isDigit(s.text[s.words[n].from]); n++ {
		if gap := s.text[s.words[n-1].to:s.words[n].from]; gap != " " && (gap != "." || n == end) {
			break
		}
	}
	if n < len(s.words) && s.word(n) == "s" {
		if gap := s.text[s.words[n-1].to:s.words[n].from]; gap == "'" || gap == "’" {
			n++
		}
	}
	return n
}

// blank reports whether nothing but a blank stands before word n.
func (s *search) blank(n int) bool {
	gap := s.text[s.words[n-1].to:s.words[n].from]
	return gap == " " || gap == "\u00a0"
}

// touches reports whether word n stands right behind the word before, but for
// quotation marks, brackets and the like.
func (s *search) touches(n int, plain bool) bool {
	if n >= len(s.words) {
		return false
	}
	gap := s.text[s.words[n-1].to:s.words[n].from]
	return len(gap) < 8 && !strings.ContainsAny(gap, "\n.,;:!?") && (!plain || !strings.ContainsAny(gap, "()"))
}

// qualifies reports whether word n says which sort of thing the noun behind it is.
func (s *search) qualifies(n int) bool {
	w := s.word(n)
	if len(w) == 2 && w[0] == 'v' && isDigit(w[1]) {
		return true
	}
	switch strings.ToLower(w) {
	case "hacking", "hacker", "cyber", "cybercrime", "cybercriminal", "criminal", "espionage", "apt", "banking", "mobile", "android", "linux", "windows", "esxi",
		"double", "triple", "data", "information", "credential", "password", "file", "crypto", "remote", "modular", "exploit", "new", "adlı", "isimli":
		return true
	}
	return false
}

// kin reports whether a noun is said of people and companies as well: the Royal
// family, Everest Group.
func kin(noun string) bool {
	switch noun {
	case "family", "families", "Family", "Group", "Team":
		return true
	}
	return false
}

// told reports whether a word near a name says in its sentence that it is about
// attackers, the word at except not counted.
func (s *search) told(i, except int) bool {
	for n := i - 1; n >= max(0, i-sentenceReach) && !s.ends(n+1); n-- {
		if s.nouns[s.words[n].hash] == nearby || strings.EqualFold(s.word(n), "malware") {
			return true
		}
	}
	for n := i + 1; n < min(len(s.words), i+sentenceReach) && !s.ends(n); n++ {
		if n != except && (s.nouns[s.words[n].hash] == nearby || strings.EqualFold(s.word(n), "malware")) {
			return true
		}
	}
	return false
}

// ends reports whether a sentence or line ends before word n.
func (s *search) ends(n int) bool {
	return strings.ContainsAny(s.text[s.words[n-1].to:s.words[n].from], ".;!?\n")
}

// preceded reports whether a noun stands right before a name, or one that other
// words join to it: "gangs such as Fog".
func (s *search) preceded(p *phrase, i, end int) bool {
	if s.afterHan(i) || s.rendered(i) {
		return true
	}
	if i == 0 || s.goesOn(end) {
		return false
	}
	gap := s.text[s.words[i-1].to:s.words[i].from]
	if len(gap) > 8 || strings.ContainsAny(gap, "\n.,;!?") || p.place && strings.ContainsAny(gap, ":()") {
		return false
	}
	if i > 1 && s.text[s.words[i-2].to:s.words[i-1].from] == "\u200c" && s.nouns[s.words[i-2].hash] == nearby {
		return true // written as two in Persian
	}
	if s.nouns[s.words[i-1].hash] != noSupport {
		return !kin(s.word(i-1)) || s.told(i, -1)
	}
	return s.joined(i-1, p.place) || s.equated(i-1, end)
}

// equated reports whether word m says of the noun before it that it is the name up
// to end, with which the clause ends: "the ransomware was Cuba".
func (s *search) equated(m, end int) bool {
	if m == 0 || s.word(m) != "was" && s.word(m) != "is" || !s.blank(m) || s.nouns[s.words[m-1].hash] == noSupport || !s.closes(end, false) {
		return false
	}
	for n := m - 2; n >= max(0, m-4) && !s.ends(n+1); n-- {
		switch s.word(n) {
		case "of", "for", "by", "behind", "from", "in", "against":
			return false // the target of the gang was Cuba
		}
	}
	return true
}

// joined reports whether word m joins what follows it, which may be a place, to a
// noun.
func (s *search) joined(m int, place bool) bool {
	if m == 0 || s.ends(m) {
		return false
	}
	before := s.word(m - 1)
	switch s.word(m) {
	case "called", "named", "dubbed", "codenamed", "nicknamed", "like", "including", "namely":
		return s.noun(m-1, 2)
	case "as":
		switch before {
		case "such", "known", "tracked", "identified", "dubbed", "named", "to": // referred to as
			return m > 1 && s.noun(m-2, 4)
		}
	case "itself", "themselves":
		return m > 1 && (before == "calling" || before == "calls" || before == "call") && s.noun(m-2, 2)
	case "behind":
		return !place && (s.partOf(m-1) || before == "attackers" || s.noun(m-1, 1))
	case "by":
		switch before {
		case "encrypted", "ransomed", "extorted", "hacked", "breached":
			return !place
		}
	case "used", "uses", "using":
		return !place && s.known(m-1)
	case "deployed", "deploys", "deploying", "dropped", "drops", "delivered", "delivers", "distributes", "distributed":
		return !place && (s.known(m-1) || s.noun(m-1, 1) || strings.EqualFold(before, "attackers") || strings.EqualFold(before, "adversaries"))
	}
	switch {
	case place:
	case s.word(m) == "of":
		return s.partOf(m - 1)
	case s.roles[s.words[m].hash]&joining != 0 && s.blank(m):
		return s.partOf(m-1) || s.noun(m-1, 1)
	}
	return false
}

// partOf reports whether word m is who or what belongs to attackers.
func (s *search) partOf(m int) bool { return s.roles[s.words[m].hash]&ofThem != 0 }

// noun reports whether a word that says what names are is one of most words up to
// m, in one sentence.
func (s *search) noun(m, most int) bool {
	for n := m; n > max(-1, m-most); n-- {
		if s.nouns[s.words[n].hash] != noSupport {
			return true
		}
		if n > 0 && s.ends(n) {
			return false
		}
	}
	return false
}

// known reports whether the last name found ends with word m.
func (s *search) known(m int) bool {
	if len(s.out) == 0 {
		return false
	}
	o := s.out[len(s.out)-1]
	return named(o.Entity.Kind) && o.Offset+o.Length == int(s.words[m].to)
}

// attacks reports whether word i, right behind a name, is what attackers do, or what
// those do of whom the sentence tells.
func (s *search) attacks(i int) bool {
	if i >= len(s.words) || !s.blank(i) {
		return false
	}
	if s.roles[s.words[i].hash]&theirDeed != 0 || s.auxiliary(i) && i+1 < len(s.words) && s.blank(i+1) && s.roles[s.words[i+1].hash]&theirDeed != 0 {
		return true
	}
	switch s.word(i) {
	case "attacked", "targeted", "hacked", "breached", "compromised", "extorted", "exfiltrated", "infiltrated":
		return true
	case "encrypted", "encrypts", "leaked", "demanded", "demands", "ransomed":
		return s.told(i, -1) || s.oneOf(i+1, "files", "data", "systems", "servers", "computers", "victims")
	case "claimed", "claims", "listed", "lists", "posted", "hit", "added":
		if s.rival(i) {
			return true
		}
	}
	switch s.word(i) {
	case "claimed", "claims":
		return s.told(i, -1) || s.oneOf(i+1, "responsibility", "attack", "attacks", "breach", "hack")
	}
	return false
}

// rival reports whether another that claims something was named shortly before word
// i, which says that a name before it does: "Akira claimed a bank; Medusa listed".
func (s *search) rival(i int) bool {
	if len(s.out) == 0 {
		return false
	}
	o := s.out[len(s.out)-1]
	for n := len(s.out) - 1; n >= max(0, len(s.out)-4) && !named(o.Entity.Kind); n-- {
		o = s.out[n]
	}
	const far = 90 // bytes
	end := o.Offset + o.Length
	if i+1 >= len(s.words) || !s.capital(i+1) && s.word(i+1) != "the" && !isDigit(s.word(i + 1)[0]) {
		return false
	}
	if o.Entity.Kind != intel.Malware && o.Entity.Kind != intel.Actor || int(s.words[i].from)-end > far || strings.Contains(s.text[end:s.words[i].from], "\n\n") {
		return false
	}
	for _, verb := range []string{" claimed ", " claims ", " listed ", " lists ", " posted "} {
		if strings.HasPrefix(s.text[end:], verb) {
			return true
		}
	}
	return false
}

// auxiliary reports whether word i is one with which some languages form the past.
func (s *search) auxiliary(i int) bool {
	switch s.word(i) {
	case "a", "ont", "ha", "han", "hat", "haben", "hanno":
		return true
	}
	return false
}

// oneOf reports whether word n, or the one behind it, is one of some.
func (s *search) oneOf(n int, some ...string) bool {
	for last := n + 2; n < min(len(s.words), last) && s.blank(n); n++ {
		if slices.Contains(some, s.word(n)) {
			return true
		}
	}
	return false
}

// defined reports whether what stands behind a name, whose last word is before i,
// says what it is: "Silence, a Russian-speaking group", "Fog is a new ransomware".
func (s *search) defined(i int) bool {
	n := i
	if n >= len(s.words) {
		return false
	}
	switch s.text[s.words[n-1].to:s.words[n].from] {
	case ", ", " – ", " — ", ": ", ":** ":
	case " ", "\u00a0":
		switch s.word(n) {
		case "is", "was", "are", "were", "became", "remains":
			n++
		case "has", "had":
			if n++; n < len(s.words) && (s.word(n) == "been" || s.word(n) == "become") {
				n++
			}
		default:
			return false
		}
	default:
		return false
	}
	if n >= len(s.words) {
		return false
	}
	switch strings.ToLower(s.word(n)) {
	case "a", "an", "the", "another":
	case "one", "among":
		for n+1 < len(s.words) && (s.word(n+1) == "of" || s.word(n+1) == "the") {
			n++
		}
	default:
		return n > i && s.nouns[s.words[n].hash] == nearby // Locked is ransomware
	}
	return s.headed(n + 1)
}

// headed reports whether the words from n on, as far as they describe one thing,
// have a noun that names are of.
func (s *search) headed(from int) bool {
	const most = 6
	for n := from; n < min(len(s.words), from+most); n++ {
		if strings.ContainsAny(s.text[s.words[n-1].to:s.words[n].from], ",.;:!?()\n") {
			return false
		}
		switch s.word(n) {
		case "of", "for", "by", "in", "on", "at", "with", "to", "from", "and", "that", "which", "who", "where", "against":
			return false
		}
		if s.nouns[s.words[n].hash] != noSupport {
			return true
		}
	}
	return false
}

// personal reports whether a name is part of a longer one that nobody knows: a
// word with a capital stands right beside it, or the state that a city is in.
func (s *search) personal(i, end int) bool { return s.goesOn(end) || s.led(i) }

// goesOn reports whether a name goes on with the word at end.
func (s *search) goesOn(end int) bool {
	if end >= len(s.words) || !s.capital(end) {
		return false
	}
	switch s.text[s.words[end-1].to:s.words[end].from] {
	case " ", "\u00a0", "-":
		return s.nouns[s.words[end].hash] == noSupport
	case ", ":
		return state(s.word(end))
	}
	return false
}

// led reports whether the word before i begins a longer name.
func (s *search) led(i int) bool {
	if i == 0 || !s.blank(i) || !s.capital(i-1) || s.nouns[s.words[i-1].hash] != noSupport || s.known(i-1) || s.people(i-1) {
		return false
	}
	return !s.begins(i-1) || !opener(s.word(i-1))
}

// people reports whether the last name found is that of a country and is word m.
func (s *search) people(m int) bool {
	return slices.ContainsFunc(s.out[max(0, len(s.out)-2):], func(o intel.Observation) bool {
		return o.Entity.Kind == intel.Country && o.Offset+o.Length == int(s.words[m].to)
	})
}

// begins reports whether word i is the first of a sentence or line, where a
// capital says nothing.
func (s *search) begins(i int) bool {
	return i == 0 || strings.ContainsAny(s.text[s.words[i-1].to:s.words[i].from], ".\n:!?•*")
}

// opener reports whether a word with which a sentence begins is none of a name.
func opener(word string) bool {
	word = strings.ToLower(word)
	for _, ending := range []string{"ly", "ing", "ed"} {
		if len(word) > 4 && strings.HasSuffix(word, ending) {
			return true
		}
	}
	switch word {
	case "a", "an", "the", "this", "that", "these", "those", "their", "its", "his", "our", "your", "my", "some", "any", "all", "both", "each", "other", "another", "many", "most", "no", "not", "new", "old",
		"in", "on", "at", "by", "of", "for", "from", "with", "without", "to", "into", "under", "over", "between", "like", "unlike", "via", "per", "against", "about", "through", "during", "within",
		"and", "or", "but", "nor", "as", "if", "so", "yet", "while", "when", "where", "who", "what", "how", "why", "which", "because", "since", "although", "though", "after", "before", "until", "once", "then", "than",
		"he", "she", "it", "we", "you", "they", "is", "are", "was", "were", "has", "have", "had", "can", "could", "may", "might", "will", "would", "does", "did", "do", "also", "only", "even", "now", "here", "there",
		"today", "yesterday", "however", "meanwhile", "thus", "still", "again", "first", "second", "third", "one", "two", "three",
		"der", "die", "das", "ein", "eine", "le", "la", "les", "un", "une", "el", "los", "il", "o", "os", "en", "von", "de", "du", "des", "auch", "groupe", "grupo":
		return true
	}
	return false
}

// state reports whether a word is a state that stands behind its cities.
func state(word string) bool {
	switch word {
	case "Alabama", "Alaska", "Arizona", "Arkansas", "California", "Colorado", "Connecticut", "Delaware", "Florida", "Georgia", "Hawaii", "Idaho", "Illinois", "Indiana", "Iowa", "Kansas", "Kentucky", "Louisiana", "Maine",
		"Maryland", "Massachusetts", "Michigan", "Minnesota", "Mississippi", "Missouri", "Montana", "Nebraska", "Nevada", "Ohio", "Oklahoma", "Oregon", "Pennsylvania", "Tennessee", "Texas", "Utah", "Vermont", "Virginia",
		"Wisconsin", "Wyoming", "AZ", "CA", "FL", "IL", "MI", "NV", "NY", "OH", "OR", "PA", "TX", "VA", "WA":
		return true
	}
	return false
}

func (s *search) capital(i int) bool {
	r, _ := utf8.DecodeRuneInString(s.text[s.words[i].from:])
	return unicode.IsUpper(r)
}

// compound reports whether what stands behind a name makes it another's: what is
// called Snake is no Snake Keylogger.
func (s *search) compound(end int) bool {
	if end >= len(s.words) || !s.blank(end) {
		return false
	}
	switch s.word(end) {
	case "Keylogger", "Stealer", "InfoStealer", "Infostealer", "Miner", "Clipper", "Crypter":
		return true
	}
	return false
}

// person reports whether a name that is also a person's is that of one here: with
// another name beside it, or told of as no attacker is.
func (s *search) person(p *phrase, i, end int) bool {
	if !p.person || s.followed(p, i, end, false) || s.headline(i) {
		return false
	}
	life := end+1 < len(s.words) && (s.word(end) == "is" || s.word(end) == "was") && (s.word(end+1) == "a" || s.word(end+1) == "an") && !s.headed(end+2)
	return s.led(i) || s.goesOn(end) || life && !s.told(i, -1)
}

// headline reports whether the words around word i are written with capitals
// throughout, so that those say nothing.
func (s *search) headline(i int) bool {
	small := func(n int) bool { return s.words[n].to-s.words[n].from > 3 && !s.capital(n) }
	for n := i - 1; n >= max(0, i-6) && !s.ends(n+1); n-- {
		if small(n) {
			return false
		}
	}
	for n := i + 1; n < min(len(s.words), i+6) && !s.ends(n); n++ {
		if small(n) {
			return false
		}
	}
	return true
}
