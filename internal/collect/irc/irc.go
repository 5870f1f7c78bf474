// Package irc reads along in channels of IRC networks (RFC 1459 and 2812, IRCv3). It joins the
// channels that it is given and says nothing there.
package irc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads along in channels.
var Connector = collect.Connector{
	Name:        "irc",
	About:       "messages and topics of channels of an IRC network, as they are said",
	Proven:      "ngIRCd 26.1; InspIRCd 3.15 with Atheme 7.2 (the command CHATHISTORY on a server of our own)",
	Reliability: 'F',
	Ports:       []uint16{securePort, plainPort},
	Live:        true,
	Settings:    settings{},
	Open:        open,
}

const (
	securePort, plainPort = 6697, 6667
	// silence is how long a server says nothing before it is asked whether it is there, and
	// then until it is taken for gone.
	silence = 100 * time.Second
	// mostChannels is how many channels a source joins.
	mostChannels = 50
	// longestName bounds a nick and a channel, in bytes.
	longestName = 64
)

type settings struct {
	Server         string         `json:"server" help:"Host of the network, such as irc.example.net."`
	Port           int            `json:"port" help:"Its port; 6697 if missing, 6667 without TLS."`
	Plain          bool           `json:"plain" help:"Speak without TLS: who stands between reads and changes all."`
	Network        string         `json:"network" help:"What handles and channels are called after; the server if missing."`
	Nick           string         `json:"nick" help:"Nick to read under."`
	Realname       string         `json:"realname" help:"What others are shown of who reads; the name of this program if missing."`
	Channels       []string       `json:"channels" help:"Channels to join, such as #malware."`
	Account        string         `json:"account" help:"Account to log in to (SASL PLAIN); the nick if missing."`
	Password       collect.Secret `json:"password" help:"Its password; without one nobody logs in."`
	ServerPassword collect.Secret `json:"server_password" help:"Password of the server itself, where it wants one."`
}

type network struct {
	collect.Env
	settings
	past bool // what is given just now was said before, and could be asked for again
}

// Fleeting implements collect.Fleeting: IRC replays nothing, and throws out who reads slowly.
func (n *network) Fleeting() bool { return !n.past }

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if s.Port == 0 {
		s.Port = securePort
		if s.Plain {
			s.Port = plainPort
		}
	}
	s.Network, s.Account = cmp.Or(s.Network, strings.ToLower(s.Server)), cmp.Or(s.Account, s.Nick)
	return &network{Env: env, settings: s}, s.check()
}

func (s settings) check() error {
	secret := s.Password != "" || s.ServerPassword != ""
	switch {
	case s.Server == "":
		return errors.New("server is missing")
	case strings.ContainsAny(s.Server, " :/@") || !word(s.Server):
		return fmt.Errorf("server: %q is no host such as irc.example.net; its port stands apart", s.Server)
	case s.Port < 1 || s.Port > 65535:
		return fmt.Errorf("port: %d is none", s.Port)
	case strings.ContainsRune(s.Network, '/') || !word(s.Network):
		return fmt.Errorf("network: %q is no name of one word", s.Network)
	case s.Nick == "":
		return errors.New("nick is missing")
	case !word(s.Nick) || strings.ContainsAny(s.Nick[:1], "#&:@+0123456789-"):
		return fmt.Errorf("nick: %q is none such as reader", s.Nick)
	case strings.ContainsAny(s.Realname+s.Account, "\r\n\x00") || len(s.Realname)+len(s.Account) > 200:
		return errors.New("realname or account: it is too long, or has more than a line")
	case len(s.Channels) == 0:
		return errors.New("channels are missing")
	case len(s.Channels) > mostChannels:
		return fmt.Errorf("channels: %d at most", mostChannels)
	case secret && s.Plain && !strings.HasSuffix(strings.ToLower(s.Server), ".onion"):
		return errors.New("plain: a password goes over no line that others can read; use TLS")
	}
	for _, c := range s.Channels {
		if c == "" || !strings.ContainsAny(c[:1], "#&+!") || strings.Contains(c, ",") || !word(c) {
			return fmt.Errorf("channels: %q is none such as #malware", c)
		}
	}
	return nil
}

// word reports whether a name is one word of bounded length.
func word(name string) bool {
	return name != "" && len(name) <= longestName && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// Collect implements collect.Source.
func (n *network) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	s := &session{network: n, emit: emit, nick: n.Nick, has: map[string]bool{}, batches: map[string]*replay{}}
	if err := s.places(from); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	line := fetch.Line{Host: n.Server, Port: uint16(n.Port), TLS: !n.Plain, Silence: silence}
	conn, err := n.Fetch.Dial(ctx, line)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	s.conn, s.lines = conn, lines{from: conn}
	err = s.register()
	if err == nil {
		err = s.follow()
	}
	if ctx.Err() != nil {
		return ctx.Err() // it closed the connection
	}
	return err
}
