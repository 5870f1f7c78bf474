package reference

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A class is a sort of thing within which equal names mean one thing.
type class int

const (
	actorClass class = iota
	softwareClass
	campaignClass
	sectorClass
	countryClass
)

// An entry is what one source says of one thing.
type entry struct {
	class  class
	kind   intel.Kind
	list   string // who says so: "attack", "misp ransomware", "portent"
	pack   string
	rank   int    // lesser decides how the thing is written
	key    string // of the item of the pack
	id     string
	entity intel.Entity // zero: named by its title
	title  string
	names  []string // aliases
	// hidden names resolve but are not looked for in text.
	hidden bool
	// weak entries join a group of another list only when both call each other
	// by their main names.
	weak bool

	summary    string
	countries  []string
	victims    []string
	sectors    []string
	references []string
	uses       []string // ATT&CK IDs
}

// bare returns the names of e that consist of one word and what it is, such as
// "Gamaredon Group" or "RedLine Stealer", without the latter.
func (e *entry) bare() []string {
	if e.class != actorClass && e.class != softwareClass {
		return nil
	}
	var list []string
	for _, n := range append(e.names, e.title) {
		word, what, ok := strings.Cut(n, " ")
		switch strings.ToLower(what) {
		case "group", "team", "gang", "stealer", "ransomware", "rat", "trojan", "malware", "loader", "botnet", "worm", "backdoor":
			if ok && len(intel.Compact(word)) > 4 {
				list = append(list, word)
			}
		}
	}
	return list
}

// sources collects entries.
type sources struct {
	entries []*entry
	places  map[string]string // codes of countries by compact name
}

func (s *sources) add(e ...*entry) { s.entries = append(s.entries, e...) }

// of returns the entries of a class in the order of rank.
func (s *sources) of(c class) []*entry {
	var list []*entry
	for _, e := range s.entries {
		if e.class == c && intel.Compact(e.title) != "" {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.list, b.list), betterTitle(a.title, b.title))
	})
	return list
}

// betterTitle orders spellings: with capitals before without, then more words
// before fewer, then by text.
func betterTitle(a, b string) int {
	plain := func(s string) int {
		if strings.ToLower(s) == s {
			return 1
		}
		return 0
	}
	words := func(s string) int { return -strings.Count(intel.Slug(s), "-") }
	return cmp.Or(cmp.Compare(plain(a), plain(b)), cmp.Compare(words(a), words(b)), cmp.Compare(a, b))
}

// object takes in an item of the attack pack.
func (s *sources) object(body []byte, techniques map[string]Technique) error {
	var o object
	if err := json.Unmarshal(body, &o); err != nil {
		return err
	}
	e := &entry{list: "attack", pack: "attack", id: o.ID, title: o.Name, names: o.Aliases, summary: summary(o.Description),
		references: o.References, uses: o.Uses, hidden: o.Revoked || o.Deprecated}
	switch o.Type {
	case "attack-pattern":
		techniques[o.ID] = Technique{ID: o.ID, Name: o.Name, Tactics: o.Tactics, Description: sentence(o.Description),
			Revoked: o.Revoked, Deprecated: o.Deprecated, RevokedBy: o.RevokedBy}
		return nil
	case "intrusion-set":
		e.class, e.kind = actorClass, intel.Actor
	case "malware":
		e.class, e.kind = softwareClass, intel.Malware
	case "tool":
		e.class, e.kind = softwareClass, intel.Tool
	case "campaign":
		e.class, e.kind = campaignClass, intel.Campaign
		e.uses = append(e.uses, o.AttributedTo...)
	default:
		return nil
	}
	if o.Revoked {
		return nil // its successor bears the name as an alias
	}
	s.add(e)
	return nil
}

// cluster takes in an item of the actors pack.
func (s *sources) cluster(body []byte) error {
	var c Cluster
	if err := json.Unmarshal(body, &c); err != nil {
		return err
	}
	e := entry{list: "misp " + c.Galaxy, pack: "actors", id: c.ID, title: c.Value, names: c.Synonyms,
		rank: 1 + max(0, slices.Index(galaxies(), c.Galaxy)), summary: summary(c.Description), victims: c.Victims, sectors: c.Sectors,
		references: c.References}
	if c.Country != "" {
		e.countries = []string{c.Country}
	}
	e.class, e.kind = softwareClass, intel.Malware
	e.weak = c.Galaxy == "ransomware" || c.Galaxy == "exploit-kit"
	switch c.Galaxy {
	case "threat-actor", "microsoft-activity-group":
		e.class, e.kind = actorClass, intel.Actor
	case "mitre-intrusion-set":
		e.class, e.kind, e.list = actorClass, intel.Actor, "attack"
	case "mitre-malware":
		e.list = "attack"
	case "mitre-tool":
		e.kind, e.list = intel.Tool, "attack"
	case "exploit-kit":
		e.kind = intel.Tool
	case "tool":
		if !c.Malicious {
			e.kind = intel.Tool
		}
	case "ransomware":
		if c.Group { // a sample is nobody: a group of later may bear its name
			group := e
			group.class, group.kind = actorClass, intel.Actor
			s.add(&group)
		}
	case "sector":
		// The built-in table says how a sector is written and what it is
		// called in text; a pack may bring others.
		e.class, e.kind, e.rank = sectorClass, intel.Sector, 50
		if generic(intel.Compact(c.Value)) {
			return nil
		}
	case "target-information":
		return s.place(c)
	case "rat", "stealer", "banker", "botnet", "backdoor":
	default:
		return nil
	}
	s.add(&e)
	return nil
}

// place takes in a country of a pack; the built-in table decides its title.
func (s *sources) place(c Cluster) error {
	code := strings.ToUpper(c.ID)
	if len(code) != 2 || s.places[intel.Compact(code)] != code {
		return nil
	}
	s.add(&entry{class: countryClass, kind: intel.Country, list: "misp " + c.Galaxy, pack: "actors", rank: 50, id: code,
		entity: intel.NewEntity(intel.Country, code), title: c.Value, names: c.Synonyms})
	return nil
}

// summary returns the first sentence of a description with a stop at its end,
// of a long one the first 300 characters.
func summary(s string) string {
	s = sentence(s)
	if r := []rune(s); len(r) > 300 {
		return strings.TrimRight(string(r[:300]), " ,;") + "…"
	}
	if s != "" && !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}

// sentence returns the first sentence of a description, without citations and
// links.
func sentence(s string) string {
	if len(s) > maxText {
		s = clip(s, maxText)
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexAny(s, "([\n")
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		switch {
		case strings.HasPrefix(s, "(Citation:"):
			_, s, _ = strings.Cut(s, ")")
		case s[0] == '[': // [text](address)
			text, rest, ok := strings.Cut(s[1:], "](")
			if !ok || strings.ContainsAny(text, "[\n") {
				b.WriteByte('[')
				s = s[1:]
				continue
			}
			b.WriteString(text)
			_, s, _ = strings.Cut(rest, ")")
		case s[0] == '\n':
			b.WriteByte(' ')
			s = s[1:]
		default:
			b.WriteByte('(')
			s = s[1:]
		}
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	text = strings.NewReplacer("<code>", "", "</code>", "", " . ", ". ", " ,", ",").Replace(text + " ") // where a citation stood; " .NET" stays
	text = strings.TrimSpace(text)
	for i := 1; i+1 < len(text); i++ {
		// A stop after a capital is that of "U.S." more often than an end.
		if text[i] == '.' && text[i+1] == ' ' && (text[i-1] < 'A' || text[i-1] > 'Z') {
			return text[:i+1]
		}
	}
	return text
}
