package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// What a line break cuts, as in text from PDF, is joined where nothing else could
// be meant. Two columns of a table are never one value.

// unwrap joins a URL that a line break cuts, as text from PDF has it.
func (v *values) unwrap(to int, tail string) (int, string) {
	for range 3 {
		cut, _ := v.ascii(to, 0) // punctuation at the end of a line belongs to it
		if cut+1 >= len(v.text) || v.text[cut] != '\n' || tail == "" || cut-to > 1 {
			return to, tail
		}
		tail += v.text[to:cut]
		was := to
		to = cut
		end, _ := v.ascii(to+1, 0)
		next := v.text[to+1 : end]
		if len(next) < 2 || end < len(v.text) && v.text[end] != '\n' && v.text[end] != ' ' || strings.Contains(next, "://") || strings.Contains(next, "[.]") {
			return was, tail[:len(tail)-(cut-was)]
		}
		last := tail[len(tail)-1]
		alone := end == len(v.text) || v.text[end] == '\n'
		begins := strings.IndexByte("/?&=%#-_", next[0]) >= 0
		open := strings.IndexByte("-_=&?%/.", last) >= 0 && (alone || strings.IndexByte("=&?%", last) >= 0) && strings.ContainsAny(next, "/?=&%-_.0123456789")
		if !begins && !open || next[0] == '-' && !alone {
			return was, tail[:len(tail)-(cut-was)]
		}
		next = strings.TrimRight(next, ".:!?")
		tail += next
		to += 1 + len(next)
	}
	return to, tail
}

// unwrapDigest joins hexadecimal digits that line breaks cut, if the parts have a
// digest's length together and none has alone.
func (v *values) unwrapDigest(from, to int, p string) (int, int, string) {
	if len(p) > 120 || digestOf(len(p)) == intel.SHA256 || digestOf(len(p)) == intel.SHA512 {
		return from, to, p
	}
	begin, end, ok := v.continued(to)
	if !ok || v.acrossColumns(from, begin, end) {
		return from, to, p
	}
	joined := p + v.text[begin:end]
	if digestOf(len(joined)) == "" && digestOf(len(p)) == "" && end-begin == len(p) {
		joined, end = v.lastPart(from, begin, end, joined)
	}
	whole := digestOf(end-begin) != "" && (len(joined) != 64 || !v.near(from, 16, "sha256", "sha-256"))
	if end-begin < 4 || digestOf(len(joined)) == "" || digestOf(len(joined)) == intel.JARM || allDigits(joined) || digestOf(len(p)) != "" && whole {
		return from, to, p
	}
	return from, end, joined
}

// continued returns the hexadecimal digits that begin the line after a place, if
// nothing stands between.
func (v *values) continued(to int) (begin, end int, ok bool) {
	i := to
	for i < len(v.text) && i < to+8 && (v.text[i] == ' ' || v.text[i] == '\r' || v.text[i] == '-') {
		i++
	}
	if i >= len(v.text) || v.text[i] != '\n' {
		return 0, 0, false
	}
	i++
	for i < len(v.text) && (v.text[i] == ' ' || v.text[i] == '\t') && i < to+40 {
		i++
	}
	end = i
	for end < len(v.text) && end-i < 128 && classes[v.text[end]]&(hex|digit) != 0 {
		end++
	}
	v.steps += end - to
	return i, end, end == len(v.text) || classes[v.text[end]]&(ends|dot|bracket) != 0 || v.text[end] == ')'
}

// lastPart goes on over the rest of a digest of which two lines are full: it is
// shorter than they are, so that rows of a dump are none.
func (v *values) lastPart(from, begin, end int, joined string) (string, int) {
	for range 3 {
		width := end - begin
		next, upTo, ok := v.continued(end)
		if !ok || upTo-next < 4 || upTo-next > width || v.acrossColumns(from, next, upTo) {
			break
		}
		joined += v.text[next:upTo]
		end = upTo
		if upTo-next < width {
			break
		}
		begin = next
	}
	return joined, end
}

// acrossColumns reports whether what ends one line and what begins another stand
// in two columns of a table: beside either stand other digits of a digest that is
// cut, or other cells beside both.
func (v *values) acrossColumns(from, begin, end int) bool {
	left, cellLeft := v.cellBefore(from)
	right, cellRight := v.cellAfter(end)
	return cutDigest(left) || cutDigest(right) || cellLeft && cellRight
}

// cutDigest reports whether a word is a part of a digest.
func cutDigest(s string) bool {
	return len(s) >= 8 && isHex(s) && !allDigits(s) && digestOf(len(s)) == ""
}

// widestCell is how far a neighbour in a table is looked for.
const widestCell = 136

// cellBefore returns the word before a place on its line, and whether more than
// one blank parts them, as in a table.
func (v *values) cellBefore(from int) (word string, cell bool) {
	end := from
	for end > 0 && from-end < widestCell && strings.IndexByte(" \t|", v.text[end-1]) >= 0 {
		end--
	}
	begin := end
	for begin > 0 && end-begin < widestCell && classes[v.text[begin-1]]&(hex|digit) != 0 {
		begin--
	}
	v.steps += from - begin
	if end == 0 || v.text[end-1] == '\n' {
		return "", false
	}
	return v.text[begin:end], strings.ContainsAny(v.text[end:from], "\t|") || from-end > 1
}

// cellAfter returns the word after a place on its line, and whether more than one
// blank parts them, as in a table.
func (v *values) cellAfter(end int) (word string, cell bool) {
	begin := end
	for begin < len(v.text) && begin-end < widestCell && strings.IndexByte(" \t|", v.text[begin]) >= 0 {
		begin++
	}
	to := begin
	for to < len(v.text) && to-begin < widestCell && classes[v.text[to]]&(hex|digit) != 0 {
		to++
	}
	v.steps += to - end
	if begin == len(v.text) || v.text[begin] == '\n' || v.text[begin] == '\r' {
		return "", false
	}
	return v.text[begin:to], strings.ContainsAny(v.text[end:begin], "\t|") || begin-end > 1
}
