package nats

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

const password = "s3cr3t-of-the-reader"

// serve runs a server until the test ends.
func serve(t *testing.T, o server.Options) *server.Server {
	t.Helper()
	o.Host, o.NoLog, o.NoSigs = "127.0.0.1", true, true
	if o.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
	s, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not answer")
	}
	return s
}

// talker is somebody who says something.
func talker(t *testing.T, s *server.Server, how ...client.Option) *client.Conn {
	t.Helper()
	c, err := client.Connect(s.ClientURL(), how...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func say(t *testing.T, c *client.Conn, subject string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := c.Publish(subject, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
}

// stored says what a stream takes in, and returns once it has each.
func stored(t *testing.T, c *client.Conn, subject string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, err := c.Request(subject, []byte(text), 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
}

// streamed makes a stream, or changes one.
func streamed(t *testing.T, c *client.Conn, config jetstream.StreamConfig) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(c)
	if err == nil {
		_, err = js.CreateOrUpdateStream(t.Context(), config)
	}
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// told is what a source said besides its documents.
type told struct{ notices, rejects []string }

func opened(t *testing.T, s *server.Server, settings string, o fetch.Options) (collect.Source, *told) {
	t.Helper()
	return openedAt(t, s.Addr().(*net.TCPAddr).Port, settings, o)
}

func openedAt(t *testing.T, port int, settings string, o fetch.Options) (collect.Source, *told) {
	t.Helper()
	env, told := collecttest.Local(t, fmt.Sprintf("nats://127.0.0.1:%d", port), o), &told{}
	env.Once = true
	env.Notice = func(err error) { told.notices = append(told.notices, err.Error()) }
	env.Reject = func(item string, reason error) { told.rejects = append(told.rejects, item+": "+reason.Error()) }
	src, err := open(env, collect.Strict(fmt.Appendf(nil, `{"server":"127.0.0.1","port":%d,%s}`, port, settings)))
	if err != nil {
		t.Fatal(err)
	}
	return src, told
}

// all is what a source yields after a cursor.
func all(t *testing.T, src collect.Source, from intel.Cursor) (texts []string, cursors []intel.Cursor) {
	t.Helper()
	err := src.Collect(t.Context(), from, func(doc intel.Document, next intel.Cursor) error {
		texts, cursors = append(texts, doc.Text), append(cursors, next)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts, cursors
}

const plainLogs = `"plain":true,"stream":"LOGS"`

func doc(text string) string { return `{"genre":"report","text":"` + text + `"}` }

func TestAStreamIsReadOnFromAnyPlaceWithoutLossOrRepeat(t *testing.T) {
	s := serve(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	c := talker(t, s)
	streamed(t, c, jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.>"}})
	stored(t, c, "logs.a", doc("one"), doc("two")+"\n"+doc("three")+"\n\n"+doc("four"), "", "{broken\n"+doc("five"))
	stored(t, c, "logs.b", doc("six"))
	for range 2 * mostAtOnce {
		stored(t, c, "logs.b", doc("more"))
	}
	src, told := opened(t, s, plainLogs+`,"documents":true`, fetch.Options{})
	texts, cursors := all(t, src, "")
	if len(texts) != 6+2*mostAtOnce || !slices.Equal(texts[:6], []string{"one", "two", "three", "four", "five", "six"}) {
		t.Fatalf("%d documents: %q", len(texts), texts[:min(len(texts), 8)])
	}
	if len(told.rejects) != 1 || !strings.Contains(told.rejects[0], " 4, line 1") || len(told.notices) > 0 {
		t.Errorf("told: %q", told)
	}
	for i := range 12 {
		if rest, _ := all(t, src, cursors[i]); !slices.Equal(rest, texts[i+1:]) {
			t.Errorf("after document %d: %q", i+1, rest[:min(len(rest), 8)])
		}
	}
	src, _ = opened(t, s, plainLogs+`,"subject":"logs.a"`, fetch.Options{})
	if texts, cursors := all(t, src, ""); len(texts) != 3 {
		t.Errorf("of one subject: %q", texts)
	} else if rest, _ := all(t, src, cursors[0]); !slices.Equal(rest, texts[1:]) {
		t.Errorf("of one subject, after the first: %q", rest)
	}
}

func TestWhatAStreamTookInWhileItsServerAndReaderWereGoneIsRead(t *testing.T) {
	dir, port := t.TempDir(), collecttest.FreePort(t)
	s := serve(t, server.Options{JetStream: true, StoreDir: dir, Port: port})
	c := talker(t, s)
	streamed(t, c, jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.>"}})
	stored(t, c, "logs.a", "one\n", "two\n")
	src, told := openedAt(t, port, plainLogs, fetch.Options{})
	src.(*source).Once = false // it goes on until the server is gone
	var at intel.Cursor
	n := 0
	err := src.Collect(t.Context(), "", func(d intel.Document, next intel.Cursor) error {
		if d.Genre != intel.Log || d.Channel != "LOGS" || d.Published.Second() != 0 || !d.Published.After(time.Now()) {
			t.Errorf("%+v", d)
		}
		at = next
		if n++; n == 2 {
			s.Shutdown()
		}
		return nil
	})
	if err == nil || collect.IsPermanent(err) {
		t.Errorf("as the server went: %v", err)
	}
	s = serve(t, server.Options{JetStream: true, StoreDir: dir, Port: port})
	stored(t, talker(t, s), "logs.a", "three\n")
	src.(*source).Once = true
	if texts, _ := all(t, src, at); !slices.Equal(texts, []string{"three\n"}) || len(told.notices) > 0 {
		t.Errorf("%q, told %q", texts, told)
	}
}

func TestWhatIsGoneFromAStreamAndAStreamMadeAnewAreTold(t *testing.T) {
	s := serve(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	c := talker(t, s)
	config := jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.>"}, MaxMsgs: 2}
	js := streamed(t, c, config)
	stored(t, c, "logs.a", "one")
	src, told := opened(t, s, plainLogs, fetch.Options{})
	_, cursors := all(t, src, "")
	stored(t, c, "logs.a", "two", "three", "four", "five")
	texts, now := all(t, src, cursors[0])
	if !slices.Equal(texts, []string{"four", "five"}) || len(told.notices) != 1 || !strings.Contains(told.notices[0], "2 messages") {
		t.Errorf("%q, told %q", texts, told)
	}
	if err := js.DeleteStream(t.Context(), "LOGS"); err != nil {
		t.Fatal(err)
	}
	streamed(t, c, config)
	stored(t, c, "logs.a", "anew")
	if texts, _ := all(t, src, now[1]); !slices.Equal(texts, []string{"anew"}) || len(told.notices) != 2 || !strings.Contains(told.notices[1], "another one") {
		t.Errorf("%q, told %q", texts, told)
	}
}

func TestNoMessageIsTakenFromOthers(t *testing.T) {
	s := serve(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	c := talker(t, s)
	for _, retention := range []jetstream.RetentionPolicy{jetstream.WorkQueuePolicy, jetstream.InterestPolicy} {
		name := fmt.Sprintf("WORK%d", retention)
		js := streamed(t, c, jetstream.StreamConfig{Name: name, Subjects: []string{name}, Retention: retention})
		src, _ := opened(t, s, `"plain":true,"stream":"`+name+`"`, fetch.Options{})
		if err := src.Collect(t.Context(), "", nil); !collect.IsPermanent(err) || !strings.Contains(err.Error(), "take messages from others") {
			t.Errorf("%v: %v", retention, err)
		}
		if stream, err := js.Stream(t.Context(), name); err != nil || stream.CachedInfo().State.Consumers != 0 {
			t.Errorf("%v: somebody reads: %v", retention, err)
		}
	}
	src, _ := opened(t, s, plainLogs, fetch.Options{})
	if err := src.Collect(t.Context(), "", nil); err == nil || collect.IsPermanent(err) || !strings.Contains(err.Error(), "no stream LOGS") {
		t.Errorf("without the stream: %v", err)
	}
	src, _ = opened(t, serve(t, server.Options{}), plainLogs, fetch.Options{})
	if err := src.Collect(t.Context(), "", nil); err == nil || !strings.Contains(err.Error(), "no JetStream") {
		t.Errorf("without JetStream: %v", err)
	}
}

// begun reads a source in the background.
func begun(t *testing.T, src collect.Source, emit collect.Emit) (stop context.CancelFunc, done chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done = make(chan error, 1)
	go func() { done <- src.Collect(ctx, "", emit) }()
	t.Cleanup(cancel)
	return cancel, done
}

// heard waits until somebody reads a subject.
func heard(t *testing.T, s *server.Server, n uint32) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); s.NumSubscriptions() < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody reads")
		}
	}
}

func ends(t *testing.T, done chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("not ended soon after it was to")
		return nil
	}
}

// ofClients is how many goroutines are of clients, and not of the server.
func ofClients() (n int) {
	all := make([]byte, 4<<20)
	for one := range bytes.SplitSeq(all[:runtime.Stack(all, true)], []byte("\n\n")) {
		if bytes.Contains(one, []byte("nats%2ego")) || bytes.Contains(one, []byte("internal/fetch.")) {
			n++
		}
	}
	return n
}

func TestASubjectIsReadAsItIsSaidAndEndsWithItsContext(t *testing.T) {
	for _, stream := range []bool{false, true} {
		s := serve(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
		c := talker(t, s)
		streamed(t, c, jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.>"}})
		before, quiet := ofClients(), s.NumSubscriptions()
		settings := `"plain":true,"subject":"logs.*"`
		if stream {
			settings = plainLogs
		}
		src, _ := opened(t, s, settings, fetch.Options{})
		src.(*source).Once = false
		got := make(chan intel.Document)
		stop, done := begun(t, src, func(doc intel.Document, _ intel.Cursor) error { got <- doc; return nil })
		heard(t, s, quiet+1)
		say(t, c, "logs.a", "one", "", "two\nthree")
		one, two := <-got, <-got
		if one.Text != "one" || two.Text != "two\nthree" || one.ID == two.ID || one.Source != "test" || one.Genre != intel.Log {
			t.Errorf("%+v, %+v", one, two)
		}
		stop()
		if err := ends(t, done); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		for deadline := time.Now().Add(5 * time.Second); ofClients() > before && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		}
		if n := ofClients(); n > before {
			t.Errorf("%d goroutines are left", n-before)
		}
		full := errors.New("full")
		_, done = begun(t, src, func(intel.Document, intel.Cursor) error { return full })
		heard(t, s, quiet+1)
		say(t, c, "logs.a", "four")
		if err := ends(t, done); !errors.Is(err, full) {
			t.Errorf("emit's error: %v", err)
		}
	}
}

func TestMessagesThatCameTooFastAreTold(t *testing.T) {
	s := serve(t, server.Options{MaxPending: 256 << 20})
	c := talker(t, s)
	src, told := opened(t, s, `"plain":true,"subject":"logs"`, fetch.Options{})
	slow, n := make(chan struct{}), 0
	quiet := s.NumSubscriptions()
	stop, done := begun(t, src, func(intel.Document, intel.Cursor) error { n++; <-slow; return nil })
	heard(t, s, quiet+1)
	big := strings.Repeat("x", 1<<20-100)
	for range 45 {
		say(t, c, "logs", big)
	}
	time.Sleep(300 * time.Millisecond) // the last are on their way
	close(slow)
	time.Sleep(300 * time.Millisecond)
	stop()
	_ = ends(t, done)
	if len(told.notices) == 0 || !strings.Contains(told.notices[0], "messages were lost") || n > 40 {
		t.Errorf("%d came, told %q", n, told)
	}
}

func TestALoginIsLetInByAnyOfItsWaysAndAWrongOneStops(t *testing.T) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, _ := pair.PublicKey()
	seed, _ := pair.Seed()
	other, _ := nkeys.CreateUser()
	wrong, _ := other.Seed()
	for _, way := range []struct {
		name        string
		options     server.Options
		right, bad  string
		permissions bool
	}{
		{"password", server.Options{Username: "reader", Password: password}, `"user":"reader","password":"env:` + password + `"`, `"user":"reader","password":"env:` + password + `2"`, false},
		{"token", server.Options{Authorization: password}, `"token":"env:` + password + `"`, `"token":"env:` + password + `2"`, false},
		{"nkey", server.Options{Nkeys: []*server.NkeyUser{{Nkey: public}}}, `"nkey":"env:` + string(seed) + `"`, `"nkey":"env:` + string(wrong) + `"`, false},
		{"permission", server.Options{Users: []*server.User{{Username: "reader", Password: password, Permissions: &server.Permissions{Subscribe: &server.SubjectPermission{Deny: []string{"secret"}}, Publish: &server.SubjectPermission{Deny: []string{">"}}}}}},
			`"user":"reader","password":"env:` + password + `"`, "", true},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			way.options.JetStream, way.options.StoreDir = true, t.TempDir()
			s := serve(t, way.options)
			src, _ := opened(t, s, `"plain":true,"subject":"logs",`+way.right, fetch.Options{})
			quiet := s.NumSubscriptions()
			stop, done := begun(t, src, nil)
			heard(t, s, quiet+1)
			stop()
			if err := ends(t, done); !errors.Is(err, context.Canceled) {
				t.Errorf("the right one: %v", err)
			}
			settings := []string{`"subject":"logs",` + way.bad, `"stream":"LOGS",` + way.bad}
			if way.permissions {
				settings = []string{`"subject":"secret",` + way.right, `"stream":"LOGS",` + way.right}
			}
			for _, settings := range settings {
				src, _ := opened(t, s, `"plain":true,`+settings, fetch.Options{})
				if err := src.Collect(t.Context(), "", nil); !collect.IsPermanent(err) || strings.Contains(err.Error(), password) || strings.Contains(err.Error(), string(wrong)) {
					t.Errorf("%s: %v", settings, err)
				}
			}
		})
	}
	s := serve(t, server.Options{})
	src, _ := opened(t, s, `"plain":true,"subject":"logs","nkey":"env:`+password+`"`, fetch.Options{})
	if err := src.Collect(t.Context(), "", nil); !collect.IsPermanent(err) || !strings.Contains(err.Error(), "no seed") {
		t.Errorf("no nkey: %v", err)
	}
}

func TestALoginThatMayDoNothingElseReadsAStream(t *testing.T) {
	may := &server.Permissions{Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
		Publish: &server.SubjectPermission{Allow: []string{"$JS.API.STREAM.INFO.LOGS", "$JS.API.CONSUMER.CREATE.LOGS.>", "$JS.API.CONSUMER.MSG.NEXT.LOGS.>"}}}
	s := serve(t, server.Options{JetStream: true, StoreDir: t.TempDir(), Users: []*server.User{{Username: "owner", Password: password}, {Username: "reader", Password: password, Permissions: may}}})
	c := talker(t, s, client.UserInfo("owner", password))
	streamed(t, c, jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.>"}})
	stored(t, c, "logs.a", "one", "two")
	for _, subject := range []string{"", `,"subject":"logs.a"`} {
		src, _ := opened(t, s, plainLogs+`,"user":"reader","password":"env:`+password+`"`+subject, fetch.Options{})
		if texts, _ := all(t, src, ""); !slices.Equal(texts, []string{"one", "two"}) {
			t.Errorf("%s: %q", subject, texts)
		}
	}
}

func TestNothingSecretIsToldButToTheServerThatIsMeant(t *testing.T) {
	authority := collecttest.NewAuthority(t)
	certificate, err := tls.LoadX509KeyPair(authority.Cert, authority.Key)
	if err != nil {
		t.Fatal(err)
	}
	login := `"subject":"logs","user":"reader","password":"env:` + password + `"`
	secure := server.Options{Username: "reader", Password: password, TLS: true, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}
	first := secure
	first.TLSHandshakeFirst = true
	for name, c := range map[string]struct {
		options  server.Options
		settings string
		trusted  bool
		want     string // part of the error; "": it is read
	}{
		"TLS":                                {secure, login, true, ""},
		"TLS before the greeting":            {first, login + `,"tls_first":true`, true, ""},
		"a certificate of anybody":           {secure, login, false, "certificate"},
		"one before the greeting":            {first, login + `,"tls_first":true`, false, "certificate"},
		"a server without TLS":               {server.Options{}, login, true, "no TLS"},
		"a server that wants TLS, and plain": {secure, login + `,"plain":true`, true, "take out plain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, c.options)
			o := fetch.Options{}
			if c.trusted {
				o.Roots = authority.Roots
			}
			src, _ := opened(t, s, c.settings, o)
			quiet := s.NumSubscriptions()
			stop, done := begun(t, src, nil)
			if c.want == "" {
				heard(t, s, quiet+1)
				stop()
				if err := ends(t, done); !errors.Is(err, context.Canceled) {
					t.Errorf("%v", err)
				}
				return
			}
			select {
			case err := <-done:
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), password) {
					t.Errorf("%v, want %s", err, c.want)
				}
			case <-time.After(30 * time.Second):
				t.Error("it reads")
			}
		})
	}
}

func TestWhatIsNoServerOfNATSIsTold(t *testing.T) {
	for name, says := range map[string]string{
		"nothing": "", "another protocol": "220 mail.example.net ESMTP\r\n", "no end": "INFO " + strings.Repeat("x", longestGreeting+10), "no JSON": "INFO what\r\n",
		"an end": "INFO {}\r\n", "an error": "INFO {}\r\n-ERR 'what you say'\r\n", "a huge message": "INFO {}\r\nPONG\r\nMSG logs 1 99999999999999999999\r\n", "a message of more than there is": "INFO {}\r\nPONG\r\nMSG logs 1 2\r\nhi\r\nHMSG logs 1 10 9999999999\r\n", "another word": "INFO {}\r\nPONG\r\nHELLO\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				if c, err := l.Accept(); err == nil {
					_, _ = c.Write([]byte(says))
					_ = c.(*net.TCPConn).CloseWrite()
					time.Sleep(200 * time.Millisecond)
					_ = c.Close()
				}
			}()
			src, _ := openedAt(t, l.Addr().(*net.TCPAddr).Port, `"plain":true,"subject":"logs"`, fetch.Options{})
			if err := src.Collect(t.Context(), "", nil); err == nil || collect.IsPermanent(err) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestSettingsThatCannotBeMeantAreRefused(t *testing.T) {
	for _, settings := range []string{
		`{}`, `{"server":"a"}`, `{"server":"nats://a","subject":"b"}`, `{"server":"a","subject":"b c"}`, `{"server":"a","subject":"b..c"}`, `{"server":"a","stream":"b.c"}`,
		`{"server":"a","subject":"b","port":70000}`, `{"server":"a","subject":"b","plain":true,"tls_first":true}`, `{"server":"a","subject":"b","user":"c"}`, `{"server":"a","subject":"b","password":"env:C"}`,
		`{"server":"a","subject":"b","token":"env:C","nkey":"env:D"}`, `{"server":"a","subject":"b","plain":true,"token":"env:C"}`, `{"server":"a","subject":"b","token":"s3cr3t"}`, `{"server":"a","subject":"b","colour":1}`,
	} {
		if _, err := open(collect.Env{}, collect.Strict([]byte(settings))); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", settings, err)
		}
	}
	src, err := open(collect.Env{}, collect.Strict([]byte(`{"server":"a","subject":"b"}`)))
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Collect(t.Context(), "here", nil); !errors.Is(err, intel.ErrInvalid) {
		t.Errorf("a cursor of another: %v", err)
	}
}

// A spoken is what somebody says.
type spoken struct {
	net.Conn
	text *bytes.Reader
}

func (s spoken) Read(p []byte) (int, error) { return s.text.Read(p) }

func FuzzGreeting(f *testing.F) {
	f.Add([]byte("INFO {\"tls_required\":true}\r\n+OK\r\n"), true)
	f.Add([]byte("INFO {}\n"), false)
	f.Fuzz(func(t *testing.T, text []byte, secure bool) {
		s := spoken{text: bytes.NewReader(text)}
		line, err := readGreeting(s, secure)
		if err == nil && (!bytes.HasPrefix(text, line) || len(text)-s.text.Len() != len(line)) {
			t.Errorf("read beyond %q", line)
		}
	})
}

func FuzzPlace(f *testing.F) {
	f.Add("2026-11-28T10:00:00.5Z 12 3")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := readPlace(intel.Cursor(text))
		if err != nil || text == "" {
			return
		}
		if again, err := readPlace(p.cursor()); err != nil || !again.created.Equal(p.created) || again.done != p.done || again.part != p.part {
			t.Errorf("%q: %+v, %+v, %v", text, p, again, err)
		}
	})
}

// FuzzFrames has what a server says come in pieces of any length: nothing larger is let through
// than in one.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("MSG a 1 2\r\nhi\r\nHMSG a 1 3 99999999999\r\n"), 3)
	f.Add([]byte("MSG a 1 0\nxMSG a 1 99999999999\nPING\r\n"), 1)
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		if piece < 1 || len(text) > 1<<16 {
			return
		}
		var whole, pieces frames
		want, got := whole.pass(text), error(nil)
		for p := range slices.Chunk(text, piece) {
			if got = pieces.pass(p); got != nil {
				break
			}
		}
		if (want == nil) != (got == nil) || want == nil && (whole.body != pieces.body || whole.tail != pieces.tail || !bytes.Equal(whole.line, pieces.line)) {
			t.Errorf("at once %v %+v, in pieces %v %+v", want, whole, got, pieces)
		}
	})
}
