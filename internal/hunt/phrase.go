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
		if from, to, ok := around(b, key, start, int(r.token)); ok && s.bounded(b, key, from, to, 1<<r.code&userAgents != 0) {
			if from, ok = s.rooted(r, b, from); ok {
				s.hit(table[at]-1, b, from, to)
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
// does. A backslash may be doubled, as JSON does.
func around(b, phrase []byte, pos, at int) (from, to int, ok bool) {
	from, to = pos, pos
	for i := at - 1; i >= 0; i-- {
		if from == 0 || lower[b[from-1]] != lower[phrase[i]] {
			return 0, 0, false
		}
		from--
		if phrase[i] == '\\' && from > 0 && b[from-1] == '\\' && (i == 0 || phrase[i-1] != '\\') {
			from--
		}
	}
	for i := at; i < len(phrase); i++ {
		if to == len(b) || lower[b[to]] != lower[phrase[i]] {
			return 0, 0, false
		}
		to++
		if phrase[i] == '\\' && to < len(b) && b[to] == '\\' && (i+1 == len(phrase) || phrase[i+1] != '\\') {
			to++
		}
	}
	return from, to, true
}

// bounded reports whether b[from:to] is not a part of something longer: of a
// word, or where it must be a whole field, of that.
func (s *Scanner) bounded(b, phrase []byte, from, to int, field bool) bool {
	if s.torn(b, from, to) {
		return false
	}
	if field {
		return (from == 0 || bytes.IndexByte([]byte("\"'\t=|,\n"), b[from-1]) >= 0) && (to == len(b) || endsField(b[to:]))
	}
	return (from == 0 || class[phrase[0]] == 0 || class[b[from-1]]&^high == 0 || escaped(b, from-1, to)) &&
		(to == len(b) || class[phrase[len(phrase)-1]] == 0 || class[b[to]]&^high == 0)
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
