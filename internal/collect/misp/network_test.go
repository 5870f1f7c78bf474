package misp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func opened(t *testing.T, settings string) collect.Source {
	t.Helper()
	env := collect.Env{ID: "test", Fetch: &fetch.Client{HTTP: &http.Client{Timeout: 20 * time.Second}}, Now: time.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Reject: func(item string, reason error) { t.Logf("rejected %s: %v", item, reason) }, Reveal: func(collect.Secret) (string, error) { return "key", nil }}
	src, err := Connector.Open(env, collect.Strict([]byte(settings)))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func collected(t *testing.T, src collect.Source, from intel.Cursor) (docs []intel.Document, next intel.Cursor) {
	t.Helper()
	next = from
	err := src.Collect(t.Context(), from, func(d intel.Document, c intel.Cursor) error {
		docs, next = append(docs, d), c
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs, next
}

// TestRealEventsAsAFeedSayWhatTheirFilesDo serves the events that ESET publishes as files.
func TestRealEventsAsAFeedSayWhatTheirFilesDo(t *testing.T) {
	root := os.DirFS(collecttest.DataDir(t))
	files, listing := map[string][]byte{}, map[string]any{}
	var want []string
	err := fs.WalkDir(root, "eset", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".json") {
			return err
		}
		body, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		event := body
		if events, err := found(body); err == nil && len(events) == 1 { // as a search answers
			event = events[0]
		}
		l, err := which(event)
		if err != nil || listing[l.UUID] != nil {
			return nil
		}
		files["/"+l.UUID+".json"], listing[l.UUID] = event, map[string]any{"timestamp": strconv.FormatInt(int64(l.At), 10)}
		docs, _ := collecttest.Real(t, Connector, path)
		for _, d := range docs {
			want = append(want, string(d.ID))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files["/manifest.json"], err = json.Marshal(listing); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if files[r.URL.Path] == nil {
			w.WriteHeader(http.StatusNotFound)
		}
		w.Write(files[r.URL.Path])
	}))
	defer srv.Close()
	src := opened(t, fmt.Sprintf(`{"feed":%q}`, srv.URL))
	docs, next := collected(t, src, "")
	var got []string
	for _, d := range docs {
		got = append(got, string(d.ID))
	}
	slices.Sort(got)
	slices.Sort(want)
	if len(listing) < 15 || !slices.Equal(got, want) {
		t.Errorf("%d events: %d documents as a feed, %d as files", len(listing), len(got), len(want))
	}
	t.Logf("%d events, %d documents", len(listing), len(got))
	if again, _ := collected(t, src, next); len(again) > 0 {
		t.Errorf("again: %d documents", len(again))
	}
}

// event is an event that was changed at a time.
func event(n int, at int64) string {
	return fmt.Sprintf(`{"Event":{"uuid":"5e0c0000-0000-4000-8000-%012d","info":"Note %d","date":"2026-01-02","timestamp":"%d","Attribute":[{"type":"ip-dst","value":"192.0.2.%d"}]}}`, n, n, at, n%250)
}

func TestAServerIsReadPageByPageAndThenWhatWasChanged(t *testing.T) {
	at := map[int]int64{}
	for n := range 45 {
		at[n] = int64(1767300000 + n)
	}
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Page, Limit int
			Timestamp   int64
		}
		if r.Header.Get("Authorization") != "key" || json.NewDecoder(r.Body).Decode(&q) != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		asked = append(asked, fmt.Sprint(q.Timestamp, "/", q.Page))
		var found []string
		for n := range len(at) {
			if at[n] >= q.Timestamp {
				found = append(found, event(n, at[n]))
			}
		}
		from := min(len(found), (q.Page-1)*q.Limit)
		fmt.Fprintf(w, `{"response":[%s]}`, strings.Join(found[from:min(len(found), from+q.Limit)], ","))
	}))
	defer srv.Close()
	src := opened(t, fmt.Sprintf(`{"server":%q,"key":"env:K"}`, srv.URL))
	docs, next := collected(t, src, "")
	if len(docs) != 45 || !docs[0].Assumed {
		t.Fatalf("%d documents; asked %q", len(docs), asked)
	}
	asked = nil
	if again, _ := collected(t, src, next); len(again) > 0 || len(asked) != 2 || !strings.HasPrefix(asked[0], "1767300044/1") {
		t.Errorf("again: %d documents, asked %q", len(again), asked)
	}
	at[3], at[45] = 1767400000, 1767400001
	docs, next = collected(t, src, next)
	if len(docs) != 2 || docs[0].ID == docs[1].ID || docs[0].Assumed || docs[1].Assumed {
		t.Errorf("what was changed: %+v", docs)
	}
	if again, _ := collected(t, src, next); len(again) > 0 {
		t.Errorf("again: %d documents", len(again))
	}
}

func TestABrokenSweepGoesOnWhereItStopped(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Page, Limit, Timestamp int }
		json.NewDecoder(r.Body).Decode(&q)
		var found []string
		for n := (q.Page - 1) * q.Limit; n < min(45, q.Page*q.Limit); n++ {
			if ts := 1767300000 + n; ts >= q.Timestamp {
				found = append(found, event(n, int64(ts)))
			}
		}
		fmt.Fprintf(w, `{"response":[%s]}`, strings.Join(found, ","))
	}))
	defer srv.Close()
	src := opened(t, fmt.Sprintf(`{"server":%q,"key":"env:K"}`, srv.URL))
	seen, stop, at := map[intel.DocumentID]int{}, errors.New("stop"), intel.Cursor("")
	for range 10 {
		n := 0
		err := src.Collect(t.Context(), at, func(d intel.Document, c intel.Cursor) error {
			seen[d.ID]++
			at = c
			if n++; n == 7 {
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			t.Fatal(err)
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
	if len(seen) != 45 {
		t.Errorf("%d documents", len(seen))
	}
}

func TestAFeedOfMoreEventsThanAreRememberedIsReadOnce(t *testing.T) {
	const events = 3000
	listing := map[string]any{}
	for n := range events {
		listing[fmt.Sprintf("5e0c0000-0000-4000-8000-%012d", n)] = map[string]any{"timestamp": 1767300000 + n}
	}
	text, err := json.Marshal(listing)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/manifest.json" {
			w.Write(text)
			return
		}
		asked++
		var n int
		fmt.Sscanf(r.URL.Path, "/5e0c0000-0000-4000-8000-%d.json", &n)
		fmt.Fprint(w, event(n, int64(1767300000+n)))
	}))
	defer srv.Close()
	src := opened(t, fmt.Sprintf(`{"feed":%q}`, srv.URL))
	docs, next := collected(t, src, "")
	if again, _ := collected(t, src, next); len(docs) != events || len(again) != 0 || asked != events {
		t.Errorf("%d documents, then %d; %d events asked for", len(docs), len(again), asked)
	}
}

func TestSettingsOfTwoPlacesOrWithoutAKeyAreRefused(t *testing.T) {
	for _, s := range []string{`{"path":"a","feed":"https://misp.example"}`, `{"server":"https://misp.example"}`, `{"feed":"ftp://misp.example"}`, `{}`, `{"server":"https://misp.example","key":"hunter2"}`} {
		if _, err := Connector.Open(collect.Env{}, collect.Strict([]byte(s))); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func FuzzNetwork(f *testing.F) {
	f.Add([]byte(`{"5e0c0000-0000-4000-8000-000000000001":{"timestamp":"1"}}`))
	f.Add([]byte(`{"response":[{"Event":{"uuid":"a","timestamp":1}}]}`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		_, _ = manifest(body)
		events, _ := found(body)
		for _, e := range events {
			_, _ = which(e)
		}
		_, _ = newProgress(intel.Cursor(body))
	})
}
