package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// placed reports whether the name of a country or people that is also a person's,
// a state's or an ordinary word stands for the country: in a list with others,
// behind a word for where something is or whom somebody attacks, or as what is
// hit.
func (s *search) placed(p *phrase, i, end int) bool {
	if !s.capital(i) || isLower(p.exact) {
		return false
	}
	if people(p.exact) {
		return !s.led(i) && (!s.begins(i) || !s.determined(end))
	}
	if s.led(i) {
		return false
	}
	if state(p.exact) && s.american(end) {
		return false
	}
	return plainPlace(p.exact) && !s.goesOn(end) || s.befallen(end) || s.ranked(i, end)
}

// plainPlace reports whether a name that is a word of some language is that of the
// country alone wherever it has its capital.
func plainPlace(name string) bool {
	switch name {
	case "Turkey", "Mali", "Niger", "Togo", "Tonga", "Benin", "Gabon", "Guinea", "Congo", "Malta", "Macedonia", "Dominica":
		return true
	}
	return false
}

// american reports whether a state stands before word n, with its country behind it:
// "Georgia, USA".
func (s *search) american(n int) bool {
	if n >= len(s.words) || s.text[s.words[n-1].to:s.words[n].from] != ", " {
		return false
	}
	switch s.word(n) {
	case "US", "USA", "U", "United":
		return true
	}
	return false
}

// town reports whether a country's name from word i to end is that of a town of a
// state that stands behind it: "Lebanon, Pennsylvania". A list of countries and
// states goes on with another.
func (s *search) town(i, end int) bool {
	if end >= len(s.words) || s.text[s.words[end-1].to:s.words[end].from] != ", " || s.word(end) == "Georgia" {
		return false
	}
	last := end + 1
	if !state(s.word(end)) {
		if s.word(end) != "New" || last == len(s.words) || !s.blank(last) {
			return false
		}
		switch s.word(last) {
		case "York", "Jersey", "Hampshire":
			last++
		default:
			return false
		}
	}
	if before, _ := s.landBefore(i); before >= 0 {
		return false
	}
	next := s.comesNext(last)
	if next < 0 || s.text[s.words[last-1].to:s.words[last].from] == "; " {
		return true
	}
	n, _ := s.land(next)
	return n == 0 && !state(s.word(next))
}

// given reports whether a country's name that ends before word end is the first name
// of a person, whose last name stands there and ends a clause, or who does what
// persons do: "Israel Adesanya won". Most of what a country's name begins otherwise
// is an institution of it.
func (s *search) given(p *phrase, end int) bool {
	switch p.exact {
	case "Israel", "Kenya", "India":
	default:
		return false
	}
	if end >= len(s.words) || !s.blank(end) || !s.capital(end) || shouted(s.word(end)) || institution(s.word(end)) {
		return false
	}
	if _, known := s.first.of(s.words[end].hash); known || s.nouns[s.words[end].hash] != noSupport {
		return false // India Pakistan, Kenya Hackers
	}
	next := end + 1
	if next == len(s.words) || !s.blank(next) {
		return true
	}
	switch s.word(next) {
	case "and", "or", "who", "said", "says", "told", "wrote", "won", "wins", "lost", "sang", "sings", "plays", "played", "stars", "fought", "attended", "joined", "posted", "tweeted", "argues", "argued", "leads", "wears":
		return true
	}
	return false
}

// institution reports whether a word with a capital stands behind a country's name in
// those of its institutions and companies, or of peoples beside it.
func institution(word string) bool {
	switch word {
	case "Ministry", "Police", "Defense", "Defence", "Army", "Airways", "Airlines", "Power", "Bank", "Banks", "Railways", "Electric", "Electricity", "Aerospace", "Security", "National", "Cyber", "Today", "Times", "News", "Post",
		"Hayom", "Prisons", "Ports", "Port", "Water", "Government", "Parliament", "Revenue", "Telecom", "Telecoms", "Gas", "Oil", "Petroleum", "Land", "Lands", "Innovation", "Museum", "University", "Institute", "Securities",
		"Chemicals", "Medical", "Health", "Airport", "Airports", "Authority", "Agency", "Red", "Pipeline", "Pipelines", "Broadcasting", "Office", "Stock", "Tax", "Military", "Navy", "Air", "Space", "Nuclear",
		"Hamas", "Gaza", "Hezbollah", "Houthi", "Houthis", "War", "Conflict", "Book", "Inc", "Ltd", "Limited", "Private", "Pvt", "Group", "Company", "Corporation", "Foundation", "Union", "Centre", "Center", "Exchange", "Embassy",
		"North", "South", "East", "West", "Central", "Standard", "Time", "Meteorological", "Census", "Council", "Court", "Supreme", "Federation", "Association", "Radio", "Gate", "Mobile", "Unit", "Shipping":
		return true
	}
	return false
}

// people reports whether a name is that of a people rather than of a country.
func people(name string) bool {
	switch name {
	case "Polish", "Poles", "Georgian", "Georgians", "Swiss", "Somali", "Thais", "Danes", "Turks":
		return true
	}
	return false
}

// determined reports whether what stands at word n is what one does something to:
// "Polish your skills".
func (s *search) determined(n int) bool {
	if n >= len(s.words) {
		return false
	}
	switch s.word(n) {
	case "your", "our", "my", "his", "her", "its", "their", "the", "a", "an", "this", "that", "these", "those", "up", "off", "it", "them", "with", "and", "until":
		return true
	}
	return false
}

// befallen reports whether what stands at word n says that a country has been hit,
// or what it has: "Jordan was attacked", "Chad's government".
func (s *search) befallen(n int) bool {
	if n+1 >= len(s.words) {
		return false
	}
	gap := s.text[s.words[n-1].to:s.words[n].from]
	switch next := s.word(n + 1); s.word(n) {
	case "was", "were", "is", "are":
		switch next {
		case "hit", "attacked", "targeted", "targets", "affected", "struck", "breached", "hacked", "compromised":
			return gap == " "
		}
	case "s":
		switch next {
		case "government", "parliament", "army", "military", "ministry", "ministries", "president", "banks", "embassy", "embassies", "economy", "election", "elections", "infrastructure":
			return gap == "'" || gap == "’"
		}
	}
	return false
}

// ranked reports whether a country stands in a list with others that are beyond
// doubt, that a word for places leads, or of three and more.
func (s *search) ranked(i, end int) bool {
	const most = 12 // on either side
	s.steps += 2 * most
	members, first, last := 1, i, end
	for n := 0; n < most; n++ {
		at, sure := s.landBefore(first)
		if at < 0 {
			break
		}
		if sure {
			return true
		}
		members, first = members+1, at
	}
	for n := 0; n < most; n++ {
		at, sure := s.landBehind(last)
		if at < 0 {
			break
		}
		if sure {
			return true
		}
		members, last = members+1, at
	}
	return members > 2 || !s.goesOn(last) && s.where(first) || members > 1 && s.befallen(last)
}

// landBefore returns where the country begins that stands before word i in a list,
// -1 if none does, and whether nothing else is called so.
func (s *search) landBefore(i int) (at int, sure bool) {
	to := s.comesAfter(i)
	if to < 0 {
		return -1, false
	}
	if to > 0 && s.bracketed(to) {
		to--
	}
	if s.people(to) {
		return to, true
	}
	if n, sure := s.land(to); n == 1 {
		return to, sure
	}
	return -1, false
}

// landBehind returns where the country ends that stands behind the word before end
// in a list.
func (s *search) landBehind(end int) (to int, sure bool) {
	if end+1 < len(s.words) && s.bracketed(end) {
		end++
	}
	from := s.comesNext(end)
	if from < 0 {
		return -1, false
	}
	n, sure := s.land(from)
	if n == 0 {
		return -1, false
	}
	return from + n, sure
}

// comesAfter returns the word that stands before word i in a list, -1 if i is the
// first.
func (s *search) comesAfter(i int) int {
	switch {
	case i > 0 && separates(s.text[s.words[i-1].to:s.words[i].from]):
		return i - 1
	case i > 1 && conjunction(s.word(i-1)) && s.blank(i) && s.close(i-1):
		return i - 2
	}
	return -1
}

// comesNext returns the word that stands behind the word before end in a list, -1
// if that is the last.
func (s *search) comesNext(end int) int {
	next := end
	if next < len(s.words) && conjunction(s.word(next)) && s.close(next) {
		next++
	}
	if next >= len(s.words) || next > end && !s.blank(next) {
		return -1
	}
	switch s.text[s.words[next-1].to:s.words[next].from] {
	case " ", "\u00a0":
		if next > end {
			return next
		}
	default:
		if separates(s.text[s.words[next-1].to:s.words[next].from]) {
			return next
		}
	}
	return -1
}

// separates reports whether a gap between two words is one of a list.
func separates(gap string) bool {
	gap = strings.TrimPrefix(gap, ")") // energy (5), retail
	return gap == ", " || gap == "; " || gap == "/" || gap == " & "
}

// conjunction reports whether a word joins the last of a list.
func conjunction(word string) bool { return word == "and" || word == "or" || word == "und" }

// close reports whether word n stands behind a blank or comma.
func (s *search) close(n int) bool {
	gap := s.text[s.words[n-1].to:s.words[n].from]
	gap = strings.TrimPrefix(gap, ")")
	return gap == " " || gap == ", "
}

// land returns how many words of a country's name begin at word i, and whether
// nothing else is called so.
func (s *search) land(i int) (words int, sure bool) {
	place, known := s.first.of(s.words[i].hash)
	if !known || !s.capital(i) {
		return 0, false
	}
	for k := range s.entries[place].phrases {
		p := &s.entries[place].phrases[k]
		if p.entity.Kind != intel.Country || p.language != "" || i+len(p.hashes) > len(s.words) || isLower(p.exact) {
			continue
		}
		stretch := s.words[i : i+len(p.hashes)]
		if matches(p, stretch) && adjacent(s.text, stretch) && !people(p.exact) {
			return len(p.hashes), !p.common
		}
	}
	return 0, false
}

// where reports whether the word before i says that a place follows.
func (s *search) where(i int) bool {
	if i == 0 || !s.blank(i) {
		return false
	}
	switch strings.ToLower(s.word(i - 1)) {
	case "in", "across", "throughout", "within", "inside", "against", "targeting", "targeted", "targets", "attacked", "attacking", "affects", "affecting", "affected":
		return true
	case "of":
		return i > 1 && s.blank(i-1) && belongs(s.word(i-2))
	case "from":
		return i > 1 && s.blank(i-1) && sender(s.word(i-2))
	}
	return false
}

// belongs reports whether a word is for what countries have and persons have not.
func belongs(word string) bool {
	switch strings.ToLower(word) {
	case "government", "governments", "parliament", "parliaments", "republic", "kingdom", "ministry", "ministries", "embassy", "embassies", "president", "army", "armies", "north", "south", "island", "affairs", "universities",
		"banks", "capital":
		return true
	}
	return false
}

// sender reports whether a word is for people or things that come from a country.
func sender(word string) bool {
	switch strings.ToLower(word) {
	case "attackers", "hackers", "actors", "actor", "group", "groups", "gang", "gangs", "organizations", "organisations", "victims", "users", "citizens", "companies", "banks", "officials",
		"diplomats", "people", "traffic", "originating", "originated", "originate", "addresses", "operating", "operated", "students", "targets", "entities", "institutions", "agencies":
		return true
	}
	return false
}
