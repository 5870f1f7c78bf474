package fetch

import (
	"cmp"
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/time/rate"
)

// A Pace is how hosts are visited by all clients that share it: as if they were one. It knows
// what each host asks for, in its robots.txt and where it is asked too often. The zero value is
// ready.
type Pace struct {
	// PerSecond and AtOnce bound the requests to one host; zero for 2 and 2.
	PerSecond float64
	AtOnce    int

	mu     sync.Mutex
	by     map[string]*host
	robots map[string]*rules // by scheme and host, with its port
	size   int               // bytes of what these say
}

// mostRobots is how many bytes the robots.txt that are known say together: of more, all are read
// again.
const mostRobots = 8 << 20

type host struct {
	pace  *rate.Limiter
	slots chan struct{}
	// crawl is the pause that its robots.txt asks for, of those who read one; nil for none.
	crawl *rate.Limiter
	// status is what it answered when it asked to be left alone until a time.
	status int
	until  time.Time
}

func (p *Pace) atOnce() int { return cmp.Or(p.AtOnce, 2) }

// enter waits for the host's turn and returns what ends the visit. One that stays, as a
// stream does, is not in the way of others.
func (p *Pace) enter(ctx context.Context, name string, stays bool) (release func(), err error) {
	one := p.host(name)
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

func (p *Pace) host(name string) *host {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of(name)
}

// of is a host; the lock is held.
func (p *Pace) of(name string) *host {
	name = canonical(name)
	one := p.by[name]
	if one == nil {
		if p.by == nil || len(p.by) >= 1<<12 {
			p.by = map[string]*host{} // a pace forgotten is no harm
		}
		perSecond := rate.Limit(cmp.Or(p.PerSecond, 2))
		one = &host{pace: rate.NewLimiter(perSecond, p.atOnce()), slots: make(chan struct{}, p.atOnce())}
		p.by[name] = one
	}
	return one
}

// slow has those who crawl a host do so once in every so long.
func (p *Pace) slow(name string, every time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.of(name); one.crawl == nil || rate.Every(every) < one.crawl.Limit() {
		one.crawl = rate.NewLimiter(rate.Every(every), 1)
	}
}

// crawl waits for as long as the robots.txt of a host asks.
func (p *Pace) crawl(ctx context.Context, name string) error {
	p.mu.Lock()
	pause := p.of(name).crawl
	p.mu.Unlock()
	if pause == nil {
		return nil
	}
	return pause.Wait(ctx)
}

// hold notes that a host answered with a status, and wants to be left alone until a time.
func (p *Pace) hold(name string, status int, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.of(name); until.After(one.until) {
		one.status, one.until = status, until
	}
}

// held is for how long a host wants to be left alone, and the status with which it said so.
func (p *Pace) held(name string, now time.Time) (status int, left time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.of(name)
	return one.status, one.until.Sub(now)
}

// rules are those of the robots.txt at a scheme and host.
func (p *Pace) rules(at string) *rules {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.robots[at]
	if one == nil {
		if p.robots == nil || len(p.robots) >= 1<<12 || p.size > mostRobots {
			p.robots, p.size = map[string]*rules{}, 0
		}
		one = &rules{}
		p.robots[at] = one
	}
	return one
}

// told notes how many bytes a robots.txt says.
func (p *Pace) told(size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.size += size
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
