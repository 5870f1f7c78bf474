package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// says tells which fragment of an attack the word after it names, in the
// languages of the sources.
func says(word string) intel.Kind {
	switch word {
	case "argument", "arguments", "parameter", "parameters", "param", "аргумент", "аргумента", "аргументе", "параметр", "параметра", "параметре", "parámetro",
		"argumento", "arguments'", "parameters'", "پارامتر", "آرگومان":
		return intel.Argument
	case "function", "функция", "функции", "функцию", "función", "funktion", "تابع", "method", "routine":
		return intel.Function
	case "library", "библиотека", "библиотеки", "библиотеке", "biblioteca", "bibliothek", "کتابخانه":
		return intel.Library
	}
	return ""
}

// fragments reads arguments, functions, libraries, inputs, ports and mutexes
// from the words around them.
func (v *values) fragments(words []token) {
	for i, w := range words {
		if len(v.out) >= most {
			return
		}
		word := strings.ToLower(v.text[w.from:w.to])
		if kind := says(word); kind != "" {
			v.named(kind, w.to)
			continue
		}
		switch word {
		case "port", "ports", "порт", "порту", "порта", "puerto", "پورت":
			v.numberedPort(words, i)
		case "mutex", "мьютекс", "mutant":
			v.named(intel.Mutex, w.to)
		case "input", "payload", "value", "ввод", "вводом", "entrada", "eingabe", "ورودی", "значение", "значением", "valor", "wert":
			v.quoted(w.to)
		}
	}
}

// named notes the run after an announcing word, if it looks like a name and
// not like the next word of a sentence.
func (v *values) named(kind intel.Kind, at int) {
	from, to, quoted := v.next(at)
	if to == from {
		return
	}
	name := strings.TrimSuffix(v.text[from:to], "()")
	if name == "" || len(name) > 200 {
		return
	}
	if !quoted && !technical(name) {
		return
	}
	if kind != intel.Mutex && !plainName(name) && kind != intel.Library {
		return
	}
	v.note(intel.NewEntity(kind, name), from, from+len(name), "")
}

// technical reports whether an unquoted word is an identifier rather than
// prose: it has a digit, an underscore, a dot or a capital inside.
func technical(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' || c == '_' || c == '.' || i > 0 && c >= 'A' && c <= 'Z' {
			return true
		}
	}
	return len(s) <= 3 && s != "of" && s != "to" && s != "is" && s != "in" && s != "and" && s != "or" && s != "the" && s != "for" && s != "can" &&
		s != "has" && s != "was" && s != "a" && s != "as" && s != "by" && s != "we" && s != "it" && s != "de" && s != "la" && s != "el" && s != "en" && s != "y"
}

// next returns the run after at on the same line: what stands in quotes, or
// the next characters up to a blank.
func (v *values) next(at int) (from, to int, quoted bool) {
	for at < len(v.text) && (v.text[at] == ' ' || v.text[at] == ':' || v.text[at] == '=') {
		at++
	}
	rest := v.text[at:min(len(v.text), at+300)]
	for _, q := range [][2]string{{"'", "'"}, {"\"", "\""}, {"`", "`"}, {"«", "»"}, {"“", "”"}, {"‘", "’"}, {"「", "」"}, {"„", "“"}} {
		if strings.HasPrefix(rest, q[0]) {
			if end := strings.Index(rest[len(q[0]):], q[1]); end > 0 && strings.IndexByte(rest[:len(q[0])+end], '\n') < 0 {
				return at + len(q[0]), at + len(q[0]) + end, true
			}
			return at, at, false
		}
	}
	end := 0
	for end < len(rest) && !splits[rest[end]] {
		end++
	}
	f, t := v.trim(at, at+end)
	return f, t, false
}

// quoted notes an input value that stands in quotes.
func (v *values) quoted(at int) {
	from, to, ok := v.next(at)
	if ok && to-from >= 2 {
		v.note(intel.Entity{Kind: intel.Input, Name: v.text[from:to]}, from, to, "")
	}
}

// numberedPort reads "port 445", "port 445/tcp" and "TCP port 445".
func (v *values) numberedPort(words []token, i int) {
	if i+1 >= len(words) || words[i+1].from-words[i].to > 2 {
		return
	}
	n := words[i+1]
	if number := v.text[n.from:n.to]; digits(number) && !strings.HasPrefix(v.text[n.to:], "/") {
		protocol := "tcp"
		if i > 0 && strings.EqualFold(v.text[words[i-1].from:words[i-1].to], "udp") {
			protocol = "udp"
		}
		v.note(intel.Entity{Kind: intel.Port, Name: number + "/" + protocol}, n.from, n.to, "")
	}
}

// spaced reads "CVE 2021 44228".
func (v *values) spaced() {
	for at := 0; ; {
		i := strings.Index(v.text[at:], "CVE ")
		if i < 0 || len(v.out) >= most {
			return
		}
		from := at + i
		at = from + 4
		rest := v.text[at:min(len(v.text), at+14)]
		if len(rest) < 9 || !allDigits(rest[:4]) || rest[4] != ' ' && rest[4] != '-' {
			continue
		}
		if n := cve(rest[:4] + "-" + rest[5:]); n > 0 {
			v.note(intel.Entity{Kind: intel.Vulnerability, Name: "CVE-" + rest[:4] + "-" + rest[5:n]}, from, at+n, "")
		}
	}
}
