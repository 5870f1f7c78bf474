package github

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestPagesAreFollowedUntilNothingIsNew(t *testing.T) {
	asked, total := 0, 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		n := 0
		_, _ = fmt.Sscan(r.URL.Query().Get("after"), &n)
		if n+1 < total {
			w.Header().Set("Link", fmt.Sprintf(`<http://%s/search/repositories?before=x>; rel="prev", <http://%s/search/repositories?after=%d>; rel="next"`, r.Host, r.Host, n+1))
		}
		fmt.Fprintf(w, `{"items":[{"id":%d,"full_name":"ann/x","created_at":"2026-03-01T00:00:00Z"}]}`, total-n)
	}))
	defer srv.Close()
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"repositories":"x","api":%q}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	cursor, kept := intel.Cursor(""), 0
	for _, step := range []struct{ total, asked, kept int }{{3, 1, 1}, {5, 3, 3}, {5, 1, 3}, {6, 2, 4}} {
		asked, total = 0, step.total
		if err := src.Collect(t.Context(), cursor, func(_ intel.Document, c intel.Cursor) error { kept++; cursor = c; return nil }); err != nil {
			t.Fatal(err)
		}
		if asked != step.asked || kept != step.kept {
			t.Errorf("of %d: %d questions, %d kept, want %d and %d", total, asked, kept, step.asked, step.kept)
		}
	}
}

func TestAQuotaForbidsForAsLongAsItLasts(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Ratelimit-Remaining", "0")
		w.Header().Set("X-Ratelimit-Reset", fmt.Sprint(collecttest.Now.Add(20*time.Minute).Unix()))
		w.WriteHeader(http.StatusForbidden)
	}))
	defer srv.Close()
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"repositories":"x","api":%q}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	var limit *fetch.StatusError
	err = src.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { return nil })
	if collect.IsPermanent(err) || !errors.As(err, &limit) || limit.RetryAfter != 20*time.Minute {
		t.Errorf("%v", err)
	}
}

func FuzzFurther(f *testing.F) {
	f.Add("https://api.example/a?b=c", `<https://api.example/a?page=2>; rel="next"`)
	f.Fuzz(func(t *testing.T, address, links string) {
		if to := further(address, links); to != "" && further(address, `<`+to+`>; rel="next"`) == "" {
			t.Errorf("%q leads to %q", links, to)
		}
	})
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"items":[{"id":1,"full_name":"a/b","created_at":"2026-01-02T03:04:05Z"}]}`))
	f.Add([]byte(`[{"id":"aa","files":{"a":{"content":"x"}}}]`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		for _, v := range []any{&repositories{}, &codes{}, &[]gist{}} {
			_ = collect.JSON(body, v)
		}
	})
}
