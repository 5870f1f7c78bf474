package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// mutex reads the name of a mutex, over the words that announce it or in the
// arguments of the call that makes it. The word that announces it stands from..at
// and may be the key of a setting, in quotes of its own. Within a name it
// announces none, and is that of a mutex itself where it begins one.
func (v *values) mutex(from, at int) {
	switch {
	case at < len(v.text) && v.text[at] == '(':
		v.mutexMade(at)
		return
	case from > 0 && strings.IndexByte("_\\", v.text[from-1]) >= 0:
		return
	case at < len(v.text) && v.text[at] == '_':
		if p := v.next(from - 1); from > 0 && p.quoted && p.from == from {
			v.mutexNamed(p)
		}
		return
	case v.keyInQuotes(from, at):
		at++
	}
	called := false // "name:" stands before it
	for range 4 {
		at = v.bytesPrefix(at)
		p := v.next(at)
		if p.empty() {
			return
		}
		text := v.text[p.from:p.to]
		switch strings.ToLower(text) {
		case "named", "name", "called", "with", "the", "is", "object", "of", "a", "имя", "имени", "с", "именем", "namens", "llamado", "创建":
			at = p.to
			called = strings.EqualFold(text, "name") && strings.HasPrefix(v.text[at:], ": ")
			continue
		}
		p = v.withBraces(p)
		if p.quoted || technical(text) || called && len(text) > 5 && !prose(text) || strings.Contains(text, "\\") {
			v.mutexNamed(p)
		}
		return
	}
}

// withBraces takes in the braces around a name, which are part of it.
func (v *values) withBraces(p piece) piece {
	if !p.quoted && p.from > 0 && v.text[p.from-1] == '{' && strings.HasPrefix(v.text[p.to:], "}") {
		p.from, p.to = p.from-1, p.to+1
	}
	return p
}

// mutexMade reads the name in the arguments of a call.
func (v *values) mutexMade(at int) {
	arguments, _, closed := strings.Cut(v.text[at:min(len(v.text), at+120)], ")")
	_, name, _ := strings.Cut(arguments, `"`)
	if name, _, quoted := strings.Cut(name, `"`); closed && quoted {
		begin := at + strings.Index(arguments, name)
		v.mutexNamed(piece{begin, begin + len(name), true})
	}
}

// mutexNamed notes the name of a mutex. A dash, a truth or nothing is what a
// setting has that has none. Markdown puts a stroke before the lines in a name.
func (v *values) mutexNamed(p piece) {
	name := strings.ReplaceAll(v.text[p.from:p.to], `\_`, "_")
	switch strings.ToLower(name) {
	case "true", "false", "none", "null", "yes", "no", "not configured":
		return
	}
	if len(name) > 2 && strings.ContainsFunc(name, isWord) {
		v.note(intel.Entity{Kind: intel.Mutex, Name: name}, p.from, p.to, "")
	}
}

// keyInQuotes reports whether the quotation that ends behind a word is that of
// the key of a setting: "Mutex": or 'Use a mutex':.
func (v *values) keyInQuotes(from, at int) bool {
	if at+1 >= len(v.text) || strings.IndexByte(opening, v.text[at]) < 0 || strings.IndexByte(":=", v.text[at+1]) < 0 {
		return false
	}
	before := v.text[max(0, from-40):from]
	i := strings.LastIndexByte(before, v.text[at])
	return i >= 0 && strings.IndexByte(before[i:], '\n') < 0
}

// bytesPrefix goes over the letter that Python puts before a string of bytes.
func (v *values) bytesPrefix(at int) int {
	rest := strings.TrimLeft(v.text[at:min(len(v.text), at+8)], " :=")
	if len(rest) > 1 && (rest[0] == 'b' || rest[0] == 'u') && (rest[1] == '\'' || rest[1] == '"') {
		return at + strings.Index(v.text[at:], rest) + 1
	}
	return at
}
