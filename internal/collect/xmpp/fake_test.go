package xmpp

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// A visit is a source that reads a server of a test.
type visit struct {
	settings map[string]any
	mu       sync.Mutex
	rejects  []string
	password string
	now      func() time.Time
	options  fetch.Options
	silence  time.Duration
	pages    int
}

func reading(a collecttest.Authority, rooms ...string) *visit {
	return &visit{settings: map[string]any{"user": "reader@localhost", "password": "env:P", "server": "127.0.0.1", "security": "tls", "rooms": rooms},
		password: "correct-horse", now: func() time.Time { return collecttest.Now }, options: fetch.Options{Roots: a.Roots}}
}

// told is how many items were rejected so far.
func (v *visit) told() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.rejects)
}

// open opens the source of a server at a port of this machine.
func (v *visit) open(t *testing.T, port int) collect.Source {
	t.Helper()
	v.settings["port"] = port
	text, err := json.Marshal(v.settings)
	if err != nil {
		t.Fatal(err)
	}
	o := v.options
	o.Ports, o.Allow, o.UserAgent, o.Pace = []uint16{uint16(port)}, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "reader/1", &fetch.Pace{PerSecond: 1000}
	client, err := fetch.New(o)
	if err != nil {
		t.Fatal(err)
	}
	src, err := Connector.Open(collect.Env{ID: "test", Fetch: client, Log: slog.New(slog.DiscardHandler), Now: v.now,
		Reject: func(item string, reason error) {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.rejects = append(v.rejects, item+": "+reason.Error())
		},
		Reveal: func(s collect.Secret) (string, error) {
			if s == "env:ROOM" {
				return "open sesame", nil
			}
			return v.password, nil
		}}, collect.Strict(text))
	if err != nil {
		t.Fatal(err)
	}
	if v.pages > 0 {
		src.(*server).pages = v.pages
	}
	if v.silence > 0 {
		src.(*server).silence = v.silence
	}
	return src
}

// all collects until the server ends it.
func (v *visit) all(t *testing.T, port int, from intel.Cursor) (docs []intel.Document, cursors []intel.Cursor, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	err = v.open(t, port).Collect(ctx, from, func(d intel.Document, c intel.Cursor) error {
		docs, cursors = append(docs, d), append(cursors, c)
		return nil
	})
	return docs, cursors, err
}

// listening hands every connection, with TLS, to serve.
func listening(t *testing.T, a collecttest.Authority, serve func(*peer)) (port int) {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(a.Cert, a.Key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(&peer{t: t, conn: c})
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().(*net.TCPAddr).Port
}

// A peer is the server's side of a connection.
type peer struct {
	t    *testing.T
	conn net.Conn
	got  string
}

func (p *peer) say(format string, args ...any) bool {
	_, err := fmt.Fprintf(p.conn, format, args...)
	return err == nil
}

// hear waits for something and returns what was said up to there.
func (p *peer) hear(what string) string {
	p.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	for b := make([]byte, 4096); ; {
		if at := strings.Index(p.got, what); at >= 0 {
			said := p.got[:at+len(what)]
			p.got = p.got[at+len(what):]
			return said
		}
		n, err := p.conn.Read(b)
		if err != nil {
			return ""
		}
		p.got += string(b[:n])
	}
}

const streamHead = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='s' from='localhost' version='1.0'>"

// admit lets a client in.
func (p *peer) admit() bool {
	p.hear("version='1.0'")
	p.hear(">")
	p.say(streamHead + "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>")
	p.hear("</auth>")
	p.say("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
	p.hear("version='1.0'")
	p.hear(">")
	p.say(streamHead + "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>")
	id := regexp.MustCompile(`id="([^"]+)"`).FindStringSubmatch(p.hear("</iq>"))
	if id == nil {
		return false
	}
	return p.say("<iq type='result' id='%s'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>reader@localhost/x</jid></bind></iq>", id[1])
}

// play plays a conversation: what a line with > says is waited for, what one with < says is told.
func (p *peer) play(script string) {
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			continue
		}
		switch line[0] {
		case '<':
			if !p.say("%s", strings.TrimPrefix(line[1:], " ")) {
				return
			}
		case '>':
			if want := strings.TrimPrefix(line[1:], " "); p.hear(want) == "" {
				p.t.Errorf("client does not say %q but %q", want, p.got)
				return
			}
		}
	}
}

// TestConversations plays conversations, which end with the connection.
func TestConversations(t *testing.T) {
	a := collecttest.NewAuthority(t)
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no archives")
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]string{}
			for _, f := range ar.Files {
				parts[f.Name] = string(f.Data)
			}
			before := runtime.NumGoroutine()
			port := listening(t, a, func(p *peer) {
				if _, login := parts["login"]; login {
					p.play(parts["login"])
				} else {
					p.admit()
				}
				p.play(parts["conversation"])
			})
			v := reading(a, "malware@rooms.example.org")
			if err := json.Unmarshal([]byte(parts["settings.json"]), &v.settings); parts["settings.json"] != "" && err != nil {
				t.Fatal(err)
			}
			docs, cursors, err := v.all(t, port, intel.Cursor(parts["cursor"]))
			if want := strings.TrimSpace(parts["want.error"]); err == nil || !strings.Contains(err.Error(), want) || want == "" {
				t.Errorf("ended with %v, want %q", err, want)
			}
			if _, permanent := parts["permanent"]; permanent != collect.IsPermanent(err) {
				t.Errorf("permanent %v: %v", !permanent, err)
			}
			last := ""
			if len(cursors) > 0 {
				last = string(cursors[len(cursors)-1])
			}
			got := map[string]string{"want.json": printed(t, docs), "want.rejects": strings.Join(v.rejects, "\n"), "want.cursor": last}
			if os.Getenv("UPDATE") != "" {
				rewrite(t, name, ar, got)
				return
			}
			for part, text := range got {
				if diff := cmp.Diff(strings.TrimSpace(parts[part]), strings.TrimSpace(text)); diff != "" {
					t.Errorf("%s differs (-want +got):\n%s", part, diff)
				}
			}
			for deadline := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > before+1; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d goroutines are left", runtime.NumGoroutine()-before-1)
				}
			}
		})
	}
}

func rewrite(t *testing.T, name string, ar *txtar.Archive, parts map[string]string) {
	t.Helper()
	for _, want := range []string{"want.json", "want.rejects", "want.cursor"} {
		found := false
		for i := range ar.Files {
			if ar.Files[i].Name == want {
				ar.Files[i].Data, found = []byte(parts[want]), true
			}
		}
		if !found && parts[want] != "" {
			ar.Files = append(ar.Files, txtar.File{Name: want, Data: []byte(parts[want])})
		}
	}
	if err := os.WriteFile(name, txtar.Format(ar), 0o600); err != nil {
		t.Fatal(err)
	}
}

func printed(t *testing.T, docs []intel.Document) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	seen := map[intel.DocumentID]bool{}
	for _, d := range docs {
		if d.ID == "" || seen[d.ID] || d.Source != "test" || d.Genre != intel.Chat || d.Text == "" || d.Published.Location() != time.UTC || d.Learned.Location() != time.UTC {
			t.Errorf("document %+v lacks something, or came twice", d)
		}
		seen[d.ID] = true
		if err := enc.Encode(d); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

const (
	theRoom  = "malware@rooms.example.org"
	noPast   = "<iq type='result' from='" + theRoom + "' id='info-0'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
	inRoom   = "<presence from='" + theRoom + "/reader'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>"
	untitled = "<message type='groupchat' from='" + theRoom + "'><subject/></message>"
)

// enter lets a client into the room, which has no archive.
func (p *peer) enter() {
	p.admit()
	p.hear("</iq>")
	p.say("%s", noPast)
	p.hear("</presence>")
	p.say("%s", inRoom+untitled)
}

func said(nick, id, text string) string {
	return fmt.Sprintf("<message type='groupchat' from='%s/%s' id='%s'><body>%s</body></message>", theRoom, nick, id, text)
}

func TestAFloodIsPassedOverAndNamed(t *testing.T) {
	a := collecttest.NewAuthority(t)
	port := listening(t, a, func(p *peer) {
		p.enter()
		for i := range 2 * mostAMinute {
			p.say("%s", said("kelp", fmt.Sprint(i), fmt.Sprint("post ", i)))
		}
		p.say("</stream:stream>")
	})
	v := reading(a, theRoom)
	docs, _, err := v.all(t, port, "")
	if len(docs) != mostAMinute || len(v.rejects) != 1 || err == nil || !strings.Contains(err.Error(), "it ended the connection") {
		t.Errorf("%d documents, rejects %v, err %v", len(docs), v.rejects, err)
	}
}

func TestAStanzaWithoutEndIsGivenUpWithoutKeepingIt(t *testing.T) {
	a := collecttest.NewAuthority(t)
	for name, more := range map[string]string{"text": "x", "depth": "<a>", "attributes": " a1='x'"} {
		port := listening(t, a, func(p *peer) {
			p.enter()
			p.say("<message type='groupchat' from='%s/kelp'", theRoom)
			if name != "attributes" {
				p.say("><body>")
			}
			chunk := strings.Repeat(more, 64<<10/len(more))
			for range 200 {
				if !p.say("%s", chunk) {
					return
				}
			}
		})
		var began, ended runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&began)
		_, _, err := reading(a, theRoom).all(t, port, "")
		runtime.ReadMemStats(&ended)
		if !errors.Is(err, errTooLong) {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %d MB were asked for in all", name, (ended.TotalAlloc-began.TotalAlloc)>>20)
	}
}

func TestAServerThatTricklesOrFallsSilentIsGivenUp(t *testing.T) {
	a := collecttest.NewAuthority(t)
	for name, serve := range map[string]func(*peer){
		"silent": func(p *peer) { p.hear("urn:xmpp:ping"); p.hear("never") },
		"trickles": func(p *peer) {
			for i := 0; i < 1000 && p.say("%s", "<message><body>x"[min(i, 15):min(i, 15)+1]); i++ {
				time.Sleep(10 * time.Millisecond)
			}
		},
	} {
		port := listening(t, a, func(p *peer) { p.enter(); serve(p) })
		v := reading(a, theRoom)
		v.silence = 300 * time.Millisecond
		began := time.Now()
		if _, _, err := v.all(t, port, ""); err == nil || !strings.Contains(err.Error(), "too long") || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(began))
		}
	}
}

func TestAServerThatAnswersAPingIsReadOn(t *testing.T) {
	a := collecttest.NewAuthority(t)
	port := listening(t, a, func(p *peer) {
		p.enter()
		for range 5 {
			p.hear("urn:xmpp:ping")
			p.say("<iq type='result' id='there'/>")
		}
		p.say("%s</stream:stream>", said("kelp", "1", "late"))
	})
	v := reading(a, theRoom)
	v.silence = 100 * time.Millisecond
	if docs, _, err := v.all(t, port, ""); len(docs) != 1 {
		t.Errorf("%d documents, %v", len(docs), err)
	}
}

func TestWhatHasMoreInItThanAMessageIsPassedOverAndWhatFollowsIsRead(t *testing.T) {
	a := collecttest.NewAuthority(t)
	deep := said("kelp", "1", "<b>"+strings.Repeat("<a>", 2000)+strings.Repeat("</a>", 2000)+"</b>")
	wide := said("kelp", "2", "x"+strings.Repeat("<a/>", 2*mostElements))
	port := listening(t, a, func(p *peer) {
		p.enter()
		p.say("%s", deep+said("kelp", "3", "between")+wide+said("kelp", "4", "after")+"</stream:stream>")
	})
	v := reading(a, theRoom)
	docs, _, err := v.all(t, port, "")
	if len(docs) != 2 || docs[0].Text != "between" || docs[1].Text != "after" || len(v.rejects) != 2 {
		t.Errorf("%+v, rejects %v, err %v", docs, v.rejects, err)
	}
}

func TestItEndsWithItsContextAndWithEmit(t *testing.T) {
	a := collecttest.NewAuthority(t)
	for name, serve := range map[string]func(*peer){
		"waiting":    func(p *peer) { p.enter(); p.hear("never") },
		"logging in": func(p *peer) { p.hear("never") },
	} {
		port := listening(t, a, serve)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(200*time.Millisecond, cancel)
		began := time.Now()
		if err := reading(a, theRoom).open(t, port).Collect(ctx, "", func(intel.Document, intel.Cursor) error { return nil }); !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(began))
		}
	}
	port := listening(t, a, func(p *peer) { p.enter(); p.say("%s", said("kelp", "1", "a")+said("kelp", "2", "b")); p.hear("never") })
	full, calls := errors.New("disk full"), 0
	source, once := reading(a, theRoom).open(t, port), false
	err := source.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error {
		calls, once = calls+1, source.(collect.Fleeting).Fleeting()
		return full
	})
	if !once {
		t.Error("what is said in a room without an archive is not told once")
	}
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("emit's error: %v after %d calls", err, calls)
	}
}

func TestNoPasswordGoesToAServerWithoutTLS(t *testing.T) {
	for name, c := range map[string]struct {
		answer, want string
		permanent    bool
	}{
		"offers none": {streamHead + "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>", "offers no TLS", true},
		"refuses":     {streamHead + "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features><failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "does not begin TLS", false},
		"is another":  {"HTTP/1.1 400 Bad Request\r\n\r\n", "no XMPP server", false},
		"goes on":     {streamHead + "<stream:features>" + strings.Repeat("<a/>", longestGreeting), "no XMPP server", false},
	} {
		ours, theirs := net.Pipe()
		ours.SetDeadline(time.Now().Add(time.Second)) // as dialing has
		heard := make(chan string, 1)
		go func() {
			var got bytes.Buffer
			go io.WriteString(theirs, c.answer)
			io.Copy(&got, theirs)
			heard <- got.String()
		}()
		v := reading(collecttest.Authority{}, theRoom)
		v.settings["security"] = "starttls"
		err := v.open(t, 5222).(*server).startTLS(ours)
		ours.Close()
		if got := <-heard; err == nil || !strings.Contains(err.Error(), c.want) || collect.IsPermanent(err) != c.permanent || strings.Contains(got, "<auth") || strings.Contains(got, "reader") {
			t.Errorf("%s: %v; it was told %q", name, err, got)
		}
	}
}

func TestAPasswordIsToldOverTLSAloneAndBoundWhereTheServerSaysByWhat(t *testing.T) {
	names := func(state tls.ConnectionState, bound ...string) string {
		var all []string
		for _, m := range ways(state, bound) {
			all = append(all, m.Name)
		}
		return strings.Join(all, " ")
	}
	const plus, always = "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS ", "SCRAM-SHA-256 SCRAM-SHA-1"
	for _, c := range []struct {
		version uint16
		bound   string
		want    string
	}{
		{0, "tls-exporter", always},
		{tls.VersionTLS13, "tls-exporter", plus + always + " PLAIN"},
		{tls.VersionTLS13, "tls-server-end-point", always + " PLAIN"},
		{tls.VersionTLS12, "tls-unique", plus + always + " PLAIN"},
		{tls.VersionTLS13, "", always + " PLAIN"},
	} {
		if got := names(tls.ConnectionState{Version: c.version}, c.bound); got != c.want {
			t.Errorf("%x with %s: %s", c.version, c.bound, got)
		}
	}
}

func TestWhatAServerSaysInSCRAMIsLookedAtBeforeItCosts(t *testing.T) {
	for challenge, ok := range map[string]bool{
		"r=abc,s=QSXCR+Q6sek8bf92,i=4096": true, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=": true,
		"": false, "x": false, "r=abc,s=QQ==,i=4096,": false, "r=abc,s=QQ==,i=": false, "r=abc,s=QQ==,i=1": false, "r=abc,s=QQ==,i=2147483647": false,
		"r=abc,s=QQ==,i=4096,i=99999999999999999999": false,
	} {
		if err := sound([]byte(challenge)); (err == nil) != ok {
			t.Errorf("%q: %v", challenge, err)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	const good = `"user":"reader@example.org","password":"env:P"`
	for settings, want := range map[string]string{
		`{}`:                         "user:",
		`{"user":"example.org"}`:     "user:",
		`{"user":"a@example.org/x"}`: "user:",
		`{"user":"a@example.org"}`:   "password is missing",
		`{` + good + `}`:             "rooms are missing",
		`{` + good + `,"rooms":["rooms.example.org"]}`:                                         "rooms:",
		`{` + good + `,"rooms":["m@rooms.example.org/x"]}`:                                     "rooms:",
		`{` + good + `,"rooms":["m@rooms.example.org"],"nick":"\u0000"}`:                       "nick:",
		`{` + good + `,"rooms":["m@rooms.example.org"],"server":"xmpp.example.org:5222"}`:      "stands apart",
		`{` + good + `,"rooms":["m@rooms.example.org"],"port":70000}`:                          "port:",
		`{` + good + `,"rooms":["m@rooms.example.org"],"security":"none"}`:                     "security:",
		`{` + good + `,"rooms":["m@rooms.example.org"],"security":"plain"}`:                    "no line that others can read",
		`{` + good + `,"rooms":["m@rooms.example.org"],"security":"plain","server":"x.onion"}`: "",
		`{` + good + `,"rooms":["m@r.example","n@r.example"],"room_password":"env:R"}`:         "room_password",
		`{` + good + `,"rooms":["m@rooms.example.org"],"no such key":1}`:                       "no such key",
		`{"user":"reader@example.org","password":"hunter2"}`:                                   "secret does not stand here",
		`{` + good + `,"rooms":["m@rooms.example.org"]}`:                                       "",
	} {
		_, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(settings)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
	src, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(`{`+good+`,"rooms":["m@rooms.example.org"]}`)))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []intel.Cursor{"nonsense", "m@r x a d e\n", "m@r 1 %zz d e\n"} {
		if err := src.Collect(t.Context(), bad, nil); !collect.IsPermanent(err) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

// FuzzStanza reads what may come of a room that is read.
func FuzzStanza(f *testing.F) {
	f.Add([]byte(said("kelp", "1", "sells")))
	f.Add([]byte("<message type='groupchat' from='" + theRoom + "/kelp'><body>&gt; a\nb</body><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='4'/></fallback></message>"))
	f.Add([]byte("<message from='" + theRoom + "'><result xmlns='urn:xmpp:mam:2' queryid='past-0-1' id='7'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-04-01T10:00:00Z'/><message xmlns='jabber:client' type='groupchat' from='" + theRoom + "/kelp'><body>x</body></message></forwarded></result></message>"))
	f.Add([]byte(inRoom + untitled + "<iq type='get' from='a@b/c' id='q'><ping xmlns='urn:xmpp:ping'/></iq>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 64<<10 {
			return
		}
		n := &server{Env: collect.Env{ID: "test", Now: func() time.Time { return collecttest.Now }, Reject: func(string, error) {}}, settings: settings{Rooms: []string{theRoom}, Nick: "reader"}}
		s := &session{server: n, emit: func(d intel.Document, c intel.Cursor) error {
			if d.Text == "" || strings.Count(string(c), "\n") > 1 {
				t.Errorf("document %+v, cursor %q", d, c)
			}
			return (&session{server: n}).places(c)
		}}
		if err := s.places(""); err != nil {
			t.Fatal(err)
		}
		r := s.rooms[0]
		r.joining, r.in, r.known, r.names, r.query, r.asked = true, true, true, true, "past-0-1", collecttest.Now
		w := &wire{Conn: deaf{}}
		dec := xml.NewDecoder(io.MultiReader(strings.NewReader("<stream xmlns='jabber:client'>"), bytes.NewReader(body)))
		if _, err := dec.Token(); err != nil {
			t.Fatal(err)
		}
		t1 := &tokens{from: dec}
		s.connection = &connection{w, t1, xml.NewTokenDecoder(t1)}
		for {
			st, whole, err := s.next()
			if err != nil {
				return
			}
			if err := s.take(st, whole); err != nil && collect.IsPermanent(err) {
				t.Errorf("cursor: %v", err)
			}
		}
	})
}
