// Package nntp reads newsgroups of a server that speaks NNTP (RFC 3977), such as those of Usenet.
// Each article is a document, read as package mail reads messages.
//
// A server numbers the articles of a group, and those behind the last that was read are asked
// for. Articles are known by their Message-ID, wherever they stand. Nothing is ever posted or
// offered: what is said to a server is MODE READER, AUTHINFO, GROUP, STAT, OVER, ARTICLE and QUIT.
package nntp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads newsgroups.
var Connector = collect.Connector{
	Name:        "nntp",
	About:       "articles of newsgroups, of a server that speaks NNTP",
	Every:       15 * time.Minute,
	Reliability: 'F',
	Proven:      "INN 2.7.1, over TLS, with and without a login",
	Ports:       []uint16{securePort, plainPort},
	Settings:    settings{},
	Open:        open,
}

const (
	securePort, plainPort = 563, 119
	// mostGroups is how many groups of one server are read.
	mostGroups = 50
	// usually is how many articles of a group a first visit reads, mostLatest at most.
	usually, mostLatest = 200, 10_000
	// longestName bounds the names of groups and users, in bytes.
	longestName = 250
)

type settings struct {
	Server   string         `json:"server" help:"Host that speaks NNTP, such as news.example.net."`
	Port     int            `json:"port" help:"Its port; 563 if missing, 119 without TLS."`
	Plain    bool           `json:"plain" help:"Speak without TLS: who stands between reads and changes all."`
	Groups   []string       `json:"groups" help:"Newsgroups to read, such as comp.security.misc."`
	Latest   int            `json:"latest" help:"Articles of each group that its first visit reads, the latest: 200 if missing."`
	User     string         `json:"user" help:"Name to log in with, where the server wants one."`
	Password collect.Secret `json:"password" help:"Where its password stands."`
}

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
	if s.Latest == 0 {
		s.Latest = usually
	}
	return &server{Env: env, settings: s}, s.check()
}

func (s settings) check() error {
	switch {
	case s.Server == "":
		return errors.New("server is missing")
	case !word(s.Server) || strings.ContainsAny(s.Server, ":/@"):
		return fmt.Errorf("server: %q is no host such as news.example.net; its port stands apart", s.Server)
	case s.Port < 1 || s.Port > 65535:
		return fmt.Errorf("port: %d is none", s.Port)
	case len(s.Groups) == 0:
		return errors.New("groups are missing")
	case len(s.Groups) > mostGroups:
		return fmt.Errorf("groups: %d at most; make several sources of them", mostGroups)
	case s.Latest < 1 || s.Latest > mostLatest:
		return fmt.Errorf("latest: from 1 to %d", mostLatest)
	case (s.User == "") != (s.Password == ""):
		return errors.New("user and password are given both, or neither")
	case s.User != "" && !word(s.User):
		return errors.New("user: it is too long, or has blanks")
	case s.User != "" && s.Plain && !strings.HasSuffix(strings.ToLower(s.Server), ".onion"):
		return errors.New("plain: a password goes over no line that others can read; use TLS")
	}
	for i, g := range s.Groups {
		if !word(g) || strings.ContainsAny(g, "*?,!<>/") {
			return fmt.Errorf("groups: %q is none such as comp.security.misc", g)
		}
		if slices.Contains(s.Groups[:i], g) {
			return fmt.Errorf("groups: %q is there twice", g)
		}
	}
	return nil
}

// word reports whether a name is one word of bounded length.
func word(name string) bool {
	return name != "" && len(name) <= longestName && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// server is the newsgroups of a server.
type server struct {
	collect.Env
	settings
	// at is how far the groups are read, counting what gave no document, after the cursor last.
	at   *places
	last intel.Cursor
	// stuck is the article that the server failed to hand out last, and how often in a row.
	stuck stuck
}

// A place is how far a group is read.
type place struct {
	Since time.Time `json:"since"` // when it was first visited
	Live  uint64    `json:"live"`  // the first number that was not there when it was numbered so
	Last  uint64    `json:"last"`  // the last number that was looked at
	ID    string    `json:"id,omitempty"`
}

// places are the cursor: whose numbers they are, how far groups are read, by name, and which
// articles were kept.
type places struct {
	Server string           `json:"server"`
	Groups map[string]place `json:"groups"`
	Seen   intel.Cursor     `json:"seen"`

	seen collect.Seen
}

func newPlaces(from intel.Cursor) (*places, error) {
	p := &places{}
	if from != "" {
		if err := json.Unmarshal([]byte(from), p); err != nil {
			return nil, collect.Permanent(fmt.Errorf("cursor: %w", intel.ErrInvalid))
		}
	}
	if p.Groups == nil {
		p.Groups = map[string]place{}
	}
	var err error
	p.seen, err = collect.NewSeen(p.Seen)
	return p, err
}

// add notes that the article of a Message-ID is kept and returns the cursor from then on.
func (p *places) add(key ...string) (intel.Cursor, error) {
	p.Seen = p.seen.Add(key...)
	text, err := json.Marshal(p)
	return intel.Cursor(text), err
}

// Collect implements collect.Source.
func (s *server) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	if s.at == nil || from != s.last {
		at, err := newPlaces(from)
		if err != nil {
			return err
		}
		s.at, s.last = at, from
	}
	err := s.visit(ctx, emit)
	if ctx.Err() != nil {
		return ctx.Err() // it closed the connection
	}
	return err
}

// visit reads what is new in each group. One that cannot be read holds up no other.
func (s *server) visit(ctx context.Context, emit collect.Emit) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.conn.Close() }()
	r := &reading{server: s, client: c, emit: emit}
	var absent []error
	for _, name := range s.Groups {
		err := r.group(ctx, name)
		if err != nil && !errors.Is(err, errNoGroup) {
			return err
		}
		if err != nil {
			s.Reject("group "+name, err)
			absent = append(absent, fmt.Errorf("group %s: %w", name, err))
		}
	}
	if len(absent) == len(s.Groups) {
		return collect.Permanent(fmt.Errorf("%s: %w", s.Server, absent[0]))
	}
	_, _ = c.command(maxLine, 205, "QUIT") // it may go as it likes
	return nil
}
