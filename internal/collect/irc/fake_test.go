package irc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
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
	rejects  []string
	password string
	now      func() time.Time
	roots    fetch.Options
}

func reading(settings map[string]any) *visit {
	return &visit{settings: settings, now: func() time.Time { return collecttest.Now }}
}

// open opens the source of a server at a port of this machine.
func (v *visit) open(t *testing.T, port int) collect.Source {
	t.Helper()
	v.settings["port"] = port
	text, err := json.Marshal(v.settings)
	if err != nil {
		t.Fatal(err)
	}
	o := v.roots
	o.Ports, o.Allow, o.UserAgent, o.Pace = []uint16{uint16(port)}, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "reader/1 (+https://reader.example)", &fetch.Pace{PerSecond: 1000}
	client, err := fetch.New(o)
	if err != nil {
		t.Fatal(err)
	}
	src, err := Connector.Open(collect.Env{ID: "test", Fetch: client, Log: slog.New(slog.DiscardHandler), Now: v.now,
		Reject: func(item string, reason error) { v.rejects = append(v.rejects, item+": "+reason.Error()) },
		Reveal: func(collect.Secret) (string, error) { return v.password, nil }}, collect.Strict(text))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// listening hands every connection to serve, in turn.
func listening(t *testing.T, serve func(net.Conn)) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
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
			serve(c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().(*net.TCPAddr).Port
}

// spoken plays a conversation: a line that begins with > is what the client is to say, one
// with < what it is told.
func spoken(t *testing.T, script string, c net.Conn) {
	in := bufio.NewReader(c)
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		text, err := strconv.Unquote(`"` + strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(line[1:], " "), ""), `"`, `\"`) + `"`)
		if err != nil {
			t.Errorf("conversation: %q: %v", line, err)
			return
		}
		switch line[0] {
		case '<':
			if _, err := io.WriteString(c, text+"\r\n"); err != nil {
				return
			}
		case '>':
			c.SetReadDeadline(time.Now().Add(5 * time.Second))
			got, err := in.ReadString('\n')
			if got = strings.TrimRight(got, "\r\n"); got != text {
				t.Errorf("client said %q, err %v, want %q", got, err, text)
				return
			}
		}
	}
}

// TestConversations plays recorded conversations, which end with the connection.
func TestConversations(t *testing.T) {
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
			port := listening(t, func(c net.Conn) { spoken(t, parts["conversation"], c) })
			v := reading(map[string]any{})
			if err := json.Unmarshal([]byte(parts["settings.json"]), &v.settings); err != nil {
				t.Fatal(err)
			}
			v.password = strings.TrimSpace(parts["password"])
			docs, cursors, err := v.all(t, port, intel.Cursor(parts["cursor"]))
			if want := strings.TrimSpace(parts["want.error"]); err == nil || !strings.Contains(err.Error(), want) || want == "" {
				t.Errorf("ended with %v, want %q", err, want)
			}
			if _, permanent := parts["permanent"]; permanent != collect.IsPermanent(err) {
				t.Errorf("permanent %v: %v", !permanent, err)
			}
			got := printed(t, docs)
			last := ""
			if len(cursors) > 0 {
				last = string(cursors[len(cursors)-1])
			}
			if os.Getenv("UPDATE") != "" {
				parts["want.json"], parts["want.rejects"], parts["want.cursor"] = got, strings.Join(v.rejects, "\n"), last
				rewrite(t, name, ar, parts)
			}
			if diff := cmp.Diff(parts["want.json"], got); diff != "" {
				t.Errorf("documents differ (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(strings.TrimSpace(parts["want.rejects"]), strings.Join(v.rejects, "\n")); diff != "" {
				t.Errorf("rejects differ (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(parts["want.cursor"], last); diff != "" {
				t.Errorf("last cursor differs (-want +got):\n%s", diff)
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

func printed(t *testing.T, docs []intel.Document) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, d := range docs {
		if d.ID == "" || d.Source != "test" || d.Genre != intel.Chat || d.Text == "" || d.Published.Location() != time.UTC {
			t.Errorf("document %+v lacks something", d)
		}
		if err := enc.Encode(d); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// A room is a server that tells the past of its one channel, by time.
type room struct {
	said  []message // so far
	limit int
	names bool                            // its messages have names
	first func(send func(string, ...any)) // what happens when somebody joins
}

func (r *room) serve(c net.Conn) {
	send := func(format string, args ...any) { fmt.Fprintf(c, format+"\r\n", args...) }
	in := bufio.NewScanner(c)
	for in.Scan() {
		m, _ := read(in.Bytes())
		switch m.command {
		case "CAP":
			switch m.param(0) {
			case "LS":
				send(":srv CAP * LS :message-tags server-time batch draft/chathistory=x")
			case "REQ":
				send(":srv CAP * ACK :%s", m.last())
			case "END":
				send(":srv 001 reader :Welcome")
				send(":srv 005 reader CHATHISTORY=%d :are supported", r.limit)
				send(":srv 376 reader :End")
			}
		case "JOIN":
			send("@time=2026-04-01T11:00:00.000Z :reader!r@h JOIN %s", m.param(0))
			if r.first != nil {
				r.first(send)
			}
		case "CHATHISTORY":
			r.tell(m, send)
		}
	}
}

func (r *room) tell(m message, send func(string, ...any)) {
	from, _ := time.Parse(stamp, strings.TrimPrefix(m.param(2), "timestamp="))
	n, _ := strconv.Atoi(m.param(3))
	send(":srv BATCH +h chathistory %s", m.param(1))
	for _, s := range r.said {
		if s.at.After(from) && n > 0 {
			n--
			name := ""
			if r.names {
				name = ";msgid=" + s.id
			}
			send("@batch=h;time=%s%s :%s!u@h PRIVMSG %s :%s", s.at.Format(stamp), name, s.from, m.param(1), s.last())
		}
	}
	send(":srv BATCH -h")
	if n > 0 {
		send("ERROR :that is all")
	}
}

// talked is so many messages, of which some are of the same millisecond.
func talked(n int) (all []message) {
	at := time.Date(2026, 4, 1, 10, 0, 0, 0, time.UTC)
	for i := range n {
		if i%4 == 0 {
			at = at.Add(time.Second)
		}
		all = append(all, message{at: at, id: fmt.Sprint("m", i), from: "kelp", params: []string{"#malware", fmt.Sprint("post ", i)}})
	}
	return all
}

func TestAnyCursorResumesWithoutLossOrRepeat(t *testing.T) {
	const n = 50
	settings := map[string]any{"server": "127.0.0.1", "plain": true, "nick": "reader", "channels": []string{"#malware"}}
	for _, names := range []bool{true, false} {
		r := &room{said: talked(n), limit: 7, names: names}
		port := listening(t, r.serve)
		docs, cursors, err := reading(settings).all(t, port, "#malware 1775037599000 0  \n")
		if len(docs) != n || err == nil || !strings.Contains(err.Error(), "that is all") {
			t.Fatalf("names %v: %d documents of %d, err %v", names, len(docs), n, err)
		}
		for i, c := range cursors {
			rest, _, _ := reading(settings).all(t, port, c)
			if diff := cmp.Diff(printed(t, docs[i+1:]), printed(t, rest)); diff != "" {
				t.Fatalf("names %v: from cursor %q, after document %d (-want +got):\n%s", names, c, i+1, diff)
			}
		}
	}
}

func TestWhatIsSaidWhileThePastIsToldComesOnceAndBehindIt(t *testing.T) {
	r := &room{said: talked(12), limit: 10, names: true}
	r.first = func(send func(string, ...any)) {
		for _, m := range r.said[9:] { // said just when we came, and so of the past as well
			send("@time=%s;msgid=%s :kelp!u@h PRIVMSG #malware :%s", m.at.Format(stamp), m.id, m.last())
		}
		send("@time=2026-04-01T11:00:01.000Z;msgid=now :kelp!u@h PRIVMSG #malware :now")
	}
	port := listening(t, r.serve)
	v := reading(map[string]any{"server": "127.0.0.1", "plain": true, "nick": "reader", "channels": []string{"#malware"}})
	docs, _, err := v.all(t, port, "#malware 1775037599000 0  \n")
	var got []string
	for _, d := range docs {
		got = append(got, strings.TrimPrefix(d.Text, "post "))
	}
	if want := "0 1 2 3 4 5 6 7 8 9 10 11 now"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s; err %v, rejects %v", got, want, err, v.rejects)
	}
	var once []string
	source := v.open(t, port)
	_ = source.Collect(t.Context(), "#malware 1775037599000 0  \n", func(d intel.Document, _ intel.Cursor) error {
		if source.(collect.Fleeting).Fleeting() {
			once = append(once, d.Text)
		}
		return nil
	})
	if strings.Join(once, " ") != "now" {
		t.Errorf("told once: %q", once)
	}
}

func TestAFloodIsPassedOverAndNamed(t *testing.T) {
	r := &room{limit: 10, first: func(send func(string, ...any)) {
		for i := range 2 * mostAMinute {
			send("@time=2026-04-01T11:00:01.000Z;msgid=%d :kelp!u@h PRIVMSG #malware :%d", i, i)
		}
		send("%s", strings.Repeat("x", 3*endless))
	}}
	port := listening(t, r.serve)
	v := reading(map[string]any{"server": "127.0.0.1", "plain": true, "nick": "reader", "channels": []string{"#malware"}})
	docs, _, err := v.all(t, port, "")
	if len(docs) != mostAMinute || len(v.rejects) != 1 || !errors.Is(err, errTooLong) {
		t.Errorf("%d documents, rejects %v, err %v", len(docs), v.rejects, err)
	}
}

func TestItEndsWithItsContextAndWithEmit(t *testing.T) {
	r := &room{said: talked(3), limit: 10}
	port := listening(t, r.serve)
	settings := map[string]any{"server": "127.0.0.1", "plain": true, "nick": "reader", "channels": []string{"#malware"}}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	began := time.Now()
	if err := reading(settings).open(t, port).Collect(ctx, "", func(intel.Document, intel.Cursor) error { return nil }); !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
		t.Errorf("cancelled: %v after %v", err, time.Since(began))
	}
	full, calls := errors.New("disk full"), 0
	err := reading(settings).open(t, port).Collect(t.Context(), "#malware 1775037599000 0  \n", func(intel.Document, intel.Cursor) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("emit's error: %v after %d calls", err, calls)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`:                                "server is missing",
		`{"server":"irc.example.net:6697"}`: "its port stands apart",
		`{"server":"irc.example.net"}`:      "nick is missing",
		`{"server":"irc.example.net","nick":"reader"}`:                                                   "channels are missing",
		`{"server":"irc.example.net","nick":"a b","channels":["#a"]}`:                                    "nick:",
		`{"server":"irc.example.net","nick":"reader","channels":["#a,#b"]}`:                              "channels:",
		`{"server":"irc.example.net","nick":"reader","channels":["#a\r\nQUIT"]}`:                         "channels:",
		`{"server":"irc.example.net","nick":"reader","channels":["#a"],"realname":"a\nQUIT"}`:            "realname",
		`{"server":"irc.example.net","nick":"reader","channels":["#a"],"plain":true,"password":"env:P"}`: "TLS",
		`{"server":"irc.example.net","nick":"reader","channels":["#a"],"password":"hunter2"}`:            "secret does not stand here",
		`{"server":"irc.example.net","nick":"reader","channels":["#a"],"port":70000}`:                    "port:",
		`{"server":"irc.example.net","nick":"reader","channels":["#a"],"no such key":1}`:                 "no such key",
		`{"server":"x.onion","nick":"reader","channels":["#a"],"plain":true,"password":"env:P"}`:         "",
	} {
		_, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(settings)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
	src, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(`{"server":"irc.example.net","nick":"reader","channels":["#a"]}`)))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []intel.Cursor{"nonsense", "#a x 1 d e\n", "#a 1 x d e\n"} {
		if err := src.Collect(t.Context(), bad, nil); !collect.IsPermanent(err) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("@time=2026-04-01T10:00:00.000Z;msgid=a :kelp!u@h PRIVMSG #malware :\x01ACTION \x0304,05sells\x01"))
	f.Add([]byte(":srv 005 reader CHATHISTORY=100 :are supported"))
	f.Add([]byte("@ : \x03,\xff"))
	f.Fuzz(func(t *testing.T, line []byte) {
		m, ok := read(line)
		if ok && len(m.params) > mostParams {
			t.Errorf("%d parameters", len(m.params))
		}
		if text, says := words(m); says && strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			t.Errorf("%q has codes", text)
		}
	})
}

func TestCodesAreNoText(t *testing.T) {
	for in, want := range map[string]string{
		"\x02bold\x02 \x1ditalic\x1d\x0f":       "bold italic",
		"\x0304,12red\x03 plain":                "red plain",
		"\x033,x":                               ",x",
		"\x031234":                              "34",
		"\x04ff00aa,00ff00hex\x04":              "hex",
		"a\tb\x1b[31m":                          "a b[31m",
		"\x03":                                  "",
		"10.0.0.1\x0312,":                       "10.0.0.1,",
		decoded([]byte("caf\xe9")):              "café",
		decoded([]byte("\xd0\xba\xd0\xbe\xd1")): "Ð\u00baÐ¾Ñ",
	} {
		if got := shown(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
