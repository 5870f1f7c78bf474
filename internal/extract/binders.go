package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// A support says how a noun makes an ambiguous name beside it one.
type support int

const (
	noSupport support = iota
	beside            // said of much else too
	nearby            // said of attackers and their malware alone
)

// A role is what other words do for a name; a word may do several things.
type role uint8

const (
	ofThem    role = 1 << iota // belongs to attackers: operators of
	joining                    // joins a name to its noun: of, called
	theirDeed                  // what attackers do, behind a name
	ofCrime                    // what is told of attackers
	ofFlaw                     // a flaw of what is beside it
)

// Binders are the words of all languages that say what a name near them is.
type binders struct {
	nouns map[uint32]support
	roles map[uint32]role
	// signs and crimes are those of several signs, each of which is a word.
	signs, crimes, flaws []string
}

func newBinders(words map[reference.Binding][]string) binders {
	b := binders{nouns: map[uint32]support{}, roles: map[uint32]role{}}
	for kind, is := range map[reference.Binding]role{reference.Members: ofThem, reference.Joins: joining, reference.Attacks: theirDeed, reference.Crime: ofCrime, reference.Flaws: ofFlaw} {
		for _, w := range words[kind] {
			switch {
			case !signs(w):
				b.roles[hashOf(w)] |= is
			case is == ofFlaw:
				b.flaws = append(b.flaws, w)
			default:
				b.crimes = append(b.crimes, w)
			}
		}
	}
	for kind, is := range map[reference.Binding]support{reference.Sure: nearby, reference.Beside: beside} {
		for _, w := range words[kind] {
			if signs(w) {
				b.signs = append(b.signs, w)
				continue
			}
			b.nouns[hashOf(w)] = max(is, b.nouns[hashOf(w)])
		}
	}
	return b
}

// signs reports whether a word is several signs of a script without blanks.
func signs(word string) bool {
	r, size := utf8.DecodeRuneInString(word)
	return isHan(r) && size < len(word)
}

// afterHan reports whether a word of a script without blanks right before word i
// says what it is, be the name written in that script in between: 黑客组织拉撒路（Lazarus）.
func (s *search) afterHan(i int) bool {
	before := strings.TrimRight(s.text[max(0, int(s.words[i].from)-72):s.words[i].from], " \"“”‘’「『《【(（:：")
	if r, _ := utf8.DecodeLastRuneInString(before); !isHan(r) {
		return false
	}
	bracket := strings.TrimLeft(s.text[int(s.words[i].from)-min(int(s.words[i].from), 3):s.words[i].from], " ")
	within := strings.HasSuffix(bracket, "(") || strings.HasSuffix(bracket, "（")
	const most = 7 // signs of a name
	for n := 0; n <= most && before != ""; n++ {
		for _, noun := range s.signs {
			if strings.HasSuffix(before, noun) && (n == 0 || utf8.RuneCountInString(noun) > 3) {
				return true
			}
		}
		if !within {
			break
		}
		r, size := utf8.DecodeLastRuneInString(before)
		if !isHan(r) && r != ' ' && r != '·' {
			break
		}
		before = before[:len(before)-size]
	}
	return false
}

// rendered reports whether a name from word i on stands in brackets behind what is
// the same in another script, before which a noun stands: "группа Лазарь (Lazarus)".
func (s *search) rendered(i int) bool {
	if i < 2 || !s.blank(i-1) || s.text[s.words[i-1].to:s.words[i].from] != " (" || s.nouns[s.words[i-2].hash] == noSupport {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s.word(i - 1))
	own, _ := utf8.DecodeRuneInString(s.word(i))
	return unicode.IsLetter(r) && scriptOf(r) != scriptOf(own)
}

// renowned reports whether a name that is also another's is that of attackers so
// well known that a sentence of attacks means them: the short name of the Lazarus
// Group. What only looks like it is written otherwise: a redline, a sidewinder.
func renowned(name string) bool {
	switch name {
	case "Lazarus", "RedLine", "SideWinder":
		return true
	}
	return false
}

// infamous reports whether a renowned name from word i to end stands in a sentence
// that tells of a crime, as no part of a longer name, and as nobody else.
func (s *search) infamous(p *phrase, i, end int, o intel.Observation) bool {
	return renowned(p.exact) && o.Text == p.exact && !s.personal(i, end) && !s.another(end) && !s.proverbial(end) && s.criminal(i, end)
}

// another reports whether what stands from word n on says that a name before it is
// that of a work or a creature.
func (s *search) another(n int) bool {
	if n >= len(s.words) || !s.blank(n) {
		return false
	}
	if s.word(n) == "is" || s.word(n) == "was" {
		if n += 2; n >= len(s.words) || !article(s.word(n-1)) || !s.blank(n) {
			return false
		}
	}
	switch strings.ToLower(s.word(n)) {
	case "anime", "manga", "novel", "album", "soundtrack", "trilogy", "comic", "cartoon", "genus", "species", "jellyfish", "goddess", "deity", "constellation", "nebula":
		return true
	}
	return false
}

// proverbial reports whether word n goes on a name that everybody knows from
// elsewhere: an effect, a pit, the dead who was raised.
func (s *search) proverbial(n int) bool {
	if n >= len(s.words) || !s.blank(n) {
		return false
	}
	switch strings.ToLower(s.word(n)) {
	case "effect", "syndrome", "phenomenon", "sign", "pit", "ide", "compiler", "taxon", "taxa", "film", "movie", "statue", "school", "river", "legend", "story", "moment":
		return true
	case "was", "is":
		return n+1 < len(s.words) && s.word(n+1) == "raised"
	}
	return false
}

// criminal reports whether a sentence tells of a crime near the words from i to end,
// and of no language of programs that is called so.
func (s *search) criminal(i, end int) bool {
	found := false
	for n := i - 1; n >= max(0, i-sentenceReach) && !s.ends(n+1); n-- {
		if pascal(s.word(n)) {
			return false
		}
		found = found || s.crime(n)
	}
	for n := end; n < min(len(s.words), end+sentenceReach) && !s.ends(n); n++ {
		if pascal(s.word(n)) {
			return false
		}
		found = found || s.crime(n) || s.loot(n)
	}
	return found || s.crimeInSigns(i, end)
}

// pascal reports whether a word speaks of programs that are written with the IDE
// called Lazarus.
func pascal(word string) bool {
	switch strings.ToLower(word) {
	case "pascal", "freepascal", "delphi", "ide", "lcl", "dead":
		return true
	}
	return false
}

// crime reports whether word n tells of attackers.
func (s *search) crime(n int) bool {
	return s.roles[s.words[n].hash]&(ofCrime|theirDeed) != 0 || s.nouns[s.words[n].hash] == nearby
}

// loot reports whether word n is a verb for theft and money or data is what was
// stolen: "stole $620M".
func (s *search) loot(n int) bool {
	switch s.word(n) {
	case "stole", "steals", "stolen", "siphoned", "looted", "drained", "laundered", "launders":
	default:
		return false
	}
	for m, last := n+1, n+6; m < min(len(s.words), last) && !s.ends(m); m++ {
		if strings.ContainsAny(s.text[s.words[m-1].to:s.words[m].from], "$€£¥") || s.oneOf(m, "million", "billion", "data", "files", "credentials", "funds", "bitcoin", "Bitcoin", "ETH", "USD", "documents", "secrets", "tokens") {
			return true
		}
	}
	return false
}

// crimeInSigns reports whether a script without blanks tells of a crime around the
// words from i to end.
func (s *search) crimeInSigns(i, end int) bool {
	const reach = 96
	from, to := max(0, int(s.words[i].from)-reach), min(len(s.text), int(s.words[end-1].to)+reach)
	around := s.text[from:to]
	if ascii(around) {
		return false
	}
	for _, w := range s.crimes {
		if strings.Contains(around, w) {
			return true
		}
	}
	return false
}

// accused reports whether somebody blames what stands from word i to end, a name,
// for a crime: "the FBI blamed Silence for the heist".
func (s *search) accused(i, end int) bool {
	if i == 0 || !s.blank(i) {
		return false
	}
	switch before := s.word(i - 1); before {
	case "blamed", "blames", "accused", "accuses", "blaming", "accusing":
	case "to", "on":
		if i < 2 || !s.blank(i-1) {
			return false
		}
		switch s.word(i - 2) {
		case "attributed", "attributes", "linked", "attribute", "pinned", "links", "tied":
		default:
			return false
		}
	default:
		return false
	}
	return s.criminal(i, end)
}
