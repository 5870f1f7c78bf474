package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// longestAgent is the most bytes of a user agent.
const longestAgent = 512

// userAgent reads what stands after "User-Agent:" or, in quotes or brackets, after
// "user agent" or "UA".
func (v *values) userAgent(words []token, i int) {
	at := int(words[i].to)
	if word := v.text[words[i].from:words[i].to]; len(word) == 2 {
		if word == "UA" { // the country's initials too
			v.agentsIn(v.overWords(at), false)
		}
		return
	}
	if i == 0 || words[i].from-words[i-1].to > 1 {
		return
	}
	before := words[i-1]
	user := v.text[before.from:before.to]
	if escaped := before.from > 0 && v.text[before.from-1] == '\\'; escaped && strings.IndexByte("nrt", user[0]) >= 0 {
		user = user[1:]
	}
	if !strings.EqualFold(user, "user") {
		return
	}
	if !v.agentHeader(at) {
		v.agentsIn(v.overWords(at), true)
	}
}

// agentHeader reads the value of a header up to the end of its line, or to what is
// escaped in a line, and reports whether there is one.
func (v *values) agentHeader(at int) bool {
	rest := v.text[at:min(len(v.text), at+longestAgent+88)]
	if line := strings.IndexByte(rest, '\n'); line >= 0 {
		rest = rest[:line]
	}
	text := strings.TrimPrefix(strings.TrimLeft(rest, "\"' "), "string")
	after, ok := strings.CutPrefix(text, ":")
	if !ok || strings.HasPrefix(strings.TrimLeft(after, " "), "\"") {
		return false
	}
	text = strings.TrimRight(strings.Trim(after, " "), "\"'`")
	for _, end := range [...]string{`"`, `\r`, `\n`} {
		text, _, _ = strings.Cut(text, end)
	}
	if len(text) < 4 || len(text) > longestAgent {
		return false
	}
	begin := at + strings.Index(rest, text)
	v.note(intel.Entity{Kind: intel.UserAgent, Name: text}, begin, begin+len(text), "")
	return true
}

// overWords goes over the words between what announces a user agent and the agent.
func (v *values) overWords(at int) int {
	for range 3 {
		for _, word := range [...]string{" strings", " string", " of", " is", " header", " value", ":"} {
			if strings.HasPrefix(v.text[at:], word) {
				at += len(word)
				break
			}
		}
	}
	return at
}

// agentsIn reads the user agents in quotes at a place, a list of them too, and one
// in brackets. Short says that one need not be written as agents are.
func (v *values) agentsIn(at int, short bool) {
	for range 8 {
		p := v.next(at)
		if !p.quoted {
			p = v.inBrackets(at)
		}
		text := v.text[p.from:p.to]
		if !p.quoted || len(text) > longestAgent || !short && strings.IndexByte(text, '/') < 0 {
			break
		}
		v.note(intel.Entity{Kind: intel.UserAgent, Name: text}, p.from, p.to, "")
		at = p.to
		rest := strings.TrimLeft(v.text[at:min(len(v.text), at+12)], "\"'`”’»")
		after, more := strings.CutPrefix(rest, ", ")
		after, and := strings.CutPrefix(after, "and ")
		if !more {
			after, and = strings.CutPrefix(rest, " and ")
		}
		if !more && !and || after == "" || strings.IndexByte(opening, after[0]) < 0 {
			break
		}
		at += strings.Index(v.text[at:], after)
	}
}

// inBrackets returns a user agent in brackets behind a blank: a product and its
// version.
func (v *values) inBrackets(at int) piece {
	rest, ok := strings.CutPrefix(v.text[at:min(len(v.text), at+longestAgent)], " (")
	end := strings.IndexAny(rest, ")\n")
	if !ok || end < 4 || rest[end] != ')' {
		return piece{at, at, false}
	}
	product, version, has := strings.Cut(rest[:end], "/")
	return piece{at + 2, at + 2 + end, has && product != "" && version != "" && isDigit(version[0]) && !isDigit(product[len(product)-1])}
}
