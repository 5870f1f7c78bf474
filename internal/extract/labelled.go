package extract

import "strings"

// A digest that blanks cut into parts is told by its label alone: two of MD5 are as
// long as one of SHA-256.

// labelledDigest joins the parts of a digest that blanks cut, as cells of a table
// have them whose lines are broken, where its label stands right before it or
// heads its column and the parts together are as long as such a digest. It returns the place itself if they
// are not.
func (v *values) labelledDigest(from, to int) (int, string) {
	next, _ := v.cellAfter(to)
	if len(next) < 4 {
		return to, ""
	}
	length := v.digestLabel(from)
	if length == 0 && to-from >= 16 && len(next) >= 16 {
		length = digestName(v.columnHead(from))
	}
	if length <= to-from {
		return to, ""
	}
	whole, end := v.text[from:to], to
	for range 7 {
		begin := end
		for begin < len(v.text) && begin-end < 4 && v.text[begin] == ' ' {
			begin++
		}
		stop := begin
		for stop < len(v.text) && stop-begin <= length && classes[v.text[stop]]&(hex|digit) != 0 {
			stop++
		}
		v.steps += stop - end
		if begin == end || stop-begin < 4 || len(whole)+stop-begin > length || stop < len(v.text) && classes[v.text[stop]]&(ends|dot|bracket) == 0 && v.text[stop] != ')' {
			return to, ""
		}
		whole, end = whole+v.text[begin:stop], stop
		if len(whole) == length {
			if next, _ := v.cellAfter(end); len(next) >= 8 && strings.HasPrefix(v.text[end:], " ") {
				return to, "" // a list of others
			}
			return end, whole
		}
	}
	return to, ""
}

// digestLabel returns the length of the digests whose name stands right before a
// place on its line, or 0.
func (v *values) digestLabel(from int) int {
	line := v.text[max(0, from-24):from]
	return digestName(line[strings.LastIndexByte(line, '\n')+1:])
}

// digestName returns the length of the digests whose name a text ends with, or 0.
func digestName(s string) int {
	s = strings.TrimRight(strings.ToLower(s), " \t:=|(\"'`*")
	s = strings.TrimSuffix(strings.TrimSuffix(s, " hash"), " sum")
	for _, label := range [...]struct {
		name   string
		length int
	}{{"md5", 32}, {"sha1", 40}, {"sha-1", 40}, {"sha256", 64}, {"sha-256", 64}, {"sha2-256", 64}, {"sha512", 128}, {"sha-512", 128}} {
		if before, ok := strings.CutSuffix(s, label.name); ok && (before == "" || !isWordByte(before[len(before)-1])) {
			return label.length
		}
	}
	return 0
}

// columnHead returns the head of the column of a table, whose cells tabs part, in
// which a cell begins at a place; "" if there is none near.
func (v *values) columnHead(from int) string {
	const reach = 2048
	if from == 0 || v.text[from-1] != '\t' && v.text[from-1] != '\n' {
		return ""
	}
	before := v.text[max(0, from-reach):from]
	v.steps += len(before)
	column := strings.Count(before[strings.LastIndexByte(before, '\n')+1:], "\t")
	head := ""
	for end := strings.LastIndexByte(before, '\n'); end > 0; {
		begin := strings.LastIndexByte(before[:end], '\n')
		cell, ok := cellOf(before[begin+1:end], column)
		if !ok {
			break
		}
		head, end = cell, begin
	}
	return strings.TrimSpace(head)
}

// cellOf returns a cell of a line, the first 0, whose cells tabs part; not ok if it has
// none or one alone.
func cellOf(line string, n int) (cell string, ok bool) {
	cell, rest, more := strings.Cut(line, "\t")
	ok = more
	for ; n > 0; n-- {
		if !more {
			return "", false
		}
		cell, rest, more = strings.Cut(rest, "\t")
	}
	return cell, ok
}
