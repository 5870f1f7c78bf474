package collect_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestWhatAFileAtAnAddressHadAtFirstIsHistoryAndWhatItGetsIsLearnedNow(t *testing.T) {
	body, now := "a\n", time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
	defer srv.Close()
	open := collect.Files(func(ctx context.Context, env collect.Env, path string, keep func(intel.Document) error) error {
		text, err := collect.ReadFile(ctx, env, path, 1000)
		if err != nil {
			return err
		}
		for _, c := range text {
			if c == '\n' {
				continue
			}
			day := now.AddDate(0, 0, -30)
			if err := keep(intel.Document{ID: intel.DocumentID(string(c)), Published: day, Learned: day, Assumed: true}); err != nil {
				return err
			}
		}
		return nil
	})
	s, err := open(collect.Env{Fetch: &fetch.Client{HTTP: srv.Client()}, Log: slog.Default(), Now: func() time.Time { return now }}, collect.Strict([]byte(`{"url":"`+srv.URL+`/list.txt"}`)))
	if err != nil {
		t.Fatal(err)
	}
	var from intel.Cursor
	visit := func() (docs []intel.Document) {
		if err := s.Collect(t.Context(), from, func(d intel.Document, c intel.Cursor) error {
			docs, from = append(docs, d), c
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return docs
	}
	if docs := visit(); len(docs) != 1 || !docs[0].Assumed {
		t.Errorf("at first %+v, want history", docs)
	}
	if docs := visit(); len(docs) != 0 {
		t.Errorf("unchanged, it yields %+v", docs)
	}
	body = "a\nb\n"
	if docs := visit(); len(docs) != 2 || docs[1].Assumed || !docs[1].Learned.Equal(now) {
		t.Errorf("changed, it yields %+v, want what is new as learned now", docs)
	}
}

func TestWhatWasGivenAndNotKeptIsGivenAgain(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(w, "a")
	}))
	defer srv.Close()
	open := collect.Files(func(_ context.Context, _ collect.Env, _ string, keep func(intel.Document) error) error {
		return keep(intel.Document{ID: "a"})
	})
	s, err := open(collect.Env{Fetch: &fetch.Client{HTTP: srv.Client()}, Now: time.Now}, collect.Strict([]byte(`{"url":"`+srv.URL+`/list.txt"}`)))
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
	before := intel.Cursor("an older version 7")
	if n, _ := visit(before); n != 1 {
		t.Fatalf("%d documents", n)
	}
	n, kept := visit(before) // as after a disk that was full
	if n != 1 {
		t.Errorf("then %d documents", n)
	}
	if n, _ := visit(kept); n != 0 {
		t.Errorf("and once they are kept %d", n)
	}
}

func TestAPageIsNoFileUnlessItsTypeReadsPages(t *testing.T) {
	var kind, body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		io.WriteString(w, body)
	}))
	defer srv.Close()
	read := func(_ context.Context, _ collect.Env, _ string, keep func(intel.Document) error) error {
		return keep(intel.Document{ID: "a"})
	}
	visit := func(open collect.Open) (n int, err error) {
		s, err := open(collect.Env{Fetch: &fetch.Client{HTTP: srv.Client()}, Now: time.Now}, collect.Strict([]byte(`{"url":"`+srv.URL+`/list.txt"}`)))
		if err != nil {
			t.Fatal(err)
		}
		return n, s.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { n++; return nil })
	}
	for _, c := range []struct {
		kind, body string
		page       bool
	}{
		{"text/html; charset=utf-8", "192.0.2.1\n", true},
		{"application/xhtml+xml", "<x/>", true},
		{"text/plain", "\uFEFF\n<!doctype html><p>Sign in", true},
		{"", "<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC 'x'><html>", true},
		{"text/plain", "<head><title>502 Bad Gateway</title></head>", true},
		{"text/plain", "192.0.2.1\n<html>\n", false},
		{"application/xml", "<?xml version='1.0'?><feed/>", false},
		{"", "", false},
	} {
		kind, body = c.kind, c.body
		if n, err := visit(collect.Files(read)); errors.Is(err, collect.ErrPage) != c.page || (n == 0) != c.page {
			t.Errorf("%s %q: %d documents, %v", kind, body, n, err)
		}
		if n, err := visit(collect.Pages(read)); n != 1 || err != nil {
			t.Errorf("%s %q, where pages are read: %d documents, %v", kind, body, n, err)
		}
	}
}

func TestAFileHereThatIsChangedIsReadAgainAndOneThatGrowsOnFromWhereItWas(t *testing.T) {
	open := collect.Files(func(ctx context.Context, env collect.Env, path string, keep func(intel.Document) error) error {
		text, err := collect.ReadFile(ctx, env, path, 1000)
		for _, id := range strings.Fields(string(text)) {
			if id == "bad" {
				env.Reject(path, errors.New("bad"))
			} else if err := keep(intel.Document{ID: intel.DocumentID(id)}); err != nil {
				return err
			}
		}
		return err
	})
	files, rejected := fstest.MapFS{}, 0
	s, err := open(collect.Env{Files: files, Reject: func(string, error) { rejected++ }}, collect.Strict([]byte(`{"path":"/srv/list.txt"}`)))
	if err != nil {
		t.Fatal(err)
	}
	from := intel.Cursor("2") // of a release before this one
	for _, v := range []struct {
		text, want string
		rejects    int
	}{
		{"a bad b", "a b", 1},
		{"a bad b", "", 0},
		{"a bad b c", "c", 0},
		{"a2 b c", "a2 b c", 0},
		{"b c", "b c", 0},
		{"b", "b", 0},
		{"b bad c", "c", 1},
	} {
		files["srv/list.txt"] = &fstest.MapFile{Data: []byte(v.text)}
		var got []string
		rejected = 0
		if err := s.Collect(t.Context(), from, func(d intel.Document, next intel.Cursor) error {
			got, from = append(got, string(d.ID)), next
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if said := strings.Join(got, " "); said != v.want || rejected != v.rejects {
			t.Errorf("of %q it gives %q and rejects %d, want %q and %d", v.text, said, rejected, v.want, v.rejects)
		}
	}
}
