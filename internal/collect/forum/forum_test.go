package forum

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	"github.com/portent-cti/portent/internal/page"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

// A board is a forum of invented threads, two posts a page.
type board struct {
	mu      sync.Mutex
	threads [][]string // posts of each
	asked   []string
	robots  string
}

func (b *board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.URL.Path == "/robots.txt" {
		fmt.Fprint(w, b.robots)
		return
	}
	b.asked = append(b.asked, r.URL.String())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, `<html id="XF" data-app="public" data-template="x" data-logged-in="false"><head><title>Board</title></head><body>`)
	defer fmt.Fprint(w, `</body></html>`)
	if r.URL.Path == "/forums/a.1/" {
		for i, posts := range b.threads {
			fmt.Fprintf(w, `<div class="structItem structItem--thread"><div class="structItem-title"><a data-tp-primary="on" href="/threads/t.%d/">Thread %d</a></div><div class="structItem-cell structItem-cell--meta"><dl><dt>Replies</dt><dd>%d</dd></dl></div></div>`, i, i, len(posts))
		}
		return
	}
	n, _ := strconv.Atoi(strings.Trim(strings.TrimPrefix(r.URL.Path, "/threads/t."), "/"))
	p, _ := strconv.Atoi(r.URL.Query().Get("page"))
	for i := 2 * p; i < min(2*p+2, len(b.threads[n])); i++ {
		fmt.Fprintf(w, `<article class="message" data-author="ann" data-content="post-%d"><time datetime="2026-03-01T10:00:00+0000"></time><div class="message-body"><div class="bbWrapper">%s</div></div></article>`, 100*n+i, b.threads[n][i])
	}
	if 2*p+2 < len(b.threads[n]) {
		fmt.Fprintf(w, `<a class="pageNav-jump pageNav-jump--next" href="?page=%d">Next</a>`, p+1)
	}
}

// reader is a source that reads a board without a pause.
func reader(t *testing.T, b http.Handler, settings string, robots bool) (src collect.Source, now *time.Time) {
	t.Helper()
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	at := collecttest.Now
	env := collecttest.Local(t, srv.URL, fetch.Options{Robots: robots})
	env.Now = func() time.Time { return at }
	src, err := Connector.Open(env, collect.Strict([]byte(strings.ReplaceAll(settings, "HOST", srv.URL))))
	if err != nil {
		t.Fatal(err)
	}
	return src, &at
}

// visit reads a source from a cursor.
func visit(t *testing.T, src collect.Source, from intel.Cursor) (docs []intel.Document, next intel.Cursor) {
	t.Helper()
	next = from
	if err := src.Collect(t.Context(), from, func(d intel.Document, c intel.Cursor) error {
		docs, next = append(docs, d), c
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return docs, next
}

func TestAVisitReadsWhatIsNewAndNoPageMoreThanThatNeeds(t *testing.T) {
	b := &board{threads: [][]string{{"a", "b", "c", "d", "e"}, {"f"}}}
	src, now := reader(t, b, `{"urls":["HOST/forums/a.1/"]}`, false)
	docs, next := visit(t, src, "")
	if len(docs) != 6 || !docs[0].Assumed || !docs[0].Learned.Equal(docs[0].Published) {
		t.Fatalf("%d posts, the first %+v", len(docs), docs[0])
	}
	b.asked = nil
	if docs, next = visit(t, src, next); len(docs) != 0 || len(b.asked) != 1 {
		t.Errorf("of nothing new: %d posts, asked for %v", len(docs), b.asked)
	}
	b.threads[0] = append(b.threads[0], "g")
	b.asked, *now = nil, now.Add(time.Hour)
	docs, _ = visit(t, src, next)
	if len(docs) != 1 || docs[0].Text != "g" || len(b.asked) != 2 || !strings.HasSuffix(b.asked[1], "page=2") {
		t.Errorf("of one answer: %v, asked for %v", docs, b.asked)
	}
}

func TestABudgetEndsAVisitAndTheNextGoesOn(t *testing.T) {
	b := &board{threads: [][]string{{"a", "b", "c", "d", "e"}, {"f", "g", "h"}}}
	src, _ := reader(t, b, `{"urls":["HOST/forums/a.1/"],"pages":2}`, false)
	var all []string
	next := intel.Cursor("")
	for range 10 {
		b.asked = nil
		var docs []intel.Document
		docs, next = visit(t, src, next)
		if len(b.asked) > 2 {
			t.Fatalf("a visit of 2 pages asked for %v", b.asked)
		}
		for _, d := range docs {
			all = append(all, d.Text)
		}
	}
	if got := strings.Join(all, ""); got != "fghabcde" {
		t.Errorf("read %q, want every post once, the thread that waited longest first", got)
	}
}

func TestAPostThatWasDeletedIsNoGap(t *testing.T) {
	b := &board{threads: [][]string{{"a", "b", "c"}}}
	src, _ := reader(t, b, `{"urls":["HOST/forums/a.1/"]}`, false)
	_, next := visit(t, src, "")
	at := strings.Replace(string(next), "post-2", "post-1000", 1)
	b.threads[0] = append(b.threads[0], "d")
	if docs, _ := visit(t, src, intel.Cursor(at)); len(docs) != 0 {
		t.Errorf("behind a number that is higher than all: %v", docs)
	}
	at = strings.ReplaceAll(strings.Replace(string(next), "post-2", "gone", 1), "?page=1", "?page=9")
	if docs, _ := visit(t, src, intel.Cursor(at)); len(docs) != 0 && docs[len(docs)-1].Text != "d" {
		t.Errorf("behind one that is gone: %v", docs)
	}
}

func TestPagesThatRobotsAreAskedToLeaveAreLeft(t *testing.T) {
	b := &board{threads: [][]string{{"a"}}, robots: "User-agent: *\nDisallow: /threads/\n"}
	src, _ := reader(t, b, `{"urls":["HOST/forums/a.1/"]}`, Connector.Crawls)
	err := src.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { return nil })
	if !errors.Is(err, fetch.ErrRobots) || len(b.asked) != 1 {
		t.Errorf("err %v, asked for %v", err, b.asked)
	}
}

func TestACookieGoesToItsForumAloneAndIntoNoError(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") != "" {
			t.Errorf("another host got %q", r.Header.Get("Cookie"))
		}
	}))
	defer other.Close()
	var got string
	srv := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Cookie")
		http.Redirect(w, r, other.URL+"/login", http.StatusFound)
	})
	src, _ := reader(t, srv, `{"urls":["HOST/forums/a.1/"],"cookie":"env:BOARD"}`, false)
	f := src.(*forum)
	f.Reveal = func(collect.Secret) (string, error) { return "session=topsecret", nil }
	err := src.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { return nil })
	if got != "session=topsecret" || err == nil || strings.Contains(err.Error(), "topsecret") {
		t.Errorf("its forum got %q, err %v", got, err)
	}
}

func TestAThreadOfAHundredThousandPostsEndsWithItsContext(t *testing.T) {
	posts := make([]string, 100_000)
	for i := range posts {
		posts[i] = "x"
	}
	b := &board{threads: [][]string{posts}}
	src, _ := reader(t, b, `{"urls":["HOST/forums/a.1/"],"pages":10000}`, false)
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, stop)
	began := time.Now()
	err := src.Collect(ctx, "", func(intel.Document, intel.Cursor) error { return nil })
	if !errors.Is(err, context.Canceled) || time.Since(began) > 1200*time.Millisecond {
		t.Errorf("err %v after %v", err, time.Since(began))
	}
}

func TestSettingsThatAreWrongAreNamed(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`:                         "urls is missing",
		`{"urls":["board.example"]}`: "an address such as",
		`{"urls":["https://a.example/","https://b.example/"]}`:                     "two forums",
		`{"urls":["https://a.example/"],"engine":"wordpress"}`:                     "none of discourse",
		`{"urls":["https://a.example/"],"post":".x"}`:                              "engine custom alone",
		`{"urls":["https://a.example/"],"engine":"custom","post":".x","text":"]"}`: "no selector",
		`{"urls":["https://a.example/"],"engine":"custom","post":".x"}`:            "must be known",
		`{"urls":["https://a.example/"],"utc_offset":"Moscow"}`:                    "no offset",
		`{"urls":["https://a.example/"],"pages":-1}`:                               "1 to",
		`{"urls":["https://a.example/"],"cookie":"session=abc"}`:                   "does not stand here",
	} {
		_, err := Connector.Open(collect.Env{ID: "x", Now: time.Now}, collect.Strict([]byte(settings)))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "session=abc") {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
}

func FuzzView(f *testing.F) {
	f.Add([]byte(`<html id="XF"><body><article class="message" data-author="a"><div class="message-body"><div class="bbWrapper">x</div></div></article></body></html>`), "https://board.example/a?b=c")
	f.Add([]byte(`<body id="phpbb"><ul class="topiclist topics"><li class="row"><a class="topictitle" href="?t=1">x</a></li></ul></body>`), "https://board.example/")
	f.Fuzz(func(t *testing.T, body []byte, address string) {
		v, err := page.ReadForum(body, "text/html", address, nil)
		if err != nil {
			return
		}
		for _, at := range append([]string{v.Next}, links(v.Threads)...) {
			if u, err := url.Parse(at); err != nil || at != "" && !strings.Contains(address, u.Host) {
				t.Errorf("%s leads to %q", address, at)
			}
		}
	})
}

func links(threads []page.Thread) (all []string) {
	for _, t := range threads {
		all = append(all, t.URL)
	}
	return all
}

func FuzzTold(f *testing.F) {
	f.Add([]byte(`{"post_stream":{"posts":[{"id":1,"cooked":"<p>x</p>","post_type":1}],"stream":[1,2]}}`))
	f.Add([]byte(`{"data":[{"type":"posts","id":"1","attributes":{"contentType":"comment","contentHtml":"x"}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, v := range []any{&topicList{}, &topicView{}, &jsonAPI{}} {
			_ = collect.JSON(body, v)
		}
	})
}

// TestAPageThatIsElsewhereIsNoNextPage has Discourse and Flarum lead to other hosts, and to this one by
// another scheme: what is sent there, such as a cookie, would go over a line that others read.
func TestAPageThatIsElsewhereIsNoNextPage(t *testing.T) {
	for _, engine := range []string{"discourse", "flarum"} {
		for _, next := range []string{"https://HOST/further", "http://other.example/further", "//other.example/further", "ftp://HOST/further", "javascript:1", "/further"} {
			var asked []string
			src, _ := reader(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.Path)
				to := strings.ReplaceAll(next, "HOST", r.Host)
				switch r.URL.Path {
				case "/c/a/1.json":
					fmt.Fprintf(w, `{"topic_list":{"more_topics_url":%q,"topics":[{"id":7,"title":"a","slug":"a","highest_post_number":1}]}}`, to)
				case "/t/a/7.json":
					fmt.Fprint(w, `{"title":"a","post_stream":{"posts":[{"id":1,"username":"ann","cooked":"<p>x</p>","post_type":1,"created_at":"2026-03-01T10:00:00Z"}],"stream":[1]}}`)
				case "/api/discussions":
					fmt.Fprintf(w, `{"links":{"next":%q},"data":[{"type":"discussions","id":"7","attributes":{"title":"a","slug":"7-a","lastPostNumber":1}}]}`, to)
				case "/api/posts":
					fmt.Fprintf(w, `{"links":{"next":%q},"data":[{"type":"posts","id":"1","attributes":{"contentType":"comment","contentHtml":"<p>x</p>","createdAt":"2026-03-01T10:00:00Z"}}]}`, to)
				default:
					fmt.Fprint(w, `{"data":[],"topic_list":{"topics":[]}}`)
				}
			}), fmt.Sprintf(`{"urls":["HOST/%s"],"engine":%q}`, map[string]string{"discourse": "c/a/1", "flarum": "t/a"}[engine], engine), false)
			docs, _ := visit(t, src, "")
			further := slices.ContainsFunc(asked, func(path string) bool { return strings.HasPrefix(path, "/further") })
			if len(docs) != 1 || further != (next == "/further") {
				t.Errorf("%s, next page %s: %d posts, asked for %q", engine, next, len(docs), asked)
			}
		}
	}
}
