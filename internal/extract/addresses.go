package extract

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"github.com/portent-cti/portent/internal/intel"
)

// notAddress is the reason why four numbers are no address, or none. Where only
// their form speaks for a version, what the reference knows of the address does
// before it.
func (v *values) notAddress(h place, from, end int, p string) string {
	b := h.addr.As4()
	if p != v.text[from:end] && !strings.HasPrefix(p, v.text[from:end]) {
		return ""
	}
	word, begin := v.before(from)
	switch {
	case mask(b):
		return "netmask"
	case h.port != "":
		return ""
	case word == "oid" || strings.HasPrefix(h.name, "1.3.6.1"):
		return "object identifier"
	case sectionBefore(word, b):
		return "section number"
	case versionBefore(word), b[0] == 0 && b != [4]byte{}, versionAfter(v.text[end:]), begin < from && v.text[from-1] == '<' && !strings.HasPrefix(v.text[end:], ">"), v.pinned(from):
		return "version number"
	case !large(b) && (v.movedTo(from) || v.near(from, 24, "prior to ", "up to and including ", "version range ", "version>") || v.near(from, 4, " v. ")):
		return "version number"
	case small(b) && !addressAfter(v.text[end:min(len(v.text), end+10)]) && v.heading(from, end):
		return "section number"
	}
	after := v.afterVersion(from, b)
	if after == "" && (!small(b) || v.amongAddresses(from, end) || v.aloneAmong(from, end) || v.announcesAddress(word, from, end)) {
		if from > 1 && (v.text[from-1] == '-' || v.text[from-1] == '/' && !v.lastEnds(from-1)) && isWordByte(v.text[from-2]) {
			return "version number"
		}
		return ""
	}
	if known, ok := v.set.Benign(h.entity()); ok {
		return known
	}
	if after == "" {
		after = looksLikeVersion
	}
	return after
}

// announcesAddress reports whether what stands beside four small numbers says that
// they are an address.
func (v *values) announcesAddress(word string, from, end int) bool {
	if word == "at" || strings.HasPrefix(word, "block") || v.near(from, 40, "ip", "address", "host", "server", "c2", "c&c", "from", " to ", "node", "адрес", "сервер", "地址", "dirección", "آدرس", "src", "dst", "ping", "nslookup",
		"attacker", "malicious", "deny", "denied", "banned", "botnet", "beacon", "contact", "connect", "communicat", "exfiltrat", "brute", " rdp ", " ssh ", "tor ") {
		return true
	}
	if n := len(v.out); n > 0 && from > 1 && strings.IndexByte("([", v.text[from-1]) >= 0 {
		if o := &v.out[n-1]; (o.Entity.Kind == intel.Domain || o.Entity.Kind == intel.URL) && from-o.Offset-o.Length <= 3 && o.Offset+o.Length <= from {
			return true
		}
	}
	return addressAfter(v.text[end:min(len(v.text), end+10)])
}

// addressAfter reports whether text goes on as it does behind an address: with its
// country, network or port, or what it did.
func addressAfter(rest string) bool {
	if as, ok := strings.CutPrefix(rest, " AS"); ok {
		return as != "" && isDigit(as[0])
	}
	for _, after := range [...]string{" scann", " attack", " port "} {
		if strings.HasPrefix(rest, after) {
			return true
		}
	}
	return len(rest) > 4 && (rest[:2] == " (" && upperPair(rest[2:]) && rest[4] == ')' || rest[0] == '\t' && upperPair(rest[1:]) && rest[3] == '\t')
}

// upperPair reports whether s begins with two capitals, as codes of countries are.
func upperPair(s string) bool {
	return len(s) >= 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// movedTo reports whether an upgrade or downgrade in the same clause leads to a place.
func (v *values) movedTo(from int) bool {
	if !v.near(from, 48, "upgrad", "downgrad") {
		return false
	}
	clause := v.text[max(0, from-48):from]
	return !strings.ContainsAny(clause[strings.LastIndex(strings.ToLower(clause), "grad"):], ".:;!?\n")
}

// aloneAmong reports whether four numbers have a line of a list to themselves and the
// line before or after it has another address that begins otherwise: lists of versions
// go on with the same number.
func (v *values) aloneAmong(from, end int) bool {
	begin, upTo := from, end
	for begin > 0 && from-begin < 8 && strings.IndexByte(" \t-*", v.text[begin-1]) >= 0 {
		begin--
	}
	for upTo < len(v.text) && upTo-end < 8 && strings.IndexByte(" \t\r,", v.text[upTo]) >= 0 {
		upTo++
	}
	if begin > 0 && v.text[begin-1] != '\n' || upTo < len(v.text) && v.text[upTo] != '\n' {
		return false
	}
	first, _, _ := strings.Cut(v.text[from:end], ".")
	other := func(line string) bool {
		line = strings.Trim(line, " \t\r-*,")
		a, err := netip.ParseAddr(line)
		number, _, _ := strings.Cut(line, ".")
		return err == nil && a.Is4() && number != first
	}
	const longestLine = 32
	if begin > 1 {
		before := v.text[max(0, begin-1-longestLine) : begin-1]
		if i := strings.LastIndexByte(before, '\n'); (i >= 0 || begin-1 <= longestLine) && other(before[i+1:]) {
			return true
		}
	}
	if upTo+1 < len(v.text) {
		line, _, _ := strings.Cut(v.text[upTo+1:min(len(v.text), upTo+1+longestLine)], "\n")
		return other(line)
	}
	return false
}

// lastEnds reports whether the value read last ends at a place.
func (v *values) lastEnds(at int) bool {
	n := len(v.out)
	return n > 0 && v.out[n-1].Offset < at && at <= v.out[n-1].Offset+v.out[n-1].Length && v.out[n-1].Suppressed == ""
}

// pinned reports whether a sign that compares versions stands before a place.
func (v *values) pinned(from int) bool {
	if from < 2 {
		return false
	}
	if v.text[from-1] == ' ' && v.text[from-2] == '<' {
		return true
	}
	return v.text[from-1] == '=' && strings.IndexByte("=<>~!", v.text[from-2]) >= 0
}

// looksLikeVersion is the reason where nothing but small numbers says that a
// version is meant.
const looksLikeVersion = "reads like a version number"

// mask reports whether four numbers are the mask of a network or what such a
// mask leaves out.
func mask(b [4]byte) bool {
	switch b[0] {
	case 255:
		return b[1] == 255 || b[1]|b[2]|b[3] == 0
	case 0:
		n := binary.BigEndian.Uint32(b[:])
		return b[3] == 255 && n&(n+1) == 0
	}
	return false
}

// small reports whether all four numbers are such as versions have.
func small(b [4]byte) bool { return b[0] <= 30 && b[1] <= 30 && b[2] <= 30 && b[3] <= 30 }

// large reports whether four numbers are hardly those of a version.
func large(b [4]byte) bool {
	n := 0
	for _, c := range b {
		if c > 30 {
			n++
		}
	}
	return b[0] > 30 && n > 1
}

// afterVersion is the reason why four numbers go on a list of versions, or none:
// "versions 6.0.0.1 and 6.0.0.2". One that only looks like a version makes no
// other a version that does not.
func (v *values) afterVersion(from int, b [4]byte) string {
	o := v.listedBefore(from, 1)
	if o == nil || !strings.HasSuffix(o.Suppressed, "version number") || o.Suppressed == looksLikeVersion && !small(b) {
		return ""
	}
	return o.Suppressed
}

// listedBefore is the address n before the next, which is at a place, if nothing
// but a comma or a word such as "and" parts them; else nil.
func (v *values) listedBefore(from, n int) *intel.Observation {
	if len(v.out) < n {
		return nil
	}
	o := &v.out[len(v.out)-n]
	if end := o.Offset + o.Length; o.Entity.Kind != intel.IPv4 || from < end || from-end > 12 || !listSign(v.text[end:from]) {
		return nil
	}
	return o
}

// listSign reports whether a text parts members of a list.
func listSign(s string) bool {
	switch strings.Trim(s, " ,") {
	case "", "and", "or", "to", "through", "-", "–", "/", "и", "до", "bis", "und", "y", "a", "و", "和", "至":
		return true
	}
	return false
}

// mostListed is how many members of a list are looked at on either side of one.
const mostListed = 4

// amongAddresses reports whether four small numbers stand in a list in which another is
// an address without doubt: that speaks for all of them. It looks at few before,
// which were judged so, and at few after.
func (v *values) amongAddresses(from, end int) bool {
	begin := from
	for n := 1; n <= mostListed; n++ {
		o := v.listedBefore(begin, n)
		if o == nil || strings.HasSuffix(o.Suppressed, "version number") {
			break
		}
		if a, err := netip.ParseAddr(o.Entity.Name); err == nil && (o.Suppressed == "" || large(a.As4())) {
			return true
		}
		begin = o.Offset
	}
	for range mostListed {
		at := end
		for at < len(v.text) && at-end <= 12 && (v.text[at] < '0' || v.text[at] > '9') {
			at++
		}
		if at == end || at == len(v.text) || !listSign(v.text[end:at]) {
			return false
		}
		to := at
		for to < len(v.text) && to-at < 15 && (v.text[to] == '.' || v.text[to] >= '0' && v.text[to] <= '9') {
			to++
		}
		v.steps += to - end
		a, err := netip.ParseAddr(strings.TrimRight(v.text[at:to], "."))
		if err != nil {
			return false
		}
		if large(a.As4()) {
			return !versionAfter(v.text[to:])
		}
		end = to
	}
	return false
}

// heading reports whether four numbers stand at the beginning of a line before
// words with a capital, as the number of a section does.
func (v *values) heading(from, end int) bool {
	begin := from
	for begin > 0 && strings.IndexByte(" \t#*", v.text[begin-1]) >= 0 {
		begin--
	}
	v.steps += from - begin
	if begin > 0 && v.text[begin-1] != '\n' || end+1 >= len(v.text) || v.text[end] != ' ' && v.text[end] != '\t' && v.text[end] != '.' {
		return false
	}
	rest := strings.TrimLeft(v.text[end:min(len(v.text), end+16)], ". \t")
	r, _ := utf8.DecodeRuneInString(rest)
	return unicode.IsUpper(r)
}

// numbers sets aside numbers with dots that are no address but hold what reads
// like one: the version v5.4.3.2, an object identifier.
func (v *values) numbers(from, to int) bool {
	reason := "object identifier"
	if v.text[from]|0x20 == 'v' {
		from++
		reason = "version number"
	} else if run := v.text[from:to]; !strings.HasPrefix(run, "1.3.6.1.") && !strings.HasPrefix(run, "1.2.840.") && !strings.HasPrefix(run, "2.16.840.") {
		return false
	} else {
		end := from
		for n := 0; end < to && n < 4; end++ {
			if v.text[end] == '.' {
				n++
			}
		}
		to = max(from, end-1)
	}
	a, err := netip.ParseAddr(v.text[from:to])
	if err != nil || !a.Is4() {
		return false
	}
	v.note(intel.Entity{Kind: intel.IPv4, Name: a.String()}, from, to, reason)
	return true
}

// other reads what stands behind a host and a slash and is another value rather than a
// path: an address, a host of the same domain, or more ports.
func (v *values) other(h place, from, to int, path string) bool {
	at := to - len(path)
	if v.text[at:to] != path || len(path) > 253 {
		return false
	}
	if h.port != "" {
		for number := range strings.SplitSeq(path, "/") {
			if !isPort(number) {
				return false
			}
		}
		for number := range strings.SplitSeq(path, "/") {
			v.note(intel.Entity{Kind: intel.Port, Name: number + "/tcp"}, at, at+len(number), "")
			at += len(number) + 1
		}
		return true
	}
	next, ok := readHost(path)
	if !ok || !next.addr.IsValid() && (h.addr.IsValid() || registered(next.name) != registered(h.name)) {
		return false
	}
	v.candidate(at, to, classOf(path))
	return true
}

// registered is what of a name of a host was registered, or "".
func registered(name string) string {
	of, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return of
}
