package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// signIn is a page that has two values in lines of their own.
const signIn = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action='/login'><input type=password></form>\nevil.example.net\n45.134.21.8\n<p>words</p></body></html>"

// A sample is what a file of a type holds: two items, and what stands around them.
type sample struct {
	before, one, two, between, after string
	lines                            bool // of lines, of which each may be bad and none may be there
}

func (s sample) of(items ...string) string {
	return s.before + strings.Join(items, s.between) + s.after
}

// samples is a file of each of the types that sources at an address are mostly of.
func samples() map[string]sample {
	list := func(before, one, two string) sample { return sample{before, one, two, "\n", "\n", true} }
	return map[string]sample{
		"stix": {`{"type":"bundle","id":"bundle--1","objects":[{"type":"malware","id":"malware--1","name":"Nightbell"},`,
			`{"type":"indicator","id":"indicator--1","pattern":"[ipv4-addr:value = '192.0.2.1']"},{"type":"relationship","id":"relationship--1","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"malware--1"}`,
			`{"type":"indicator","id":"indicator--2","pattern":"[ipv4-addr:value = '192.0.2.2']"},{"type":"relationship","id":"relationship--2","relationship_type":"indicates","source_ref":"indicator--2","target_ref":"malware--1"}`, ",", "]}", false},
		"leaksites": {"[", `{"post_title":"Example Ltd","group_name":"lynx","discovered":"2026-01-02 03:04:05.000000"}`, `{"post_title":"Other Ltd","group_name":"lynx","discovered":"2026-01-03 03:04:05.000000"}`, ",", "]", false},
		"kev": {`{"catalogVersion":"2026.01.02","vulnerabilities":[`, `{"cveID":"CVE-2099-0004","vendorProject":"V","product":"P","vulnerabilityName":"N","dateAdded":"2026-01-02"}`,
			`{"cveID":"CVE-2099-0005","vendorProject":"V","product":"Q","vulnerabilityName":"O","dateAdded":"2026-01-03"}`, ",", "]}", false},
		"ddosia":    list("snapshot,host,ip,type,method,port,path\n", "2026-01-02T03:04:05,www.lynx.ua,192.0.2.1,http,GET,443,/a", "2026-01-02T03:04:05,lynx.example,192.0.2.2,tcp,syn,80,"),
		"tweetfeed": list("", "2026-01-02 03:04:05,Ana,ip,192.0.2.7,#Qakbot,https://x.com/Ana/status/1", "2026-01-02 03:05:00,bo,ip,192.0.2.8,,https://x.com/bo/status/2"),
		"list":      list("", "192.0.2.1", "evil.example"),
		"csv":       list("indicator,malware\n", "192.0.2.1,Nightbell", "evil.example,Cobalt"),
		"documents": list("", `{"genre":"list","text":"","claims":[{"subject":"ipv4:192.0.2.1","relation":"indicates","object":"actor:cold-lynx"}]}`,
			`{"genre":"list","text":"","claims":[{"subject":"ipv4:192.0.2.2","relation":"indicates","object":"actor:cold-lynx"}]}`),
	}
}

// addressed is the types that read a file at an address.
func addressed() (out []collect.Connector) {
	for _, con := range connectors() {
		if con.Recognise != nil && slices.ContainsFunc(settingsOf(con), func(s setting) bool { return s.Name == "url" }) {
			out = append(out, con)
		}
	}
	return out
}

// An answering is what a server of the test answers with, and how a source of it fared.
type answering struct {
	t   *testing.T
	srv *httptest.Server
	env collect.Env
	// body and kind are what is at /body.
	body, kind string
	rejected   int
}

func newAnswering(t *testing.T, o fetch.Options) *answering {
	t.Helper()
	a := &answering{t: t}
	a.srv = httptest.NewServer(a)
	t.Cleanup(a.srv.Close)
	a.env = collecttest.Local(t, a.srv.URL, o)
	a.env.Reject = func(string, error) { a.rejected++ }
	return a
}

func (a *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := func(length int) {
		w.Header().Set("Content-Length", strconv.Itoa(length))
		io.WriteString(w, `[{"id":"1",`)
		http.NewResponseController(w).Flush()
	}
	switch name := path.Base(r.URL.Path); name {
	case "body":
		w.Header().Set("Content-Type", a.kind)
		io.WriteString(w, a.body)
	case "page":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "\n"+signIn)
	case "markup":
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "\uFEFF<?xml version='1.0'?>\n"+signIn)
	case "loop":
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	case "truncated":
		begin(5000)
		panic(http.ErrAbortHandler)
	case "stall":
		begin(5000)
		<-r.Context().Done()
	case "huge":
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, strings.Repeat(" ", fetch.MaxBody+1))
	case "later":
		w.Header().Set("Retry-After", "7200")
		w.WriteHeader(http.StatusTooManyRequests)
	default:
		status, err := strconv.Atoi(name)
		if err != nil {
			a.t.Errorf("asked for %s", r.URL)
		}
		w.WriteHeader(status)
	}
}

// visit reads what is at a path of the server as files of a type.
func (a *answering) visit(con collect.Connector, address string, from intel.Cursor) (docs []intel.Document, next intel.Cursor, err error) {
	a.t.Helper()
	src, err := con.Open(a.env, collect.Strict(fmt.Appendf(nil, `{"url":%q}`, address)))
	if err != nil {
		a.t.Fatalf("%s: %v", con.Name, err)
	}
	next, a.rejected = from, 0
	err = src.Collect(a.t.Context(), from, func(d intel.Document, c intel.Cursor) error {
		docs, next = append(docs, d), c
		return nil
	})
	return docs, next, err
}

// failing checks that an answer is an error in those words for each type, and gives nothing.
func (a *answering) failing(address, want string) (errs []error) {
	a.t.Helper()
	for _, con := range addressed() {
		if con.Name == "report" && want == collect.ErrPage.Error() {
			continue // it reads pages
		}
		docs, _, err := a.visit(con, address, "")
		if err == nil || !strings.Contains(oneLine(hinted(err)), want) || len(docs) > 0 || a.rejected > 0 {
			a.t.Errorf("%s, %s: %d documents, %d rejected, %v; want %q", path.Base(address), con.Name, len(docs), a.rejected, err, want)
		}
		errs = append(errs, err)
	}
	return errs
}

func TestWhatStandsInPlaceOfAFileAtAnAddressIsAnErrorInPlainWords(t *testing.T) {
	t.Parallel()
	a := newAnswering(t, fetch.Options{})
	for name, want := range map[string]string{
		"page": collect.ErrPage.Error(), "markup": collect.ErrPage.Error(), "loop": "more than 5 redirects", "truncated": "unexpected EOF", "huge": "larger than what is read of a source",
		"401": "does not let it in", "403": "does not let it in", "404": "nothing at that address any more", "500": "a fault of its own",
	} {
		a.failing(a.srv.URL+"/"+name, want)
	}
	for name, wait := range map[string]time.Duration{"429": 0, "later": 2 * time.Hour} {
		for _, err := range a.failing(a.srv.URL+"/"+name, "asks to come less often") {
			if s := (*fetch.StatusError)(nil); !errors.As(err, &s) || s.RetryAfter != wait {
				t.Errorf("%s: %v, want a wait of %v", name, err, wait)
			}
		}
	}
	slow := newAnswering(t, fetch.Options{Timeout: 150 * time.Millisecond})
	slow.failing(slow.srv.URL+"/stall", "did not answer in time")
	forged := httptest.NewTLSServer(a)
	t.Cleanup(forged.Close)
	a.env = collecttest.Local(t, forged.URL, fetch.Options{})
	a.env.Reject = func(string, error) { a.rejected++ }
	a.failing(forged.URL+"/body", "the certificate of the server is not to be trusted")
}

// stated is what documents claim, each claim once.
func stated(docs []intel.Document) map[string]bool {
	all := map[string]bool{}
	for _, d := range docs {
		for _, c := range d.Claims {
			all[fmt.Sprint(c.Subject, c.Relation, c.Object)] = true
		}
	}
	return all
}

func TestItemsOfAFileAtAnAddressCountOnceInWhateverOrderTheyCome(t *testing.T) {
	t.Parallel()
	a := newAnswering(t, fetch.Options{})
	for name, s := range samples() {
		con, _ := connector(name)
		a.body, a.kind = s.of(s.one, s.two), "application/pdf" // a wrong type of what is right is no harm
		docs, cursor, err := a.visit(con, a.srv.URL+"/body", "")
		want := stated(docs)
		if err != nil || len(want) < 2 || a.rejected > 0 {
			t.Errorf("%s: %d documents, %d rejected, %v", name, len(docs), a.rejected, err)
		}
		a.body = s.of(s.two, s.one, s.one, s.two)
		docs, _, err = a.visit(con, a.srv.URL+"/body", cursor)
		if diff := cmp.Diff(want, stated(docs)); err != nil || diff != "" || a.rejected > 0 {
			t.Errorf("%s, twice and in another order: %d rejected, %v (-want +got)\n%s", name, a.rejected, err, diff)
		}
		ids := map[intel.DocumentID]bool{}
		for _, d := range docs {
			if ids[d.ID] {
				t.Errorf("%s: document %s came twice", name, d.ID)
			}
			ids[d.ID] = true
		}
	}
}

func TestAFileAtAnAddressThatIsNoneOfItsTypeOrHasNothingIsTold(t *testing.T) {
	t.Parallel()
	a := newAnswering(t, fetch.Options{})
	a.kind = "text/plain"
	for name, s := range samples() {
		con, _ := connector(name)
		a.body = "{\"a\": [1, 2, <x ]] \x00\xff not anything"
		if docs, _, err := a.visit(con, a.srv.URL+"/body", ""); len(docs) > 0 || err == nil && a.rejected == 0 {
			t.Errorf("%s, malformed: %d documents and nobody is told", name, len(docs))
		}
		a.body = ""
		if docs, _, err := a.visit(con, a.srv.URL+"/body", ""); len(docs) > 0 || (err == nil) != s.lines || err != nil && !strings.Contains(oneLine(err), "nothing is in it") {
			t.Errorf("%s, empty at first: %d documents, %v", name, len(docs), err)
		}
		a.body = s.of(s.one, s.two)
		_, cursor, err := a.visit(con, a.srv.URL+"/body", "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		a.body = ""
		if docs, next, err := a.visit(con, a.srv.URL+"/body", cursor); len(docs) > 0 || next != cursor || !errors.Is(err, collect.ErrBlank) {
			t.Errorf("%s, empty where something was: %d documents, %v", name, len(docs), err)
		}
	}
}
