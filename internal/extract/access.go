package extract

import (
	"iter"
	"net/netip"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A line of an access log is read by its fields, each for itself: what stands
// beside a value says nothing of it there, and the same referrers and agents
// come again and again. The form is that of NCSA, alone or combined:
//
//	192.0.2.1 - - [03/Mar/2026:12:11:09 +0000] "GET /a?b=c HTTP/1.1" 200 345 "referrer" "agent"
//
// Nothing less is such a line. One with a request that is not plain, as requests
// of attackers are, is read as any other text.

// mostFields is how many fields of the lines of a text are remembered.
const mostFields = 1024

// A field is what was found in a text between quotation marks, offsets relative
// to its beginning.
type field struct {
	found []intel.Observation
	words []token
}

// A section is a stretch of a text: one line of an access log, or all between
// such lines.
type section struct {
	from, to int
	line     *accessLine
}

// sections cuts a text. Lines behind its signature are none of a log.
func sections(text string, signature int) iter.Seq[section] {
	return func(yield func(section) bool) {
		var line accessLine
		prose := 0
		for at := 0; at < len(text); {
			end := at + strings.IndexByte(text[at:], '\n') + 1
			if end == at {
				end = len(text)
			}
			if at < signature && line.parse(text, at, end) {
				if prose < at && !yield(section{from: prose, to: at}) {
					return
				}
				if !yield(section{at, end, &line}) {
					return
				}
				prose = end
			}
			at = end
		}
		if prose < len(text) {
			yield(section{from: prose, to: len(text)})
		}
	}
}

// A stretch is where something stands, from and behind.
type stretch struct{ from, to int }

// An accessLine is where the parts of a line of a log stand.
type accessLine struct {
	client         netip.Addr
	address        stretch
	method, target stretch
	fields         []stretch // in quotes, behind the request
}

// dated is the length of "[03/Mar/2026:12:11:09 +0000] ".
const dated = 29

// parse reads a line, and reports whether it is one of a log.
func (l *accessLine) parse(text string, at, end int) bool {
	if classes[text[at]]&(digit|hex|colon) == 0 {
		return false
	}
	line := strings.TrimRight(text[at:end], "\r\n")
	if len(line) < 40 {
		return false
	}
	open := strings.IndexByte(line[:min(len(line), 256)], '[')
	if open < 0 || len(line) < open+dated+1 || !isDate(line[open:open+dated+1]) {
		return false
	}
	address, rest, _ := strings.Cut(line[:open], " ")
	identity, rest, _ := strings.Cut(rest, " ")
	name, rest, ok := strings.Cut(rest, " ")
	if !ok || rest != "" || identity == "" || !plainName(identity) || !plainName(name) {
		return false
	}
	client, err := netip.ParseAddr(address)
	if err != nil || client.Zone() != "" || client.Is6() && scoped(address) != "" {
		return false
	}
	l.client, l.address = client.Unmap(), stretch{at, at + len(address)}
	begin := open + dated + 1
	stop := begin + strings.IndexByte(line[begin:], '"')
	return stop >= begin && l.request(line[begin:stop], at+begin) && l.rest(line[stop+1:], at+stop+1)
}

// isDate reports whether s is a date in brackets and the quotation mark behind it.
func isDate(s string) bool {
	const form = `[00/aaa/0000:00:00:00 +0000] "`
	for i := range len(form) {
		c := s[i]
		switch form[i] {
		case '0':
			if !isDigit(c) {
				return false
			}
		case 'a':
			if classes[c]&(alpha|hex) == 0 {
				return false
			}
		case '+':
			if c != '+' && c != '-' {
				return false
			}
		default:
			if c != form[i] {
				return false
			}
		}
	}
	return true
}

// request reads a plain request that begins at a place: a method, a path with a
// query of plain characters, a version.
func (l *accessLine) request(s string, at int) bool {
	method, rest, _ := strings.Cut(s, " ")
	target, version, ok := strings.Cut(rest, " ")
	if !ok || !isMethod(method+" ") || target == "" || target[0] != '/' {
		return false
	}
	switch version {
	case "HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/2", "HTTP/3.0", "HTTP/3":
	default:
		return false
	}
	for i := range len(target) {
		if c := target[i]; classes[c]&(alpha|hex|digit|dot|slash|dash|equals|ampersand) == 0 && c != '?' && c != '%' && c != '+' && c != '~' {
			return false
		}
	}
	begin := at + len(method) + 1
	l.method, l.target = stretch{at, at + len(method)}, stretch{begin, begin + len(target)}
	return true
}

// rest reads what stands behind a request: numbers, and fields in quotes.
func (l *accessLine) rest(s string, at int) bool {
	l.fields = l.fields[:0]
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			end := closing(s[i+1:])
			if end < 0 {
				return false
			}
			l.fields = append(l.fields, stretch{at + i + 1, at + i + 1 + end})
			i += end + 1
		case c != ' ' && c != '-' && c != '.' && !isDigit(c):
			return false
		}
	}
	return true
}

// closing returns where a field in quotes ends, whose own are escaped, or -1.
func closing(s string) int {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '"')
		switch {
		case i < 0:
			return -1
		case at+i == 0 || s[at+i-1] != '\\':
			return at + i
		}
		at += i + 1
	}
}

// access notes what a line of a log says.
func (v *values) access(line *accessLine) {
	if len(v.out) >= most {
		return
	}
	from, to := line.address.from, line.address.to
	v.note(place{name: v.text[from:to], addr: line.client}.entity(), from, to, "")
	v.request(line.method.from, line.method.to)
	v.steps += to - from + line.target.to - line.target.from
	target := v.text[line.target.from:line.target.to]
	if i := strings.IndexByte(target, '?'); i >= 0 {
		v.logged = tokens(v.logged, v.text[:line.target.to], line.target.from+i)
		v.encodedQuery(line.target.from+i+1, line.target.to)
	}
	for _, f := range line.fields {
		v.field(f.from, f.to)
	}
}

// merged returns the words of both in order.
func merged(prose, logged []token) []token {
	if len(logged) == 0 {
		return prose
	}
	if len(prose) == 0 {
		return logged
	}
	all := make([]token, 0, len(prose)+len(logged))
	for _, w := range logged {
		for len(prose) > 0 && prose[0].from < w.from {
			all, prose = append(all, prose[0]), prose[1:]
		}
		all = append(all, w)
	}
	return append(all, prose...)
}

// field notes what is in a field, whatever stands beside it, from what was found
// in the same one before if it was read. Numbers alone are nothing.
func (v *values) field(from, to int) {
	text := v.text[from:to]
	if !strings.ContainsFunc(text, func(r rune) bool { return r != ' ' && r != '-' && (r < '0' || r > '9') }) {
		return
	}
	f, known := v.fields[text]
	if !known {
		f = v.isolated(text)
		if len(v.fields) >= mostFields {
			clear(v.fields)
		}
		if v.fields == nil {
			v.fields = map[string]field{}
		}
		v.fields[text] = f
	}
	v.steps += to - from
	for _, o := range f.found[:min(len(f.found), max(0, most-len(v.out)))] {
		o.Offset += from
		v.out = append(v.out, o)
	}
	for _, w := range f.words {
		v.logged = append(v.logged, token{w.from + int32(from), w.to + int32(from), w.hash})
	}
}

// isolated reads a field.
func (v *values) isolated(text string) field {
	one := values{text: text, set: v.set, own: v.own, signs: len(text) + 1}
	one.run(0, len(text))
	v.steps += one.steps
	return field{found: one.out, words: tokens(nil, text, 0)}
}
