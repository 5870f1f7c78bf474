package correlate

import (
	"net/netip"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// byAddress is how directly an address says that its user goes through the
// country it is registered in: addresses are rented, and geography is not
// nationality.
const byAddress = 0.4

// A passage is an actor's way through a country as one origin tells it.
type passage struct {
	actor       intel.Entity
	iso, origin string
}

// route adds that an actor goes through the country of an address that
// indicates it.
func (g *gathering) route(l intel.Link, at time.Time, origin string) {
	if l.Relation != intel.Indicates || l.To.Kind != intel.Actor || (l.From.Kind != intel.IPv4 && l.From.Kind != intel.IPv6) {
		return
	}
	addr, err := netip.ParseAddr(l.From.Name)
	if err != nil {
		return
	}
	iso, ok := g.set.Country(addr)
	if !ok {
		return
	}
	if _, benign := g.set.Benign(l.From); benign {
		return // what is set aside leads nobody anywhere
	}
	link := intel.Link{From: l.To, Relation: intel.RoutesThrough, To: intel.Entity{Kind: intel.Country, Name: iso}}
	if g.routed[passage{l.To, iso, origin}] {
		return
	}
	if g.routed == nil {
		g.routed = map[passage]bool{}
	}
	g.routed[passage{l.To, iso, origin}] = true
	g.out = append(g.out, g.piece(link, byAddress, at, origin, intel.Supports, intel.Context{Note: "registered country of " + l.From.Name}, -1, 0))
}
