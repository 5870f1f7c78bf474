package irc

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// mostAMinute is how many messages of a minute are kept as they are said; of a flood the
	// rest is passed over, and named.
	mostAMinute = 3000
	// joinLine is how many bytes of names of channels go into one line.
	joinLine = 400
)

// A session is a connection from when a server takes one in.
type session struct {
	*network
	emit     collect.Emit
	conn     net.Conn
	lines    lines
	nick     string
	has      map[string]bool // what was agreed on
	channels []*channel
	joining  bool               // the channels were asked for
	asking   []*channel         // whose past is asked for, the first just now
	asked    time.Time          // when that was
	limit    int                // of messages that the past is told in at once
	batches  map[string]*replay // what is being told of the past, by its name
	minute   time.Time
	said     int // in that minute
}

// A channel is one that is read.
type channel struct {
	name  string // as in the settings
	key   string // folded
	out   string // why it cannot be read, empty while it is
	known bool   // it was read before, to place
	place
	topic  *message                  // that it had when we came, until it is told who set it
	behind bool                      // what was said before is yet to be told
	held   []message                 // said meanwhile
	again  bool                      // more was said than is held
	pages  int                       // of the past, so far
	latest map[intel.DocumentID]bool // of the last page
}

// send says lines to the server.
func (s *session) send(all ...string) error {
	for _, line := range all {
		if _, err := s.conn.Write([]byte(line + "\r\n")); err != nil {
			return fmt.Errorf("%s: %w", s.Server, err)
		}
	}
	return nil
}

// next returns the next message. A server that is silent is asked once whether it is there.
func (s *session) next() (message, error) {
	asked := false
	for {
		line, err := s.lines.next()
		switch {
		case silent(err) && !asked:
			asked = true
			if err := s.send("PING :" + s.nick); err != nil {
				return message{}, err
			}
		case silent(err):
			return message{}, s.failed(fmt.Sprintf("it has said nothing for %v", 2*silence))
		case err != nil:
			return message{}, fmt.Errorf("%s: %w", s.Server, err)
		default:
			if m, ok := read(line); ok {
				return m, nil
			}
		}
	}
}

// follow joins the channels and reads them until the connection ends.
func (s *session) follow() error {
	for {
		m, err := s.next()
		if err != nil {
			return err
		}
		if err := s.take(m); err != nil {
			return err
		}
		if s.left() == 0 {
			var why []string
			for _, c := range s.channels {
				why = append(why, c.name+": "+c.out)
			}
			return s.failed("no channel is left to read: " + strings.Join(why, "; "))
		}
	}
}

// left is how many channels are read.
func (s *session) left() (n int) {
	for _, c := range s.channels {
		if c.out == "" {
			n++
		}
	}
	return n
}

// take takes in one message.
func (s *session) take(m message) error {
	if len(s.asking) > 0 && s.Now().Sub(s.asked) > patience {
		if err := s.untold("it does not answer"); err != nil {
			return err
		}
	}
	switch m.command {
	case "PING":
		return s.send("PONG :" + m.last())
	case "ERROR":
		return s.failed("it ends the connection: " + shown(m.last()))
	case "005":
		s.supports(m)
	case "376", "422":
		return s.join()
	case "JOIN", "PART", "KICK", "NICK":
		return s.moved(m)
	case "403", "405", "437", "470", "471", "473", "474", "475", "476", "477", "489", "520":
		s.leave(s.channel(m.param(1)), "it cannot be joined: "+shown(m.last()))
	case "332", "333", "366":
		return s.standing(m)
	case "TOPIC":
		if c := s.channel(m.param(0)); c != nil && len(m.params) > 1 {
			return s.titled(c, m)
		}
	case "BATCH":
		return s.batch(m)
	case "FAIL", "421":
		if slices.ContainsFunc(m.params, func(p string) bool { return strings.EqualFold(p, chatHistory) }) {
			return s.untold(shown(m.last()))
		}
	case "PRIVMSG", "NOTICE":
		return s.spoken(m)
	}
	return nil
}

// channel is the one of that name that is read, or nil.
func (s *session) channel(name string) *channel {
	key := folded(name)
	if i := slices.IndexFunc(s.channels, func(c *channel) bool { return c.key == key }); i >= 0 {
		return s.channels[i]
	}
	return nil
}

// join asks for the channels, once.
func (s *session) join() error {
	if s.joining {
		return nil
	}
	s.joining = true
	line := ""
	for _, c := range s.channels {
		if line != "" && len(line)+len(c.name) > joinLine {
			if err := s.send("JOIN " + line); err != nil {
				return err
			}
			line = ""
		}
		if line != "" {
			line += ","
		}
		line += c.name
	}
	return s.send("JOIN " + line)
}

// moved takes in who comes, goes and is called anew, of which only we are of interest.
func (s *session) moved(m message) error {
	me, c := folded(s.nick), s.channel(m.param(0))
	switch {
	case m.command == "KICK" && folded(m.param(1)) == me:
		s.leave(c, fmt.Sprintf("%s threw us out: %s", m.from, shown(m.last())))
	case folded(m.from) != me || m.command == "KICK":
	case m.command == "NICK":
		s.nick = m.param(0)
	case m.command == "PART":
		s.leave(c, "the server made us leave it")
	case c == nil: // it was led to instead of one that is asked for
		return s.send("PART " + m.param(0))
	default:
		return s.joined(c, s.when(m))
	}
	return nil
}

// leave notes that a channel is read no more.
func (s *session) leave(c *channel, why string) {
	if c == nil || c.out != "" {
		return
	}
	c.out = why
	if s.left() > 0 {
		s.Reject("channel "+c.name, errors.New(why))
	}
}

// standing takes in the topic that a channel had when we came, and who set it.
func (s *session) standing(m message) error {
	c := s.channel(m.param(1))
	switch {
	case c == nil:
	case m.command == "332":
		c.topic = &message{params: []string{c.name, m.last()}}
	case c.topic != nil:
		t := *c.topic
		c.topic = nil
		if m.command == "333" {
			t.from, _, _ = strings.Cut(m.param(2), "!")
			if at := seconds(m.param(3)); !at.IsZero() && at.Before(s.Now()) {
				t.at = at
			}
		}
		return s.titled(c, t)
	}
	return nil
}

// seconds is a time in seconds since 1970; zero if it is none.
func seconds(text string) time.Time {
	var n int64
	if _, err := fmt.Sscan(text, &n); err != nil || n <= 0 || n > 1<<34 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// titled keeps the topic of a channel if it is not the one that was kept last.
func (s *session) titled(c *channel, m message) error {
	text := shown(m.param(1))
	if sum := digest(text); sum == c.place.topic {
		return nil
	} else if c.place.topic = sum; text == "" {
		return nil
	}
	at := s.when(m)
	doc := s.document(c, m.from, text, at)
	doc.Title = "Topic of " + c.name
	s.past = false
	doc.ID = intel.NewDocumentID(s.ID, doc.Channel, "topic", at.Format(time.RFC3339Nano), m.from, text)
	return s.emit(doc, s.cursor())
}

// when is the time of a message: the server's, unless it has none or is far ahead.
func (s *session) when(m message) time.Time {
	now := s.Now().UTC().Truncate(time.Millisecond)
	if m.at.IsZero() || m.at.After(now.Add(time.Hour)) {
		return now
	}
	return m.at
}

// spoken takes in what is said in a channel: now, or of the past that is being told.
func (s *session) spoken(m message) error {
	c := s.channel(m.param(0))
	if c == nil || c.out != "" || m.from == "" || len(m.params) < 2 {
		return nil
	}
	told := m.at
	m.at = s.when(m)
	m.timed = told.Equal(m.at)
	b := s.batches[m.batch]
	if wanted := b != nil && len(s.asking) > 0 && s.asking[0] == c; !wanted && s.flooded() {
		return nil
	}
	switch {
	case b != nil:
		if len(b.messages) < mostTold {
			b.messages = append(b.messages, m)
		}
		return nil
	case c.behind:
		s.hold(c, m)
		return nil
	}
	return s.keep(c, m)
}

// flooded counts what is said, and reports whether it is too much.
func (s *session) flooded() bool {
	if now := s.Now().Truncate(time.Minute); !now.Equal(s.minute) {
		s.minute, s.said = now, 0
	}
	if s.said++; s.said == mostAMinute+1 {
		s.Reject(s.Server, fmt.Errorf("more than %d messages in a minute: the rest of it is passed over", mostAMinute))
	}
	return s.said > mostAMinute
}

// keep keeps what was said, if it says anything and was not told of the past as well.
func (s *session) keep(c *channel, m message) error {
	text, says := words(m)
	doc := s.document(c, m.from, text, m.at)
	doc.ID = intel.NewDocumentID(s.ID, doc.Channel, m.at.Format(time.RFC3339Nano), m.from, m.param(1))
	if m.id != "" {
		doc.ID = intel.NewDocumentID(s.ID, doc.Channel, m.id)
	}
	if c.latest[doc.ID] {
		return nil
	}
	if m.past {
		c.latest[doc.ID] = true
	}
	c.passed(m)
	if !says {
		return nil
	}
	s.past = m.past
	return s.emit(doc, s.cursor())
}

// words is what a message says. What is for programs (CTCP) says nothing to us.
func words(m message) (text string, ok bool) {
	text = m.param(1)
	if inner, ctcp := strings.CutPrefix(text, "\x01"); ctcp {
		does, action := strings.CutPrefix(strings.TrimSuffix(inner, "\x01"), "ACTION ")
		if does = shown(does); !action || does == "" {
			return "", false
		}
		return shown(m.from) + " " + does, true
	}
	text = shown(text)
	return text, text != ""
}

// document is what is said in a channel.
func (s *session) document(c *channel, by, text string, at time.Time) intel.Document {
	return intel.Document{Source: s.ID, Genre: intel.Chat, Author: collect.Account(s.Network, shown(by)), Channel: s.Network + "/" + c.name,
		Text: text, Published: at, Learned: s.Now().UTC()}
}
