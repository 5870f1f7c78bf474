package hunt

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// mostSix is the most bytes of a written IPv6 address.
const mostSix = 48

func sixByte(c byte) bool { return class[c]&(digit|hexed|dot) != 0 || c == ':' }

// six looks up the IPv6 address around a token beside a colon, if it is one.
// Most are times of day: what has neither two colons in a row nor seven is none.
func (s *Scanner) six(b []byte, start, end int) {
	from, to := start, end
	for from > 0 && start-from < mostSix && sixByte(b[from-1]) {
		from--
	}
	for to < len(b) && to-end < mostSix && sixByte(b[to]) {
		to++
	}
	s.steps += to - from
	s.sixDone = to
	if s.torn(b, from, to) {
		return
	}
	if to-from > 2 && b[from] == ':' && b[from+1] != ':' {
		from++
	}
	for to > from && (b[to-1] == '.' || b[to-1] == ':' && to-from > 1 && b[to-2] != ':') {
		to--
	}
	text := b[from:to]
	if bytes.Count(text, []byte(":")) != 7 && !bytes.Contains(text, []byte("::")) ||
		from > 0 && class[b[from-1]]&(alnum|dash) != 0 && !coloured(b, from) || to < len(b) && class[b[to]]&(alnum|dash) != 0 {
		return
	}
	addr, err := netip.ParseAddr(string(text))
	if i := bytes.LastIndexByte(text, '.'); err != nil && i > 0 { // as tcpdump writes a port
		if digits, n := portAt(text[i+1:]); n > 0 && i+1+len(digits) == len(text) {
			to = from + i
			addr, err = netip.ParseAddr(string(b[from:to]))
		}
	}
	if err != nil {
		return
	}
	if addr = addr.Unmap(); addr.Is4() {
		if bytes.IndexByte(b[from:to], '.') < 0 { // otherwise found by its dots
			s.mapped(addr, b, from, to)
		}
		return
	}
	s.scratch = addr.AppendTo(s.scratch[:0])
	s.lookupAs(s.scratch, ipv6s, b, from, to)
	if n, ok := s.set.ranges.sixth(addr); ok {
		s.hit(n, b, from, to)
	}
}

// mapped looks up an IPv4 address that is written as an IPv6 one.
func (s *Scanner) mapped(addr netip.Addr, b []byte, from, to int) {
	s.scratch = addr.AppendTo(s.scratch[:0])
	s.lookupAs(s.scratch, ipv4s, b, from, to)
	four := addr.As4()
	if n, ok := s.set.ranges.four(binary.BigEndian.Uint32(four[:])); ok {
		s.hit(n, b, from, to)
	}
}

// lookupAs finds rows by a spelling that stands for b[from:to].
func (s *Scanner) lookupAs(text []byte, kinds mask, b []byte, from, to int) (found bool) {
	m := mix(s.set.hash(text))
	if s.set.bloom[m>>s.set.shift]&keyBits(m) != keyBits(m) {
		return false
	}
	for _, n := range s.rows(m, kinds, text) {
		s.hit(n, b, from, to)
		found = true
	}
	return found
}

// mostLocal is the most bytes of the local part of a mail address.
const mostLocal = 64

// email looks up the mail address that a host's name is the end of, if it is.
func (s *Scanner) email(b []byte, start, end int) {
	at := start - 1
	switch {
	case start > 0 && b[start-1] == '@':
	case start > 2 && b[start-3] == '%' && b[start-2] == '4' && b[start-1] == '0':
		at = start - 3
	default:
		return
	}
	from := at
	for from > 0 && at-from <= mostLocal && (class[b[from-1]] != 0 || b[from-1] == '+') {
		from--
	}
	s.steps += at - from
	if from == 0 && s.cutBefore || at-from > mostLocal {
		return
	}
	if from > 0 && b[from-1] == '%' && at-from > 2 {
		from += 2
	}
	s.scratch = append(append(append(s.scratch[:0], b[from:at]...), '@'), b[start:end]...)
	if !s.lookupAs(s.scratch, emails, b, from, end) && escaped(b, from, at) {
		s.lookupAs(s.scratch[1:], emails, b, from+1, end)
	}
}
