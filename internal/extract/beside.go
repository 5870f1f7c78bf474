package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// supported reports whether a word that says what a name is stands near it.
func (s *search) supported(i, end int) bool {
	const far = 6
	s.steps += 2 * far
	for n := max(0, i-far); n < min(len(s.words), end+far); n++ {
		if n >= i && n < end {
			continue
		}
		noun := s.nouns[s.words[n].hash]
		if noun == noSupport {
			continue
		}
		distance := i - n
		from, to := s.words[n].to, s.words[i].from
		if n >= end {
			distance = n - end + 1
			from, to = s.words[end-1].to, s.words[n].from
		}
		if noun == beside && distance > 2 || strings.IndexByte(s.text[from:to], '\n') >= 0 || distance > 2 && s.personal(i, end) {
			continue
		}
		return true
	}
	return false
}

// personal reports whether a name is part of a longer one that nobody knows: a
// word with a capital stands right beside it.
func (s *search) personal(i, end int) bool {
	if end < len(s.words) && s.text[s.words[end-1].to:s.words[end].from] == " " && s.capital(end) && s.nouns[s.words[end].hash] == noSupport {
		return true
	}
	if i > 1 && s.text[s.words[i-1].to:s.words[i].from] == " " && s.capital(i-1) && s.nouns[s.words[i-1].hash] == noSupport {
		gap := s.text[s.words[i-2].to:s.words[i-1].from]
		return !strings.ContainsAny(gap, ".\n:!?•*")
	}
	return false
}

func (s *search) capital(i int) bool {
	r, _ := utf8.DecodeRuneInString(s.text[s.words[i].from:])
	return unicode.IsUpper(r)
}

const (
	nearbyWords = `ransomware ransomwares gang gangs affiliate affiliates stealer infostealer trojan botnet extortion extorted extorting leaksite вымогатель вымогателей вымогатели вымогателя вымогательская троян ботнет
		raas ransom rescate erpresser باج`
	besideWords = `malware group groups actor actors apt backdoor loader rat team operators operator implant implants spyware worm wiper rootkit keylogger dropper downloader banker miner toolkit kit framework family
		variant variants sample samples payload payloads campaign campaigns crew cartel syndicate hackers beacon beacons infection infections leak blog extort encryptor locker decryptor virus operation threat intrusion
		группа группы группировка группировки группировкой группировку хакеры хакеров банда банды вредонос вредоносная бэкдор загрузчик угруповання банду
		grupo grupos banda bandas gruppe gruppen bande bandas schadsoftware erpressergruppe گروه بدافزار
		组 团 勒 索 木 马 恶 伙 帮 그 룹 조 직 グ ル`
)

// hopeless reports whether a name is a word that stands in texts so often for
// what it says that nothing tells when it is a name.
func hopeless(name string) bool {
	if released(name) {
		return true
	}
	switch strings.ToLower(name) {
	case "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
		"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "one", "two", "three", "first", "second", "third", "final", "last", "next", "new", "russian", "chinese", "iranian",
		"korean", "american", "turkish", "python", "java", "php", "javascript", "trojan", "malware", "ransomware", "backdoor", "coinminer", "hacking", "hacker", "hackers", "virus", "exploit", "unknown", "payload",
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
