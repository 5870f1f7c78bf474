package score

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Reason is why a row of a list of indicators is worth what it is.
type Reason string

// The reasons, the worst first.
const (
	Malformed      Reason = "malformed"       // no indicator at all
	NonRoutable    Reason = "non-routable"    // an address that no packet on the Internet has
	Reserved       Reason = "reserved"        // for documentation, tests and the like
	Resolver       Reason = "resolver"        // of names, that everybody asks
	CDN            Reason = "cdn"             // a network that carries anybody's content
	Sinkhole       Reason = "sinkhole"        // where defenders lead the traffic of others
	Parking        Reason = "parking"         // where names stand that nobody uses
	Scanner        Reason = "scanner"         // of researchers, who look at everybody
	Hosting        Reason = "hosting"         // a network that carries anybody's machines, or a host of anybody's pages
	UsuallyBenign  Reason = "usually-benign"  // by another warninglist
	SetAside       Reason = "set-aside"       // by an analyst
	Refuted        Reason = "refuted"         // whoever it is said to be of, analysts say it is not
	VersionLike    Reason = "version-like"    // small numbers, as versions have
	NetworkAddress Reason = "network-address" // of a network, posing as a host
	WidelyShared   Reason = "widely-shared"   // so many are said to use it that it tells of none
	Stale          Reason = "stale"           // not seen for two of its half-lives
	Undated        Reason = "undated"         // nobody says when
	Unknown        Reason = "unknown"         // no document of ours has it
	SingleOrigin   Reason = "single-origin"   // one voice speaks of it, or nothing is left of the others
	Corroborated   Reason = "corroborated"    // two independent origins or more do, of which something is left
)

// A Grade says how useful a row or a list is, from A to F; there is no E.
type Grade string

// A Standing is what is known of one value, by a list and by us.
type Standing struct {
	Entity  intel.Entity // none if the row is no indicator
	Benign  string       // why it is set aside: what a list or an analyst says
	Ruled   bool         // an analyst said so
	Refuted bool         // analysts say that nothing of what is said of it is true
	Origins int          // independent voices that speak of it
	Lasting int          // of them, of which something is left, see [Chorus]
	Sharers int          // actors, malware and tools among which it counts as shared
	Last    time.Time    // when it was seen last; zero is unknown
}

// TooMany is of how many sharers a value tells of none.
const TooMany = 8

// Rate returns what a row is worth as of now, and why.
func Rate(s Standing, now time.Time) (Grade, []Reason) {
	if s.Entity.Name == "" {
		return "F", []Reason{Malformed}
	}
	if s.Benign != "" {
		return "F", []Reason{benign(s)}
	}
	if s.Refuted {
		return "F", []Reason{Refuted}
	}
	var reasons []Reason
	note := func(r Reason, holds bool) {
		if holds {
			reasons = append(reasons, r)
		}
	}
	note(VersionLike, s.Lasting < 2 && versionLike(s.Entity))
	note(NetworkAddress, networkAddress(s.Entity))
	note(WidelyShared, s.Sharers >= TooMany)
	note(Stale, Outdated(s.Entity, s.Last, now))
	note(Undated, s.Last.IsZero())
	note(Unknown, s.Origins == 0)
	note(SingleOrigin, s.Origins > 0 && s.Lasting < 2)
	note(Corroborated, s.Lasting > 1)
	return gradeOf(reasons), reasons
}

// Outdated reports whether an indicator was seen last so long ago that it is stale; of
// one that nobody dates that is not known.
func Outdated(e intel.Entity, last, now time.Time) bool {
	return !last.IsZero() && now.Sub(last) > 2*HalfLife(intel.Link{From: e, Relation: intel.Indicates})
}

// gradeOf is what reasons come to: the worst counts.
func gradeOf(reasons []Reason) Grade {
	has := func(rs ...Reason) bool {
		return slices.ContainsFunc(reasons, func(r Reason) bool { return slices.Contains(rs, r) })
	}
	switch {
	case has(VersionLike, NetworkAddress, WidelyShared):
		return "D"
	case has(Stale, Unknown):
		return "C"
	case has(SingleOrigin, Undated):
		return "B"
	}
	return "A"
}

// GradeList returns the grade of a list by those of its rows: their mean, and C
// at most where a tenth of them are F, D where a quarter is.
func GradeList(rows map[Grade]int) Grade {
	points := map[Grade]int{"A": 4, "B": 3, "C": 2, "D": 1}
	n, sum := 0, 0
	for g, count := range rows {
		n, sum = n+count, sum+count*points[g]
	}
	if n == 0 {
		return "F"
	}
	mean := float64(sum) / float64(n)
	switch wrong := float64(rows["F"]) / float64(n); {
	case mean < 0.5:
		return "F"
	case mean < 1.5 || wrong >= 0.25:
		return "D"
	case mean < 2.5 || wrong >= 0.1:
		return "C"
	case mean < 3.5:
		return "B"
	}
	return "A"
}

// benign is the sort of what the reference sets aside.
func benign(s Standing) Reason {
	lower := strings.ToLower(s.Benign)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
	}
	switch {
	case s.Ruled:
		return SetAside
	case has("reserved range"):
		if a, ok := address(s.Entity); ok && !global(a) {
			return NonRoutable
		}
		return Reserved
	case has("reserved"):
		return Reserved
	case has("sinkhole"):
		return Sinkhole
	case has("parking"):
		return Parking
	case has("scanning", "scanner", "umich-cse-connection-attempts"):
		return Scanner
	case has("cloudflare-top"): // sites, not the network
		return UsuallyBenign
	case has("cdn", "cloudflare", "akamai", "fastly", "cloudfront", "stackpath", "bunny-net", "content delivery"):
		return CDN
	case has("resolver", "dns"):
		return Resolver
	case has("amazon-aws", "google-gcp", "azure", "ovh-cluster", "oracle-oci", "lots-project", "public-ipfs"):
		return Hosting
	}
	return UsuallyBenign
}

// address is the one that an entity is, or begins with.
func address(e intel.Entity) (netip.Addr, bool) {
	switch e.Kind {
	case intel.IPv4, intel.IPv6:
		a, err := netip.ParseAddr(e.Name)
		return a, err == nil
	case intel.CIDR:
		p, err := netip.ParsePrefix(e.Name)
		return p.Addr(), err == nil
	case intel.URL:
		_, rest, _ := strings.Cut(e.Name, "://")
		if end := strings.IndexAny(rest, "/?#"); end >= 0 {
			rest = rest[:end]
		}
		if a, err := netip.ParseAddrPort(rest); err == nil {
			return a.Addr(), true
		}
		a, err := netip.ParseAddr(strings.Trim(rest, "[]"))
		return a, err == nil
	}
	return netip.Addr{}, false
}

// global reports whether packets on the Internet may have an address (RFC 6890);
// those for documentation are not meant.
func global(a netip.Addr) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10) // RFC 6598
	this := netip.PrefixFrom(netip.AddrFrom4([4]byte{}), 8)           // RFC 1122
	return a.IsGlobalUnicast() && !a.IsPrivate() && !shared.Contains(a) && !this.Contains(a)
}

// versionLike reports whether an address reads like the number of a version: no
// number is above 30, and one is 0 or all have one digit. Of addresses at random
// one in 36,000 does.
func versionLike(e intel.Entity) bool {
	least, most, ok := numbers(e)
	return ok && most <= 30 && (least == 0 || most <= 9)
}

// networkAddress reports whether an address is the first of a network of the size
// in which they are mostly handed out, and so hardly that of a host.
func networkAddress(e intel.Entity) bool {
	return e.Kind == intel.IPv4 && strings.HasSuffix(e.Name, ".0")
}
