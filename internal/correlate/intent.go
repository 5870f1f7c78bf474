package correlate

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// intentions adds what somebody means to do and what they look into, with the
// sentence as the quote. Who speaks in the first person is the author of a
// post; of reports it is the actor they write about.
func (g *gathering) intentions(p *page, ms []mention, s string, holders []mention, author intel.Entity, voiced bool) {
	who := subjects(p, holders, author, voiced)
	if len(who) == 0 {
		return
	}
	offset, length := p.quote(ms[0].sentence)
	researched := says(s, research)
	for _, m := range ms {
		switch m.Entity.Kind {
		case intel.Intent:
			for _, e := range who {
				g.say(intel.Link{From: e, Relation: intel.Intends, To: m.Entity}, sentence, intel.Supports, intel.Context{}, offset, length)
			}
		case intel.Vulnerability, intel.Product, intel.Technique:
			if !researched || (!voiced && m.Entity.Kind == intel.Technique) {
				continue
			}
			for _, e := range who {
				g.say(intel.Link{From: e, Relation: intel.Researches, To: m.Entity}, sentence, intel.Supports, intel.Context{}, offset, length)
			}
		}
	}
}

// subjects returns who a sentence speaks of as doing something: the actor it
// names, else the actor a document is about, else, where people speak for
// themselves, who wrote it.
func subjects(p *page, holders []mention, author intel.Entity, voiced bool) []intel.Entity {
	for _, h := range holders {
		if h.Entity.Kind == intel.Actor {
			return []intel.Entity{h.Entity}
		}
	}
	if p.main.Name != "" && author.Kind != intel.Actor {
		return []intel.Entity{p.main}
	}
	if voiced && author.Name != "" {
		return []intel.Entity{author}
	}
	return nil
}

// phase says which step of an attack a sentence is about, as far as it does.
func phase(s string) string {
	for _, ph := range []struct{ stem, name string }{
		{"scan", "reconnaissance"}, {"reconnaissance", "reconnaissance"}, {"phish", "delivery"}, {"exploit", "exploitation"},
		{"privilege", "privilege escalation"}, {"lateral", "lateral movement"}, {"exfiltrat", "exfiltration"}, {"command and control", "command and control"},
		{"c2", "command and control"}, {"beacon", "command and control"}, {"encrypt", "impact"},
	} {
		if strings.Contains(s, ph.stem) {
			return ph.name
		}
	}
	return ""
}
