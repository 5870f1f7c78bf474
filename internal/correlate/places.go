package correlate

import (
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A country or sector in a text is where the actor is from, what it goes
// through, whom it attacks, or, more often than not, none of these: the victim's
// own country, a neighbour, who investigates. Each is told by a word that binds
// the two.

const (
	// farthest is how many bytes may stand between such a word and the place.
	farthest = 80
	// atOnce is how many may where the two belong together beyond doubt.
	atOnce = 12
	// nounWithin is how far behind an adjective its noun is looked for.
	nounWithin = 48
)

// place says what a country, sector or organization is to an actor: where it
// is from, what it goes through, or, if nothing else is said, its victim.
func (g *gathering) place(s *sentence, by speaker, who intel.Entity, m mention) (intel.Link, float64, bool) {
	to := func(r intel.Relation, worth float64) (intel.Link, float64, bool) {
		return intel.Link{From: who, Relation: r, To: m.Entity}, worth, true
	}
	if by.boasts { // who boasts speaks of a victim
		return to(intel.Targets, 1)
	}
	h := s.governor(m.Offset, m.end(), target, origin, route)
	if noun := s.nounAfter(h.to); h.class == origin && h.from >= m.end() && (noun == body || noun == target) {
		h = s.governor(m.Offset, m.end(), target) // it says where the victim is
	}
	land, told := m.Entity.Kind == intel.Country, len(s.actors) > 0 || s.refers() || s.page.brief()
	switch {
	case h.class == origin && land && told && s.homeTold(h, m):
		return to(intel.OriginatesFrom, 1)
	case h.class == route && land:
		return to(intel.RoutesThrough, 1)
	case h.class == origin || h.class == route:
		return intel.Link{}, 0, false
	case land && g.aside(s, who, h, m):
		return intel.Link{}, 0, false
	case h.class == target && (told || s.page.actors == 1) && s.reaches(h, m):
		return to(intel.Targets, 1)
	case told && (!land || s.mentionsA(intel.Sector)):
		return to(intel.Targets, 0.7) // "a manufacturer in Ruritania"
	}
	return intel.Link{}, 0, false
}

// brief reports whether a document is short and speaks of one actor alone: what
// is said in it is said of that one.
func (p *page) brief() bool { return p.actors == 1 && len(p.sentences) <= digressive }

func (s *sentence) mentionsA(k intel.Kind) bool {
	return slices.ContainsFunc(s.mentions, func(m mention) bool { return m.Entity.Kind == k })
}

// homeTold reports whether a word of origin binds a country to an actor: it
// stands before the country, with nobody between, or it makes the country an
// adjective of something that is no victim ("a Ruritania-based company").
func (s *sentence) homeTold(h hit, m mention) bool {
	if h.from < m.Offset {
		return m.Offset-h.to <= farthest && !slices.ContainsFunc(s.actors, func(a mention) bool {
			return a.Offset >= h.to && a.end() <= m.Offset && (h.phase != residence || a.Offset > h.to+1) // "there sits X in Y"
		})
	}
	noun := s.nounAfter(h.to)
	return noun != body && noun != target && noun != authority
}

// nounAfter returns which sort of noun follows a place at once: an attacker, a
// body or victim, an authority, or none of them.
func (s *sentence) nounAfter(at int) cue {
	end := min(s.to, at+nounWithin)
	if i := strings.IndexAny(s.page.text[at:end], ".;:()"); i >= 0 {
		end = at + i
	}
	for _, a := range s.actors {
		if a.Offset >= at && a.Offset < end {
			end = a.Offset
		}
	}
	for _, h := range s.hits {
		if h.from < at || h.from >= end {
			continue
		}
		switch h.class {
		case attacker, body, target, authority:
			return h.class
		}
	}
	return none
}

// aside reports whether a country is named for another reason than that it is
// attacked: it says whose an attacker or an authority is, or the actor is at home
// there. What follows a word for attacks at once is attacked all the same.
func (g *gathering) aside(s *sentence, who intel.Entity, h hit, m mention) bool {
	if h.class == target && h.to <= m.Offset && m.Offset-h.to <= atOnce {
		return false
	}
	if noun := s.nounAfter(m.end()); noun == attacker || noun == authority {
		return true
	}
	plain := h.class == target && h.to <= m.Offset && m.Offset-h.to <= 2*atOnce && len(s.actors) > 0
	return !plain && g.hails(who, m.Entity)
}

// hails reports whether the reference says that an actor is from a country.
func (g *gathering) hails(who, country intel.Entity) bool {
	f, _ := g.set.Facts(g.canonical(who))
	for _, c := range f.Countries {
		if c.Entity == country {
			return true
		}
	}
	return false
}

// reaches reports whether a word for attacks stands near a place, or near one
// that is named in a row with it.
func (s *sentence) reaches(h hit, m mention) bool {
	if h.from >= m.end() {
		return h.from-m.end() <= farthest
	}
	near := h.to
	for _, o := range s.mentions {
		if o.Offset >= near && o.end() <= m.Offset && o.Offset-near <= farthest {
			near = o.end()
		}
	}
	return m.Offset-near <= farthest
}

// refers reports whether a sentence that names no actor speaks of one that was
// named: "the group", or a pronoun to begin with.
func (s *sentence) refers() bool {
	if s.says(anaphora) {
		return true
	}
	first, _, _ := strings.Cut(strings.TrimLeft(lower(s.page.text[s.from:min(s.to, s.from+40)]), " \t\n*-•"), " ")
	switch first {
	case "it", "they", "their", "its", "он", "она", "они", "их", "его", "её", "ellos", "ellas", "sus", "su", "sie", "ihre", "آنها", "آن\u200cها":
		return true
	}
	return strings.HasPrefix(first, "他们") || strings.HasPrefix(first, "其")
}
