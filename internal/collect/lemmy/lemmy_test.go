package lemmy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestPagesAreReadUntilNothingIsNewAndDeletionsAreNoted(t *testing.T) {
	var posts []string // the newest first
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		n := 0
		fmt.Sscan(r.URL.Query().Get("page"), &n)
		page := posts[min(len(posts), most*(n-1)):]
		fmt.Fprintf(w, `{"posts":[%s]}`, strings.Join(page[:min(len(page), most)], ","))
	}))
	defer srv.Close()
	one := func(n int, more string) string {
		return fmt.Sprintf(`{"post":{"id":%d,"name":"post %d","ap_id":"https://lemmy.example/post/%d","published":"2026-04-01T11:00:00.000001Z"%s},"creator":{"name":"ann","actor_id":"https://lemmy.example/u/ann"},"community":{"name":"netsec","actor_id":"https://lemmy.example/c/netsec"}}`, n, n, n, more)
	}
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"server":%q,"posts_alone":true}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	cursor := intel.Cursor("")
	visit := func() (docs []intel.Document) {
		asked = 0
		if err := src.Collect(t.Context(), cursor, func(d intel.Document, c intel.Cursor) error {
			docs, cursor = append(docs, d), c
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return docs
	}
	for n := range 60 {
		posts = append([]string{one(n, "")}, posts...)
	}
	if docs := visit(); len(docs) != 50 || asked != 1 || docs[0].Text != "post 10" {
		t.Errorf("first %d with %d questions", len(docs), asked)
	}
	for n := 60; n < 180; n++ {
		posts = append([]string{one(n, "")}, posts...)
	}
	if docs := visit(); len(docs) < 120 || docs[len(docs)-1].Text != "post 179" {
		t.Errorf("then %d with %d questions", len(docs), asked)
	}
	if docs := visit(); len(docs) != 0 || asked != 1 {
		t.Errorf("of nothing new %d with %d questions", len(docs), asked)
	}
	posts[3], posts[4] = one(176, `,"deleted":true`), one(175, `,"body":"more","updated":"2026-04-01T11:30:00Z"`)
	docs := visit()
	if len(docs) != 2 || docs[0].Text != "more" || docs[1].Title != "Deleted" || docs[1].URL != "https://lemmy.example/post/176" {
		t.Errorf("of a deletion and an edit %+v", docs)
	}
	if docs := visit(); len(docs) != 0 {
		t.Errorf("told again: %+v", docs)
	}
}

func FuzzLists(f *testing.F) {
	f.Add([]byte(`{"posts":[{"post":{"id":1,"name":"x","published":"2026-01-02T03:04:05"}}]}`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		for _, v := range []any{&postList{}, &commentList{}} {
			if collect.JSON(body, v) == nil {
				_, _ = json.Marshal(v)
			}
		}
	})
}
