package forecast

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/portent-cti/portent/internal/intel"
)

// A kind is a sort of indicator that has a life of its own.
type kind uint8

const (
	address kind = iota
	link
	domain
	hash
	other
	kindCount
)

func kindOf(k intel.Kind) kind {
	switch k {
	case intel.IPv4, intel.IPv6, intel.CIDR:
		return address
	case intel.URL:
		return link
	case intel.Domain, intel.Onion:
		return domain
	case intel.SHA256:
		return hash
	}
	return other
}

// A place is where an indicator is: a host, what that is part of (the domain
// that was registered, the /24 of an address), and what that is part of (the
// public suffix, the /16). What has no place, such as a hash, has its kind for
// a provider.
type place struct{ host, network, provider string }

func placeOf(e intel.Entity) place {
	var host string
	switch e.Kind {
	case intel.URL:
		host = hostOf(e.Name)
	case intel.Domain, intel.Onion, intel.IPv4, intel.IPv6:
		host = e.Name
	}
	if host == "" {
		return place{provider: string(e.Kind)}
	}
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return placeOfAddress(a.Unmap().WithZone(""))
	}
	suffix, _ := publicsuffix.PublicSuffix(host)
	registered, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		registered = host
	}
	return place{strings.Clone(host), strings.Clone(registered), strings.Clone(suffix)}
}

func placeOfAddress(a netip.Addr) place {
	near, far := 24, 16
	if a.Is6() {
		near, far = 48, 32
	}
	network, _ := a.Prefix(near) // fails for lengths out of range alone
	provider, _ := a.Prefix(far)
	return place{a.String(), network.String(), provider.String()}
}

// hostOf returns the host of a URL in lower case, without user and port.
func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && strings.IndexByte(rest[i:], ']') < 0 {
		rest = rest[:i]
	}
	return strings.ToLower(rest)
}

// Traits are what the writing of an indicator tells.
const (
	traitRoot    = iota // a URL without a path
	traitDepth          // of the path of a URL
	traitAddress        // the host of a URL is an address
	traitPort           // a URL has a port
	traitFile           // a URL ends in a name with an extension
	traitLength
	traitLabels // of the host
	traitShared // on a suffix below which its owner lets others register
	traitCount
)

// traits is kept in bytes; written gives the numbers.
func traits(e intel.Entity, host string) (t [traitCount]uint8) {
	t[traitLabels] = uint8(min(strings.Count(host, "."), 8))
	t[traitLength] = uint8(min(len(e.Name), 200))
	if s, icann := publicsuffix.PublicSuffix(host); !icann && strings.Contains(s, ".") {
		t[traitShared] = 1
	}
	if e.Kind != intel.URL {
		return t
	}
	_, rest, _ := strings.Cut(e.Name, "://")
	authority, path, _ := strings.Cut(rest, "/")
	path = strings.Trim(path, "/")
	t[traitRoot] = uint8(truth(path == ""))
	t[traitDepth] = uint8(min(strings.Count(path, "/"), 8))
	_, err := netip.ParseAddr(host)
	t[traitAddress] = uint8(truth(err == nil))
	t[traitPort] = uint8(truth(strings.Contains(authority, ":")))
	last := path[strings.LastIndexByte(path, '/')+1:]
	dot := strings.LastIndexByte(last, '.')
	t[traitFile] = uint8(truth(dot > 0 && len(last)-dot <= 5))
	return t
}

// written appends what the writing of a value tells to x.
func (a *about) written(x []float64) []float64 {
	for i, t := range a.traits {
		n := float64(t)
		if i == traitLength {
			n /= 50
		}
		x = append(x, n)
	}
	return x
}

// truth is 1 for what holds.
func truth(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}
