package extract

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// values finds what is not a name in one text.
type values struct {
	text string
	set  *reference.Set
	own  string // the host the text was published at
	// advisory says that the text describes a flaw: names of files are those of
	// the product.
	advisory bool
	report   bool          // the text is of a publisher that tells of others
	language func() string // of the document
	flaws    []int         // where a flaw is spoken of
	out      []intel.Observation
	steps    int  // bytes looked at: what linear cost is measured by
	signs    int  // where the e-mail signature begins
	skip     int  // what stands before is read already
	carrying bool // a URL that stands in another is read
	// decoding says that the text is one that stood encoded in another, decodedTo
	// up to where runs of this one were decoded.
	decoding  bool
	decodedTo int
	// lowered is what stands before loweredAt, in lower case, for near.
	lowered   []byte
	loweredAt int
	fields    map[string]field // of lines of access logs, read already
	logged    []token          // words in such lines
	cues      []cue            // what is known by the words around it
}

// note keeps a value, with the reason if it is to be set aside. What is nothing in
// its normal form, such as quoted blanks, is no value.
func (v *values) note(e intel.Entity, from, to int, reason string) {
	if e.Name == "" {
		return
	}
	if reason == "" && from >= v.signs && (e.Kind == intel.Domain || e.Kind == intel.URL || e.Kind == intel.Email) && strings.IndexByte(v.text[from:to], '[') < 0 {
		reason = "e-mail signature"
	}
	listed := false
	switch {
	case reason != "":
	case strings.Contains(e.Name, "redacted]") && e.Kind.Class() == intel.IOC:
		reason = "redacted"
	default:
		reason, listed = v.set.Benign(e)
	}
	v.out = append(v.out, intel.Observation{Entity: e, Offset: from, Length: to - from, Text: v.text[from:to], Suppressed: reason, Listed: listed})
	if to-from >= 32 && (e.Kind == intel.Filename || e.Kind == intel.File && reason == "") {
		v.calledByHash(e.Kind, from, to)
	}
}

// leads and trails are the punctuation that a value does not begin or end with.
var leads, trails = setOf("([{*.:!?=~#"), setOf(".:!?*_~=^")

func setOf(signs string) (t [256]bool) {
	for i := range len(signs) {
		t[signs[i]] = true
	}
	return t
}

// trim cuts punctuation that belongs to the sentence from both ends.
func (v *values) trim(from, to int) (int, int) {
	if to-from > 4 && v.bullet(from) {
		from++
	}
	for from < to && (leads[v.text[from]] || v.text[from] == '_' && v.text[to-1] == '_' || v.text[from] == '+' && v.text[to-1] == '+') && signLength(v.text[from:to]) == 0 && !opensAddress(v.text[from:to]) {
		from++
	}
	for to > from {
		switch c := v.text[to-1]; {
		case trails[c], c == '-' && to < len(v.text) && v.text[to] == '>', c == '\\' && to < len(v.text) && v.text[to] == '"', c == '+' && from > 0 && v.text[from-1] == '+':
			to--
		case c == ')' && unbalanced(v.text[from:to], '(', ')'),
			c == ']' && unbalanced(v.text[from:to], '[', ']'),
			c == '}' && unbalanced(v.text[from:to], '{', '}'):
			to--
		default:
			return from, to
		}
	}
	return from, to
}

// bullet reports whether a dash or plus sign at a place opens a line of a list, or a
// dollar sign stands before a name.
func (v *values) bullet(at int) bool {
	if c := v.text[at]; c != '-' && c != '+' && c != '$' || classes[v.text[at+1]]&(alpha|hex|digit) == 0 {
		return false
	} else if c == '$' {
		return true
	}
	for at > 0 && (v.text[at-1] == ' ' || v.text[at-1] == '\t') {
		at--
	}
	return at == 0 || v.text[at-1] == '\n'
}

// opensAddress reports whether a bracket opens an IPv6 address.
func opensAddress(s string) bool {
	if len(s) < 4 || s[0] != '[' {
		return false
	}
	end := strings.IndexByte(s[:min(len(s), 64)], ']')
	return end > 0 && strings.Count(s[:end], ":") > 1
}

// unbalanced reports whether more brackets close than open in a run. Runs are
// short enough for it: longer ones are cut.
func unbalanced(s string, open, closing byte) bool {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case open:
			depth++
		case closing:
			depth--
		}
	}
	return depth < 0
}

// candidate hands a run to the parser that may know it.
func (v *values) candidate(from, to int, has class) {
	if from, to = v.trim(from, to); to-from < 3 || from < v.skip {
		return
	}
	v.steps += to - from
	if v.advisory && strings.HasSuffix(v.text[from:to], "()-") {
		to-- // the arrow of a chain of calls
	}
	run := v.text[from:to]
	if has&backslash != 0 && strings.IndexByte(run, '\\') < 0 {
		has &^= backslash
	}
	if key := keyed(run, has); key > 0 {
		v.candidate(from+key, to, classOf(v.text[from+key:to]))
		if has&equals == 0 || run[0] != '/' && !strings.Contains(run[:key], "?") {
			return
		}
	}
	if has&bracket != 0 && (v.linkParts(from, to) || v.fieldSeparated(from, to)) {
		return
	}
	if has&(other|dot) == other|dot && v.encodedRun(from, to) && run[0] != '/' {
		return
	}
	if has&backslash != 0 && run[0] == '/' && v.program(from, to) {
		return
	}
	if has&backslash != 0 && schemeTurned(run) {
		v.link(from, to, plain(strings.ReplaceAll(run, "\\", "/"), has&^backslash))
		return
	}
	if has&backslash != 0 {
		if escaped := unescaped(run); escaped != "" {
			run, has = escaped, has&^backslash
		} else if v.lines(from, to) || v.path(from, to) {
			return
		}
	}
	told, skip := len(v.out), v.skip
	v.parse(from, to, plain(run, has), has)
	if len(v.out) == told && v.skip == skip && has&(bracket|equals|ampersand|other|at|colon) != 0 && (has&(dot|digit) != 0 || to-from > 26) {
		v.parted(from, to, has)
	}
	if len(v.out) == told && has&(dash|digit) == dash|digit && has&(slash|backslash) == 0 {
		if i := strings.Index(run, "CVE-"); i > 1 && strings.IndexByte("-_", run[i-1]) >= 0 && len(run) == to-from {
			v.identifiers(from+i, to, run[i:], has) // "exploit-CVE-2099-0602"
		}
	}
	if v.advisory {
		v.bare(from, to)
	}
}

// linkParts reads the text and the target of a link of Markdown, which stand against
// each other.
func (v *values) linkParts(from, to int) bool {
	i := strings.Index(v.text[from:to], "](")
	if i < 0 || signEnds(v.text[from:from+i+1]) {
		return false
	}
	for _, part := range [...][2]int{{from, from + i}, {from + i + 2, to}} {
		if has := classOf(v.text[part[0]:part[1]]); worth(has, part[1]-part[0]) {
			v.candidate(part[0], part[1], has)
		}
	}
	return true
}

// fieldSeparated reads the parts of a command of a shell that has "${IFS}" for its
// blanks.
func (v *values) fieldSeparated(from, to int) bool {
	const blank = "${IFS}"
	if !strings.Contains(v.text[from:to], blank) {
		return false
	}
	for from < to {
		end := to
		if i := strings.Index(v.text[from:to], blank); i >= 0 {
			end = from + i
		}
		if name := v.text[from:end]; fileName(name) && plainName(name) && !common(name[strings.LastIndexByte(name, '.')+1:]) {
			v.note(intel.NewEntity(intel.Filename, name), from, end, asName(name))
		} else if has := classOf(name); worth(has, end-from) {
			v.candidate(from, end, has)
		}
		from = end + len(blank)
	}
	return true
}

// program reads a request for a script whose query has names of classes, which are
// written with backslashes.
func (v *values) program(from, to int) bool {
	path, query, ok := strings.Cut(v.text[from:to], "?")
	if !ok || !fileName(path) || strings.ContainsAny(path, `\:`) || strings.IndexByte(query, '=') < 1 || isMethod(v.text[max(0, from-8):from]) {
		return false
	}
	v.target(from, to)
	return true
}

// parse hands a run to the parser that may know it. P is the run without its
// disguise.
func (v *values) parse(from, to int, p string, has class) {
	run := v.text[from:to]
	if p == "" {
		return
	}
	if has&(bracket|backslash|ampersand|odd) != 0 || len(p) > len(run) {
		has |= classOf(p) // what the disguise hid
	}
	switch {
	case has&(colon|slash) == colon|slash && strings.Contains(p, "://"):
		v.link(from, to, p)
	case strings.HasSuffix(run, "()") && callName(run[:len(run)-2]):
		v.note(intel.Entity{Kind: intel.Function, Name: run[:len(run)-2]}, from, to-2, "")
	case v.identifiers(from, to, p, has):
	case has&at != 0 && strings.IndexByte(p, '@') > 0 && v.mail(from, to, p):
	case v.digest(from, to, p):
	case len(run) >= 26 && v.coin(from, to):
	case has&dot != 0 && strings.IndexByte(p, '.') >= 0 || has&colon != 0 && strings.Count(p, ":") > 1:
		v.dotted(from, to, p)
	case p[0] == '/':
		v.file(from, to)
	case has&slash != 0 && v.opened(from) && pathAfter(v.text[to:]):
		v.relative(from, p)
	case has&slash != 0:
		v.slashed(from, to, has)
	}
}

// schemeTurned reports whether a run is a URL with its slashes turned around.
func schemeTurned(run string) bool {
	i := strings.Index(run[:min(len(run), 9)], ":\\\\")
	if i < 0 {
		return false
	}
	switch strings.ToLower(run[:i]) {
	case "http", "https", "hxxp", "hxxps":
		return true
	}
	return false
}

// callName reports whether s is the name of a function, qualified or not.
func callName(s string) bool {
	return len(s) > 1 && len(s) < 120 && s != "function" && !strings.Contains(s, "[") && plainName(strings.ReplaceAll(strings.ReplaceAll(s, "::", ""), "->", "")) && !allDigits(s)
}

// classOf is the classes of all bytes of s.
func classOf(s string) (has class) {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			has |= odd
		}
		has |= classes[s[i]] &^ ends
	}
	return has
}

// keyed returns the length of a key before a value, such as "ip=" or "md5:",
// or 0.
func keyed(run string, has class) int {
	if has&(equals|colon) == 0 {
		return 0
	}
	dotted := false
	for i := range min(len(run), 24) {
		switch c := run[i]; {
		case c == '=' || c == ':':
			rest := run[i+1:]
			if i == 0 || len(rest) < 3 || c == ':' && (rest[0] == '/' || rest[0] == ':' || rest[0] == ']' || rest[0] == '\\') ||
				c == ':' && i <= 4 && isHex(run[:i]) && strings.IndexByte(rest, ':') >= 0 {
				return 0
			}
			if c == ':' && (allDigits(run[:i]) || isPort(rest)) || dotted && digestOf(len(rest)) == "" {
				return 0
			}
			return i + 1
		case c == '.':
			dotted = true
		case classes[c]&(alpha|hex|digit|dash) == 0:
			return 0
		}
	}
	return 0
}

func isHex(s string) bool {
	for i := range len(s) {
		if classes[s[i]]&(hex|digit) == 0 {
			return false
		}
	}
	return s != ""
}

// before returns the word before a place on the same line, in lower case and
// without punctuation, and where it begins.
func (v *values) before(at int) (word string, begin int) {
	end := at
	for end > 0 && at-end < 8 && v.text[end-1] != '\n' && !isWordByte(v.text[end-1]) {
		if c := v.text[end-1]; c == '.' && end < at || c == '|' {
			return "", end
		}
		end--
	}
	begin = end
	for begin > 0 && end-begin < 40 && isWordByte(v.text[begin-1]) {
		begin--
	}
	return strings.ToLower(v.text[begin:end]), begin
}

func isWordByte(c byte) bool {
	return c >= utf8.RuneSelf || classes[c]&(alpha|hex|digit|dash) != 0 || c == '<'
}

// near reports whether one of the words stands in the bytes before a place.
func (v *values) near(at, reach int, words ...string) bool {
	const widest = 80
	if len(v.lowered) == 0 || v.loweredAt != at {
		v.lowered, v.loweredAt = appendLower(v.lowered[:0], v.text[max(0, at-widest):at]), at
	}
	window := v.lowered
	if reach < len(window) && len(window) == min(at, widest) {
		window = window[len(window)-reach:]
	} else if reach < widest {
		window = appendLower(nil, v.text[max(0, at-reach):at]) // a letter is shorter in lower case
	}
	return slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(window, []byte(w)) })
}

// appendLower appends s in lower case.
func appendLower(to []byte, s string) []byte {
	begin := len(to)
	to = append(to, s...)
	for i, c := range to[begin:] {
		switch {
		case c >= utf8.RuneSelf:
			return append(to[:begin], strings.ToLower(s)...)
		case c >= 'A' && c <= 'Z':
			to[begin+i] = c + 'a' - 'A'
		}
	}
	return to
}

// spans is where values stand, in order, for words to be asked about in order.
type spans struct {
	at  []span
	pos int
	end int
}

// A span is a stretch of a text, in bytes.
type span struct{ from, to int32 }

// spans returns where what was found so far stands; room is for it.
func (v *values) spans(room []span) *spans {
	for i := range v.out {
		o := &v.out[i]
		room = append(room, span{int32(o.Offset), int32(o.Offset + o.Length)})
	}
	slices.SortFunc(room, func(a, b span) int { return int(a.from - b.from) })
	return &spans{at: room}
}

// cover reports whether a value stands over an offset. Offsets must not fall
// from call to call.
func (s *spans) cover(offset int) bool {
	for s.pos < len(s.at) && int(s.at[s.pos].from) <= offset {
		s.end = max(s.end, int(s.at[s.pos].to))
		s.pos++
	}
	return offset < s.end
}

func digits(s string) bool { return len(s) <= 5 && allDigits(s) }

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
