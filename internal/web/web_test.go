package web_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/web"
)

func indexOf(s, part string) int { return strings.Index(s, part) }

func paths() []string {
	return []string{"/", "/actors", "/actors?name=a&sort=name&page=2", "/malware", "/tools", "/campaigns", "/vulnerabilities", "/countries", "/handles", "/channels",
		"/actor/astro-locker", "/actor/astro-locker?open=ioc-800", "/actor/astro-locker?open=ioa-1050", "/actor/astro-locker?per=month", "/actor/astro-locker?section=ioc&page=2&ioc=203&level=High&kind=ipv4",
		"/malware/cobalt-strike", "/tool/x", "/campaign/cold-gateway", "/country/DE", "/vulnerability/CVE-2099-10417", "/handle/kelp/astro_support", "/channel/kelp/room",
		"/indicator/ipv4/203.0.113.77", "/indicator/ipv4/192.0.2.53?open=claims-1", "/indicator/file/%2Fportal%2Fadmin%2Fexport.asp", "/indicator/url/https:%2F%2Fa.example%2Fx%2F",
		"/document/0123abc0", "/search", "/search?q=astro+locker", "/search?q=astro&page=2", "/sources", "/sources?state=failing&name=kelp", "/sources?state=none", "/scoreboard", "/evidence/1?span=7&id=ioc-1&value=203.0.113.77", "/evidence/1050?span=7&id=ioa-1&predicted=1"}
}

func TestEveryPageRenders(t *testing.T) {
	for name, f := range map[string]fake{"full": {text: plain}, "hostile": {text: hostile}, "empty": {text: plain, empty: true}} {
		t.Run(name, func(t *testing.T) {
			h := serve(f)
			for _, path := range paths() {
				w := get(t, h, path)
				if w.Code != http.StatusOK {
					t.Errorf("%s: status %d", path, w.Code)
					continue
				}
				check(t, path, w.Body.String())
				if got := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'self';") || strings.Contains(got, "unsafe") {
					t.Errorf("%s: policy %q", path, got)
				}
				if !strings.HasPrefix(path, "/evidence") && !strings.Contains(w.Body.String(), "Everything here is invented.") {
					t.Errorf("%s: no notice", path)
				}
			}
		})
	}
}

// check fails on anything in a page that a policy would have to stop, and on
// markup that is not ours.
func check(t *testing.T, path, page string) {
	t.Helper()
	if strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "<no value>") {
		t.Errorf("%s: a template has a hole", path)
	}
	ids := map[string]bool{}
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		token := z.Token()
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		if token.Data == "img" || token.Data == "style" || token.Data == "iframe" {
			t.Errorf("%s: element %s", path, token)
		}
		for _, a := range token.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", strings.HasPrefix(a.Key, "hx-on"):
				t.Errorf("%s: attribute %s", path, token)
			case a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "hx-get":
				if !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "https://") {
					t.Errorf("%s: link to %q", path, a.Val)
				}
			case a.Key == "id":
				if ids[a.Val] {
					t.Errorf("%s: id %q twice", path, a.Val)
				}
				ids[a.Val] = true
			}
		}
		if token.Data == "script" && !strings.Contains(token.String(), `src="/static/`) {
			t.Errorf("%s: %s", path, token)
		}
	}
}

func TestPagesSayWhatIsNotThere(t *testing.T) {
	h := serve(fake{text: plain})
	for path, want := range map[string]int{"/actor/nobody": 404, "/actor/broken": 500, "/nothing/here": 404, "/nothing": 404, "/indicator/actor/x": 404, "/indicator/ipv4/": 404, "/actors?page=0": 400, "/actors?page=101": 400, "/actor/astro-locker?section=ioc&page=20000": 400, "/actor/x?kind=nonsense": 400,
		"/actor/x?level=Huge": 400, "/evidence/1": 400, "/actors/nobody.md": 404, "/actors/x.exe": 404} {
		w := get(t, h, path)
		if w.Code != want {
			t.Errorf("%s: status %d, want %d", path, w.Code, want)
		}
		if strings.Contains(w.Body.String(), "disk is full") {
			t.Errorf("%s: tells the reader the fault itself", path)
		}
	}
}

func TestAliasesLeadToTheActor(t *testing.T) {
	h := serve(fake{text: plain})
	for path, want := range map[string]string{"/actor/astro-locker-team": "/actor/astro-locker", "/actor/Astro%20Locker?per=month": "/actor/astro-locker?per=month",
		"/actor/shared-name": "/search?q=Shared+Name", "/actors/shared-name.md": "/search?q=Shared+Name"} {
		if w := get(t, h, path); w.Code != http.StatusFound || w.Header().Get("Location") != want {
			t.Errorf("%s: status %d to %q, want %q", path, w.Code, w.Header().Get("Location"), want)
		}
	}
}

// bare knows neither host names nor campaigns of indicators.
type bare struct{ fake }

func (b bare) Profile(ctx context.Context, r intel.Reader, e intel.Entity, w web.Window) (web.Profile, error) {
	p, err := b.fake.Profile(ctx, r, e, w)
	for i := range p.IOC {
		p.IOC[i].Hostname, p.IOC[i].Campaign = "", ""
	}
	return p, err
}

func TestAColumnThatNoRowHasAnythingForIsLeftOut(t *testing.T) {
	f := fake{text: plain}
	for name, views := range map[string]web.Views{"all known": f, "neither": bare{f}} {
		h := web.Handler(web.Site{Views: views, Reader: intel.Everything(), Log: slog.New(slog.DiscardHandler), Now: now})
		_, table, _ := strings.Cut(get(t, h, "/actor/astro-locker?open=ioc-800").Body.String(), `<section id="ioc"`)
		table, _, _ = strings.Cut(table, "</table>")
		if known := strings.Contains(table, ">Host name<") && strings.Contains(table, ">Campaign<"); known != (name == "all known") || !strings.Contains(table, ">Kind<") {
			t.Errorf("%s: the table has columns for hosts and campaigns: %v", name, known)
		}
		head, _, _ := strings.Cut(table, "</thead>")
		if want := fmt.Sprintf(`<tr class="evidence" id="ev-ioc-800"><td colspan="%d">`, strings.Count(head, "<th ")); !strings.Contains(table, want) {
			t.Errorf("%s: the evidence is not as wide as the table, %s", name, want)
		}
	}
}

func TestACountryBeginsWithWhoHasToDoWithItAndEndsWithItsNames(t *testing.T) {
	h := serve(fake{text: plain})
	for path, first := range map[string]string{"/country/DE": "associated_actors", "/actor/astro-locker": "aliases"} {
		page := get(t, h, path).Body.String()
		other := map[string]string{"aliases": "associated_actors", "associated_actors": "aliases"}[first]
		if a, b := strings.Index(page, `<section id="`+first), strings.Index(page, `<section id="`+other); a < 0 || b < a {
			t.Errorf("%s: %s stands at %d, %s at %d", path, first, a, other, b)
		}
		if works := strings.Contains(page, "works with, buys from"); works != (first == "aliases") {
			t.Errorf("%s says who works with it: %v", path, works)
		}
	}
}

func TestNobodyIsToldToWatchWhatIsLongGone(t *testing.T) {
	h := serve(fake{text: plain})
	for path, want := range map[string]string{"/indicator/ipv4/192.0.2.99": "Nothing to act on any more.", "/indicator/ipv4/203.0.113.77": "Treat it as hostile."} {
		page := get(t, h, path).Body.String()
		if !strings.Contains(page, want) || strings.Contains(page, "last seen –") {
			t.Errorf("%s lacks %q, or has a day that nobody knows", path, want)
		}
	}
}

// TestLabelsStandApartFromWhoseAnIndicatorIs has a value that sources give to three names and
// label with a tag and with none.
func TestLabelsStandApartFromWhoseAnIndicatorIs(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/indicator/ipv4/203.0.113.77").Body.String()
	claims, labels, evidence := strings.Index(page, `<section id="claims"`), strings.Index(page, `<section id="labels"`), strings.Index(page, `id="evidence"`)
	if claims < 0 || labels < claims || evidence < labels {
		t.Fatalf("claims at %d, labels at %d, evidence at %d", claims, labels, evidence)
	}
	if owners := page[claims:labels]; strings.Contains(owners, "C2") || strings.Contains(owners, "Untagged") || !strings.Contains(owners, "Tallow Wharf") {
		t.Error("labels stand among whose it is")
	}
	if tags := page[labels:evidence]; !strings.Contains(tags, "C2") || strings.Contains(tags, "Untagged") {
		t.Error("the label is missing, or none is taken for one")
	}
}

func TestWhatIsReportedWithoutALabelIsLabelledByNobody(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/indicator/ipv4/203.0.113.78").Body.String()
	if strings.Contains(page, "ntagged") || strings.Contains(page, `<section id="labels"`) || !strings.Contains(page, "who reports it gives it no label:") || !strings.Contains(page, "How far it was believed") {
		t.Error("a value of no label has one, or is not said to have none")
	}
}

func TestAnIndicatorTellsHowMuchEvidenceItShowsAndLeadsToTheRest(t *testing.T) {
	h := serve(fake{text: plain})
	page, all := get(t, h, "/indicator/ipv4/203.0.113.77").Body.String(), get(t, h, "/indicator/ipv4/203.0.113.77?evidence=all").Body.String()
	if !strings.Contains(page, `Evidence <span class="count">1 of 3</span>`) || !strings.Contains(page, `href="/indicator/ipv4/203.0.113.77?evidence=all#evidence"`) || strings.Contains(page, "kelp-forum") {
		t.Error("it shows one piece of three and does not say so")
	}
	if !strings.Contains(all, `Evidence <span class="count">3</span>`) || !strings.Contains(all, "kelp-forum") || strings.Contains(all, "evidence=all") {
		t.Error("the rest is not shown, or led to again")
	}
}

func TestProfilesCanBeDownloaded(t *testing.T) {
	w := get(t, serve(fake{text: plain}), "/actors/astro-locker.md")
	if w.Code != http.StatusOK || w.Body.String() != "# Astro Locker\n" || w.Header().Get("Content-Type") != "text/markdown; charset=utf-8" {
		t.Errorf("status %d, %q as %s", w.Code, w.Body, w.Header().Get("Content-Type"))
	}
}

func TestOtherHostsAndMethodsAreRefused(t *testing.T) {
	h := serve(fake{text: plain})
	for host, want := range map[string]int{"127.0.0.1:8080": 200, "[::1]:8080": 200, "localhost": 200, "LOCALHOST.:80": 200, "127.9.9.9": 200, "evil.example": 421, "127.0.0.1.evil.example:8080": 421, "": 421, "192.0.2.1": 421} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %q: status %d, want %d", host, w.Code, want)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		r := httptest.NewRequest(method, "http://localhost/actor/x", nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d", method, w.Code)
		}
	}
}

func TestOpenRowShowsItsEvidenceWithoutAScript(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/actor/astro-locker?open=ioc-800").Body.String()
	for _, want := range []string{`<tr id="ioc-800" class="is-open">`, `id="ev-ioc-800"`, `<mark dir="auto">203[.]0[.]113[.]77</mark>`, `href="/document/0123abc0#b4181"`, `aria-expanded="true"`} {
		if strings.Count(page, want) != 1 {
			t.Errorf("%d times %s, want it once", strings.Count(page, want), want)
		}
	}
	if strings.Contains(page, "javascript:") && strings.Contains(page, `href="javascript:`) {
		t.Error("a hostile address is a link")
	}
}

func TestEvidenceThatCannotBeReadSaysSoInItsRow(t *testing.T) {
	w := get(t, serve(fake{text: plain}), "/evidence/broken?span=7&id=ioc-1")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "could not be read") || strings.Contains(w.Body.String(), "disk is full") || strings.Contains(w.Body.String(), "<html") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestUnprovenForecastsPrintNoProbability(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/actor/astro-locker").Body.String()
	if !strings.Contains(page, `Rank </span>1</span>`) || strings.Contains(page, "0.44") || !strings.Contains(page, "0.79") {
		t.Error("want a rank for the technique, 0.79 for the country and no 0.44")
	}
}

func TestEveryEntityPathLeadsBackToIt(t *testing.T) {
	h := serve(fake{text: plain})
	for _, s := range []string{"actor:astro-locker", "handle:kelp/a/b", "handle:..", "channel:telegram/комната", "url:https://a.example/x?y=1&z=%2e%2e#f", "file:..", "file:/a/../b", "file:.", "input:' or 1=1 --", "command:a b\tc", "pattern:%2f", "user-agent:Mozilla/5.0 (X11; Linux)", "country:DE", "registry-key:HKLM\\x"} {
		e, err := intel.ParseEntity(s)
		if err != nil {
			t.Fatal(err)
		}
		w := get(t, h, web.Path(e))
		if w.Code != http.StatusOK {
			t.Errorf("%s at %s: status %d", s, web.Path(e), w.Code)
		}
	}
}

func TestTheServerAnswersWherePagesAreSaidToBe(t *testing.T) {
	h := serve(fake{text: plain})
	for _, s := range intel.Subjects() {
		e := intel.NewEntity(s.Kind, "kelp/x")
		want := http.StatusNotFound
		if s.Paged {
			want = http.StatusOK
		}
		for _, path := range []string{"/" + s.Plural, "/" + string(s.Kind) + "/" + e.Name} {
			if w := get(t, h, path); w.Code != want && (!s.Paged || w.Code != http.StatusFound) {
				t.Errorf("%s: status %d, want %d", path, w.Code, want)
			}
		}
		if w := get(t, h, web.Path(e)); w.Code != http.StatusOK {
			t.Errorf("%s at %s: status %d", e, web.Path(e), w.Code)
		}
	}
}

func TestAnActorsPageHasEveryTable(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/actor/astro-locker").Body.String()
	for _, table := range (&intel.Profile{}).Tables() {
		if table.Key == "disputed_aliases" {
			continue // they stand among the aliases
		}
		if strings.Count(page, `<section id="`+table.Key+`"`) != 1 {
			t.Errorf("no section %s", table.Key)
		}
	}
}

func TestAnActorsPageSaysWhatAssociatedActorsHaveInCommonWithIt(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/actor/astro-locker").Body.String()
	for _, want := range []string{"stated in 5 documents, 12 shared addresses, named together in 1 document", "named together in 2 documents"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestAnIndicatorsPageSaysWhetherASecondAccountWillReportIt(t *testing.T) {
	for value, want := range map[string]bool{"192.0.2.7": true, "192.0.2.53": false} {
		page := get(t, serve(fake{text: plain}), web.Path(intel.Entity{Kind: intel.IPv4, Name: value})).Body.String()
		if got := strings.Contains(page, "Reported by a second account</dt><dd>3.1 % <small>until "); got != want || !strings.Contains(page, value[:3]) {
			t.Errorf("%s: told %v, want %v", value, got, want)
		}
	}
}

func TestIndicatorsOfEveryKindCanBeFiltered(t *testing.T) {
	page := get(t, serve(fake{text: plain}), "/actor/astro-locker").Body.String()
	for _, k := range intel.KindsOf(intel.IOC) {
		if !strings.Contains(page, "<option>"+string(k)+"</option>") {
			t.Errorf("no indicators of kind %s can be picked", k)
		}
	}
}

// The published file, the comment line with its licence above it.
const htmxSum = "dd88d633e489a01936b9529b7881d58dc2ea7ac2558bc7397433e7a40f3f2556"

func TestHtmxIsTheReleaseWeChecked(t *testing.T) {
	b, err := os.ReadFile("static/htmx-4.0.1.min.js")
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != htmxSum {
		t.Errorf("SHA-256 %x, want %s", sum, htmxSum)
	}
	if !strings.Contains(string(b[:100]), "0BSD") {
		t.Error("the file does not name its licence")
	}
}

func TestAnotherSiteMayOnlyLinkHere(t *testing.T) {
	for mode, want := range map[string]int{"no-cors": http.StatusForbidden, "cors": http.StatusForbidden, "navigate": http.StatusOK} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost/search?q=x", http.NoBody)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Sec-Fetch-Mode", mode)
		w := httptest.NewRecorder()
		serve(fake{text: plain}).ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("mode %s: %d, want %d", mode, w.Code, want)
		}
	}
}

func TestPagesTellScoresWithTheirBandAndRelationsWithTheirNote(t *testing.T) {
	h := serve(fake{text: plain})
	for path, want := range map[string][]string{
		"/vulnerability/CVE-2099-10417": {`<section id="interest"`, "6.90", "elevated threat: rank 12 of 340 vulnerabilities"},
		"/product/acme/gateway":         {`<section id="interest"`, "rank 12 of 340 products", ">Vulnerabilities and vendor "},
		"/vendor/acme":                  {`<section id="interest"`, "rank 12 of 340 vendors", ">Products "},
		"/actor/astro-locker":           {"Offensive activity", "Defensive activity", "very low activity"},
		"/country/DE?open=relation-RU-DE": {`<section id="relations"`, "Whom actors of", "rising (1.8 times its past year)", "is not who somebody is",
			`id="relation-RU-DE" class="is-open"`, `class="evidence"`},
	} {
		page := get(t, h, path).Body.String()
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s: no %q", path, w)
			}
		}
	}
	for _, path := range []string{"/actor/astro-locker", "/malware/x"} {
		if page := get(t, h, path).Body.String(); strings.Contains(page, `<section id="interest"`) || strings.Contains(page, `<section id="relations"`) {
			t.Errorf("%s has interest or relations", path)
		}
	}
	if page := get(t, serve(fake{text: plain, empty: true}), "/country/DE").Body.String(); strings.Contains(page, `<section id="relations"`) {
		t.Error("relations where there are none")
	}
}

// crowd is a store with more sources than a page has rows.
type crowd struct {
	fake
	n int
}

func (c crowd) Sources(context.Context, intel.Reader) (all []web.SourceHealth, _ error) {
	for i := range c.n {
		all = append(all, web.SourceHealth{Name: intel.SourceID(fmt.Sprintf("source-%03d", i)), State: web.OnTime})
	}
	return all, nil
}

func TestSourcesComeByThePage(t *testing.T) {
	const n = 2*web.PageRows + 7
	h := web.Handler(web.Site{Views: crowd{fake{text: plain}, n}, Reader: intel.Everything(), Log: slog.New(slog.DiscardHandler), Now: now})
	for path, want := range map[string]int{"/sources": web.PageRows, "/sources?page=3": 7, "/sources?page=9": 0, "/sources?name=source-00": 10} {
		w := get(t, h, path)
		if got := strings.Count(w.Body.String(), `class="value">source-`); w.Code != http.StatusOK || got != want {
			t.Errorf("%s: status %d, %d sources, want %d", path, w.Code, got, want)
		}
	}
	if page := get(t, serve(fake{text: plain}), "/sources").Body.String(); !strings.Contains(page, "Silent since 2") || !strings.Contains(page, "7 visits in a row failed. Its circuit is open: it is left alone until ") ||
		!strings.Contains(page, "<h3>Not read</h3>") || !strings.Contains(page, "812 of them others told later") {
		t.Errorf("the page does not tell how sources fare:\n%s", page)
	}
	if page := get(t, h, "/sources?name=source").Body.String(); !strings.Contains(page, `href="/sources?name=source&amp;page=2&amp;state="`) || !strings.Contains(page, "of 107") {
		t.Errorf("no way to the next page:\n%s", page)
	}
}
