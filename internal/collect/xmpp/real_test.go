package xmpp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

const archived, plain = "malware@rooms.localhost", "malware@plain.localhost"

// accounts are those of Prosody in tests.
func accounts() map[string]string {
	return map[string]string{"reader": "correct-horse", "kelp": "pw", "moray": "pw"}
}

// kept is a document and where its room was read to.
type kept struct {
	intel.Document
	cursor intel.Cursor
}

// A reader is a source that reads until it is stopped.
type reader struct {
	*visit
	docs chan kept
	last intel.Cursor // of what was read of docs
	done chan error
	stop context.CancelFunc
}

// reads reads a server from a cursor on.
func reads(t *testing.T, s collecttest.XMPPServer, from intel.Cursor, more map[string]any, rooms ...string) *reader {
	t.Helper()
	v := reading(s.Authority, rooms...)
	v.now = time.Now
	port := s.Port
	for k, value := range more {
		if k == "password is" {
			v.password = value.(string)
			continue
		}
		v.settings[k] = value
		if value == "starttls" {
			port = s.ClearPort
		}
	}
	src := v.open(t, port)
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	r := &reader{v, make(chan kept, 1000), from, make(chan error, 1), stop}
	go func() {
		r.done <- src.Collect(ctx, from, func(d intel.Document, c intel.Cursor) error {
			r.docs <- kept{d, c}
			return nil
		})
	}()
	t.Cleanup(stop)
	return r
}

// next is what the next n documents say.
func (r *reader) next(t *testing.T, n int) (all []string) {
	t.Helper()
	for range n {
		select {
		case d := <-r.docs:
			r.last = d.cursor
			_, by, _ := strings.Cut(d.Author, "/")
			all = append(all, by+": "+d.Text)
		case err := <-r.done:
			t.Fatalf("ended with %v after %q; rejects %q", err, all, r.rejects)
		case <-time.After(30 * time.Second):
			t.Fatalf("nothing more after %q; rejects %q", all, r.rejects)
		}
	}
	return all
}

// ended stops it and returns where it had read to.
func (r *reader) ended(t *testing.T) intel.Cursor {
	t.Helper()
	r.stop()
	if err := <-r.done; !errors.Is(err, context.Canceled) {
		t.Errorf("stopped with %v", err)
	}
	if len(r.docs) > 0 {
		t.Errorf("%d documents more than expected: %v", len(r.docs), <-r.docs)
	}
	return r.last
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
}

// posts is so many texts that kelp says.
func posts(t *testing.T, kelp *collecttest.Chatter, room string, from, to int) (all []string) {
	t.Helper()
	for i := from; i < to; i++ {
		text := fmt.Sprint("post ", i)
		kelp.Post(room, "p"+fmt.Sprint(i), text)
		all = append(all, "kelp: "+text)
	}
	return all
}

func TestProsodyIsReadWithWhatWasSaidBeforeAndMeanwhile(t *testing.T) {
	s := collecttest.Prosody(t, collecttest.NewAuthority(t), collecttest.PublicDir(t), collecttest.FreePort(t), accounts())
	kelp := s.Chat(t, "kelp", "pw")
	for _, c := range []struct {
		room, security string
		missed         int
	}{{archived, "tls", 2*page + 30}, {plain, "starttls", 12}} {
		t.Run(c.room, func(t *testing.T) {
			kelp.Join(c.room, "kelp")
			kelp.Say("<message type='groupchat' to='%s'><subject>loaders</subject></message>", c.room)
			kelp.Hear("loaders")
			before := posts(t, kelp, c.room, 0, 3)
			more := map[string]any{"security": c.security}
			r := reads(t, s, "", more, c.room)
			first := <-r.docs
			if !first.Assumed || first.Text != "post 0" || first.Published.After(time.Now()) || !first.Learned.Equal(first.Published) {
				t.Errorf("said before we came: %+v", first)
			}
			want(t, r.next(t, 3), before[1], before[2], "kelp: loaders")
			live := posts(t, kelp, c.room, 3, 5)
			want(t, r.next(t, 2), live...)
			from := r.ended(t)
			kelp.Hear("type='unavailable'")
			missed := posts(t, kelp, c.room, 5, 5+c.missed)
			r = reads(t, s, from, more, c.room)
			var cursors []intel.Cursor
			for i := range missed {
				want(t, r.next(t, 1), missed[i])
				cursors = append(cursors, r.last)
			}
			kelp.Post(c.room, "now", "now")
			want(t, r.next(t, 1), "kelp: now")
			if len(r.rejects) > 0 {
				t.Errorf("rejects %q", r.rejects)
			}
			r.ended(t)
			for _, i := range []int{0, len(missed) / 2, len(missed) - 1} {
				kelp.Hear("type='unavailable'")
				r = reads(t, s, cursors[i], more, c.room)
				want(t, r.next(t, len(missed)-i), append(missed[i+1:len(missed):len(missed)], "kelp: now")...)
				r.ended(t)
			}
		})
	}
}

func TestWhatIsLostInARoomThatShowsLittleOfItsPastIsTold(t *testing.T) {
	s := collecttest.Prosody(t, collecttest.NewAuthority(t), collecttest.PublicDir(t), collecttest.FreePort(t), accounts())
	kelp := s.Chat(t, "kelp", "pw")
	kelp.Join(plain, "kelp")
	r := reads(t, s, "", nil, plain)
	kelp.Hear("/reader'")
	posts(t, kelp, plain, 0, 1)
	want(t, r.next(t, 1), "kelp: post 0")
	from := r.ended(t)
	kelp.Hear("type='unavailable'")
	missed := posts(t, kelp, plain, 1, 31)
	r = reads(t, s, from, nil, plain)
	want(t, r.next(t, 20), missed[10:]...)
	r.ended(t)
	if len(r.rejects) != 1 || !strings.Contains(r.rejects[0], "some may be missing") {
		t.Errorf("rejects %q", r.rejects)
	}
}

func TestWhatProsodyDoesNotLetInIsTold(t *testing.T) {
	s := collecttest.Prosody(t, collecttest.NewAuthority(t), collecttest.PublicDir(t), collecttest.FreePort(t), accounts())
	for name, more := range map[string]map[string]any{
		"a wrong password": {"password is": "wrong"},
		"no such account":  {"user": "nobody@localhost"},
	} {
		if err := <-reads(t, s, "", more, archived).done; !collect.IsPermanent(err) || !strings.Contains(err.Error(), "does not accept the account") {
			t.Errorf("%s: %v", name, err)
		}
	}
	stranger := s
	stranger.Roots = nil
	for _, security := range []string{"tls", "starttls"} {
		if err := <-reads(t, stranger, "", map[string]any{"security": security}, archived).done; err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("a certificate of nobody we know, %s: %v", security, err)
		}
	}
	if err := <-reads(t, s, "", map[string]any{"user": "reader@example.org"}, archived).done; err == nil || !strings.Contains(err.Error(), "connect to") {
		t.Errorf("a certificate of another: %v", err)
	}
	kelp := s.Chat(t, "kelp", "pw")
	rooms := []string{archived, "banned@rooms.localhost", "members@rooms.localhost", "locked@rooms.localhost"}
	for _, room := range rooms {
		kelp.Join(room, "kelp")
	}
	kelp.Say("<iq type='set' id='ban' to='banned@rooms.localhost'><query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='outcast' jid='reader@localhost'/></query></iq>")
	kelp.Hear("id='ban'")
	for room, field := range map[string]string{
		"members": "<field var='muc#roomconfig_membersonly'><value>1</value></field>",
		"locked":  "<field var='muc#roomconfig_passwordprotectedroom'><value>1</value></field><field var='muc#roomconfig_roomsecret'><value>open sesame</value></field>",
	} {
		kelp.Say("<iq type='set' id='set-%[1]s' to='%[1]s@rooms.localhost'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>%[2]s</x></query></iq>", room, field)
		kelp.Hear("id='set-" + room + "'")
	}
	r := reads(t, s, "", nil, append(rooms, "none@rooms.localhost", "none@elsewhere.localhost")...)
	kelp.Hear(archived + "/reader'")
	for deadline := time.Now().Add(10 * time.Second); r.told() < 5 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		kelp.Post(archived, fmt.Sprint(time.Now().UnixNano()), "one")
		r.next(t, 1)
	}
	r.ended(t)
	told := strings.Join(r.rejects, "\n")
	for _, why := range []string{"banned@rooms.localhost: it does not let us in: we are banned", "members@rooms.localhost: it does not let us in: it is for members alone",
		"locked@rooms.localhost: it does not let us in: it wants a password", "none@rooms.localhost: there is none", "none@elsewhere.localhost: it does not let us in"} {
		if !strings.Contains(told, why) {
			t.Errorf("%q is not told of: %s", why, told)
		}
	}
	kelp.Say("<iq type='get' id='made' to='none@rooms.localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
	if kelp.Hear("id='made'"); !strings.Contains(kelp.Hear("</iq>"), "item-not-found") {
		t.Error("a room was made")
	}
	if err := <-reads(t, s, "", nil, "banned@rooms.localhost").done; err == nil || !strings.Contains(err.Error(), "no room is left to read") {
		t.Errorf("the only room: %v", err)
	}
	r = reads(t, s, "", map[string]any{"room_password": "env:ROOM"}, "locked@rooms.localhost")
	kelp.Hear("locked@rooms.localhost/reader'")
	kelp.Post("locked@rooms.localhost", "in", "in")
	want(t, r.next(t, 1), "kelp: in")
	r.ended(t)
}

func TestWhatIsSaidInARoom(t *testing.T) {
	s := collecttest.Prosody(t, collecttest.NewAuthority(t), collecttest.PublicDir(t), collecttest.FreePort(t), accounts())
	kelp := s.Chat(t, "kelp", "pw")
	kelp.Join(archived, "kelp")
	r := reads(t, s, "", nil, archived)
	kelp.Hear("/reader'")
	say := func(inner string) {
		t.Helper()
		kelp.Say("<message type='groupchat' to='%s' id='m'>%s</message>", archived, inner)
	}
	say("<body>C2 at 203.0.113.77</body>")
	say("<body>C2 at 203.0.113.78</body><replace xmlns='urn:xmpp:message-correct:0' id='m'/>")
	say("<body>/me sells</body>")
	say("<body>I sent you an OMEMO encrypted message</body><encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>")
	say("<body>This person attempted to retract</body><retract xmlns='urn:xmpp:message-retract:1' id='s1'/>")
	say("<body>https://files.example/a.zip</body><x xmlns='jabber:x:oob'><url>https://files.example/a.zip</url></x>")
	say("<body>said now</body><delay xmlns='urn:xmpp:delay' from='" + archived + "' stamp='2019-01-01T00:00:00Z'/><stanza-id xmlns='urn:xmpp:sid:0' by='" + archived + "' id='forged'/>")
	say("<composing xmlns='http://jabber.org/protocol/chatstates'/>")
	say("<subject>exploits</subject>")
	want(t, r.next(t, 6), "kelp: C2 at 203.0.113.77", "kelp: C2 at 203.0.113.78", "kelp: kelp sells", "kelp: Removed the message s1", "kelp: https://files.example/a.zip", "kelp: said now")
	if strings.Contains(string(r.last), "forged") {
		t.Errorf("a name that somebody made up counts: %s", r.last)
	}
	want(t, r.next(t, 1), "kelp: exploits")
	if len(r.rejects) != 1 || !strings.Contains(r.rejects[0], "encrypted") {
		t.Errorf("rejects %q", r.rejects)
	}
	kelp.Say("<iq type='set' id='kick' to='%s'><query xmlns='http://jabber.org/protocol/muc#admin'><item role='none' nick='reader'><reason>no logging</reason></item></query></iq>", archived)
	if err := <-r.done; err == nil || collect.IsPermanent(err) || !strings.Contains(err.Error(), "thrown out of it: no logging") {
		t.Errorf("thrown out: %v", err)
	}
	moray := s.Chat(t, "moray", "pw")
	moray.Join(archived, "reader")
	r = reads(t, s, r.last, nil, archived)
	kelp.Hear("/reader_'")
	kelp.Post(archived, "after", "after")
	want(t, r.next(t, 1), "kelp: after")
	s.Kill()
	if err := <-r.done; err == nil || collect.IsPermanent(err) {
		t.Errorf("its server gone: %v", err)
	}
}
