package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// A run is a stretch of text without blanks, quotes and the like: what a value
// stands in. Runs are cut and judged at a glance in one pass over the bytes;
// parsers see only those that could be a value.

// A class is what a byte can be part of. The classes of a run are those of its
// bytes together.
type class uint16

const (
	alpha class = 1 << iota // a letter beyond f
	hex                     // a to f
	digit
	dot
	colon
	slash
	backslash
	at
	equals
	bracket
	dash
	other
	ampersand
	odd  // bytes beyond ASCII, or blanks taken in
	ends // ends a run
)

// classes tells the class of each byte. Bytes beyond ASCII end a run; what of
// them belongs to it is for widen to say.
var classes = func() (t [256]class) {
	for c := range 256 {
		switch b := byte(c); {
		case b <= ' ' || b >= 0x7f || strings.IndexByte("\"'`<>|;,", b) >= 0:
			t[c] = ends
		case b >= '0' && b <= '9':
			t[c] = digit
		case b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F':
			t[c] = hex
		case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z':
			t[c] = alpha
		case b == '.':
			t[c] = dot
		case b == ':':
			t[c] = colon
		case b == '/':
			t[c] = slash
		case b == '\\':
			t[c] = backslash
		case b == '@':
			t[c] = at
		case b == '=':
			t[c] = equals
		case b == '[' || b == '(' || b == '{':
			t[c] = bracket
		case b == '-' || b == '_':
			t[c] = dash
		case b == '&':
			t[c] = ampersand
		default:
			t[c] = other
		}
	}
	return t
}()

// longest is how many bytes of a run are looked at as a whole; of a longer one
// only the beginning is.
const longest = 4096

// run walks a stretch of the text.
func (v *values) run(i, end int) {
	text := v.text[:end]
	for i < len(text) && len(v.out) < most {
		if classes[text[i]]&ends == 0 {
			i = v.one(text, i)
			continue
		}
		if i++; v.wordAt(text, i) {
			from := i
			i = skim(text, i)
			v.steps += i - from
		}
	}
}

// wordAt reports whether a letter stands behind the ASCII character that ended a run.
// Descriptions of flaws have functions among words.
func (v *values) wordAt(text string, i int) bool {
	return i < len(text) && classes[text[i]]&(alpha|hex) != 0 && text[i-1] < utf8.RuneSelf && !v.advisory
}

// one reads the run that begins at a place, and returns where it ends.
func (v *values) one(text string, i int) int {
	from, has := i, class(0)
	for i < len(text) {
		c := classes[text[i]]
		if c&ends != 0 {
			break
		}
		has |= c
		i++
	}
	begin := from
	if i < len(text) && !between(text, i) && goesOn(text, i) || from > 0 && text[from-1] >= utf8.RuneSelf {
		begin, i, has = v.widen(from, i, has)
	}
	v.steps += i - from + 1
	if v.advisory && text[begin:i] == "../" {
		v.note(intel.Entity{Kind: intel.Input, Name: "../"}, begin, i, "")
	}
	if worth(has, i-begin) {
		v.candidate(begin, min(i, begin+longest), has)
	} else if v.advisory && i-begin > 2 {
		v.bare(v.trim(begin, i))
	}
	return i
}

// between reports whether a run ends with a blank between two words, as most do: then
// it does not go on.
func between(text string, i int) bool {
	const word = alpha | hex | digit
	return text[i] == ' ' && i+1 < len(text) && classes[text[i-1]]&word != 0 && classes[text[i+1]]&word != 0 && text[i+1]|0x20 != 'd'
}

// goesOn reports whether a run may go on behind the character that ends it.
func goesOn(text string, i int) bool {
	switch c := text[i]; {
	case c == ' ':
		if i+1 == len(text) {
			return false
		}
		next, last := text[i+1], text[max(0, i-1)]
		return next == '.' || classes[next]&bracket != 0 || last == ']' || last == ')' || last == '}' || last == '[' || next|0x20 == 'd' && spelledDot(text[i:]) > 0
	case c >= utf8.RuneSelf, c == ';', c == ',':
		return true
	case c == '<':
		return strings.HasPrefix(text[i+1:], ".>")
	}
	return false
}

// worth reports whether a run of these classes and length could be a value: it
// has a sign that values have, or digits, or the length of a digest.
func worth(has class, length int) bool {
	return length >= 3 && (has&(dot|colon|slash|backslash|at|equals|bracket|odd|digit) != 0 || length >= 26)
}

// widen takes into a run what stands at its ends and belongs to it: characters
// that disguise it, letters of an internationalised name, the rest of a URL
// with commas, what follows a dot in brackets with blanks around.
func (v *values) widen(from, to int, has class) (int, int, class) {
	begin := from
	if has&dot != 0 && from > 0 && v.text[from-1] >= utf8.RuneSelf {
		if v.text[from] == '.' {
			begin = v.scriptLabel(from)
		}
		if begin == from {
			begin = v.labelBefore(from)
		}
		if begin < from {
			has |= odd
		}
	}
	limit := from + longest
	for to < len(v.text) && to < limit {
		next, added := v.beyond(from, to, has)
		if next == to {
			break
		}
		v.steps += next - to
		to, has = next, has|added
	}
	return begin, to, has
}

// beyond returns the end of what goes on behind a run, or the same place.
func (v *values) beyond(from, to int, has class) (int, class) {
	switch c := v.text[to]; {
	case c >= utf8.RuneSelf:
		return v.beyondASCII(from, to, has)
	case c == '<':
		if strings.HasPrefix(v.text[to:], "<.>") {
			return v.ascii(to+len("<.>"), bracket|odd|dot)
		}
	case c == ',' && v.text[to-1] == '[' && strings.HasPrefix(v.text[to+1:], "]"):
		return v.ascii(to+2, bracket|dot)
	case c == ';' && has&ampersand != 0 && v.entity(from, to):
		return v.ascii(to+1, ampersand|odd)
	case (c == ',' || c == ';') && has&(colon|slash) == colon|slash && to+1 < len(v.text) && classes[v.text[to+1]]&ends == 0 && v.inLink(from, to):
		return v.ascii(to+1, other)
	case c == ' ':
		return v.overBlank(from, to, has)
	}
	return to, 0
}

// ascii goes on over ASCII characters of a run.
func (v *values) ascii(to int, has class) (int, class) {
	for to < len(v.text) && classes[v.text[to]]&ends == 0 {
		has |= classes[v.text[to]]
		to++
	}
	return to, has
}

// entity reports whether a character reference of HTML ends here.
func (v *values) entity(from, to int) bool {
	tail := v.text[max(from, to-9):to]
	i := strings.LastIndexByte(tail, '&')
	return i >= 0 && entityOf(tail[i+1:]) != 0
}

// inLink reports whether a run is a URL in which the comma or semicolon at its
// end stands, and not the first of a list of URLs.
func (v *values) inLink(from, to int) bool {
	run := v.text[from:to]
	i := strings.Index(run, "://")
	if i < 0 {
		return false
	}
	rest := v.text[to+1 : min(len(v.text), to+9)]
	if strings.HasPrefix(rest, "http") || strings.HasPrefix(rest, "hxxp") {
		return false
	}
	return strings.ContainsAny(run[i+3:], "?=") || strings.IndexByte(run[i+3:], '/') > 0 && v.pathGoesOn(to+1)
}

// pathGoesOn reports whether what stands behind a comma or a semicolon is more of
// a path, with a file or a query at its end, and not another column or member.
func (v *values) pathGoesOn(at int) bool {
	end, _ := v.ascii(at, 0)
	v.steps += end - at
	rest := v.text[at:min(end, at+longest)]
	folder, _, ok := strings.Cut(rest, "/")
	switch folder {
	case "application", "audio", "font", "image", "message", "multipart", "text", "video": // types of content
		return false
	}
	if !ok || folder == "" || allDigits(folder) || folder[0] >= 'A' && folder[0] <= 'Z' || strings.ContainsAny(folder, ".:[(") {
		return false
	}
	path, _, query := strings.Cut(rest, "?")
	return query || fileName(path)
}

// beyondASCII goes on over a character that disguises or an odd letter.
func (v *values) beyondASCII(from, to int, has class) (int, class) {
	r, size := utf8.DecodeRuneInString(v.text[to:])
	next := to + size
	switch {
	case invisible(r) || oddDot(r) || oddDash(r):
		run := v.text[from:to]
		if r == 0x2010 || r == 0x2011 { // a hyphen, which dashes are not
			if has&(dot|colon|slash) == 0 && !identifier(run) && !v.hostAfter(next) {
				return to, 0
			}
		} else if oddDash(r) && (has&(dot|colon|slash) == 0 || r == 0x2014 || r == 0x2015) && !identifier(run) {
			return to, 0
		}
		if !invisible(r) && has&dot != 0 && has&(slash|odd) == 0 && len(run) < 80 && strong(run) && (!oddDash(r) || isDigit(run[len(run)-1])) {
			return to, 0 // what ends a sentence, or parts two values
		}
		for next < len(v.text) { // several in a row
			r, size := utf8.DecodeRuneInString(v.text[next:])
			if !invisible(r) && !oddDot(r) {
				break
			}
			next += size
		}
		if next < len(v.text) && (classes[v.text[next]]&(alpha|hex|digit|bracket|dot|slash) != 0) {
			return v.ascii(next, odd|dot)
		}
	case r >= 0xFF01 && r <= 0xFF5E && classes[byte(r-0xFEE0)]&(alpha|hex|digit|dot|slash|at|dash) != 0: // full-width forms
		if has&(dot|colon|odd) != 0 {
			return v.ascii(next, odd)
		}
	case labelRune(r) && (has&dot != 0 || has&(colon|slash) == colon|slash):
		return v.ascii(next, odd)
	case has&(dot|colon) != 0 && scriptRune(r):
		return v.scriptBeyond(from, to, has)
	}
	return to, 0
}

// hostAfter reports whether a name with a usual top-level name stands at a place.
func (v *values) hostAfter(at int) bool {
	end := at
	for end < len(v.text) && end-at < 64 && classes[v.text[end]]&(alpha|hex|digit|dash|dot) != 0 {
		end++
	}
	v.steps += end - at
	return strong(strings.TrimRight(v.text[at:end], "."))
}

// labelBefore returns where the label of an internationalised name begins that
// ends at a place.
func (v *values) labelBefore(at int) int {
	begin := at
	for begin > 0 && at-begin < 128 {
		r, size := utf8.DecodeLastRuneInString(v.text[:begin])
		if r < utf8.RuneSelf && classes[byte(r)]&(alpha|hex|digit|dash) == 0 || r >= utf8.RuneSelf && !labelRune(r) && !invisible(r) && !unicode.Is(unicode.Hangul, r) {
			break
		}
		begin -= size
	}
	v.steps += at - begin
	return begin
}

// labelRune reports whether r may stand in an internationalised name: letters
// of scripts that put blanks between words.
func labelRune(r rune) bool {
	return r != utf8.RuneError && unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Greek)
}

func invisible(r rune) bool {
	return r >= 0x200B && r <= 0x200D || r == 0x2060 || r == 0xFEFF || r == 0xAD
}

// oddDot reports whether r is read as the dot of a name (RFC 3490 3.1) or a
// look-alike.
func oddDot(r rune) bool {
	return r == 0x3002 || r == 0xFF0E || r == 0xFF61 || r == 0x2024 || r == 0xB7
}

func oddDash(r rune) bool {
	return r >= 0x2010 && r <= 0x2015 || r == 0x2212 || r == 0xFE63 || r == 0xFF0D
}

// identifier reports whether a run may begin an identifier that is written
// with dashes.
func identifier(run string) bool {
	if len(run) > 20 {
		return false
	}
	up := strings.ToUpper(strings.Trim(run, "([{"))
	return up == "CWE" || up == "CAPEC" || strings.HasPrefix(up, "CVE")
}

// overBlank goes on over a blank beside a dot or an at sign in brackets, as in
// "evil [.] com": nobody writes so but to disguise.
func (v *values) overBlank(from, to int, has class) (int, class) {
	rest := v.text[to+1:]
	if v.text[to-1] == '[' && strings.HasPrefix(rest, ". ]") {
		return v.ascii(to+len(" . ]"), bracket|odd|dot)
	}
	if n := spelledDot(v.text[to:]); n > 0 && v.spelled(from, to, to+n) {
		return v.ascii(to+n, odd|dot)
	}
	if n := signLength(rest); n > 0 && to-from < 80 && has&(alpha|hex|digit) != 0 {
		next := to + 1 + n
		if next < len(v.text) && v.text[next] == ' ' {
			next++
		}
		if next < len(v.text) && classes[v.text[next]]&(alpha|hex|digit) != 0 {
			return v.ascii(next, bracket|odd|dot)
		}
		return to, 0
	}
	if next := v.looseDot(from, to, has); next > 0 {
		return v.ascii(next, odd|dot)
	}
	if signEnds(v.text[from:to]) && len(rest) > 0 && classes[rest[0]]&(alpha|hex|digit) != 0 {
		return v.ascii(to+1, odd|dot)
	}
	// "146 . 70 . 87 [.] 212": digits with bare dots count before a sign.
	if has&^(digit|dot|odd|bracket) == 0 && strings.HasPrefix(rest, ". ") && len(rest) > 2 && rest[2] >= '0' && rest[2] <= '9' {
		return v.ascii(to+3, odd|dot)
	}
	return to, 0
}

// spelledDot returns the length of a dot that is written as a word between blanks at
// the beginning of s, or 0.
func spelledDot(s string) int {
	if strings.HasPrefix(s, " dot ") || strings.HasPrefix(s, " DOT ") {
		return len(" dot ")
	}
	return 0
}

// spelled reports whether a run before such a word and the word behind it are a host:
// prose speaks of "dot com" too, so the run is one that is no word, and a usual
// top-level name or more of the host follows.
func (v *values) spelled(from, to, after int) bool {
	run := strings.Trim(v.text[from:to], "([{")
	named := strings.ContainsAny(run, "0123456789-.") && classOf(run)&(alpha|hex) != 0 || strings.Contains(run, "://") || spelledBefore(v.text[:from])
	if !named || to-from > 80 || strings.ContainsAny(run, "/@") && !strings.Contains(run, "://") {
		return false
	}
	end := after
	for end < len(v.text) && end-after < 64 && classes[v.text[end]]&(alpha|hex|digit|dash) != 0 {
		end++
	}
	v.steps += end - to
	next := strings.ToLower(v.text[after:end])
	return len(next) > 1 && (common(next) || spelledDot(v.text[end:]) > 0 && spelledTail(v.text[end+len(" dot "):]))
}

// spelledBefore reports whether text ends with a word that announces a host.
func spelledBefore(text string) bool {
	for _, word := range [...]string{"C2: ", "c2: ", "omain: ", "omain ", "://"} {
		if strings.HasSuffix(text, word) {
			return true
		}
	}
	return false
}

// spelledTail reports whether s begins with a usual top-level name.
func spelledTail(s string) bool {
	end := 0
	for end < len(s) && end < 16 && classes[s[end]]&(alpha|hex) != 0 {
		end++
	}
	return common(strings.ToLower(s[:end]))
}

// looseDot returns where the top-level name begins of a host whose last dot has a
// blank before it, "evil-drop .com" or "evil-drop . com", or 0. Prose has that too:
// "C2:" or the like must stand before it, and nothing behind.
func (v *values) looseDot(from, to int, has class) int {
	if has&^(alpha|hex|digit|dash|dot) != 0 || to-from > 63 || to+2 >= len(v.text) || v.text[to+1] != '.' {
		return 0
	}
	begin := to + 2
	if v.text[begin] == ' ' {
		begin++
	}
	end := begin
	for end < len(v.text) && end-begin < 8 && v.text[end] >= 'a' && v.text[end] <= 'z' {
		end++
	}
	v.steps += end - to
	if !common(v.text[begin:end]) || end < len(v.text) && isWordByte(v.text[end]) || !strings.HasSuffix(v.text[:from], ": ") {
		return 0
	}
	switch word, _ := v.before(from); word {
	case "c2", "c&c", "cnc", "domain", "domains", "host", "hostname", "url", "site", "server", "ioc", "iocs", "домен", "сайт", "域名":
		return begin
	}
	return 0
}

// signLength returns the length of the sign in brackets at the beginning of s
// that stands for a dot or an at sign, or 0.
func signLength(s string) int {
	if s == "" || classes[s[0]]&bracket == 0 {
		return 0
	}
	if sign, n := disguise(s); sign == "." || sign == "@" {
		return n
	}
	return 0
}

// signEnds reports whether a run ends with such a sign.
func signEnds(s string) bool {
	if s == "" || strings.IndexByte("])}", s[len(s)-1]) < 0 {
		return false
	}
	i := strings.LastIndexAny(s[max(0, len(s)-6):], "[({")
	return i >= 0 && signLength(s[max(0, len(s)-6)+i:]) > 0
}
