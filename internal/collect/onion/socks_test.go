package onion_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/portent-cti/portent/internal/fetch"
)

// Addresses in Tor of nobody: their keys are digests.
const (
	market = "ziqntzxcedluupt5gofpl4rgskiwl7xizh3m5t63tz53zrrexb3n44ad.onion"
	mirror = "bq2fxcwv3egbyipz73wgzyhs4ewfishvs6midn3ck6xbblumzojebcqd.onion"
	other  = "4tu3kgdymeh4xrq7lr7hbh2ikyba44qqtxlparnbduw3af42hmkeuryd.onion"
)

// A proxy speaks SOCKS5 as Tor does: to names alone, and it notes which it was asked for.
type proxy struct {
	listener net.Listener
	sites    map[string]string // name: address of the server that stands for it

	mu    sync.Mutex
	asked []string // "user name:port"
	g     sync.WaitGroup
}

func newProxy(t testing.TB, sites map[string]http.Handler) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, sites: map[string]string{}}
	for name, handler := range sites {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		p.sites[name] = server.Listener.Addr().String()
	}
	p.g.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.g.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(p.cut)
	return p
}

// cut ends the proxy: nothing listens where it did.
func (p *proxy) cut() { _ = p.listener.Close() }

func (p *proxy) names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

func (p *proxy) serve(conn net.Conn) {
	defer conn.Close()
	take := func(n int) []byte {
		b := make([]byte, n)
		if _, err := io.ReadFull(conn, b); err != nil {
			return make([]byte, n)
		}
		return b
	}
	give := func(b ...byte) { _, _ = conn.Write(b) }
	methods, user := take(int(take(2)[1])), ""
	if slices.Contains(methods, 2) { // RFC 1929
		give(5, 2)
		user = string(take(int(take(2)[1])))
		take(int(take(1)[0]))
		give(1, 0)
	} else {
		give(5, 0)
	}
	name := "an address"
	if head := take(4); head[3] == 3 {
		name = string(take(int(take(1)[0])))
	}
	port := take(2)
	p.mu.Lock()
	p.asked = append(p.asked, user+" "+name+":"+strconv.Itoa(int(port[0])<<8|int(port[1])))
	to := p.sites[name]
	p.mu.Unlock()
	there, err := net.Dial("tcp", to)
	if to == "" || err != nil {
		give(5, 4, 0, 1, 0, 0, 0, 0, 0, 0) // host unreachable
		return
	}
	defer there.Close()
	give(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	var g sync.WaitGroup
	g.Go(func() { _, _ = io.Copy(there, conn); _ = there.(*net.TCPConn).CloseWrite() })
	_, _ = io.Copy(conn, there)
	_ = conn.Close()
	g.Wait()
}

// through is a client as a source in Tor has it, but for its pace.
func through(t testing.TB, p *proxy, hosts ...string) *fetch.Client {
	t.Helper()
	c, err := fetch.New(fetch.Options{UserAgent: "test", SOCKS: p.listener.Addr().String(), Hosts: append([]string{".onion"}, hosts...), Circuit: "bazaar", Pace: &fetch.Pace{PerSecond: 1e6, AtOnce: 4}, Robots: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// listening is a server that nobody is to reach.
func listening(t *testing.T) (port string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the open network was asked for %s", r.URL)
	}))
	server.Config.ConnState = func(net.Conn, http.ConnState) { t.Error("somebody came over the open network") }
	t.Cleanup(server.Close)
	return server.URL[strings.LastIndexByte(server.URL, ':')+1:]
}
