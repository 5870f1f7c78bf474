package fetch_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portent-cti/portent/internal/fetch"
)

// local reaches servers of tests.
func local(t *testing.T, address string, o fetch.Options) (c *fetch.Client, host string, port uint16) {
	t.Helper()
	host, number, err := net.SplitHostPort(strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	o.Ports = append(o.Ports, uint16(n))
	o.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if c, err = fetch.New(o); err != nil {
		t.Fatal(err)
	}
	return c, host, uint16(n)
}

func TestWhatIsMeantForOneHostGoesToNoOther(t *testing.T) {
	told := make(chan http.Header, 2)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told <- r.Header }))
	defer other.Close()
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told <- r.Header
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	defer first.Close()
	_, _, port := local(t, other.URL, fetch.Options{})
	c, _, _ := local(t, first.URL, fetch.Options{Ports: []uint16{port}, UserAgent: "reader"})
	if _, err := c.Do(t.Context(), fetch.Request{URL: first.URL, Header: http.Header{"X-Key": {"secret"}}}); err != nil {
		t.Fatal(err)
	}
	if h := <-told; h.Get("X-Key") != "secret" {
		t.Errorf("the host asked got %v", h)
	}
	if h := <-told; h.Get("X-Key") != "" || h.Get("User-Agent") != "reader" {
		t.Errorf("the host that it leads to got %v", h)
	}
}

func TestAStreamGoesOnUntilItIsSilent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 5 {
			_, _ = io.WriteString(w, "post\n")
			w.(http.Flusher).Flush()
			time.Sleep(60 * time.Millisecond)
		}
		<-r.Context().Done()
	}))
	defer server.Close()
	c, _, _ := local(t, server.URL, fetch.Options{Timeout: 100 * time.Millisecond, Pace: &fetch.Pace{AtOnce: 1}})
	var got []byte
	err := c.Stream(t.Context(), fetch.Request{URL: server.URL}, 200*time.Millisecond, func(r io.Reader) (err error) {
		got, err = io.ReadAll(r)
		return err
	})
	if string(got) != strings.Repeat("post\n", 5) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %q, err %v; want five posts and then its silence", got, err)
	}
}

func TestALineReachesNothingThatIsNotPublic(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	_, host, port := local(t, server.Addr().String(), fetch.Options{})
	c, err := fetch.New(fetch.Options{Ports: []uint16{port}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Dial(t.Context(), fetch.Line{Host: host, Port: port, Silence: time.Second}); !errors.Is(err, fetch.ErrForbidden) {
		t.Errorf("connecting to this machine: %v", err)
	}
	if _, err := c.Dial(t.Context(), fetch.Line{Host: host, Port: port + 1, Silence: time.Second}); !errors.Is(err, fetch.ErrForbidden) {
		t.Errorf("connecting to a port that is not allowed: %v", err)
	}
}

func TestALineEndsWhereNobodySpeaksAndWithItsContext(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c, host, port := local(t, server.Addr().String(), fetch.Options{})
	silent, err := c.Dial(t.Context(), fetch.Line{Host: host, Port: port, Silence: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if _, err := silent.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("of a silent server: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiting, err := c.Dial(ctx, fetch.Line{Host: host, Port: port, Silence: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := waiting.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("when its context ends: %v", err)
	}
}

func TestAWebSocketSpeaksBothWaysAndIsBoundedInSilence(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.CloseNow()
		_, message, err := conn.Read(r.Context())
		if err == nil {
			err = conn.Write(r.Context(), websocket.MessageText, append([]byte(r.Header.Get("Authorization")+" "), message...))
		}
		if err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
	}))
	defer server.Close()
	c, _, _ := local(t, server.URL, fetch.Options{Timeout: 50 * time.Millisecond})
	s, err := c.WebSocket(t.Context(), fetch.Request{URL: server.URL, Header: http.Header{"Authorization": {"Bearer x"}}}, 150*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	time.Sleep(100 * time.Millisecond)
	if err := s.Write(t.Context(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Read(t.Context()); err != nil || string(got) != "Bearer x hello" {
		t.Errorf("got %q, err %v", got, err)
	}
	if _, err := s.Read(t.Context()); err == nil {
		t.Error("its silence has no end")
	}
}

func TestARequestThatStaysIsLedNowhere(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) }))
	defer other.Close()
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/out":
			http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		case "/in":
			http.Redirect(w, r, "/here", http.StatusFound)
		}
	}))
	defer first.Close()
	_, _, port := local(t, other.URL, fetch.Options{})
	c, _, _ := local(t, first.URL, fetch.Options{Ports: []uint16{port}})
	if _, err := c.Do(t.Context(), fetch.Request{URL: first.URL + "/out", Stay: true}); !errors.Is(err, fetch.ErrElsewhere) {
		t.Errorf("to another host: %v", err)
	}
	if r, err := c.Do(t.Context(), fetch.Request{URL: first.URL + "/in", Stay: true}); err != nil || !strings.HasSuffix(r.URL, "/here") {
		t.Errorf("within the host: %q, err %v", r.URL, err)
	}
}

func TestOnlyTheTypesAndBytesAskedForAreRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = r.URL.Query()["type"]
		_, _ = io.WriteString(w, "12345")
	}))
	defer server.Close()
	c, _, _ := local(t, server.URL, fetch.Options{Pace: &fetch.Pace{PerSecond: 1000}})
	for query, want := range map[string]error{"?type=Text/HTML;+charset=utf-8": nil, "?type=image/png": fetch.ErrType, "?type=": nil, "": nil, "?type=text/htmlx": fetch.ErrType} {
		if _, err := c.Do(t.Context(), fetch.Request{URL: server.URL + "/" + query, Types: []string{"text/html"}}); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", query, err, want)
		}
	}
	if r, err := c.Do(t.Context(), fetch.Request{URL: server.URL, Most: 5}); err != nil || string(r.Body) != "12345" {
		t.Errorf("as long as is asked for: %q, err %v", r.Body, err)
	}
	if _, err := c.Do(t.Context(), fetch.Request{URL: server.URL, Most: 4}); !errors.Is(err, fetch.ErrTooLarge) {
		t.Errorf("longer: %v", err)
	}
}

func TestNobodyIsAskedForAnOnionServiceButTor(t *testing.T) {
	c, err := fetch.New(fetch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"abc.onion", "ABC.Onion.", "www.abc.onion"} {
		if _, err := c.Get(t.Context(), "http://"+host+"/"); !errors.Is(err, fetch.ErrForbidden) {
			t.Errorf("%s: %v", host, err)
		}
		if _, err := c.Dial(t.Context(), fetch.Line{Host: host, Port: 80, Silence: time.Second}); !errors.Is(err, fetch.ErrForbidden) {
			t.Errorf("a line to %s: %v", host, err)
		}
	}
}

func TestALineSpeaksInTheClearNoFurtherThanToTLS(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.StartTLS()
	defer secure.Close()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "go")
			s := tls.Server(conn, &tls.Config{Certificates: secure.TLS.Certificates})
			io.WriteString(s, "secret")
			s.Close()
		}
	}()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	c, host, port := local(t, server.Addr().String(), fetch.Options{Roots: roots, Pace: &fetch.Pace{PerSecond: 100}})
	line := fetch.Line{Host: host, Port: port, TLS: true, Silence: time.Second, Before: func(conn net.Conn) error {
		_, err := io.ReadFull(conn, make([]byte, 2))
		return err
	}}
	conn, err := c.Dial(t.Context(), line)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if said, err := io.ReadAll(conn); err != nil || string(said) != "secret" {
		t.Errorf("it says %q, err %v", said, err)
	}
	refused := errors.New("no TLS here")
	line.Before = func(net.Conn) error { return refused }
	if _, err := c.Dial(t.Context(), line); !errors.Is(err, refused) {
		t.Errorf("where the server refuses: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	line.Before = func(conn net.Conn) error { _, err := io.ReadFull(conn, make([]byte, 1<<20)); return err }
	if _, err := c.Dial(ctx, line); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("where it says nothing: %v", err)
	}
}

func TestALineIsToWhomTheCertificateIsOfWhateverItsHost(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler()) // of example.com and 127.0.0.1
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c, host, port := local(t, server.Listener.Addr().String(), fetch.Options{Roots: roots, Pace: &fetch.Pace{PerSecond: 100}})
	for name, good := range map[string]bool{"": true, "example.com": true, "example.org": false} {
		conn, err := c.Dial(t.Context(), fetch.Line{Host: host, Name: name, Port: port, TLS: true, Silence: time.Second})
		if (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
		if err != nil {
			continue
		}
		state, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
		if !ok || state.ConnectionState().Version < tls.VersionTLS12 {
			t.Errorf("%q: what was agreed on is not told", name)
		}
		conn.Close()
	}
}

func TestWhoeverReadsMayWaitForAsLongAsHeSays(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c, host, port := local(t, server.Addr().String(), fetch.Options{})
	conn, err := c.Dial(t.Context(), fetch.Line{Host: host, Port: port, Silence: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now()
	conn.SetReadDeadline(began.Add(200 * time.Millisecond))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) < 150*time.Millisecond {
		t.Errorf("waited %v: %v", time.Since(began), err)
	}
	conn.SetReadDeadline(time.Time{})
	began = time.Now()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) > 150*time.Millisecond {
		t.Errorf("then waited %v: %v", time.Since(began), err)
	}
}

func TestWhoeverWaitsOnALineIsStoppedBySomebodyElse(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c, host, port := local(t, server.Addr().String(), fetch.Options{})
	conn, err := c.Dial(t.Context(), fetch.Line{Host: host, Port: port, Silence: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now()
	time.AfterFunc(20*time.Millisecond, func() { conn.SetReadDeadline(began) })
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) > 10*time.Second {
		t.Errorf("waited %v: %v", time.Since(began), err)
	}
}

func TestWhatIsSentGoesToNoOtherHostThatARedirectLeadsTo(t *testing.T) {
	var stolen atomic.Bool
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Store(true) }))
	defer thief.Close()
	for status, want := range map[int]error{http.StatusTemporaryRedirect: fetch.ErrElsewhere, http.StatusPermanentRedirect: fetch.ErrElsewhere, http.StatusSeeOther: nil} {
		c, at := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, thief.URL, status) },
			func(o *fetch.Options) { o.Ports = append(o.Ports, port(t, thief.URL)) })
		stolen.Store(false)
		_, err := c.Do(t.Context(), fetch.Request{Method: http.MethodPost, URL: at, Body: []byte("secret")})
		if !errors.Is(err, want) || stolen.Load() != (want == nil) {
			t.Errorf("status %d: err %v, asked %t", status, err, stolen.Load())
		}
	}
}

func TestACertificateThatDoesNotVerifyIsNotSpokenTo(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("it was told %s %s", r.Method, r.URL) }))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	others := x509.NewCertPool()
	others.AddCert(&x509.Certificate{Raw: []byte("another authority")})
	for name, roots := range map[string]*x509.CertPool{"of the system": nil, "of its own": others} {
		c, host, port := local(t, strings.TrimPrefix(server.URL, "https://"), fetch.Options{Roots: roots, Pace: &fetch.Pace{PerSecond: 1000}})
		q := fetch.Request{URL: server.URL + "/feed", Header: http.Header{"Authorization": {"secret"}}}
		for way, ask := range map[string]func() error{
			"do":        func() error { _, err := c.Do(t.Context(), q); return err },
			"download":  func() error { _, err := c.Download(t.Context(), q.URL, io.Discard, 1); return err },
			"stream":    func() error { return c.Stream(t.Context(), q, time.Second, func(io.Reader) error { return nil }) },
			"WebSocket": func() error { _, err := c.WebSocket(t.Context(), q, time.Second); return err },
			"line": func() error {
				_, err := c.Dial(t.Context(), fetch.Line{Host: host, Port: port, TLS: true, Silence: time.Second})
				return err
			},
		} {
			err := ask()
			if refused := (*tls.CertificateVerificationError)(nil); !errors.As(err, &refused) || !strings.Contains(err.Error(), server.Listener.Addr().String()) {
				t.Errorf("authorities %s, %s: got %v, want that the certificate of the host does not verify", name, way, err)
			}
		}
	}
}

func TestAPageIsNoWebSocket(t *testing.T) {
	c, base := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<p>Sign in") }, nil)
	_, err := c.WebSocket(t.Context(), fetch.Request{URL: base + "/subscribe"}, time.Second)
	if s := (*fetch.StatusError)(nil); !errors.As(err, &s) || err.Error() != "get "+base+"/subscribe: status 200 OK, and no WebSocket" {
		t.Errorf("got %v", err)
	}
}
