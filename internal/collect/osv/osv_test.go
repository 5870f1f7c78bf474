package osv

import (
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

// A bucket is an export of one ecosystem: when each record was changed.
type bucket struct {
	changed map[string]time.Time
	asked   []string
	etag    string
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	b.asked = append(b.asked, name)
	if name == "modified_id.csv" {
		if b.etag != "" && r.Header.Get("If-None-Match") == b.etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", b.etag)
		for id, at := range b.changed {
			fmt.Fprintf(w, "%s,%s\r\n", at.Format(time.RFC3339), id)
		}
		return
	}
	id := strings.TrimSuffix(name, ".json")
	fmt.Fprintf(w, `{"id":%q,"modified":%q,"summary":"as of %s","affected":[],"schema_version":"1.6.0"}`, id, b.changed[id].Format(time.RFC3339), b.changed[id].Format(time.RFC3339))
}

func (b *bucket) open(t *testing.T, more string) collect.Source {
	t.Helper()
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"ecosystem":"npm","export":%q%s}`, srv.URL, more)))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func visit(t *testing.T, src collect.Source, from intel.Cursor) (texts []string, next intel.Cursor) {
	t.Helper()
	next = from
	if err := src.Collect(t.Context(), from, func(d intel.Document, c intel.Cursor) error {
		texts, next = append(texts, d.Text), c
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return texts, next
}

func TestAVisitReadsWhatWasChangedAndWhatCameLate(t *testing.T) {
	b := &bucket{changed: map[string]time.Time{}, etag: `"1"`}
	for n := range 30 {
		b.changed[fmt.Sprintf("X-%02d", n)] = collecttest.Now.Add(time.Duration(n-40) * time.Minute)
	}
	b.changed["X-old"] = collecttest.Now.Add(-48 * time.Hour)
	src := b.open(t, `,"most":20`)
	got, next := visit(t, src, "")
	if len(got) != 20 || !strings.HasPrefix(got[0], "X-00") {
		t.Fatalf("first %d: %v", len(got), got)
	}
	rest, next := visit(t, src, next)
	if len(rest) != 10 || !strings.HasPrefix(rest[0], "X-20") {
		t.Fatalf("then %d: %v", len(rest), rest)
	}
	b.asked = nil
	if rest, next = visit(t, src, next); len(rest) != 0 || !slices.Equal(b.asked, []string{"modified_id.csv"}) {
		t.Errorf("of nothing new: %v, asked for %v", rest, b.asked)
	}
	b.etag, b.asked = `"2"`, nil
	b.changed["X-05"] = collecttest.Now.Add(-time.Minute)        // again
	b.changed["X-late"] = collecttest.Now.Add(-35 * time.Minute) // its database came late
	if rest, next = visit(t, src, next); len(rest) != 2 || !strings.HasPrefix(rest[0], "X-late") || !strings.HasPrefix(rest[1], "X-05") || len(b.asked) != 3 {
		t.Errorf("of two changes: %v, asked for %v", rest, b.asked)
	}
	b.etag = `"3"`
	if rest, _ = visit(t, src, next); len(rest) != 0 {
		t.Errorf("then: %v", rest)
	}
}

func TestADayThatHasNotComeHidesNothing(t *testing.T) {
	b := &bucket{changed: map[string]time.Time{"X-future": collecttest.Now.Add(1000 * time.Hour), "X-1": collecttest.Now.Add(-time.Hour)}}
	src := b.open(t, "")
	_, next := visit(t, src, "")
	b.changed["X-2"] = collecttest.Now.Add(-time.Minute)
	if got, _ := visit(t, src, next); len(got) != 1 || !strings.HasPrefix(got[0], "X-2") {
		t.Errorf("got %v", got)
	}
}

func TestARecordOfManyPackagesIsSeveralDocumentsEachKeptOnce(t *testing.T) {
	var body strings.Builder
	fmt.Fprintf(&body, `{"id":"CVE-2099-0001","modified":"2026-04-01T11:00:00Z","affected":[`)
	for n := range 1200 {
		fmt.Fprintf(&body, `{"package":{"name":"p%d","ecosystem":"Debian:12"}},`, n)
	}
	body.WriteString(`{}]}`)
	docs, err := documents(collect.Env{ID: "test", Now: func() time.Time { return collecttest.Now }}, []byte(body.String()))
	if err != nil || len(docs) != 3 || len(docs[2].Claims) != 200 || len(docs[0].Text) > 4000 {
		t.Fatalf("%d documents, err %v", len(docs), err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".csv") {
			fmt.Fprintln(w, "2026-04-01T11:00:00Z,CVE-2099-0001")
			return
		}
		fmt.Fprint(w, body.String())
	}))
	defer srv.Close()
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict(fmt.Appendf(nil, `{"ecosystem":"Debian","export":%q}`, srv.URL)))
	if err != nil {
		t.Fatal(err)
	}
	var cursors []intel.Cursor
	if err := src.Collect(t.Context(), "", func(_ intel.Document, c intel.Cursor) error { cursors = append(cursors, c); return nil }); err != nil {
		t.Fatal(err)
	}
	for i, c := range cursors {
		if got, _ := visit(t, src, c); len(got) != 2-i {
			t.Errorf("after %d of 3: %d more", i+1, len(got))
		}
	}
}

func TestSettingsThatCannotBeMeantAreRefused(t *testing.T) {
	for _, s := range []string{`{}`, `{"ecosystem":"../x"}`, `{"ecosystem":"npm","since":"soon"}`, `{"ecosystem":"npm","most":-1}`, `{"ecosystem":"npm","path":"a.json"}`, `{"ecosystem":"npm","export":"ftp://a.example"}`} {
		if _, err := Connector.Open(collect.Env{}, collect.Strict([]byte(s))); err == nil {
			t.Errorf("%s is taken", s)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"id":"GHSA-a","modified":"2026-01-01T00:00:00Z","aliases":["CVE-2099-0001"],"affected":[{"package":{"ecosystem":"npm","name":"a"},"ranges":[{"events":[{"introduced":"0"},{"fixed":"1"}]}]}],"database_specific":{"iocs":{"ips":["203.0.113.1"]}}}`))
	env := collect.Env{ID: "fuzz", Now: func() time.Time { return collecttest.Now }, Reject: func(string, error) {}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		docs, err := documents(env, raw)
		for _, d := range docs {
			if err == nil && (len(d.Text) > mostText || d.Learned.After(collecttest.Now)) {
				t.Errorf("%+v", d)
			}
		}
	})
}

func FuzzList(f *testing.F) {
	f.Add([]byte("2026-01-01T00:00:00Z,GHSA-a\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		e := &export{Env: collect.Env{Reject: func(string, error) {}}}
		all, _ := e.list(body)
		for _, c := range all {
			if c.id == "" || strings.ContainsAny(c.id, "/\\") {
				t.Errorf("%+v", c)
			}
		}
	})
}

func TestARecordThatSaysMuchIsReadInTimeOfItsLength(t *testing.T) {
	r := record{ID: "GHSA-1", Modified: "2026-01-01T00:00:00Z"}
	for i := range 100_000 {
		r.Aliases = append(r.Aliases, fmt.Sprintf("CVE-2026-%06d", i))
		a := affected{}
		a.Package.Ecosystem, a.Package.Name = "npm", fmt.Sprint("package-", i)
		r.Affected = append(r.Affected, a)
	}
	s := specific{Weaknesses: make([]string, 100_000)}
	began := time.Now()
	if n := len(r.claims(s, func(error) {})); n != mostClaims || time.Since(began) > 3*time.Second {
		t.Errorf("%d claims after %v", n, time.Since(began))
	}
}
