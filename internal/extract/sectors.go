package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// meant reports whether an ordinary word from i to end stands for a sector: those
// behind it are its companies, or it is whom somebody attacks. Other sectors may
// stand in a list with it: "manufacturing, retail and energy companies".
func (s *search) meant(p *phrase, i, end int) bool {
	if vendors(p.entity.Name) || vendors(strings.ToLower(p.exact)) || shouted(p.exact) && s.text[s.words[i].from:s.words[end-1].to] != p.exact {
		return false
	}
	if i > 0 {
		switch s.word(i - 1) {
		case "your", "our", "Your", "Our": // who pays or helps, not who is attacked
			return false
		}
	}
	const most = 8 // sectors in a list
	s.steps += most
	for n := 0; n < most && end < len(s.words); n++ {
		gap := s.text[s.words[end-1].to:s.words[end].from]
		if gap == " " && industry(s.word(end)) {
			return true
		}
		next := end
		if w := s.word(end); w == "and" || w == "or" || w == "und" {
			next++
		}
		if next == len(s.words) || next == end && gap != ", " && gap != "/" && gap != " & " || !s.sector(next) {
			break
		}
		end = next + 1
	}
	return s.closes(end) && s.victim(i)
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
		"vertical", "verticals", "enterprises", "businesses", "corporations":
		return true
	}
	return false
}

// sector reports whether word i is the name of a sector.
func (s *search) sector(i int) bool {
	place, known := s.first.of(s.words[i].hash)
	if !known {
		return false
	}
	for _, p := range s.entries[place] {
		if p.entity.Kind == intel.Sector && len(p.hashes) == 1 {
			return true
		}
	}
	return false
}

// closes reports whether the word before end ends a clause.
func (s *search) closes(end int) bool {
	to := int(s.words[end-1].to)
	rest := strings.TrimLeft(s.text[to:min(len(s.text), to+4)], "\"”’*_)")
	return rest == "" || strings.IndexByte(".,;:\n", rest[0]) >= 0
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
		case "target", "targets", "targeted", "targeting", "attacked", "attacking", "against", "victims", "sectors", "industries", "verticals":
			return true
		}
	}
	return false
}
