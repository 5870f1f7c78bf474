package sitemap

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"errors"
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

// blog is a site whose sitemap is what it is told to be, and whose pages say their path and when
// it changed.
type blog struct {
	*httptest.Server
	sitemap []byte
	robots  string
	text    string   // of all pages
	asked   []string // pages, and sitemaps that did not answer 304
	source  collect.Source
	env     collect.Env
	at      intel.Cursor
	told    []string
}

func newBlog(t *testing.T, settings string) *blog {
	t.Helper()
	b := &blog{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tag := fmt.Sprintf(`"%x"`, sha256.Sum256(b.sitemap))
		switch {
		case r.URL.Path == "/robots.txt":
			io.WriteString(w, b.robots)
			return
		case r.Header.Get("If-None-Match") == tag:
			w.WriteHeader(http.StatusNotModified)
			return
		}
		b.asked = append(b.asked, r.URL.Path)
		if r.URL.Path == "/sitemap.xml" {
			w.Header().Set("ETag", tag)
			w.Write(b.sitemap)
			return
		}
		fmt.Fprintf(w, `<html><head><meta property="article:published_time" content="2026-01-01T00:00:00Z"></head><body><article>Of %s %s</article></body></html>`, r.URL.Path, b.text)
	}))
	t.Cleanup(b.Close)
	b.env = collecttest.Local(t, b.URL, fetch.Options{Robots: true})
	b.env.Reject = func(item string, reason error) { b.told = append(b.told, item+": "+reason.Error()) }
	b.open(t, settings)
	return b
}

func (b *blog) open(t *testing.T, settings string) {
	t.Helper()
	var err error
	if b.source, err = Connector.Open(b.env, collect.Strict(fmt.Appendf(nil, `{"url": "%s/sitemap.xml"%s}`, b.URL, settings))); err != nil {
		t.Fatal(err)
	}
}

// visit returns the paths of the pages that come of a sitemap of lines, each a path and a date.
func (b *blog) visit(t *testing.T, lines ...string) (paths []string, docs []intel.Document) {
	t.Helper()
	var s strings.Builder
	s.WriteString("<urlset>")
	for _, l := range lines {
		at, changed, _ := strings.Cut(l, " ")
		fmt.Fprintf(&s, "<url><loc>%s%s</loc><lastmod>%s</lastmod></url>", b.URL, at, changed)
	}
	b.sitemap = []byte(s.String() + "</urlset>")
	if err := b.source.Collect(t.Context(), b.at, func(d intel.Document, next intel.Cursor) error {
		paths, docs, b.at = append(paths, strings.TrimPrefix(d.URL, b.URL)), append(docs, d), next
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return paths, docs
}

func TestWhatIsNewOrChangedIsReadAndNothingElse(t *testing.T) {
	b := newBlog(t, `, "most": 2`)
	is := func(what, want string, lines ...string) (docs []intel.Document) {
		t.Helper()
		paths, docs := b.visit(t, lines...)
		if got := strings.Join(paths, " "); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
		return docs
	}
	docs := is("of what is there the latest two", "/b /a", "/a 2026-03-03", "/c 2026-03-01", "/b 2026-03-02", "/d ")
	if docs[0].Learned != time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) || !docs[0].Assumed {
		t.Errorf("history that was changed is learned %v, assumed %v", docs[0].Learned, docs[0].Assumed)
	}
	before := len(b.asked)
	is("the same", "", "/a 2026-03-03", "/c 2026-03-01", "/b 2026-03-02", "/d ")
	if len(b.asked) != before {
		t.Errorf("a sitemap that did not change is read again: %q", b.asked[before:])
	}
	b.text = "and more"
	docs = is("a change, and a new page of an old date", "/e /c", "/a 2026-03-03", "/c 2026-04-02", "/b 2026-03-02", "/d ", "/e 2026-02-02")
	if docs[1].Learned != collecttest.Now || docs[1].Assumed {
		t.Errorf("a change is learned %v, assumed %v", docs[1].Learned, docs[1].Assumed)
	}
	b.open(t, `, "most": 2`) // as after a restart
	is("more than a visit reads", "/i /h", "/a 2026-03-03", "/c 2026-04-02", "/b 2026-03-02", "/d ", "/e 2026-02-02", "/f ", "/h ", "/i ")
	is("the rest", "/f", "/a 2026-03-03", "/c 2026-04-02", "/b 2026-03-02", "/d ", "/e 2026-02-02", "/f ", "/h ", "/i ")
	is("after all are gone but one", "", "/a 2026-03-03")
}

func TestThoseChangedLastOfManyAddressesAreFollowed(t *testing.T) {
	b := newBlog(t, `, "most": 1`)
	var lines []string
	for i := range 3 * mostFollowed {
		lines = append(lines, fmt.Sprintf("/%d %s", i, time.Date(2026, 3, 1, 0, 0, i, 0, time.UTC).Format(time.RFC3339)))
	}
	last := len(lines) - 1
	if paths, _ := b.visit(t, lines...); len(paths) != 1 || paths[0] != fmt.Sprintf("/%d", last) {
		t.Errorf("first: %q", paths)
	}
	if paths, _ := b.visit(t, lines[:last]...); len(paths) != 0 {
		t.Errorf("after one is gone %q is new", paths)
	}
	lines[3] = "/3 2026-04-01T01:02:03Z"
	if paths, _ := b.visit(t, lines...); len(paths) != 1 || paths[0] != "/3" {
		t.Errorf("after a change: %q", paths)
	}
	if len(b.at) > 20<<10 {
		t.Errorf("a cursor of %d bytes", len(b.at))
	}
}

func TestPagesThatDoNotChangeAreNotReadAgainAfterManyThatDo(t *testing.T) {
	b := newBlog(t, `, "most": 500`)
	lines := make([]string, mostFollowed)
	for i := range lines {
		lines[i] = fmt.Sprintf("/%d 2026-03-01", i)
	}
	b.visit(t, lines...)
	for day := 2; day < 4; day++ {
		for i := range 300 {
			lines[i] = fmt.Sprintf("/%d 2026-03-0%d", i, day)
		}
		if paths, _ := b.visit(t, lines...); len(paths) != 300 {
			t.Errorf("%d pages changed, want 300", len(paths))
		}
	}
	if paths, _ := b.visit(t, lines...); len(paths) != 0 {
		t.Errorf("%d pages are read again", len(paths))
	}
}

func TestPagesThatRobotsKeepOutOfAreToldOnce(t *testing.T) {
	b := newBlog(t, "")
	b.robots = "User-agent: *\nDisallow: /private/\n"
	for range 2 {
		b.visit(t, "/private/a 2026-03-01")
	}
	if len(b.told) != 1 || !strings.Contains(b.told[0], "robots.txt") {
		t.Errorf("told %q", b.told)
	}
	for _, path := range b.asked {
		if strings.HasPrefix(path, "/private/") {
			t.Errorf("%s was asked for", path)
		}
	}
}

func TestAPackedSitemapIsReadWithinBounds(t *testing.T) {
	b := newBlog(t, "")
	for _, c := range []struct {
		name, body string
		found      int
		told       string
	}{
		{"packed", "<urlset><url><loc>" + b.URL + "/a</loc></url></urlset>", 1, ""},
		{"a bomb", "<urlset>" + strings.Repeat(" ", mostBytes) + "</urlset>", 0, "too large"},
		{"too many", "<urlset>" + strings.Repeat("<url><loc>"+b.URL+"/a</loc></url>", mostListed+1) + "</urlset>", 1, ""},
	} {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := io.WriteString(z, c.body); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		b.sitemap, b.told, b.at = packed.Bytes(), nil, ""
		b.open(t, "")
		found := 0
		err := b.source.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { found++; return nil })
		if found != c.found || (err == nil) != (c.told == "") || err != nil && !errors.Is(err, collect.ErrTooLarge) {
			t.Errorf("%s: %d pages, err %v", c.name, found, err)
		}
		if many := strings.Contains(strings.Join(b.told, "\n"), "more than 50000 addresses"); many != (c.name == "too many") {
			t.Errorf("%s: told %q", c.name, b.told)
		}
	}
}

func TestWhatIsNoSitemapIsRefusedInSettings(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`: "url is missing", `{"url":"https://b.example/s.xml","under":"blog"}`: "under", `{"url":"https://b.example/s.xml","most":501}`: "most", `{"url":"https://b.example/s.xml","most":500,"under":"/blog"}`: "",
	} {
		_, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(settings)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://blog.example/a?b&amp;c</loc><lastmod>2026-03-01</lastmod></url></urlset>`))
	f.Add([]byte(`<?xml version="1.0" encoding="ISO-8859-1"?><sitemapindex><sitemap><loc>/a.xml</loc></sitemap></sitemapindex>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		list, err := parse(bytes.NewReader(body))
		if err != nil {
			return
		}
		v := &visit{site: &site{Env: collect.Env{Reject: func(string, error) {}}, settings: settings{Under: "/"}}}
		got := v.taken(file{index: list.index, of: list.of}, "https://blog.example/sitemap.xml")
		for i, p := range got.pages {
			if len(p.address) > 3*longest || !strings.HasPrefix(p.address, "http") || p.changed != "" && stamp(p.at()) != p.changed {
				t.Errorf("%+v", p)
			}
			if i > 0 && cmp.Compare(p.changed, got.pages[i-1].changed) > 0 {
				t.Errorf("%q stands behind %q", p.changed, got.pages[i-1].changed)
			}
		}
	})
}
