package mailbox

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
)

const (
	// silence is how long a server may take for the next word of an answer.
	silence = time.Minute
	// mostReplies is how many replies one command may have.
	mostReplies = 4 << 20
)

// A refusal is a server's NO or BAD to a command.
type refusal struct {
	status
}

func (r *refusal) Error() string { return fmt.Sprintf("the server says %s: %s", r.word, r.text) }

// passing reports whether a server says that it will do better later.
func (r *refusal) passing() bool {
	code, _, _ := strings.Cut(strings.ToUpper(r.code), " ")
	switch code {
	case "UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN", "ALERT":
		return true
	}
	return r.word == "BAD"
}

// A client speaks to a server. It has no goroutine of its own.
type client struct {
	net.Conn
	in   *bufio.Reader
	tags int
	can  map[string]bool // what the server can, in upper case
	// news says that the server told of messages since a folder was opened.
	news bool
	// farewell is why the server ends the connection.
	farewell string
}

// dial connects to a server and logs in.
func (s *server) dial(ctx context.Context) (*client, error) {
	line := fetch.Line{Host: s.Host, Port: uint16(s.Port), TLS: s.Security != wayPlain, Silence: silence}
	if s.Security == waySTARTTLS {
		line.Before = startTLS
	}
	conn, err := s.Fetch.Dial(ctx, line)
	if err != nil {
		return nil, err
	}
	c := &client{Conn: conn, in: bufio.NewReaderSize(conn, 32<<10), can: map[string]bool{}}
	if err := c.greet(s); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", line, err), conn.Close())
	}
	return c, nil
}

// greet hears the greeting, which came before TLS if that was asked for, and logs in.
func (c *client) greet(s *server) error {
	known := false
	if s.Security != waySTARTTLS {
		r, err := readReply(c.in, 0)
		if err != nil {
			return err
		}
		greeting, _ := newStatus(strings.TrimPrefix(r.text, "* "))
		if known = c.learn(greeting); greeting.word == "PREAUTH" {
			return c.capabilities()
		}
		if greeting.word != "OK" {
			return fmt.Errorf("%w: it begins with %q", errMalformed, clip(r.text))
		}
	}
	if !known {
		if err := c.capabilities(); err != nil {
			return err
		}
	}
	return c.login(s)
}

// capabilities asks what the server can.
func (c *client) capabilities() error {
	_, err := c.command("CAPABILITY", func(reply) error { return nil })
	return err
}

// learn takes over what a status tells of what the server can.
func (c *client) learn(s status) bool {
	list, ok := s.coded("CAPABILITY")
	if ok {
		c.able(list)
	}
	return ok
}

func (c *client) able(list string) {
	clear(c.can)
	for _, name := range strings.Fields(strings.ToUpper(list)) {
		c.can[name] = true
	}
}

// login logs in.
func (c *client) login(s *server) error {
	where := s.Password
	if s.Token != "" {
		where = s.Token
	}
	secret, err := s.Reveal(where)
	if err != nil {
		return err
	}
	st, err := c.prove(s, secret)
	if r := (*refusal)(nil); errors.As(err, &r) {
		switch {
		case r.passing():
			return fmt.Errorf("log in as %s: %w", s.User, err)
		case s.Token != "": // whoever renews it may be late
			return fmt.Errorf("log in as %s: %w (the token in %s may have expired; it is read anew at each try)", s.User, err, where)
		}
		return collect.Permanent(fmt.Errorf("log in as %s: %w (is what stands in %s the password?)", s.User, err, where))
	}
	if err != nil {
		return fmt.Errorf("log in as %s: %w", s.User, err)
	}
	if !c.learn(st) {
		return c.capabilities()
	}
	return nil
}

// prove tells the server who asks, in the way that both know.
func (c *client) prove(s *server, secret string) (status, error) {
	switch {
	case s.Token != "" && !c.can["AUTH=XOAUTH2"]:
		return status{}, collect.Permanent(errors.New("the server takes no tokens (XOAUTH2); give a password"))
	case s.Token != "":
		return c.authenticate("XOAUTH2", "user="+s.User+"\x01auth=Bearer "+secret+"\x01\x01")
	case c.can["AUTH=PLAIN"]:
		return c.authenticate("PLAIN", "\x00"+s.User+"\x00"+secret)
	case c.can["LOGINDISABLED"]:
		return status{}, collect.Permanent(errors.New("the server takes no password on this way; security = \"starttls\" may be another"))
	}
	user, err := quoted(s.User)
	if err != nil {
		return status{}, collect.Permanent(fmt.Errorf("user: %w", err))
	}
	password, err := quoted(secret)
	if err != nil {
		return status{}, collect.Permanent(fmt.Errorf("password: %w", err))
	}
	return c.command("LOGIN "+user+" "+password, nil)
}

// authenticate logs in by a mechanism of one message. To a challenge that follows it, which
// tells of an error, it says nothing.
func (c *client) authenticate(mechanism, message string) (status, error) {
	answer := base64.StdEncoding.EncodeToString([]byte(message))
	return c.command("AUTHENTICATE "+mechanism, func(r reply) error {
		if !strings.HasPrefix(r.text, "+") {
			return nil
		}
		say := answer
		answer = ""
		return c.say(say)
	})
}

func (c *client) say(line string) error {
	_, err := c.Write([]byte(line + "\r\n"))
	return err
}

// command gives a command and hands what comes before the answer to each, or to nobody. An
// answer that is not OK is a refusal.
func (c *client) command(text string, each func(reply) error) (status, error) {
	c.tags++
	tag := "p" + strconv.Itoa(c.tags)
	if err := c.say(tag + " " + text); err != nil {
		return status{}, err
	}
	return c.answer(tag, each)
}

// answer reads up to the answer to the command of a tag.
func (c *client) answer(tag string, each func(reply) error) (status, error) {
	room := maxSent
	for range mostReplies {
		r, err := readReply(c.in, room)
		if err != nil {
			return status{}, c.ended(err)
		}
		for _, sent := range r.literals {
			room -= len(sent)
		}
		if rest, ok := strings.CutPrefix(r.text, tag+" "); ok {
			st, ok := newStatus(rest)
			switch {
			case !ok:
				return st, fmt.Errorf("%w: it answers %q", errMalformed, clip(rest))
			case st.word != "OK":
				return st, &refusal{st}
			}
			return st, nil
		}
		c.hear(r)
		if each != nil {
			if err := each(r); err != nil {
				return status{}, err
			}
		}
	}
	return status{}, fmt.Errorf("%w: one answer has more than %d lines", errMalformed, mostReplies)
}

// hear takes in what a server tells whatever it was asked.
func (c *client) hear(r reply) {
	rest := strings.TrimPrefix(r.text, "* ")
	if st, ok := newStatus(rest); ok {
		if st.word == "BYE" {
			c.farewell = st.text
		}
		return
	}
	word, value, _ := strings.Cut(rest, " ")
	switch {
	case strings.EqualFold(word, "CAPABILITY"):
		c.able(value)
	case strings.EqualFold(value, "EXISTS"):
		c.news = true
	}
}

// ended is why a connection is at its end.
func (c *client) ended(err error) error {
	switch {
	case c.farewell != "":
		return fmt.Errorf("%w, saying: %s", err, c.farewell)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the server said nothing for %v: %w", silence, err)
	}
	return err
}

// A folder is one that is open, to be looked at alone.
type folder struct {
	validity, next uint32 // next is 0 where the server does not tell
	empty          bool
}

// examine opens a folder.
func (c *client) examine(name string) (f folder, err error) {
	named, err := quoted(folderName(name))
	if err != nil {
		return f, collect.Permanent(fmt.Errorf("folder %q: %w", name, err))
	}
	_, err = c.command("EXAMINE "+named, func(r reply) error {
		rest := strings.TrimPrefix(r.text, "* ")
		f.empty = f.empty || strings.EqualFold(rest, "0 EXISTS")
		st, _ := newStatus(rest)
		for code, into := range map[string]*uint32{"UIDVALIDITY": &f.validity, "UIDNEXT": &f.next} {
			if value, ok := st.coded(code); ok {
				n, err := strconv.ParseUint(value, 10, 32)
				if err != nil {
					return fmt.Errorf("%w: %s is %q", errMalformed, code, clip(value))
				}
				*into = uint32(n)
			}
		}
		return nil
	})
	c.news = false
	if r := (*refusal)(nil); errors.As(err, &r) && !r.passing() {
		return f, collect.Permanent(fmt.Errorf("folder %q: %w", name, err))
	}
	if err != nil {
		return f, fmt.Errorf("folder %q: %w", name, err)
	}
	return f, nil
}

// wait waits for messages, most at most. A server that does not tell of them is left alone for a
// while.
func (c *client) wait(most time.Duration) error {
	if c.can["IDLE"] {
		return c.idle(most)
	}
	r, err := c.next(time.Now().Add(min(most, elsewhere)), true)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	if err != nil {
		return c.ended(err)
	}
	c.hear(r)
	return nil
}

// idle waits until the server tells of messages, wait at most.
func (c *client) idle(wait time.Duration) error {
	if c.news {
		return nil
	}
	c.tags++
	tag := "p" + strconv.Itoa(c.tags)
	if err := c.say(tag + " IDLE"); err != nil {
		return err
	}
	until := time.Now().Add(wait) // by the clock of the connection
	for waiting := false; !c.news || !waiting; {
		r, err := c.next(until, waiting)
		if errors.Is(err, os.ErrDeadlineExceeded) && waiting {
			break
		}
		if err != nil {
			return c.ended(err)
		}
		if strings.HasPrefix(r.text, tag+" ") {
			delete(c.can, "IDLE") // as it says
			return nil
		}
		waiting = waiting || strings.HasPrefix(r.text, "+")
		c.hear(r)
	}
	if err := c.say("DONE"); err != nil {
		return err
	}
	_, err := c.answer(tag, nil)
	return err
}

// next reads a reply, for whose beginning it waits as long as is said.
func (c *client) next(until time.Time, waiting bool) (reply, error) {
	if waiting {
		if err := c.SetReadDeadline(until); err != nil {
			return reply{}, err
		}
		_, err := c.in.Peek(1)
		if err := errors.Join(err, c.SetReadDeadline(time.Time{})); err != nil {
			return reply{}, cutShort(err)
		}
	}
	return readReply(c.in, maxSent)
}

// startTLS hears the greeting of a server and asks it for TLS, sign by sign: what comes behind
// the answer is TLS already.
func startTLS(conn net.Conn) error {
	line := func() (string, error) {
		var b []byte
		for one := make([]byte, 1); len(b) < maxLine; {
			if _, err := conn.Read(one); err != nil {
				return "", cutShort(err)
			}
			if b = append(b, one[0]); one[0] == '\n' {
				return strings.TrimRight(string(b), "\r\n"), nil
			}
		}
		return "", errMalformed
	}
	greeting, err := line()
	if err != nil {
		return err
	}
	if st, _ := newStatus(strings.TrimPrefix(greeting, "* ")); st.word != "OK" {
		return fmt.Errorf("%w: it begins with %q", errMalformed, clip(greeting))
	}
	if _, err := conn.Write([]byte("p0 STARTTLS\r\n")); err != nil {
		return err
	}
	for range 100 {
		text, err := line()
		if err != nil {
			return err
		}
		if rest, ok := strings.CutPrefix(text, "p0 "); ok {
			if st, _ := newStatus(rest); st.word != "OK" {
				return collect.Permanent(fmt.Errorf("the server offers no TLS on this port: %s", clip(rest)))
			}
			return nil
		}
	}
	return errMalformed
}
