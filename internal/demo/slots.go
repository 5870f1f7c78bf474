package demo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// place fills slots for countries, sectors and victims.
func (s *scene) place(slot string) (string, bool) {
	switch slot {
	case "target", "in":
		return s.targeted(slot), true
	case "sector", "victims", "victim":
		return s.trading(slot), true
	case "vin", "vcountry":
		s.attacked(intel.Country, s.country.code)
		return s.country.words[s.language][map[string]int{"vin": 1, "vcountry": 0}[slot]], true
	case "vsector":
		s.attacked(intel.Sector, s.sector.slug)
		return s.sector.words[s.language][0], true
	case "vsome":
		s.attacked(intel.Sector, s.sector.slug)
		return s.sector.words[s.language][2], true
	case "org":
		name := s.w.company()
		s.attacked(intel.Organization, name)
		return name, true
	case "victimhost":
		host := strings.ToLower(strings.Fields(s.w.company())[0]) + pick(s.w.Rand, []string{".example", ".example.org", ".test"})
		return s.trap(intel.Domain, host, "a victim's own domain"), true
	}
	if s.actor == nil {
		return "", false
	}
	switch slot {
	case "origin", "fromorigin":
		s.note(Origins, intel.NewEntity(intel.Country, s.actor.origin.code), false)
		return s.actor.origin.words[s.language][map[string]int{"origin": 0, "fromorigin": 1}[slot]], true
	case "route":
		s.note(Routes, intel.NewEntity(intel.Country, s.actor.route.code), false)
		return s.actor.route.words[s.language][0], true
	}
	return "", false
}

// targeted names a country the actor goes for.
func (s *scene) targeted(slot string) string {
	p := pick(s.w.Rand, s.w.places)
	if s.actor != nil {
		p = skewed(s.w.Rand, s.actor.targets)
		for try := 0; s.given[p.code] && try < 5; try++ {
			p = pick(s.w.Rand, s.actor.targets)
		}
	}
	s.given[p.code] = true
	s.note(Targets, intel.NewEntity(intel.Country, p.code), false)
	if slot == "in" {
		return p.words[s.language][1]
	}
	return p.words[s.language][0]
}

// trading names a sector the actor goes for.
func (s *scene) trading(slot string) string {
	t := pick(s.w.Rand, s.w.trades)
	if s.actor != nil {
		t = skewed(s.w.Rand, s.actor.sectors)
		for try := 0; s.given[t.slug] && try < 5; try++ {
			t = pick(s.w.Rand, s.actor.sectors)
		}
	}
	s.given[t.slug] = true
	s.note(Sectors, intel.NewEntity(intel.Sector, t.slug), false)
	return t.words[s.language][map[string]int{"sector": 0, "victims": 1, "victim": 2}[slot]]
}

// attacked notes a claimed attack, which also shows what is targeted.
func (s *scene) attacked(kind intel.Kind, name string) {
	object := intel.NewEntity(kind, name)
	s.note(Attacks, object, false)
	switch kind {
	case intel.Country:
		s.note(Targets, object, false)
	case intel.Sector:
		s.note(Sectors, object, false)
	}
}

// indicator fills slots for indicators of compromise.
func (s *scene) indicator(slot string) (string, bool) {
	kinds := map[string]intel.Kind{"ip": intel.IPv4, "six": intel.IPv6, "domain": intel.Domain, "url": intel.URL,
		"hash": intel.SHA256, "md": intel.MD5, "sha": intel.SHA1, "email": intel.Email,
		"filename": intel.Filename, "mutex": intel.Mutex}
	if slot == "sharedip" && s.actor != nil && s.actor.peer != nil {
		return s.overlap(), true
	}
	kind, ok := kinds[slot]
	if !ok || s.actor == nil {
		return "", false
	}
	value := s.current(s.actor.pool[slot])
	s.note(Indicators, intel.NewEntity(kind, value), false)
	if host := hostOf(kind, value); host != "" {
		s.note(Indicators, intel.NewEntity(intel.Domain, host), true)
	}
	switch kind {
	case intel.IPv4, intel.IPv6, intel.Domain, intel.URL, intel.Email:
		return s.defang(kind, value), true
	}
	return value, true
}

// hostOf is the domain a URL or mail address lies in; a reader may count it too.
func hostOf(kind intel.Kind, value string) string {
	switch kind {
	case intel.URL:
		_, rest, _ := strings.Cut(value, "://")
		host, _, _ := strings.Cut(rest, "/")
		return host
	case intel.Email:
		_, host, _ := strings.Cut(value, "@")
		return host
	}
	return ""
}

func (s *scene) defang(kind intel.Kind, value string) string {
	if kind == intel.IPv6 {
		return value
	}
	return s.fang(value)
}

// current picks an indicator that was in use about the time of the document:
// infrastructure moves on, some of it comes back.
func (s *scene) current(pool []string) string {
	past := s.w.past(s.at)
	for {
		i := int(past*float64(len(pool))) - 2 + s.w.IntN(5)
		if s.w.IntN(5) == 0 || len(s.given) > 12 {
			i = s.w.IntN(len(pool))
		}
		v := pool[max(0, min(i, len(pool)-1))]
		if !s.given[v] || len(s.given) > 30 {
			s.given[v] = true
			return v
		}
		s.given[strconv.Itoa(len(s.given))] = true // each try counts: a small pool runs dry
	}
}

// overlap is an address the actor and its peer both use.
func (s *scene) overlap() string {
	peer := map[string]bool{}
	for _, v := range s.actor.peer.pool["ip"] {
		peer[v] = true
	}
	var both []string
	for _, v := range s.actor.pool["ip"] {
		if peer[v] && !s.given[v] {
			both = append(both, v)
		}
	}
	v := pick(s.w.Rand, both)
	s.given[v] = true
	entity := intel.NewEntity(intel.IPv4, v)
	s.note(Indicators, entity, false)
	s.keep(Statement{Category: Indicators, Subject: s.actor.peer.canon, Object: entity, At: s.at})
	return s.fang(v)
}

// fragment fills slots for techniques, vulnerabilities and fragments of attack.
func (s *scene) fragment(slot string) (string, bool) {
	f := s.flaw
	switch slot {
	case "ttp", "ttpid", "ttpname", "entry":
		return s.technique(slot), true
	case "cve":
		s.note(Exploits, intel.NewEntity(intel.Vulnerability, f.ID), false)
		return f.ID, true
	case "product":
		if s.t.occasion == "sell-exploit" {
			s.note(Research, f.Product, true)
		}
		return f.Title, true
	case "version":
		return f.Version, true
	case "cwe":
		s.affects(intel.Weakness, f.Weakness)
		return f.Weakness, true
	case "path":
		s.affects(intel.File, f.Path)
		return f.Path, true
	case "arg":
		s.affects(intel.Argument, f.Argument)
		return f.Argument, true
	case "input":
		s.affects(intel.Input, f.Input)
		return f.Input, true
	case "lib":
		s.affects(intel.Library, f.Library)
		return f.Library, true
	case "func":
		s.affects(intel.Function, f.Function)
		return f.Function, true
	case "port":
		s.affects(intel.Port, f.Port)
		return f.Port, true
	case "portno":
		s.affects(intel.Port, f.Port)
		return strings.TrimSuffix(f.Port, "/tcp"), true
	case "wcve":
		s.note(Research, intel.NewEntity(intel.Vulnerability, s.wanted.ID), false)
		return s.wanted.ID, true
	case "wproduct":
		s.note(Research, s.wanted.Product, strings.Contains(s.t.body, "{wcve}"))
		return s.wanted.Title, true
	}
	return "", false
}

// affects notes a fragment of the vulnerability, and that the actor uses it.
// A log shows the fragment without the vulnerability's number.
func (s *scene) affects(kind intel.Kind, value string) {
	object := intel.NewEntity(kind, value)
	if strings.Contains(s.t.body, "{cve}") {
		s.keep(Statement{Category: Affects, Subject: intel.NewEntity(intel.Vulnerability, s.flaw.ID), Object: object, At: s.at})
	}
	if kind != intel.Weakness {
		s.note(Fragments, object, kind == intel.Port && s.source.Genre == intel.Log)
	}
}

// technique names one the actor uses.
func (s *scene) technique(slot string) string {
	entry := func(t Technique) bool { return t.Tactic == "initial-access" }
	i := slices.IndexFunc(s.techs, func(t Technique) bool { return entry(t) == (slot == "entry") || slot == "ttpid" })
	if i < 0 {
		s.techs = s.w.preferred(s.actor)
		return s.technique(slot)
	}
	t := s.techs[i]
	s.techs = slices.Delete(s.techs, i, i+1)
	s.note(Techniques, intel.NewEntity(intel.Technique, t.ID), false)
	switch slot {
	case "ttpid":
		return t.ID
	case "ttpname":
		return t.Name
	}
	return pick(s.w.Rand, []string{t.ID + " " + t.Name, t.Name + " (" + t.ID + ")", t.ID + " – " + t.Name})
}

// chance fills slots for numbers and times.
func (s *scene) chance(slot string) (string, bool) {
	r := s.w.Rand
	switch slot {
	case "n":
		return strconv.Itoa(2 + r.IntN(60)), true
	case "days":
		return strconv.Itoa(3 + r.IntN(11)), true
	case "price":
		return s.number((1 + r.IntN(30)) * 500), true
	case "bigprice":
		return s.number((4 + r.IntN(60)) * 2500), true
	case "gb":
		return strconv.Itoa(10 + r.IntN(900)), true
	case "rows":
		return s.number((2 + r.IntN(900)) * 1000), true
	case "hosts":
		return strconv.Itoa(40 + r.IntN(2000)), true
	case "revenue":
		return strconv.Itoa(5+r.IntN(400)) + "M", true
	case "clock":
		return s.at.Add(-s.w.ago(90)).Format("15:04:05"), true
	case "date":
		return s.at.Add(-s.w.ago(60 * 24 * 3)).Format("2006-01-02"), true
	case "stamp":
		return s.at.Add(-s.w.ago(90)).Format("02/Jan/2006:15:04:05 +0000"), true
	case "bytes":
		return strconv.Itoa(200 + r.IntN(90000)), true
	case "pid":
		return strconv.Itoa(400 + r.IntN(30000)), true
	case "eph":
		return strconv.Itoa(49152 + r.IntN(16000)), true
	}
	return "", false
}

// noise fills slots for what looks like an indicator and is none.
func (s *scene) noise(slot string) (string, bool) {
	r := s.w.Rand
	switch slot {
	case "resolver":
		return s.trap(intel.IPv4, pick(r, s.w.resolvers), "a public resolver"), true
	case "mirror":
		return s.trap(intel.Domain, pick(r, s.w.shared), "shared hosting"), true
	case "build":
		return s.trap(intel.IPv4, fmt.Sprintf("0.%d.%d.%d", 1+r.IntN(30), r.IntN(20), r.IntN(12)), "a version number"), true
	case "long":
		return fmt.Sprintf("10.0.%d.%d", 19041+r.IntN(3000), 1000+r.IntN(3000)), true
	case "inside":
		return s.trap(intel.IPv4, fmt.Sprintf("10.%d.%d.%d", r.IntN(60), r.IntN(250), 10+r.IntN(200)), "a private address"), true
	case "commit":
		return s.trap(intel.SHA1, s.w.digest(20), "a commit of a repository"), true
	case "contact":
		return s.trap(intel.Email, "soc@"+s.source.Host, "the contact of a publisher"), true
	case "home":
		return s.trap(intel.Domain, s.source.Host, "the publisher's own site"), true
	case "stranger":
		return s.w.address(), true
	case "gadget":
		return pick(r, s.w.flaws).Title, true
	case "someplace":
		return pick(r, s.w.places).words[s.language][1], true
	case "firm":
		return s.w.company(), true
	}
	return "", false
}
