package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestAChangeIsADocumentOfWhatIsNew(t *testing.T) {
	body, asked, kind := "", 0, "text/html; charset=utf-8"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tag := fmt.Sprintf("%q", fmt.Sprint(len(body)))
		w.Header().Set("ETag", tag)
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Last-Modified", "Wed, 01 Apr 2026 10:00:00 GMT")
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		asked++
		io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	env := collecttest.Local(t, srv.URL, fetch.Options{})
	opened := func() collect.Source {
		source, err := Connector.Open(env, collect.Strict(fmt.Appendf(nil, `{"url": %q, "selector": "main"}`, srv.URL)))
		if err != nil {
			t.Fatal(err)
		}
		return source
	}
	source, at := opened(), intel.Cursor("")
	visit := func(now, want string) {
		t.Helper()
		body = "<title>Notes</title><nav>" + now + "</nav><main>" + now + "</main>"
		var got []string
		if err := source.Collect(t.Context(), at, func(doc intel.Document, next intel.Cursor) error {
			got, at = append(got, doc.Text), next
			if doc.Title != "Notes" || doc.Published != time.Date(2026, 4, 1, 10, 0, 0, 0, time.UTC) {
				t.Errorf("%+v", doc)
			}
			return nil
		}); err != nil || strings.Join(got, "|") != want {
			t.Errorf("of %q: %q, err %v, want %q", now, got, err, want)
		}
	}
	visit("<p>Seen at 192.0.2.1.</p><p>1,234 views, 3 hours ago</p><p>Updated Mon, 30 Mar 2026 10:11:12 GMT</p>", "Seen at 192.0.2.1.\n1,234 views, 3 hours ago\nUpdated Mon, 30 Mar 2026 10:11:12 GMT")
	before := asked
	visit("<p>Seen at 192.0.2.1.</p><p>1,234 views, 3 hours ago</p><p>Updated Mon, 30 Mar 2026 10:11:12 GMT</p>", "")
	if asked != before {
		t.Error("a page that did not change is read again")
	}
	visit("<p>Seen  at\n192.0.2.1.</p><p>1,399 views, 4 hours ago</p><p>Updated Tue, 31 Mar 2026 09:01:02 GMT</p>", "")
	visit("<p>Seen at 192.0.2.2.</p><p>Seen at 192.0.2.1.</p><p>2 views, 9 minutes ago</p><p>Fixes CVE-2026-1234 in 7.4.</p>", "Seen at 192.0.2.2.\nFixes CVE-2026-1234 in 7.4.")
	source = opened() // as after a restart
	visit("<p>Seen at 192.0.2.1.</p><p>Fixes CVE-2026-1234 in 7.4.</p>", "")
	visit("<p>Fixes CVE-2026-1235 in 7.4.</p>", "Fixes CVE-2026-1235 in 7.4.")
}

func TestOfALongPageTheFirstLinesAreWatched(t *testing.T) {
	var body strings.Builder
	for i := range 3 * mostLines {
		fmt.Fprintf(&body, "line number%d\n", i)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, body.String())
	}))
	t.Cleanup(srv.Close)
	env := collecttest.Local(t, srv.URL, fetch.Options{})
	told := 0
	env.Reject = func(string, error) { told++ }
	source, err := Connector.Open(env, collect.Strict(fmt.Appendf(nil, `{"url": %q}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	lines, at := 0, intel.Cursor("")
	for range 2 {
		if err := source.Collect(t.Context(), at, func(doc intel.Document, next intel.Cursor) error {
			lines, at = lines+strings.Count(doc.Text, "\n")+1, next
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if lines != mostLines || told != 2 {
		t.Errorf("%d lines, told %d times", lines, told)
	}
}

func TestWhatIsNoPageToWatchIsRefusedInSettings(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`: "url is missing", `{"url":"https://b.example/","selector":"p["}`: "selector", `{"url":"https://b.example/","selector":"main, #news"}`: "",
	} {
		_, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(settings)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
}

func FuzzAdded(f *testing.F) {
	f.Add("Seen at 192.0.2.1.\n1,234 views, 3 hours ago\n\n(30 March 2026)\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		w := &watch{Env: collect.Env{Reject: func(string, error) {}}}
		place, err := collect.NewPlace("", collecttest.Now)
		if err != nil {
			t.Fatal(err)
		}
		lines, keys := w.added(&place, text)
		if len(lines) == 0 {
			return
		}
		next, err := place.Add(keys...)
		if err != nil {
			t.Fatal(err)
		}
		if place, err = collect.NewPlace(next, collecttest.Now); err != nil {
			t.Fatal(err)
		}
		if again, _ := w.added(&place, text); len(again) > 0 {
			t.Errorf("new again: %q", again)
		}
	})
}
