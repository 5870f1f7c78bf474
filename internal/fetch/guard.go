package fetch

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
	"golang.org/x/net/proxy"
)

// Options are what a Client may do. The zero value reaches public addresses on
// ports 80 and 443, directly and at a modest pace.
type Options struct {
	UserAgent string
	// Ports are the ports that may be reached; nil for 80 and 443.
	Ports []uint16
	// Allow are networks that may be reached although they are not public, such
	// as 127.0.0.0/8.
	Allow []netip.Prefix
	// SOCKS is the address of a proxy, such as Tor's. Every request then goes
	// through it, by name, to the hosts in Hosts alone: an entry that begins
	// with a dot stands for all hosts that end so, such as ".onion".
	SOCKS string
	Hosts []string
	// Circuit keeps what goes through the proxy apart from what others send: Tor has a
	// circuit of its own for each.
	Circuit string
	// Roots are the authorities that certificates must come from; nil for those of the system.
	Roots *x509.CertPool
	// Pace is shared by all clients that a host should see as one visitor; nil for one that no
	// other client keeps to.
	Pace *Pace
	// Robots has robots.txt honoured, as is due where pages for people are read.
	Robots bool
	// Now is the time by which a robots.txt is read again, and a host asked again that said
	// when; nil for the clock.
	Now func() time.Time
	// Timeout bounds one request, body included but not the wait for its turn;
	// zero for one minute.
	Timeout time.Duration
}

const maxRedirects = 5

// azurePlatform is where the cloud of that name answers its own machines, in
// public space.
var azurePlatform = netip.AddrFrom4([4]byte{168, 63, 129, 16})

// New returns a client that keeps to the options.
func New(o Options) (*Client, error) {
	if o.Ports == nil {
		o.Ports = []uint16{80, 443}
	}
	if o.Pace == nil {
		o.Pace = &Pace{}
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	dial, err := o.dial()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    15 * time.Second,
		ResponseHeaderTimeout:  30 * time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConnsPerHost:    o.Pace.atOnce(),
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
	g := guard{Options: o, next: transport}
	client := &http.Client{Transport: g, CheckRedirect: redirected}
	if o.Robots {
		asking := *client
		g.robots = &robots{client: &asking, pace: o.Pace, agent: o.UserAgent, now: o.Now}
		client.Transport = g
	}
	return &Client{HTTP: client, UserAgent: o.UserAgent, dial: g.connect(dial), roots: o.Roots}, nil
}

// redirected bounds redirects, and takes to another host nothing that was meant for the
// first.
func redirected(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects, the last to %s", maxRedirects, req.URL.Host)
	}
	if via[0].Context().Value(staying{}) != nil && canonical(req.URL.Hostname()) != canonical(via[0].URL.Hostname()) {
		return fmt.Errorf("%w: %s", ErrElsewhere, req.URL.Hostname())
	}
	if first := via[0].URL; req.URL.Scheme != first.Scheme || req.URL.Host != first.Host {
		if req.ContentLength != 0 {
			return fmt.Errorf("%w, and takes what was sent with it: %s", ErrElsewhere, req.URL.Hostname())
		}
		req.Header = http.Header{"User-Agent": via[0].Header.Values("User-Agent")}
	}
	return nil
}

// dial connects to what the guard allows. The address is judged after the name
// was resolved, right before connecting to that very address.
func (o Options) dial() (func(context.Context, string, string) (net.Conn, error), error) {
	if o.SOCKS != "" {
		if len(o.Hosts) == 0 {
			return nil, errors.New("a SOCKS route needs the hosts it leads to")
		}
		var apart *proxy.Auth
		if o.Circuit != "" {
			apart = &proxy.Auth{User: o.Circuit, Password: o.Circuit}
		}
		d, err := proxy.SOCKS5("tcp", o.SOCKS, apart, &net.Dialer{Timeout: 15 * time.Second})
		if err != nil {
			return nil, fmt.Errorf("SOCKS route %s: %w", o.SOCKS, err)
		}
		return d.(proxy.ContextDialer).DialContext, nil
	}
	var v4, v6 []netip.Prefix
	for _, p := range o.Allow {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	g := ssrf.New(ssrf.WithPorts(o.Ports...), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...),
		ssrf.WithDeniedV4Prefixes(netip.PrefixFrom(azurePlatform, 32)))
	d := &net.Dialer{Timeout: 15 * time.Second, Control: func(network, address string, c syscall.RawConn) error {
		if err := g.Safe(network, address, c); err != nil {
			return fmt.Errorf("%w: %w", ErrForbidden, err)
		}
		return nil
	}}
	return d.DialContext, nil
}

// A guard judges every request, those of redirects too, before it is made, and
// makes it when its host's turn has come.
type guard struct {
	Options
	next   http.RoundTripper
	robots *robots // nil: none are asked
}

// RoundTrip implements http.RoundTripper. The visit lasts until the body of the
// response is closed.
func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := g.judge(req.URL); err != nil {
		return nil, err
	}
	silence, stream := req.Context().Value(streaming{}).(time.Duration)
	release, err := g.enter(req, stream)
	if err != nil {
		return nil, err
	}
	within := g.Timeout
	if stream {
		within = silence
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	late := time.AfterFunc(within, func() { cancel(fmt.Errorf("nothing within %v: %w", within, os.ErrDeadlineExceeded)) })
	leave := sync.OnceFunc(func() { late.Stop(); cancel(nil); release() })
	resp, err := g.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		err = cmp.Or(context.Cause(ctx), err)
		leave()
		return nil, err
	}
	g.heed(req, resp)
	v := visit{body: resp.Body, leave: leave, cause: func() error { return context.Cause(ctx) }}
	if stream {
		v.more = func() { late.Reset(within) }
	}
	resp.Body = v
	if w, ok := v.body.(io.Writer); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		late.Stop() // whoever talks bounds each word
		v.more = nil
		resp.Body = talk{v, w}
	}
	return resp, nil
}

// enter waits until a request may be made, and returns what ends the visit.
func (g guard) enter(req *http.Request, stays bool) (release func(), err error) {
	ctx, host := req.Context(), req.URL.Hostname()
	if err := g.held(req); err != nil {
		return nil, err
	}
	if g.robots != nil {
		if err := g.robots.judge(ctx, req.URL); err != nil {
			return nil, err
		}
		if err := g.Pace.crawl(ctx, host); err != nil {
			return nil, err
		}
	}
	if release, err = g.Pace.enter(ctx, host, stays); err != nil {
		return nil, err
	}
	if err := g.held(req); err != nil { // it was said while this one waited
		release()
		return nil, err
	}
	return release, nil
}

// held is an error while the host of a request wants to be left alone.
func (g guard) held(req *http.Request) error {
	status, left := g.Pace.held(req.URL.Hostname(), g.Now())
	if left <= 0 || known(req.Header) {
		return nil
	}
	return fmt.Errorf("its host is left alone for %v more: %w", left.Round(time.Second),
		&StatusError{URL: req.URL.Scheme + "://" + req.URL.Host, Status: status, RetryAfter: left})
}

// heed notes that a host wants to be left alone. What it tells somebody whom it knows is of
// that one's quota, and goes for nobody else.
func (g guard) heed(req *http.Request, resp *http.Response) {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable || known(req.Header) {
		return
	}
	if wait := retryAfter(resp); wait > 0 {
		g.Pace.hold(req.URL.Hostname(), resp.StatusCode, g.Now().Add(wait))
	}
}

// known reports whether a request says who asks, beyond which program.
func known(h http.Header) bool {
	for name := range h {
		switch name = strings.ToLower(name); {
		case name == "authorization", name == "cookie", strings.HasSuffix(name, "token"),
			strings.HasSuffix(name, "key") && name != "sec-websocket-key":
			return true
		}
	}
	return false
}

// streaming marks the requests whose response goes on: its value in their context is how long
// it may be silent.
type streaming struct{}

// A visit is a body that ends its host's turn when it is closed.
type visit struct {
	body  io.ReadCloser
	leave func()
	cause func() error // why it was broken off
	more  func()       // told that something came; nil for none
}

// Read implements io.Reader.
func (v visit) Read(p []byte) (int, error) {
	n, err := v.body.Read(p)
	if n > 0 && v.more != nil {
		v.more()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = cmp.Or(v.cause(), err)
	}
	return n, err
}

// Close implements io.Closer.
func (v visit) Close() error {
	defer v.leave()
	return v.body.Close()
}

// A talk is the body of a connection that has gone over to another protocol.
type talk struct {
	visit
	io.Writer
}

func (g guard) judge(u *url.URL) error {
	port := u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: scheme %q", ErrForbidden, u.Scheme)
	case u.User != nil:
		return fmt.Errorf("%w: a password in the URL", ErrForbidden)
	case port == "" && u.Scheme == "http":
		port = "80"
	case port == "":
		port = "443"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("%w: port %s", ErrForbidden, port)
	}
	return g.judgeHost(u.Hostname(), uint16(n))
}

func (g guard) judgeHost(host string, port uint16) error {
	if !slices.Contains(g.Ports, port) {
		return fmt.Errorf("%w: port %d", ErrForbidden, port)
	}
	switch {
	case g.SOCKS != "" && !g.routed(host):
		return fmt.Errorf("%w: %s is not reached by this route", ErrForbidden, host)
	case g.SOCKS == "" && strings.HasSuffix(canonical(host), ".onion"):
		return fmt.Errorf("%w: %s is reached through Tor alone, and asking others for it would tell them (RFC 7686): socks in its entry says where Tor listens", ErrForbidden, host)
	}
	return nil
}

// routed reports whether the SOCKS route leads to a host. It never leads to an
// address, which would tell nothing of who is behind it.
func (g guard) routed(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	return slices.ContainsFunc(g.Hosts, func(h string) bool {
		return host == h || strings.HasPrefix(h, ".") && strings.HasSuffix(host, h)
	})
}
