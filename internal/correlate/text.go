package correlate

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// a mention is an observation with where it stands.
type mention struct {
	intel.Observation
	sentence, paragraph int
}

// page is a document's text cut up, with its mentions.
type page struct {
	text       string
	sentences  []int // where each begins; the last entry is the end
	paragraphs []int
	mentions   []mention
	main       intel.Entity // the actor the document is about; zero if none or many
	actors     int          // different ones
	lowered    map[int]string
}

func (g *gathering) text(observations []intel.Observation) {
	p := cut(g.doc, observations)
	author, speaks := g.speaker()
	for from := 0; from < len(p.mentions); {
		to := from + 1
		for to < len(p.mentions) && p.mentions[to].paragraph == p.mentions[from].paragraph {
			to++
		}
		g.paragraph(p, p.mentions[from:to], author, speaks)
		from = to
	}
}

// cut splits the text and places the observations in it.
func cut(doc intel.Document, observations []intel.Observation) *page {
	p := &page{text: doc.Text, lowered: map[int]string{}}
	p.sentences, p.paragraphs = boundaries(doc.Text)
	counts := map[intel.Entity]int{}
	for _, o := range observations {
		if o.Suppressed != "" || o.Offset >= len(doc.Text) {
			continue
		}
		if o.Entity.Kind == intel.Actor {
			if counts[o.Entity]++; o.Offset < 0 || strings.Contains(doc.Title, o.Text) && o.Text != "" {
				counts[o.Entity] += 3 // what the title says it is about
			}
		}
		if o.Offset >= 0 {
			p.mentions = append(p.mentions, mention{o, place(p.sentences, o.Offset), place(p.paragraphs, o.Offset)})
		}
	}
	slices.SortStableFunc(p.mentions, func(a, b mention) int { return cmp.Compare(a.Offset, b.Offset) })
	p.actors = len(counts)
	p.main = about(counts)
	return p
}

// about returns the actor that most mentions are of, if they are three fifths.
func about(counts map[intel.Entity]int) intel.Entity {
	var best intel.Entity
	all := 0
	for e, n := range counts {
		all += n
		if n > counts[best] || n == counts[best] && e.Name < best.Name {
			best = e
		}
	}
	if 5*counts[best] < 3*all {
		return intel.Entity{}
	}
	return best
}

// place returns the index of the part that offset stands in.
func place(begins []int, offset int) int {
	return max(0, sort.SearchInts(begins, offset+1)-1)
}

// boundaries returns where sentences and paragraphs begin. A full stop ends a
// sentence only before white space, so that addresses stay whole.
func boundaries(text string) (sentences, paragraphs []int) {
	sentences, paragraphs = []int{0}, []int{0}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		next := i + size
		switch r {
		case '\n':
			sentences = append(sentences, next)
			if next < len(text) && (text[next] == '\n' || text[next] == '\r') {
				paragraphs = append(paragraphs, next)
			}
		case '.', '!', '?', '؟':
			if next < len(text) && (text[next] == ' ' || text[next] == '\t') {
				sentences = append(sentences, next)
			}
		case '。', '！', '？', '；':
			sentences = append(sentences, next)
		}
		i = next
	}
	return sentences, paragraphs
}

// sentence returns the lower-cased text of a sentence.
func (p *page) sentence(i int) string {
	if s, ok := p.lowered[i]; ok {
		return s
	}
	from, to := p.bounds(i)
	s := strings.ToLower(p.text[from:to])
	p.lowered[i] = s
	return s
}

func (p *page) bounds(i int) (from, to int) {
	from, to = p.sentences[i], len(p.text)
	if i+1 < len(p.sentences) {
		to = p.sentences[i+1]
	}
	return from, to
}

// quote is where the words of a sentence stand, without the blanks around.
func (p *page) quote(i int) (offset, length int) {
	from, to := p.bounds(i)
	trimmed := strings.TrimSpace(p.text[from:to])
	return from + strings.Index(p.text[from:to], trimmed), len(trimmed)
}

// speaker returns the handle that wrote a post and whether its genre is one in
// which people speak for themselves.
func (g *gathering) speaker() (author intel.Entity, speaks bool) {
	switch g.doc.Genre {
	case intel.Social, intel.Forum, intel.Chat, intel.Market, intel.Mail, intel.LeakSite:
		speaks = true
	}
	if g.doc.Author == "" || !speaks {
		return intel.Entity{}, speaks
	}
	if g.doc.Genre == intel.LeakSite { // who runs the site speaks as the group
		return intel.NewEntity(intel.Actor, strings.TrimPrefix(g.doc.Author, "leaksite/")), speaks
	}
	name := g.doc.Author
	if !strings.Contains(name, "/") {
		name = string(g.doc.Source) + "/" + name
	}
	author = intel.NewEntity(intel.Handle, name)
	return author, speaks
}

// paragraph relates the mentions of one paragraph.
func (g *gathering) paragraph(p *page, ms []mention, author intel.Entity, voiced bool) {
	var near []mention // actors of this paragraph
	for _, m := range ms {
		if m.Entity.Kind == intel.Actor {
			near = append(near, m)
		}
	}
	for from := 0; from < len(ms); {
		to := from + 1
		for to < len(ms) && ms[to].sentence == ms[from].sentence {
			to++
		}
		g.sentence(p, ms[from:to], near, author, voiced)
		from = to
	}
	g.fragments(ms)
}

// widest is how many mentions of a sentence or paragraph are paired with each
// other: a longer one is a list.
const widest = 60

// sentence relates the mentions of one sentence with each other, and with the
// actor the paragraph or the document is about.
func (g *gathering) sentence(p *page, ms, near []mention, author intel.Entity, voiced bool) {
	s := p.sentence(ms[0].sentence)
	var holders []mention // who can have things: actors first, then malware
	for _, m := range ms {
		if m.Entity.Kind == intel.Actor || m.Entity.Kind == intel.Campaign {
			holders = append(holders, m)
		}
	}
	g.pairs(s, holders)
	stance := intel.Supports
	if says(s, negation) {
		stance = intel.Disputes
	}
	owners, weight := g.owners(p, holders, near)
	for _, m := range ms {
		for _, o := range owners {
			if l, ok := relate(o, m.Entity, s); ok {
				g.say(l, weight, stance, intel.Context{Phase: phase(s)}, m.Offset, m.Length)
			}
		}
	}
	g.software(ms, stance)
	g.intentions(p, ms, s, holders, author, voiced)
}

// owners returns whom what a sentence mentions belongs to, and how directly it
// says so.
func (g *gathering) owners(p *page, holders, near []mention) ([]intel.Entity, float64) {
	distinct := func(ms []mention) []intel.Entity {
		var out []intel.Entity
		for _, m := range ms {
			if !slices.Contains(out, m.Entity) && len(out) < widest {
				out = append(out, m.Entity)
			}
		}
		return out
	}
	if own := distinct(holders); len(own) > 0 {
		return own, sentence / float64(max(1, len(own)/2))
	}
	if own := distinct(near); len(own) > 0 {
		return own, paragraph / float64(len(own))
	}
	if p.main.Name == "" {
		return nil, 0
	}
	if p.actors == 1 {
		return []intel.Entity{p.main}, implied
	}
	return []intel.Entity{p.main}, document
}

// pairs relates the actors and campaigns of one sentence.
func (g *gathering) pairs(s string, holders []mention) {
	if len(holders) < 2 || len(holders) > widest {
		return
	}
	for i, a := range holders[:len(holders)-1] {
		b := holders[i+1]
		if a.Entity == b.Entity {
			continue
		}
		switch {
		case a.Entity.Kind == intel.Campaign && b.Entity.Kind == intel.Actor:
			g.say(intel.Link{From: a.Entity, Relation: intel.PartOf, To: b.Entity}, sentence, intel.Supports, intel.Context{}, b.Offset, b.Length)
		case a.Entity.Kind == intel.Actor && b.Entity.Kind == intel.Campaign:
			g.say(intel.Link{From: b.Entity, Relation: intel.PartOf, To: a.Entity}, sentence, intel.Supports, intel.Context{}, b.Offset, b.Length)
		case a.Entity.Kind != intel.Actor || b.Entity.Kind != intel.Actor:
		case says(s, notAlias):
			g.say(intel.Link{From: b.Entity, Relation: intel.AliasOf, To: a.Entity}, sentence, intel.Disputes, intel.Context{}, b.Offset, b.Length)
		case says(s, alias):
			g.say(intel.Link{From: b.Entity, Relation: intel.AliasOf, To: a.Entity}, sentence, intel.Supports, intel.Context{}, b.Offset, b.Length)
		case says(s, associated):
			g.say(intel.Link{From: a.Entity, Relation: intel.AssociatedWith, To: b.Entity}, sentence, intel.Supports, intel.Context{}, b.Offset, b.Length)
		}
	}
}

// relate says which link between an owner and what stands beside it a sentence
// gives evidence for, if any.
func relate(owner, e intel.Entity, s string) (intel.Link, bool) {
	switch e.Kind {
	case intel.Malware, intel.Tool, intel.Technique:
		return intel.Link{From: owner, Relation: intel.Uses, To: e}, true
	case intel.Vulnerability:
		if says(s, exploit) {
			return intel.Link{From: owner, Relation: intel.Exploits, To: e}, true
		}
	case intel.Weakness:
		return intel.Link{From: owner, Relation: intel.Exploits, To: e}, true
	case intel.Country:
		if says(s, target) {
			return intel.Link{From: owner, Relation: intel.Targets, To: e}, true
		}
		if says(s, origin) {
			return intel.Link{From: owner, Relation: intel.OriginatesFrom, To: e}, true
		}
	case intel.Sector:
		return intel.Link{From: owner, Relation: intel.Targets, To: e}, true
	case intel.Command, intel.Service, intel.ScheduledTask:
		return intel.Link{From: owner, Relation: intel.Uses, To: e}, true
	}
	switch e.Kind.Class() {
	case intel.IOC:
		return intel.Link{From: e, Relation: intel.Indicates, To: owner}, true
	case intel.IOA:
		return intel.Link{From: owner, Relation: intel.Uses, To: e}, true
	}
	return intel.Link{}, false
}

// software links indicators to the malware or tool named in their sentence.
func (g *gathering) software(ms []mention, stance intel.Stance) {
	var named []intel.Entity
	for _, m := range ms {
		if (m.Entity.Kind == intel.Malware || m.Entity.Kind == intel.Tool) && !slices.Contains(named, m.Entity) && len(named) < 8 {
			named = append(named, m.Entity)
		}
	}
	for _, e := range named {
		for _, m := range ms {
			if m.Entity.Kind.Class() == intel.IOC {
				g.say(intel.Link{From: m.Entity, Relation: intel.Indicates, To: e}, sentence/float64(len(named)), stance, intel.Context{}, m.Offset, m.Length)
			}
		}
	}
}

// fragments links the vulnerability of a paragraph with its weakness, product
// and fragments.
func (g *gathering) fragments(ms []mention) {
	var flaws []intel.Entity
	for _, m := range ms {
		if m.Entity.Kind == intel.Vulnerability && !slices.Contains(flaws, m.Entity) {
			flaws = append(flaws, m.Entity)
		}
	}
	if len(flaws) != 1 {
		return // none, or no telling which
	}
	for _, m := range ms {
		switch {
		case m.Entity.Kind == intel.Weakness:
			g.say(intel.Link{From: flaws[0], Relation: intel.HasWeakness, To: m.Entity}, sentence, intel.Supports, intel.Context{}, m.Offset, m.Length)
		case m.Entity.Kind == intel.Product || m.Entity.Kind.Class() == intel.IOA:
			c := intel.Context{Vulnerability: flaws[0].Name}
			g.say(intel.Link{From: flaws[0], Relation: intel.Affects, To: m.Entity}, paragraph, intel.Supports, c, m.Offset, m.Length)
		}
	}
}
