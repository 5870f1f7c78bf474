// Package mailbox follows a mailbox: folders of a server that speaks IMAP4rev1 (RFC 3501), a
// Maildir or an mbox file of this machine. Each message is a document, read as package mail
// reads it.
//
// A mailbox is only looked at: folders are opened by EXAMINE and messages fetched by BODY.PEEK,
// so that none is marked as seen, and nothing is moved, sent or deleted. A server that can IDLE
// tells of new messages as they come; others are asked at intervals.
package mailbox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector follows mailboxes.
var Connector = collect.Connector{
	Name:        "mailbox",
	About:       "messages of a mailbox: folders of an IMAP server, a Maildir or an mbox file",
	Every:       time.Minute,
	Reliability: 'C',
	Proven:      "Dovecot 2.3, over IMAP with and without TLS, and Maildirs that it wrote",
	Ports:       []uint16{993, 143},
	Settings:    settings{},
	Open:        open,
}

// The ways to a server.
const (
	wayTLS      = "tls"      // at once
	waySTARTTLS = "starttls" // after a word in the clear
	wayPlain    = "plain"    // never
)

const (
	// mostFolders is how many folders of one server are read.
	mostFolders = 50
	// maxWhole is how many bytes a message may have that is read whole; of a longer one the
	// first beginning are, in which header and text stand.
	maxWhole, beginning = 8 << 20, 1 << 20
)

type settings struct {
	Host     string         `json:"host" help:"Server that speaks IMAP, such as imap.example.org."`
	Port     int            `json:"port" help:"Its port: 993 if missing, 143 if security is starttls or plain."`
	Security string         `json:"security" help:"tls (if missing), starttls, or plain, which shows the password to whoever listens."`
	User     string         `json:"user" help:"Name to log in with."`
	Password collect.Secret `json:"password" help:"Where the password stands."`
	Token    collect.Secret `json:"token" help:"Where an OAuth 2 access token stands, in place of a password (XOAUTH2)."`
	Folders  []string       `json:"folders" help:"Folders to read: INBOX if missing. The first is told of at once, others within a minute."`
	Poll     bool           `json:"poll" help:"Ask at intervals, also where the server could tell of new messages as they come."`
	Path     string         `json:"path" help:"Maildir or mbox file of this machine, in place of a server."`
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if s.Path != "" {
		if s.Host != "" || s.User != "" || s.Password != "" || s.Token != "" {
			return nil, errors.New("path and host are two mailboxes; give one")
		}
		return &local{Env: env, path: strings.Trim(s.Path, "/")}, nil
	}
	if err := s.complete(); err != nil {
		return nil, err
	}
	return &server{Env: env, settings: s}, nil
}

// complete checks the settings of a server and fills in what is missing.
func (s *settings) complete() error {
	s.Security = cmp.Or(s.Security, wayTLS)
	if s.Port == 0 {
		s.Port = 993
		if s.Security != wayTLS {
			s.Port = 143
		}
	}
	if len(s.Folders) == 0 {
		s.Folders = []string{"INBOX"}
	}
	slices.Sort(s.Folders[1:])
	s.Folders = slices.Compact(s.Folders)
	unprintable := func(name string) bool {
		return strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
	}
	switch {
	case s.Host == "":
		return errors.New("host is missing (or path, of a mailbox of this machine)")
	case strings.ContainsAny(s.Host, ":/@ "):
		return fmt.Errorf("host: %w: a name such as imap.example.org is wanted", intel.ErrInvalid)
	case s.Port < 1 || s.Port > 65535:
		return fmt.Errorf("port: %d is none", s.Port)
	case !slices.Contains([]string{wayTLS, waySTARTTLS, wayPlain}, s.Security):
		return fmt.Errorf("security: %q is none of tls, starttls and plain", s.Security)
	case s.User == "" || unprintable(s.User):
		return errors.New("user is missing, or no name")
	case (s.Password == "") == (s.Token == ""):
		return errors.New("password or token is missing; one of them is given, by where it stands")
	case len(s.Folders) > mostFolders:
		return fmt.Errorf("folders: there are more than %d; make several sources of them", mostFolders)
	case slices.ContainsFunc(s.Folders, func(f string) bool { return f == "" || len(f) > 255 || unprintable(f) }):
		return errors.New("folders: one of them has no name")
	}
	return nil
}
