package extract

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// versioned sets addresses aside that stand right behind the name of a product, with
// numbers as versions have: "7-Zip 9.20.1.0". A name that the reference does not know
// counts by its capital, unless it is that of an actor, a country or the like.
func (v *values) versioned(names []intel.Observation) {
	var ends map[int]intel.Kind
	for i := range v.out {
		o := &v.out[i]
		if o.Entity.Kind != intel.IPv4 || o.Suppressed != "" || o.Text != o.Entity.Name || o.Offset < 3 || v.text[o.Offset-1] != ' ' {
			continue
		}
		a, err := netip.ParseAddr(o.Entity.Name)
		if err != nil || a.As4()[0] > 30 || strings.HasPrefix(v.text[o.Offset+o.Length:], ":") {
			continue
		}
		if ends == nil {
			ends = make(map[int]intel.Kind, len(names))
			for _, n := range names {
				ends[n.Offset+n.Length] = n.Entity.Kind
			}
		}
		kind, known := ends[o.Offset-1]
		if kind == intel.Product || kind == intel.Tool && fewNumbers(a.As4()) || !known && (oldNumbers(a.As4()) || fewNumbers(a.As4())) && v.productBefore(o.Offset-1) {
			o.Suppressed = "version number"
		}
	}
}

// oldNumbers reports whether four numbers are such as versions have and few
// addresses.
func oldNumbers(b [4]byte) bool { return b[1] <= 2 || b[2] == 0 || b[3] == 0 }

// fewNumbers reports whether of the numbers behind the first two are so small as
// those of versions mostly are, and one in a hundred addresses has.
func fewNumbers(b [4]byte) bool {
	n := 0
	for _, c := range b[1:] {
		if c <= 15 {
			n++
		}
	}
	return n > 1
}

// productBefore reports whether the word that ends at a place is written as names of
// products are, and does not say that an address follows.
func (v *values) productBefore(end int) bool {
	begin := end
	for begin > 0 && end-begin < 32 && (isWordByte(v.text[begin-1]) || v.text[begin-1] == '+') && v.text[begin-1] != '<' {
		begin--
	}
	v.steps += end - begin
	word := v.text[begin:end]
	if len(word) < 3 || strings.ToLower(word) == word || digestOf(len(word)) != "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(word)
	lower := strings.ToLower(word)
	if word[1:] == lower[1:] && (strings.HasSuffix(lower, "ed") || strings.HasSuffix(lower, "ing") || strings.HasSuffix(lower, "s")) {
		return false // "Blocked", "Scanning", "Hosts"
	}
	switch lower {
	case "addr", "address", "and", "any", "attacker", "block", "cnc", "contact", "dst", "destination", "from", "gateway", "host", "ipv4", "ip-address", "into", "remote", "local", "resolver", "server", "source", "src", "target", "the", "this", "victim", "via", "with", "then", "seen", "malicious", "rdp", "ssh", "tor", "vpn", "ftp", "smb", "http", "https", "dns", "smtp", "telnet", "socks", "socks5", "proxy", "ips":
		return false
	}
	return unicode.IsUpper(first) || !unicode.IsUpper(first) && word != lower
}
