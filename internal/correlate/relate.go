package correlate

import (
	"slices"
	"sort"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	// widest is how many actors of a sentence are told apart: a longer one is
	// a list.
	widest = 24
	// crowd is how many actors in one sentence make nearness the only thing
	// that tells whose something is.
	crowd = 6
)

// An owner is whom something in a sentence may belong to.
type owner struct {
	entity intel.Entity
	weight float64
}

// text relates what the text mentions, sentence by sentence.
func (g *gathering) text(observations []intel.Observation) {
	p := g.cut(observations)
	by := g.speaker(p)
	var hits []hit
	for from := 0; from < len(p.mentions); {
		to := from + 1
		for to < len(p.mentions) && p.mentions[to].paragraph == p.mentions[from].paragraph {
			to++
		}
		hits = g.paragraph(p, by, p.mentions[from:to], hits)
		from = to
	}
	g.title(p, by)
	g.intentions(p, by)
}

// A topic is whom a paragraph speaks of, as far as it has been read.
type topic struct {
	actors []intel.Entity // of the last sentence that named any
	pair   []mention      // the two it named, if it did
	single bool           // the paragraph names one actor alone
	asks   bool           // they were said to ask for something
}

// paragraph relates the mentions of one paragraph.
func (g *gathering) paragraph(p *page, by speaker, ms []mention, hits []hit) []hit {
	t := topic{single: true}
	var ahead []intel.Entity
	for _, m := range ms {
		if m.Entity.Kind == intel.Actor {
			if len(ahead) == 0 {
				ahead = append(ahead, m.Entity)
			}
			t.single = t.single && g.canonical(m.Entity) == g.canonical(ahead[0])
		}
	}
	t.actors = ahead
	flaws, sole := flawsAmong(ms)
	for from := 0; from < len(ms); {
		to := from + 1
		for to < len(ms) && ms[to].sentence == ms[from].sentence {
			to++
		}
		s := p.read(ms[from:to], hits)
		hits = s.hits
		g.sentence(s, by, &t)
		switch {
		case sole:
			g.fragments(s, flaws[0].Entity, paragraph)
		case len(flaws) > 0:
			g.apportion(s, flaws)
		case p.flaw.Name != "":
			g.fragments(s, p.flaw, document)
		}
		from = to
	}
	return hits
}

func distinct(ms []mention, kinds ...intel.Kind) []intel.Entity {
	var out []intel.Entity
	for _, m := range ms {
		if slices.Contains(kinds, m.Entity.Kind) && len(out) < widest && !slices.Contains(out, m.Entity) {
			out = append(out, m.Entity)
		}
	}
	return out
}

// sentence relates the mentions of one sentence with each other, and with whom
// the paragraph or the document is about.
func (g *gathering) sentence(s *sentence, by speaker, t *topic) {
	g.names(s)
	g.pairs(s, t)
	g.handles(s, t)
	stance, trust := intel.Supports, 1.0
	if s.page.denied || s.says(negation) {
		stance = intel.Disputes
	}
	if s.says(doubt) {
		trust = 0.8
	}
	campaigns := distinct(s.mentions, intel.Campaign)
	for _, m := range s.mentions {
		for _, o := range g.owners(s, by, t, m) {
			if l, worth, ok := g.relate(s, by, o.entity, m); ok {
				g.say(l, o.weight*worth*trust, stance, intel.Context{Phase: s.step()}, m.Offset, m.Length)
				if by.boasts && l.Relation == intel.Targets {
					l.Relation = intel.ClaimsAttack
					g.say(l, o.weight*worth*trust, stance, intel.Context{}, m.Offset, m.Length)
				}
			}
		}
		if m.Entity.Kind.Class() == intel.IOC {
			for _, c := range campaigns {
				g.say(intel.Link{From: m.Entity, Relation: intel.Indicates, To: c}, sentenceWeight/float64(len(campaigns)), stance, intel.Context{}, m.Offset, m.Length)
			}
		}
	}
	g.software(s, stance)
	g.speech(s, by, t)
	if s.says(wants) {
		t.asks = by.author.Name != ""
	}
	if len(s.actors) > 0 {
		t.told(s)
	}
}

// told remembers whom a sentence spoke of last.
func (t *topic) told(s *sentence) {
	t.actors, t.pair = nil, nil
	last := s.groups[len(s.groups)-1]
	for i, a := range s.actors {
		if s.groups[i] == last && len(t.actors) < crowd {
			t.actors = append(t.actors, a.Entity)
		}
	}
	if len(s.actors) == 2 {
		t.pair = s.actors
	}
}

// owners returns whom a mention may belong to, and how directly that is said.
func (g *gathering) owners(s *sentence, by speaker, t *topic, m mention) []owner {
	if m.Entity.Kind == intel.Actor || m.Entity.Kind == intel.Campaign {
		return nil
	}
	switch {
	case len(s.actors) > 0:
		return s.near(m)
	case by.author.Kind == intel.Actor:
		return []owner{{by.author, sentenceWeight}}
	case len(t.actors) > 0:
		weight := paragraph
		if !t.single {
			weight = 0.35
		}
		return shared(t.actors, weight)
	case s.page.main.Name != "" && s.page.actors == 1:
		return []owner{{s.page.main, implied}}
	case s.page.main.Name != "":
		return []owner{{s.page.main, document}}
	}
	return nil
}

func shared(actors []intel.Entity, weight float64) []owner {
	out := make([]owner, len(actors))
	for i, a := range actors {
		out[i] = owner{a, weight}
	}
	return out
}

// near weighs the actors of a sentence for one mention: the more there are, the
// more it counts which one stands before it.
func (s *sentence) near(m mention) []owner {
	groups := s.groups[len(s.groups)-1] + 1
	closest := 0
	for i, a := range s.actors {
		if a.Offset <= m.Offset {
			closest = s.groups[i]
		}
	}
	var out []owner
	for i, a := range s.actors {
		weight := sentenceWeight
		if groups > 1 {
			weight = sentenceWeight / float64(groups)
			if s.groups[i] == closest {
				weight = max(weight, 0.7-0.05*float64(groups-2), 0.3)
			} else if groups > crowd {
				continue
			}
		}
		out = append(out, owner{a.Entity, weight})
	}
	return out
}

// relate says which link between an owner and what stands beside it a sentence
// gives evidence for, if any, and how plainly.
func (g *gathering) relate(s *sentence, by speaker, who intel.Entity, m mention) (l intel.Link, worth float64, ok bool) {
	e := m.Entity
	if g.haggles && !s.tells(e.Kind) {
		return l, 0, false
	}
	to := func(r intel.Relation, worth float64) (intel.Link, float64, bool) {
		return intel.Link{From: who, Relation: r, To: e}, worth, true
	}
	switch e.Kind {
	case intel.Malware, intel.Tool, intel.Technique, intel.Command, intel.Service, intel.ScheduledTask:
		return to(intel.Uses, 1)
	case intel.Vulnerability, intel.Weakness:
		if s.says(wants) || !s.says(exploit) && (e.Kind == intel.Vulnerability || s.says(study)) {
			return l, 0, false
		}
		return to(intel.Exploits, 1)
	case intel.Country, intel.Sector, intel.Organization:
		return g.place(s, by, who, m)
	}
	switch e.Kind.Class() {
	case intel.IOC:
		return intel.Link{From: e, Relation: intel.Indicates, To: who}, 1, true
	case intel.IOA:
		return to(intel.Uses, 1)
	}
	return l, 0, false
}

// software links indicators to the malware or tool that their sentence, or the
// whole document, names.
func (g *gathering) software(s *sentence, stance intel.Stance) {
	named, weight := distinct(s.mentions, intel.Malware, intel.Tool), sentenceWeight
	if len(named) == 0 && s.page.software.Name != "" {
		named, weight = []intel.Entity{s.page.software}, document
	}
	if len(named) > crowd {
		return
	}
	for _, e := range named {
		for _, m := range s.mentions {
			if m.Entity.Kind.Class() == intel.IOC {
				g.say(intel.Link{From: m.Entity, Relation: intel.Indicates, To: e}, weight/float64(len(named)), stance, intel.Context{}, m.Offset, m.Length)
			}
		}
	}
}

// fragments links a vulnerability with its weakness, product and fragments.
func (g *gathering) fragments(s *sentence, flaw intel.Entity, weight float64) {
	beside := slices.ContainsFunc(s.mentions, func(m mention) bool { return m.Entity == flaw })
	if beside {
		weight = sentenceWeight
	}
	for _, m := range s.mentions {
		switch {
		case m.Entity.Kind == intel.Port && !beside && s.ofTraffic():
		case m.Entity.Kind == intel.Weakness:
			g.say(intel.Link{From: flaw, Relation: intel.HasWeakness, To: m.Entity}, weight, intel.Supports, intel.Context{}, m.Offset, m.Length)
		case m.Entity.Kind == intel.Product || m.Entity.Kind.Class() == intel.IOA:
			g.say(intel.Link{From: flaw, Relation: intel.Affects, To: m.Entity}, weight, intel.Supports, intel.Context{Vulnerability: flaw.Name}, m.Offset, m.Length)
		}
	}
}

// ofTraffic reports whether a sentence tells how malware talks home: a port in it
// is no flaw's.
func (s *sentence) ofTraffic() bool {
	text := lower(s.page.text[s.from:s.to])
	return s.step() == "command and control" || strings.Contains(text, "traffic") || strings.Contains(text, "communicat")
}

// flawsAmong returns the mentions of vulnerabilities among some, in order, and whether
// all are of one.
func flawsAmong(ms []mention) (out []mention, sole bool) {
	sole = true
	for _, m := range ms {
		if m.Entity.Kind == intel.Vulnerability {
			out = append(out, m)
			sole = sole && m.Entity == out[0].Entity
		}
	}
	return out, sole && len(out) > 0
}

// apportion links each fragment of a sentence with one of the vulnerabilities of
// its paragraph. Products are left out: they stand before the number as often as
// behind it.
func (g *gathering) apportion(s *sentence, flaws []mention) {
	for _, m := range s.mentions {
		if m.Entity.Kind.Class() != intel.IOA {
			continue
		}
		if flaw, weight := s.flawOf(m, flaws); flaw.Name != "" {
			g.say(intel.Link{From: flaw, Relation: intel.Affects, To: m.Entity}, weight, intel.Supports, intel.Context{Vulnerability: flaw.Name}, m.Offset, m.Length)
		}
	}
}

// flawOf returns whose a fragment is: the last vulnerability before it in its
// sentence, else the first behind it there, else the last that its paragraph
// named.
func (s *sentence) flawOf(m mention, flaws []mention) (intel.Entity, float64) {
	next := sort.Search(len(flaws), func(i int) bool { return flaws[i].Offset > m.Offset })
	switch {
	case next > 0 && flaws[next-1].sentence == m.sentence:
		return flaws[next-1].Entity, sentenceWeight
	case next < len(flaws) && flaws[next].sentence == m.sentence:
		return flaws[next].Entity, sentenceWeight
	case next > 0:
		return flaws[next-1].Entity, paragraph
	}
	return intel.Entity{}, 0
}

// title gives what the title says, and what holds of the document as a whole.
func (g *gathering) title(p *page, by speaker) {
	if p.campaign.Name != "" && p.main.Name != "" {
		g.say(intel.Link{From: p.campaign, Relation: intel.PartOf, To: p.main}, implied, intel.Supports, intel.Context{}, -1, 0)
	}
	who := by.subjects(p.main)
	if len(who) == 0 || p.denied {
		return
	}
	said := cues().find(nil, lower(g.doc.Title), 0)
	says := func(c cue) bool { return slices.ContainsFunc(said, func(h hit) bool { return h.class == c }) }
	for _, o := range who {
		for _, e := range p.head {
			switch {
			case (e.Kind == intel.Country || e.Kind == intel.Sector) && by.boasts:
				g.say(intel.Link{From: o.entity, Relation: intel.ClaimsAttack, To: e}, paragraph, intel.Supports, intel.Context{}, -1, 0)
				g.say(intel.Link{From: o.entity, Relation: intel.Targets, To: e}, paragraph, intel.Supports, intel.Context{}, -1, 0)
			case e.Kind == intel.Vulnerability && by.asks:
				g.say(intel.Link{From: o.entity, Relation: intel.Researches, To: e}, o.weight, intel.Supports, intel.Context{}, -1, 0)
			case e.Kind == intel.Vulnerability && says(exploit) && !says(wants) && by.author.Name == "":
				g.say(intel.Link{From: o.entity, Relation: intel.Exploits, To: e}, paragraph, intel.Supports, intel.Context{}, -1, 0)
			case (e.Kind == intel.Malware || e.Kind == intel.Tool) && by.author.Name == "":
				g.say(intel.Link{From: o.entity, Relation: intel.Uses, To: e}, implied, intel.Supports, intel.Context{}, -1, 0)
			}
		}
		if name := victim(g.doc.Title); name != "" && by.boasts && g.doc.Genre == intel.LeakSite && len(g.doc.Claims) == 0 {
			g.say(intel.Link{From: o.entity, Relation: intel.ClaimsAttack, To: intel.NewEntity(intel.Organization, name)}, paragraph, intel.Supports, intel.Context{}, -1, 0)
		}
	}
}

// victim returns the name of an organization in the title of a leak-site post:
// the part of it in which every word has a capital.
func victim(title string) string {
	best := ""
	for part := range strings.FieldsFuncSeq(title, func(r rune) bool { return strings.ContainsRune(":()|–—[],;：（）", r) }) {
		words := strings.Fields(part)
		proper := len(words) > 0 && len(words) <= 6
		for _, w := range words {
			proper = proper && properWord(w)
		}
		if name := strings.Join(words, " "); proper && len(name) > len(best) {
			best = name
		}
	}
	return best
}
