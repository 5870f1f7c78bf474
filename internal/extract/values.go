package extract

import (
	"net/netip"
	"slices"
	"sort"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// longest is how many bytes a run without blanks may have to be looked at as a
// whole; of a longer one only the beginning is.
const longest = 4096

// values finds what is not a name in one text.
type values struct {
	text string
	set  *reference.Set
	own  string
	out  []intel.Observation
	prev string // the word before the current run, lower-cased
}

// splits marks the ASCII characters that end a run. Everything outside ASCII
// does too, but for dashes that stand in identifiers.
var splits = func() (s [256]bool) {
	for c := range 256 {
		s[c] = c <= ' ' || c >= 0x7f || strings.IndexByte("\"'`<>|;,", byte(c)) >= 0
	}
	return s
}()

func (v *values) run() {
	text := v.text
	for i := 0; i < len(text) && len(v.out) < most; {
		if splits[text[i]] {
			if text[i] == '.' || text[i] == '\n' {
				v.prev = ""
			}
			i++
			continue
		}
		from := i
		for i < len(text) && !splits[text[i]] {
			i++
		}
		i = v.widen(from, i)
		v.candidate(from, min(i, from+longest))
		v.prev = lastWord(text[from:min(i, from+64)])
	}
	v.spaced()
}

// widen takes odd dashes and comma-separated parts of a URL into a run.
func (v *values) widen(from, to int) int {
	for _, dash := range []string{"\u2010", "\u2011", "\u2012", "\u2013", "\u2212", "\u00ad"} {
		rest := v.text[to:]
		run := v.text[from:to]
		if strings.HasPrefix(rest, dash) && len(run) < 24 && identifier(run) {
			end := to + len(dash)
			for end < len(v.text) && (!splits[v.text[end]] || strings.HasPrefix(v.text[end:], dash)) {
				if splits[v.text[end]] {
					end += len(dash)
				} else {
					end++
				}
			}
			return end
		}
	}
	return to
}

// identifier reports whether a run may begin an identifier that is written
// with dashes.
func identifier(run string) bool {
	up := strings.ToUpper(strings.Trim(run, "([{"))
	return up == "CVE" || up == "CWE" || up == "CAPEC" || strings.HasPrefix(up, "CVE")
}

func lastWord(s string) string {
	return strings.ToLower(strings.Trim(s, "()[]{}:=.!?*_"))
}

// trim cuts punctuation that belongs to the sentence from both ends.
func (v *values) trim(from, to int) (int, int) {
	for from < to && strings.IndexByte("([{*_.:!?=~#", v.text[from]) >= 0 && !strings.HasPrefix(v.text[from:to], "[.]") {
		from++
	}
	for to > from {
		switch c := v.text[to-1]; {
		case strings.IndexByte(".:!?*_~=", c) >= 0:
			to--
		case c == ')' && strings.Count(v.text[from:to], "(") < strings.Count(v.text[from:to], ")"),
			c == ']' && strings.Count(v.text[from:to], "[") < strings.Count(v.text[from:to], "]"),
			c == '}' && strings.Count(v.text[from:to], "{") < strings.Count(v.text[from:to], "}"):
			to--
		default:
			return from, to
		}
	}
	return from, to
}

// candidate gates a run and hands it to the parser that may know it.
func (v *values) candidate(from, to int) {
	from, to = v.trim(from, to)
	run := v.text[from:to]
	if len(run) < 3 {
		return
	}
	g := look(run)
	switch {
	case g.letters == 0 && g.digits == 0:
	case g.colonSlashes || g.slash && g.dots+g.brackets > 0 && strings.Contains(run, "://"):
		v.link(from, to)
	case v.identifiers(from, to):
	case g.backslash:
		v.path(from, to)
	case g.at && v.mail(from, to):
	case g.hexOnly && v.hash(from, to):
	case g.dots+g.brackets > 0 || g.colons > 1:
		v.dotted(from, to)
	case run[0] == '/':
		v.file(from, to)
	case g.alnum && len(run) >= 26:
		v.coin(from, to)
	case g.slash:
		v.port(from, to)
	}
	if g.equals && !g.backslash {
		v.assignments(from, to)
	}
}

// shape is what a run consists of, at a glance.
type shape struct {
	letters, digits, dots, colons, brackets      int
	slash, backslash, at, equals, hexOnly, alnum bool
	colonSlashes                                 bool
}

func look(run string) shape {
	g := shape{hexOnly: true, alnum: true}
	for i := range len(run) {
		c := run[i]
		switch {
		case c >= '0' && c <= '9':
			g.digits++
			continue
		case c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F':
			g.letters++
			continue
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			g.letters++
			g.hexOnly = false
			continue
		case c == '.':
			g.dots++
		case c == ':':
			g.colons++
			g.colonSlashes = g.colonSlashes || strings.HasPrefix(run[i:], "://")
		case c == '[' || c == '(' || c == '{':
			g.brackets++
		case c == '/':
			g.slash = true
		case c == '\\':
			g.backslash = true
		case c == '@':
			g.at = true
		case c == '=':
			g.equals = true
		}
		g.hexOnly, g.alnum = false, false
	}
	g.at = g.at || g.brackets > 0 && (strings.Contains(run, "at]") || strings.Contains(run, "at)") || strings.Contains(run, "AT]") || strings.Contains(run, "at}"))
	g.colonSlashes = g.colonSlashes || strings.HasPrefix(run, "hxxp") || strings.HasPrefix(run, "hXXp")
	return g
}

// note keeps a value, with the reason if it is to be set aside.
func (v *values) note(e intel.Entity, from, to int, reason string) {
	if reason == "" && e.Kind.Class() == intel.IOC {
		reason, _ = v.set.Benign(e)
	}
	v.out = append(v.out, intel.Observation{Entity: e, Offset: from, Length: to - from, Text: v.text[from:to], Suppressed: reason})
}

// dotted reads addresses, ranges, domains and file names.
func (v *values) dotted(from, to int) {
	run := v.text[from:to]
	plain := refang(run)
	hostPort, rest, path := strings.Cut(plain, "/")
	if path && strings.HasPrefix(plain, "/") {
		v.file(from, to)
		return
	}
	if p, err := netip.ParsePrefix(plain); err == nil {
		v.note(intel.NewEntity(intel.CIDR, p.String()), from, to, "")
		return
	}
	addr, port, _ := strings.Cut(hostPort, ":")
	if a, err := netip.ParseAddr(addr); err == nil && a.Is4() {
		v.address(a, addr, from, to, plain)
		if port != "" && digits(port) {
			v.note(intel.NewEntity(intel.Port, port+"/tcp"), from+strings.LastIndex(run, port), from+strings.LastIndex(run, port)+len(port), "")
		}
		if path && rest != "" {
			v.note(intel.NewEntity(intel.URL, "http://"+plain), from, to, "")
		}
		return
	}
	if a, err := netip.ParseAddr(strings.Trim(hostPort, "[]")); err == nil && a.Is6() && !path {
		v.note(intel.NewEntity(intel.IPv6, a.String()), from, to, "")
		return
	}
	if name := strings.ToLower(addr); domain(name) {
		v.host(name, run != plain, from, to, path && rest != "", plain)
		return
	}
	if fileName(plain) && !path {
		v.note(intel.NewEntity(intel.Filename, plain), from, to, "")
	}
}

// address keeps an IPv4 address; what reads like a version is set aside.
func (v *values) address(a netip.Addr, written string, from, to int, plain string) {
	run := v.text[from:to]
	end := to
	if run == plain {
		end = min(to, from+len(written))
	}
	reason := ""
	switch {
	case run != plain: // nobody defangs a version
	case versionBefore(v.prev) || versionAfter(v.text[end:]):
		reason = "version number"
	case a.As4()[0] == 0:
		reason = "version number"
	case strings.HasPrefix(written, "255.255."):
		reason = "netmask"
	}
	v.note(intel.Entity{Kind: intel.IPv4, Name: a.String()}, from, end, reason)
}

// versionBefore reports whether a word says that a version follows.
func versionBefore(word string) bool {
	switch word {
	case "version", "versions", "v", "ver", "build", "release", "firmware", "before", "through", "prior", "upgrade", "patch", "oid", "section", "rev",
		"revision", "версия", "версии", "версию", "сборка", "версией", "versión", "versiones", "compilación", "fassung", "نسخه", "نسخهٔ", "<", "<=", "prior-to", "until":
		return true
	}
	return false
}

// versionAfter reports whether the text after an address says that it was a
// version.
func versionAfter(rest string) bool {
	rest = strings.ToLower(rest[:min(len(rest), 24)])
	for _, s := range []string{" and earlier", " and below", " and prior", " or earlier", " and older", "-beta", "-rc"} {
		if strings.HasPrefix(rest, s) {
			return true
		}
	}
	return false
}

// host keeps a domain, or the name of a file that looks like one.
func (v *values) host(name string, defanged bool, from, to int, path bool, plain string) {
	if !defanged && fileName(name) && !path {
		v.note(intel.NewEntity(intel.Filename, plain), from, to, "")
		return
	}
	reason := ""
	if v.own != "" && (name == v.own || strings.HasSuffix(v.own, "."+name)) {
		reason = "the document's own site"
	}
	kind := intel.Domain
	if strings.HasSuffix(name, ".onion") {
		kind = intel.Onion
		if !onion(name) {
			return
		}
	}
	if path {
		v.note(intel.NewEntity(intel.URL, "http://"+plain), from, to, reason)
		return
	}
	v.note(intel.NewEntity(kind, name), from, to, reason)
}

// spans is where values stand, in order.
type spans []intel.Observation

// spans returns what was found so far, in order of offset.
func (v *values) spans() spans {
	s := slices.Clone(v.out)
	slices.SortFunc(s, func(a, b intel.Observation) int { return a.Offset - b.Offset })
	return s
}

// cover reports whether a value stands over an offset.
func (s spans) cover(offset int) bool {
	i := sort.Search(len(s), func(i int) bool { return s[i].Offset > offset })
	for back := 0; back < 8 && i > 0; back++ { // values at one place are few
		i--
		if s[i].Offset+s[i].Length > offset {
			return true
		}
	}
	return false
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 5
}
