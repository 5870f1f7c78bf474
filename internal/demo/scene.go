package demo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A scene is one document while its slots are being filled.
type scene struct {
	w        *world
	t        template
	source   Source
	language string
	at       time.Time
	cast
	fang  func(string) string // writes an indicator
	memo  map[string]string   // slots already filled
	given map[string]bool     // indicators and places already written
	rows  []Statement
	traps []Trap
}

// A cast is who and what a scene is about.
type cast struct {
	actor   *actor // nil for noise
	flaw    *Flaw
	wanted  *Flaw
	alias   *alias      // being taught
	sector  trade       // of the victim
	country place       // of the victim
	techs   []Technique // still to be named
}

func (w *world) scene(t template, source Source, a *actor, at time.Time) *scene {
	s := &scene{w: w, t: t, source: source, language: t.language, at: at, memo: map[string]string{}, given: map[string]bool{}}
	s.cast = cast{actor: a, flaw: pick(w.Rand, w.flaws), sector: pick(w.Rand, w.trades), country: pick(w.Rand, w.places)}
	if a != nil {
		// What it asked for in one third of the time it exploits in the next.
		phase := min(int(w.past(at)*float64(len(a.wanted))), len(a.wanted)-1)
		s.wanted = a.wanted[phase]
		s.flaw = pick(w.Rand, slices.Concat(a.flaws, a.wanted[:phase]))
		s.sector, s.country = skewed(w.Rand, a.sectors), skewed(w.Rand, a.targets)
		s.techs = w.preferred(a)
	}
	s.fang = w.style(source.Genre)
	return s
}

// past is the share of the scenario that is over at a time.
func (w *world) past(at time.Time) float64 {
	return float64(at.Sub(w.start)) / float64(w.now.Sub(w.start))
}

// preferred returns the techniques of a in random order, its favourites
// earlier.
func (w *world) preferred(a *actor) []Technique {
	left, out := slices.Clone(a.techniques), []Technique(nil)
	for len(left) > 0 {
		t := skewed(w.Rand, left)
		out = append(out, t)
		left = slices.DeleteFunc(left, func(x Technique) bool { return x == t })
	}
	return out
}

// style returns how a document of that genre writes indicators.
func (w *world) style(genre intel.Genre) func(string) string {
	swap := func(dot, scheme string) func(string) string {
		return func(s string) string {
			s = strings.ReplaceAll(s, "http", scheme)
			if head, tail, ok := strings.Cut(s, "://"); ok {
				host, path, _ := strings.Cut(tail, "/")
				return head + "://" + strings.ReplaceAll(host, ".", dot) + "/" + path
			}
			return strings.ReplaceAll(s, ".", dot)
		}
	}
	plain := func(s string) string { return s }
	if genre == intel.Log {
		return plain
	}
	return pick(w.Rand, []func(string) string{swap("[.]", "hxxp"), swap("[.]", "hxxp"), swap("(.)", "hxxp"),
		swap("[dot]", "hXXp"), plain, plain})
}

// text fills the template and returns title and text.
func (s *scene) text() (title, text string) {
	body := expand(s.t.body, s.w.IntN, s.fill)
	if rest, ok := strings.CutPrefix(body, "# "); ok {
		title, text, _ = strings.Cut(rest, "\n")
		return strings.TrimSpace(title), strings.TrimSpace(text)
	}
	return "", body
}

// fill gives the value of a slot. A slot has the same value wherever it stands
// in one document; a digit at its end asks for another of its sort.
func (s *scene) fill(slot string) string {
	if v, ok := s.memo[slot]; ok {
		return v
	}
	base := strings.TrimRight(slot, "0123456789")
	for _, f := range []func(string) (string, bool){s.line, s.name, s.place, s.indicator, s.fragment, s.chance, s.noise} {
		if v, ok := f(base); ok {
			s.memo[slot] = v
			return v
		}
	}
	panic(fmt.Sprintf("embedded text %s %s: no slot %q", s.t.language, s.t.occasion, slot))
}

// line includes a sentence: {aim}, {how}, {iocs}, {who}.
func (s *scene) line(slot string) (string, bool) {
	occasion := slot
	if slot == "aim" {
		// Of two intents the first is the usual one.
		occasion = "aim-" + skewed(s.w.Rand, s.actor.role.intents)
	}
	lines := s.w.templates[s.language+"/line/"+occasion]
	if len(lines) == 0 {
		return "", false
	}
	t := s.w.fresh(lines)
	s.mean(t)
	return expand(t.body, s.w.IntN, s.fill), true
}

// mean notes the intents a template states.
func (s *scene) mean(t template) {
	for _, intent := range t.intents {
		s.note(Intentions, intel.NewEntity(intel.Intent, intent), false)
	}
	for _, intent := range t.maybe {
		s.note(Intentions, intel.NewEntity(intel.Intent, intent), true)
	}
}

// fresh returns one of the templates that was used least.
func (w *world) fresh(from []template) template {
	least := slices.MinFunc(from, func(a, b template) int { return w.used[a.body] - w.used[b.body] })
	var rare []template
	for _, t := range from {
		if w.used[t.body] == w.used[least.body] {
			rare = append(rare, t)
		}
	}
	t := pick(w.Rand, rare)
	w.used[t.body]++
	return t
}

// handle is the account the document speaks through.
func (s *scene) handle() intel.Entity {
	return intel.NewEntity(intel.Handle, string(s.source.ID)+"/"+s.actor.nicks[s.source.ID])
}

// note keeps what the document says about its subject. What the actor says of
// itself under a nick is about the nick first.
func (s *scene) note(c Category, object intel.Entity, optional bool) {
	if s.actor == nil || s.t.voice == "none" {
		return
	}
	st := Statement{Category: c, Subject: s.actor.canon, Object: object, At: s.at, Optional: optional}
	switch s.t.voice {
	case "own":
		st.Subject, st.Also = s.handle(), []intel.Entity{s.actor.canon}
		boast := c == Attacks && slices.Contains([]string{"boast", "ddos", "disruption", "leak"}, s.t.occasion)
		st.Optional = optional || c != Intentions && c != Research && !boast
	case "site":
		st.Also = []intel.Entity{s.handle()}
	}
	s.keep(st)
}

func (s *scene) keep(st Statement) {
	same := func(x Statement) bool {
		return x.Category == st.Category && x.Subject == st.Subject && x.Object == st.Object
	}
	if i := slices.IndexFunc(s.rows, same); i >= 0 {
		s.rows[i].Optional = s.rows[i].Optional && st.Optional
		return
	}
	s.rows = append(s.rows, st)
}

// trap notes a value that looks like an indicator and is none.
func (s *scene) trap(kind intel.Kind, value, why string) string {
	s.traps = append(s.traps, Trap{Entity: intel.NewEntity(kind, value), Why: why})
	return value
}

// name fills slots for names.
func (s *scene) name(slot string) (string, bool) {
	a := s.actor
	switch slot {
	case "network":
		if s.t.voice == "about" && a != nil {
			return s.elsewhere().Name, true
		}
		return s.source.Name, true
	case "vendor":
		return s.source.Name, true
	case "other":
		return pick(s.w.Rand, s.w.of(intel.Report)).Name, true
	case "person":
		return s.w.nick(), true
	}
	if a == nil {
		return "", false
	}
	switch slot {
	case "actor":
		return s.called(), true
	case "canon", "me":
		return a.name, true
	case "alias":
		s.teach()
		return s.alias.name, true
	case "notalias":
		return s.alias.name, true
	case "peer":
		s.note(Associated, a.peer.canon, false)
		return a.peer.name, true
	case "malware":
		return s.used(Arsenal, intel.Malware, skewed(s.w.Rand, a.malware)), true
	case "tool":
		return s.used(Arsenal, intel.Tool, skewed(s.w.Rand, a.tools)), true
	case "campaign":
		return s.used(Campaigns, intel.Campaign, s.season()), true
	case "handle":
		return s.spokesman(), true
	}
	return "", false
}

func (s *scene) used(c Category, kind intel.Kind, name string) string {
	s.note(c, intel.NewEntity(kind, name), false)
	return name
}

// season is the campaign that runs at the time of the document.
func (s *scene) season() string {
	n := len(s.actor.campaigns)
	return s.actor.campaigns[min(int(s.w.past(s.at)*float64(n)), n-1)]
}

// called is how the source calls the actor: by its own name for it if it has
// one, else mostly by the usual one.
func (s *scene) called() string {
	for _, al := range s.actor.aliases {
		if al.by == s.source.ID && al.deniedBy == "" && s.w.IntN(3) > 0 {
			return al.name
		}
		if al.known && s.w.IntN(6) == 0 {
			return al.name
		}
	}
	return s.actor.name
}

// teach notes the alias the document explains.
func (s *scene) teach() {
	entity := intel.NewEntity(intel.Actor, s.alias.name)
	s.keep(Statement{Category: Aliases, Subject: s.actor.canon, Object: entity, At: s.at, Optional: s.alias.deniedBy != ""})
}

// elsewhere is a forum or room the actor speaks in, the same in one document.
func (s *scene) elsewhere() Source {
	if id, ok := s.memo["elsewhere"]; ok {
		return s.w.source(intel.SourceID(id))
	}
	src := pick(s.w.Rand, append(s.w.of(intel.Forum), s.w.of(intel.Chat)...))
	s.memo["elsewhere"] = string(src.ID)
	return src
}

// spokesman is the nick of the actor, which the document thereby gives away.
func (s *scene) spokesman() string {
	src := s.elsewhere()
	if s.t.voice == "own" || s.t.voice == "site" {
		return s.actor.nicks[s.source.ID]
	}
	nick := s.actor.nicks[src.ID]
	s.note(Handles, intel.NewEntity(intel.Handle, string(src.ID)+"/"+nick), false)
	return nick
}

// number writes n with or without a separator, as people do.
func (s *scene) number(n int) string {
	if n >= 10000 && s.w.IntN(3) == 0 {
		return strconv.Itoa(n/1000) + "k"
	}
	return strconv.Itoa(n)
}
