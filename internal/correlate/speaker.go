package correlate

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// A speaker is who speaks in a document, and for whom.
type speaker struct {
	author intel.Entity // the handle that wrote a post; zero if nobody did
	self   bool         // it speaks of what it does itself
	boasts bool         // it claims attacks of its own
	asks   bool         // it asks for something, or tells of work on it
	means  []Guess      // what it means to do, of who speaks of itself
	signed intel.Entity // the actor it speaks for
}

// speaker finds out who speaks. In forums, markets and rooms people speak for
// themselves unless they quote; in public posts and mails they mostly tell of
// others, unless they say "we" and sign.
func (g *gathering) speaker(p *page) speaker {
	var by speaker
	d := g.doc
	if !d.Genre.HasAccounts() {
		return by
	}
	by.author, _ = Author(d)
	said := cues().find(cues().find(nil, lower(p.text), 0), lower(g.doc.Title), 0)
	says := func(c cue) bool { return slices.ContainsFunc(said, func(h hit) bool { return h.class == c }) }
	_, relays := d.Quoted()
	quoting := relays || strings.HasPrefix(p.text, "RT @") || strings.HasPrefix(p.text, ">") || len(d.References) > 0
	by.signed = signature(p, quoting)
	switch d.Genre {
	case intel.LeakSite:
		by.self, by.boasts = true, true
	case intel.Forum, intel.Market, intel.Chat:
		by.self = !quoting
		by.boasts = by.self && says(boast)
	case intel.Social, intel.Mail:
		by.self = !quoting && (by.signed.Name != "" || p.actors == 0 && (says(self) || says(offer)))
		by.boasts = by.self && by.signed.Name != "" && says(boast)
	}
	if by.self {
		by.means = shippedMeaning().Guesses(d.Genre, d.Title+"\n"+p.prose)
		researches := func(g Guess) bool { return g.Label == research }
		by.asks = says(wants) || says(study) || slices.ContainsFunc(by.means, researches)
	}
	return by
}

// Author returns who wrote a post: a handle, or the group that a leak site is
// of. Of genres without accounts it is false: a vendor is a source.
func Author(d intel.Document) (intel.Entity, bool) {
	if d.Author == "" || !d.Genre.HasAccounts() {
		return intel.Entity{}, false
	}
	if d.Genre == intel.LeakSite { // who runs the site speaks as the group
		return intel.NewEntity(intel.Actor, strings.TrimPrefix(d.Author, "leaksite/")), true
	}
	return intel.NewEntity(intel.Handle, within(d.Source, d.Author)), true
}

// Room returns the room, board, market or list that something was said in, if
// it is known.
func Room(d intel.Document) (intel.Entity, bool) {
	if d.Channel == "" || d.Genre == intel.Report || d.Genre == intel.Advisory {
		return intel.Entity{}, false
	}
	return intel.NewEntity(intel.Channel, within(d.Source, d.Channel)), true
}

// within puts the network before a name that lacks it.
func within(network intel.SourceID, name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return string(network) + "/" + name
}

// signature returns the actor that a text ends with or says it is: the group
// its author speaks for.
func signature(p *page, quoting bool) intel.Entity {
	if quoting {
		return intel.Entity{}
	}
	end := len(strings.TrimRightFunc(p.text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }))
	for _, m := range p.mentions {
		if m.Entity.Kind != intel.Actor {
			continue
		}
		if m.end() == end && signs(p.text[:m.Offset]) {
			return m.Entity
		}
		for _, h := range cues().find(nil, lower(p.text[max(0, m.Offset-24):m.Offset]), 0) {
			if h.class == self && min(m.Offset, 24)-h.to <= 2 && !strings.HasPrefix(p.text[m.end():], "'") {
				return m.Entity // "we are X"
			}
		}
	}
	return intel.Entity{}
}

// signs reports whether what follows before stands alone, as a name at the end
// of a letter does.
func signs(before string) bool {
	trimmed := strings.TrimRight(before, " \t\r\n-–—~")
	r, _ := utf8.DecodeLastRuneInString(trimmed)
	return trimmed == "" || strings.ContainsRune(".!?。！？؟:,)", r) || strings.HasSuffix(before, "\n")
}

// subjects returns whose doings a sentence of the document tells: of a post by
// somebody who speaks of himself, the author and whom he speaks for.
func (by speaker) subjects(main intel.Entity) []owner {
	var out []owner
	if by.author.Kind == intel.Actor {
		return []owner{{by.author, sentenceWeight}}
	}
	if by.self && by.author.Name != "" {
		out = append(out, owner{by.author, sentenceWeight})
	}
	if by.signed.Name != "" {
		return append(out, owner{by.signed, paragraph})
	}
	if main.Name != "" {
		return append(out, owner{main, implied})
	}
	return out
}

// speech gives what somebody looks into and offers, with the sentence as the
// quote.
func (g *gathering) speech(s *sentence, by speaker, t *topic) {
	who := g.speakers(s, by, t)
	if len(who) == 0 {
		return
	}
	offset, length := s.quote()
	for _, m := range s.mentions {
		switch m.Entity.Kind {
		case intel.Vulnerability, intel.Product, intel.Technique, intel.Tool, intel.Malware:
			g.interest(s, by, t, who, m, offset, length)
		}
	}
}

// interest gives what a sentence says its speakers look into or sell.
func (g *gathering) interest(s *sentence, by speaker, t *topic, who []owner, m mention, offset, length int) {
	e := m.Entity
	soft := e.Kind == intel.Tool || e.Kind == intel.Malware
	asks := s.says(wants) || (s.says(study) || by.asks || t.asks) && e.Kind != intel.Technique && (by.self || s.governing(m.Offset, m.end(), study, exploit) != exploit)
	if g.doc.Genre == intel.Report || g.doc.Genre == intel.Advisory {
		asks = s.says(wants) && len(s.actors) > 0
	}
	for _, o := range who {
		if asks && !soft {
			g.say(intel.Link{From: o.entity, Relation: intel.Researches, To: e}, o.weight, intel.Supports, intel.Context{}, offset, length)
		}
		if by.self && o.entity == by.author && s.says(offer) && e.Kind != intel.Technique {
			g.say(intel.Link{From: o.entity, Relation: intel.Offers, To: e}, o.weight, intel.Supports, intel.Context{}, offset, length)
		}
	}
}

// speakers returns whom a sentence speaks of as meaning or wanting something.
func (g *gathering) speakers(s *sentence, by speaker, t *topic) []owner {
	if by.self {
		return by.subjects(s.page.main)
	}
	if len(s.actors) > 0 {
		return []owner{{s.actors[0].Entity, sentenceWeight}}
	}
	if len(t.actors) > 0 {
		return shared(t.actors[:1], paragraph)
	}
	if s.page.main.Name != "" {
		return []owner{{s.page.main, implied}}
	}
	return nil
}

// handles links a nick that the sentence gives away to its actor: "the account
// x on Y belongs to Z".
func (g *gathering) handles(s *sentence, t *topic) {
	if len(s.actors) == 0 || s.says(negation) || s.page.denied {
		return
	}
	from, to := s.nick()
	if to == from {
		return
	}
	who := s.actors[0]
	aside := who.Offset >= to && who.Offset-to <= 24 // "nick" (that is X)
	network := s.network(from, to)
	if network == "" || !aside && !s.says(speaks) && !s.says(account) {
		return
	}
	e := intel.NewEntity(intel.Handle, network+"/"+s.page.text[from:to])
	g.say(intel.Link{From: e, Relation: intel.PartOf, To: who.Entity}, 0.75, intel.Supports, intel.Context{}, from, to-from)
}

// nick returns where the sentence has a word that can only be a nick: written
// without a capital and with a sign or digit inside, or named as an account.
func (s *sentence) nick() (from, to int) {
	text := s.page.text
	for i := s.from; i < s.to; {
		end := i
		for end < s.to && nameByte(text, end) && text[end] < utf8.RuneSelf {
			end++
		}
		if end == i {
			_, size := utf8.DecodeRuneInString(text[i:])
			i += size
			continue
		}
		w := text[i:end]
		if len(w) >= 4 && !s.taken(i, end) && strings.ContainsAny(w, "_0123456789") && strings.ContainsAny(w, "abcdefghijklmnopqrstuvwxyz") && !unicode.IsUpper(rune(w[0])) && w[0] > '9' {
			return i, end
		}
		i = end
	}
	for _, h := range s.hits {
		if h.class != account {
			continue
		}
		i := h.to + len(text[h.to:s.to]) - len(strings.TrimLeft(text[h.to:s.to], quotes+" :@"))
		end := i
		for end < s.to && text[end] < utf8.RuneSelf && nameByte(text, end) {
			end++
		}
		if end-i >= 5 && i > h.to && !s.taken(i, end) && !slices.ContainsFunc(s.hits, func(h hit) bool { return h.from == i }) {
			return i, end
		}
	}
	return s.from, s.from
}

// network returns the slug of the place that a nick is said to be active in:
// of those that a sentence names, the nearest.
func (s *sentence) network(from, to int) string {
	text := s.page.text
	best, distance := "", 64
	try := func(f, t int) {
		if t <= f || s.taken(f, t) || f < to && from < t {
			return
		}
		if r, _ := utf8.DecodeRuneInString(text[f:]); r >= 0x250 {
			return
		}
		if d := max(from-t, f-to); d < distance {
			best, distance = strings.ToLower(strings.Fields(text[f:t])[0]), d
		}
	}
	for _, prep := range []string{" on ", " auf ", " en ", " de ", " на ", " в ", " in ", " from ", " aus ", " von ", " с ", " در ", " از "} {
		for at := s.from; ; {
			i := strings.Index(text[at:s.to], prep)
			if i < 0 {
				break
			}
			at += i + len(prep)
			try(s.nameAfter(at))
		}
	}
	for _, suffix := range []string{"上的", "截图"} { // what the Chinese put after the place
		if i := strings.Index(text[s.from:s.to], suffix); i > 0 {
			try(s.nameBefore(s.from + i))
		}
	}
	return best
}
