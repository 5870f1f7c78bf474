package hunt

import (
	"bytes"
	"strings"
)

// longestRequest is from where on a request in a piece of a line is looked at in
// parts: more than servers take (nginx 32 KiB, IIS 16 KiB, Apache 8 KiB).
const longestRequest = 64 << 10

// A part is a stretch of what a request asks for. One that does not begin with
// it has the last [overlap] bytes of the part before.
type part struct {
	text         []byte
	query        bool // it begins in the query
	begins, ends bool // the request does where the part does
}

// pieces is how far requests have been looked at in the pieces of a line.
type pieces struct {
	upto  int64 // offset in the log
	open  bool  // a request goes on there
	query bool  // in its query
	close byte  // what ends it

	zeek   bool // it is a line of columns with tabs
	column int  // that the piece begins in
}

// repeated is how much of the end of a piece of n bytes the next one begins with:
// for fragments what a request may be long, else what an indicator may.
func (s *Scanner) repeated(n int) int {
	if s.set.attack != nil {
		return min(longestRequest, n/2)
	}
	return min(overlap, n/2)
}

// piece looks for fragments in b[from:to], which is a piece of a line: in
// whatever stands there as a request does, since fields are not known.
func (s *Scanner) piece(b []byte, from, to int) {
	s.at(b, from)
	l := &s.current
	if from > 0 || !s.cutBefore {
		s.pieces = pieces{upto: s.base + int64(from), zeek: s.columns.has(l.text) && s.columns.between(l.text) == '\t'}
	}
	cut := to == len(b) && s.cutAfter
	again := len(b) - s.repeated(len(b)) // where the next piece begins
	at := max(0, int(s.pieces.upto-s.base)-l.from)
	s.steps += 2 * (len(l.text) - at)
	first, column := at, s.pieces.column
	if s.pieces.open {
		l.escaped = escapes(s.pieces.close)
		end := requestEnd(l.text, at, s.pieces.close)
		p := part{text: l.text[max(0, at-overlap):end], query: s.pieces.query, ends: end < len(l.text) || !cut}
		s.askPart(b, p)
		column += bytes.Count(l.text[at:end], []byte("\t"))
		at = end
	}
	for i := at; i < len(l.text); i++ {
		begin, start, closing := requestAt(l.text, i)
		if s.pieces.zeek && l.text[i] == '\t' {
			if column++; s.columns.target(column) {
				begin, start, closing = i, i+1, '\t'
			}
		}
		if start == 0 {
			continue
		}
		end := requestEnd(l.text, start, closing)
		whole := end < len(l.text) || !cut
		if !whole && l.from+begin >= again {
			break // the next piece has all of it
		}
		s.request.begin(len(s.set.attack.marks))
		l.escaped = escapes(closing)
		s.pieces.query, s.pieces.close = false, closing
		s.askPart(b, part{text: l.text[start:end], begins: true, ends: whole})
		column += bytes.Count(l.text[min(i+1, end):end], []byte("\t"))
		i = max(i, end-1)
		at = end
	}
	s.pieces.upto = s.base + int64(l.from+at)
	next := min(max(at, again-l.from, first), len(l.text))
	s.pieces.column += bytes.Count(l.text[first:next], []byte("\t"))
}

// askPart reports the fragments in a part of a request, and notes whether the
// request goes on behind it.
func (s *Scanner) askPart(b []byte, p part) {
	l := &s.current
	s.tell(b, l, s.part(l, &p, s.request.places[:0]))
	s.pieces.open = !p.ends
	s.pieces.query = s.pieces.query || bytes.IndexByte(p.text, '?') >= 0
}

// requestAt says whether text[i] ends the sign that a request follows, such as a
// method or a key: where the sign begins, where the request does, 0 for none, and
// what ends it.
func requestAt(text []byte, i int) (sign, start int, closing byte) {
	switch text[i] {
	case ' ': // GET /path
		from := i
		for from > 0 && i-from < 8 && text[from-1] >= 'A' && text[from-1] <= 'Z' {
			from--
		}
		if from < i && (from == 0 || class[text[from-1]] == 0) && method(text[from:i]) {
			return from, i + 1, ' '
		}
	case '"': // "url":"/path"
		start := i + 1
		colon := false
		for start < len(text) && start-i < 8 && (text[start] == ' ' || text[start] == '\t' || text[start] == ':' && !colon) {
			colon = colon || text[start] == ':'
			start++
		}
		if !colon || start == len(text) || text[start] != '"' {
			return 0, 0, 0
		}
		from := bytes.LastIndexByte(text[max(0, i-32):i], '"') + max(0, i-32)
		if start++; from >= max(0, i-32) && targetKeys[strings.ToLower(string(text[from+1:i]))] {
			if n := bytes.IndexByte(text[start:min(len(text), start+12)], ' '); n > 0 && method(text[start:start+n]) {
				start += n + 1
			}
			return from, start, '"'
		}
	case '=': // request=/path
		from := i
		for from > 0 && i-from < 32 && class[text[from-1]]&(alnum|dot|dash) != 0 {
			from--
		}
		if from < i && (from == 0 || text[from-1] == ' ' || text[from-1] == '|') && roles[strings.ToLower(string(text[from:i]))] == targetRole {
			return from, i + 1, '='
		}
	}
	return 0, 0, 0
}

// escapes reports whether what is closed so has escapes in it: a string of JSON
// or a value of CEF, but no request after a method.
func escapes(closing byte) bool { return closing == '"' || closing == '=' }

// requestEnd returns where the request ends that is at from.
func requestEnd(text []byte, from int, closing byte) int {
	for i := from; i < len(text); i++ {
		switch c := text[i]; {
		case c == ' ' || c == '\n' || c == closing && closing != '=':
			return i
		case escapes(closing) && c == '\\':
			i++
		case closing == '"' || closing == '\t':
		case !urlByte[c]:
			return i
		}
	}
	return len(text)
}

// targetKeys has the last key of each path of keys that JSON has a request under.
var targetKeys = func() map[string]bool {
	keys := map[string]bool{}
	for name, r := range roles {
		if r == targetRole {
			keys[name[strings.LastIndexByte(name, '.')+1:]] = true
		}
	}
	return keys
}()
