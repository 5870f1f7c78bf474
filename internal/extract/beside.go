package extract

import (
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// sick reports whether the word right behind a name from i to end, or one before it,
// makes it the variant of an illness.
func (s *search) sick(i, end int) bool {
	return end < len(s.words) && s.disease(end) || i > 0 && s.disease(i-1) || i > 1 && s.word(i-1) == "of" && s.disease(i-2)
}

// disease reports whether word i says of an illness what it may say of malware,
// in a text that speaks of one: the variants of a virus have names too.
func (s *search) disease(i int) bool {
	switch strings.ToLower(s.word(i)) {
	case "variant", "variants", "infection", "infections", "virus":
		return s.pandemic()
	}
	return false
}

// pandemic reports whether the text speaks of an illness that spreads.
func (s *search) pandemic() bool {
	if s.ill == 0 {
		s.ill = -1
		if slices.ContainsFunc(s.words, func(w token) bool { return ofIllness(s.text[w.from:w.to]) }) {
			s.ill = 1
		}
	}
	return s.ill > 0
}

// ofIllness reports whether a word begins as one that is said of an illness.
func ofIllness(word string) bool {
	if len(word) < 5 || word[0]|0x20 != 'c' && word[0]|0x20 != 'v' {
		return false
	}
	for _, begin := range [...]string{"covid", "coronavirus", "vaccin"} {
		if len(word) >= len(begin) && strings.EqualFold(word[:len(begin)], begin) {
			return true
		}
	}
	return false
}

// respelled reports whether a name that is an ordinary word has capitals
// throughout and stands there as that word may: DUNE as Dune.
func (p *phrase) respelled(text string) bool {
	return p.common && named(p.entity.Kind) && text != p.exact && capitalised(text) && p.exact == strings.ToUpper(p.exact)
}

// introduced reports whether the word before i says that attackers follow.
func (s *search) introduced(i int) bool {
	if i == 0 || strings.ContainsAny(s.text[s.words[i-1].to:s.words[i].from], ".,;!?\n") {
		return false
	}
	switch strings.ToLower(s.word(i - 1)) {
	case "actor", "actors", "apt", "adversary", "attackers", "hackers", "aka":
		return true
	}
	return false
}

// operation reports whether the word at i is the name of an operation, which
// some malware or group may be called as too.
func (s *search) operation(p *phrase, i int) bool {
	return p.entity.Kind != intel.Campaign && named(p.entity.Kind) && i > 0 && s.word(i-1) == "Operation" && s.text[s.words[i-1].to:s.words[i].from] == " "
}

// small reports whether the last word from i to end has a small letter: Cloud atlas.
func (s *search) small(i, end int) bool {
	return !s.capital(end-1) && (end-1 > i || isLower(s.word(i)))
}

// elsewhere reports whether what stands beside a name from i to end says that it is
// that of something else: of an animal or a film, or the number of a model.
func (s *search) elsewhere(p *phrase, i, end int) bool {
	if len(p.exact) == 5 && allDigits(p.exact[1:]) {
		return i > 0 && s.blank(i) && modelled(s.word(i-1))
	}
	return s.another(end)
}

// modelled reports whether a word is one before numbers of things.
func modelled(word string) bool {
	switch strings.ToLower(word) {
	case "model", "models", "part", "serial", "number", "type", "version", "device", "item", "product", "order", "flight", "room", "article", "sku", "error", "firmware", "modell", "modelo", "modèle", "модель":
		return true
	}
	return false
}

// within reports whether word i is where something is or comes from.
func (s *search) within(i int) bool {
	if i == 0 || s.text[s.words[i-1].to:s.words[i].from] != " " {
		return false
	}
	switch s.word(i - 1) {
	case "from", "in", "In", "to", "against", "across", "outside", "inside", "near", "From":
		return true
	}
	return false
}

func (s *search) word(i int) string { return s.text[s.words[i].from:s.words[i].to] }

// counted reports whether a name is a group and its number, as there are in any
// study.
func counted(name string) bool {
	what, number, ok := strings.Cut(strings.ToLower(name), " ")
	if !ok || len(number) > 2 || !allDigits(number) {
		return false
	}
	switch what {
	case "group", "team", "unit", "cluster", "operation", "actor", "project", "sample", "case", "version":
		return true
	}
	return false
}

// hopeless reports whether a name is a word that stands in texts so often for
// what it says that nothing tells when it is a name.
func hopeless(name string) bool {
	if released(name) {
		return true
	}
	switch strings.ToLower(name) {
	case "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
		"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "one", "two", "three", "first", "second", "third", "final", "last", "next", "new", "russian", "chinese", "iranian",
		"korean", "american", "turkish", "brazilian", "czech", "python", "java", "php", "javascript", "trojan", "malware", "ransomware", "backdoor", "coinminer", "hacking", "hacker", "hackers", "virus", "exploit", "unknown", "payload",
		"payment", "desktop", "christmas", "donald trump", "windows", "linux", "android", "internet", "network", "system", "user", "admin", "security", "update", "server", "client", "project", "document", "unclassified", "ttps",
		"indicators", "waiting", "yahoo", "google", "microsoft", "facebook", "proofpoint", "id", "the", "campaign", "operation", "coronavirus", "covid", "corona", "whois", "ftp", "ping", "cmd", "at", "net", "reg", "word", "excel", "outlook",
		"chrome", "firefox", "telegram", "discord", "github", "twitter", "apache", "oracle", "cisco", "vmware", "citrix", "fortinet", "telnet", "ssh", "curl", "wget", "bash", "sh", "vi", "route", "arp", "systeminfo", "netstat", "ipconfig", "ifconfig",
		"tasklist", "copy-paste", "reuse", "endurance", "attack", "phishing", "default", "error", "help", "support", "all", "data", "file", "files", "crypto", "bitcoin", "rat", "spyware", "worm", "botnet", "test":
		return true
	}
	return false
}

// released reports whether a name is that of a well-known product and its version,
// written as one word or as two: whatever is called so, texts mean the product.
func released(name string) bool {
	name = strings.ToLower(name)
	base := strings.TrimRight(name, "0123456789. -_")
	if base == name {
		base, _ = strings.CutSuffix(name, "xp")
		base = strings.TrimRight(base, " -_")
	}
	switch base {
	case "windows", "windows server", "android", "linux", "ios", "macos", "mac os x", "ubuntu", "debian", "office", "word", "excel", "outlook", "exchange", "sharepoint",
		"internet explorer", "edge", "chrome", "firefox", "safari", "acrobat", "flash", "java", "javascript", "python", "perl", "php", "oracle", "win":
		return base != name
	}
	return false
}
