package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
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
