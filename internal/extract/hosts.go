package extract

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"github.com/portent-cti/portent/internal/intel"
)

// link reads a URL and its host. P is the run without its disguise.
func (v *values) link(from, to int, p string) {
	i := strings.Index(p, "://")
	start := i
	for start > 0 && classes[p[start-1]]&(alpha|hex|digit) != 0 {
		start--
	}
	if start > 0 && strings.HasPrefix(v.text[from:to], p[:start]) {
		if head := p[:start-1]; strong(head) {
			v.candidate(from, from+len(head), classOf(head))
		}
		from += start
		_, end := v.trim(from, to) // brackets that what stands before it opened
		p, to = p[:len(p)-(to-end)], end
	}
	name := strings.ToLower(p[start:i])
	if !schemes(name) {
		return
	}
	p, to = v.overHyphen(p, i+3, to)
	label := v.label(p[i+3:], from, to)
	p, to = p[:len(p)-label], to-label
	rest := p[i+3:]
	end := strings.IndexAny(rest, "/?#\\")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	user, hostPort := "", authority
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, hostPort = authority[:at+1], authority[at+1:]
	}
	h, ok := readHost(hostPort)
	if !ok {
		return
	}
	to, tail = v.unwrap(from, to, tail)
	v.skip = max(v.skip, to)
	reason := cmp.Or(v.navigation(h.name), v.linked(from, to, p[start:i+3]+authority))
	if label > 0 && p == v.text[from:to] {
		reason = cmp.Or(reason, v.captioned(to, tail))
	}
	if start == 0 || from == 0 || v.text[from-1] != '}' || webScheme(name) { // else an expression has the rest of its scheme
		v.note(intel.Entity{Kind: intel.URL, Name: name + "://" + user + h.written() + tail}, from, to, reason)
	}
	if e := h.entity(); e.Name != "" {
		v.note(e, from, to, reason)
	}
	if h.port != "" {
		v.portOver(h.port, name, from, to)
	}
	if at := strings.Index(v.text[from:to], "://"); len(tail) > 8 && at >= 0 && !v.carrying && reason != cites && reason != pictured {
		v.carrying = true // what it carries is looked at no deeper
		_, known := v.set.Benign(h.entity())
		v.carried(from+at+len("://"), to, known)
		v.carrying = false
	}
}

// label returns the length of the text that AsciiDoc puts in brackets behind a
// URL, as far as it stands in the run, or 0. S is the URL behind its scheme.
func (v *values) label(s string, from, to int) int {
	i := strings.LastIndexByte(s, '[')
	if i < 1 || strings.IndexByte("/@=&.", s[i-1]) >= 0 || strings.IndexByte(s[:i], '?') >= 0 || strings.IndexByte(s[:i], '/') < 0 && len(s)-i < 5 || !strings.HasSuffix(v.text[from:to], s[i:]) {
		return 0
	}
	inner, closed := strings.CutSuffix(s[i+1:], "]")
	if strings.ContainsAny(inner, "[]/") || inner == "redacted" {
		return 0
	}
	if !closed {
		rest := v.text[to:min(len(v.text), to+longestLabel)]
		n := strings.IndexAny(rest, "[]\n")
		v.steps += len(rest)
		if n < 0 || rest[n] != ']' {
			return 0
		}
	}
	return len(s) - i
}

// longestLabel is how far the end of a label is looked for.
const longestLabel = 160

// A place on the network: a name or an address, and a port.
type place struct {
	name string // lower case, punycode
	addr netip.Addr
	port string
}

// written is the host and port as a URL has them.
func (h place) written() string {
	host := h.name
	if h.addr.Is6() {
		host = "[" + host + "]"
	}
	if h.port != "" {
		host += ":" + h.port
	}
	return host
}

// entity is the host; none where it is an onion service with a bad checksum.
func (h place) entity() intel.Entity {
	switch {
	case h.addr.Is4():
		return intel.Entity{Kind: intel.IPv4, Name: h.addr.String()}
	case h.addr.IsValid():
		return intel.Entity{Kind: intel.IPv6, Name: h.addr.String()}
	case strings.HasSuffix(h.name, ".onion"):
		if !onion(h.name) {
			return intel.Entity{}
		}
		return intel.Entity{Kind: intel.Onion, Name: h.name}
	}
	return intel.Entity{Kind: intel.Domain, Name: h.name}
}

// badOnion is the reason why a name is no onion service.
func badOnion(name string) string {
	labels := strings.Split(name, ".")
	if len(labels[len(labels)-2]) == 56 {
		return badChecksum
	}
	return "no onion service has such a name"
}

// readHost reads a host with or without a port.
func readHost(s string) (h place, ok bool) {
	if inner, bracketed := strings.CutPrefix(s, "["); bracketed {
		name, rest, closed := strings.Cut(inner, "]")
		a, err := netip.ParseAddr(name)
		if !closed || err != nil {
			return h, false
		}
		h.addr = a.Unmap().WithZone("")
		h.name = h.addr.String()
		port, has := strings.CutPrefix(rest, ":")
		if has && isPort(port) {
			h.port = port
		}
		return h, true
	}
	name, port, has := strings.Cut(s, ":")
	if has && isPort(port) {
		h.port = port
	} else if has && port != "" {
		return h, false
	}
	if name != "" && isDigit(name[len(name)-1]) { // no top-level name ends with a digit
		if a, err := netip.ParseAddr(name); err == nil && a.Is4() {
			h.addr, h.name = a, name
			return h, true
		}
	}
	h.name, ok = hostName(name)
	return h, ok
}

func isPort(s string) bool {
	if !digits(s) || s[0] == '0' {
		return false
	}
	return len(s) < 5 || s <= "65535"
}

// hostName brings the name of a host to lower case and to punycode.
func hostName(s string) (string, bool) {
	s = strings.TrimRight(s, ".")
	for i := range len(s) {
		if s[i] >= 0x80 {
			name, err := idna.Lookup.ToASCII(s)
			return name, err == nil && domain(name)
		}
	}
	s = strings.ToLower(s)
	return s, domain(s)
}

// dotted reads addresses, ranges, domains and file names.
func (v *values) dotted(from, to int, p string) {
	if p[0] == '/' {
		v.file(from, to)
		return
	}
	p = unclosed(p)
	if len(p) > 9 && strings.EqualFold(p[:2], "ip") && isDigit(p[2]) && !v.advisory {
		if _, ok := readHost(p); !ok { // "IP192.0.2.7"
			v.candidate(from+2, to, classOf(v.text[from+2:to]))
			return
		}
	}
	if v.network(from, to, p) || v.span(from, to, p) || v.sixth(from, to, p) || v.fuzzyHash(from, to, p) {
		return
	}
	hostPort, path, hasPath := strings.Cut(p, "/")
	if q := strings.IndexAny(hostPort, "?#"); q >= 0 {
		hostPort, path, hasPath = hostPort[:q], "", false
	}
	defanged := p != v.text[from:to]
	h, ok := readHost(hostPort)
	switch {
	case !ok && strings.HasPrefix(p, "lib") && strings.Contains(p, ".so."):
		v.note(intel.Entity{Kind: intel.Library, Name: p}, from, to, "")
	case !ok && !hasPath && v.advisory && sourceFile(p):
		v.note(intel.Entity{Kind: intel.File, Name: p}, from, to, asName(p))
	case !ok && !hasPath && fileName(p) && !joins(p) && !encodedPath(p) && (!defanged || p[len(p)-2] != '.'):
		from, to = v.quotedName(from, to)
		name := v.text[from:to]
		if defanged && len(name) > len(p) {
			name = p
		}
		v.note(intel.NewEntity(intel.Filename, strings.TrimPrefix(name, "./")), from, to, asName(p))
	case !ok && hasPath && !defanged && fileName(p) && detection(p):
		v.note(intel.Entity{Kind: intel.File, Name: p}, from, to, "name of a detection")
	case !ok && hasPath && !defanged && fileName(p):
		v.relative(from, p)
	case ok && h.addr.IsValid():
		v.address(h, from, to, p, path)
	case ok:
		v.host(h, from, to, p, path, defanged)
	case !hasPath && !defanged && (v.numbers(from, to) || v.cutAddress(from, to)):
	case !hasPath && !defanged:
		v.sentenceEnd(from, to)
	}
}

// sentenceEnd reads a value behind which the next sentence begins without a
// blank. A class stands so behind its package.
func (v *values) sentenceEnd(from, to int) {
	i := strings.LastIndexByte(v.text[from:to], '.')
	if next := from + i + 1; i > 3 && next < to && v.text[next] >= 'A' && v.text[next] <= 'Z' && classOf(v.text[next:to])&^(alpha|hex) == 0 {
		if head := v.text[from : from+i]; packageName(head) {
			v.note(intel.NewEntity(intel.Domain, head), from, from+i, inPackage)
			return
		}
		v.candidate(from, from+i, classOf(v.text[from:from+i]))
	}
}

// quotedName goes back over the words of a file name that stands in quotes.
func (v *values) quotedName(from, to int) (int, int) {
	if to >= len(v.text) || strings.IndexByte("\"'`", v.text[to]) < 0 || from == 0 || v.text[from-1] != ' ' {
		return from, to
	}
	i := strings.LastIndexByte(v.text[max(0, from-64):from], v.text[to])
	if i < 0 {
		return from, to
	}
	begin := max(0, from-64) + i + 1
	if words := v.text[begin:from]; strings.ContainsAny(words, "\n,;:=./\\") || strings.Count(words, " ") > 5 || begin > 1 && isWordByte(v.text[begin-2]) {
		return from, to
	}
	return begin, to
}

// unclosed cuts brackets that close and were opened by a disguise.
func unclosed(p string) string {
	for len(p) > 1 && strings.IndexByte("])}", p[len(p)-1]) >= 0 && !strings.ContainsAny(p, "[({") {
		p = p[:len(p)-1]
	}
	return p
}

// network reads a prefix such as 192.0.2.0/24.
func (v *values) network(from, to int, p string) bool {
	i := strings.LastIndexByte(p, '/')
	if i < 0 {
		return false
	}
	size := p[i+1:]
	if n, ok := maskBits(size); ok {
		size = strconv.Itoa(n)
	}
	if len(size) > 3 || !digits(size) {
		return false
	}
	n, err := netip.ParsePrefix(p[:i+1] + size)
	if err != nil || tooWide(n) {
		return false
	}
	if n.Addr() != n.Masked().Addr() { // "192.0.2.7/24" is a host in a network, "192.0.2.7/22" of a firewall a host and a port
		h := place{name: n.Addr().String(), addr: n.Addr()}
		v.note(h.entity(), from, from+max(1, strings.LastIndexByte(v.text[from:to], '/')), "")
		return true
	}
	v.note(ofPrefix(n), from, to, "")
	return true
}

// maskBits returns the length of the prefix that a mask such as 255.255.255.0
// stands for.
func maskBits(s string) (int, bool) {
	if !strings.HasPrefix(s, "255.") {
		return 0, false
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return 0, false
	}
	b := a.As4()
	m := binary.BigEndian.Uint32(b[:])
	return bits.LeadingZeros32(^m), ^m&(^m+1) == 0
}

// span reads a range of addresses: one prefix if it is one, else both ends, and the
// few networks that hold it.
func (v *values) span(from, to int, p string) bool {
	if v.block(from, to, p) {
		return true
	}
	i := strings.IndexByte(p, '-')
	if i < 7 {
		return false
	}
	if a, b, ok := shortSpan(p[:i], p[i+1:]); ok && v.notAddress(place{name: p[:i], addr: a}, from, to, p) == "" {
		v.between(a, b, from, to)
		return true
	}
	a, errA := netip.ParseAddr(p[:i])
	b, errB := netip.ParseAddr(p[i+1:])
	if errA != nil || errB != nil || a.Is4() != b.Is4() || b.Less(a) {
		return false
	}
	v.between(a, b, from, to)
	return true
}

// shortSpan reads the ends of a range of which the second is written by its last
// number alone, as in "192.0.2.10-20" and "192.0.2.10-.20".
func shortSpan(first, number string) (a, b netip.Addr, ok bool) {
	number = strings.TrimPrefix(number, ".")
	if len(number) > 3 || !allDigits(number) {
		return a, b, false
	}
	a, errA := netip.ParseAddr(first)
	b, errB := netip.ParseAddr(first[:strings.LastIndexByte(first, '.')+1] + number)
	return a, b, errA == nil && errB == nil && a.Is4() && a.Less(b)
}

// block reads three numbers and a star, as in "192.0.2.*".
func (v *values) block(from, to int, p string) bool {
	rest := v.text[to:min(len(v.text), to+3)]
	if v.advisory || len(p) > 11 || strings.Count(p, ".") != 2 || !strings.HasPrefix(rest, ".*") || len(rest) > 2 && isWordByte(rest[2]) {
		return false
	}
	a, err := netip.ParseAddr(p + ".0")
	if err != nil || v.notAddress(place{name: p + ".0", addr: a}, from, to, p) != "" {
		return false
	}
	v.note(intel.NewEntity(intel.CIDR, netip.PrefixFrom(a, 24).String()), from, to+len(".*"), "")
	return true
}

func (v *values) between(a, b netip.Addr, from, to int) {
	if n, ok := prefixOf(a, b); ok {
		v.note(intel.NewEntity(intel.CIDR, n.String()), from, to, "")
		return
	}
	v.note(ofAddress(a), from, to, "")
	v.note(ofAddress(b), from, to, "")
	for _, n := range cover(a, b) {
		if e := ofPrefix(n); n.Addr() != a && n.Addr() != b || e.Kind == intel.CIDR {
			v.note(e, from, to, "")
		}
	}
}

// prefixOf returns the prefix whose first and last addresses are given.
func prefixOf(a, b netip.Addr) (n netip.Prefix, ok bool) {
	for bits := a.BitLen() - 1; bits >= 8; bits-- {
		if n = netip.PrefixFrom(a, bits).Masked(); n.Addr() != a {
			break
		}
		if last(n) == b {
			return n, true
		}
	}
	return netip.Prefix{}, false
}

// last is the last address of a prefix.
func last(n netip.Prefix) netip.Addr {
	b := n.Addr().AsSlice()
	for i := n.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// sixth reads an IPv6 address, in brackets or not, with a port or not.
func (v *values) sixth(from, to int, p string) bool {
	if strings.Count(p, ":") < 2 || len(p) > 80 {
		return false
	}
	inner, port := p, ""
	if strings.HasPrefix(p, "[") {
		end := strings.IndexByte(p, ']')
		if end < 0 {
			return false
		}
		inner = p[1:end]
		port = strings.TrimPrefix(p[end+1:], ":")
	}
	a, err := netip.ParseAddr(inner)
	if err != nil || !a.Is6() {
		return false
	}
	a = a.WithZone("")
	switch reason := scoped(inner); {
	case a.Is4In6():
		v.note(intel.Entity{Kind: intel.IPv4, Name: a.Unmap().String()}, from, to, reason)
	default:
		v.note(intel.Entity{Kind: intel.IPv6, Name: a.String()}, from, to, reason)
	}
	if isPort(port) {
		v.port1(port, from, to)
	}
	return true
}

// address keeps an IPv4 address with what stands behind it.
func (v *values) address(h place, from, to int, p, path string) {
	end := to
	if p == v.text[from:to] {
		end = from + len(strings.TrimRight(h.name, "."))
		if h.port == "" && path == "" && end < to { // "1.2.3.4?x", "1.2.3.4:x"
			p = p[:end-from]
		}
	}
	reason := v.notAddress(h, from, end, p)
	if b, upTo, ok := v.second(h.addr, to); ok && reason == "" {
		v.skip = upTo
		v.between(h.addr, b, from, upTo)
		return
	}
	v.note(h.entity(), from, end, reason)
	if h.port != "" {
		v.port1(h.port, from, to)
	}
	if path != "" && reason == "" && (!allDigits(path) || h.port != "" && isPort(path)) && !protocol(path) && !v.other(h, from, to, path) {
		v.note(intel.Entity{Kind: intel.URL, Name: "http://" + h.written() + "/" + path}, from, to, "")
	}
}

// protocol reports whether s is what stands behind a port: 45.134.21.98:443/tcp.
func protocol(s string) bool { return s == "tcp" || s == "udp" || s == "TCP" || s == "UDP" }

// second reads the other end of a range that is written with blanks, if both
// make one prefix.
func (v *values) second(a netip.Addr, to int) (b netip.Addr, end int, ok bool) {
	rest := v.text[to:min(len(v.text), to+48)]
	for _, sign := range []string{" - ", " – ", "–", " — "} {
		if after, found := strings.CutPrefix(rest, sign); found {
			n := 0
			for n < len(after) && (after[n] == '.' || after[n] >= '0' && after[n] <= '9') {
				n++
			}
			b, err := netip.ParseAddr(strings.TrimRight(after[:n], "."))
			if err != nil || !b.Is4() || b.Less(a) {
				return b, 0, false
			}
			_, one := prefixOf(a, b)
			return b, to + len(sign) + len(b.String()), one
		}
	}
	return b, 0, false
}

// host keeps a domain, or the name of a file that looks like one.
func (v *values) host(h place, from, to int, p, path string, defanged bool) {
	end := to
	if !defanged && path == "" && h.port == "" {
		if i := strings.IndexAny(p, "?#/"); i > 0 { // "evil.example/" and the like
			end = from + i
		}
	}
	if !defanged && path == "" && !boundary(v.text[from:end]) && v.fileNotHost(h.name, from, end) {
		if name := v.text[from:end]; v.advisory && sourceFile(name) {
			v.note(intel.Entity{Kind: intel.File, Name: name}, from, end, "")
			return
		}
		v.note(intel.NewEntity(intel.Filename, h.name), from, end, asName(h.name))
		return
	}
	e := h.entity()
	if e.Name == "" {
		v.note(intel.Entity{Kind: intel.Onion, Name: h.name}, from, end, badOnion(h.name))
		return
	}
	reason := v.navigation(h.name)
	if begin := v.hyphenated(from); begin < from {
		head, _, _ := strings.Cut(v.text[begin:from], "\n")
		if whole, ok := hostName(head + h.name); ok && defanged && path == "" {
			h.name, e.Name, from = whole, whole, begin
		} else {
			reason = cmp.Or(reason, cutByBreak)
		}
	}
	if reason == "" && !defanged {
		reason = v.notHost(h, from, end)
	}
	v.note(e, from, end, reason)
	if h.port != "" {
		v.port1(h.port, from, to)
	}
	if path != "" && !protocol(path) && !v.other(h, from, to, path) {
		v.note(intel.Entity{Kind: intel.URL, Name: "http://" + h.written() + "/" + path}, from, to, reason)
	}
}

// navigation is the reason to set a host aside that is the document's own site.
func (v *values) navigation(name string) string {
	if v.own == "" || name == "" {
		return ""
	}
	if name == v.own || strings.HasSuffix(v.own, "."+name) || strings.HasSuffix(name, "."+v.own) {
		return "the document's own site"
	}
	a, errA := publicsuffix.EffectiveTLDPlusOne(name)
	b, errB := publicsuffix.EffectiveTLDPlusOne(v.own)
	if errA == nil && errB == nil && a == b {
		return "the document's own site"
	}
	return ""
}

// reserved are the top-level names of RFC 2606 and RFC 6761 that occur in
// examples and exercises; whether a name under them is ordinary is for the
// reference to say.
func reserved(tld string) bool {
	switch tld {
	case "example", "test", "invalid", "localhost", "onion", "local", "internal", "bit", "i2p", "lan", "corp", "home":
		return true
	}
	return false
}

// domain reports whether s, in lower case, is the name of a host: at least two
// labels, a last one that exists.
func domain(s string) bool {
	if len(s) < 4 || len(s) > 253 {
		return false
	}
	labels := 0
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			c := s[i]
			if c != '-' && c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
				return false
			}
			continue
		}
		if i == start || i-start > 63 || s[start] == '-' || s[i-1] == '-' {
			return false
		}
		labels++
		start = i + 1
	}
	if labels < 2 {
		return false
	}
	tld := s[strings.LastIndexByte(s, '.')+1:]
	if tld[0] >= '0' && tld[0] <= '9' {
		return false
	}
	if reserved(tld) || common(tld) {
		return true
	}
	suffix, icann := publicsuffix.PublicSuffix(s)
	return icann || strings.IndexByte(suffix, '.') >= 0 // a suffix of somebody's own, such as github.io
}
