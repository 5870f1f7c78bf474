package hunt

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// otherSpelling returns the name of a host in its own script if it is in
// punycode, and the other way round; "" if it has one spelling.
func otherSpelling(host string) string {
	if isASCII(host) {
		if !strings.Contains(host, "xn--") {
			return ""
		}
		native, err := idna.Punycode.ToUnicode(host)
		if err != nil || native == host {
			return ""
		}
		// What does not come back, such as xn--evil-.example, spells another's name.
		if back, err := idna.Punycode.ToASCII(native); err != nil || back != host {
			return ""
		}
		return native
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return ""
	}
	return ascii
}

// longestEscaped is the most bytes of a host's name in escapes such as \u043f.
const longestEscaped = 6 * longestHost

// native looks up the host that a token with a dot is a part of, in a script of
// its own and beside escapes of JSON.
func (s *Scanner) native(b []byte, start, end int) {
	if start < s.nativeDone {
		return
	}
	from, to := start, end
	for from > s.nativeDone && start-from < longestEscaped && (class[b[from-1]] != 0 || b[from-1] == '\\') {
		from--
	}
	for to < len(b) && to-end < longestEscaped && (class[b[to]] != 0 || b[to] == '\\') {
		to++
	}
	s.steps += to - from
	s.nativeDone = to
	if s.torn(b, from, to) {
		return
	}
	text := s.spelled[:0]
	for i := from; i < to; {
		if b[i] != '\\' {
			text = append(text, lower[b[i]])
			i++
			continue
		}
		r, n := codePoint(b[i:to])
		if n > 0 && r >= 0x80 {
			text = utf8.AppendRune(text, unicode.ToLower(r))
			i += n
			continue
		}
		s.names(text, b, from, i)
		text = text[:0]
		i = min(i+max(2, n), to)
		from = i
	}
	s.spelled = text
	s.names(text, b, from, to)
}

// capital looks up a host in a script of its own if it has capitals.
func (s *Scanner) capital(b []byte, start, end int) {
	dot := start + bytes.LastIndexByte(b[start:end], '.')
	s.spelled = appendLower(s.spelled[:0], b[dot+1:end])
	if !s.set.ends.has(s.set.end(s.spelled)) {
		return
	}
	s.spelled = appendLower(s.spelled[:0], b[start:end])
	if !bytes.Equal(s.spelled, b[start:end]) {
		s.names(s.spelled, b, start, end)
	}
}

// appendLower appends text in lower case to out; what is no UTF-8 as it is.
func appendLower(out, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError {
			out = append(out, text[:n]...)
		} else {
			out = utf8.AppendRune(out, unicode.ToLower(r))
		}
		text = text[n:]
	}
	return out
}

// names looks up a host that is spelled as text and stands at b[from:to], and
// what it is below, as far as that is beyond ASCII.
func (s *Scanner) names(text, b []byte, from, to int) {
	text = bytes.Trim(text, ".-_")
	if len(text) > 2*longestHost || bytes.IndexByte(text, '.') < 0 {
		return
	}
	s.steps += len(text)
	h, wide := s.set.seed, false
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] == '.' && wide {
			s.name(mix(h), text[i+1:], b, from, to)
		}
		h = (h ^ uint64(text[i])) * prime
		wide = wide || class[text[i]] == high
	}
	if wide {
		s.name(mix(h), text, b, from, to)
		s.nativeURL(mix(h), text, b, from, to)
	}
}

// name looks up one of the names that a host is or is below.
func (s *Scanner) name(m uint64, text, b []byte, from, to int) {
	if s.set.bloom[m>>s.set.shift]&keyBits(m) == keyBits(m) {
		for _, n := range s.rows(m, suffixes, text) {
			s.hit(n, b, from, to)
		}
	}
}

// nativeURL looks up the URL whose host is spelled as text and stands at
// b[from:to].
func (s *Scanner) nativeURL(m uint64, text, b []byte, from, to int) {
	if s.set.present&urls == 0 || s.set.bloom[m>>s.set.shift]&hostBits(m) != hostBits(m) {
		return
	}
	stop, _ := runEnd(b, to, from)
	if stop == len(b) && s.cutAfter {
		return
	}
	s.steps += stop - to
	s.scratch = unquote(append(s.scratch[:0], text...), b[to:stop])
	if !s.locate(s.scratch, b, from, stop, false) {
		s.split(b, from, to)
	}
}
