package pipeline

import (
	"context"
	"net/netip"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// widest is the length of the widest prefix around an address that is looked up: what
// is wider is set aside.
func widest(addr netip.Addr) int {
	if addr.Is4() {
		return 8
	}
	return 19
}

// mostNetworks is how many networks around an address are told.
const mostNetworks = 3

// around looks up the networks that hold an address, if the value is one.
func (ed *Editor) around(ctx context.Context, r intel.Reader, f *Finding, w Window, now time.Time) error {
	addr, err := netip.ParseAddr(f.Entity.Name)
	if err != nil || f.Entity.Kind != intel.IPv4 && f.Entity.Kind != intel.IPv6 {
		return nil //nolint:nilerr // what is no address is in no network
	}
	var around []intel.Entity
	for bits := addr.BitLen(); bits >= widest(addr); bits-- {
		around = append(around, intel.NewEntity(intel.CIDR, netip.PrefixFrom(addr, bits).String()))
	}
	kept, err := ed.DB.Integers(ctx, around)
	if err != nil || len(kept) == 0 {
		return err
	}
	for _, n := range around {
		if _, ok := kept[n]; !ok || len(f.Networks) == mostNetworks {
			continue
		}
		found, err := ed.Value(ctx, r, n, w, now)
		if err != nil {
			return err
		}
		if found.Known {
			f.Networks = append(f.Networks, found)
		}
	}
	return nil
}
