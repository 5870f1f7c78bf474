package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

// A jetstream keeps events and tells each reader those that it wants from its cursor on, as
// they come, until it is told to break off.
type jetstream struct {
	t      *testing.T
	mu     sync.Mutex
	log    []string // messages
	at     []int64
	cuts   int // how often it broke off
	change chan struct{}
	asked  []string
}

func newJetstream(t *testing.T) (*jetstream, *httptest.Server) {
	j := &jetstream{t: t, change: make(chan struct{})}
	srv := httptest.NewServer(j)
	t.Cleanup(srv.Close)
	return j, srv
}

// tell adds events.
func (j *jetstream) tell(at int64, messages ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, m := range messages {
		j.log, j.at = append(j.log, m), append(j.at, at)
	}
	close(j.change)
	j.change = make(chan struct{})
}

// cut breaks off all that read.
func (j *jetstream) cut() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cuts++
	close(j.change)
	j.change = make(chan struct{})
}

func (j *jetstream) state(from int) (messages []string, at []int64, cuts int, change chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.log[from:]), slices.Clone(j.at[from:]), j.cuts, j.change
}

func (j *jetstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/xrpc/com.atproto.identity.resolveHandle" {
		if r.URL.Query().Get("handle") != "ann.example" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, `{"did":"did:plc:ann"}`)
		return
	}
	q := r.URL.Query()
	j.mu.Lock()
	j.asked = append(j.asked, q.Encode())
	sent := len(j.log)
	j.mu.Unlock()
	cursor, live := int64(0), q.Get("cursor") == ""
	if !live {
		sent = 0
		var err error
		if cursor, err = strconv.ParseInt(q.Get("cursor"), 10, 64); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
	if r.URL.Path != "/subscribe" || !slices.Equal(q["wantedCollections"], []string{posts}) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	ctx := conn.CloseRead(r.Context())
	_, _, cuts, _ := j.state(0)
	for {
		messages, at, now, change := j.state(sent)
		for i, m := range messages {
			var e event
			if at[i] < cursor || len(q["wantedDids"]) > 0 && json.Unmarshal([]byte(m), &e) == nil && !slices.Contains(q["wantedDids"], e.DID) {
				continue
			}
			if conn.Write(ctx, websocket.MessageText, []byte(m)) != nil {
				return
			}
		}
		sent += len(messages)
		if now != cuts {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-change:
		}
	}
}

// micros is the n-th second after a beginning.
func micros(n int) int64 { return collecttest.Now.Add(time.Duration(n-1000) * time.Second).UnixMicro() }

// post is an event of a post, in the n-th second.
func post(n int, operation, did, key, cid, text string) string {
	at := time.UnixMicro(micros(n)).UTC().Format(time.RFC3339Nano)
	return fmt.Sprintf(`{"did":%q,"time_us":%d,"kind":"commit","commit":{"rev":"3l3qo2vutsw2b","operation":%q,"collection":"app.bsky.feed.post","rkey":%q,"record":{"$type":"app.bsky.feed.post","createdAt":%q,"langs":["en"],"text":%q},"cid":%q}}`, did, micros(n), operation, key, at, text, cid)
}

func deleted(n int, did, key string) string {
	return fmt.Sprintf(`{"did":%q,"time_us":%d,"kind":"commit","commit":{"rev":"3l3qo2vutsw2c","operation":"delete","collection":"app.bsky.feed.post","rkey":%q}}`, did, micros(n), key)
}

// cursors keep that of one source.
type cursors struct{ c intel.Cursor }

func (c *cursors) Cursor(context.Context, intel.SourceID) (intel.Cursor, error) { return c.c, nil }
func (c *cursors) SaveCursor(_ context.Context, _ intel.SourceID, next intel.Cursor) error {
	c.c = next
	return nil
}

// run keeps a stream flowing; fresh has each connection made by a new source, as after a crash.
func run(t *testing.T, address, settings string, fresh bool, kept chan<- intel.Document) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	env := collecttest.Local(t, address, fetch.Options{})
	openOne := func() collect.Source {
		src, err := Connector.Open(env, collect.Strict([]byte(settings)))
		if err != nil {
			t.Error(err)
		}
		return src
	}
	r := collect.Runner{ID: "test", Source: openOne(), Cursors: &cursors{}, Log: slog.New(slog.DiscardHandler),
		Keep: func(_ context.Context, docs []intel.Document) error {
			for _, d := range docs {
				kept <- d
			}
			return nil
		}}
	r.Wait = func(ctx context.Context, _ time.Duration) error {
		if fresh {
			r.Source = openOne()
		}
		return ctx.Err()
	}
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return func() {
		began := time.Now()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
			t.Errorf("it ended with %v after %v", err, time.Since(began))
		}
	}
}

func next(t *testing.T, kept <-chan intel.Document) intel.Document {
	t.Helper()
	select {
	case d := <-kept:
		return d
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is kept")
		return intel.Document{}
	}
}

// reading waits until somebody reads.
func (j *jetstream) reading(n int) {
	j.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		j.mu.Lock()
		asked := len(j.asked)
		j.mu.Unlock()
		if asked >= n {
			return
		}
		if time.Now().After(deadline) {
			j.t.Fatalf("nobody came for the %d-th time", n)
		}
	}
}

func TestAStreamThatBreaksOffLosesAndRepeatsNothing(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		t.Run(fmt.Sprintf("fresh %t", fresh), func(t *testing.T) {
			j, srv := newJetstream(t)
			kept := make(chan intel.Document, 1000)
			stop := run(t, srv.URL, fmt.Sprintf(`{"server":%q,"words":["CVE-"]}`, srv.URL), fresh, kept)
			j.reading(1)
			var got, want []string
			for i := range 8 {
				told := func(n int) {
					text := fmt.Sprintf("about cve-2026-%d", n)
					j.tell(micros(n), post(n, "create", "did:plc:ann", fmt.Sprint("k", n), fmt.Sprint("c", n), text), post(n, "create", "did:plc:bob", fmt.Sprint("k", n), "c", "of no interest"))
					want = append(want, text)
				}
				told(10 * i)
				got = append(got, next(t, kept).Text)
				j.tell(micros(10*i+1), "{\"did\":", `{"did":"did:plc:ann","time_us":1,"kind":"identity","identity":{"did":"did:plc:ann","handle":"ann.example"}}`)
				told(10*i + 2)
				j.cut()
				told(10*i + 3) // while nobody reads
				got = append(got, next(t, kept).Text, next(t, kept).Text)
			}
			stop()
			if !slices.Equal(got, want) || len(kept) > 0 {
				t.Errorf("kept %q and %d more\nwant %q", got, len(kept), want)
			}
			if len(j.asked) < 8 || !strings.Contains(j.asked[1], "cursor=") {
				t.Errorf("asked for %v", j.asked)
			}
		})
	}
}

func TestWhatIsOfNoInterestIsNotReadAgainInTheSameRun(t *testing.T) {
	j, srv := newJetstream(t)
	kept := make(chan intel.Document, 10)
	stop := run(t, srv.URL, fmt.Sprintf(`{"server":%q,"words":["cve-"]}`, srv.URL), false, kept)
	defer stop()
	j.reading(1)
	j.tell(micros(1), post(1, "create", "did:plc:ann", "a", "c", "CVE-1"))
	next(t, kept)
	for n := 2; n < 900; n++ {
		j.tell(micros(n), post(n, "create", "did:plc:ann", fmt.Sprint(n), "c", "nothing"))
	}
	j.tell(micros(900), post(900, "create", "did:plc:ann", "z", "c", "CVE-2"))
	next(t, kept)
	j.cut()
	j.reading(2)
	j.tell(micros(901), post(901, "create", "did:plc:ann", "y", "c", "CVE-3"))
	next(t, kept)
	if want := fmt.Sprint("cursor=", micros(895)); !strings.Contains(j.asked[1], want) {
		t.Errorf("asked for %q, want %s", j.asked[1], want)
	}
}

func TestAccountsEditsAndDeletionsAreTold(t *testing.T) {
	j, srv := newJetstream(t)
	kept := make(chan intel.Document, 10)
	stop := run(t, srv.URL, fmt.Sprintf(`{"server":%q,"names":%q,"accounts":["ann.example","did:plc:carol"]}`, srv.URL, srv.URL), true, kept)
	j.reading(1)
	j.tell(micros(1), post(1, "create", "did:plc:bob", "a", "c1", "by somebody else"), post(1, "create", "did:plc:ann", "a", "c1", "first"))
	one := next(t, kept)
	j.cut()
	j.reading(2)
	j.tell(micros(2), post(2, "update", "did:plc:ann", "a", "c2", "second"), deleted(2, "did:plc:ann", "a"), deleted(2, "did:plc:ann", "never seen"),
		post(2, "create", "did:plc:carol", "b", "c1", "third"))
	two, three, four := next(t, kept), next(t, kept), next(t, kept)
	stop()
	if one.Text != "first" || two.Text != "second" || one.ID == two.ID || one.URL != two.URL || three.Title != "Deleted" || three.URL != one.URL || four.Text != "third" {
		t.Errorf("kept %+v\n%+v\n%+v\n%+v", one, two, three, four)
	}
	if one.Author != "bluesky/did:plc:ann" || one.URL != "https://bsky.app/profile/did:plc:ann/post/a" || one.Language != "en" || !one.Published.Equal(time.UnixMicro(micros(1))) || !one.Learned.Equal(collecttest.Now) {
		t.Errorf("the first is %+v", one)
	}
}

func TestLinksOfAPostAreWhole(t *testing.T) {
	const text = `{"text":"héllo evil.example/ga... and panel","createdAt":"2026-03-31T09:00:00Z","facets":[
		{"index":{"byteStart":30,"byteEnd":35},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"http://198.51.100.7/x"}]},
		{"index":{"byteStart":7,"byteEnd":25},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://evil.example/gate.php?id=1"}]},
		{"index":{"byteStart":0,"byteEnd":900},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://out.example/"}]},
		{"index":{"byteStart":31,"byteEnd":32},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://inside.example/"}]}],
		"embed":{"$type":"app.bsky.embed.recordWithMedia","record":{"record":{"uri":"at://did:plc:bob/app.bsky.feed.post/q","cid":"x"}},
		"media":{"images":[{"alt":"Panel with 203.0.113.8"}],"external":{"uri":"https://blog.example/a","title":"A","description":"B"}}}}`
	f := &feed{Env: collect.Env{ID: "test", Now: func() time.Time { return collecttest.Now }}}
	doc, err := f.document(event{DID: "did:plc:ann", At: micros(1), Commit: &commit{Key: "k", CID: "c", Record: json.RawMessage(text)}})
	want := "héllo https://evil.example/gate.php?id=1 and panel <http://198.51.100.7/x>\n\nA\nB\nhttps://blog.example/a\n\n[image] Panel with 203.0.113.8"
	if err != nil || doc.Text != want || !slices.Equal(doc.References, []string{"https://bsky.app/profile/did:plc:bob/post/q"}) {
		t.Errorf("err %v, references %v, text\n%s\nwant\n%s", err, doc.References, doc.Text, want)
	}
}

func TestSettingsThatAreWrongAreNamed(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`:                              "all = true",
		`{"words":[" "]}`:                 "stands in every post",
		`{"accounts":["ann"]}`:            "neither a name",
		`{"all":true,"server":"wss://x"}`: "an address such as",
		`{"accounts":[` + strings.Repeat(`"a.example",`, 100) + `"b.example"]}`: "100 at most",
	} {
		if _, err := Connector.Open(collect.Env{ID: "x"}, collect.Strict([]byte(settings))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", settings, err, want)
		}
	}
	j, srv := newJetstream(t)
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"server":%q,"names":%q,"accounts":["nobody.example"]}`, srv.URL, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	if err = src.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { return nil }); !collect.IsPermanent(err) || len(j.asked) > 0 {
		t.Errorf("of a name that nobody has: %v", err)
	}
}

func TestRedirectsThatLeadInACircleEnd(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) }))
	defer srv.Close()
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"server":%q,"all":true}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	if err = src.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { return nil }); err == nil || !strings.Contains(err.Error(), "redirects") {
		t.Errorf("%v", err)
	}
}

func TestAServerThatIsNoJetstreamIsToldWhatToDo(t *testing.T) {
	for status, want := range map[int]string{http.StatusOK: "status 200 OK, and no WebSocket", http.StatusNotFound: "status 404 Not Found"} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		defer srv.Close()
		source, err := open(collecttest.Local(t, srv.URL, fetch.Options{}), func(v any) error {
			*v.(*settings) = settings{Server: srv.URL, Words: []string{"CVE-"}}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = source.Collect(t.Context(), "", nil)
		want = "get " + srv.URL + "/subscribe?…: " + want + " (is server a Jetstream? one is at " + usualServer + ")"
		if err == nil || err.Error() != want || collect.IsPermanent(err) {
			t.Errorf("got\n%v, want\n%s", err, want)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(post(1, "create", "did:plc:ann", "a", "c1", "text")))
	f.Add([]byte(deleted(1, "did:plc:ann", "a")))
	f.Fuzz(func(t *testing.T, message []byte) {
		e, err := read(message)
		if err != nil || e.Commit == nil {
			return
		}
		src := &feed{Env: collect.Env{ID: "x", Now: func() time.Time { return collecttest.Now }}}
		if doc, err := src.document(e); err == nil && (doc.Published.After(doc.Learned) || doc.Published.Location() != time.UTC) {
			t.Errorf("%+v", doc)
		}
	})
}
