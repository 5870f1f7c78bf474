package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
)

func TestAHostThatIsNotReachedIsToldOnce(t *testing.T) {
	const page, robots = "https://blog.example/feed", "https://blog.example/robots.txt"
	reached := func(cause error) error {
		return &url.Error{Op: "Get", URL: page, Err: &url.Error{Op: "Get", URL: robots, Err: cause}}
	}
	lost := &net.DNSError{Err: "no such host", Name: "blog.example", Server: "10.0.0.1:53", IsNotFound: true}
	closed := os.NewSyscallError("connect", syscall.ECONNREFUSED)
	for _, c := range []struct {
		err  error
		want string
	}{
		{reached(&net.OpError{Op: "dial", Net: "tcp", Err: lost}), "no host has that name, or this machine is not connected: blog.example"},
		{reached(&net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, Err: closed}), "the server takes no connections: 192.0.2.1:443"},
		{reached(io.EOF), "the server ended the connection without an answer (is it asked for what it speaks, http or https?): " + reached(io.EOF).Error()},
		{&fs.PathError{Op: "open", Path: "srv/lists/bad.csv", Err: syscall.ENOENT}, "open /srv/lists/bad.csv: no such file or directory"},
		{fmt.Errorf("read: %w", closed), "the server takes no connections: read: connect: connection refused"},
	} {
		got := hinted(c.err)
		if got.Error() != c.want {
			t.Errorf("%v is told as %q, want %q", c.err, got, c.want)
		}
		if !errors.Is(got, c.err) {
			t.Errorf("%q hides what happened", got)
		}
	}
}

func TestWhoIsNotLetInIsToldWhatToDo(t *testing.T) {
	refused := func(status int) error { return &fetch.StatusError{URL: "https://blog.example/feed", Status: status} }
	for _, c := range []struct {
		err  error
		want string
	}{
		{refused(401), "the server does not let it in: get https://blog.example/feed: status 401 Unauthorized (it asks for a login: portent connectors tells whether a setting gives one; if none does, set off = true in its entry)"},
		{refused(403), "the server does not let it in: get https://blog.example/feed: status 403 Forbidden (if a browser is shown it, programs or this machine are kept out: ask who runs the server, or set off = true in its entry)"},
		{collect.Permanent(fmt.Errorf("%w: set another token", refused(401))), "the server does not let it in: get https://blog.example/feed: status 401 Unauthorized: set another token"},
		{refused(404), "there is nothing at that address any more: get https://blog.example/feed: status 404 Not Found"},
	} {
		if got := hinted(c.err).Error(); got != c.want {
			t.Errorf("%v is told as\n%q, want\n%q", c.err, got, c.want)
		}
	}
}

// A robots.txt that a server did not give is no wish of its owner, who may be overruled.
func TestARobotsFileThatIsNotToBeHadIsNoReasonToOverrideIt(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7200")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer srv.Close()
	env := collecttest.Local(t, srv.URL, fetch.Options{Robots: true})
	_, err := env.Fetch.Get(t.Context(), srv.URL+"/feed")
	got := hinted(err)
	want := fmt.Sprintf("the server asks to come less often: Get \"%s/feed\": robots.txt could not be read, and nothing else is until it can: get %[1]s/robots.txt: status 429 Too Many Requests", srv.URL)
	if got.Error() != want {
		t.Errorf("it is told as\n%q, want\n%q", got, want)
	}
	if s := (*fetch.StatusError)(nil); !errors.As(got, &s) || s.RetryAfter < 2*time.Hour-time.Minute {
		t.Errorf("got %+v, want two hours to wait", s)
	}
}
