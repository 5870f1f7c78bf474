package reddit

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

// at opens a reader of a server of the test.
func at(t *testing.T, address string) collect.Source {
	t.Helper()
	src, err := Connector.Open(collecttest.Local(t, address, fetch.Options{}), collect.Strict(fmt.Appendf(nil,
		`{"subreddits":["netsec"],"posts_alone":true,"client_id":"env:me","client_secret":"env:topsecret","api":%q,"login":%q}`, address, address+"/token")))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func nothing(intel.Document, intel.Cursor) error { return nil }

func TestATokenIsAskedForOnceAndAgainWhenItIsGoodNoLonger(t *testing.T) {
	tokens, good := 0, ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			id, secret, _ := r.BasicAuth()
			if r.Method != http.MethodPost || id != "me" || secret != "topsecret" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			tokens++
			good = fmt.Sprint("token", tokens)
			fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":86400,"scope":"*"}`, good)
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+good {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"kind":"Listing","data":{"after":null,"children":[]}}`)
	}))
	defer srv.Close()
	src := at(t, srv.URL)
	for range 3 {
		if err := src.Collect(t.Context(), "", nothing); err != nil {
			t.Fatal(err)
		}
	}
	if tokens != 1 {
		t.Errorf("%d tokens for three visits", tokens)
	}
	good = "revoked"
	if err := src.Collect(t.Context(), "", nothing); err == nil || collect.IsPermanent(err) || strings.Contains(err.Error(), "topsecret") {
		t.Errorf("of a token that was revoked: %v", err)
	}
	if err := src.Collect(t.Context(), "", nothing); err != nil || tokens != 2 {
		t.Errorf("then %v with %d tokens", err, tokens)
	}
}

func TestAQuotaThatIsUsedUpIsWaitedFor(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("X-Ratelimit-Remaining", "0.0")
		w.Header().Set("X-Ratelimit-Reset", "240")
		if r.URL.Path == "/token" {
			fmt.Fprint(w, `{"access_token":"x","expires_in":86400}`)
			return
		}
		fmt.Fprint(w, `{"data":{"children":[]}}`)
	}))
	defer srv.Close()
	src := at(t, srv.URL)
	if err := src.Collect(t.Context(), "", nothing); err != nil {
		t.Fatal(err)
	}
	var limit *fetch.StatusError
	if err := src.Collect(t.Context(), "", nothing); !errors.As(err, &limit) || limit.RetryAfter != 4*time.Minute || asked != 2 {
		t.Errorf("err %v after %d questions", err, asked)
	}
}

// A subreddit lists posts, the newest first, a page of two at a time.
type subreddit struct {
	posts []string // the newest last
	old   int      // so many are of before the first visit
	asked int
	fails int             // the question that is not answered; 0 for none
	gone  map[string]bool // what was deleted
}

func (s *subreddit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		fmt.Fprint(w, `{"access_token":"x","expires_in":86400}`)
		return
	}
	if s.asked++; s.asked == s.fails {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	var page, names []string
	after, begun := "", r.URL.Query().Get("after") == ""
	for i := len(s.posts) - 1; i >= 0; i-- {
		switch name := s.posts[i]; {
		case s.gone[name]:
		case begun && len(page) == 2:
			after = names[1]
			i = 0
		case begun:
			age := time.Duration(len(s.posts)-i) * time.Second
			if i < s.old {
				age += 2 * time.Hour
			}
			names = append(names, name)
			page = append(page, fmt.Sprintf(`{"kind":"t3","data":{"name":"%s","title":"%s","created_utc":%d}}`, name, name, collecttest.Now.Add(time.Hour-age).Unix()))
		default:
			begun = name == r.URL.Query().Get("after")
		}
	}
	fmt.Fprintf(w, `{"data":{"after":%q,"children":[%s]}}`, after, strings.Join(page, ","))
}

// TestAVisitThatBreaksOffIsGoneOnWithAndNothingIsReadTwice has a server that fails in the middle
// of what is new, and a store that fails after each post; a post may be deleted meanwhile.
func TestAVisitThatBreaksOffIsGoneOnWithAndNothingIsReadTwice(t *testing.T) {
	for fails := range 24 {
		s := &subreddit{posts: []string{"t3_00"}, gone: map[string]bool{}}
		srv := httptest.NewServer(s)
		defer srv.Close()
		var got []string
		cursor, left := intel.Cursor(""), -1
		visit := func() error {
			s.asked = 0
			return at(t, srv.URL).Collect(t.Context(), cursor, func(d intel.Document, c intel.Cursor) error {
				if left == 0 {
					return errors.New("disk full")
				}
				left--
				got, cursor = append(got, d.Title), c
				return nil
			})
		}
		if err := visit(); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 8; n++ {
			s.posts = append(s.posts, fmt.Sprintf("t3_%02d", n))
		}
		if fails%12 < 4 {
			s.fails = 1 + fails%12
		} else {
			left = fails%12 - 4
		}
		if err := visit(); err == nil {
			t.Fatalf("%d: it did not fail", fails)
		}
		if s.fails > 0 && len(got) != 1+2*(s.fails-1) {
			t.Errorf("%d: %d kept of one and %d pages", fails, len(got), s.fails-1)
		}
		if s.fails, left = 0, -1; fails >= 12 {
			s.gone["t3_05"] = true // the last of the second page, which may be what is read on behind
		}
		s.posts = append(s.posts, "t3_09")
		for range 2 {
			if err := visit(); err != nil {
				t.Fatal(err)
			}
		}
		slices.Sort(got)
		want := []string{"t3_00", "t3_01", "t3_02", "t3_03", "t3_04", "t3_05", "t3_06", "t3_07", "t3_08", "t3_09"}
		if fails >= 12 && !slices.Contains(got, "t3_05") {
			want = slices.Delete(want, 5, 6)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: kept %v", fails, got)
		}
	}
}

func TestOfNothingNewOnePageIsAskedFor(t *testing.T) {
	s := &subreddit{gone: map[string]bool{}}
	srv := httptest.NewServer(s)
	defer srv.Close()
	src, cursor := at(t, srv.URL), intel.Cursor("")
	visit := func() {
		t.Helper()
		s.asked = 0
		if err := src.Collect(t.Context(), cursor, func(_ intel.Document, c intel.Cursor) error { cursor = c; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	visit()
	for n := range 6 {
		s.posts = append(s.posts, fmt.Sprintf("t3_%02d", n))
	}
	visit()
	s.posts = append(s.posts, "t3_06", "t3_07")
	if visit(); s.asked != 2 {
		t.Errorf("of a page that is new: asked %d times", s.asked)
	}
	if visit(); s.asked != 1 {
		t.Errorf("of nothing new: asked %d times", s.asked)
	}
}

func TestNoMoreHistoryIsReadThanAPage(t *testing.T) {
	s := &subreddit{gone: map[string]bool{}, old: 20}
	for n := range s.old {
		s.posts = append(s.posts, fmt.Sprintf("t3_%02d", n))
	}
	srv := httptest.NewServer(s)
	defer srv.Close()
	src, cursor := at(t, srv.URL), intel.Cursor("")
	for _, want := range []int{1, 2} {
		s.asked = 0
		if err := src.Collect(t.Context(), cursor, func(_ intel.Document, c intel.Cursor) error { cursor = c; return nil }); err != nil {
			t.Fatal(err)
		}
		if s.asked != want {
			t.Errorf("asked for %d pages, want %d", s.asked, want)
		}
		s.posts = append(s.posts, "t3_20")
	}
}

func FuzzListing(f *testing.F) {
	f.Add([]byte(`{"data":{"children":[{"kind":"t3","data":{"name":"t3_a","title":"x","created_utc":1774947600.0,"edited":false}}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var l listing
		if collect.JSON(body, &l) != nil {
			return
		}
		r := &reader{Env: collect.Env{ID: "x"}}
		for _, one := range l.Data.Children {
			if doc := r.document(one); doc.Published.Location() != time.UTC && !doc.Published.IsZero() {
				t.Errorf("%+v", doc)
			}
		}
	})
}
