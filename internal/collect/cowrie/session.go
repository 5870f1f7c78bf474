package cowrie

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// mostOpen is how many sessions may go on at once, and idle how long one may say
	// nothing before it is given up: Cowrie ends them after minutes.
	mostOpen, idle = 1000, time.Hour
	// mostItems is how many commands, names and files of one are kept, 20 each, longestWord
	// how many bytes of each, and longestNote of all together.
	mostItems, longestWord, longestNote = 20, 500, 2000
)

// errUnended is of a session whose end the log does not tell.
var errUnended = errors.New("its end is not told within an hour, or too many go on: not kept")

// key is what a session is known by: sensors behind one log may use a number twice.
type key struct{ source, id string }

// A session is what one attacker did in one connection.
type session struct {
	key
	number      int          // in order of beginning
	before      intel.Cursor // before the piece of the log that it begins in
	began, last time.Time

	port     uint16
	protocol string
	client   string
	names    []string // that were tried to log in
	tried    int
	inside   bool // a login succeeded
	commands []string
	files    []got
}

// A got is a file that came in.
type got struct {
	at               time.Time
	url, digest, dst string
	uploaded         bool
}

func (s *session) String() string {
	return fmt.Sprintf("session %s of %s, %s", s.id, s.source, s.began.Format(time.DateTime))
}

// sessions are those that go on.
type sessions struct {
	by    map[key]*session
	begun int
	swept time.Time // in the time of the log
}

// take takes in an event, of a piece of the log that begins at before.
func (all *sessions) take(e event, before intel.Cursor) *session {
	k := key{e.Source, e.Session}
	s := all.by[k]
	if s == nil {
		all.begun++
		s = &session{key: k, number: all.begun, before: before, began: e.at}
		all.by[k] = s
	}
	s.note(e)
	return s
}

func (all *sessions) drop(s *session) { delete(all.by, s.key) }

// first is the one that began before the others, nil for none.
func (all *sessions) first() (first *session) {
	for _, s := range all.by {
		if first == nil || s.number < first.number {
			first = s
		}
	}
	return first
}

// late gives up sessions that are not heard of any more.
func (all *sessions) late(now time.Time) (out []*session) {
	if now.Sub(all.swept) < idle/10 && len(all.by) < mostOpen {
		return nil
	}
	all.swept = now
	for _, s := range all.by {
		if now.Sub(s.last) > idle {
			out = append(out, s)
		}
	}
	if len(out) == 0 && len(all.by) >= mostOpen {
		out = append(out, all.first())
	}
	slices.SortFunc(out, func(a, b *session) int { return a.number - b.number })
	for _, s := range out {
		all.drop(s)
	}
	return out
}

// ends reports whether an event is the last of its session.
func (e event) ends() bool { return e.ID == "cowrie.session.closed" }

// note adds what an event tells.
func (s *session) note(e event) {
	s.last = e.at
	if e.Port != 0 && s.port == 0 && e.ID == "cowrie.session.connect" {
		s.port = e.Port
	}
	if e.Protocol != "" {
		s.protocol = e.Protocol
	}
	switch e.ID {
	case "cowrie.client.version":
		s.client = clipped(e.Version)
	case "cowrie.login.failed", "cowrie.login.success":
		s.tried++
		s.inside = s.inside || e.ID == "cowrie.login.success"
		if name := clipped(e.Username); name != "" && len(s.names) < mostItems && !slices.Contains(s.names, name) {
			s.names = append(s.names, name)
		}
	case "cowrie.command.input":
		if len(s.commands) < mostItems && e.Input != "" {
			s.commands = append(s.commands, clipped(e.Input))
		}
	case "cowrie.session.file_download", "cowrie.session.file_download.failed", "cowrie.session.file_upload":
		if len(s.files) < mostItems && len(e.URL) <= intel.MostName && len(e.Digest) <= 128 {
			s.files = append(s.files, got{at: e.at, url: e.URL, digest: e.Digest, dst: clipped(e.DestFile + e.Filename), uploaded: e.ID == "cowrie.session.file_upload"})
		}
	}
}

// clipped is a text of an attacker in one line that is not too long.
func clipped(text string) string {
	if len(text) > longestWord {
		text = strings.ToValidUTF8(text[:longestWord], "") + " …"
	}
	return strings.Join(strings.Fields(text), " ")
}

// document is a session as evidence; ok is false where it comes from no address.
func (s *session) document(env collect.Env) (doc intel.Document, ok bool) {
	from, _, err := collect.Indicator("", s.source)
	if err != nil || from.Kind != intel.IPv4 && from.Kind != intel.IPv6 {
		if env.Reject != nil {
			env.Reject(s.String(), fmt.Errorf("src_ip %.50q is no address: %w", s.source, intel.ErrInvalid))
		}
		return doc, false
	}
	doc = intel.Document{Source: env.ID, Genre: intel.Log, Title: "Session on a honeypot from " + from.Name, Published: s.last, Learned: s.last, Assumed: true}
	doc.ID = intel.NewDocumentID(env.ID, s.source, s.id)
	if now := env.Now().UTC(); now.Sub(s.last) < idle {
		doc.Learned, doc.Assumed = now, false
	}
	c := intel.Context{Method: clipped(s.protocol), Note: s.told()}
	if s.port != 0 {
		c.Port = fmt.Sprintf("%d/tcp", s.port)
	}
	doc.Claims = append([]intel.Claim{{Subject: from, Relation: intel.Indicates, Object: intel.NewEntity(intel.Label, s.label()), Context: c, At: s.began}}, s.fetched(env)...)
	return doc, true
}

// label is what an attacker did at most.
func (s *session) label() string {
	switch {
	case len(s.commands)+len(s.files) > 0:
		return "intrusion"
	case s.tried > 0:
		return "brute force"
	}
	return "scanner"
}

// did says so in a line.
func (s *session) did() string {
	switch {
	case s.inside:
		return fmt.Sprintf("logged in on a honeypot at attempt %d, %d commands, %d files", s.tried, len(s.commands), len(s.files))
	case s.tried > 0:
		return fmt.Sprintf("tried to log in on a honeypot %d times", s.tried)
	}
	return "connected to a honeypot"
}

// fetched claims of files that came in, and of where from, that they are malware's.
func (s *session) fetched(env collect.Env) (claims []intel.Claim) {
	said := map[intel.Entity]bool{}
	for _, f := range s.files {
		label, note := "malware download", "fetched from a honeypot"
		switch {
		case f.uploaded:
			label, note = "malware upload", "left on a honeypot"
		case f.url == "": // by a command such as echo: it may be anything
			label, note = "dropped file", "written on a honeypot"
		}
		for _, is := range []struct {
			kind  intel.Kind
			value string
		}{{intel.URL, f.url}, {intel.SHA256, f.digest}} {
			if is.value == "" {
				continue
			}
			e, _, err := collect.Indicator(is.kind, is.value)
			if err == nil && e.Kind != is.kind {
				err = &collect.ValueError{Kind: is.kind, Value: is.value}
			}
			if err != nil {
				if env.Reject != nil {
					env.Reject(s.String(), err)
				}
				continue
			}
			if !said[e] {
				said[e] = true
				claims = append(claims, intel.Claim{Subject: e, Relation: intel.Indicates, Object: intel.NewEntity(intel.Label, label), Context: intel.Context{Note: note}, At: f.at})
			}
		}
	}
	return claims
}

// told is a session in a line. Of what was tried to log in with it has the names alone: a
// password may be somebody's. It is a note and no text, for a text is extracted, and an
// attacker types what he likes of anybody.
func (s *session) told() string {
	parts := []string{s.did()}
	if s.client != "" {
		parts = append(parts, "client "+s.client)
	}
	if len(s.names) > 0 {
		parts = append(parts, "as "+strings.Join(s.names, " "))
	}
	for _, c := range s.commands {
		parts = append(parts, "$ "+c)
	}
	for _, f := range s.files {
		if f.dst != "" {
			parts = append(parts, "file "+f.dst)
		}
	}
	note := strings.Join(parts, " | ")
	if len(note) > longestNote {
		note = strings.ToValidUTF8(note[:longestNote], "") + " …"
	}
	return note
}
