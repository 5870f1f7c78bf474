package correlate

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// A mention is an observation with where it stands.
type mention struct {
	intel.Observation
	sentence, paragraph int
}

func (m mention) end() int { return m.Offset + m.Length }

// A page is a document's text cut up, with its mentions.
type page struct {
	text       string
	prose      string // text without names and values
	sentences  []int  // where each begins
	paragraphs []int
	mentions   []mention
	main       intel.Entity   // the actor the document is about; zero if none or many
	actors     int            // different ones
	software   intel.Entity   // the only malware or tool it names
	flaw       intel.Entity   // the only vulnerability
	campaign   intel.Entity   // the only campaign
	head       []intel.Entity // what only the title mentions
	denied     bool           // says that something told before is not so
}

// cut splits the text and places the observations in it.
func (g *gathering) cut(observations []intel.Observation) *page {
	p := &page{text: g.own()}
	p.sentences, p.paragraphs = boundaries(p.text)
	cited, listed, around := g.cited(observations), elsewhere(p.text), netblocks(p.text, observations)
	title, heading := g.doc.Title, 0
	if title == "" && len(p.paragraphs) > 1 && p.paragraphs[1] <= 200 {
		title, heading = p.text[:p.paragraphs[1]], 1 // a copy that has its title in the text
	}
	counts, titled := map[intel.Entity]int{}, map[intel.Entity]bool{}
	wording := map[intel.Entity]intel.Entity{} // first name used for an actor
	var others tally
	for _, o := range observations {
		if o.Suppressed != "" || o.Offset >= len(p.text) || o.Length < 0 || o.Offset+o.Length > len(p.text) || cited(o) || listed(o) || around[o.Entity] {
			continue
		}
		if o.Entity.Kind == intel.Actor {
			who := g.canonical(o.Entity)
			counts[who]++
			if _, ok := wording[who]; !ok {
				wording[who] = o.Entity
			}
			if o.Offset < 0 || o.Text != "" && strings.Contains(title, o.Text) {
				titled[who] = true
			}
		}
		others.note(g, o.Entity)
		if o.Offset < 0 {
			p.head = append(p.head, o.Entity)
		} else {
			p.mentions = append(p.mentions, mention{o, place(p.sentences, o.Offset), place(p.paragraphs, o.Offset)})
		}
	}
	slices.SortStableFunc(p.mentions, func(a, b mention) int { return cmp.Compare(a.Offset, b.Offset) })
	p.prose = p.blanked()
	p.actors = len(counts)
	p.main = wording[about(counts, titled)]
	p.software, p.flaw, p.campaign = others.only(0), others.only(1), others.only(2)
	if p.campaign.Name == "" {
		p.campaign = namedCampaign(title)
	}
	p.denied = denies(g.doc.Title) || len(p.sentences) > heading && denies(p.sentence(0))
	return p
}

// own is the text of a document with blanks for what it quotes of others, unless
// it relays that, and for what others say in a negotiation.
func (g *gathering) own() string {
	quoted, relays := g.doc.Quoted()
	if relays {
		quoted = nil
	}
	for _, q := range quoted {
		g.others = append(g.others, span{q[0], q[1]})
	}
	if g.haggles {
		g.others = othersTurns(g.doc)
	}
	if len(g.others) == 0 {
		return g.doc.Text
	}
	b := []byte(g.doc.Text)
	for _, q := range g.others {
		for i := q.from; i < q.to; i++ {
			if b[i] != '\n' {
				b[i] = ' '
			}
		}
	}
	return string(b)
}

// blanked returns the text with blanks for names and values: what a domain or a
// technique is called says nothing of what anybody means to do.
func (p *page) blanked() string {
	b := []byte(p.text)
	for _, m := range p.mentions {
		if m.Entity.Kind == intel.Vulnerability {
			continue // that a flaw is spoken of tells something
		}
		for i := m.Offset; i < m.end(); i++ {
			b[i] = ' '
		}
	}
	return string(b)
}

// denies reports whether a title or first sentence takes something back.
func denies(s string) bool {
	return slices.ContainsFunc(cues().find(nil, lower(s), 0), func(h hit) bool { return h.class == denial })
}

// cited tells which mentions are of where the document has this from: an
// address in its references is no indicator, and who wrote a report did not do
// what it tells.
func (g *gathering) cited(observations []intel.Observation) func(intel.Observation) bool {
	own := citations(g.doc.Text)
	if g.haggles {
		own = append(own, g.others...)
	}
	references := make(map[string]bool, len(g.doc.References))
	for _, r := range g.doc.References {
		references[r] = true
	}
	for _, o := range observations {
		if o.Entity.Kind == intel.URL && o.Offset >= 0 && references[o.Entity.Name] {
			own = append(own, span{o.Offset, o.Offset + o.Length})
		}
	}
	slices.SortFunc(own, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return func(o intel.Observation) bool {
		i := sort.Search(len(own), func(i int) bool { return own[i].from > o.Offset })
		return i > 0 && o.Offset < own[i-1].to
	}
}

// A span is a part of a text, in bytes.
type span struct{ from, to int }

// citations returns where the text names what it cites as ATT&CK does.
func citations(text string) (found []span) {
	for from := 0; ; {
		at := strings.Index(text[from:], citation)
		if at < 0 {
			return found
		}
		begin := from + at
		length := strings.IndexByte(text[begin:], ')')
		if length < 0 {
			return found
		}
		from = begin + length + 1
		found = append(found, span{begin, from})
	}
}

// A tally knows the only one of a sort that a document names, if it does.
type tally [3]struct {
	one  intel.Entity
	many bool
}

func (t *tally) note(g *gathering, e intel.Entity) {
	i := 0
	switch e.Kind {
	case intel.Malware, intel.Tool:
	case intel.Vulnerability:
		i = 1
	case intel.Campaign:
		i = 2
	default:
		return
	}
	if t[i].one.Name != "" && g.canonical(t[i].one) != g.canonical(e) {
		t[i].many = true
	}
	if t[i].one.Name == "" {
		t[i].one = e
	}
}

func (t *tally) only(i int) intel.Entity {
	if t[i].many {
		return intel.Entity{}
	}
	return t[i].one
}

// about returns the actor that the title names alone, else the one that most
// mentions are of, if they are three fifths.
func about(counts map[intel.Entity]int, titled map[intel.Entity]bool) intel.Entity {
	if len(titled) == 1 {
		for e := range titled {
			return e
		}
	}
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

// canonical returns whom a name most likely stands for.
func (g *gathering) canonical(e intel.Entity) intel.Entity {
	if c, ok := g.resolved[e]; ok {
		return c
	}
	c := e
	if cs := g.set.Resolve(e); len(cs) > 0 && cs[0].Share >= 0.5 {
		c = cs[0].Entity
	}
	g.resolved[e] = c
	return c
}

// place returns the index of the part that offset stands in.
func place(begins []int, offset int) int {
	return max(0, sort.SearchInts(begins, offset+1)-1)
}

// A sentence that goes on for longer than longSentence bytes ends at the next
// white space, and anywhere from twice as many: nobody writes such, and what is
// looked for within a sentence must not grow with the document.
const longSentence = 2000

// citation begins a reference in the texts of ATT&CK, right behind a sentence.
const citation = "(Citation: "

// boundaries returns where sentences and paragraphs begin. A full stop ends a
// sentence only before white space or a citation, so that addresses stay whole;
// the marks of Chinese end one anywhere.
func boundaries(text string) (sentences, paragraphs []int) {
	sentences, paragraphs = []int{0}, []int{0}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		next := i + size
		switch r {
		case '\n':
			sentences = append(sentences, next)
			if blank(text[next:]) {
				paragraphs = append(paragraphs, next)
			}
		case '.', '!', '?', '؟':
			if next < len(text) && (text[next] == ' ' || text[next] == '\t' || strings.HasPrefix(text[next:], citation)) {
				sentences = append(sentences, next)
			}
		case '。', '！', '？', '；':
			sentences = append(sentences, next)
		default:
			if long := next - sentences[len(sentences)-1]; long > longSentence && (r == ' ' || r == '\t') || long > 2*longSentence {
				sentences = append(sentences, next)
			}
		}
		i = next
	}
	return sentences, paragraphs
}

// blank reports whether a line without words begins here; a quoted one has a
// mark of quoting.
func blank(rest string) bool {
	for i := range min(len(rest), 8) {
		switch rest[i] {
		case '\n':
			return true
		case ' ', '\t', '\r', '>':
		default:
			return false
		}
	}
	return false
}

func (p *page) bounds(i int) (from, to int) {
	from, to = p.sentences[i], len(p.text)
	if i+1 < len(p.sentences) {
		to = p.sentences[i+1]
	}
	return from, to
}

// sentence is the text of a sentence.
func (p *page) sentence(i int) string {
	from, to := p.bounds(i)
	return p.text[from:to]
}

// A sentence is one with something in it, ready to be related.
type sentence struct {
	page     *page
	index    int
	from, to int
	hits     []hit
	has      uint32 // classes among hits
	mentions []mention
	actors   []mention // among mentions, one for each name
	groups   []int     // of actors: equal for those spoken of as one
}

// read makes the sentence that mentions stand in. Hits is scratch space.
func (p *page) read(ms []mention, hits []hit) *sentence {
	s := &sentence{page: p, index: ms[0].sentence, mentions: ms}
	s.from, s.to = p.bounds(s.index)
	for _, m := range ms { // one may reach over an end that was made
		s.to = max(s.to, m.end())
	}
	s.hits = slices.DeleteFunc(cues().find(hits[:0], lower(p.text[s.from:s.to]), s.from), s.vague)
	for _, h := range s.hits {
		s.has |= 1 << h.class
	}
	for _, m := range ms {
		same := func(a mention) bool { return a.Entity == m.Entity }
		if m.Entity.Kind == intel.Actor && len(s.actors) < widest && !slices.ContainsFunc(s.actors, same) {
			s.actors = append(s.actors, m)
		}
	}
	s.group()
	return s
}

// says reports whether the sentence has a cue of the class.
func (s *sentence) says(c cue) bool { return s.has&(1<<c) != 0 }

// quote is where the words of the sentence stand, without the blanks around.
func (s *sentence) quote() (offset, length int) {
	text := s.page.text[s.from:s.to]
	trimmed := strings.TrimSpace(text)
	return s.from + strings.Index(text, trimmed), len(trimmed)
}

// governing returns which of the classes rules what stands from..to.
func (s *sentence) governing(from, to int, of ...cue) cue {
	return s.governor(from, to, of...).class
}

// governor returns the cue of the classes that rules what stands from..to: the
// one that follows at once ("Ruritania-based"), else the nearest before, else the
// nearest after.
func (s *sentence) governor(from, to int, of ...cue) hit {
	var before, after *hit
	for i, h := range s.hits {
		h.class = s.resident(i)
		if !slices.Contains(of, h.class) || h.from < to && h.to > from {
			continue
		}
		switch {
		case h.to <= from:
			before = &h
		case after == nil:
			after = &h
		}
	}
	switch {
	case after != nil && (before == nil && after.class != origin || after.from-to <= 2):
		return *after
	case before != nil:
		return *before
	}
	return hit{}
}

// residence marks the cues of origin that only say where something is.
const residence = "residence"

// resident returns the class of the hit with that index. "Located in" tells of
// the word before it: of targets located in a country it is no origin.
func (s *sentence) resident(i int) cue {
	h := s.hits[i]
	if h.class != origin || h.phase != residence || i == 0 {
		return h.class
	}
	before := s.hits[i-1]
	for n := i - 1; n >= 0 && s.hits[n].to == s.hits[i-1].to; n-- { // words of two classes
		if s.hits[n].class == target || s.hits[n].class == body || s.hits[n].class == route {
			before = s.hits[n]
		}
	}
	between := strings.TrimLeftFunc(s.page.text[min(before.to, h.from):h.from], unicode.IsLetter)
	switch {
	case strings.TrimSpace(between) != "":
		return h.class
	case before.class == target || before.class == body:
		return target
	case before.class == route:
		return route
	}
	return h.class
}

// step says which step of an attack the sentence is about, as far as it does.
func (s *sentence) step() string {
	for _, h := range s.hits {
		if h.class == phase {
			return h.phase
		}
	}
	return ""
}
