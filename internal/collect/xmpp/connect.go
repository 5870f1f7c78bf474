package xmpp

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"mellium.im/sasl"
	"mellium.im/xmpp"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
)

const (
	// within is how long a server may take to log one in.
	within = time.Minute
	// longestGreeting bounds what a server says before it lets one in, and longest a stanza, in bytes.
	longestGreeting, longest = 64 << 10, 1 << 20
	// fewestRounds and mostRounds are how often a server may have a password hashed (SCRAM):
	// fewer are soon guessed, and more take long.
	fewestRounds, mostRounds = 4096, 1_000_000
)

// errTooLong means that a server sends what has no end.
var errTooLong = errors.New("what comes has no end of a stanza; that is no XMPP server")

// A connection is what a server says, stanza by stanza.
type connection struct {
	wire   *wire
	tokens *tokens
	dec    *xml.Decoder
}

// connect connects and logs in. Streams, login and name are agreed on by the client of mellium.im.
func (s *server) connect(ctx context.Context) (*connection, error) {
	password, err := s.Reveal(s.Password)
	if err != nil {
		return nil, err
	}
	line := fetch.Line{Host: s.Server, Name: s.user.Domainpart(), Port: uint16(s.Port), TLS: s.Security != wayPlain, Silence: 2 * s.silence}
	if s.Security == waySTARTTLS {
		line.Before = s.startTLS
	}
	conn, err := s.Fetch.Dial(ctx, line)
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: conn, left: longestGreeting, by: time.Now().Add(within)}
	agreed, err := xmpp.NewSession(ctx, s.user.Domain(), s.user, w, xmpp.Secure, xmpp.NewNegotiator(func(*xmpp.Session, *xmpp.StreamConfig) xmpp.StreamConfig {
		return xmpp.StreamConfig{Features: []xmpp.StreamFeature{bindings(), s.login(password), xmpp.BindResource()}}
	}))
	switch {
	case err != nil:
		err = s.refused(err)
	case agreed.State()&xmpp.Authn == 0:
		err = s.failed("it took us in without a login, which it does not offer now")
	case agreed.LocalAddr().Resourcepart() == "":
		err = s.failed("it gives us no name to be told anything by")
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	w.asks, w.wait = true, s.silence
	t := &tokens{from: agreed.TokenReader()}
	return &connection{w, t, xml.NewTokenDecoder(t)}, nil
}

// refused tells in plain words why a server does not log one in.
func (s *server) refused(err error) error {
	for _, why := range conditions(err) {
		switch why {
		case "not-authorized", "invalid-authzid", "account-disabled", "credentials-expired":
			return collect.Permanent(s.failed(fmt.Sprintf("it does not accept the account %s with its password: %s", s.user, collect.OneLine(err.Error(), 200))))
		case "host-unknown":
			return collect.Permanent(s.failed("it is no server of accounts of " + s.user.Domainpart()))
		}
	}
	if errors.Is(err, sasl.ErrAuthn) {
		return s.failed("it does not prove that it knows the account: it may be another server")
	}
	return fmt.Errorf("%s: %w", s.Server, err)
}

// conditions are the elements that an error of XMPP has, which say what is wrong.
func conditions(err error) (names []string) {
	var told interface{ TokenReader() xml.TokenReader }
	if !errors.As(err, &told) {
		return nil
	}
	for r := told.TokenReader(); len(names) < 8; {
		tok, err := r.Token()
		if start, ok := tok.(xml.StartElement); ok {
			names = append(names, start.Name.Local)
		}
		if err != nil || tok == nil {
			break
		}
	}
	return names
}

// bindings reads by what a server can tie a login to TLS (XEP-0440).
func bindings() xmpp.StreamFeature {
	return xmpp.StreamFeature{
		Name: xml.Name{Space: nsBindings, Local: "sasl-channel-binding"},
		Parse: func(_ context.Context, d *xml.Decoder, start *xml.StartElement) (bool, any, error) {
			var b struct {
				Kinds []struct {
					Type string `xml:"type,attr"`
				} `xml:"channel-binding"`
			}
			err := d.DecodeElement(&b, start)
			var kinds []string
			for _, k := range b.Kinds {
				kinds = append(kinds, k.Type)
			}
			return false, kinds, err
		},
	}
}

// login proves that we know a password.
func (s *server) login(password string) xmpp.StreamFeature {
	f := xmpp.SASL("", password, sasl.ScramSha256)
	f.Negotiate = func(ctx context.Context, session *xmpp.Session, data any) (xmpp.SessionState, io.ReadWriter, error) {
		offered, _ := data.([]string)
		kinds, _ := session.Feature(nsBindings)
		bound, _ := kinds.([]string)
		ways := ways(session.ConnectionState(), bound)
		if !slices.ContainsFunc(ways, func(m sasl.Mechanism) bool { return slices.Contains(offered, m.Name) }) {
			return 0, nil, collect.Permanent(errors.New("it offers no login by SCRAM-SHA-1 or -256, or by PLAIN over TLS"))
		}
		return xmpp.SASL("", password, ways...).Negotiate(ctx, session, data)
	}
	return f
}

// ways are the ways to log in, the best first. What is bound to TLS is so where the server says
// by what, for not all can by the same; a password goes over TLS alone.
func ways(state tls.ConnectionState, bound []string) (all []sasl.Mechanism) {
	secure := state.Version != 0
	if state.Version >= tls.VersionTLS13 && slices.Contains(bound, "tls-exporter") || state.Version == tls.VersionTLS12 && slices.Contains(bound, "tls-unique") {
		all = append(all, sasl.ScramSha256Plus, sasl.ScramSha1Plus)
	}
	all = append(all, sasl.ScramSha256, sasl.ScramSha1)
	for i := range all {
		all[i] = guarded(all[i])
	}
	if secure {
		all = append(all, sasl.Plain)
	}
	return all
}

// guarded is a way to log in that looks at what the server says before the library does, which
// goes on without end where a part of it is short, and hashes as often as it is told.
func guarded(m sasl.Mechanism) sasl.Mechanism {
	next := m.Next
	m.Next = func(n *sasl.Negotiator, challenge []byte, data any) (bool, []byte, any, error) {
		if err := sound(challenge); err != nil {
			return false, nil, nil, err
		}
		return next(n, challenge, data)
	}
	return m
}

// sound returns an error unless what a server says in SCRAM has its form (RFC 5802).
func sound(challenge []byte) error {
	for field := range bytes.SplitSeq(challenge, []byte(",")) {
		if len(field) < 3 || field[1] != '=' {
			return errors.New("what it says to log us in has not the form of SCRAM")
		}
		if field[0] != 'i' {
			continue
		}
		if n, err := strconv.Atoi(string(field[2:])); err != nil || n < fewestRounds || n > mostRounds {
			return fmt.Errorf("it wants the password hashed %.12q times, which is none of %d to %d", field[2:], fewestRounds, mostRounds)
		}
	}
	return nil
}

// startTLS says in the clear that TLS is wanted, and reads no further than the word that it is
// at hand. Nothing else is told to a server without.
func (s *server) startTLS(conn net.Conn) error {
	if _, err := fmt.Fprintf(conn, "<?xml version='1.0'?><stream:stream xmlns='%s' xmlns:stream='%s' version='1.0' to='%s'>", nsClient, nsStream, escaped(s.user.Domainpart())); err != nil {
		return err
	}
	d := xml.NewDecoder(&bytewise{conn: conn, left: longestGreeting})
	for {
		tok, err := d.Token()
		if err != nil {
			return fmt.Errorf("what answers there is no XMPP server: %w", err)
		}
		start, ok := tok.(xml.StartElement)
		switch {
		case !ok || start.Name == xml.Name{Space: nsStream, Local: "stream"}:
		case start.Name == xml.Name{Space: nsStream, Local: "features"}:
			var f features
			if err := d.DecodeElement(&f, &start); err != nil {
				return err
			}
			if f.StartTLS == nil {
				return collect.Permanent(errors.New("the server offers no TLS here (STARTTLS); it may at another port, with security tls"))
			}
			if _, err := fmt.Fprintf(conn, "<starttls xmlns='%s'/>", nsTLS); err != nil {
				return err
			}
		case start.Name == xml.Name{Space: nsTLS, Local: "proceed"}:
			return d.Skip()
		default:
			return fmt.Errorf("the server does not begin TLS: it says %s", collect.OneLine(start.Name.Local, 40))
		}
	}
}

// bytewise reads a connection byte by byte, and so nothing behind what is wanted.
type bytewise struct {
	conn net.Conn
	left int
	one  [1]byte
}

// ReadByte implements io.ByteReader.
func (b *bytewise) ReadByte() (byte, error) {
	if b.left--; b.left < 0 {
		return 0, errTooLong
	}
	_, err := io.ReadFull(b.conn, b.one[:])
	return b.one[0], err
}

// Read implements io.Reader.
func (b *bytewise) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	p[0], err = b.ReadByte()
	if err != nil {
		return 0, err
	}
	return 1, nil
}

// A wire is a connection on which a stanza is bounded in bytes, and in time however slowly it
// comes. A server that says nothing is asked once whether it is there.
type wire struct {
	net.Conn
	left  int       // bytes that what is read may have
	by    time.Time // when it is to be whole
	wait  time.Duration
	asks  bool // whether it may be asked
	asked bool
}

// done notes that a stanza was read whole.
func (w *wire) done() { w.left, w.by, w.asked = longest, time.Now().Add(w.wait), false }

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	for {
		if w.left <= 0 {
			return 0, errTooLong
		}
		if err := w.SetReadDeadline(w.by); err != nil {
			return 0, err
		}
		n, err := w.Conn.Read(p)
		w.left -= n
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if !w.asks || w.asked {
			return 0, errors.New("it says nothing, or nothing whole, for too long")
		}
		w.asked, w.by = true, time.Now().Add(w.wait)
		if _, err := fmt.Fprintf(w.Conn, "<iq type='get' id='there'><ping xmlns='%s'/></iq>", nsPing); err != nil {
			return 0, err
		}
	}
}

// ConnectionState tells what was agreed on for TLS.
func (w *wire) ConnectionState() tls.ConnectionState {
	if c, ok := w.Conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		return c.ConnectionState()
	}
	return tls.ConnectionState{}
}
