package demo

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed texts/*.txt
var texts embed.FS

// read returns one embedded file. The files are part of the program: one that
// is missing is a mistake of ours.
func read(name string) string {
	b, err := texts.ReadFile("texts/" + name)
	if err != nil {
		panic(fmt.Sprintf("embedded text %s: %v", name, err))
	}
	return string(b)
}

// languages are those the texts are written in, in the order of the columns of
// countries.txt and sectors.txt.
func languages() []string { return []string{"en", "ru", "zh", "es", "de", "fa"} }

// A template is one way to say something. Braces hold a slot to fill or, with
// bars between them, a choice: {ip}, {sold|gone}.
type template struct {
	language string
	genres   []string // "line" for a sentence that other templates include
	occasion string
	voice    string   // own, site, about or none
	intents  []string // that a reader finds in it
	maybe    []string // that a reader may find in it
	body     string
}

// templates reads every text file named after a language.
func templates() []template {
	entries, err := texts.ReadDir("texts")
	if err != nil {
		panic(fmt.Sprintf("embedded texts: %v", err))
	}
	var all []template
	for _, e := range entries {
		language, _, _ := strings.Cut(e.Name(), ".")
		if len(language) == 2 {
			all = append(all, parse(language, path.Base(e.Name()), read(e.Name()))...)
		}
	}
	return all
}

// parse reads the blocks of one file. A block begins with a line such as
//
//	@ forum,market sell-access voice=own intent=sell-access
//
// and a first line after "# " is its title. Every line of a block of genre "line" is a
// template of its own.
func parse(language, name, text string) []template {
	var all []template
	for block := range strings.SplitSeq("\n"+text, "\n@ ") {
		head, body, _ := strings.Cut(block, "\n")
		fields := strings.Fields(head)
		if len(fields) == 0 {
			continue
		}
		if len(fields) < 2 {
			panic(fmt.Sprintf("%s: block %q has no occasion", name, head))
		}
		t := template{language: language, genres: strings.Split(fields[0], ","), occasion: fields[1], voice: "about"}
		for _, f := range fields[2:] {
			key, value, _ := strings.Cut(f, "=")
			switch key {
			case "voice":
				t.voice = value
			case "intent":
				t.intents = strings.Split(value, ",")
			case "maybe":
				t.maybe = strings.Split(value, ",")
			default:
				panic(fmt.Sprintf("%s: block %q: unknown key %q", name, head, key))
			}
		}
		if t.genres[0] != "line" {
			t.body = strings.TrimSpace(body)
			all = append(all, t)
			continue
		}
		for line := range strings.Lines(body) {
			if line = strings.TrimSpace(line); line != "" {
				t.body = line
				all = append(all, t)
			}
		}
	}
	return all
}

// expand fills the braces of text. Choose picks one of n, fill gives the value
// of a slot.
func expand(text string, choose func(n int) int, fill func(slot string) string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:open])
		inner, rest := braced(text[open+1:])
		if choices := split(inner); len(choices) > 1 {
			b.WriteString(expand(choices[choose(len(choices))], choose, fill))
		} else {
			b.WriteString(fill(inner))
		}
		text = rest
	}
}

// braced cuts text after the brace that closes the one before it.
func braced(text string) (inner, rest string) {
	depth := 1
	for i := range len(text) {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return text[:i], text[i+1:]
			}
		}
	}
	panic(fmt.Sprintf("embedded text: no brace closes %.40q", text))
}

// split cuts text at the bars outside braces.
func split(text string) []string {
	var parts []string
	depth, from := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '{':
			depth++
		case '}':
			depth--
		case '|':
			if depth == 0 {
				parts = append(parts, text[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, text[from:])
}
