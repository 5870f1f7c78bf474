package mapped

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestEachRuleIsWholeAndHasAnArchive(t *testing.T) {
	for _, name := range names() {
		r, err := shipped(name)
		if err == nil {
			err = r.check()
		}
		if err == nil {
			err = collect.CheckURL("url", r.URL)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join("testdata", name+".txtar")); err != nil || r.About == "" {
			t.Errorf("%s has no archive, or says nothing of itself", name)
		}
	}
}

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

func collected(t *testing.T, src collect.Source, from intel.Cursor) (claims int, docs []intel.Document, next intel.Cursor) {
	t.Helper()
	next = from
	err := src.Collect(t.Context(), from, func(d intel.Document, c intel.Cursor) error {
		claims += len(d.Claims)
		docs, next = append(docs, d), c
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return claims, docs, next
}

func TestAListOfMoreRowsThanAreRememberedIsReadOnceAndThenWhatIsNew(t *testing.T) {
	const rows = 5000
	more := ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\r")
		fmt.Fprint(w, more)
		for n := rows; n > 0; n-- {
			at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(n) * time.Minute)
			fmt.Fprintf(w, "\"%d\",\"%s\",\"http://192.0.2.%d/%d\",\"online\",\"\",\"malware_download\",\"Mozi\",\"https://urlhaus.example/url/%d/\",\"ann\"\r\n", n, at.Format(time.DateTime), n%250, n, n)
		}
	}))
	defer srv.Close()
	src := opened(t, fmt.Sprintf(`{"feed":"urlhaus","url":%q}`, srv.URL))
	claims, docs, next := collected(t, src, "")
	if claims != rows || !docs[0].Assumed {
		t.Fatalf("%d claims in %d documents", claims, len(docs))
	}
	if claims, _, _ := collected(t, src, next); claims != 0 {
		t.Errorf("again: %d claims", claims)
	}
	more = "\"5001\",\"2026-02-02 00:00:00\",\"http://192.0.2.1/new\",\"online\",\"\",\"malware_download\",\"\",\"\",\"ann\"\r\n"
	claims, docs, next = collected(t, src, next)
	if claims != 1 || docs[0].Assumed || docs[0].Claims[0].Object != intel.Untagged() {
		t.Errorf("what is new: %d claims, %+v", claims, docs)
	}
	if claims, _, _ := collected(t, src, next); claims != 0 {
		t.Errorf("then: %d claims", claims)
	}
}

func TestWhatIsAtAnotherHostIsNoNextPage(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer other.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"next":%q,"results":[{"id":"1","name":"A"}]}`, other.URL)
	}))
	defer srv.Close()
	src := opened(t, fmt.Sprintf(`{"feed":"otx","url":%q,"key":"env:K"}`, srv.URL))
	err := src.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { return nil })
	if !errors.Is(err, intel.ErrInvalid) || asked != 0 {
		t.Errorf("asked %d times, err %v", asked, err)
	}
}

func TestSettingsThatCannotBeMeantAreRefused(t *testing.T) {
	for s, want := range map[string]string{
		`{}`:                             "feed or rule",
		`{"feed":"x"}`:                   "no rule",
		`{"feed":"../mapped"}`:           "no rule",
		`{"feed":"otx"}`:                 "key is missing",
		`{"feed":"feodo","key":"env:K"}`: "which header",
		`{"rule":{"url":"https://a.example","id":["a"],"claims":[{"subject":"colour:{a}","relation":"indicates"}]}}`: "no template",
		`{"rule":{"url":"https://a.example","id":["a"],"claims":[{"subject":"url:{a}","relation":"likes"}]}}`:        "no relation",
		`{"rule":{"url":"https://a.example","id":["a"]}}`:                                                            "text or claims",
		`{"rule":{"url":"https://a.example","text":["{a}"]}}`:                                                        "id:",
		`{"rule":{"url":"https://a.example","colour":"red"}}`:                                                        "unknown field",
	} {
		if _, err := Connector.Open(collect.Env{}, collect.Strict([]byte(s))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", s, err, want)
		}
	}
}

func FuzzRules(f *testing.F) {
	f.Add([]byte("# id,dateadded,url,tags\n\"1\",\"2026-01-02 03:04:05\",\"http://192.0.2.1/a\",\"a,b\"\n"))
	f.Add([]byte(`{"results":[{"id":"1","modified":"x","indicators":[{"type":"IPv4","indicator":"192.0.2.1"}]}],"next":7}`))
	f.Add([]byte(`[{"ip_address":"192.0.2.1","port":443,"first_seen":"2026-01-02 03:04:05","malware":"A"}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 64<<10 {
			return
		}
		for _, name := range names() {
			r, err := shipped(name)
			if err != nil || r.check() != nil {
				t.Fatal(name, err)
			}
			s := &source{Env: collect.Env{ID: "fuzz", Reject: func(string, error) {}, Now: time.Now}, rule: r}
			p, err := r.read(body, s.Env)
			if err != nil {
				continue
			}
			for _, one := range p.rows {
				for _, d := range s.documents([]row{one}) {
					if d.ID == "" {
						t.Errorf("%+v", d)
					}
				}
			}
		}
	})
}

func TestPagesAreAskedForByHowManyItemsCame(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := 0
		fmt.Sscan(r.URL.Query().Get("startIndex"), &from)
		var items []string
		for n := from; n < min(from+2, 5); n++ {
			items = append(items, fmt.Sprintf(`{"cve":{"id":"CVE-2099-%04d","lastModified":"2026-01-02T03:04:05.000","vulnStatus":"Analyzed"}}`, n))
		}
		fmt.Fprintf(w, `{"totalResults":5,"vulnerabilities":[%s]}`, strings.Join(items, ","))
	}))
	defer srv.Close()
	if _, docs, _ := collected(t, opened(t, fmt.Sprintf(`{"feed":"nvd","url":"%s/?a={since}"}`, srv.URL)), ""); len(docs) != 5 {
		t.Errorf("%d documents", len(docs))
	}
}

func TestRowsThatWereNotKeptAreGivenAgain(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, `[{"ip_address":"192.0.2.5","port":443,"first_seen":"2026-01-02 03:04:05","malware":"QakBot"}]`)
	}))
	defer srv.Close()
	src := opened(t, fmt.Sprintf(`{"feed":"feodo","url":%q}`, srv.URL))
	collected(t, src, "")
	claims, _, next := collected(t, src, intel.Cursor("{}")) // as after a disk that was full
	if claims != 1 {
		t.Errorf("%d claims", claims)
	}
	if claims, _, _ := collected(t, src, next); claims != 0 {
		t.Errorf("and once they are kept %d", claims)
	}
}

func TestWhoAsksTooOftenIsNotToldThatTheKeyIsWrong(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer srv.Close()
	for feed, permanent := range map[string]bool{"ghsa": false, "nvd": false, "otx": true} {
		src := opened(t, fmt.Sprintf(`{"feed":%q,"url":%q,"key":"env:K"}`, feed, srv.URL))
		if err := src.Collect(t.Context(), "", nil); err == nil || collect.IsPermanent(err) != permanent {
			t.Errorf("%s: %v", feed, err)
		}
	}
}

func TestAFeedWhosePagesDoNotEndIsGivenUpBeforeItFillsMemory(t *testing.T) {
	served := 0
	page := strings.Repeat(`{"id":"0123456789abcdef","ip":"192.0.2.1"},`, 1<<20/43)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served++
		fmt.Fprintf(w, `{"next":"/?%d","items":[%s{"id":"1"}]}`, served, page)
	}))
	defer srv.Close()
	src := opened(t, `{"url":"`+srv.URL+`","rule":{"items":"items","next":"next","id":["id"],"text":["ip"]}}`)
	err := src.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { return nil })
	if !errors.Is(err, fetch.ErrTooLarge) || served > mostObjects*43>>20+1 {
		t.Errorf("%d pages were read, and then %v; want ErrTooLarge", served, err)
	}
}

func TestAListOfCountlessLinesIsGivenUp(t *testing.T) {
	for format, body := range map[string]string{"text": "1\n", "csv": "1,2,3\n"} {
		r := rule{Format: format, ID: []string{"id"}, Header: []string{"id", "b", "c"}}
		if p, err := r.read([]byte(strings.Repeat(body, mostItems+2)), collect.Env{Reject: func(string, error) {}}); !errors.Is(err, collect.ErrTooLarge) {
			t.Errorf("%s: %d items and %v, want ErrTooLarge", format, p.items, err)
		}
	}
}

func TestAnItemOfADayThatHasNotComeHidesNoneOfThoseThatFollow(t *testing.T) {
	const more = 3000
	item := func(id string, at time.Time) string {
		return fmt.Sprintf(`{"id":%q,"at":%q}`, id, at.Format(time.RFC3339))
	}
	all := []string{item("a", time.Now().Add(-time.Hour)), item("forged", time.Now().AddDate(70, 0, 0))}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"items":[%s]}`, strings.Join(all, ","))
	}))
	defer srv.Close()
	src := opened(t, `{"url":"`+srv.URL+`","rule":{"items":"items","id":["id"],"time":["at"],"text":["id"]}}`)
	_, docs, next := collected(t, src, "")
	for n := range more {
		all = append(all, item(fmt.Sprint("new", n), time.Now().Add(-time.Minute)))
	}
	_, later, _ := collected(t, src, next)
	if len(docs) != 2 || len(later) != more {
		t.Errorf("%d documents, and then %d, want 2 and %d", len(docs), len(later), more)
	}
}
