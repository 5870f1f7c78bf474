package xmpp

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// errEncrypted is told once of a room.
var errEncrypted = errors.New("it has messages that are encrypted: what they say cannot be read")

// A room is one that is read.
type room struct {
	name     string // its address
	service  string // where it is, which its members are called after
	nick     string // ours in it
	tried    int    // nicks
	archives bool   // it can be asked for its past
	names    bool   // it gives messages names, and lets nobody else do so
	joining  bool   // we asked to be let in
	in       bool
	out      string // why it cannot be read, empty while it is
	known    bool   // it was read before, to place
	place
	asked     time.Time // when the last question was
	showing   bool      // it shows of its past what it does by itself
	query     string    // by which it is asked for its past now
	after     string    // the message behind which that is
	pages     int       // of the past, so far
	told      int       // messages of that page
	held      []message // said meanwhile
	waiting   int       // bytes of that
	again     bool      // more was said than is held
	latest    map[intel.DocumentID]bool
	encrypted bool // that was told
}

// A message is what somebody says.
type message struct {
	at          time.Time
	nick        string
	id          string // by who says it
	name        string // by the room
	title, text string
	past        bool // it is of the archive
	before      bool // it was said before we first came
}

// size is how many bytes a message has.
func (m message) size() int {
	return len(m.nick) + len(m.id) + len(m.name) + len(m.title) + len(m.text)
}

// digest is what a message is known by where the room has no name for it.
func (m message) digest() string { return digest(m.nick, m.id, m.text) }

// spoken takes in what is said in a room: now, or before and told as we come.
func (s *session) spoken(r *room, st *stanza) error {
	if st.Result != nil {
		if strings.Contains(st.From, "/") {
			return nil // from somebody, who has no archive
		}
		return s.archived(r, st)
	}
	if st.Type != "groupchat" {
		return nil
	}
	_, nick, _ := strings.Cut(st.From, "/")
	if st.Subject != nil && len(st.Bodies) == 0 && st.Thread == nil {
		return s.titled(r, nick, st)
	}
	told := r.delayed(st)
	if r.showing && told.IsZero() { // the first that is said now
		if err := s.shown(r); err != nil {
			return err
		}
	}
	if !r.showing {
		told = time.Time{} // anybody may write that it was said long ago
		if nick == r.nick || s.flooded() {
			return nil
		}
	}
	m := s.message(r, st, s.when(told))
	if r.showing || r.query != "" {
		r.hold(m)
		return nil
	}
	return s.keep(r, m)
}

// delayed is when a message was said that a room shows as we come; zero for now. Who said it
// may have written a time as well, so that the latest counts.
func (r *room) delayed(st *stanza) (at time.Time) {
	for _, d := range st.Delays {
		if told := d.time(); told.After(at) {
			at = told
		}
	}
	return at
}

// when is a time as a room tells it, unless it tells none or one far ahead.
func (s *session) when(told time.Time) time.Time {
	now := s.Now().UTC().Truncate(time.Millisecond)
	if told.IsZero() || told.After(now.Add(time.Hour)) {
		return now
	}
	return told
}

// titled keeps the subject of a room if it is not the one that was kept last. It comes behind
// what the room shows of its past.
func (s *session) titled(r *room, nick string, st *stanza) error {
	var told time.Time
	before := !r.known
	if r.showing {
		told = r.delayed(st)
		if err := s.shown(r); err != nil {
			return err
		}
	}
	text := clean(*st.Subject)
	if sum := digest(text); sum == r.subject {
		return nil
	} else if r.subject = sum; text == "" {
		return nil
	}
	m := message{at: s.when(told), nick: nick, title: "Subject of " + r.name, text: text, before: before && !told.IsZero()}
	doc := s.document(r, m)
	doc.ID = intel.NewDocumentID(s.ID, doc.Channel, "subject", m.at.Format(time.RFC3339Nano), nick, text)
	return s.emit(doc, s.cursor())
}

// message is what a stanza says.
func (s *session) message(r *room, st *stanza, at time.Time) message {
	m := message{at: at, id: st.ID}
	_, m.nick, _ = strings.Cut(st.From, "/")
	if len(m.id) > longestName {
		m.id = digest(m.id)
	}
	for _, n := range st.Names {
		if r.names && strings.EqualFold(n.By, r.name) && len(n.ID) <= longestName {
			m.name = n.ID
		}
	}
	if st.secret() {
		if !r.encrypted {
			r.encrypted = true
			s.Reject("room "+r.name, errEncrypted)
		}
		return m
	}
	m.title, m.text = st.words(m.nick)
	return m
}

// secret reports whether what is said is encrypted, and its text a word to those who cannot
// read it.
func (st *stanza) secret() bool {
	return st.Encryption != nil || st.Axolotl != nil || st.OMEMO1 != nil || st.OMEMO2 != nil || st.OpenPGP != nil || st.OldPGP != nil ||
		len(st.Bodies) > 0 && strings.HasPrefix(st.Bodies[0].Text, "?OTR")
}

// words is what a stanza says.
func (st *stanza) words(nick string) (title, text string) {
	if title, text := st.removal(); text != "" {
		return title, text
	}
	text = clean(st.said())
	if does, action := strings.CutPrefix(text, "/me "); action {
		text = nick + " " + does
	}
	for _, f := range st.Files {
		url := collect.WebURL(strings.TrimSpace(f.URL))
		if url == "" || strings.Contains(text, url) {
			continue
		}
		text = strings.TrimSpace(text + "\nAttachment: " + strings.TrimSpace(url+" "+collect.OneLine(f.Desc, 300)))
	}
	return "", text
}

// removal is what takes back a message.
func (st *stanza) removal() (title, text string) {
	id, reason := "", ""
	switch {
	case st.Retract != nil:
		id, reason = st.Retract.ID, st.Retract.Reason
	case st.Apply != nil && st.Apply.Moderated != nil && st.Apply.Moderated.Retract != nil:
		id, reason = st.Apply.ID, st.Apply.Moderated.Reason
	case st.Apply != nil && st.Apply.Retract != nil:
		id = st.Apply.ID
	}
	if id = collect.OneLine(id, longestName); id == "" {
		return "", ""
	}
	text = "Removed the message " + id
	if reason = collect.OneLine(reason, 1000); reason != "" {
		text += ": " + reason
	}
	return "Removal", text
}

// said is the text of a message, without what it repeats of the one it answers (XEP-0461).
func (st *stanza) said() string {
	if len(st.Bodies) == 0 {
		return ""
	}
	body := st.Bodies[0].Text
	for _, b := range st.Bodies {
		if b.Lang == "" {
			body = b.Text
			break
		}
	}
	for _, f := range st.Fallbacks {
		if f.For != "urn:xmpp:reply:0" || f.Body == nil {
			continue
		}
		start, err := strconv.Atoi(f.Body.Start)
		end, also := strconv.Atoi(f.Body.End)
		if runes := []rune(body); err == nil && also == nil && 0 <= start && start <= end && end <= len(runes) {
			return string(runes[:start]) + string(runes[end:])
		}
	}
	return body
}

// clean is a text without what nobody sees.
func clean(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, text))
}

// keep keeps what was said, if it says anything and was not told of the archive as well.
func (s *session) keep(r *room, m message) error {
	doc := s.document(r, m)
	switch {
	case m.name != "":
		doc.ID = intel.NewDocumentID(s.ID, doc.Channel, m.name)
	case m.id != "":
		doc.ID = intel.NewDocumentID(s.ID, doc.Channel, "", m.nick, m.id, m.text)
	default:
		doc.ID = intel.NewDocumentID(s.ID, doc.Channel, "", m.nick, m.at.Format(time.RFC3339), m.text)
	}
	if r.latest[doc.ID] {
		return nil
	}
	if m.past {
		r.latest[doc.ID] = true
	}
	r.passed(m, s.Now())
	if m.text == "" {
		return nil
	}
	s.once = !r.archives && !m.past
	return s.emit(doc, s.cursor())
}

// document is what is said in a room.
func (s *session) document(r *room, m message) intel.Document {
	name, _, _ := strings.Cut(r.name, "@")
	doc := intel.Document{Source: s.ID, Genre: intel.Chat, Author: collect.Account(r.service, m.nick), Channel: collect.Account(r.service, name),
		Title: m.title, Text: m.text, Published: m.at, Learned: s.Now().UTC()}
	if m.before {
		doc.Learned, doc.Assumed = doc.Published, true
	}
	return doc
}
