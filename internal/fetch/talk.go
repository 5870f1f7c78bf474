package fetch

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// ErrNoRoute means that a client has no way to what does not speak HTTP.
var ErrNoRoute = errors.New("this client speaks HTTP alone")

// connecting is how long a connection and its handshakes may take.
const connecting = 30 * time.Second

// A dialing connects to what the guard allows, in the turn of its host.
type dialing func(ctx context.Context, host string, port uint16) (net.Conn, error)

// A Line is a connection to a server that does not speak HTTP.
type Line struct {
	Host string
	Port uint16
	TLS  bool
	// Name is whose certificate the server is to have; that of Host if empty.
	Name string
	// Silence is how long the server may say nothing, and how long it may take to read what
	// it is told.
	Silence time.Duration
	// Before speaks in the clear until the server is ready for TLS (STARTTLS); nil: it is at
	// once. It reads no further than the word that says so.
	Before func(net.Conn) error
}

func (l Line) String() string { return net.JoinHostPort(l.Host, strconv.Itoa(int(l.Port))) }

// Dial connects to a server. The connection is closed when ctx ends. A read deadline that is
// set on it counts in place of Silence, until it is set to zero.
func (c *Client) Dial(ctx context.Context, l Line) (net.Conn, error) {
	if c.dial == nil {
		return nil, fmt.Errorf("connect to %s: %w", l, ErrNoRoute)
	}
	within, cancel := context.WithTimeoutCause(ctx, connecting, fmt.Errorf("not connected within %v", connecting))
	defer cancel()
	conn, err := c.dial(within, l.Host, l.Port)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", l, err)
	}
	if l.TLS {
		if err := before(within, conn, l.Before); err != nil {
			return nil, errors.Join(fmt.Errorf("connect to %s: %w", l, err), conn.Close())
		}
		secure := tls.Client(conn, &tls.Config{ServerName: cmp.Or(l.Name, l.Host), RootCAs: c.roots, MinVersion: tls.VersionTLS12})
		if err := secure.HandshakeContext(within); err != nil {
			return nil, errors.Join(fmt.Errorf("connect to %s: %w", l, err), conn.Close())
		}
		conn = secure
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // whoever reads is told
	return &line{Conn: conn, silence: l.Silence, stop: stop}, nil
}

// before has speak say what comes before TLS, while ctx lasts.
func before(ctx context.Context, conn net.Conn, speak func(net.Conn) error) error {
	if speak == nil {
		return nil
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err := speak(conn)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// A line is a connection whose every word is bounded in time.
type line struct {
	net.Conn
	silence time.Duration
	waiting atomic.Bool // until a deadline of whoever reads, who may be stopped by it from elsewhere
	stop    func() bool
}

// ConnectionState tells what was agreed on for TLS, which a login can be tied to.
func (l *line) ConnectionState() (s tls.ConnectionState) {
	if c, ok := l.Conn.(*tls.Conn); ok {
		s = c.ConnectionState()
	}
	return s
}

// SetReadDeadline implements net.Conn.
func (l *line) SetReadDeadline(at time.Time) error {
	l.waiting.Store(!at.IsZero())
	return l.Conn.SetReadDeadline(at)
}

// Read implements net.Conn.
func (l *line) Read(p []byte) (int, error) {
	if l.waiting.Load() {
		return l.Conn.Read(p)
	}
	if err := l.Conn.SetReadDeadline(time.Now().Add(l.silence)); err != nil {
		return 0, err
	}
	return l.Conn.Read(p)
}

// Write implements net.Conn.
func (l *line) Write(p []byte) (int, error) {
	if err := l.SetWriteDeadline(time.Now().Add(l.silence)); err != nil {
		return 0, err
	}
	return l.Conn.Write(p)
}

// Close implements net.Conn.
func (l *line) Close() error {
	l.stop()
	return l.Conn.Close()
}

// connect judges a connection as requests are judged.
func (g guard) connect(dial func(context.Context, string, string) (net.Conn, error)) dialing {
	return func(ctx context.Context, host string, port uint16) (net.Conn, error) {
		if err := g.judgeHost(host, port); err != nil {
			return nil, err
		}
		if _, err := g.Pace.enter(ctx, host, true); err != nil {
			return nil, err
		}
		return dial(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
	}
}

// A Socket is a WebSocket that is open.
type Socket struct {
	conn    *websocket.Conn
	silence time.Duration
}

// WebSocket opens a WebSocket (RFC 6455) at an address in http or https, whose messages have
// MaxBody bytes at most. Its server may be silent for as long as it is said.
func (c *Client) WebSocket(ctx context.Context, q Request, silence time.Duration) (*Socket, error) {
	req, err := c.request(ctx, q)
	if err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeoutCause(context.WithValue(ctx, streaming{}, silence), connecting, fmt.Errorf("not connected within %v", connecting))
	defer cancel()
	conn, resp, err := websocket.Dial(within, q.URL, &websocket.DialOptions{HTTPClient: c.HTTP, HTTPHeader: req.Header}) //nolint:bodyclose // of the connection
	switch {
	case err == nil:
	case resp == nil, resp.StatusCode == http.StatusSwitchingProtocols:
		return nil, told(q.URL, err)
	default:
		err = &StatusError{URL: q.URL, Status: resp.StatusCode, RetryAfter: retryAfter(resp), Header: resp.Header}
		if resp.StatusCode < http.StatusBadRequest {
			err = fmt.Errorf("%w, and no WebSocket", err)
		}
		return nil, err
	}
	conn.SetReadLimit(MaxBody)
	return &Socket{conn, silence}, nil
}

// Read returns the next message.
func (s *Socket) Read(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.silence, fmt.Errorf("nothing within %v", s.silence))
	defer cancel()
	_, message, err := s.conn.Read(ctx)
	return message, err
}

// Write sends a message of text: what a protocol asks of a reader, such as its heartbeat.
func (s *Socket) Write(ctx context.Context, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.silence)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, message)
}

// CloseCode is the code by which the other side closed a WebSocket, if err says that it did.
func CloseCode(err error) (code int, ok bool) {
	code = int(websocket.CloseStatus(err))
	return code, code >= 0
}

// Close ends the connection.
func (s *Socket) Close() error { return s.conn.CloseNow() }
