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
	client   netip.Addr // whom a line of a log is of; invalid elsewhere
	opens    int        // where its date begins
}

// sections cuts a text.
func sections(text string) iter.Seq[section] {
	return func(yield func(section) bool) {
		prose := 0
		for at := 0; at < len(text); {
			end := at + strings.IndexByte(text[at:], '\n') + 1
			if end == at {
				end = len(text)
			}
			client, opens, ok := logLine(text[at:end])
			if ok {
				if prose < at && !yield(section{from: prose, to: at}) {
					return
				}
				if !yield(section{at, end, client, at + opens}) {
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

// accessLine reads a line of a log.
func (v *values) accessLine(line section) {
	if len(v.out) >= most {
		return
	}
	text := strings.TrimRight(v.text[line.from:line.to], "\r\n")
	v.steps += len(text)
	client, _, _ := strings.Cut(text, " ")
	end := line.from + len(client)
	v.note(place{name: client, addr: line.client}.entity(), line.from, end, "")
	if v.text[end:line.opens] != " - - " {
		v.field(end, line.opens) // who the client says it is
	}
	v.requested(line.opens+dateLength+1, line.from+len(text))
}

// dateLength is that of "[03/Mar/2026:12:11:09 +0000] ".
const dateLength = 29

// logLine reports whether a line is one of an access log: an address, words, a
// date in brackets at open, and what is in quotes.
func logLine(line string) (client netip.Addr, open int, ok bool) {
	const (
		shortest = 40
		widest   = 256 // address, identity and name together
	)
	if len(line) < shortest || classes[line[0]]&(digit|hex|colon) == 0 {
		return client, 0, false
	}
	open = strings.IndexByte(line[:min(len(line), widest)], '[')
	if open < 2 || line[open-1] != ' ' || len(line) < open+dateLength+2 {
		return client, 0, false
	}
	if d := line[open : open+dateLength+1]; d[3] != '/' || d[7] != '/' || d[12] != ':' || d[15] != ':' || d[21] != ' ' || d[27:] != `] "` {
		return client, 0, false
	}
	client, err := netip.ParseAddr(line[:strings.IndexByte(line, ' ')])
	return client.Unmap(), open, err == nil && client.Zone() == ""
}

// requested reads a request that begins at a place, and the fields behind it.
func (v *values) requested(from, end int) {
	to := closing(v.text[from:end]) + from
	target, version := strings.IndexByte(v.text[from:to], ' ')+from+1, strings.LastIndex(v.text[from:to], " HTTP/")+from
	if target > from && version > target && isMethod(v.text[from:target]) {
		v.request(from, target-1)
		if strings.ContainsAny(v.text[target:version], `:@\`) {
			v.field(target, version)
		} else if i := strings.IndexByte(v.text[target:version], '?'); i >= 0 {
			v.logged = tokens(v.logged, v.text[:version], target+i)
		}
	} else {
		v.field(from, to)
	}
	for at := to + 1; at < end; {
		i := strings.IndexByte(v.text[at:end], '"')
		if i < 0 {
			v.field(at, end)
			return
		}
		v.field(at, at+i)
		from = at + i + 1
		to = closing(v.text[from:end]) + from
		v.field(from, to)
		at = to + 1
	}
}

// closing returns where s, which begins behind a quotation mark, is closed by
// another: those of the field itself have a backslash before them.
func closing(s string) int {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '"')
		switch {
		case i < 0:
			return len(s)
		case at+i == 0 || s[at+i-1] != '\\':
			return at + i
		}
		at += i + 1
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
	for _, o := range f.found {
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
