package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// asking has each source ask once, all at the same time, and is how long that takes.
func asking(t *testing.T, address string, sources []watched) (clients []*fetch.Client, took time.Duration) {
	t.Helper()
	all := newClients()
	for _, w := range sources {
		c, err := all.of(w)
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	var g sync.WaitGroup
	began := time.Now()
	for _, c := range clients {
		g.Go(func() { _, _ = c.Get(t.Context(), address) })
	}
	g.Wait()
	return clients, time.Since(began)
}

func TestAHostHasOnePaceWhateverItsSourcesMayDo(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	port, loopback := uint16(n), netip.MustParsePrefix("127.0.0.0/8")
	clients, took := asking(t, srv.URL, []watched{
		{Allow: []netip.Prefix{loopback}, Ports: []uint16{port}},
		{Allow: []netip.Prefix{loopback}, Ports: []uint16{port, 8443}},
		{Allow: []netip.Prefix{loopback, netip.MustParsePrefix("10.0.0.0/8")}, Ports: []uint16{port}},
		{Allow: []netip.Prefix{loopback}, Ports: []uint16{port}, CA: "-----BEGIN CERTIFICATE-----"},
	})
	for i, c := range clients[1:] {
		if c == clients[i] {
			t.Fatal("two of them have one client")
		}
	}
	if took < 900*time.Millisecond {
		t.Errorf("four sources asked one host within %v, want two at once and then two a second", took)
	}
}

// Were one to wait for the other, or know what it was told, a site would see which circuits
// belong together.
func TestSourcesBehindTorKnowNothingOfEachOthersPace(t *testing.T) {
	var sources []watched
	for n := range 40 {
		sources = append(sources, watched{Name: intel.SourceID(fmt.Sprint("market-", n)), SOCKS: "127.0.0.1:1"})
	}
	if _, took := asking(t, "http://lynx.onion/", sources); took > 10*time.Second { // 19 of one pace
		t.Errorf("forty circuits took %v to one site: one waits for another", took)
	}
}
