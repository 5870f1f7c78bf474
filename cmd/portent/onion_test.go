package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// bazaar is an invented market.
func bazaar(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch r.URL.Path {
	case "/":
		_, _ = io.WriteString(w, `<!doctype html><html><head><title>Dark Bazaar</title></head><body><div class="list">
<div class="card"><h3><a href="/item/1">Exploit for CVE-2026-12345</a></h3><span class="vendor">coldseller</span> <span class="price">$1,200</span></div>
<div class="card"><h3><a href="/item/2">Nightbell loader, one month</a></h3><span class="vendor">eve</span> <span class="price">0.01 BTC</span></div>
</div><a href="/photo.jpg">photo</a> <a href="http://blog.example/">elsewhere</a></body></html>`)
	case "/item/1", "/item/2":
		_, _ = io.WriteString(w, `<!doctype html><html><head><title>Item</title></head><body><main><p>Tried on all versions before the patch.</p></main></body></html>`)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// TestSitesInTorAreReadThroughItAlone has one Tor for all that needs it: starting it takes most
// of its time.
func TestSitesInTorAreReadThroughItAlone(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a Tor is started")
	}
	site := httptest.NewServer(http.HandlerFunc(bazaar))
	defer site.Close()
	began := time.Now()
	tor := startTor(t, site.Listener.Addr().String())
	t.Logf("Tor has started after %v", time.Since(began).Round(time.Second))
	ok := t.Run("an offer is a row of a profile page", tor.offerBecomesRow)
	if !ok {
		return
	}
	t.Run("each source has circuits of its own", func(t *testing.T) {
		circuits := tor.visited(t, tor.socks)
		if len(circuits) != 2 || len(circuits["one"]) == 0 || len(circuits["two"]) == 0 {
			t.Fatalf("circuits by source: %v", circuits)
		}
		for _, c := range circuits["one"] {
			if slices.Contains(circuits["two"], c) {
				t.Errorf("both sources took circuit %s: %v", c, circuits)
			}
		}
	})
	t.Run("IsolateSOCKSAuth is what keeps them apart", func(t *testing.T) {
		circuits := tor.visited(t, tor.shared)
		if all := circuits[""]; len(circuits) != 1 || len(all) < 2 || len(slices.Compact(all)) != 1 {
			t.Errorf("without it, circuits by source: %v, want one for all", circuits)
		}
	})
	t.Run("without Tor nothing leaves", tor.cutOff)
}

// entries are sources that read the site.
func (n *torNetwork) entries(t *testing.T, socks string, names ...string) (sources string) {
	t.Helper()
	var text strings.Builder
	for _, name := range names {
		fmt.Fprintf(&text, "[%s]\nconnector = 'onion'\nurl = 'http://%s/'\ngenre = 'market'\nname = 'Dark Bazaar'\nsocks = '%s'\nreliability = 'C'\n", name, n.onion, socks)
	}
	return file(t, "sources.toml", []byte(text.String()))
}

func (n *torNetwork) offerBecomesRow(t *testing.T) {
	address := freeAddresses(t, 1)[0]
	var out bytes.Buffer
	a := newApp(&cli{DB: newStore(t), Quiet: true, SourcesFile: n.entries(t, n.socks, "bazaar")}, nil, &out, &out)
	defer a.close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- (&serveCmd{Addr: address}).Run(ctx, a) }()
	until(t, time.Minute, func() bool {
		select {
		case err := <-done:
			t.Fatalf("serve ended: %v\n%s", err, out.String())
		default:
		}
		page := pageAt(t, "http://"+address+"/handle/dark-bazaar/coldseller")
		return strings.Contains(page, "CVE-2026-12345") && strings.Contains(page, "Exploit for CVE-2026-12345")
	})
	stop()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// pageAt is a page that is served, empty while there is none.
func pageAt(t *testing.T, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// visited reads the site as two sources, and returns the circuits of the connections of each.
func (n *torNetwork) visited(t *testing.T, socks string) map[string][]string {
	t.Helper()
	seen := n.watchCircuits(t)
	printed(t, exitDone, "--sources-file", n.entries(t, socks, "one", "two"), "--db", newStore(t), "sources", "run")
	until(t, 60*time.Second, func() bool {
		n := 0
		for _, of := range seen.circuits() {
			n += len(of)
		}
		return n >= 2
	})
	return seen.circuits()
}

func (n *torNetwork) cutOff(t *testing.T) {
	n.stop()
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"--sources-file", n.entries(t, n.socks, "bazaar"), "--db", newStore(t), "sources", "run"}, strings.NewReader(""), &out, &errs)
	if code != exitPartial || !strings.Contains(errs.String(), "is Tor running where socks says?") {
		t.Errorf("exit %d: %s%s", code, out.String(), errs.String())
	}
}

func TestASourceInTorNeedsItsProxy(t *testing.T) {
	const onion = "http://ziqntzxcedluupt5gofpl4rgskiwl7xizh3m5t63tz53zrrexb3n44ad.onion/"
	sources := file(t, "sources.toml", []byte("[bazaar]\nconnector = 'onion'\nurl = '"+onion+"'\ngenre = 'market'\n"))
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--sources-file", sources, "--db", newStore(t), "sources", "list"}, strings.NewReader(""), &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "socks is missing: onion reads through Tor alone") {
		t.Errorf("exit %d: %s", code, errs.String())
	}
	sources = file(t, "sources.toml", nil)
	add := []string{"sources", "add", "bazaar", "onion", "--set", "url=" + onion, "--set", "genre=market"}
	if code := run(t.Context(), append([]string{"--sources-file", sources}, add...), strings.NewReader(""), &out, &errs); code != exitUsage {
		t.Errorf("added without a proxy: exit %d", code)
	}
	if code := run(t.Context(), []string{"--sources-file", sources, "sources", "add"}, strings.NewReader("asked\nonion\n127.0.0.1:9050\n"+onion+"\n\nmarket\n\n\n\n\n\n\n\n\n"), &out, &errs); code != exitDone {
		t.Errorf("asked: exit %d: %s", code, errs.String())
	}
	printed(t, exitDone, append(append([]string{"--sources-file", sources}, add...), "--socks", "127.0.0.1:9050")...)
}
