package extract

import (
	"net/netip"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// What a line break cuts, as in text from PDF, is joined where nothing else could
// be meant. Two columns of a table are never one value.

// unwrap joins a URL that line breaks cut. From is where it begins.
func (v *values) unwrap(from, to int, tail string) (int, string) {
	for range 3 {
		cut, _ := v.ascii(to, 0) // punctuation at the end of a line belongs to it
		if cut+1 >= len(v.text) || v.text[cut] != '\n' || tail == "" || cut-to > 1 {
			return to, tail
		}
		end, _ := v.ascii(cut+1, 0)
		next := v.text[cut+1 : end]
		v.steps += end - to
		if len(next) < 2 || strings.Contains(next, "://") || strings.Contains(next, "[.]") || !v.goesOnURL(from, cut, end, tail+v.text[to:cut], next) {
			return to, tail
		}
		next = strings.TrimRight(next, ".:!?")
		tail += v.text[to:cut] + next
		to = cut + 1 + len(next)
	}
	return to, tail
}

// overHyphen joins a URL whose line ends with a hyphen in its host, which begins at a
// place in p: no host ends so.
func (v *values) overHyphen(p string, host, to int) (string, int) {
	if p[len(p)-1] != '-' || strings.ContainsAny(p[host:], "/?#") || to+1 >= len(v.text) || v.text[to] != '\n' || classes[v.text[to+1]]&(alpha|hex|digit) == 0 {
		return p, to
	}
	end, has := v.ascii(to+1, 0)
	v.steps += end - to
	_, end = v.trim(to+1, min(end, to+longest))
	next := plain(v.text[to+1:end], has)
	authority := p[host:] + next
	if i := strings.IndexAny(authority, "/?#"); i >= 0 {
		authority = authority[:i]
	}
	if _, ok := readHost(authority); !ok || strings.Contains(next, "://") {
		return p, to
	}
	return p + next, end
}

// fullLine is the least length of a line that ends because it is full.
const fullLine = 60

// goesOnURL reports whether what begins a line goes on the URL that the line
// before ends with.
func (v *values) goesOnURL(from, cut, end int, tail, next string) bool {
	alone := end == len(v.text) || v.text[end] == '\n'
	if !alone && v.text[end] != ' ' {
		return false
	}
	if next[0] == '-' && !alone {
		return false
	}
	if strings.IndexByte("/?&=%#-_", next[0]) >= 0 {
		return true
	}
	last := tail[len(tail)-1]
	if strings.IndexByte("-_=&?%/.", last) >= 0 && (alone || strings.IndexByte("=&?%", last) >= 0) && strings.ContainsAny(next, "/?=&%-_.0123456789") {
		return true
	}
	name, _, _ := strings.Cut(strings.TrimRight(next, ".:!?"), "?")
	if !fileName(name) || strings.ContainsAny(name[:1], "./\\") {
		return false
	}
	path := strings.IndexByte(name, '/') > 0
	switch last {
	case '-', '_':
		return true
	case '/':
		return path || len(tail) > 1
	}
	ends := tail[strings.LastIndexByte(tail, '/')+1:] // "…/insta" and "ller/package.zip"
	return path && isWordByte(last) && !strings.ContainsAny(ends, ".?#") && v.full(from, cut)
}

// full reports whether a line has the length of one that is full, by what ends
// it.
func (v *values) full(from, cut int) bool {
	begin := max(0, cut-fullLine)
	v.steps += cut - begin
	return cut-from >= fullLine || begin > 0 && strings.IndexByte(v.text[begin:cut], '\n') < 0
}

// cutByBreak is the reason why a name is no host whose beginning the line before
// may hold.
const cutByBreak = "cut by a line break"

// hyphenated returns where a name begins of which the line before ends with a
// hyphen, or the place itself.
func (v *values) hyphenated(from int) int {
	end := from
	for end > 0 && from-end < 16 && (v.text[end-1] == ' ' || v.text[end-1] == '\t') {
		end--
	}
	if end < 3 || v.text[end-1] != '\n' || v.text[end-2] != '-' || classes[v.text[end-3]]&(alpha|hex|digit) == 0 {
		return from // or a rule, or a dash
	}
	begin := end - 2
	for begin > 0 && end-begin < 64 && classes[v.text[begin-1]]&(alpha|hex|digit|dash) != 0 {
		begin--
	}
	v.steps += from - begin
	if begin > 0 && strings.IndexByte(" \t\n\"'`(", v.text[begin-1]) < 0 {
		return end - 2
	}
	return begin
}

// unwrapDigest joins hexadecimal digits that line breaks cut, if the parts have a
// digest's length together and none has alone.
func (v *values) unwrapDigest(from, to int, p string) (int, int, string) {
	if len(p) > 120 {
		return from, to, p
	}
	if to < len(v.text) && v.text[to] == ' ' {
		if end, whole := v.labelledDigest(from, to); end > to {
			return from, end, whole
		}
	}
	if digestOf(len(p)) == intel.SHA256 || digestOf(len(p)) == intel.SHA512 {
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

// cutCVE reads a CVE of which a line break cuts the last number: "CVE-2021-" and
// "44228", or "CVE-2021-4" and "4228", which no CVE is as it stands.
func (v *values) cutCVE(from, to int, run string) bool {
	if len(run) < len("CVE-2021-") || len(run) > len("CVE-2021-123") || to-from != len(run) || run[8] != '-' || to >= len(v.text) || v.text[to] != '\n' {
		return false
	}
	end := to + 1
	for end < len(v.text) && end-to < 9 && isDigit(v.text[end]) {
		end++
	}
	v.steps += end - to
	n := cve(run[4:] + v.text[to+1:end])
	if n == 0 || end < len(v.text) && isWordByte(v.text[end]) {
		return false
	}
	v.note(intel.Entity{Kind: intel.Vulnerability, Name: run + v.text[to+1:end]}, from, end, "")
	v.skip = max(v.skip, end)
	return true
}

// cutAddress keeps an address of which a line break may cut the last number: three
// numbers and a dot may end a sentence as well, so it is set aside.
func (v *values) cutAddress(from, to int) bool {
	if strings.Count(v.text[from:to], ".") != 2 || !strings.HasPrefix(v.text[to:], ".\n") || to-from > 11 {
		return false
	}
	begin := to + 2
	end := begin
	for end < len(v.text) && end-begin < 4 && isDigit(v.text[end]) {
		end++
	}
	a, err := netip.ParseAddr(v.text[from:to] + "." + v.text[begin:end])
	if err != nil || !a.Is4() || small(a.As4()) || end < len(v.text) && (isWordByte(v.text[end]) || v.text[end] == '.') {
		return false
	}
	v.note(intel.Entity{Kind: intel.IPv4, Name: a.String()}, from, end, cutByBreak)
	v.skip = max(v.skip, end)
	return true
}
