package stix

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

const maxValues = 1000 // of one pattern

// kindAt is the kind of indicator that is compared at an object path; empty if
// we know none.
func kindAt(path string) intel.Kind {
	path = strings.NewReplacer("'", "", `"`, "").Replace(strings.ToLower(path))
	if algorithm, ok := strings.CutPrefix(path, "file:hashes."); ok {
		return map[string]intel.Kind{"md5": intel.MD5, "sha1": intel.SHA1, "sha256": intel.SHA256, "sha512": intel.SHA512, "ssdeep": intel.SSDeep}[strings.ReplaceAll(algorithm, "-", "")]
	}
	switch path {
	case "ipv4-addr:value":
		return intel.IPv4
	case "ipv6-addr:value":
		return intel.IPv6
	case "domain-name:value":
		return intel.Domain
	case "url:value":
		return intel.URL
	case "email-addr:value":
		return intel.Email
	case "file:name":
		return intel.Filename
	case "mutex:name":
		return intel.Mutex
	case "windows-registry-key:key":
		return intel.RegistryKey
	case "process:command_line":
		return intel.Command
	case "process:extensions.windows-service-ext.service_name":
		return intel.Service
	case "network-traffic:extensions.http-request-ext.request_header.user-agent":
		return intel.UserAgent
	case "autonomous-system:number":
		return intel.ASN
	}
	return ""
}

// pathOf is the object path that an indicator of a kind is compared at; empty
// where STIX has no word for it.
func pathOf(k intel.Kind) string {
	switch k {
	case intel.IPv4:
		return "ipv4-addr:value"
	case intel.IPv6:
		return "ipv6-addr:value"
	case intel.Domain, intel.Onion:
		return "domain-name:value"
	case intel.URL:
		return "url:value"
	case intel.Email:
		return "email-addr:value"
	case intel.MD5:
		return "file:hashes.MD5"
	case intel.SHA1:
		return "file:hashes.'SHA-1'"
	case intel.SHA256:
		return "file:hashes.'SHA-256'"
	case intel.SHA512:
		return "file:hashes.'SHA-512'"
	case intel.SSDeep:
		return "file:hashes.SSDEEP"
	case intel.Filename:
		return "file:name"
	case intel.Mutex:
		return "mutex:name"
	case intel.RegistryKey:
		return "windows-registry-key:key"
	case intel.Command:
		return "process:command_line"
	case intel.Service:
		return "process:extensions.'windows-service-ext'.service_name"
	case intel.UserAgent:
		return "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"
	}
	return ""
}

// patternOf is the pattern that matches an indicator; empty where STIX has no
// word for its kind, as for addresses of money, JA3 and JARM.
func patternOf(e intel.Entity) string {
	switch e.Kind {
	case intel.CIDR:
		prefix, err := netip.ParsePrefix(e.Name)
		if err != nil {
			return ""
		}
		path := pathOf(intel.IPv6)
		if prefix.Addr().Is4() {
			path = pathOf(intel.IPv4)
		}
		return "[" + path + " ISSUBSET " + quote(e.Name) + "]"
	case intel.ASN:
		number, ok := strings.CutPrefix(e.Name, "AS")
		if !ok || !digits(number) {
			return ""
		}
		return "[autonomous-system:number = " + number + "]"
	}
	path := pathOf(e.Kind)
	if path == "" {
		return ""
	}
	return "[" + path + " = " + quote(e.Name) + "]"
}

// quote writes a value as a literal of a pattern, in which a backslash stands
// before a backslash and a quote.
func quote(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(strings.ToValidUTF8(value, "\uFFFD")) + "'"
}

// pattern reads the comparisons of a STIX pattern that say that something
// equals a value or is one of some:
// [ipv4-addr:value = '192.0.2.1' OR file:hashes.'SHA-256' IN ('…', '…')].
// What it does not understand it passes over; values that cannot be what it says
// that they are it refuses, and all after the first maxValues.
func (g *Graph) pattern(p string, refuse func(error)) []intel.Entity {
	var out []intel.Entity
	var kind intel.Kind
	var operator string
	values := 0
	put := func(k intel.Kind, value string) {
		if values++; values <= maxValues {
			out = append(out, g.value(k, value, refuse)...)
		}
	}
	for len(p) > 0 && values <= maxValues {
		n := len(p) - len(strings.TrimLeft(p, comparators))
		switch {
		case strings.IndexByte(blanks, p[0]) >= 0:
			p = p[1:]
		case p[0] == '\'':
			var value string
			value, p = literal(p[1:])
			if kind != "" && equals(operator) {
				put(kind, value)
			}
		case n > 0:
			operator, p = negated(operator, p[:n]), p[n:]
		default:
			word, rest := cutWord(p)
			p = rest
			switch {
			case strings.Contains(word, ":"):
				kind, operator = kindAt(word), ""
			case equals(operator) && kind == intel.ASN && digits(word):
				put(intel.ASN, "AS"+word)
			default:
				operator = negated(operator, strings.ToUpper(word))
			}
		}
	}
	if values > maxValues {
		refuse(fmt.Errorf("more than %d values in a pattern: %w", maxValues, intel.ErrInvalid))
	}
	return out
}

const (
	blanks      = " \t\r\n[](),"
	comparators = "=!<>"
)

func equals(operator string) bool {
	switch operator {
	case "=", "==", "IN", "ISSUBSET":
		return true
	}
	return false
}

// negated is what an operator becomes by the next word.
func negated(operator, next string) string {
	if operator == "NOT" {
		return "NOT " + next
	}
	return next
}

func digits(s string) bool {
	return s != "" && len(s) <= 10 && strings.Trim(s, "0123456789") == ""
}

// cutWord cuts off what stands before a blank, a comparator or a quote. A
// quoted step of a path, as in hashes.'SHA-256', belongs to the word.
func cutWord(p string) (word, rest string) {
	for i := 1; i < len(p); i++ {
		switch {
		case p[i] == '\'' && p[i-1] == '.':
			_, after := literal(p[i+1:])
			i = len(p) - len(after) - 1
		case p[i] == '\'' || strings.IndexByte(blanks+comparators, p[i]) >= 0:
			return p[:i], p[i:]
		}
	}
	return p, ""
}

// literal reads a quoted value up to its end and undoes the escapes. A value
// that has no end is none.
func literal(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i+1 < len(s) {
				i++
				b.WriteByte(s[i])
			}
		case '\'':
			return b.String(), s[i+1:]
		default:
			b.WriteByte(s[i])
		}
	}
	return "", ""
}
