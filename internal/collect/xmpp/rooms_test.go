package xmpp

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

// deaf is a connection that takes all it is told.
type deaf struct{ net.Conn }

func (deaf) Write(p []byte) (int, error) { return len(p), nil }

// sync waits until a client has read all that it was told.
func (p *peer) sync() {
	p.say("<iq type='get' id='sync'><ping xmlns='%s'/></iq>", nsPing)
	p.hear("id='sync'")
}

// later has the time of a visit go on by what is said to a channel.
func (v *visit) later() (pass func(time.Duration)) {
	var by atomic.Int64
	v.now = func() time.Time { return collecttest.Now.Add(time.Duration(by.Load())) }
	return func(d time.Duration) { by.Add(int64(d)) }
}

func TestARoomThatForgotUsIsComeIntoAnew(t *testing.T) {
	a := collecttest.NewAuthority(t)
	v := reading(a, theRoom)
	pass := v.later()
	port := listening(t, a, func(p *peer) {
		p.enter()
		p.sync()
		pass(present + time.Second)
		p.say("<iq type='result' id='there'/>")
		p.hear("<iq type='get' id='in-0' to='" + theRoom + "/reader'>")
		p.say("<iq type='error' from='%s/eel' id='in-0'><error type='cancel'><not-acceptable xmlns='%s'/></error></iq>%s", theRoom, nsStanzas, said("kelp", "1", "from another"))
		p.say("<iq type='error' from='%s/reader' id='in-0'><error type='cancel'><not-acceptable xmlns='%s'/></error></iq>", theRoom, nsStanzas)
		p.hear("never")
	})
	docs, _, err := v.all(t, port, "")
	if len(docs) != 1 || err == nil || !strings.Contains(err.Error(), "knows us no more") {
		t.Errorf("%d documents, %v", len(docs), err)
	}
}

// inArchive is a message of an archive, and endOf the end of a page of it.
func inArchive(query string, i int) string {
	return fmt.Sprintf("<message from='%s'><result xmlns='%s' queryid='%s' id='s%d'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-04-01T10:00:00Z'/>%s</forwarded></result></message>",
		theRoom, nsArchive, query, i, strings.Replace(said("kelp", "", fmt.Sprint("post ", i)), "<message", "<message xmlns='jabber:client'", 1))
}

const behind = intel.Cursor("malware%40rooms.example.org 1775037600000 s0 AAAA 47DEQpj8\n")

// enterArchive lets a client into the room, which has an archive, and returns by what it is asked.
func (p *peer) enterArchive() {
	p.admit()
	p.hear("</iq>")
	p.say("%s", strings.Replace(noPast, "/></iq>", "><feature var='"+nsArchive+"'/></query></iq>", 1))
	p.hear("</presence>")
	p.say("%s", inRoom+untitled)
}

func TestAnArchiveWithoutEndIsBoundedAndWhatIsSaidIsRead(t *testing.T) {
	const pages = 20
	a := collecttest.NewAuthority(t)
	port := listening(t, a, func(p *peer) {
		p.enterArchive()
		n := 0
		for i := 1; i <= pages; i++ {
			query := fmt.Sprint("past-0-", i)
			p.hear("queryid=" + "'" + query + "'")
			p.hear("</iq>")
			var told strings.Builder
			for range page {
				n++
				told.WriteString(inArchive(query, n))
			}
			p.say("%s", told.String())
			p.say("<iq type='result' from='%s' id='%s'><fin xmlns='%s'><set xmlns='http://jabber.org/protocol/rsm'><last>s%d</last></set></fin></iq>", theRoom, query, nsArchive, n)
		}
		p.say("%s</stream:stream>", said("kelp", "now", "now"))
	})
	v := reading(a, theRoom)
	v.pages = pages
	docs, _, err := v.all(t, port, behind)
	if len(docs) != pages*page+1 || docs[len(docs)-1].Text != "now" || len(v.rejects) != 1 || !strings.Contains(v.rejects[0], "passed over") {
		t.Errorf("%d documents, rejects %v, %v", len(docs), v.rejects, err)
	}
}

func TestAnArchiveThatDoesNotAnswerHoldsUpNothing(t *testing.T) {
	a := collecttest.NewAuthority(t)
	v := reading(a, theRoom)
	pass := v.later()
	port := listening(t, a, func(p *peer) {
		p.enterArchive()
		p.hear("<after>s0</after>")
		p.say("%s", said("kelp", "1", "one"))
		p.sync()
		pass(patience + time.Second)
		p.say("%s</stream:stream>", said("kelp", "2", "two"))
	})
	docs, _, err := v.all(t, port, behind)
	if len(docs) != 2 || len(v.rejects) != 1 || !strings.Contains(v.rejects[0], "does not answer") {
		t.Errorf("%d documents, rejects %v, %v", len(docs), v.rejects, err)
	}
}

func TestMoreThanCanWaitIsAskedForAgain(t *testing.T) {
	a := collecttest.NewAuthority(t)
	port := listening(t, a, func(p *peer) {
		p.enterArchive()
		p.hear("<after>s0</after>")
		for i := 1; i <= mostHeld+5; i++ { // of which the archive has all
			p.say("%s", strings.Replace(said("kelp", fmt.Sprint(i), fmt.Sprint("post ", i)), "</message>", fmt.Sprintf("<stanza-id xmlns='%s' by='%s' id='s%d'/></message>", nsNames, theRoom, i), 1))
		}
		for i := 1; i <= 2; i++ { // of which this tells too few, and then the rest
			query := fmt.Sprint("past-0-", i)
			for n := 3*i - 2; n <= 3*i; n++ {
				p.say("%s", inArchive(query, n))
			}
			p.say("<iq type='result' from='%s' id='%s'><fin xmlns='%s' complete='true'/></iq>", theRoom, query, nsArchive)
			if i == 1 {
				p.hear("<after>s3</after>")
			}
		}
		p.say("</stream:stream>")
	})
	v := reading(a, theRoom)
	docs, _, err := v.all(t, port, behind)
	if len(docs) != mostHeld+5 {
		t.Errorf("%d documents, rejects %v, %v", len(docs), v.rejects, err)
	}
}

func TestWhatWaitsIsBoundedInBytes(t *testing.T) {
	r := &room{}
	for i := range 100 {
		r.hold(message{id: fmt.Sprint(i), nick: strings.Repeat("n", 50_000), text: strings.Repeat("x", 50_000)})
	}
	if n := len(r.held); n != mostWaiting/100_002 || r.held[n-1].id != "99" || !r.again || r.waiting > mostWaiting {
		t.Errorf("%d messages of %d bytes wait", n, r.waiting)
	}
	if r.release(); r.waiting != 0 || r.held != nil {
		t.Error("what was let go still waits")
	}
}

func TestNobodyElseIsTakenForUs(t *testing.T) {
	a := collecttest.NewAuthority(t)
	ours := "<x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/><status code='307'/></x></presence>"
	port := listening(t, a, func(p *peer) {
		p.admit()
		p.hear("</iq>")
		p.say("%s", noPast)
		p.hear("</presence>")
		p.say("<presence from='%[1]s/eel'>%[2]s%[3]s%[4]s<presence from='%[1]s/eel' type='unavailable'>%[2]s", theRoom, ours, inRoom, untitled)
		p.say("%s</stream:stream>", said("eel", "1", "still read"))
	})
	if docs, _, err := reading(a, theRoom).all(t, port, ""); len(docs) != 1 {
		t.Errorf("%d documents, %v", len(docs), err)
	}
}

func TestAFirstVisitThatBreaksOffIsGoneOnWith(t *testing.T) {
	a := collecttest.NewAuthority(t)
	shown := ""
	for i := range 3 {
		shown += strings.Replace(said("kelp", fmt.Sprint(i), fmt.Sprint("post ", i)), "</message>", fmt.Sprintf("<delay xmlns='urn:xmpp:delay' from='%s' stamp='2026-03-0%dT10:00:00Z'/></message>", theRoom, i+1), 1)
	}
	asked := make(chan string, 10)
	port := listening(t, a, func(p *peer) {
		p.admit()
		p.hear("</iq>")
		p.say("%s", noPast)
		asked <- p.hear("</presence>")
		p.say("%s</stream:stream>", inRoom+shown+untitled)
	})
	docs, cursors, err := reading(a, theRoom).all(t, port, "")
	if len(docs) != 3 || !docs[0].Assumed {
		t.Fatalf("%+v, %v", docs, err)
	}
	<-asked
	for i, from := range cursors {
		v := reading(a, theRoom)
		rest, _, err := v.all(t, port, from)
		if len(rest) != 2-i || len(rest) > 0 && rest[0].ID != docs[i+1].ID || len(v.rejects) > 0 {
			t.Errorf("from %q: %+v, rejects %v, %v", from, rest, v.rejects, err)
		}
		if how, want := <-asked, fmt.Sprintf("since='2026-03-0%dT09:59:00.000Z'", i+1); !strings.Contains(how, want) {
			t.Errorf("from %q it asks %s", from, how)
		}
	}
}
