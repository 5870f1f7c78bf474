package irc

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
)

const (
	// mostGreeting is how many lines a server may say before it takes one in.
	mostGreeting = 2000
	// nicks is how many are tried where one is in use.
	nicks = 4
	// chunk is how much of an answer goes into one line of AUTHENTICATE.
	chunk = 400
)

// An opening is how far registering has come.
type opening struct {
	*session
	offers  map[string]string // what the server can do, with its value
	asked   int               // requests of it without an answer
	started bool              // everything is asked for
	logged  bool              // in to the account
	ended   bool              // nothing more is asked for
	tried   int               // nicks
}

// register says who reads, logs in if there is a password, and agrees on what makes times and
// the past known.
func (s *session) register() error {
	o := &opening{session: s, offers: map[string]string{}}
	if err := o.greet(); err != nil {
		return err
	}
	for range mostGreeting {
		m, err := s.next()
		if err != nil {
			return err
		}
		if m.command == "001" {
			if s.Password != "" && !o.logged {
				return s.failed("it took us in without a login, which it does not offer now")
			}
			s.nick = cmp.Or(m.param(0), s.nick)
			return nil
		}
		if err := o.answer(m); err != nil {
			return err
		}
	}
	return s.failed("it says much and does not take us in")
}

// greet says who reads.
func (o *opening) greet() error {
	if o.ServerPassword != "" {
		password, err := o.Reveal(o.ServerPassword)
		if err != nil {
			return err
		}
		if strings.ContainsAny(password, "\r\n\x00") {
			return collect.Permanent(fmt.Errorf("%s: server_password has more than a line", o.Server))
		}
		if err := o.send("PASS :" + password); err != nil {
			return err
		}
	}
	real := o.Realname
	if real == "" {
		real = cmp.Or(o.Fetch.UserAgent, "portent")
	}
	return o.send("CAP LS 302", "NICK "+o.Nick, "USER "+user(o.Nick)+" 0 * :"+real)
}

// user is a nick as the name of a user: letters and digits alone.
func user(nick string) string {
	name := strings.Map(func(r rune) rune {
		if r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9' {
			return r | 0x20
		}
		return -1
	}, nick)
	return cmp.Or(name[:min(len(name), 9)], "reader")
}

// answer takes in what a server says before it takes one in.
func (o *opening) answer(m message) error {
	switch m.command {
	case "PING":
		return o.send("PONG :" + m.last())
	case "ERROR":
		err := o.failed("it ends the connection: " + shown(m.last()))
		if strings.Contains(strings.ToLower(m.last()), "password") {
			return collect.Permanent(err)
		}
		return err
	case "CAP":
		return o.capability(m)
	case "AUTHENTICATE":
		return o.authenticate()
	case "903":
		o.logged = true
		return o.end()
	case "902", "904", "905", "906", "908":
		return collect.Permanent(o.failed(fmt.Sprintf("it does not accept the account %s with its password: %s", o.Account, shown(m.last()))))
	case "432":
		return collect.Permanent(o.failed(fmt.Sprintf("it does not accept the nick %s: %s", o.nick, shown(m.last()))))
	case "433", "436", "437":
		if o.tried++; o.tried == nicks {
			return o.failed("the nick is in use, with up to three _ behind it too")
		}
		o.nick += "_"
		return o.send("NICK " + o.nick)
	case "464":
		return collect.Permanent(o.failed("it does not accept its password: " + shown(m.last())))
	case "465":
		return collect.Permanent(o.failed("we are banned from it: " + shown(m.last())))
	}
	return nil
}

// capabilities is what is asked for, of what a server has.
func (o *opening) capabilities() (want []string) {
	for _, c := range []string{"message-tags", "server-time", "batch", chatHistory, draftChatHistory} {
		if _, ok := o.offers[c]; ok {
			want = append(want, c)
		}
	}
	if methods, ok := o.offers["sasl"]; ok && o.Password != "" && (methods == "" || slices.Contains(strings.Split(methods, ","), "PLAIN")) {
		want = append(want, "sasl")
	}
	return want
}

// capability takes in what a server can do and does.
func (o *opening) capability(m message) error {
	list := strings.Fields(m.last())
	switch strings.ToUpper(m.param(1)) {
	case "LS":
		for _, c := range list[:min(len(list), 200)] {
			name, value, _ := strings.Cut(c, "=")
			o.offers[name] = value
		}
		if m.param(2) == "*" && len(m.params) > 3 || o.started {
			return nil // more follows
		}
		o.started = true
		for _, c := range o.capabilities() {
			o.asked++
			if err := o.send("CAP REQ :" + c); err != nil {
				return err
			}
		}
	case "ACK":
		o.asked -= len(list)
		for _, c := range list {
			o.has[c] = true
		}
		if slices.Contains(list, "sasl") {
			if err := o.send("AUTHENTICATE PLAIN"); err != nil {
				return err
			}
		}
	case "NAK":
		o.asked -= len(list)
	default:
		return nil
	}
	return o.end()
}

// authenticate tells account and password (RFC 4616).
func (o *opening) authenticate() error {
	password, err := o.Reveal(o.Password)
	if err != nil {
		return err
	}
	text := base64.StdEncoding.EncodeToString([]byte(o.Account + "\x00" + o.Account + "\x00" + password))
	for len(text) >= chunk {
		if err := o.send("AUTHENTICATE " + text[:chunk]); err != nil {
			return err
		}
		text = text[chunk:]
	}
	return o.send("AUTHENTICATE " + cmp.Or(text, "+"))
}

// end ends agreeing once everything that was asked for is answered.
func (o *opening) end() error {
	if o.ended || o.asked > 0 || o.has["sasl"] && !o.logged {
		return nil
	}
	if o.Password != "" && !o.logged {
		return o.failed("it offers no login by SASL PLAIN now; without password in the entry it is read without one")
	}
	o.ended = true
	return o.send("CAP END")
}

// failed is an error of the server.
func (s *session) failed(what string) error { return fmt.Errorf("%s: %s", s.Server, what) }

// silent reports whether an error is that of a server that said nothing.
func silent(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
