package hunt

import (
	"bytes"
	"net/netip"
)

// Logs write hosts in other dress than lists do: in colours, in labels with their
// lengths, with a dot in brackets, with a port behind a dot, as one number.

// mostColour is how many bytes the code of a colour has at most.
const mostColour = 20

// colour returns how many bytes at the beginning of the token b[start:end] end the code
// of a colour: "ESC[31m" or "ESC[1;31m".
func colour(b []byte, start, end int) int {
	i := start
	for i < end && class[b[i]]&digit != 0 {
		i++
	}
	if i == end || b[i] != 'm' || !colourOpens(b, start) {
		return 0
	}
	return i + 1 - start
}

// colourOpens reports whether the code of a colour goes on at b[at].
func colourOpens(b []byte, at int) bool {
	from := at
	for from > 0 && at-from < mostColour && (class[b[from-1]]&digit != 0 || b[from-1] == ';') {
		from--
	}
	from--
	return from > 0 && b[from] == '[' && (b[from-1] == 0x1b || bytes.HasSuffix(b[:from], []byte(`\u001b`)) || bytes.HasSuffix(b[:from], []byte(`\x1b`)))
}

// colourBefore is colour where a token may be so.
func colourBefore(b []byte, start, end int) int {
	if start == 0 || b[start-1] != '[' && b[start-1] != ';' {
		return 0
	}
	return colour(b, start, end)
}

// coloured reports whether the code of a colour ends at b[at].
func coloured(b []byte, at int) bool {
	if at == 0 || b[at-1] != 'm' {
		return false
	}
	from := at - 1
	for from > 0 && at-from < mostColour && class[b[from-1]]&digit != 0 {
		from--
	}
	return colourOpens(b, from)
}

// withoutPort returns where the address ends that b[start:end] is with a port behind a
// dot, as tcpdump writes it: before an arrow, or behind one and before a colon. 0 if it
// is no such thing.
func withoutPort(b []byte, start, end int) int {
	if end+1 >= len(b) || !bytes.HasPrefix(b[end:], []byte(" > ")) && (b[end] != ':' || start < 2 || b[start-2] != '>' || b[start-1] != ' ') {
		return 0
	}
	i := start + bytes.LastIndexByte(b[start:end], '.')
	if i < start {
		return 0
	}
	digits, n := portAt(b[i+1 : end])
	if n == 0 || i+1+len(digits) < end || bytes.Count(b[start:i], []byte(".")) != 3 {
		return 0
	}
	return i
}

// padded reports whether a number of an address has zeros before it.
func padded(text []byte) bool {
	for i := range text {
		if text[i] == '0' && (i == 0 || text[i-1] == '.') && i+1 < len(text) && text[i+1] != '.' {
			return true
		}
	}
	return false
}

// numeric looks up the IPv4 address that the host of a URL is as one number:
// "http://755602435/", "http://0x2d099403/".
func (s *Scanner) numeric(b []byte, start, end int) {
	if start < 2 || b[start-1] != '/' || b[start-2] != '/' {
		return
	}
	text, base, most := b[start:end], uint64(10), len("4294967295")
	if bytes.HasPrefix(text, []byte("0x")) || bytes.HasPrefix(text, []byte("0X")) {
		text, base, most = text[2:], 16, len("ffffffff")
	}
	if len(text) < shortestNumber || len(text) > most || s.torn(b, start, end) {
		return
	}
	value := uint64(0)
	for _, c := range text {
		n := nibble(c)
		if n < 0 || uint64(n) >= base {
			return
		}
		value = value*base + uint64(n)
	}
	if value>>32 != 0 || value>>24 == 0 {
		return
	}
	s.mapped(netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}), b, start, end)
}

// dressed matches b[from:to] as [Scanner.tokens] does, and domains in it that tokens
// are not: "(11)stealc-gate(3)cfd(0)", as Windows logs names that are asked for, and
// "stealc-gate[.]cfd".
func (s *Scanner) dressed(b []byte, from, to int) {
	for from < to {
		if s.labelsAt < from {
			s.labelsAt = next(b, from, "(0)")
		}
		if s.dotsAt < from {
			s.dotsAt = next(b, from, "[.]")
		}
		at := min(s.labelsAt, s.dotsAt)
		switch end := at + 1; { // behind a bracket, which no token has
		case at >= to:
			s.tokens(b, from, to)
			return
		case at == s.labelsAt:
			s.tokens(b, from, end)
			s.labels(b, at)
			from = end
		default:
			var begin int
			begin, end = s.run(b, from, at, to)
			s.tokens(b, from, begin)
			s.refanged(b, begin, end)
			from = end
		}
	}
}

// next returns where a sign next stands in b from there on, its end if it does not.
func next(b []byte, from int, sign string) int {
	if i := bytes.Index(b[from:], []byte(sign)); i >= 0 {
		return from + i
	}
	return len(b)
}

// labels looks up the name whose labels, each behind its length in brackets, end
// before the "(0)" at b[at].
func (s *Scanner) labels(b []byte, at int) {
	var name [longestHost + 1]byte
	n, from := len(name), at
	for from > 0 {
		begin := from
		for begin > 0 && from-begin < 63 && class[b[begin-1]]&^(dot|high) != 0 {
			begin--
		}
		open := begin - 1
		length := 0
		for scale := 1; open > 0 && scale < 100 && class[b[open-1]]&digit != 0; scale *= 10 {
			open--
			length += scale * int(b[open]-'0')
		}
		s.steps += from - open
		if open < 1 || b[begin-1] != ')' || b[open-1] != '(' || length != from-begin || length == 0 || n < length+1 {
			break
		}
		n -= length
		copy(name[n:], b[begin:from])
		n--
		name[n] = '.'
		from = open - 1
	}
	if n < len(name) {
		s.below(name[n+1:], b, from, at)
	}
}

// run returns where the host or address begins and ends that has a dot in brackets
// at b[at].
func (s *Scanner) run(b []byte, least, at, most int) (from, to int) {
	from, to = at, at
	for from > least && at-from < longestHost && class[b[from-1]] != 0 {
		from--
	}
	for to < most && to-at < longestHost {
		if class[b[to]] != 0 {
			to++
		} else if bytes.HasPrefix(b[to:most], []byte("[.]")) {
			to += len("[.]")
		} else {
			break
		}
	}
	s.steps += to - from
	return from, to
}

// refanged looks up b[from:to], whose dots have brackets, with plain ones.
func (s *Scanner) refanged(b []byte, from, to int) {
	if s.torn(b, from, to) {
		return
	}
	s.spelled = s.spelled[:0]
	for _, c := range b[from:to] {
		if c != '[' && c != ']' {
			s.spelled = append(s.spelled, c)
		}
	}
	begin, end := trim(s.spelled, 0, len(s.spelled))
	name := s.spelled[begin:end]
	if addr, ok := fourOf(name); ok {
		s.mapped(netip.AddrFrom4([4]byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)}), b, from, to)
		return
	}
	s.below(name, b, from, to)
	if s.set.present&urls != 0 {
		stop, _ := runEnd(b, to, from)
		s.steps += stop - to
		s.spelled = append(name, b[to:stop]...)
		s.shorten(s.spelled, b, from, stop, false)
	}
}

// below looks up a host that stands in other dress at b[from:to], and what it is below.
func (s *Scanner) below(host, b []byte, from, to int) {
	s.steps += len(host)
	h, dots := s.set.seed, 0
	for i := len(host) - 1; i >= 0; i-- {
		if c := lower[host[i]]; c != '.' {
			h = (h ^ uint64(c)) * prime
			continue
		}
		if dots > 0 {
			s.rest(mix(h), suffixes, host[i+1:], b, from, to)
		}
		dots++
		h = (h ^ '.') * prime
	}
	if dots > 0 {
		s.rest(mix(h), wholes, host, b, from, to)
	}
}

// rest reports the rows of these kinds whose key is text, which stands for b[from:to].
func (s *Scanner) rest(m uint64, kinds mask, text, b []byte, from, to int) {
	if s.set.bloom[m>>s.set.shift]&keyBits(m) != keyBits(m) {
		return
	}
	for _, n := range s.rows(m, kinds, text) {
		s.hit(n, b, from, to)
	}
}
