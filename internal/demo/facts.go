package demo

import "strings"

// A place is a country as six languages write it.
type place struct {
	code  string
	words map[string][]string // by language: name, "in" phrase, adjective
}

// A trade is a sector as six languages write it.
type trade struct {
	slug  string
	words map[string][]string // by language: name, those in it, one in it
}

func places() []place {
	var all []place
	for code, words := range columns("countries.txt") {
		all = append(all, place{code, words})
	}
	return all
}

func trades() []trade {
	var all []trade
	for slug, words := range columns("sectors.txt") {
		all = append(all, trade{slug, words})
	}
	return all
}

// columns yields the key of each line of a file and its words by language, in
// the order of the file.
func columns(name string) func(yield func(string, map[string][]string) bool) {
	return func(yield func(string, map[string][]string) bool) {
		for line := range strings.Lines(read(name)) {
			fields := strings.Split(strings.TrimSpace(line), "|")
			words := map[string][]string{}
			for i, language := range languages() {
				words[language] = strings.Split(fields[i+1], ";")
			}
			if !yield(fields[0], words) {
				return
			}
		}
	}
}

func techniques() []Technique {
	var all []Technique
	for line := range strings.Lines(read("techniques.txt")) {
		f := strings.Split(strings.TrimSpace(line), "|")
		all = append(all, Technique{ID: f[0], Name: f[1], Tactic: f[2]})
	}
	return all
}

// vocabulary reads the word lists that names are made of.
func vocabulary() map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(read("words.txt")) {
		key, words, _ := strings.Cut(line, ":")
		all[key] = strings.Fields(words)
	}
	return all
}

// A role is a way of being an actor: what it wants and how it is heard of.
type role struct {
	name    string
	intents []string
	// plan lists the occasions it is heard on as genre/occasion, as often as
	// they are likely.
	plan string
}

func roles() []role {
	const heard = " report/profile report/profile social/sighting social/sighting social/sighting mail/warning log/case report/flaw"
	const leaks = " leaksite/claim leaksite/claim leaksite/claim leaksite/claim leaksite/claim leaksite/claim"
	return []role{
		{"extortion", []string{"extortion", "recruit"}, leaks + " forum/recruit forum/ask social/wants report/campaign market/sell-data" + heard},
		{"broker", []string{"sell-access", "financial"}, "forum/sell-access forum/sell-access forum/sell-access market/sell-access market/sell-access forum/ask chat/ask social/wants" + heard},
		{"espionage", []string{"espionage"}, "report/campaign report/campaign report/origin report/profile mail/warning mail/warning log/case social/wants report/flaw social/sighting" + heard},
		{"ddos", []string{"ddos", "hacktivism"}, "chat/ddos chat/ddos chat/ddos chat/hacktivism chat/hacktivism chat/recruit social/origin social/boast" + heard},
		{"dealer", []string{"sell-exploit", "financial"}, "forum/sell-exploit forum/sell-exploit market/sell-exploit market/sell-exploit forum/ask chat/ask social/wants social/wants report/flaw" + heard},
		{"leaker", []string{"sell-data", "leak"}, "market/sell-data market/sell-data forum/sell-data forum/leak forum/leak chat/leak social/origin" + heard},
		{"stealer", []string{"financial", "sell-data"}, "forum/financial forum/financial market/sell-data chat/financial chat/recruit report/campaign social/sighting" + heard},
		{"wiper", []string{"disruption", "hacktivism"}, "chat/disruption chat/disruption social/boast report/origin report/campaign log/case social/wants" + heard},
		{"extortion", []string{"extortion", "leak"}, leaks + " forum/recruit chat/ask report/campaign forum/leak" + heard},
		{"espionage", []string{"espionage"}, "report/campaign report/campaign report/origin mail/warning log/case social/wants social/sighting" + heard},
	}
}
