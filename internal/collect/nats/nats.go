// Package nats reads messages of NATS: those of a stream of JetStream, which are read on from
// where they were read up to, or those of a subject as they are said.
//
// It acknowledges nothing and takes nothing away from other readers.
package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads messages.
var Connector = collect.Connector{
	Name:        "nats",
	About:       "log lines or documents from NATS: a stream of JetStream, or a subject",
	Proven:      "nats-server 2.15 (subjects, JetStream, TLS before and after its greeting; password, token, nkey)",
	Reliability: 'F',
	Ports:       []uint16{usualPort},
	Live:        true,
	Telemetry:   true,
	Settings:    settings{},
	Open:        open,
}

const (
	usualPort = 4222
	// longestName bounds a subject and a stream, in bytes.
	longestName = 255
	// mostWaiting is how many messages of a subject wait to be read, and mostBytes how many
	// bytes of them: what comes beyond is lost.
	mostWaiting, mostBytes = 100_000, 32 << 20
)

type settings struct {
	Server    string         `json:"server" help:"Host of the server, such as nats.example.net."`
	Port      int            `json:"port" help:"Its port; 4222 if missing."`
	Plain     bool           `json:"plain" help:"Speak without TLS: who stands between reads and changes all."`
	TLSFirst  bool           `json:"tls_first" help:"Encrypt before the server says a word (its handshake_first)."`
	Stream    string         `json:"stream" help:"Stream of JetStream to read, from its first message on."`
	Subject   string         `json:"subject" help:"Subject to read, such as logs.>; of a stream, all if missing. Without a stream, what is said while nobody reads is lost."`
	Documents bool           `json:"documents" help:"Messages are documents, one JSON object a line, and no lines to be hunted."`
	User      string         `json:"user" help:"User to log in as."`
	Password  collect.Secret `json:"password" help:"Its password."`
	Token     collect.Secret `json:"token" help:"Token to log in with, in place of a user."`
	NKey      collect.Secret `json:"nkey" help:"Seed of an nkey to log in with (SU…), in place of a user."`
}

type source struct {
	collect.Env
	settings
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	s.Port = cmp.Or(s.Port, usualPort)
	return &source{env, s}, s.check()
}

func (s settings) check() error {
	ways := 0
	for _, given := range []bool{s.User != "", s.Token != "", s.NKey != ""} {
		if given {
			ways++
		}
	}
	switch {
	case s.Server == "":
		return errors.New("server is missing")
	case strings.ContainsAny(s.Server, "/@") || strings.Contains(s.Server, " "):
		return fmt.Errorf("server: %q is no host such as nats.example.net; its port stands apart", s.Server)
	case s.Port < 1 || s.Port > 65535:
		return fmt.Errorf("port: %d is none", s.Port)
	case s.Plain && s.TLSFirst:
		return errors.New("plain and tls_first: one of them at most")
	case s.Stream == "" && s.Subject == "":
		return errors.New("stream or subject is missing: what is to be read")
	case s.Stream != "" && (!word(s.Stream) || strings.ContainsAny(s.Stream, `.*>/\`)):
		return fmt.Errorf("stream: %q is no name such as LOGS", s.Stream)
	case s.Subject != "" && (!word(s.Subject) || strings.HasPrefix(s.Subject, ".") || strings.HasSuffix(s.Subject, ".") || strings.Contains(s.Subject, "..")):
		return fmt.Errorf("subject: %q is none such as logs.>", s.Subject)
	case ways > 1:
		return errors.New("user, token and nkey are three ways to log in; give one")
	case (s.User == "") != (s.Password == ""):
		return errors.New("user and password go together")
	case s.Plain && (s.Password != "" || s.Token != "") && !collect.Here(s.Server):
		return errors.New("plain: a password or token goes over no line that others can read; use TLS, or an nkey")
	}
	return nil
}

// word reports whether a name is one word of bounded length.
func word(name string) bool {
	return len(name) <= longestName && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// Documents implements collect.Documented.
func (s *source) Documents() bool { return s.settings.Documents }

// Fleeting implements collect.Fleeting: a subject without a stream has no memory.
func (s *source) Fleeting() bool { return s.Stream == "" }

// Collect implements collect.Source.
func (s *source) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	at, err := readPlace(from)
	if err != nil {
		return err
	}
	within, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	o, err := s.options(within, stop)
	if err != nil {
		return err
	}
	c, err := o.Connect()
	if err == nil {
		defer c.Close()
		if s.Stream != "" {
			err = s.stream(within, c, at, emit)
		} else {
			err = s.subject(within, c, emit)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err() // it closed the connection
	}
	if cause := context.Cause(within); cause != nil {
		err = cause
	}
	return s.failed(c, err)
}

// subject reads what is said under a subject.
func (s *source) subject(ctx context.Context, c *client.Conn, emit collect.Emit) error {
	sub, err := c.SubscribeSync(s.Subject)
	if err != nil {
		return err
	}
	if err := sub.SetPendingLimits(mostWaiting, mostBytes); err != nil {
		return err
	}
	lost := 0
	for n := 1; ; n++ {
		m, err := sub.NextMsgWithContext(ctx)
		if errors.Is(err, client.ErrSlowConsumer) {
			now, err := sub.Dropped()
			if err != nil {
				return err
			}
			s.Noticed(fmt.Errorf("%d messages were lost: they came faster than they could be read; a stream of JetStream keeps them", now-lost))
			lost = now
			continue
		}
		if err != nil {
			return err
		}
		now := s.Now().UTC()
		docs, err := collect.Message{Queue: s.Subject, Key: []string{now.Format(time.RFC3339Nano), fmt.Sprint(n)}, Sent: now, Body: m.Data}.Of(s, s.Env)
		if err != nil {
			return err
		}
		for _, doc := range docs {
			if err := emit(doc, ""); err != nil {
				return err
			}
		}
	}
}

// sign proves to the server that one holds an nkey, without telling it.
func sign(seed string) (public string, proof func(nonce []byte) ([]byte, error), err error) {
	pair, err := nkeys.FromSeed([]byte(strings.TrimSpace(seed)))
	if err == nil {
		public, err = pair.PublicKey()
	}
	if err != nil || !nkeys.IsValidPublicUserKey(public) {
		return "", nil, errors.New("it is no seed of a user, which begins with SU")
	}
	return public, pair.Sign, nil
}
