package collect

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A ValueError is of a value that cannot be what its source says that it is; it is
// intel.ErrInvalid too.
type ValueError struct {
	Kind  intel.Kind // empty where the source does not say
	Value string
}

// Error implements error.
func (e *ValueError) Error() string {
	return fmt.Sprintf("%q as %s: %v", clip(e.Value), orUnknown(e.Kind), intel.ErrInvalid)
}

// Unwrap tells that the value is invalid.
func (e *ValueError) Unwrap() error { return intel.ErrInvalid }

// Indicator returns the entity that value stands for, where a source says that
// it is of the given kind. Feeds are dirty: the value may be defanged or padded
// with blanks, a domain may turn out to be an address, a hash to be of another
// length, an address to carry a port (which is returned too, empty if none).
// A value that cannot be of any such kind is a ValueError. The kind may be empty
// where the source does not say.
func Indicator(kind intel.Kind, value string) (e intel.Entity, port string, err error) {
	value = refang(strings.TrimSpace(value))
	bad := func() (intel.Entity, string, error) {
		return intel.Entity{}, "", &ValueError{kind, value}
	}
	switch kind {
	case intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512:
		if k, ok := hashKind(value); ok {
			return intel.NewEntity(k, value), "", nil
		}
		return bad()
	case "", intel.IPv4, intel.IPv6, intel.Domain, intel.URL, intel.CIDR, intel.Onion:
	default:
		if e = intel.NewEntity(kind, strings.ToValidUTF8(value, "\uFFFD")); e.Name == "" {
			return bad()
		}
		return e, "", nil
	}
	if e, port, ok := address(value); ok {
		return e, port, nil
	}
	if k, ok := hashKind(value); ok && kind == "" {
		return intel.NewEntity(k, value), "", nil
	}
	if kind == intel.CIDR || (kind == intel.IPv4 || kind == intel.IPv6) && strings.Trim(value, "0123456789.:/abcdefABCDEF") == "" {
		return bad() // a slip of the pen rather than a host
	}
	return locator(kind, value, bad)
}

// locator reads a URL or a host name, with or without a port.
func locator(kind intel.Kind, value string, bad func() (intel.Entity, string, error)) (intel.Entity, string, error) {
	host, rest, _ := strings.Cut(value, "/")
	if strings.Contains(value, "://") || rest != "" || kind == intel.URL {
		return link(value, bad)
	}
	host, port, _ := strings.Cut(host, ":")
	if !hostname(host) || strings.Contains(port, ":") {
		return bad()
	}
	if strings.HasSuffix(strings.ToLower(host), ".onion") {
		return intel.NewEntity(intel.Onion, host), port, nil
	}
	return intel.NewEntity(intel.Domain, host), port, nil
}

func link(value string, bad func() (intel.Entity, string, error)) (intel.Entity, string, error) {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	if strings.ContainsAny(value, " \t\r\n") || len(value) > 8<<10 {
		return bad()
	}
	scheme, rest, _ := strings.Cut(value, "://")
	host, _, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if i := strings.IndexAny(host, "?#"); i >= 0 {
		host = host[:i]
	}
	if h, p, ok := strings.Cut(host, ":"); ok && !strings.HasPrefix(host, "[") && strings.Trim(p, "0123456789") == "" {
		host = h
	}
	if _, _, ok := address(strings.Trim(host, "[]")); !ok && !hostname(host) {
		return bad()
	}
	return intel.NewEntity(intel.URL, strings.ToLower(scheme)+"://"+strings.ToValidUTF8(rest, "\uFFFD")), "", nil
}

// address reads an address, a prefix, or an address with a port.
func address(value string) (e intel.Entity, port string, ok bool) {
	if value == "" || !strings.ContainsAny(value[:1], "0123456789abcdefABCDEF:[") {
		return e, "", false
	}
	if a, err := netip.ParseAddr(value); err == nil {
		return ofAddress(a), "", true
	}
	if strings.IndexByte(value, ':') > 0 {
		if ap, err := netip.ParseAddrPort(value); err == nil {
			return ofAddress(ap.Addr()), fmt.Sprint(ap.Port()), true
		}
	}
	if strings.IndexByte(value, '/') > 0 {
		if p, err := netip.ParsePrefix(value); err == nil {
			if p.IsSingleIP() {
				return ofAddress(p.Addr()), "", true
			}
			return intel.NewEntity(intel.CIDR, p.String()), "", true
		}
	}
	return e, "", false
}

func ofAddress(a netip.Addr) intel.Entity {
	if a = a.Unmap().WithZone(""); a.Is4() {
		return intel.Entity{Kind: intel.IPv4, Name: a.String()}
	}
	return intel.Entity{Kind: intel.IPv6, Name: a.String()}
}

func hashKind(value string) (intel.Kind, bool) {
	kind := map[int]intel.Kind{32: intel.MD5, 40: intel.SHA1, 64: intel.SHA256, 128: intel.SHA512}[len(value)]
	return kind, kind != "" && strings.Trim(value, "0123456789abcdefABCDEF") == ""
}

// hostname reports whether s can be a host's name: labels with a dot between.
func hostname(s string) bool {
	if len(s) > 253 || !strings.Contains(strings.Trim(s, "."), ".") || strings.Contains(s, "..") {
		return false
	}
	letter := false
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 0x7f && r != 0xFFFD:
			letter = true
		case r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_':
		default:
			return false
		}
	}
	return letter
}

var fanged = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "[:]", ":", "[://]", "://", "[@]", "@")

// refang undoes what keeps people from clicking on a value.
func refang(value string) string {
	if strings.ContainsAny(value, "[({") {
		value = fanged.Replace(value)
	}
	if len(value) > 4 && (value[0] == 'h' || value[0] == 'H') && strings.EqualFold(value[1:3], "xx") {
		value = "htt" + value[3:]
	}
	return value
}

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}

func orUnknown(k intel.Kind) string {
	if k == "" {
		return "an indicator"
	}
	return string(k)
}

// Link reports whether s is an http or https URL, and returns it without
// blanks around it.
func Link(s string) (string, bool) {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' || r == 0x200E || r == 0x200F || r == 0xA0 || r == 0xFEFF })
	u, err := url.Parse(s)
	return s, err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// IsCVE reports whether an id is a number of the CVE programme, such as CVE-2026-0001.
func IsCVE(id string) bool {
	rest, ok := strings.CutPrefix(id, "CVE-")
	year, number, _ := strings.Cut(rest, "-")
	return ok && len(year) == 4 && len(number) >= 4 && len(number) < 20 && strings.Trim(year+number, "0123456789") == ""
}
