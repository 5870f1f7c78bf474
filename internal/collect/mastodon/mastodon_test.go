package mastodon

import (
	"bytes"
	"cmp"
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

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

// A server speaks the API of Mastodon: a timeline, and streams that it breaks off.
type server struct {
	mu      sync.Mutex
	posts   []status
	told    chan event // to who reads a stream; a zero one breaks it off
	opened  chan bool  // told when a stream begins
	about   string     // what it says of itself
	headers http.Header
	asked   []string
	before  func() // a stream begins; nil for nothing
}

type event struct {
	name string
	data any
}

func newServer(t *testing.T) (*server, *httptest.Server) {
	s := &server{told: make(chan event), opened: make(chan bool, 100), about: `{}`, headers: http.Header{}}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, srv
}

// post is one of the n-th second after a beginning.
func post(n int) status {
	at := collecttest.Now.Add(time.Duration(n) * time.Second)
	id := strconv.FormatInt(at.UnixMilli()<<16, 10)
	return status{ID: id, Created: at, URI: "https://social.example/users/ann/statuses/" + id, URL: "https://social.example/@ann/" + id,
		Visibility: "public", Content: fmt.Sprintf("<p>post %d</p>", n), Account: account{Acct: "ann"}}
}

func (s *server) add(posts ...status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.posts = append(s.posts, posts...)
	slices.SortFunc(s.posts, func(a, b status) int { return cmp.Or(len(a.ID)-len(b.ID), strings.Compare(a.ID, b.ID)) })
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.URL.String())
	s.mu.Unlock()
	for name, values := range s.headers {
		w.Header()[name] = values
	}
	switch {
	case r.URL.Path == "/api/v2/instance":
		fmt.Fprint(w, s.about)
	case strings.HasPrefix(r.URL.Path, "/api/v1/streaming/"):
		s.stream(w, r)
	case strings.HasPrefix(r.URL.Path, "/api/v1/timelines/"):
		s.timeline(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// timeline shows what is behind min_id, of that the oldest, the newest first.
func (s *server) timeline(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	after := r.URL.Query().Get("min_id")
	var found []status
	for _, p := range s.posts {
		if after == "" || older(after, p.ID) {
			found = append(found, p)
		}
	}
	if after == "" && len(found) > most {
		found = found[len(found)-most:]
	}
	found = slices.Clone(found[:min(len(found), most)])
	slices.Reverse(found)
	_ = json.NewEncoder(w).Encode(append([]status{}, found...))
}

func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer token" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if s.before != nil {
		s.before()
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, ":)\n:thump\n\n")
	w.(http.Flusher).Flush()
	s.opened <- true
	for {
		select {
		case <-r.Context().Done():
			return
		case e := <-s.told:
			if e.name == "" {
				return
			}
			data, ok := e.data.(string)
			if !ok {
				text, _ := json.Marshal(e.data)
				data = string(text)
			}
			fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e.name, data)
			w.(http.Flusher).Flush()
		}
	}
}

// cursors keep that of one source.
type cursors struct{ c intel.Cursor }

func (c *cursors) Cursor(context.Context, intel.SourceID) (intel.Cursor, error) { return c.c, nil }
func (c *cursors) SaveCursor(_ context.Context, _ intel.SourceID, next intel.Cursor) error {
	c.c = next
	return nil
}

// run keeps a stream flowing, with a new source for each connection, as after a crash.
func run(t *testing.T, srv *httptest.Server, kept chan<- intel.Document) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	settings := fmt.Sprintf(`{"server":%q,"timeline":"#x","stream":true,"token":"env:token"}`, srv.URL)
	env := collecttest.Local(t, srv.URL, fetch.Options{})
	src, err := Connector.Open(env, collect.Strict([]byte(settings)))
	if err != nil {
		t.Fatal(err)
	}
	r := collect.Runner{ID: "test", Source: src, Cursors: &cursors{}, Log: slog.New(slog.DiscardHandler),
		Keep: func(_ context.Context, docs []intel.Document) error {
			for _, d := range docs {
				kept <- d
			}
			return nil
		},
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
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

// next is the text of what is kept next.
func next(t *testing.T, kept <-chan intel.Document) string {
	t.Helper()
	select {
	case d := <-kept:
		return d.Text
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is kept")
		return ""
	}
}

func TestAStreamThatBreaksOffLosesAndRepeatsNothing(t *testing.T) {
	s, srv := newServer(t)
	s.add(post(-2), post(-1))
	began := 0
	s.before = func() { s.add(post(10*began + 1)); began++ } // after the last question, and untold
	kept := make(chan intel.Document, 1000)
	stop := run(t, srv, kept)
	var got []string
	take := func(n int) {
		t.Helper()
		for range n {
			got = append(got, next(t, kept))
		}
	}
	take(2)
	want := []string{"post -2", "post -1"}
	for i := range 8 {
		<-s.opened
		take(1)
		p := post(10*i + 2)
		s.add(p)
		s.told <- event{"update", p}
		take(1)
		s.told <- event{"update", p} // told twice
		s.told <- event{"notification", map[string]string{"id": "1"}}
		s.told <- event{"update", "{\"id\":"}
		while := post(10*i + 3) // and with the break, one that no stream tells
		s.add(while)
		s.told <- event{}
		take(1)
		want = append(want, p0(10*i+1), p0(10*i+2), p0(10*i+3))
	}
	<-s.opened
	take(1)
	want = append(want, p0(81))
	stop()
	if !slices.Equal(got, want) {
		t.Errorf("kept %q\nwant %q", got, want)
	}
	if len(kept) > 0 {
		t.Errorf("%d more are kept", len(kept))
	}
}

func p0(n int) string { return fmt.Sprintf("post %d", n) }

func TestEditsAreVersionsAndDeletionsAreNoted(t *testing.T) {
	s, srv := newServer(t)
	kept := make(chan intel.Document, 10)
	stop := run(t, srv, kept)
	<-s.opened
	p := post(1)
	s.told <- event{"update", p}
	edited := p
	at := p.Created.Add(time.Minute)
	edited.Edited, edited.Content = &at, "<p>now with 198.51.100.9</p>"
	s.told <- event{"status.update", edited}
	s.told <- event{"status.update", edited}
	s.told <- event{"delete", p.ID}
	s.told <- event{"delete", p.ID}
	s.told <- event{"delete", "12345"} // which nobody saw
	first, second, third := <-kept, <-kept, <-kept
	s.told <- event{"update", post(2)}
	if last := next(t, kept); last != "post 2" {
		t.Errorf("after the deletion %q", last)
	}
	stop()
	if first.ID == second.ID || second.Text != "now with 198.51.100.9" || third.Title != "Deleted" || third.URL != p.URL || third.Author != first.Author {
		t.Errorf("kept %+v\n%+v\n%+v", first, second, third)
	}
}

func TestOfManyPostsAllAreReadAPageAtATime(t *testing.T) {
	s, srv := newServer(t)
	s.add(post(-1))
	env := collecttest.Local(t, srv.URL, fetch.Options{})
	src, err := Connector.Open(env, collect.Strict(fmt.Appendf(nil, `{"server":%q}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	cursor := intel.Cursor("")
	visit := func() {
		if err := src.Collect(t.Context(), cursor, func(d intel.Document, c intel.Cursor) error {
			got, cursor = append(got, d.Text), c
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	visit()
	for i := range 105 {
		s.add(post(i))
	}
	s.asked = nil
	visit()
	if len(got) != 106 || got[1] != "post 0" || got[105] != "post 104" || len(s.asked) != 4 {
		t.Errorf("read %d posts with %v", len(got), s.asked)
	}
}

func TestAPostThatCameLateFromAnotherServerIsKept(t *testing.T) {
	s, srv := newServer(t)
	s.add(post(0), post(100))
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"server":%q,"timeline":"#x"}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	cursor := intel.Cursor("")
	for range 3 {
		if err := src.Collect(t.Context(), cursor, func(d intel.Document, c intel.Cursor) error {
			got, cursor = append(got, d.Text), c
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(got) == 2 {
			s.add(post(50)) // among those that are kept
		}
	}
	if want := []string{"post 0", "post 100", "post 50"}; !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
}

func TestAQuotaThatIsUsedUpIsWaitedFor(t *testing.T) {
	s, srv := newServer(t)
	s.add(post(-1))
	s.headers.Set("X-RateLimit-Limit", "300")
	s.headers.Set("X-RateLimit-Remaining", "0")
	s.headers.Set("X-RateLimit-Reset", collecttest.Now.Add(5*time.Minute).Format("2006-01-02T15:04:05.000000Z"))
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"server":%q}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	emit := func(intel.Document, intel.Cursor) error { return nil }
	if err := src.Collect(t.Context(), "", emit); err != nil {
		t.Fatal(err)
	}
	var limit *fetch.StatusError
	if err := src.Collect(t.Context(), "", emit); !errors.As(err, &limit) || limit.RetryAfter != 5*time.Minute || len(s.asked) != 1 {
		t.Errorf("err %v, asked for %v", err, s.asked)
	}
}

func TestATokenGoesToNoServerOfStreamsThatNobodyNamed(t *testing.T) {
	s, srv := newServer(t)
	s.about = `{"configuration":{"urls":{"streaming":"wss://collector.example"}}}`
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"server":%q,"stream":true,"token":"env:token"}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	err = src.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { return nil })
	if !collect.IsPermanent(err) || !strings.Contains(err.Error(), `streaming = "https://collector.example"`) || strings.Contains(err.Error(), "Bearer") {
		t.Errorf("%v", err)
	}
}

func TestAStreamWithoutATokenSaysWhatIsWanted(t *testing.T) {
	_, srv := newServer(t)
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"server":%q,"stream":true}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	if err = src.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { return nil }); !collect.IsPermanent(err) || !strings.Contains(err.Error(), "wants an access token") {
		t.Errorf("%v", err)
	}
}

func FuzzStatuses(f *testing.F) {
	f.Add([]byte(`[{"id":"1","content":"<p>x</p>","account":{"acct":"a"}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, _, err := statuses(body)
		if err != nil {
			return
		}
		tl := &timeline{Env: collect.Env{ID: "x", Now: func() time.Time { return collecttest.Now }}, host: "social.example"}
		for _, s := range all {
			if doc, err := tl.document(s); err == nil && doc.Text == "" {
				t.Errorf("%+v", doc)
			}
		}
	})
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte(":)\nevent: update\ndata: {\"id\":\"1\"}\n\nevent: delete\ndata: 1\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		_ = events(bytes.NewReader(body), func(name string, data []byte) error {
			if name == "" || len(data) > mostEvent {
				t.Errorf("event %q of %d bytes", name, len(data))
			}
			return nil
		})
	})
}
