package demo

import (
	"slices"
	"strconv"
	"strings"
)

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
	plan []string
}

// roles reads roles.txt. Its first line is the plan everybody has beside their
// own; an occasion followed by *3 is three times as likely.
func roles() []role {
	var all []role
	var heard string
	for line := range strings.Lines(read("roles.txt")) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if f[0] == "*" {
			heard = f[2]
			continue
		}
		r := role{name: f[0], intents: strings.Fields(f[1])}
		for item := range strings.FieldsSeq(f[2] + " " + heard) {
			occasion, times, _ := strings.Cut(item, "*")
			n, err := strconv.Atoi(times)
			if err != nil {
				n = 1
			}
			r.plan = append(r.plan, slices.Repeat([]string{occasion}, n)...)
		}
		all = append(all, r)
	}
	return all
}
