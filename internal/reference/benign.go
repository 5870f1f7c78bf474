package reference

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/gaissmai/bart"
	"golang.org/x/net/publicsuffix"

	"github.com/portent-cti/portent/internal/intel"
)

// The reasons that are built in.
const (
	reservedRange  = "reserved range"
	reservedDomain = "reserved domain"
	publicResolver = "public resolver"
	emptyFile      = "hash of an empty file"
	citedSite      = "site that tells of threats"
	tooWide        = "network too wide"
)

// No network that one actor could hold has a shorter prefix: the largest blocks
// that registries hand to anybody.
const (
	widest4 = 8
	widest6 = 19
)

// reservedRanges is the special-purpose address registries (RFC 6890 and what
// updates it), multicast, and documentation ranges (RFC 5737, 3849, 9637).
const reservedRanges = `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24
	192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
	::/128 ::1/128 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8`

// reservedDomains is the special-use domain names (RFC 2606, 6761, 6762, 8375)
// and the private-use top-level domain.
const reservedDomains = `example example.com example.net example.org invalid localhost localdomain test local internal home.arpa in-addr.arpa ip6.arpa`

// publicResolvers is addresses that reports name so often that no list should
// be needed to know them.
const publicResolvers = `1.0.0.1 1.1.1.1 4.2.2.1 4.2.2.2 8.8.4.4 8.8.8.8 9.9.9.9 64.6.64.6 64.6.65.6 77.88.8.1 77.88.8.8 94.140.14.14 94.140.15.15
	114.114.114.114 149.112.112.112 185.228.168.9 208.67.220.220 208.67.222.222 223.5.5.5 223.6.6.6
	2001:4860:4860::8844 2001:4860:4860::8888 2606:4700:4700::1001 2606:4700:4700::1111 2620:fe::9 2620:fe::fe`

// sharedHosts is domains below which anybody can rent or take a name, beside those
// that the public suffix list holds as private ones.
const sharedHosts = `000webhostapp.com atlassian.net backblazeb2.com cloudapp.azure.com codesandbox.io glitch.me godaddysites.com hostingerapp.com mybluehost.me
	mybluemix.net myportfolio.com mystrikingly.com rf.gd sharepoint.com tumblr.com typeform.com wasabisys.com weebly.com wordpress.com zendesk.com`

// citedSites is sites that reports cite, where flaws are catalogued and values looked
// up or whose news they are, as far as lists of such do not hold them.
const citedSites = `abuse.ch abuseipdb.com any.run attackerkb.com cve.org cvedetails.com exploit-db.com first.org greynoise.io huntr.com huntr.dev huntress.com malpedia.caad.fkie.fraunhofer.de
	packetstormsecurity.com thedfirreport.com unit42.paloaltonetworks.com vulncheck.com vuldb.com wordfence.com wpscan.com zerodayinitiative.com`

const emptyHashes = `d41d8cd98f00b204e9800998ecf8427e da39a3ee5e6b4b0d3255bfef95601890afd80709
	e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
	cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e`

// benign knows which values are usually benign, and by whose word.
type benign struct {
	reserved, ranges, lifted bart.Table[uint16] // value: index in reasons
	reasons                  []string
	liftedHosts              map[string]uint16
	liftedValues             map[string]uint16
	// By what a value is: its exact text, a host it is or is below of, text in
	// it, an expression it matches.
	exact    [families]map[string]uint16
	hosts    [families]map[string]uint16
	contains [families]*substrings
	patterns [families][]pattern
	builtin  map[string]uint16
	shared   map[string]bool
	listed   *sieve           // may hold a host that any list has, or one it is below of
	known    [families]*sieve // may hold what exact has
}

type pattern struct {
	*regexp.Regexp
	reason uint16
}

// A family is values of a shape, which MISP splits into many attribute types.
type family int

const (
	noFamily family = iota
	addresses
	domains
	urls
	emails
	hashes
	names
	families // how many there are
)

func familyOf(k intel.Kind) family {
	switch k {
	case intel.IPv4, intel.IPv6, intel.CIDR:
		return addresses
	case intel.Domain, intel.Onion:
		return domains
	case intel.URL:
		return urls
	case intel.Email:
		return emails
	case intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512, intel.SSDeep, intel.JA3, intel.JARM:
		return hashes
	case intel.Filename:
		return names
	}
	return noFamily
}

// familiesOf tells which values a list is about. Composite attributes, such as
// "domain|ip", say nothing that their single forms would not.
func familiesOf(l List) []family {
	if len(l.Attributes) == 0 {
		switch l.Type {
		case "cidr":
			return []family{addresses}
		case "hostname":
			return []family{domains, urls}
		}
		return []family{addresses, domains, urls, emails, hashes, names}
	}
	var list []family
	for _, a := range l.Attributes {
		var f family
		switch a {
		case "ip-src", "ip-dst", "ip":
			f = addresses
		case "domain", "hostname":
			f = domains
		case "url", "uri", "link":
			f = urls
		case "email", "email-src", "email-dst", "target-email", "whois-registrant-email", "dns-soa-email":
			f = emails
		case "md5", "sha1", "sha256", "sha512", "ssdeep", "ja3-fingerprint-md5", "jarm-fingerprint":
			f = hashes
		case "filename":
			f = names
		}
		list = appendNew(list, f)
	}
	return list
}

func newBenign(lists []List) *benign {
	b := &benign{builtin: map[string]uint16{}, liftedHosts: map[string]uint16{}, liftedValues: map[string]uint16{}, shared: map[string]bool{}}
	for host := range strings.FieldsSeq(sharedHosts) {
		b.shared[host] = true
	}
	b.reserve(reservedRange, reservedRanges)
	b.reserve(publicResolver, publicResolvers)
	b.note(reservedDomain, reservedDomains)
	b.note(emptyFile, emptyHashes)
	b.note(citedSite, citedSites)
	// The smaller list is the more telling one where several have a value.
	lists = slices.Clone(lists)
	slices.SortStableFunc(lists, func(x, y List) int { return len(x.Values) - len(y.Values) })
	for _, l := range lists {
		b.list(l)
	}
	b.listed = newSieve((*sieve).reversed, b.builtin, b.exact[domains], b.hosts[domains], b.hosts[urls])
	for f := range b.exact {
		b.known[f] = newSieve((*sieve).whole, b.exact[f])
	}
	return b
}

func (b *benign) reason(text string) uint16 {
	b.reasons = append(b.reasons, text)
	return uint16(len(b.reasons) - 1)
}

func (b *benign) reserve(reason, prefixes string) {
	id := b.reason(reason)
	for text := range strings.FieldsSeq(prefixes) {
		if p, ok := prefix(text); ok {
			b.reserved.Insert(p, id)
		}
	}
}

func (b *benign) note(reason, values string) {
	id := b.reason(reason)
	for v := range strings.FieldsSeq(values) {
		b.builtin[v] = id
	}
}

// maxLists bounds the lists, which are numbered in 16 bits.
const maxLists = 10_000

func (b *benign) list(l List) {
	if len(b.reasons) > maxLists {
		return
	}
	if l.Type == "lifted" {
		b.lift(l.Values)
		return
	}
	about := familiesOf(l)
	if len(about) == 0 {
		return
	}
	id := b.reason("warninglist: " + l.Name)
	for _, v := range l.Values {
		v = strings.ToLower(strings.TrimSpace(v))
		for _, f := range about {
			b.value(l.Type, f, v, id)
		}
	}
	if l.Type == "regex" {
		b.expressions(l.Values, about, id)
	}
}

// value takes in one value of a list for one family.
func (b *benign) value(sort string, f family, v string, id uint16) {
	switch sort {
	case "cidr":
		if p, ok := prefix(v); ok && f == addresses && !tooWideFor(p) {
			if _, taken := b.ranges.Get(p); !taken {
				b.ranges.Insert(p, id)
			}
		}
	case "hostname":
		put(&b.hosts, f, strings.Trim(v, "."), id)
	case "string":
		// MISP compares a string as it stands, which for ".host" would never
		// be true: it means what is below.
		if host, below := strings.CutPrefix(v, "."); below && f == domains {
			put(&b.hosts, f, host, id)
		} else {
			put(&b.exact, f, v, id)
		}
	case "substring":
		if b.contains[f] == nil {
			b.contains[f] = &substrings{}
		}
		b.contains[f].add(v, id)
	}
}

// tooWideFor reports whether a network is wider than any that one could hold: a
// line of a list that sets the Internet aside is a mistake or worse, and what is
// reserved is known without it.
func tooWideFor(p netip.Prefix) bool {
	return p.Addr().Is4() && p.Bits() < widest4 || p.Addr().Is6() && p.Bits() < widest6
}

func put(m *[families]map[string]uint16, f family, v string, id uint16) {
	if v == "" {
		return
	}
	if m[f] == nil {
		m[f] = map[string]uint16{}
	}
	if _, taken := m[f][v]; !taken {
		m[f][v] = id
	}
}

func (b *benign) lift(values []string) {
	for _, v := range values {
		v = strings.ToLower(strings.TrimSpace(v))
		if p, ok := prefix(v); ok {
			b.lifted.Insert(p, 0)
			continue
		}
		b.liftedHosts[strings.Trim(v, ".")] = 0
		b.liftedValues[v] = 0
	}
}

// expressions compiles PCRE in its delimiters. What Go's linear matcher does
// not know, such as look-ahead, is left out.
func (b *benign) expressions(values []string, about []family, id uint16) {
	for _, v := range values {
		v = strings.TrimSpace(v)
		end := strings.LastIndexByte(v, '/')
		if len(v) < 3 || len(v) > maxPattern || v[0] != '/' || end < 2 {
			continue
		}
		flags := ""
		for _, f := range v[end+1:] {
			if strings.ContainsRune("ims", f) {
				flags = "(?i)"
			}
		}
		source := flags + v[1:end]
		if _, err := syntax.Parse(source, syntax.Perl); err != nil {
			continue
		}
		re, err := regexp.Compile(source)
		if err != nil {
			continue
		}
		for _, f := range about {
			b.patterns[f] = append(b.patterns[f], pattern{re, id})
		}
	}
}

// prefix reads an address or a range.
func prefix(s string) (netip.Prefix, bool) {
	if strings.IndexByte(s, '/') >= 0 {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return netip.Prefix{}, false
		}
		if a := p.Addr(); a.Is4In6() {
			if p.Bits() < 96 {
				return netip.Prefix{}, false
			}
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), true
}

// Benign reports whether e is usually benign, and the reason, which is fit to
// print: "reserved range", "warninglist: tranco10k". It matches as MISP does:
// a list applies to the kinds of value it is made for, and of URLs a hostname
// list covers all at that host. A list of type lifted goes before any other.
func (s *Set) Benign(e intel.Entity) (list string, ok bool) { return s.benign.of(e) }

func (b *benign) of(e intel.Entity) (string, bool) {
	f := familyOf(e.Kind)
	if f == noFamily || len(e.Name) > 1<<16 {
		return "", false
	}
	value := e.Name
	if e.Kind == intel.URL || e.Kind == intel.SSDeep {
		value = strings.ToLower(value) // as other entities are
	}
	host := hostOf(f, value)
	p, isAddress := netip.Prefix{}, false
	if f == addresses || f == urls {
		p, isAddress = prefix(host)
	}
	if b.isLifted(value, host, p, isAddress) {
		return "", false
	}
	if id, ok := b.lookup(f, value, host, p, isAddress); ok {
		return b.reasons[id], true
	}
	if isAddress && tooWideFor(p) {
		return tooWide, true
	}
	return "", false
}

func (b *benign) isLifted(value, host string, p netip.Prefix, isAddress bool) bool {
	if _, ok := b.liftedValues[value]; ok {
		return true
	}
	if isAddress {
		_, ok := b.lifted.LookupPrefix(p)
		return ok
	}
	_, ok := below(b.liftedHosts, host, 0)
	return ok
}

// inherent is what is benign by what it is: by its range, its top-level name or
// its content.
func (b *benign) inherent(f family, value, host string, p netip.Prefix, isAddress bool) (id uint16, ok bool) {
	switch {
	case isAddress:
		if id, ok = b.reserved.LookupPrefix(p); !ok && f == addresses {
			id, ok = b.ranges.LookupPrefix(p)
		}
	case f == hashes:
		id, ok = b.builtin[value]
	case f != names:
		id, ok = below(b.builtin, host, 0)
	}
	return id, ok
}

func (b *benign) lookup(f family, value, host string, p netip.Prefix, isAddress bool) (uint16, bool) {
	hosts := f == domains || f == urls
	listed := !hosts || isAddress || b.listed.holdsAbove(host) // hardly any host is
	if listed {
		if id, ok := b.inherent(f, value, host, p, isAddress); ok {
			return id, true
		}
	}
	if (listed || f == urls) && b.known[f].holds(value) {
		if id, ok := b.exact[f][value]; ok {
			return id, true
		}
	}
	if listed && hosts {
		if id, ok := b.hosted(b.hosts[f], host); ok {
			return id, true
		}
	}
	if id, ok := b.contains[f].find(value); ok {
		return id, true
	}
	for _, re := range b.patterns[f] {
		if re.MatchString(value) {
			return re.reason, true
		}
	}
	return 0, false
}

// hostOf returns the host of a URL or email address, and other values as they
// are.
func hostOf(f family, value string) string {
	switch f {
	case emails:
		return value[strings.LastIndexByte(value, '@')+1:]
	case urls:
		if _, rest, ok := strings.Cut(value, "://"); ok {
			value = rest
		}
		if i := strings.IndexAny(value, "/?#\\"); i >= 0 {
			value = value[:i]
		}
		value = value[strings.LastIndexByte(value, '@')+1:]
		if inner, ok := strings.CutPrefix(value, "["); ok {
			address, _, _ := strings.Cut(inner, "]")
			return address
		}
		value, _, _ = strings.Cut(value, ":")
	}
	return strings.Trim(value, ".")
}

// hosted looks up host and the domains it is in, but for those that rent names
// to anybody: evil.github.io is not what github.io is.
func (b *benign) hosted(m map[string]uint16, host string) (uint16, bool) {
	id, ok := below(m, host, 0)
	if !ok {
		return 0, false // nearly all: whether it is shared matters not
	}
	if shared := b.landlord(host); shared != "" {
		return below(m, host, len(shared))
	}
	return id, true
}

// landlord returns the domain that rents host to its users, "" if none does.
func (b *benign) landlord(host string) string {
	if suffix, icann := publicsuffix.PublicSuffix(host); !icann && strings.Contains(suffix, ".") && suffix != host {
		return suffix
	}
	for parent := host; ; {
		_, rest, ok := strings.Cut(parent, ".")
		if !ok {
			return ""
		}
		if b.shared[rest] {
			return rest
		}
		parent = rest
	}
}

// below looks up host and each domain it is in that has more than least bytes,
// the longest first.
func below(m map[string]uint16, host string, least int) (uint16, bool) {
	if len(m) == 0 || len(host) > 1000 {
		return 0, false
	}
	for len(host) > least {
		if id, ok := m[host]; ok {
			return id, true
		}
		_, parent, ok := strings.Cut(host, ".")
		if !ok {
			return 0, false
		}
		host = parent
	}
	return 0, false
}

// substrings finds which of many texts occur in a value, in one walk.
type substrings struct {
	short  map[string]uint16 // of fewer than four bytes
	long   map[[4]byte][]entryText
	begins [1 << 10]uint64 // which two bytes begin one, as a bitmap
}

type entryText struct {
	text   string
	reason uint16
}

func (s *substrings) add(text string, id uint16) {
	switch {
	case text == "":
	case len(text) < 4:
		if s.short == nil {
			s.short = map[string]uint16{}
		}
		s.short[text] = id
	default:
		if s.long == nil {
			s.long = map[[4]byte][]entryText{}
		}
		key := [4]byte([]byte(text[:4]))
		s.long[key] = append(s.long[key], entryText{text, id})
		pair := uint16(text[0])<<8 | uint16(text[1])
		s.begins[pair>>6] |= 1 << (pair & 63)
	}
}

func (s *substrings) find(value string) (uint16, bool) {
	if s == nil {
		return 0, false
	}
	for text, id := range s.short {
		if strings.Contains(value, text) {
			return id, true
		}
	}
	for i := 0; i+4 <= len(value); i++ {
		if pair := uint16(value[i])<<8 | uint16(value[i+1]); s.begins[pair>>6]>>(pair&63)&1 == 0 {
			continue
		}
		key := [4]byte{value[i], value[i+1], value[i+2], value[i+3]}
		for _, e := range s.long[key] {
			if strings.HasPrefix(value[i:], e.text) {
				return e.reason, true
			}
		}
	}
	return 0, false
}

// Lists returns who says which values some warninglists have, and none that is known
// without a list to be usually benign.
func Lists(items []Item) (func(intel.Entity) (reason string, ok bool), error) {
	var lists []List
	for _, it := range items {
		l := List{}
		if err := json.Unmarshal(it.Body, &l); err != nil {
			return nil, fmt.Errorf("list %s: %w", it.Key, err)
		}
		l.Name = it.Key
		lists = append(lists, l)
	}
	s := &Set{benign: newBenign(lists)}
	return func(e intel.Entity) (string, bool) {
		if _, ok := Usual(e); ok {
			return "", false
		}
		return s.Benign(e)
	}, nil
}

// Usual says which values are usually benign without any list.
func Usual(e intel.Entity) (reason string, ok bool) {
	return (&Set{benign: newBenign(nil)}).Benign(e)
}
