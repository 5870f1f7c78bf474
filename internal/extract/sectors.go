package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// longList is from how many members on a list of sectors needs no end of its own.
const longList = 4

// meant reports whether an ordinary word from i to end stands for a sector: those
// behind it are its companies, or it is whom somebody attacks. Other sectors may
// stand in a list with it: "manufacturing, retail and energy companies".
func (s *search) meant(p *phrase, i, end int) bool {
	const most = 16 // sectors on either side
	s.steps += 2 * most
	members, first := 1, i
	for ; members < most; members++ {
		at := s.sectorBefore(first)
		if at < 0 {
			break
		}
		first = at
	}
	if first > 0 && (s.word(first-1) == "your" || s.word(first-1) == "our" || s.word(first-1) == "Your" || s.word(first-1) == "Our") {
		return false // who pays or helps, not who is attacked
	}
	companies := s.industrial(first, i)
	last := end
	for n := 0; n < most; n++ {
		companies = companies || last < len(s.words) && s.blank(last) && (industry(s.word(last)) || operator(s.word(last)) && !vendors(p.entity.Name))
		to := s.sectorBehind(last)
		if to < 0 {
			break
		}
		members, last = members+1, to
		companies = companies || industry(s.word(last-1))
	}
	if members < 3 && (vendors(p.entity.Name) || vendors(strings.ToLower(p.exact))) {
		return false
	}
	if first > 0 && article(s.word(first-1)) && (s.befallen(last) || s.hit(last)) {
		return true // a bank was hit
	}
	return companies || s.victim(first) && (members >= longList || s.closes(last, members > 1))
}

// industrial reports whether a word from first to end says that a sector is meant:
// "the energy sector, retail".
func (s *search) industrial(first, end int) bool {
	for n := first; n < end; n++ {
		if industry(s.word(n)) {
			return true
		}
	}
	return false
}

func article(word string) bool {
	switch word {
	case "a", "an", "the", "A", "An", "The":
		return true
	}
	return false
}

// passed returns the word behind how many or where something is that ends before
// word end: "retail (5)", "a hospital in Ohio".
func (s *search) passed(end int) int {
	const most = 4 // words of a place
	if end+1 >= len(s.words) {
		return end
	}
	if s.bracketed(end) {
		return end + 1
	}
	if !s.blank(end) || !situates(s.word(end)) {
		return end
	}
	n := end + 1
	for n < len(s.words) && n < end+most && s.blank(n) && s.capital(n) {
		n++
	}
	if n == end+1 {
		return end
	}
	return n
}

// passedBack is [search.passed] from behind: it returns the last word before how many
// or where something is that ends with word to.
func (s *search) passedBack(to int) int {
	const most = 4
	if to < 1 {
		return to
	}
	if s.bracketed(to) {
		return to - 1
	}
	for n := to; n > max(1, to-most) && s.capital(n) && s.blank(n); n-- {
		if situates(s.word(n - 1)) {
			return n - 2
		}
	}
	return to
}

// bracketed reports whether word n is a number in brackets.
func (s *search) bracketed(n int) bool {
	to := int(s.words[n].to)
	return allDigits(s.word(n)) && s.text[s.words[n-1].to:s.words[n].from] == " (" && to < len(s.text) && s.text[to] == ')'
}

// situates reports whether a word says that a place follows.
func situates(word string) bool {
	return word == "in" || word == "near" || word == "of" || word == "from"
}

// hit reports whether a list in which one that has its place ends before word end
// was hit: "a school in Leeds, a port in Spain were hit".
func (s *search) hit(end int) bool {
	const far = 20
	n := s.passed(end)
	if n == end {
		return false
	}
	for last := n + far; n < min(len(s.words), last) && (n == end || !s.ends(n)); n++ {
		if s.befallen(n) {
			return true
		}
	}
	return false
}

// sectorBefore returns where the sector begins that stands before word i in a
// list, -1 if none does.
func (s *search) sectorBefore(i int) int {
	if i > 0 && article(s.word(i-1)) && s.blank(i) {
		i--
	}
	to := s.passedBack(s.comesAfter(i))
	for words := 3; words > 0; words-- {
		if at := to - words + 1; to >= 0 && at >= 0 && s.sector(at) == words {
			return at
		}
	}
	return -1
}

// sectorBehind returns where the sector ends that stands behind the word before
// end in a list, -1 if none does.
func (s *search) sectorBehind(end int) int {
	from := s.comesNext(s.passed(end))
	if from < 0 {
		return -1
	}
	if article(s.word(from)) && from+1 < len(s.words) && s.blank(from+1) {
		from++
	}
	if n := s.sector(from); n > 0 {
		return from + n
	}
	return -1
}

// vendors reports whether companies of a sector are those that report on attacks
// rather than those attacked, or its words are said of much else.
func vendors(sector string) bool {
	switch sector {
	case "security", "technology", "research", "digital-services", "intelligence", "legal", "development", "social-networks", "environment", "consulting",
		"it", "software", "programming", "hosting", "infrastructure", "citizens", "employment", "marketing", "advertising":
		return true
	}
	return false
}

// industry reports whether a word says that what stands before it is a sector.
func industry(word string) bool {
	switch strings.ToLower(word) {
	case "company", "companies", "firm", "firms", "organization", "organizations", "organisation", "organisations", "sector", "sectors", "industry", "industries",
		"vertical", "verticals", "enterprises", "businesses", "corporations", "entities", "institutions", "agencies", "providers", "suppliers", "supplier", "manufacturers", "manufacturer", "producers", "carriers", "contractors", "utilities":
		return true
	}
	return false
}

// operator reports whether a word is for companies that run what stands before it,
// but for software.
func operator(word string) bool { return word == "operators" || word == "operator" }

// sector returns how many words from word i on are the name of a sector.
func (s *search) sector(i int) int { return s.nameOf(intel.Sector, i) }

// nameOf returns how many words from word i on are the name of a thing of a kind, 0 if
// none are.
func (s *search) nameOf(kind intel.Kind, i int) int {
	place, known := s.first.of(s.words[i].hash)
	if !known {
		return 0
	}
	for k := range s.entries[place].phrases {
		p := &s.entries[place].phrases[k]
		if p.entity.Kind != kind || i+len(p.hashes) > len(s.words) {
			continue
		}
		if stretch := s.words[i : i+len(p.hashes)]; matches(p, stretch) && adjacent(s.text, stretch) {
			return len(p.hashes)
		}
	}
	return 0
}

// closes reports whether the word before end ends a clause, or a list behind which
// where and how follows.
func (s *search) closes(end int, list bool) bool {
	to := int(s.words[end-1].to)
	rest := strings.TrimLeft(s.text[to:min(len(s.text), to+4)], "\"”’*_)")
	if rest == "" || strings.IndexByte(".,;:\n", rest[0]) >= 0 {
		return true
	}
	if !list || end == len(s.words) || !s.blank(end) {
		return false
	}
	switch s.word(end) {
	case "in", "across", "throughout", "worldwide", "globally", "around", "since", "within", "from", "during", "over":
		return true
	}
	return false
}

// victim reports whether a word before i, in the same sentence, says that victims
// follow.
func (s *search) victim(i int) bool {
	const far = 8
	s.steps += far
	for n := i - 1; n >= max(0, i-far); n-- {
		if strings.ContainsAny(s.text[s.words[n].to:s.words[n+1].from], ".;!?\n") {
			return false
		}
		switch strings.ToLower(s.word(n)) {
		case "target", "targets", "targeted", "targeting", "attacked", "attacking", "against", "victims", "sectors", "industries", "verticals", "affected", "affecting":
			return true
		case "on":
			if n > 0 && (s.word(n-1) == "attack" || s.word(n-1) == "attacks") {
				return true
			}
		}
	}
	return false
}
