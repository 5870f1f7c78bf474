package rss

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<rss version="2.0"><channel><item><title>a</title></item></channel></rss>`))
	f.Add([]byte(`{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, err := parse(fetch.Response{Body: body, URL: "https://blog.example/feed"})
		if err == nil && len(items) > mostItems {
			t.Errorf("%d items", len(items))
		}
	})
}

func TestTitlesKeepWhatIsNoMarkup(t *testing.T) {
	for said, want := range map[string]string{
		"<b>Bold</b> title": "Bold title", "XSS by <svg onload=x> in Example": "XSS by <svg onload=x> in Example", "a < b": "a < b",
		"Tom &amp; Jo": "Tom & Jo", "AT&T <Fox>": "AT&T <Fox>",
	} {
		if got := title(said); got != want {
			t.Errorf("%q reads %q, want %q", said, got, want)
		}
	}
}

func TestItemsThatWereNotKeptAreGivenAgain(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(w, `<rss version="2.0"><channel><item><guid>1</guid><title>a</title><description>b</description></item></channel></rss>`)
	}))
	defer srv.Close()
	s, err := Connector.Open(collect.Env{ID: "test", Fetch: &fetch.Client{HTTP: srv.Client()}, Log: slog.Default(), Now: time.Now}, collect.Strict([]byte(`{"url":"`+srv.URL+`/feed"}`)))
	if err != nil {
		t.Fatal(err)
	}
	visit := func(from intel.Cursor) (n int, next intel.Cursor) {
		next = from
		if err := s.Collect(t.Context(), from, func(_ intel.Document, c intel.Cursor) error { n, next = n+1, c; return nil }); err != nil {
			t.Fatal(err)
		}
		return n, next
	}
	seen, err := collect.NewSeen("")
	if err != nil {
		t.Fatal(err)
	}
	before := seen.Add("another")
	visit(before)
	n, kept := visit(before) // as after a disk that was full
	if n != 1 {
		t.Errorf("%d items", n)
	}
	if n, _ := visit(kept); n != 0 {
		t.Errorf("and once they are kept %d", n)
	}
}

func TestAHostThatFailsHoldsUpNoArticleOfAnother(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skip(err)
	}
	busy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "86400")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	busy.Listener.Close()
	busy.Listener = l
	busy.Start()
	t.Cleanup(busy.Close)
	feeds := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "<rss version='2.0'><channel><item><title>own</title></item><item><title>b</title><link>%[1]s/b</link></item><item><title>a</title><link>%[1]s/a</link></item></channel></rss>", busy.URL)
	}))
	t.Cleanup(feeds.Close)
	env := collecttest.Local(t, feeds.URL, fetch.Options{Ports: []uint16{uint16(l.Addr().(*net.TCPAddr).Port)}})
	src, err := Connector.Open(env, collect.Strict(fmt.Appendf(nil, `{"url":%q}`, feeds.URL)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	from := intel.Cursor("")
	for n := range 2 * tries {
		err = src.Collect(t.Context(), from, func(d intel.Document, next intel.Cursor) error { got, from = append(got, d.Text), next; return nil })
		if s := (*fetch.StatusError)(nil); errors.As(err, &s) && s.RetryAfter != 0 {
			t.Errorf("the feed is to wait for %v: %v", s.RetryAfter, err)
		}
		if n == 0 && !slices.Equal(got, []string{"own"}) {
			t.Errorf("the first visit read %q", got)
		}
		if err == nil {
			break
		}
	}
	if err != nil || !slices.Equal(got, []string{"own", "a", "b"}) {
		t.Errorf("read %q, %v", got, err)
	}
}
