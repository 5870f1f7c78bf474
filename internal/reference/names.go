package reference

import (
	"cmp"
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

//go:embed tables/common.txt
var commonText string

// commonWords returns the words and phrases that are ordinary language, by
// compact key.
func commonWords() map[string]bool {
	words := map[string]bool{}
	for line := range strings.Lines(commonText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for word := range strings.SplitSeq(line, ",") {
			if key := intel.Compact(word); key != "" {
				words[key] = true
			}
		}
	}
	return words
}

type nameKey struct {
	text string
	kind intel.Kind
}

// A row is a name with what it is sorted by.
type row struct {
	Name
	key   string
	votes float64
}

func compareRows(a, b row) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.Text, b.Text), cmp.Compare(b.votes, a.votes), cmp.Compare(a.Entity.Kind, b.Entity.Kind))
}

// nameTable collects names, one row per wording and kind.
type nameTable struct {
	common map[string]bool
	rows   []row
	seen   map[nameKey]int
}

func (t *nameTable) group(g *group) {
	for _, m := range g.members {
		if m.hidden {
			continue
		}
		t.add(m.title, g.entity, m.pack, mainVote)
		if m.id != "" && m.list == "attack" {
			t.add(m.id, g.entity, m.pack, mainVote)
		}
		for _, n := range append(m.bare(), m.names...) {
			t.add(n, g.entity, m.pack, 1)
		}
	}
}

func (t *nameTable) add(text string, e intel.Entity, pack string, votes float64) {
	key := intel.Compact(text)
	if key == "" {
		return
	}
	at := nameKey{strings.ToLower(text), e.Kind}
	r := row{Name{Text: text, Entity: e, Pack: pack, Common: t.ordinary(text, key, e.Kind), Cased: capitalised(key, e.Kind), Phrase: t.phrase(text, e.Kind)}, key, votes}
	if i, ok := t.seen[at]; ok {
		if t.rows[i].Entity != e && t.rows[i].votes < votes {
			t.rows[i] = r
		}
		return
	}
	t.seen[at] = len(t.rows)
	t.rows = append(t.rows, r)
}

// phrase reports whether a name in small letters is ordinary language: all of its
// words are, and it is not built as vendors build names (Fancy Bear), or it is an
// animal or thing.
func (t *nameTable) phrase(text string, kind intel.Kind) bool {
	if kind != intel.Actor && kind != intel.Malware && kind != intel.Tool && kind != intel.Campaign {
		return false
	}
	words := strings.Split(intel.Slug(text), "-")
	if len(words) == 1 {
		switch words[0] {
		case "sandworm", "bumblebee", "rattlesnake", "whitefly", "patchwork", "silverfish", "blackhole", "soundwave", "webworm", "budworm", "dogfish", "hogfish", "waterbug", "direwolf", "speakup":
			return true
		}
		return false
	}
	for _, w := range words {
		if !t.common[w] {
			return false
		}
	}
	switch strings.Join(words, "") {
	case "cobaltstrike", "agenttesla", "hiddencobra", "cyclopsblink", "chromeremotedesktop", "windowsremotedesktop", "powershellempire":
		return false
	}
	switch words[len(words)-1] {
	case "group", "gang", "team", "crew", "ransomware", "stealer", "trojan", "backdoor", "locker", "crypter", "framework": // say it themselves
		return false
	case "panda", "kitten", "spider", "typhoon", "blizzard", "sleet", "tempest", "jackal", "rat", "bot", "bear":
		return words[0] == "white" || words[0] == "saint" || words[0] == "team"
	}
	return true
}

// capitalised reports whether a name in small letters is a word of its own that
// nobody takes for the name.
func capitalised(key string, kind intel.Kind) bool {
	if kind == intel.Country {
		return initials(key) || key == "polen" || key == "china"
	}
	switch key {
	case "poisonivy", "oilrig", "oceanbuffalo", "rocketkitten", "flyingkitten", "ghostwriter", "goldenchickens", "silentlibrarian", "stonepanda", "graphite", "housecat", "saltwater", "sandcat":
		return kind != intel.Technique
	}
	return false
}

// ordinary reports whether a name needs context to be taken for one.
func (t *nameTable) ordinary(text, key string, kind intel.Kind) bool {
	if han(key) { // a script that says in two letters what others do in six
		return utf8.RuneCountInString(key) < 2
	}
	if kind == intel.Country && (strings.Contains(text, ".") || initials(key)) { // "U.S." is written so that it is not "us"
		return false
	}
	if utf8.RuneCountInString(key) < 4 || strings.Trim(key, "0123456789") == "" {
		return true
	}
	switch kind {
	case intel.Country:
		return ambiguousCountry(key)
	case intel.Sector:
		return t.common[key] || generic(key)
	case intel.Technique:
		return !telling(key) && (t.common[key] || !strings.Contains(intel.Slug(text), "-"))
	}
	return t.common[key]
}

// initials reports whether the compact name of a country is its initials, which
// mean it wherever they are capitals.
func initials(key string) bool {
	switch key {
	case "us", "usa", "uk", "uae", "prc":
		return true
	}
	return false
}

// telling reports whether the compact name of a technique is one word that is said
// of nothing else, or a phrase that is.
func telling(key string) bool {
	switch key {
	case "kerberoasting", "dcsync", "timestomp", "timestomping", "steganography", "keylogging", "keylogger", "keyloggers", "rootkit", "rootkits", "bootkit",
		"masquerading", "sideloading", "typosquatting", "typosquatted", "cryptojacking", "malvertising", "spearphishing", "webshell", "webshells", "mshta", "regsvr32", "vssadmin", "schtasks",
		"supplychaincompromise", "networksniffing":
		return true
	}
	return false
}

// generic reports whether a compact name says what sort of thing something is,
// or what it runs on. As a label it stands for nothing in particular, though
// some group or sample is called so.
func generic(key string) bool {
	switch key {
	case "adware", "android", "apk", "apt", "backdoor", "banker", "bot", "botnet", "c2", "country", "downloader", "dropper", "exploit", "infostealer",
		"ios", "keylogger", "linux", "loader", "macos", "malware", "miner", "multisector", "opendir", "other", "phishing", "ransom", "ransomware",
		"rat", "rootkit", "scam", "spam", "spyware", "stealer", "trojan", "unknown", "virus", "webshell", "windows", "wiper", "worm":
		return true
	}
	return false
}

func han(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.Is(unicode.Han, r)
}
