package x

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

// number is that of a post so long before now.
func number(ago time.Duration) string {
	return strconv.FormatInt((collecttest.Now.Add(-ago).UnixMilli()-epoch)<<22, 10)
}

// An api finds posts, the newest first, a page at a time.
type api struct {
	posts []post
	page  int
	asked []string
	fails int // the question that is not answered; 0 for none
	h     http.Header
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	a.asked = append(a.asked, q.Get("since_id")+" "+q.Get("until_id"))
	if len(a.asked) == a.fails {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	for k, v := range a.h {
		w.Header()[k] = v
	}
	if r.Header.Get("Authorization") != "Bearer token" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var found []post
	for _, p := range slices.Backward(a.posts) {
		if p.ID > q.Get("since_id") && (q.Get("until_id") == "" || p.ID < q.Get("until_id")) {
			found = append(found, p)
		}
	}
	var got answer
	got.Data = found[:min(a.page, len(found))]
	if a.page < len(found) {
		got.Meta.Next = "b26v89c19zqg8o3f"
	}
	_ = json.NewEncoder(w).Encode(got)
}

func (a *api) open(t *testing.T) collect.Source {
	t.Helper()
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"query":"cve","token":"env:token","api":%q}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestWhatIsNewIsReadAcrossPagesEachOldestFirst(t *testing.T) {
	a := &api{page: 2, h: http.Header{}}
	add := func(ago time.Duration) {
		a.posts = append(a.posts, post{ID: number(ago), Text: ago.String(), Created: collecttest.Now.Add(-ago)})
	}
	add(30 * 24 * time.Hour)
	src, got, cursor := a.open(t), []string(nil), intel.Cursor("")
	visit := func() {
		a.asked = nil
		if err := src.Collect(t.Context(), cursor, func(d intel.Document, c intel.Cursor) error {
			got, cursor = append(got, d.Text), c
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	visit()
	for n := 9; n > 0; n-- {
		add(time.Duration(n) * time.Minute)
	}
	visit() // the last post is older than a search goes back
	if want := []string{"720h0m0s", "2m0s", "1m0s", "4m0s", "3m0s", "6m0s", "5m0s", "8m0s", "7m0s", "9m0s"}; !slices.Equal(got, want) || a.asked[0] != " " {
		t.Errorf("kept %v with %q", got, a.asked)
	}
	add(30 * time.Second)
	visit()
	if len(got) != 11 || len(a.asked) != 1 || a.asked[0] != number(time.Minute)+" " {
		t.Errorf("kept %v with %q", got, a.asked)
	}
}

func TestAPostOfTomorrowHidesNothing(t *testing.T) {
	a := &api{page: 100, h: http.Header{}, posts: []post{{ID: number(time.Hour), Text: "now"}, {ID: number(-24 * time.Hour), Text: "tomorrow"}}}
	src, got, cursor := a.open(t), []string(nil), intel.Cursor("")
	for range 2 {
		if err := src.Collect(t.Context(), cursor, func(d intel.Document, c intel.Cursor) error {
			got, cursor = append(got, d.Text), c
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		a.posts = append(a.posts[:1:1], post{ID: number(time.Minute), Text: "new"})
	}
	if slices.Sort(got); !slices.Equal(got, []string{"new", "now", "tomorrow"}) {
		t.Errorf("kept %v with %q", got, a.asked)
	}
}

// TestAVisitThatBreaksOffIsGoneOnWithAndNothingIsReadTwice has a server that fails in the middle
// of what is new, and a store that fails after each post.
func TestAVisitThatBreaksOffIsGoneOnWithAndNothingIsReadTwice(t *testing.T) {
	for fails := range 12 {
		a := &api{page: 2, h: http.Header{}}
		add := func(ago time.Duration) {
			a.posts = append(a.posts, post{ID: number(ago), Text: ago.String(), Created: collecttest.Now.Add(-ago)})
		}
		add(time.Hour)
		var got []string
		cursor, left := intel.Cursor(""), -1
		visit := func() error {
			return a.open(t).Collect(t.Context(), cursor, func(d intel.Document, c intel.Cursor) error {
				if left == 0 {
					return errors.New("disk full")
				}
				left--
				got, cursor = append(got, d.Text), c
				return nil
			})
		}
		if err := visit(); err != nil {
			t.Fatal(err)
		}
		for n := 8; n > 1; n-- {
			add(time.Duration(n) * time.Minute)
		}
		a.asked = nil
		if fails < 4 {
			a.fails = 1 + fails
		} else {
			left = fails - 4
		}
		if err := visit(); err == nil && fails < 11 {
			t.Fatalf("%d: it did not fail", fails)
		}
		if a.fails > 0 && len(got) != 1+2*(a.fails-1) {
			t.Errorf("%d: %d kept of one and %d pages", fails, len(got), a.fails-1)
		}
		a.fails, left = 0, -1
		add(time.Minute)
		if err := visit(); err != nil {
			t.Fatal(err)
		}
		if err := visit(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if want := []string{"1h0m0s", "1m0s", "2m0s", "3m0s", "4m0s", "5m0s", "6m0s", "7m0s", "8m0s"}; !slices.Equal(got, want) {
			t.Errorf("%d: kept %v", fails, got)
		}
	}
}

func TestAQuotaThatIsUsedUpIsWaitedFor(t *testing.T) {
	a := &api{page: 2, h: http.Header{"X-Rate-Limit-Remaining": {"0"}, "X-Rate-Limit-Reset": {strconv.FormatInt(collecttest.Now.Add(10*time.Minute).Unix(), 10)}}}
	src := a.open(t)
	emit := func(intel.Document, intel.Cursor) error { return nil }
	if err := src.Collect(t.Context(), "", emit); err != nil {
		t.Fatal(err)
	}
	var limit *fetch.StatusError
	if err := src.Collect(t.Context(), "", emit); !errors.As(err, &limit) || limit.RetryAfter != 10*time.Minute || len(a.asked) != 1 {
		t.Errorf("err %v after %q", err, a.asked)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"data":[{"id":"1","text":"x https://t.co/a","author_id":"2","entities":{"urls":[{"url":"https://t.co/a","expanded_url":"https://x.example/"}]}}],"includes":{"users":[{"id":"2","username":"a"}]}}`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		var got answer
		if collect.JSON(body, &got) != nil {
			return
		}
		s := &search{Env: collect.Env{ID: "x"}}
		for _, one := range got.Data {
			_ = s.document(one, got)
		}
	})
}
