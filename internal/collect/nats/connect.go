package nats

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
)

const (
	// asking is how often a server that says nothing is asked whether it is there, silence
	// from when on it is taken for gone, and answering how long an answer may take.
	asking, silence, answering = 30 * time.Second, 100 * time.Second, 15 * time.Second
	// longestGreeting bounds what a server says of itself.
	longestGreeting = 64 << 10
)

// options are how the server is spoken to: over one connection, which is not made again. What
// it does not permit is told apart from any answer, and to stop.
func (s *source) options(ctx context.Context, stop context.CancelCauseFunc) (client.Options, error) {
	o := client.GetDefaultOptions()
	o.Servers = []string{"nats://" + s.address()}
	o.Name = "portent"
	o.CustomDialer, o.SkipHostLookup = dialer(func() (net.Conn, error) { return s.dial(ctx) }), true
	o.AllowReconnect, o.IgnoreDiscoveredServers = false, true
	o.Timeout, o.PingInterval, o.MaxPingsOut = answering, asking, 2
	o.NoCallbacksAfterClientClose = true
	o.AsyncErrorCB = func(_ *client.Conn, _ *client.Subscription, err error) {
		if errors.Is(err, client.ErrPermissionViolation) {
			stop(err)
		}
	}
	o.User = s.User
	for _, secret := range []struct {
		where collect.Secret
		what  *string
	}{{s.Password, &o.Password}, {s.Token, &o.Token}, {s.NKey, &o.Nkey}} {
		if secret.where == "" {
			continue
		}
		text, err := s.Reveal(secret.where)
		if err != nil {
			return o, collect.Permanent(err)
		}
		*secret.what = text
	}
	if s.NKey != "" {
		var err error
		if o.Nkey, o.SignatureCB, err = sign(o.Nkey); err != nil {
			return o, collect.Permanent(fmt.Errorf("nkey %s: %w", s.NKey, err))
		}
	}
	return o, nil
}

func (s *source) address() string { return net.JoinHostPort(s.Server, strconv.Itoa(s.Port)) }

// A dialer connects for the client of NATS.
type dialer func() (net.Conn, error)

// SkipTLSHandshake tells the client that there is no TLS for it to agree on.
func (dialer) SkipTLSHandshake() bool { return true }

// Dial implements client.CustomDialer.
func (d dialer) Dial(_, _ string) (net.Conn, error) { return d() }

// dial connects as the guard allows. TLS is agreed on here: the server greets in the clear
// before it.
func (s *source) dial(ctx context.Context) (net.Conn, error) {
	var greeting []byte
	line := fetch.Line{Host: s.Server, Port: uint16(s.Port), TLS: !s.Plain, Silence: silence}
	greet := func(c net.Conn) (err error) {
		greeting, err = readGreeting(c, line.TLS)
		return err
	}
	if line.TLS && !s.TLSFirst {
		line.Before = greet
	}
	conn, err := s.Fetch.Dial(ctx, line)
	if err != nil {
		return nil, err
	}
	if s.Plain {
		if err := greet(conn); err != nil {
			return nil, errors.Join(fmt.Errorf("connect to %s: %w", line, err), conn.Close())
		}
	}
	return &greeted{Conn: conn, greeting: greeting}, nil
}

// greeted is a connection whose greeting was read, and is there to be read again. What comes
// is bounded.
type greeted struct {
	net.Conn
	greeting []byte
	frames   frames
}

// Read implements net.Conn.
func (g *greeted) Read(p []byte) (int, error) {
	if len(g.greeting) > 0 {
		n := copy(p, g.greeting)
		g.greeting = g.greeting[n:]
		return n, nil
	}
	n, err := g.Conn.Read(p)
	if wrong := g.frames.pass(p[:n]); wrong != nil {
		return 0, wrong
	}
	return n, err
}

// readGreeting reads what a server says of itself, and nothing behind it, and judges whether
// it speaks TLS as is wanted: nothing secret is told to one that does not.
func readGreeting(c net.Conn, secure bool) ([]byte, error) {
	var line []byte
	for b := make([]byte, 1); !bytes.HasSuffix(line, []byte("\n")); line = append(line, b[0]) {
		if len(line) > longestGreeting {
			return nil, errors.New("what answers there is no server of NATS: its greeting has no end")
		}
		if _, err := c.Read(b); err != nil {
			return nil, fmt.Errorf("no greeting (a server with handshake_first wants tls_first): %w", err)
		}
	}
	var info struct {
		Required  bool `json:"tls_required"`
		Available bool `json:"tls_available"`
	}
	text, ok := bytes.CutPrefix(line, []byte("INFO "))
	if !ok || json.Unmarshal(text, &info) != nil {
		return nil, errors.New("what answers there is no server of NATS")
	}
	switch {
	case secure && !info.Required && !info.Available:
		return nil, collect.Permanent(errors.New("the server speaks no TLS; give it a certificate, or set plain"))
	case !secure && info.Required:
		return nil, collect.Permanent(errors.New("the server wants TLS; take out plain"))
	}
	return line, nil
}

// failed tells in plain words why reading ended. What the server said of it comes apart from it.
func (s *source) failed(c *client.Conn, err error) error {
	if c != nil && err != nil {
		if said := c.LastError(); said != nil && !errors.Is(err, said) {
			err = errors.Join(err, said)
		}
	}
	is := func(any ...error) bool {
		return slices.ContainsFunc(any, func(one error) bool { return errors.Is(err, one) })
	}
	switch {
	case err == nil:
		return nil
	case is(client.ErrAuthorization, client.ErrAuthExpired, client.ErrAuthRevoked, client.ErrAccountAuthExpired):
		return collect.Permanent(fmt.Errorf("%s does not let this login in: %w", s.address(), err))
	case is(client.ErrPermissionViolation):
		return collect.Permanent(fmt.Errorf("%s does not permit this login to read that: %w", s.address(), err))
	case is(jetstream.ErrStreamNotFound):
		return fmt.Errorf("%s has no stream %s: %w", s.address(), s.Stream, err)
	case is(jetstream.ErrJetStreamNotEnabled, jetstream.ErrJetStreamNotEnabledForAccount, client.ErrNoResponders):
		return fmt.Errorf("%s has no JetStream for this login: %w", s.address(), err)
	}
	return fmt.Errorf("%s: %w", s.address(), err)
}
