package telegram

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestSettingsAreChecked(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`:                         "channels are missing",
		`{"channels":["a"]}`:         "channels:",
		`{"channels":["a/../../b"]}`: "channels:",
		`{"channels":["example_channel"],"server":"t.me"}`: "server:",
		`{"channels":["@Example_Channel"]}`:                "",
	} {
		_, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(settings)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
	v := &visit{site: &site{}, last: map[string]int{}, old: map[string]int{}}
	for _, bad := range []intel.Cursor{"example ", "example:x:1 ", "example:1:1 short"} {
		if err := v.place(bad); !collect.IsPermanent(err) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

// A channel is a site that shows one, twenty posts at a time.
type channel struct {
	posts []string // what they say; edited where it begins so
}

// ServeHTTP implements http.Handler.
func (c *channel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	last := len(c.posts)
	if n, err := strconv.Atoi(r.FormValue("before")); err == nil {
		last = n - 1
	}
	fmt.Fprint(w, `<html><body><section class="tgme_channel_history">`)
	for i := max(last-20, 0); i < last; i++ {
		meta := ""
		if strings.HasPrefix(c.posts[i], "edited") {
			meta = "edited"
		}
		fmt.Fprintf(w, `<div class="tgme_widget_message" data-post="Example_Channel/%d"><div class="js-message_text">%s</div><span class="tgme_widget_message_meta">%s <a class="tgme_widget_message_date"><time datetime="2026-04-01T10:00:00+00:00">10:00</time></a></span></div>`, i+1, c.posts[i], meta)
	}
	fmt.Fprint(w, `</section></body></html>`)
}

func (c *channel) visit(t *testing.T, from intel.Cursor) (docs []intel.Document, cursors []intel.Cursor) {
	t.Helper()
	server := httptest.NewServer(c)
	defer server.Close()
	src, err := Connector.Open(collect.Env{ID: "test", Fetch: &fetch.Client{HTTP: server.Client()}, Now: func() time.Time { return collecttest.Now },
		Reject: func(item string, reason error) { t.Logf("%s: %v", item, reason) }}, collect.Strict(fmt.Appendf(nil, `{"channels":["example_channel"],"server":"%s"}`, server.URL)))
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Collect(t.Context(), from, func(d intel.Document, c intel.Cursor) error {
		docs, cursors = append(docs, d), append(cursors, c)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return docs, cursors
}

func TestWhatWasMissedIsPagedBackToAndEditsAreVersions(t *testing.T) {
	c := &channel{}
	for i := range 45 {
		c.posts = append(c.posts, fmt.Sprint("post ", i+1))
	}
	docs, cursors := c.visit(t, "")
	if len(docs) != 20 || docs[0].Text != "post 26" || !docs[19].Assumed {
		t.Fatalf("at first %d documents: %+v", len(docs), docs)
	}
	for i := range 55 {
		c.posts = append(c.posts, fmt.Sprint("post ", i+46))
	}
	from := cursors[19]
	docs, cursors = c.visit(t, from)
	if len(docs) != 55 || docs[0].Text != "post 46" || docs[54].Text != "post 100" || docs[0].Assumed {
		t.Fatalf("what was missed is %d documents: %+v", len(docs), docs)
	}
	for i, at := range cursors {
		if rest, _ := c.visit(t, at); len(rest) != 54-i || i < 54 && rest[0].ID != docs[i+1].ID {
			t.Fatalf("after document %d come %d, want %d", i+1, len(rest), 54-i)
		}
	}
	c.posts[94] = "edited 95"
	edited, after := c.visit(t, cursors[54])
	if len(edited) != 1 || edited[0].Text != "edited 95" || edited[0].ID == docs[49].ID || edited[0].URL != docs[49].URL {
		t.Fatalf("the edit is %+v", edited)
	}
	if again, _ := c.visit(t, after[0]); len(again) != 0 {
		t.Errorf("and comes again: %+v", again)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<div class="tgme_widget_message" data-post="example_channel/7"><div class="tgme_widget_message_text js-message_text">a<br/>b</div></div>`))
	f.Add([]byte(`<div class="tgme_widget_message" data-post="example_channel/7"><a class="tgme_widget_message_reply"><div class="tgme_widget_message" data-post="example_channel/8">`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		posts, ok, err := parse(body, "example_channel")
		if err == nil && (len(posts) > mostPosts || len(posts) > 0 && !ok) {
			t.Errorf("%d posts, a preview %v", len(posts), ok)
		}
	})
}
