package onion_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/collect/onion"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestSitesAreReadAsTheyAnswer(t *testing.T) {
	collecttest.Run(t, onion.Connector, "testdata/*.txtar")
}

// pages serves pages by their path, and nothing else.
type pages map[string]string

// ServeHTTP implements http.Handler.
func (p pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := p[r.URL.RequestURI()]
	if to, redirects := strings.CutPrefix(body, "-> "); redirects {
		http.Redirect(w, r, to, http.StatusFound)
		return
	}
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, body)
}

// article is a page of some words and links.
func article(title, words string, links ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<html><head><title>%s</title></head><body><main><h1>%s</h1><p>%s</p></main>", title, title, words)
	for _, l := range links {
		fmt.Fprintf(&b, `<a href="%s">%s</a> `, l, l)
	}
	return b.String() + "</body></html>"
}

// A reader is a source that is read in a test.
type reader struct {
	collect.Source
	rejects []string
	log     strings.Builder
}

func open(t testing.TB, client *fetch.Client, settings string) *reader {
	t.Helper()
	r := &reader{}
	env := collect.Env{ID: "bazaar", Fetch: client, Now: func() time.Time { return collecttest.Now },
		Log:    slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Reject: func(item string, reason error) { r.rejects = append(r.rejects, item+": "+reason.Error()) },
		Reveal: func(collect.Secret) (string, error) { return "sid=very-secret", nil }}
	src, err := onion.Connector.Open(env, collect.Strict([]byte(settings)))
	if err != nil {
		t.Fatal(err)
	}
	r.Source = src
	return r
}

// visit returns what a visit gives, and the cursor after it.
func (r *reader) visit(t testing.TB, from intel.Cursor) (docs []intel.Document, next intel.Cursor, err error) {
	t.Helper()
	next = from
	err = r.Collect(t.Context(), from, func(d intel.Document, c intel.Cursor) error {
		docs, next = append(docs, d), c
		return nil
	})
	return docs, next, err
}

// titles are the titles of documents that are no status of a site.
func titles(docs []intel.Document) (out []string) {
	for _, d := range docs {
		if d.Genre != intel.List {
			out = append(out, d.Title)
		}
	}
	return out
}

const settings = `{"url": "http://` + market + `/", "genre": "market"}`

func TestWithoutItsProxyNothingLeaves(t *testing.T) {
	port := listening(t)
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:"+port)
	t.Setenv("ALL_PROXY", "http://127.0.0.1:"+port)
	p := newProxy(t, map[string]http.Handler{market: pages{"/": article("Bazaar", "Words.")}})
	client := through(t, p, "localhost")
	p.cut()
	_, _, err := open(t, client, settings).visit(t, "")
	if err == nil || !strings.Contains(err.Error(), "is Tor running") {
		t.Errorf("with its proxy cut: %v", err)
	}
	if _, err := client.Get(t.Context(), "http://localhost:"+port+"/"); err == nil {
		t.Error("a host that listens here was reached without the proxy")
	}
	plain, err := fetch.New(fetch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := open(t, plain, settings).visit(t, ""); !errors.Is(err, fetch.ErrForbidden) {
		t.Errorf("without a proxy: %v, want that nobody is asked for the name", err)
	}
}

func TestOnlyPagesOfTheSiteAreAskedFor(t *testing.T) {
	port := listening(t)
	site := pages{"/": article("Bazaar", "Words.", "/a", "http://127.0.0.1:"+port+"/", "http://localhost:"+port+"/", "http://blog.example/", "http://[::1]:"+port+"/",
		"http://2130706433/", "http://"+other+"/", "//"+other+"/x", "ftp://"+market+"/", "http://u:p@"+market+"/x", "/photo.jpg", "/dump.7z", "/app.js", "/logout", "/vote?id=1", "/x?action=delete", "mailto:a@b.example"),
		"/a": article("A", "More words.")}
	var asked []string
	p := newProxy(t, map[string]http.Handler{other: site, market: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		site.ServeHTTP(w, r)
	})})
	docs, _, err := open(t, through(t, p), settings).visit(t, "")
	if want := []string{"Bazaar", "A"}; err != nil || !slices.Equal(titles(docs), want) {
		t.Errorf("documents %q, err %v", titles(docs), err)
	}
	if want := []string{"/robots.txt", "/", "/a"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
	for _, host := range []string{"127.0.0.1:" + port, "[::1]:" + port, "localhost:" + port, "blog.example", "2130706433", market + ".evil.example"} {
		if _, err := through(t, p).Get(t.Context(), "http://"+host+"/"); !errors.Is(err, fetch.ErrForbidden) {
			t.Errorf("%s was asked for through the proxy: %v", host, err)
		}
	}
	for _, name := range p.names() {
		if name != "bazaar "+market+":80" {
			t.Errorf("the proxy was asked for %q", name)
		}
	}
}

func TestNoRedirectLeadsOutOfTheSite(t *testing.T) {
	port := listening(t)
	for _, to := range []string{"http://127.0.0.1:" + port + "/", "http://localhost:" + port + "/", "http://blog.example/", "http://" + other + "/"} {
		p := newProxy(t, map[string]http.Handler{other: pages{"/": article("Other", "Words.")},
			market: pages{"/": article("Bazaar", "Words.", "/out"), "/out": "-> " + to}})
		docs, _, err := open(t, through(t, p), settings).visit(t, "")
		if want := []string{"Bazaar"}; err != nil || !slices.Equal(titles(docs), want) {
			t.Errorf("to %s: documents %q, err %v", to, titles(docs), err)
		}
		p = newProxy(t, map[string]http.Handler{other: pages{"/": article("Other", "Words.")}, market: pages{"/": "-> " + to}})
		if docs, _, err := open(t, through(t, p), settings).visit(t, ""); !errors.Is(err, fetch.ErrElsewhere) || len(docs) > 0 {
			t.Errorf("the first page to %s: %d documents, err %v", to, len(docs), err)
		}
		for _, name := range p.names() {
			if !strings.Contains(name, market) {
				t.Errorf("to %s: the proxy was asked for %q", to, name)
			}
		}
	}
}

func TestWhatIsTooLargeIsCutOff(t *testing.T) {
	var sent atomic.Int64
	huge := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/huge":
			for line := strings.Repeat("words ", 1000); r.Context().Err() == nil && sent.Load() < 1<<30; {
				n, err := io.WriteString(w, line)
				if sent.Add(int64(n)); err != nil {
					return
				}
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z, zero := gzip.NewWriter(w), make([]byte, 1<<20)
			for range 512 {
				if _, err := z.Write(zero); err != nil {
					return
				}
			}
			_ = z.Close()
		case "/long":
			_, _ = io.WriteString(w, article("Long", strings.Repeat("words ", 1<<19)))
		case "/deep":
			_, _ = io.WriteString(w, strings.Repeat("<div class=a><b>$1</b>", 1<<16))
		default:
			_, _ = io.WriteString(w, article("Bazaar", "Words.", "/huge", "/bomb", "/long", "/deep"))
		}
	}
	p := newProxy(t, map[string]http.Handler{market: http.HandlerFunc(huge)})
	r := open(t, through(t, p), strings.Replace(settings, "{", `{"pages": 10, `, 1))
	began := time.Now()
	docs, _, err := r.visit(t, "")
	if err != nil || !slices.Equal(titles(docs), []string{"Bazaar"}) {
		t.Errorf("documents %q, err %v", titles(docs), err)
	}
	for _, want := range []string{"page /huge: get http://" + market + "/huge: response too large", "page /bomb: get http://" + market + "/bomb: response too large", "page /long: get http://" + market + "/long: response too large", "page /deep: "} {
		if !slices.ContainsFunc(r.rejects, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("%q is not told: %q", want, r.rejects)
		}
	}
	if took := time.Since(began); sent.Load() > 64<<20 || took > time.Minute {
		t.Errorf("%d bytes came in %v", sent.Load(), took)
	}
}

func TestNoPictureIsDownloaded(t *testing.T) {
	var sent atomic.Int64
	p := newProxy(t, map[string]http.Handler{market: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/view" {
			_, _ = io.WriteString(w, article("Bazaar", "Words.", "/view"))
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		for chunk := make([]byte, 64<<10); r.Context().Err() == nil && sent.Load() < 1<<30; {
			n, err := w.Write(chunk)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	})})
	docs, _, err := open(t, through(t, p), settings).visit(t, "")
	if err != nil || !slices.Equal(titles(docs), []string{"Bazaar"}) {
		t.Errorf("documents %q, err %v", titles(docs), err)
	}
	if sent.Load() > 16<<20 { // what fits between the two
		t.Errorf("%d bytes of a picture were sent", sent.Load())
	}
}

func TestScriptsShowNothing(t *testing.T) {
	p := newProxy(t, map[string]http.Handler{market: pages{"/": `<html><head><title>Bazaar</title><script>fetch("/beacon")</script></head><body onload="run()"><p>Seen words.</p>
<script>document.write("unseen words")</script><img src="/beacon" onerror="run()"><iframe src="/beacon">unseen</iframe><link rel="stylesheet" href="/beacon"><style>body{background:url(/beacon)}</style>
<meta http-equiv="refresh" content="0;url=/beacon"><video src="/beacon"></video><form action="/beacon"><button>unseen</button></form></body></html>`, "/beacon": "came"}})
	docs, _, err := open(t, through(t, p), settings).visit(t, "")
	if err != nil || len(docs) != 2 || docs[0].Text != "Seen words." {
		t.Errorf("documents %+v, err %v", docs, err)
	}
}

func TestAVisitGivesWhatIsNewAndTheNextGoesOnWhereItEnded(t *testing.T) {
	site := pages{"/": article("Bazaar", "Words.", "/1")}
	for i := 1; i <= 4; i++ {
		site["/"+strconv.Itoa(i)] = article("Page "+strconv.Itoa(i), "Words.", "/"+strconv.Itoa(i+1))
	}
	p := newProxy(t, map[string]http.Handler{market: site})
	client := through(t, p)
	const all = `{"depth": 10, "pages": `
	r := open(t, client, strings.Replace(settings, "{", all+"3, ", 1))
	var cursor intel.Cursor
	for i, want := range [][]string{{"Bazaar", "Page 1", "Page 2"}, {"Page 3", "Page 4"}, nil} {
		docs, next, err := r.visit(t, cursor)
		if err != nil || !slices.Equal(titles(docs), want) {
			t.Errorf("visit %d gives %q, err %v; want %q", i, titles(docs), err, want)
		}
		cursor = next
	}
	site["/2"] = article("Page 2", "Other words.")
	again := open(t, client, strings.Replace(settings, "{", all+"100, ", 1)) // as after a restart
	docs, cursor, err := again.visit(t, cursor)
	if err != nil || len(docs) != 1 || !strings.Contains(docs[0].Text, "Other words.") {
		t.Errorf("after a change: %+v, err %v", docs, err)
	}
	site["/"] = strings.Replace(site["/"], "<title>Bazaar", "<title>This site has been seized", 1)
	docs, _, err = again.visit(t, cursor)
	if i := slices.IndexFunc(docs, func(d intel.Document) bool { return d.Genre == intel.List }); err != nil || i < 0 || !strings.Contains(docs[i].Text, "calls itself: This site has been seized") {
		t.Errorf("after its title changed: %+v, err %v", docs, err)
	}
}

func TestMirrorsAreOneSite(t *testing.T) {
	site := pages{"/": article("Bazaar", "Words.", "/a"), "/a": article("A", "At http://"+market+"/.")}
	mirrored := pages{}
	for path, body := range site {
		mirrored[path] = strings.ReplaceAll(body, market, mirror)
	}
	const both = `{"url": "http://` + market + `/", "mirrors": ["http://` + mirror + `"], "genre": "market"}`
	ids := map[string]bool{}
	for _, sites := range []map[string]http.Handler{{market: site, mirror: mirrored}, {mirror: mirrored}} {
		r := open(t, through(t, newProxy(t, sites)), both)
		docs, _, err := r.visit(t, "")
		if err != nil || len(docs) != 3 {
			t.Fatalf("%d documents, err %v", len(docs), err)
		}
		for _, d := range docs {
			ids[string(d.ID)] = true
		}
		if down := len(sites) == 1; strings.Contains(r.log.String(), market+" is not reached through Tor; it is down") != down {
			t.Errorf("logged: %s", r.log.String())
		}
	}
	if len(ids) != 3 {
		t.Errorf("%d identities of three documents: %v", len(ids), slices.Sorted(maps.Keys(ids)))
	}
	_, _, err := open(t, through(t, newProxy(t, nil)), both).visit(t, "")
	for _, want := range []string{"no address of the site answers", market + " is not reached through Tor", mirror + " is not reached through Tor"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("with all down %q is not said: %v", want, err)
		}
	}
}

func TestAMirrorThatGoesDownInMidVisitIsPassedOver(t *testing.T) {
	site := pages{"/": article("Bazaar", "Words.", "/a"), "/a": article("A", "Words.")}
	dying := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a" {
			panic(http.ErrAbortHandler)
		}
		site.ServeHTTP(w, r)
	})
	p := newProxy(t, map[string]http.Handler{market: dying, mirror: site})
	docs, _, err := open(t, through(t, p), `{"url": "http://`+market+`/", "mirrors": ["http://`+mirror+`"], "genre": "market"}`).visit(t, "")
	if want := []string{"Bazaar", "A"}; err != nil || !slices.Equal(titles(docs), want) {
		t.Errorf("documents %q, err %v", titles(docs), err)
	}
}

func TestACookieGoesToItsSiteAndIsNeverTold(t *testing.T) {
	var told []string
	p := newProxy(t, map[string]http.Handler{market: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told = append(told, r.URL.Path+" "+r.Header.Get("Cookie"))
		w.WriteHeader(http.StatusForbidden)
	})})
	r := open(t, through(t, p), strings.Replace(settings, "{", `{"cookie": "env:X", `, 1))
	_, _, err := r.visit(t, "")
	if !slices.Contains(told, "/ sid=very-secret") {
		t.Errorf("told %q", told)
	}
	if err == nil || strings.Contains(err.Error()+r.log.String(), "very-secret") {
		t.Errorf("error %v, log %s", err, r.log.String())
	}
}

func TestAVisitEndsWithItsContext(t *testing.T) {
	p := newProxy(t, map[string]http.Handler{market: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	err := open(t, through(t, p), settings).Collect(ctx, "", func(intel.Document, intel.Cursor) error { return nil })
	if !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
		t.Errorf("err %v after %v", err, time.Since(began))
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	for given, want := range map[string]string{
		`{}`: "url is missing",
		`{"url": "http://blog.example/", "genre": "market"}`:                                             "not in Tor",
		`{"url": "http://192.0.2.1/", "genre": "market"}`:                                                "not in Tor",
		`{"url": "http://expyuzz4wqqyqhjn.onion/", "genre": "market"}`:                                   "version 2",
		`{"url": "http://a` + market[1:] + `/", "genre": "market"}`:                                      "mistyped",
		`{"url": "http://abc.onion/", "genre": "market"}`:                                                "56 letters",
		`{"url": "http://me:secret@` + market + `/", "genre": "market"}`:                                 "password",
		`{"url": "http://` + market + `/"}`:                                                              "none of market, leaksite and forum",
		`{"url": "http://` + market + `/", "genre": "leaksite"}`:                                         "who is missing",
		`{"url": "http://` + market + `/", "genre": "market", "mirrors": ["http://` + mirror + `/x"]}`:   "has a path",
		`{"url": "http://` + market + `/", "genre": "market", "mirrors": ["http://blog.example"]}`:       "mirrors: blog.example is not in Tor",
		`{"url": "http://` + market + `/", "genre": "market", "depth": 21}`:                              "depth",
		`{"url": "http://` + market + `/", "genre": "market", "pages": -1}`:                              "pages",
		`{"url": "http://` + market + `/", "genre": "market", "begin": ["http://blog.example/"]}`:        "begin",
		`{"url": "http://` + market + `/", "genre": "market", "under": ["forum"]}`:                       "under",
		`{"url": "http://` + market + `/", "genre": "market", "rules": [{"title": "h2"}]}`:               "item is missing",
		`{"url": "http://` + market + `/", "genre": "market", "rules": [{"item": "div", "price": "["}]}`: "no CSS selector",
		`{"url": "http://` + market + `/", "genre": "market", "rules": [{"colour": "red"}]}`:             "colour",
		`{"url": "http://` + market + `/", "genre": "market", "cookie": "sid=1"}`:                        "secret",
	} {
		_, err := onion.Connector.Open(collect.Env{ID: "bazaar"}, collect.Strict([]byte(given)))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v, want %q", given, err, want)
		}
	}
}

// BenchmarkPages measures what reading costs where nobody waits for Tor.
func BenchmarkPages(b *testing.B) {
	const n = 1000
	site := pages{}
	for i := range n {
		var offers strings.Builder
		for j := range 20 {
			fmt.Fprintf(&offers, `<div class="card"><h3><a href="/?p=%d">Exploit %d.%d</a></h3><span class="vendor">eve</span><span class="price">$%d</span><p>%s</p></div>`, (i*7+j)%n, i, j, j, strings.Repeat("words about it ", 10))
		}
		site["/?p="+strconv.Itoa(i)] = "<html><head><title>Bazaar</title></head><body>" + offers.String() + fmt.Sprintf(`<a href="/?p=%d">next</a></body></html>`, (i+1)%n)
	}
	site["/"] = article("Bazaar", "Words.", "/?p=0")
	p := newProxy(b, map[string]http.Handler{market: site})
	client := through(b, p)
	for b.Loop() {
		docs, _, err := open(b, client, strings.Replace(settings, "{", `{"pages": 1001, "depth": 20, `, 1)).visit(b, "")
		if err != nil || len(docs) < n {
			b.Fatal(len(docs), err)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "pages/s")
}
