package fetch

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/time/rate"
)

// hosts keeps to the pace of each host.
type hosts struct {
	perSecond rate.Limit
	atOnce    int

	mu sync.Mutex
	by map[string]*host
}

type host struct {
	pace  *rate.Limiter
	slots chan struct{}
}

func newHosts(o Options) *hosts {
	return &hosts{perSecond: rate.Limit(o.PerSecond), atOnce: o.AtOnce, by: map[string]*host{}}
}

// enter waits for the host's turn and returns what ends the visit. One that stays, as a
// stream does, is not in the way of others.
func (h *hosts) enter(ctx context.Context, name string, stays bool) (release func(), err error) {
	one := h.host(name)
	if stays {
		return func() {}, one.pace.Wait(ctx)
	}
	select {
	case one.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := one.pace.Wait(ctx); err != nil {
		<-one.slots
		return nil, err
	}
	return func() { <-one.slots }, nil
}

func (h *hosts) host(name string) *host {
	name = canonical(name)
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.by[name]
	if one == nil {
		if len(h.by) >= 1<<12 {
			clear(h.by) // a pace forgotten is no harm
		}
		one = &host{rate.NewLimiter(h.perSecond, h.atOnce), make(chan struct{}, h.atOnce)}
		h.by[name] = one
	}
	return one
}

// slow makes a host's pace one visit in every so long, if it is not slower.
func (h *hosts) slow(name string, every time.Duration) {
	one := h.host(name)
	if slower := rate.Every(every); slower < one.pace.Limit() {
		one.pace.SetLimit(slower)
		one.pace.SetBurst(1)
	}
}

// canonical gives one spelling to a host however it is written.
func canonical(host string) string {
	host = strings.TrimSuffix(host, ".")
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().String()
	}
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		return ascii
	}
	return strings.ToLower(host)
}
