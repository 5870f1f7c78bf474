package xmpp

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"mellium.im/xmpp/stream"

	"github.com/portent-cti/portent/internal/collect"
)

const (
	// mostAMinute is how many messages of a minute are kept as they are said; of a flood the
	// rest is passed over, and named.
	mostAMinute = 3000
	// mostAnswers is how many questions of others are answered in a minute.
	mostAnswers = 120
	// nicks is how many are tried where one is in use.
	nicks = 4
	// present is how often a room is asked whether we are still in it (XEP-0410).
	present = 10 * time.Minute
)

// A session is a connection from when a server logs us in.
type session struct {
	*server
	*connection
	emit     collect.Emit
	rooms    []*room
	minute   time.Time
	said     int // in that minute
	answered int // in that minute
	checked  time.Time
}

// send says a stanza to the server. What others chose in it is escaped.
func (s *session) send(format string, args ...any) error {
	if _, err := fmt.Fprintf(s.wire, format, args...); err != nil {
		return fmt.Errorf("%s: %w", s.Server, err)
	}
	return nil
}

// follow comes into the rooms and reads them until the connection ends.
func (s *session) follow() error {
	s.checked = s.Now()
	for i, r := range s.rooms {
		r.asked = s.Now()
		if err := s.send("<iq type='get' id='info-%d' to='%s'><query xmlns='%s'/></iq>", i, escaped(r.name), nsInfo); err != nil {
			return err
		}
	}
	for {
		st, whole, err := s.next()
		if err != nil {
			return s.ended(err)
		}
		if err := s.late(); err != nil {
			return err
		}
		if err := s.take(st, whole); err != nil {
			return err
		}
		if s.left() == 0 {
			var why []string
			for _, r := range s.rooms {
				why = append(why, r.name+": "+r.out)
			}
			return s.failed("no room is left to read: " + strings.Join(why, "; "))
		}
	}
}

// ended tells in plain words why a connection ended.
func (s *session) ended(err error) error {
	var said stream.Error
	switch {
	case errors.As(err, &said):
		return s.failed("it ends the connection: " + collect.OneLine(said.Err, 100))
	case errors.Is(err, io.EOF):
		return s.failed("it ended the connection")
	}
	return fmt.Errorf("%s: %w", s.Server, err)
}

// left is how many rooms are read.
func (s *session) left() (n int) {
	for _, r := range s.rooms {
		if r.out == "" {
			n++
		}
	}
	return n
}

// room is the one at that address that is read, or nil.
func (s *session) room(address string) *room {
	name, _, _ := strings.Cut(address, "/")
	if i := slices.IndexFunc(s.rooms, func(r *room) bool { return strings.EqualFold(r.name, name) }); i >= 0 {
		return s.rooms[i]
	}
	return nil
}

func (s *session) index(r *room) int { return slices.Index(s.rooms, r) }

// late looks after what was asked and not answered, and whether we are still in the rooms.
func (s *session) late() error {
	now := s.Now()
	for _, r := range s.rooms {
		if r.out != "" || now.Sub(r.asked) < patience {
			continue
		}
		switch {
		case r.query != "":
			if err := s.untold(r, "it does not answer"); err != nil {
				return err
			}
		case r.showing && r.in:
			if err := s.shown(r); err != nil {
				return err
			}
		case !r.in:
			s.leave(r, "it does not answer")
		}
	}
	if now.Sub(s.checked) < present {
		return nil
	}
	s.checked = now
	for i, r := range s.rooms {
		if r.out == "" && r.in {
			if err := s.send("<iq type='get' id='in-%d' to='%s'><ping xmlns='%s'/></iq>", i, escaped(r.name+"/"+r.nick), nsPing); err != nil {
				return err
			}
		}
	}
	return nil
}

// take takes in one stanza.
func (s *session) take(st *stanza, whole bool) error {
	r := s.room(st.From)
	if !whole {
		if r != nil && r.in && !s.flooded() {
			s.Reject("room "+r.name, errors.New("what somebody sent has more in it than a message has: it is passed over"))
		}
		if st.Result != nil {
			st.Result.Forwarded.Message = nil
		} else if st.XMLName.Local == "message" {
			return nil
		}
	}
	switch st.XMLName.Local {
	case "iq":
		return s.answer(st)
	case "presence":
		if r == nil || r.out != "" {
			return nil
		}
		return s.moved(r, st)
	case "message":
		if r == nil || r.out != "" || !r.in {
			return nil
		}
		return s.spoken(r, st)
	}
	return nil
}

// answer takes in an answer, or answers a question.
func (s *session) answer(st *stanza) error {
	if st.Type == "get" || st.Type == "set" {
		s.count()
		if s.answered++; s.answered > mostAnswers || len(st.ID) > longestName || len(st.From) > 3*1024 {
			return nil
		}
		to := ""
		if st.From != "" {
			to = " to='" + escaped(st.From) + "'"
		}
		if st.Type == "get" && st.Ping != nil {
			return s.send("<iq type='result' id='%s'%s/>", escaped(st.ID), to)
		}
		return s.send("<iq type='error' id='%s'%s><error type='cancel'><service-unavailable xmlns='%s'/></error></iq>", escaped(st.ID), to, nsStanzas)
	}
	kind, number, _ := strings.Cut(st.ID, "-")
	number, _, _ = strings.Cut(number, "-")
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(s.rooms) || s.rooms[i].out != "" {
		return nil
	}
	r := s.rooms[i]
	switch {
	case kind == "in" && strings.EqualFold(st.From, r.name+"/"+r.nick) && st.Error.condition() == "not-acceptable":
		return s.failed("room " + r.name + " knows us no more; it is come into anew")
	case !strings.EqualFold(st.From, r.name): // which nobody else answers for
	case kind == "info":
		return s.informed(r, st)
	case kind == "past" && r.query == st.ID:
		return s.pageTold(r, st)
	}
	return nil
}

// informed takes in what a room can do, and comes into it if there is one: coming into one that
// there is not would make it.
func (s *session) informed(r *room, st *stanza) error {
	if r.joining {
		return nil
	}
	switch st.Error.condition() {
	case "item-not-found", "remote-server-not-found", "remote-server-timeout":
		s.leave(r, "there is none: "+st.Error.why())
		return nil
	}
	if st.Info != nil {
		for _, f := range st.Info.Features {
			r.archives = r.archives || f.Name == nsArchive
			r.names = r.names || f.Name == nsArchive || f.Name == nsNames
		}
	}
	return s.join(r)
}

// join comes into a room.
func (s *session) join(r *room) error {
	r.joining, r.asked = true, s.Now()
	history := fmt.Sprintf("maxstanzas='%d'", first)
	switch {
	case r.known && r.archives:
		history = "maxstanzas='0'"
	case r.known:
		history = "since='" + stamp(r.at.Add(-skew)) + "'"
	}
	password := ""
	if s.RoomPassword != "" {
		text, err := s.Reveal(s.RoomPassword)
		if err != nil {
			return err
		}
		password = "<password>" + escaped(text) + "</password>"
	}
	return s.send("<presence to='%s'><x xmlns='%s'><history %s/>%s</x></presence>", escaped(r.name+"/"+r.nick), nsRoom, history, password)
}

// moved takes in who comes, goes and is called anew, of which only we are of interest.
func (s *session) moved(r *room, st *stanza) error {
	_, nick, _ := strings.Cut(st.From, "/")
	ours := nick == r.nick || !r.in && st.has("110") && st.has("210") // the room calls us so
	switch {
	case st.Type == "error" && !r.in:
		return s.barred(r, st)
	case !ours || st.Type == "error":
	case st.Type == "unavailable" && st.has("303") && len(st.User.Items) > 0:
		r.nick = st.User.Items[0].Nick
	case st.Type == "unavailable" && r.in:
		s.leave(r, st.gone())
	case st.Type != "" || r.in:
	case st.has("201"):
		s.leave(r, "there was none; it is left to be none")
		return s.send("<presence type='unavailable' to='%s'/>", escaped(r.name+"/"+r.nick))
	default:
		r.in, r.nick, r.asked = true, nick, s.Now()
		if r.known && r.archives {
			return s.ask(r)
		}
		r.showing = true
	}
	return nil
}

// barred takes in why a room does not let us in.
func (s *session) barred(r *room, st *stanza) error {
	if st.Error.condition() == "conflict" && r.tried < nicks-1 {
		r.tried++
		r.nick += "_"
		return s.join(r)
	}
	s.leave(r, "it does not let us in: "+st.Error.why())
	return nil
}

// why says in plain words why something was refused.
func (f *failure) why() string {
	condition := f.condition()
	said := map[string]string{
		"not-authorized": "it wants a password, or another", "forbidden": "we are banned from it", "registration-required": "it is for members alone",
		"item-not-found": "nobody knows it", "not-allowed": "we are not allowed to come into it", "conflict": "the nick is in use, with up to three _ behind it too",
		"service-unavailable": "it is full, or no room", "not-acceptable": "its members have nicks that are reserved; set nick to ours",
		"remote-server-not-found": "its server is not found", "remote-server-timeout": "its server does not answer",
	}[condition]
	if said == "" {
		said = "it says " + collect.OneLine(condition, 60)
	}
	if f != nil && f.Text != "" {
		said += " (" + collect.OneLine(f.Text, 200) + ")"
	}
	return said
}

// gone says in plain words why we are in a room no more.
func (st *stanza) gone() string {
	why := "we are in it no more"
	for code, said := range map[string]string{"301": "we were banned from it", "307": "we were thrown out of it", "321": "it is for members alone now", "322": "it is for members alone now", "332": "its server shuts down", "333": "its server lost us"} {
		if st.has(code) {
			why = said
		}
	}
	if st.User == nil {
		return why
	}
	if d := st.User.Destroy; d != nil {
		return strings.TrimSpace("it was closed: " + collect.OneLine(d.Reason, 200))
	}
	if len(st.User.Items) > 0 && st.User.Items[0].Reason != "" {
		why += ": " + collect.OneLine(st.User.Items[0].Reason, 200)
	}
	return why
}

// leave notes that a room is read no more.
func (s *session) leave(r *room, why string) {
	if r.out != "" {
		return
	}
	r.out = why
	if s.left() > 0 {
		s.Reject("room "+r.name, errors.New(why))
	}
}

// count begins a minute anew when there is another.
func (s *session) count() {
	if now := s.Now().Truncate(time.Minute); !now.Equal(s.minute) {
		s.minute, s.said, s.answered = now, 0, 0
	}
}

// flooded counts what is said, and reports whether it is too much.
func (s *session) flooded() bool {
	s.count()
	if s.said++; s.said == mostAMinute+1 {
		s.Reject(s.Server, fmt.Errorf("more than %d messages in a minute: the rest of it is passed over", mostAMinute))
	}
	return s.said > mostAMinute
}
