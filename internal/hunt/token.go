package hunt

import (
	"bytes"
	"net/netip"
)

// Classes of bytes. A token is a run of bytes that have one: what a host name,
// an address, a hash or a file's name is made of.
const (
	digit  = 1 << iota
	hexed  // a letter from a to f
	letter // any other
	dot
	dash // or underscore
	high // part of a character beyond ASCII
)

var class = func() (t [256]uint8) {
	for c := range 256 {
		switch {
		case c >= '0' && c <= '9':
			t[c] = digit
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			t[c] = hexed
		case c >= 'g' && c <= 'z', c >= 'G' && c <= 'Z':
			t[c] = letter
		case c == '.':
			t[c] = dot
		case c == '-', c == '_':
			t[c] = dash
		case c >= 0x80:
			t[c] = high
		}
	}
	return t
}()

var lower = func() (t [256]byte) {
	for c := range 256 {
		t[c] = byte(c)
		if c >= 'A' && c <= 'Z' {
			t[c] = byte(c) + 'a' - 'A'
		}
	}
	return t
}()

const alnum = digit | hexed | letter

// shortestWord is the length from which a token without a dot can be an
// indicator by itself: that of the shortest address of Bitcoin.
const shortestWord = 26

// shortestNumber is the length from which one can be an address by itself.
const shortestNumber = 7

// trim cuts dots, dashes and underscores off the ends of a token.
func trim(b []byte, from, to int) (int, int) {
	for from < to && class[b[from]]&(dot|dash) != 0 {
		from++
	}
	for to > from && class[b[to-1]]&(dot|dash) != 0 {
		to--
	}
	return from, to
}

// tokens looks at every token of b[from:to].
func (s *Scanner) tokens(b []byte, from, to int) {
	s.steps += to - from
	named := s.set.present&phrases != 0
	six := s.set.present&ipv6s != 0 || len(s.set.ranges.six) > 0
	text := b[:to]
	for i := from; i < len(text); {
		f := class[text[i]]
		if f == 0 {
			i++
			continue
		}
		start := i
		for i++; i < len(text); i++ {
			c := class[text[i]]
			if c == 0 {
				break
			}
			f |= c
		}
		if f&high != 0 {
			s.mixed(b, start, i, named)
		} else if f&dot != 0 || i-start >= shortestWord {
			s.token(b, start, i, f)
		} else if f&digit != 0 && i-start >= shortestNumber {
			s.numeric(b, start, i)
		}
		if named {
			s.anchored(b, start, i)
		}
		if six && i-start <= 4 && f&^(digit|hexed) == 0 && start >= s.sixDone &&
			(i < to && b[i] == ':' || start > from && b[start-1] == ':') {
			s.six(b, start, i)
		}
	}
}

// mixed looks at a token with characters beyond ASCII: as a whole it may be a
// domain of such a script, and its parts in ASCII may be anything, since not
// every script puts blanks between words.
func (s *Scanner) mixed(b []byte, start, end int, named bool) {
	s.steps += end - start
	if !s.torn(b, start, end) {
		from, to := trim(b, start, end)
		s.wide = true // what is in ASCII alone is found below
		s.dotted(b, from, to, 0)
		if s.set.scripts && to-from <= 2*longestHost && bytes.IndexByte(b[from:to], '.') > 0 {
			s.capital(b, from, to)
		}
		s.wide = false
	}
	for i := start; i < end; {
		j := i
		var f uint8
		for j < end && class[b[j]] != high {
			f |= class[b[j]]
			j++
		}
		if f&dot != 0 || j-i >= shortestWord {
			s.token(b, i, j, f)
		}
		if named && j > i {
			s.anchored(b, i, j)
		}
		i = j + 1
	}
}

// token looks up one that passed the first gate. What an escape before it has
// left at its beginning is cut off.
func (s *Scanner) token(b []byte, start, end int, f uint8) {
	if s.torn(b, start, end) {
		return
	}
	if start > 0 && b[start-1] == '%' && end-start > 2 && class[b[start]]&(digit|hexed) != 0 && class[b[start+1]]&(digit|hexed) != 0 {
		start += 2
		f = classesOf(b[start:end])
	} else if n := colourBefore(b, start, end); n > 0 {
		start += n
		f = classesOf(b[start:end])
	}
	if s.set.scripts && f&dot != 0 && (start > 0 && b[start-1] == '\\' || end < len(b) && b[end] == '\\') {
		s.native(b, start, end)
	}
	start, end = trim(b, start, end)
	if start == end {
		return
	}
	if f&dot != 0 {
		if f&(hexed|letter|dash|high) == 0 {
			s.four(b, start, end)
		} else {
			s.dotted(b, start, end, f)
		}
	}
	if end-start >= shortestWord && s.set.present&words != 0 {
		s.long(b, start, end)
	}
}

// classesOf is what classes of bytes a text has.
func classesOf(text []byte) (f uint8) {
	for _, c := range text {
		f |= class[c]
	}
	return f
}

// torn reports whether a token touches an end of a piece that is no end of a
// line: it may be longer than what is seen.
func (s *Scanner) torn(b []byte, start, end int) bool {
	return start == 0 && s.cutBefore || end == len(b) && s.cutAfter
}

// escaped reports whether the first letter of a token may belong to an escape
// such as \n before it.
func escaped(b []byte, start, end int) bool {
	if start == 0 || b[start-1] != '\\' || end-start < 2 {
		return false
	}
	switch b[start] {
	case 'n', 'r', 't', 'b', 'f':
		return true
	}
	return false
}

// longestHost is the most bytes of a domain's name.
const longestHost = 253

// dotted looks up a token with a dot and all that it ends with after a dot.
func (s *Scanner) dotted(b []byte, start, end int, f uint8) {
	set := s.set
	h, dots := set.seed, 0
	least := max(start, end-longestHost-1)
	for i := end - 1; i >= least; i-- {
		c := lower[b[i]]
		if c == '.' {
			if dots == 0 && !set.ends.has(uint16(h>>48)) {
				least = end
				break
			}
			if m := mix(h); dots > 0 && set.bloom[m>>set.shift]&keyBits(m) == keyBits(m) {
				s.find(m, suffixes, b, i+1, end)
			}
			dots++
		}
		h = (h ^ uint64(c)) * prime
		if i == start+1 && escaped(b, start, end) {
			s.host(mix(h), b, i, end)
		}
	}
	s.steps += end - least
	if least == start {
		s.host(mix(h), b, start, end)
	}
	if f&digit != 0 && f&dash != 0 {
		s.parts(b, start, end)
	}
}

// host looks up a whole token: a name of a host or a file, or the host of a URL
// or of a mail address.
func (s *Scanner) host(m uint64, b []byte, start, end int) {
	word := s.set.bloom[m>>s.set.shift]
	if word&keyBits(m) == keyBits(m) {
		s.find(m, wholes, b, start, end)
	}
	if s.set.present&urls != 0 && word&hostBits(m) == hostBits(m) {
		s.url(b, start, end)
	}
	if s.set.present&emails != 0 {
		s.email(b, start, end)
	}
}

// parts looks for addresses between dashes, as in a file's name.
func (s *Scanner) parts(b []byte, start, end int) {
	for i := start; i < end; {
		j := i
		f := uint8(0)
		for j < end && class[b[j]]&dash == 0 {
			f |= class[b[j]]
			j++
		}
		if f == digit|dot {
			from, to := trim(b, i, j)
			s.four(b, from, to)
		}
		i = j + 1
	}
}

// four looks up a token of digits and dots: an IPv4 address, or a name of
// nothing else.
func (s *Scanner) four(b []byte, start, end int) {
	addr, ok := fourOf(b[start:end])
	if !ok {
		if short := withoutPort(b, start, end); short > 0 {
			end = short
			addr, ok = fourOf(b[start:end])
		}
	}
	if !ok {
		if end-start <= longestHost {
			s.dotted(b, start, end, digit|dot)
		}
		return
	}
	if !s.set.halfs.has(uint16(addr >> 16)) {
		return
	}
	s.steps += end - start
	m := mix(s.set.hash(b[start:end]))
	word := s.set.bloom[m>>s.set.shift]
	if word&keyBits(m) == keyBits(m) {
		s.find(m, ipv4s, b, start, end)
	}
	if padded(b[start:end]) {
		s.scratch = netip.AddrFrom4([4]byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)}).AppendTo(s.scratch[:0])
		s.lookupAs(s.scratch, ipv4s, b, start, end)
	}
	if s.set.present&urls != 0 && word&hostBits(m) == hostBits(m) {
		s.url(b, start, end)
	}
	if n, ok := s.set.ranges.four(addr); ok {
		s.hit(n, b, start, end)
	}
}

// fourOf reads an IPv4 address.
func fourOf(text []byte) (addr uint32, ok bool) {
	if len(text) < 7 || len(text) > 15 {
		return 0, false
	}
	octet, digits, dots := uint32(0), 0, 0
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			octet = 10*octet + uint32(c-'0')
			digits++
		case c == '.' && digits > 0 && octet < 256:
			addr, octet, digits = addr<<8|octet, 0, 0
			dots++
		default:
			return 0, false
		}
	}
	return addr<<8 | octet, dots == 3 && digits > 0 && octet < 256
}

// long looks up the runs of letters and digits in a long token.
func (s *Scanner) long(b []byte, start, end int) {
	s.steps += 2 * (end - start)
	for i := start; i < end; {
		j := i
		for j < end && class[b[j]]&alnum != 0 {
			j++
		}
		if n := j - i; n >= shortestWord && n <= 128 {
			s.lookup(s.set.hash(b[i:j]), words, b, i, j)
			if escaped(b, i, j) {
				s.lookup(s.set.hash(b[i+1:j]), words, b, i+1, j)
			}
		}
		i = max(j, i+1)
	}
}

// lookup finds rows by the hash of a text in b.
func (s *Scanner) lookup(h uint64, kinds mask, b []byte, from, to int) bool {
	m := mix(h)
	if s.set.bloom[m>>s.set.shift]&keyBits(m) != keyBits(m) {
		return false
	}
	return s.find(m, kinds, b, from, to)
}

// find reports the rows of these kinds whose key is b[from:to].
func (s *Scanner) find(m uint64, kinds mask, b []byte, from, to int) (found bool) {
	for _, n := range s.rows(m, kinds, b[from:to]) {
		s.hit(n, b, from, to)
		found = true
	}
	return found
}

// rows returns the rows of these kinds whose key is text; valid until the next
// call.
func (s *Scanner) rows(m uint64, kinds mask, text []byte) []uint32 {
	s.found = s.found[:0]
	table := s.set.table
	for at := m & uint64(len(table)-1); table[at] != 0; at = (at + 1) & uint64(len(table)-1) {
		s.steps++
		n := table[at] - 1
		if r := s.set.row(n); 1<<r.code&kinds != 0 && !r.phrase && int(r.length) == len(text) && alike(s.set.key(r), text, 1<<r.code) {
			s.found = append(s.found, n)
		}
	}
	return s.found
}

// alike compares a key with a text of equal length. Case does not tell
// indicators apart but for the path of a URL and some addresses of coins.
func alike(key, text []byte, kind mask) bool {
	if kind&exact != 0 {
		return string(key) == string(text)
	}
	same := len(key)
	if kind&urls != 0 {
		same = len(hostOf(key))
	}
	for i := range same {
		if lower[key[i]] != lower[text[i]] {
			return false
		}
	}
	return string(key[same:]) == string(text[same:])
}
