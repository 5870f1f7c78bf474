package extract

import (
	"net/netip"

	"github.com/portent-cti/portent/internal/intel"
)

// ofPrefix is a network, or the host that one of a single address is.
func ofPrefix(n netip.Prefix) intel.Entity {
	if !n.IsSingleIP() {
		return intel.NewEntity(intel.CIDR, n.String())
	}
	return ofAddress(n.Addr())
}

func ofAddress(a netip.Addr) intel.Entity { return place{addr: a}.entity() }

// commonBits is how many leading bits the ends of a range have in common at least that
// blanks stand around the dash of: elsewhere it parts what a list has.
func commonBits(a netip.Addr) int {
	if a.Is4() {
		return 16
	}
	return 48
}

// ranges tells the networks that hold a range whose ends stand apart from the dash
// between them: "192.0.2.10 - 192.0.2.20". Its ends have been told.
func (v *values) ranges() {
	before := new(intel.Observation)
	for found := v.out; len(found) > 0; found = found[1:] {
		o := &found[0]
		if o.Entity.Kind != intel.IPv4 && o.Entity.Kind != intel.IPv6 || o.Suppressed != "" && !o.Listed {
			continue
		}
		first := before
		before = o
		from, to := first.Offset+first.Length, o.Offset
		if first.Entity.Kind != o.Entity.Kind || to <= from || to-from > len(" — ") {
			continue
		}
		switch v.text[from:to] {
		case " - ", " – ", " — ", "–", "—":
		default:
			continue
		}
		a, errA := netip.ParseAddr(first.Entity.Name)
		b, errB := netip.ParseAddr(o.Entity.Name)
		if errA != nil || errB != nil || !netip.PrefixFrom(a, commonBits(a)).Contains(b) || b.Less(a) {
			continue
		}
		for _, n := range cover(a, b) {
			if e := ofPrefix(n); e.Kind == intel.CIDR || n.Addr() != a && n.Addr() != b {
				v.note(e, first.Offset, o.Offset+o.Length, "")
			}
		}
	}
}

// mostPrefixes is of how many networks a range may be: of more, its ends are told
// alone.
const mostPrefixes = 16

// cover returns the few networks that hold a range and nothing else, none if that
// takes too many, or one that is too wide to be told.
func cover(a, b netip.Addr) (out []netip.Prefix) {
	for a.IsValid() && !b.Less(a) {
		n := netip.PrefixFrom(a, a.BitLen())
		for n.Bits() > 0 {
			wider := netip.PrefixFrom(a, n.Bits()-1)
			if wider.Masked().Addr() != a || b.Less(last(wider)) {
				break
			}
			n = wider
		}
		if len(out) == mostPrefixes || tooWide(n) {
			return nil
		}
		out = append(out, n)
		a = last(n).Next()
	}
	return out
}

func tooWide(n netip.Prefix) bool {
	return n.Addr().Is4() && n.Bits() < 8 || n.Addr().Is6() && n.Bits() < 16
}
