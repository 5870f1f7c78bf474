package fetch_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/fetch"
)

// serve starts a server on loopback and a client that may reach it.
func serve(t *testing.T, h http.HandlerFunc, change func(*fetch.Options)) (*fetch.Client, string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	o := fetch.Options{UserAgent: "Portent test", Ports: []uint16{port(t, srv.URL)}, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Pace: &fetch.Pace{PerSecond: 1000}}
	if change != nil {
		change(&o)
	}
	c, err := fetch.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c, srv.URL
}

func port(t *testing.T, raw string) uint16 {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(n)
}

func TestGetSaysWhoAsks(t *testing.T) {
	c, base := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.UserAgent()) }, nil)
	body, err := c.Get(t.Context(), base)
	if err != nil || string(body) != "Portent test" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestLoopbackIsForbiddenUnlessAllowed(t *testing.T) {
	c, base := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was reached") }, func(o *fetch.Options) { o.Allow = nil })
	for _, u := range []string{base, "http://localhost:" + base[len("http://127.0.0.1:"):], "http://169.254.169.254/", "http://168.63.129.16/", "ftp://a.example/", "http://a.example:22/", "http://me:secret@a.example/"} {
		if _, err := c.Get(t.Context(), u); !errors.Is(err, fetch.ErrForbidden) {
			t.Errorf("get %s: got error %v, want ErrForbidden", u, err)
		}
	}
}

func TestRedirectsAreJudgedToo(t *testing.T) {
	c, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
	}, nil)
	if _, err := c.Get(t.Context(), base); !errors.Is(err, fetch.ErrForbidden) {
		t.Errorf("got error %v, want ErrForbidden", err)
	}
}

func TestOneHostHasOnePace(t *testing.T) {
	var at, most atomic.Int32
	c, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/slow" {
			http.Redirect(w, r, strings.ToUpper("http://localhost:"+r.Host[strings.LastIndex(r.Host, ":")+1:])+"/slow", http.StatusFound)
			return
		}
		n := at.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(20 * time.Millisecond)
		at.Add(-1)
	}, func(o *fetch.Options) { o.Pace.AtOnce = 1 })
	var all sync.WaitGroup
	for _, u := range []string{base, strings.Replace(base, "127.0.0.1", "localhost", 1) + "/slow", strings.Replace(base, "127.0.0.1", "LocalHost", 1) + "/slow"} {
		for range 2 {
			all.Go(func() {
				if _, err := c.Get(t.Context(), u); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if most.Load() != 1 {
		t.Errorf("%d requests at once, want 1", most.Load())
	}
}

func TestBombsAreTooLarge(t *testing.T) {
	var bomb bytes.Buffer
	zw := gzip.NewWriter(&bomb)
	for range fetch.MaxBody>>20 + 1 {
		zw.Write(make([]byte, 1<<20))
	}
	zw.Close()
	c, base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb.Bytes())
	}, nil)
	if _, err := c.Get(t.Context(), base); !errors.Is(err, fetch.ErrTooLarge) {
		t.Errorf("got error %v, want ErrTooLarge", err)
	}
	if n, err := c.Download(t.Context(), base, io.Discard, 1000); !errors.Is(err, fetch.ErrTooLarge) || n != 1000 {
		t.Errorf("download got %d bytes and error %v, want 1000 and ErrTooLarge", n, err)
	}
	if n, err := c.Download(t.Context(), base, io.Discard, 1<<30); err != nil || n != fetch.MaxBody+1<<20 {
		t.Errorf("download got %d bytes and error %v", n, err)
	}
}

func TestStatusTellsWhenToRetry(t *testing.T) {
	c, base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	}, nil)
	_, err := c.Get(t.Context(), base)
	if s := (*fetch.StatusError)(nil); !errors.As(err, &s) || s.Status != 429 || s.RetryAfter != 2*time.Minute {
		t.Errorf("got error %+v, want status 429 and two minutes", err)
	}
}

func TestADateToRetryAtIsByTheClockOfTheServer(t *testing.T) {
	server := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	for after, want := range map[time.Duration]time.Duration{90 * time.Second: 90 * time.Second, -time.Hour: 0, 100 * time.Hour: 24 * time.Hour} {
		c, base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", server.Format(http.TimeFormat))
			w.Header().Set("Retry-After", server.Add(after).Format(http.TimeFormat))
			w.WriteHeader(http.StatusServiceUnavailable)
		}, nil)
		_, err := c.Get(t.Context(), base)
		if s := (*fetch.StatusError)(nil); !errors.As(err, &s) || s.RetryAfter != want {
			t.Errorf("%v after its own time: %+v, want %v", after, err, want)
		}
	}
}

func TestRedirectsEndAndTheirHostIsNamed(t *testing.T) {
	asked := 0
	c, base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Location", "/loop/f")
		w.WriteHeader(http.StatusFound)
	}, nil)
	_, err := c.Get(t.Context(), base+"/feed")
	host := strings.TrimPrefix(base, "http://")
	if want := `Get "` + base + `/feed": more than 5 redirects, the last to ` + host; err == nil || err.Error() != want || asked != 6 {
		t.Errorf("%d requests and %v, want 6 and %s", asked, err, want)
	}
}

func TestErrorsTellOfLongQueriesThatThereIsOne(t *testing.T) {
	c, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/loop") {
			http.Redirect(w, r, r.URL.String(), http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}, nil)
	long := "expansions=author_id%2Creferenced_tweets.id&max_results=100"
	for query, want := range map[string]string{"f=12&t=345": "f=12&t=345", long: "…"} {
		_, err := c.Get(t.Context(), base+"/page?"+query)
		if said := "get " + base + "/page?" + want + ": status 404 Not Found"; err == nil || err.Error() != said {
			t.Errorf("got %v, want %s", err, said)
		}
		if s := (*fetch.StatusError)(nil); !errors.As(err, &s) || s.URL != base+"/page?"+query {
			t.Errorf("the address is %+v", s)
		}
		if _, err = c.Get(t.Context(), base+"/loop?"+query); err == nil || !strings.Contains(err.Error(), "/loop?"+want+`": more than 5`) {
			t.Errorf("got %v, want a query of %q", err, want)
		}
	}
}

func TestUnchangedIsNotFetchedTwice(t *testing.T) {
	c, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
		}
	}, nil)
	r, err := c.GetChanged(t.Context(), base, fetch.Validators{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetChanged(t.Context(), base, r.Validators); !errors.Is(err, fetch.ErrNotModified) {
		t.Errorf("got error %v, want ErrNotModified", err)
	}
}

func TestSlowBodiesEnd(t *testing.T) {
	c, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}, func(o *fetch.Options) { o.Timeout = 50 * time.Millisecond })
	if _, err := c.Get(t.Context(), base); err == nil {
		t.Error("a body that never ends was read")
	}
}

func TestSOCKSRouteLeadsToItsHostsAlone(t *testing.T) {
	if _, err := fetch.New(fetch.Options{SOCKS: "127.0.0.1:9050"}); err == nil {
		t.Error("a route without hosts was accepted")
	}
	c, err := fetch.New(fetch.Options{SOCKS: "127.0.0.1:1", Hosts: []string{".onion"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []string{"http://a.example/", "http://192.0.2.1/", "http://onion/"} {
		if _, err := c.Get(t.Context(), u); !errors.Is(err, fetch.ErrForbidden) {
			t.Errorf("get %s: got error %v, want ErrForbidden", u, err)
		}
	}
	if _, err := c.Get(t.Context(), "http://lynx.onion/"); err == nil || errors.Is(err, fetch.ErrForbidden) {
		t.Errorf("got error %v, want that the proxy cannot be reached", err)
	}
}
