// Package xmpp reads along in rooms of XMPP servers (multi-user chat, XEP-0045). It comes into
// the rooms that it is given and says nothing there.
package xmpp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mellium.im/xmpp/jid"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads along in rooms.
var Connector = collect.Connector{
	Name:        "xmpp",
	About:       "messages and subjects of rooms of an XMPP (Jabber) server, as they are said",
	Proven:      "Prosody 0.12.3, and by hand ejabberd 23.01 (rooms, their past and archive; STARTTLS and TLS)",
	Reliability: 'F',
	Ports:       []uint16{clearPort, securePort},
	Live:        true,
	Settings:    settings{},
	Open:        open,
}

const (
	clearPort, securePort = 5222, 5223
	// silence is how long a server says nothing before it is asked whether it is there, and
	// then until it is taken for gone.
	silence = time.Minute
	// mostRooms is how many rooms a source comes into.
	mostRooms = 50
)

// The ways to a server.
const (
	waySTARTTLS = "starttls" // after a word in the clear
	wayTLS      = "tls"      // at once
	wayPlain    = "plain"    // never
)

type settings struct {
	User         string         `json:"user" help:"Account to log in to, such as reader@example.org."`
	Password     collect.Secret `json:"password" help:"Its password."`
	Server       string         `json:"server" help:"Host of its server; what is behind the @ of user if missing. SRV records are not looked up."`
	Port         int            `json:"port" help:"Its port: 5222 if missing, 5223 if security is tls."`
	Security     string         `json:"security" help:"starttls (if missing), tls, or plain, to an onion service or this machine alone."`
	Rooms        []string       `json:"rooms" help:"Rooms to come into, such as malware@rooms.example.org."`
	Nick         string         `json:"nick" help:"Name to read under; what is before the @ of user if missing."`
	RoomPassword collect.Secret `json:"room_password" help:"Password of the room, where it wants one; rooms has that one alone then."`
}

type server struct {
	collect.Env
	settings
	user    jid.JID
	silence time.Duration
	pages   int  // of the past of a room that are asked for
	once    bool // what is given just now is of a room without an archive
}

// Fleeting implements collect.Fleeting: who reads slowly is thrown out, and an archive alone tells
// later what was said.
func (s *server) Fleeting() bool { return s.once }

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	user, err := jid.Parse(s.User)
	if err != nil || user.Localpart() == "" || user.Resourcepart() != "" {
		return nil, fmt.Errorf("user: %q is none such as reader@example.org", s.User)
	}
	s.Server, s.Nick = cmp.Or(s.Server, user.Domainpart()), cmp.Or(s.Nick, user.Localpart())
	if s.Security = cmp.Or(s.Security, waySTARTTLS); s.Port == 0 {
		s.Port = clearPort
		if s.Security == wayTLS {
			s.Port = securePort
		}
	}
	return &server{Env: env, settings: s, user: user, silence: silence, pages: mostPages}, s.check()
}

func (s settings) check() error {
	switch {
	case s.Password == "":
		return errors.New("password is missing")
	case strings.ContainsAny(s.Server, " :/@"):
		return fmt.Errorf("server: %q is no host such as xmpp.example.org; its port stands apart", s.Server)
	case s.Port < 1 || s.Port > 65535:
		return fmt.Errorf("port: %d is none", s.Port)
	case s.Security != waySTARTTLS && s.Security != wayTLS && s.Security != wayPlain:
		return fmt.Errorf("security: %q is none of starttls, tls and plain", s.Security)
	case s.Security == wayPlain && !collect.Here(s.Server):
		return errors.New("security: a password goes over no line that others can read; use starttls or tls")
	case len(s.Rooms) == 0:
		return errors.New("rooms are missing")
	case len(s.Rooms) > mostRooms:
		return fmt.Errorf("rooms: %d at most", mostRooms)
	case s.RoomPassword != "" && len(s.Rooms) > 1:
		return errors.New("room_password: others than its room would be told it; give that a source of its own")
	}
	for _, name := range s.Rooms {
		room, err := jid.Parse(name)
		if err != nil || room.Localpart() == "" || room.Resourcepart() != "" {
			return fmt.Errorf("rooms: %q is none such as malware@rooms.example.org", name)
		}
		if _, err := room.WithResource(s.Nick); err != nil {
			return fmt.Errorf("nick: %q is none such as reader", s.Nick)
		}
	}
	return nil
}

// Collect implements collect.Source.
func (s *server) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	v := &session{server: s, emit: emit}
	if err := v.places(from); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := v.visit(ctx)
	if ctx.Err() != nil {
		return ctx.Err() // it closed the connection
	}
	return err
}

// visit reads until the connection ends.
func (s *session) visit(ctx context.Context) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.wire.Close() }()
	s.connection = c
	return s.follow()
}

// failed is an error of the server.
func (s *server) failed(what string) error { return fmt.Errorf("%s: %s", s.Server, what) }
