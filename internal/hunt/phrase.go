package hunt

import "bytes"

// anchored looks for phrases that a token belongs to.
func (s *Scanner) anchored(b []byte, start, end int) {
	start, end = trim(b, start, end)
	if end-start < 2 || end-start > longest {
		return
	}
	s.phrases(b, start, end)
	if escaped(b, start, end) {
		s.phrases(b, start+1, end)
	}
	if n := spelled(b, start, end); n > 0 && end-start > n+1 {
		s.phrases(b, start+n, end)
	}
}

// spelled returns how many bytes of the token b[start:end] end an escape such as
// \u0020, %20 or the code of a colour before it.
func spelled(b []byte, start, end int) int {
	if start == 0 {
		return 0
	}
	switch b[start-1] {
	case '\\':
		if _, n := codePoint(b[start-1 : end]); n == len(`\u0000`) {
			return n - 1
		}
	case '%':
		if end-start > 2 && nibble(b[start]) >= 0 && nibble(b[start+1]) >= 0 {
			return 2
		}
	case '[', ';':
		return colour(b, start, end)
	}
	return 0
}

func (s *Scanner) phrases(b []byte, start, end int) {
	pair := uint16(lower[b[start]])<<8 | uint16(lower[b[end-1]])
	if !s.set.anchors.has(pair) {
		return
	}
	s.steps += end - start
	m := mix(s.set.hash(b[start:end]))
	if s.set.bloom[m>>s.set.shift]&keyBits(m) != keyBits(m) {
		return
	}
	table := s.set.table
	for at := m & uint64(len(table)-1); table[at] != 0; at = (at + 1) & uint64(len(table)-1) {
		r := s.set.row(table[at] - 1)
		if !r.phrase {
			continue
		}
		key := s.set.key(r)
		field := 1<<r.code&userAgents != 0
		if w, ok := around(b, key, start, int(r.token), field); ok && s.bounded(b, key, w, field) {
			if w.from, ok = s.rooted(r, b, w.from); ok {
				s.hit(table[at]-1, b, w.from, w.to)
			}
		}
		s.steps += len(key)
	}
}

// rooted reports whether what is found at from has the root before it that a row
// of the registry asks for, in any spelling, and where that begins.
func (s *Scanner) rooted(r *row, b []byte, from int) (int, bool) {
	if 1<<r.code&keys == 0 || !r.own {
		return from, true
	}
	s.steps += 4 * longestSegment
	want, _ := splitHive(s.set.entity(r).Name)
	root, start := hiveBefore(b, from)
	return start, root == want && !s.torn(b, start, from)
}

// around returns where in b the phrase stands whose byte at is b[pos], if it
// does, and whether its blanks are written otherwise there, as in columns that blanks
// part. What may be written so, or escaped as in JSON, is one with what it stands for.
func around(b, phrase []byte, pos, at int, field bool) (w where, ok bool) {
	w.from, w.to = pos, pos
	for i := at - 1; i >= 0; i-- {
		n := endsWith(b[max(0, w.from-len(`\u0000`)):w.from], phrase, i, field)
		if n == 0 {
			return w, false
		}
		w.blanks = w.blanks || phrase[i] == ' ' && b[w.from-1] != ' '
		w.from -= n
	}
	for i := at; i < len(phrase); i++ {
		n := beginsWith(b[w.to:], phrase, i, field)
		if n == 0 {
			return w, false
		}
		w.blanks = w.blanks || phrase[i] == ' ' && b[w.to] != ' '
		w.to += n
	}
	return w, true
}

// where is a place of a phrase.
type where struct {
	from, to int
	blanks   bool // of it are written as + or %20
}

// beginsWith returns how many bytes write phrase[i] that text begins with, 0 if none do.
func beginsWith(text, phrase []byte, i int, field bool) int {
	if len(text) == 0 {
		return 0
	}
	c := lower[phrase[i]]
	switch {
	case lower[text[0]] == c:
		if c == '\\' && len(text) > 1 && text[1] == '\\' && (i+1 == len(phrase) || phrase[i+1] != '\\') {
			return 2
		}
		return 1
	case text[0] == '\\':
		return escape(text, c)
	}
	return encodedBlank(text, c, field)
}

// endsWith returns how many bytes write phrase[i] that text ends with, 0 if none do.
func endsWith(text, phrase []byte, i int, field bool) int {
	n := len(text)
	if n == 0 {
		return 0
	}
	c := lower[phrase[i]]
	if lower[text[n-1]] == c {
		switch before := i > 0 && phrase[i-1] == '\\'; {
		case before || n == 1 || text[n-2] != '\\':
		case c == '\\' || c == '/' || c == '"':
			return 2
		}
		return 1
	}
	if size := len(`\u0000`); n >= size && text[n-size] == '\\' && escape(text[n-size:], c) == size {
		return size
	}
	if n >= len("%20") && encodedBlank(text[n-len("%20"):], c, field) == len("%20") {
		return len("%20")
	}
	return min(1, encodedBlank(text[n-1:], c, field))
}

// escape returns how many bytes an escape of JSON has that text begins with and that
// stands for c, in either case; 0 if there is none.
func escape(text []byte, c byte) int {
	if len(text) > 1 && text[1] == c && (c == '/' || c == '"') {
		return 2
	}
	if r, n := codePoint(text); n > 0 && r < 0x80 && lower[byte(r)] == c {
		return n
	}
	return 0
}

// encodedBlank returns how many bytes stand for a blank in a log whose columns are
// parted by blanks, or that writes fields as addresses are: IIS has + and CDNs %20.
func encodedBlank(text []byte, c byte, field bool) int {
	switch {
	case !field:
	case c == ' ' && text[0] == '+':
		return 1
	case text[0] == '%' && len(text) >= 3 && nibble(text[1]) >= 0 && nibble(text[2]) >= 0 && lower[byte(nibble(text[1])<<4|nibble(text[2]))] == c:
		return 3
	}
	return 0
}

// bounded reports whether a place is not a part of something longer: of a
// word, or where it must be a whole field, of that.
func (s *Scanner) bounded(b, phrase []byte, w where, field bool) bool {
	if s.torn(b, w.from, w.to) {
		return false
	}
	if field {
		column := func(c byte) bool { return c == ' ' && (w.blanks || s.columns.blanks) }
		return (w.from == 0 || bytes.IndexByte([]byte("\"'\t=|,\n"), b[w.from-1]) >= 0 || column(b[w.from-1])) && (w.to == len(b) || column(b[w.to]) || endsField(b[w.to:]))
	}
	return (w.from == 0 || class[phrase[0]] == 0 || class[b[w.from-1]]&^high == 0 || escaped(b, w.from-1, w.to) || coloured(b, w.from)) &&
		(w.to == len(b) || class[phrase[len(phrase)-1]] == 0 || class[b[w.to]]&^high == 0)
}

// endsField reports whether a field ends before rest: at a delimiter, or at a
// blank that a key of CEF follows.
func endsField(rest []byte) bool {
	if rest[0] != ' ' {
		return bytes.IndexByte([]byte("\"'\t|,\r\n\\"), rest[0]) >= 0
	}
	i := 1
	for i < len(rest) && i < 64 && class[rest[i]]&(alnum|dash) != 0 {
		i++
	}
	return i > 1 && i < len(rest) && rest[i] == '='
}
