package xmpp

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mellium.im/xmpp/jid"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// page is how many messages of an archive are asked for at once, and mostPages how often
	// for a room.
	page, mostPages = 100, 500
	// first is how much of what was said before is read at a first visit.
	first = 100
	// mostHeld is how many messages wait in a room until what came before them is told, and
	// mostWaiting of how many bytes.
	mostHeld, mostWaiting = 1000, 2 << 20
	// mostLatest is of how many messages that are told it is known what they are.
	mostLatest = 5000
	// patience is how long a server may take to answer.
	patience = 90 * time.Second
	// longestName bounds names of messages that a server gives, in bytes.
	longestName = 512
	// skew is how far the clock of a room may be behind ours.
	skew = time.Minute
)

// A place is how far a room was read.
type place struct {
	at      time.Time
	archive string // what the room calls the last message, if it has a name for it
	last    string // digest of that message
	subject string // digest of the subject kept last
}

// cursor is the places of all rooms, a line each.
func (s *session) cursor() intel.Cursor {
	var b strings.Builder
	for _, r := range s.rooms {
		if r.known {
			fmt.Fprintf(&b, "%s %d %s %s %s\n", url.QueryEscape(r.name), r.at.UnixMilli(), url.QueryEscape(r.archive), r.last, r.subject)
		}
	}
	return intel.Cursor(b.String())
}

// places reads a cursor.
func (s *session) places(from intel.Cursor) error {
	for _, name := range s.Rooms {
		address, err := jid.Parse(name)
		if err != nil {
			return collect.Permanent(err)
		}
		us, err := address.WithResource(s.Nick)
		if err != nil {
			return collect.Permanent(err)
		}
		if s.room(address.String()) == nil {
			s.rooms = append(s.rooms, &room{name: address.String(), service: address.Domainpart(), nick: us.Resourcepart()})
		}
	}
	for line := range strings.Lines(string(from)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(f) != 5 {
			return collect.Permanent(fmt.Errorf("cursor %q: %w", line, intel.ErrInvalid))
		}
		name, err := url.QueryUnescape(f[0])
		at, also := strconv.ParseInt(f[1], 10, 64)
		archive, too := url.QueryUnescape(f[2])
		if err := errors.Join(err, also, too); err != nil {
			return collect.Permanent(fmt.Errorf("cursor %q: %w", line, err))
		}
		if r := s.room(name); r != nil {
			r.known, r.place = true, place{time.UnixMilli(at).UTC(), archive, f[3], f[4]}
		}
	}
	return nil
}

// digest is short for texts.
func digest(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// passed notes that a message was read. Who said it may have dated it ahead; what others say
// until then is not read.
func (r *room) passed(m message, now time.Time) {
	if m.at.After(r.at) && !m.at.After(now) {
		r.at = m.at
	}
	if m.text != "" {
		r.last = m.digest()
	}
	if m.name != "" {
		r.archive = m.name
	}
}

// stamp is a time as XMPP writes it (XEP-0082).
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// ask asks the archive of a room for what was said since it was read.
func (s *session) ask(r *room) error {
	r.pages++
	r.query, r.after, r.asked, r.again, r.told = fmt.Sprintf("past-%d-%d", s.index(r), r.pages), r.archive, s.Now(), false, 0
	since, after := "", ""
	if r.archive != "" {
		after = "<after>" + escaped(r.archive) + "</after>"
	} else {
		since = "<field var='start'><value>" + stamp(r.at.Add(-skew)) + "</value></field>"
	}
	return s.send("<iq type='set' id='%[1]s' to='%[2]s'><query xmlns='%[3]s' queryid='%[1]s'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>%[3]s</value></field>%[4]s</x>"+
		"<set xmlns='http://jabber.org/protocol/rsm'><max>%[5]d</max>%[6]s</set></query></iq>", r.query, escaped(r.name), nsArchive, since, page, after)
}

// archived takes in a message of an archive.
func (s *session) archived(r *room, st *stanza) error {
	if r == nil || r.query == "" || st.Result.Query != r.query || st.Result.ID == "" || len(st.Result.ID) > longestName {
		return nil
	}
	if r.told++; r.told > 2*page {
		return nil // which nobody asked for
	}
	if r.latest == nil || len(r.latest) > mostLatest {
		r.latest = map[intel.DocumentID]bool{}
	}
	inner := st.Result.Forwarded.Message
	if inner == nil {
		r.archive = st.Result.ID
		return nil
	}
	inner.Names = []name{{By: r.name, ID: st.Result.ID}}
	m := s.message(r, inner, s.when(st.Result.Forwarded.Delay.time()))
	m.past = true
	return s.keep(r, m)
}

// pageTold takes in that a page of an archive is told, and asks for the next.
func (s *session) pageTold(r *room, st *stanza) error {
	if st.Type == "error" {
		why := st.Error.why()
		if st.Error.condition() == "item-not-found" && r.archive != "" { // it forgot the message
			s.Reject("room "+r.name, fmt.Errorf("its archive has no message that was read: what was said since %s is asked for by time, and what it forgot is lost", r.at.Format(time.DateTime)))
			r.archive = ""
			return s.ask(r)
		}
		return s.untold(r, why)
	}
	if st.End == nil {
		return s.untold(r, "its answer is none")
	}
	complete := st.End.Complete == "true" || st.End.Complete == "1"
	if last := st.End.Last; last != "" && len(last) <= longestName && !complete && last != r.after {
		r.archive = last
	} else {
		complete = true
	}
	switch {
	case (!complete || r.again) && r.pages < s.pages:
		return s.ask(r)
	case !complete:
		s.Reject("room "+r.name, fmt.Errorf("more than %d messages were said since it was read; those after %s and before now are passed over", r.pages*page, r.at.Format(time.DateTime)))
	}
	return s.caughtUp(r)
}

// untold notes that a room does not tell the past, and goes on without.
func (s *session) untold(r *room, why string) error {
	s.Reject("room "+r.name, fmt.Errorf("it does not tell what was said since %s: %s", r.at.Format(time.DateTime), why))
	return s.caughtUp(r)
}

// caughtUp goes on with what was said while the past was told.
func (s *session) caughtUp(r *room) error {
	r.query = ""
	for _, m := range r.release() {
		if err := s.keep(r, m); err != nil {
			return err
		}
	}
	return nil
}

// hold keeps back what is said while the past is told.
func (r *room) hold(m message) {
	r.held, r.waiting = append(r.held, m), r.waiting+m.size()
	for len(r.held) > mostHeld || r.waiting > mostWaiting {
		r.waiting -= r.held[0].size()
		r.held, r.again = slices.Delete(r.held, 0, 1), true
	}
}

// release is what was held back.
func (r *room) release() (all []message) {
	all, r.held, r.waiting = r.held, nil, 0
	return all
}

// shown takes in what a room without an archive showed of its past when we came: what is behind
// the last message that was read.
func (s *session) shown(r *room) error {
	all := r.release()
	r.showing = false
	if r.known && r.last != "" && len(all) > 0 {
		// The first that is like it: who says the same again hides nothing that was said between.
		if i := slices.IndexFunc(all, func(m message) bool { return m.digest() == r.last }); i >= 0 {
			all = all[i+1:]
		} else {
			s.Reject("room "+r.name, fmt.Errorf("it shows no message that was read: of what was said since %s some may be missing", r.at.Format(time.DateTime)))
		}
	}
	if !r.known {
		r.known, r.at = true, s.Now().UTC().Truncate(time.Millisecond)
		for i := range all {
			all[i].before = true
		}
		if len(all) > 0 && all[0].at.Before(r.at) {
			r.at = all[0].at // and on with each, from where it is gone on with
		}
	}
	for _, m := range all {
		if err := s.keep(r, m); err != nil {
			return err
		}
	}
	return nil
}
