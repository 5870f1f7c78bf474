package irc

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// What a server that tells the past of a channel is asked by (IRCv3).
const (
	chatHistory      = "chathistory"
	draftChatHistory = "draft/chathistory"
)

const (
	// page is how many messages of the past are asked for at once, and mostPages how often
	// for a channel.
	page, mostPages = 100, 500
	// mostTold is how many messages are read that are told at once.
	mostTold = 2000
	// mostHeld is how many messages wait in a channel until its past is told.
	mostHeld = 1000
	// mostLatest is of how many messages that are told it is known what they are.
	mostLatest = 5000
	// mostBatches is how many batches may be open.
	mostBatches = 64
	// patience is how long a server may take to tell the past.
	patience = time.Minute
	// stamp is a time as IRCv3 writes it.
	stamp = "2006-01-02T15:04:05.000Z"
)

// A place is how far a channel was read: to a message that its server has a name for, and to a
// time, with so many messages of that very millisecond.
type place struct {
	at    time.Time
	n     int
	id    string // digest of the name of the last message, if it has one
	topic string // digest of the topic kept last
}

// passed notes that a message was read.
func (p *place) passed(m message) {
	if p.id = ""; m.id != "" {
		p.id = digest(m.id)
	}
	switch {
	case !m.timed: // by a clock that is not the server's
	case m.at.After(p.at):
		p.at, p.n = m.at, 1
	case m.at.Equal(p.at):
		p.n++
	}
}

// cursor is the places of all channels, a line each.
func (s *session) cursor() intel.Cursor {
	var b strings.Builder
	for _, c := range s.channels {
		if c.known {
			fmt.Fprintf(&b, "%s %d %d %s %s\n", c.key, c.at.UnixMilli(), c.n, c.id, c.place.topic)
		}
	}
	return intel.Cursor(b.String())
}

// places reads a cursor.
func (s *session) places(from intel.Cursor) error {
	for _, name := range s.Channels {
		if s.channel(name) == nil {
			s.channels = append(s.channels, &channel{name: name, key: folded(name)})
		}
	}
	for line := range strings.Lines(string(from)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(f) != 5 {
			return collect.Permanent(fmt.Errorf("cursor %q: %w", line, intel.ErrInvalid))
		}
		at, err := strconv.ParseInt(f[1], 10, 64)
		n, also := strconv.Atoi(f[2])
		if err := errors.Join(err, also); err != nil {
			return collect.Permanent(fmt.Errorf("cursor %q: %w", line, err))
		}
		if c := s.channel(f[0]); c != nil {
			c.known, c.place = true, place{time.UnixMilli(at).UTC(), n, f[3], f[4]}
		}
	}
	return nil
}

// digest is short for a text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// supports takes in what a server says of itself.
func (s *session) supports(m message) {
	for _, p := range m.params {
		name, value, _ := strings.Cut(p, "=")
		if n, err := strconv.Atoi(value); err == nil && n > 0 && (name == "CHATHISTORY" || name == "draft/CHATHISTORY") {
			s.limit = min(n, page)
		}
	}
}

// joined begins to read a channel: from now on, or from where it was read to if its server
// tells that.
func (s *session) joined(c *channel, at time.Time) error {
	tells := s.has[chatHistory] || s.has[draftChatHistory]
	if c.known && tells {
		c.behind = true
		s.asking = append(s.asking, c)
		if len(s.asking) == 1 {
			return s.ask()
		}
		return nil
	}
	if !c.known {
		c.known, c.at, c.n = true, at, 0
	}
	return nil
}

// ask asks for what the first channel in turn is behind.
func (s *session) ask() error {
	for len(s.asking) > 0 {
		c := s.asking[0]
		if c.out == "" {
			c.pages++
			c.again, s.asked = false, s.Now()
			return s.send(fmt.Sprintf("CHATHISTORY AFTER %s timestamp=%s %d", c.name, c.at.Add(-time.Millisecond).Format(stamp), s.page()))
		}
		s.asking = s.asking[1:]
	}
	return nil
}

func (s *session) page() int {
	if s.limit > 0 {
		return s.limit
	}
	return page
}

// A replay is a batch in which the past of a channel is told.
type replay struct {
	channel  *channel
	messages []message
}

// since is what of a replay was not read to a place. Servers tell times of the past in
// seconds, some of them, so that names of messages count more.
func (r *replay) since(p place) (all []message) {
	for i, m := range slices.Backward(r.messages) {
		if p.id != "" && m.id != "" && digest(m.id) == p.id {
			return r.messages[i+1:]
		}
	}
	for _, m := range r.messages {
		switch {
		case m.at.Equal(p.at) && p.n > 0:
			p.n--
		case m.at.Before(p.at) && (m.at.Nanosecond() != 0 || p.at.Sub(m.at) >= time.Second):
		default:
			all = append(all, m)
		}
	}
	return all
}

// batch begins or ends a batch.
func (s *session) batch(m message) error {
	name := m.param(0)
	if ref, begins := strings.CutPrefix(name, "+"); begins {
		c := s.channel(m.param(2))
		if m.param(1) == chatHistory && c != nil && ref != "" && len(s.batches) < mostBatches {
			s.batches[ref] = &replay{channel: c}
		}
		return nil
	}
	ref := strings.TrimPrefix(name, "-")
	b := s.batches[ref]
	if b == nil {
		return nil
	}
	delete(s.batches, ref)
	return s.told(b)
}

// told takes in a replay, and asks for what follows it.
func (s *session) told(b *replay) error {
	c, from := b.channel, b.channel.place
	if len(c.held) == 0 || c.latest == nil || len(c.latest) > mostLatest { // or what is held may be of an earlier page
		c.latest = map[intel.DocumentID]bool{}
	}
	for _, m := range b.since(from) {
		m.past = true
		if err := s.keep(c, m); err != nil {
			return err
		}
	}
	if len(s.asking) == 0 || s.asking[0] != c {
		return nil
	}
	full := len(b.messages) >= s.page()
	if full && c.place == from { // as much in one millisecond as is told at once
		c.at, c.n = c.at.Add(time.Millisecond), 0
	}
	switch {
	case (full || c.again) && c.pages < mostPages:
		return s.ask()
	case full:
		s.Reject("channel "+c.name, fmt.Errorf("more than %d messages were said since it was read; those after %s and before now are passed over", c.pages*s.page(), c.at.Format(time.DateTime)))
	}
	return s.caughtUp()
}

// hold keeps back what is said while the past is told.
func (s *session) hold(c *channel, m message) {
	if len(c.held) == mostHeld {
		c.held, c.again = slices.Delete(c.held, 0, 1), true
	}
	c.held = append(c.held, m)
}

// caughtUp goes on with what was said meanwhile, and with the next channel.
func (s *session) caughtUp() error {
	c := s.asking[0]
	s.asking = s.asking[1:]
	c.behind = false
	for _, m := range c.held {
		if err := s.keep(c, m); err != nil {
			return err
		}
	}
	c.held = nil
	return s.ask()
}

// untold notes that a server does not tell the past, and goes on without.
func (s *session) untold(why string) error {
	if len(s.asking) == 0 {
		return nil
	}
	c := s.asking[0]
	s.Reject("channel "+c.name, fmt.Errorf("its server does not tell what was said since %s: %s", c.at.Format(time.DateTime), why))
	return s.caughtUp()
}
