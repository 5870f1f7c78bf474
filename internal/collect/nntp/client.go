package nntp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
)

const (
	// silence is how long a server may say nothing, and answering how long one answer may take.
	silence, answering = time.Minute, 5 * time.Minute
	// maxLine bounds an answer of one line, in bytes, maxOver that of what a group has, and
	// maxArticle an article that is read; of a longer one the rest is dropped, up to maxSent.
	maxLine, maxOver    = 4 << 10, 8 << 20
	maxArticle, maxSent = 4 << 20, 8 << 20
)

var (
	errTooLong = fmt.Errorf("%w: longer than %d MiB", collect.ErrTooLarge, maxArticle>>20)
	errEndless = errors.New("an answer has no end")
	errSlow    = fmt.Errorf("an answer takes longer than %v", answering)
)

// A client speaks to a server. It has no goroutine of its own.
type client struct {
	conn net.Conn
	in   *textproto.Reader
	out  *textproto.Writer
	room answer
	user string
	// overview is the command that tells what a group has; empty where there is none.
	overview string
}

// An answer is what a server may say to one command.
type answer struct {
	from  io.Reader
	room  int64
	until time.Time
	ended error // why there is no more of it, if a reader was told
}

// Read implements io.Reader.
func (a *answer) Read(p []byte) (n int, err error) {
	switch {
	case a.room <= 0:
		err = errEndless
	case time.Now().After(a.until):
		err = errSlow
	default:
		n, err = a.from.Read(p[:min(int64(len(p)), a.room)])
	}
	a.room, a.ended = a.room-int64(n), err
	return n, err
}

func newClient(conn net.Conn, user string) *client {
	c := &client{conn: conn, user: user, overview: "OVER", out: textproto.NewWriter(bufio.NewWriter(conn))}
	c.room.from = conn
	c.in = textproto.NewReader(bufio.NewReaderSize(&c.room, 32<<10))
	return c
}

// dial connects to a server and logs in.
func (s *server) dial(ctx context.Context) (*client, error) {
	line := fetch.Line{Host: s.Server, Port: uint16(s.Port), TLS: !s.Plain, Silence: silence}
	conn, err := s.Fetch.Dial(ctx, line)
	if err != nil {
		return nil, err
	}
	c := newClient(conn, s.User)
	if err := c.greet(s); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", line, err), conn.Close())
	}
	return c, nil
}

// greet hears the greeting, says that it reads and logs in.
func (c *client) greet(s *server) error {
	c.ready(maxLine)
	if _, err := c.answer(20); err != nil {
		return err
	}
	shy, err := c.reader()
	if err != nil || s.User == "" {
		return err
	}
	if err := c.login(s); err != nil {
		return err
	}
	if shy {
		_, err = c.reader()
	}
	return err
}

// reader says that who asks reads, which some servers are to be told; shy is one that wants a
// login first. Those that know of no such thing need it not.
func (c *client) reader() (shy bool, err error) {
	_, err = c.command(maxLine, 20, "MODE READER")
	switch code(err) {
	case 480:
		return true, nil
	case 500, 501:
		return false, nil
	}
	return false, err
}

// login logs in (RFC 4643).
func (c *client) login(s *server) error {
	password, err := s.Reveal(s.Password)
	if err != nil {
		return err
	}
	if strings.ContainsAny(password, "\r\n\x00") {
		return collect.Permanent(fmt.Errorf("what stands in %s is no password: it has more than a line", s.Password))
	}
	_, err = c.command(maxLine, 281, "AUTHINFO USER %s", s.User)
	if code(err) == 381 {
		_, err = c.command(maxLine, 281, "AUTHINFO PASS %s", password)
	}
	switch code(err) {
	case 481, 482, 452:
		return collect.Permanent(fmt.Errorf("log in as %s: %w (is what stands in %s the password?)", s.User, err, s.Password))
	case 0:
		return err
	}
	return fmt.Errorf("log in as %s: %w", s.User, err)
}

// ready begins an answer of so many bytes at most.
func (c *client) ready(room int64) { c.room.room, c.room.until = room, time.Now().Add(answering) }

// command gives a command, of which the answer begins with what is wanted: a code, or its first
// digits.
func (c *client) command(room int64, want int, format string, args ...any) (string, error) {
	c.ready(room)
	if err := c.out.PrintfLine(format, args...); err != nil {
		return "", err
	}
	return c.answer(want)
}

// answer reads the line that an answer begins with. What asking again does not cure is marked.
func (c *client) answer(want int) (string, error) {
	_, text, err := c.in.ReadCodeLine(want)
	if c.room.ended != nil { // amid the line, which would pass for a whole one
		err = c.room.ended
	}
	no, odd := (*textproto.Error)(nil), textproto.ProtocolError("")
	switch {
	case errors.As(err, &no):
		return "", c.refused(&textproto.Error{Code: no.Code, Msg: collect.OneLine(no.Msg, 200)})
	case errors.As(err, &odd):
		return "", fmt.Errorf("it speaks no NNTP: %s", collect.OneLine(string(odd), 200))
	case err != nil:
		return "", ended(err)
	}
	return text, nil
}

// refused is a refusal in plain words.
func (c *client) refused(no *textproto.Error) error {
	switch {
	case no.Code == 480 && c.user == "":
		return collect.Permanent(fmt.Errorf("it is read by those alone who log in, with user and password: %w", no))
	case no.Code == 480:
		return collect.Permanent(fmt.Errorf("it lets %s not read: %w", c.user, no))
	case no.Code == 483:
		return collect.Permanent(fmt.Errorf("it is read over TLS alone, without plain: %w", no))
	case no.Code == 502 && !strings.Contains(strings.ToLower(no.Msg), "too many"): // who reads at once
		return collect.Permanent(fmt.Errorf("it does not let whoever asks read: %w", no))
	}
	return fmt.Errorf("the server says %w", no)
}

// code is the code of a refusal, 0 of what is none.
func code(err error) int {
	if no := (*textproto.Error)(nil); errors.As(err, &no) {
		return no.Code
	}
	return 0
}

// gone reports whether a server says that an article is not there, or no longer.
func gone(err error) bool { return slices.Contains([]int{420, 423, 430}, code(err)) }

// ended is why a connection is at its end.
func ended(err error) error {
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the server ended the connection: %w", io.ErrUnexpectedEOF)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the server said nothing for %v: %w", silence, err)
	}
	return err
}

// group opens a group.
func (c *client) group(name string) (group, error) {
	text, err := c.command(maxLine, 211, "GROUP %s", name)
	switch {
	case err == nil:
		return readGroup(text)
	case code(err) == 411 || collect.IsPermanent(err):
		return group{}, fmt.Errorf("%w: %w", errNoGroup, err)
	}
	return group{}, fmt.Errorf("group %s: %w", name, err)
}

// stat is the Message-ID of the article of a number, as far as the server tells.
func (c *client) stat(number uint64) (string, error) {
	text, err := c.command(maxLine, 223, "STAT %d", number)
	return named(text), err
}

// over tells which articles the open group has from one number to another, in order. Of a server
// that does not tell, each may be there.
func (c *client) over(from, to uint64) ([]entry, error) {
	for c.overview != "" {
		_, err := c.command(maxOver, 224, "%s %d-%d", c.overview, from, to)
		switch code(err) {
		case 0:
			if err != nil {
				return nil, err
			}
			list, err := readOver(c.in.DotReader(), from, to)
			return list, ended(err)
		case 420, 423:
			return nil, nil
		case 500, 501, 503:
			c.overview = map[string]string{"OVER": "XOVER"}[c.overview]
		default:
			return nil, err
		}
	}
	var list []entry
	for n := from; n <= to; n++ {
		list = append(list, entry{number: n})
	}
	return list, nil
}

// article reads an article of the open group, and its Message-ID as the server tells it.
func (c *client) article(e entry) (body []byte, id string, err error) {
	text, err := c.command(maxSent, 220, "ARTICLE %d", e.number)
	if err != nil {
		return nil, e.id, err
	}
	if id = named(text); id == "" {
		id = e.id
	}
	in := c.in.DotReader()
	body, err = io.ReadAll(io.LimitReader(in, maxArticle+1))
	if err == nil && len(body) > maxArticle {
		body = nil
		if _, err = io.Copy(io.Discard, in); err == nil {
			return nil, id, errTooLong
		}
	}
	return body, id, ended(err)
}
