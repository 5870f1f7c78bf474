package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/reference"
)

// feedOf is a feed with one item for each text.
func feedOf(texts ...string) string {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>Example Labs</title>`)
	for i, text := range texts {
		fmt.Fprintf(&b, `<item><guid>%d</guid><title>Note %d</title><pubDate>%s</pubDate><description>%s</description></item>`, i, i, time.Now().UTC().Format(time.RFC1123Z), text)
	}
	b.WriteString(`</channel></rss>`)
	return b.String()
}

// blog serves a body, which may change, at /feed; what it asks is counted.
func blog(t *testing.T, body *atomic.Value) (address, port string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/feed" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		io.WriteString(w, body.Load().(string))
	}))
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return srv.URL + "/feed", u.Port()
}

func TestAnItemOfAFeedIsARowOfAProfileWhileServeRuns(t *testing.T) {
	var body atomic.Value
	body.Store(feedOf("Cold Lynx used 45.134.21.8 as its command and control server."))
	address, port := blog(t, &body)
	db, sources := newStore(t), filepath.Join(t.TempDir(), "sources.toml")
	printed(t, exitDone, "--sources-file", sources, "sources", "add", "example-labs", "rss", "--set", "url="+address, "--reliability", "B", "--every", "10s", "--allow", "127.0.0.0/8", "--ports", port)
	served(t, db, sources, "45.134.21.8", "actor:cold-lynx")
	var health struct {
		State       string `json:"state"`
		LastSuccess string `json:"last_success"`
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--sources-file", sources, "--db", db, "--json", "sources", "list")), &health); err != nil || health.State != "ok" || health.LastSuccess == "" {
		t.Errorf("health %+v, err %v", health, err)
	}
}

// served runs serve on a file of sources until lookup of a value says what is wanted. Cold
// Lynx is an actor that is known.
func served(t *testing.T, db, sources, value, want string) {
	t.Helper()
	var out bytes.Buffer
	c := &cli{DB: db, Quiet: true, SourcesFile: sources}
	a := newApp(c, nil, &out, &out)
	defer a.close()
	knowActor(t, a, "Cold Lynx")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- (&serveCmd{Addr: "127.0.0.1:0"}).Run(ctx, a) }()
	until(t, 20*time.Second, func() bool {
		select {
		case err := <-done:
			t.Fatalf("serve ended: %v\n%s", err, out.String())
		default:
		}
		return strings.Contains(lookedUp(t, db, value), want)
	})
	stop()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// knowActor loads a pack of one actor.
func knowActor(t *testing.T, a *app, name string) {
	t.Helper()
	db, err := a.store(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pack := reference.ActorsPack("1", []reference.Cluster{{Galaxy: "threat-actor", Value: name}})
	if _, err := savePack(t.Context(), a, db, pack); err != nil {
		t.Fatal(err)
	}
}

// lookedUp is what lookup prints of a value, known or not.
func lookedUp(t *testing.T, db, value string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--db", db, "--json", "lookup", value}, strings.NewReader(""), &out, &errs); code != exitDone && code != exitPartial {
		t.Logf("exit %d: %s %s", code, errs.String(), out.String())
	}
	return out.String()
}

// until waits until something is so.
func until(t *testing.T, most time.Duration, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(most); !so(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so within %v", most)
		}
	}
}

func TestAVisitKeepsWhatIsNewAndNothingTwice(t *testing.T) {
	var body atomic.Value
	body.Store(feedOf("Cold Lynx used 45.134.21.8 as its command and control server."))
	address, port := blog(t, &body)
	db := newStore(t)
	sources := file(t, "sources.toml", fmt.Appendf(nil, "[labs]\nconnector = 'rss'\nurl = '%s'\nallow = ['127.0.0.0/8']\nports = [%s]\n", address, port))
	visit := func(want int) {
		t.Helper()
		printed(t, exitDone, "--sources-file", sources, "--db", db, "sources", "run", "labs")
		if n := strings.Count(printed(t, exitDone, "--sources-file", sources, "--db", db, "--json", "sources", "list"), fmt.Sprintf(`"documents":%d,`, want)); n != 1 {
			t.Errorf("not %d documents: %s", want, printed(t, exitDone, "--sources-file", sources, "--db", db, "sources", "list"))
		}
	}
	visit(1)
	visit(1)
	body.Store(feedOf("Cold Lynx used 45.134.21.8 as its command and control server.", "Cold Lynx used 45.134.21.9 as well."))
	visit(2)
	if out := printed(t, exitDone, "--sources-file", sources, "--json", "sources", "try", "labs", "--most", "1"); strings.Count(out, "\n") != 1 || !strings.Contains(out, "45.134.21.9") {
		t.Errorf("tried: %s", out)
	}
}

func TestABadFileOfSourcesIsNamedWithEachThingThatIsWrong(t *testing.T) {
	sources := file(t, "sources.toml", []byte(`
name = "x"
[csv]
connector = "rss"
url = "https://blog.example/feed"
["analyst:ann"]
connector = "rss"
[a]
connector = "rsss"
[b]
connector = "rss"
url = "https://me:secret@blog.example/feed"
[c]
connector = "rss"
url = "https://blog.example/feed"
every = "1s"
[d]
connector = "rss"
url = "https://blog.example/feed"
allow = ["10.1"]
colour = "red"
`))
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"--sources-file", sources, "--db", newStore(t), "sources", "list"}, strings.NewReader(""), &out, &errs)
	if code != exitUsage {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{sources, "name is no table", "nobody named", "analysts", `"rsss"`, "password", "every:", "allow:"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("%q is not in\n%s", want, errs.String())
		}
	}
	if strings.Contains(errs.String(), "secret@") {
		t.Errorf("a secret is printed: %s", errs.String())
	}
}

func TestASourceIsAddedWholeOrNotAtAll(t *testing.T) {
	sources := filepath.Join(t.TempDir(), "conf", "sources.toml")
	printed(t, exitDone, "--sources-file", sources, "sources", "add", "one", "rss", "--set", "url=https://blog.example/feed", "--set", "excerpts=yes")
	before, err := os.ReadFile(sources)
	if err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"already":               {"one", "rss", "--set", "url=https://blog.example/feed"},
		"url is missing":        {"two", "rss"},
		"no setting \"colour\"": {"two", "rss", "--set", "colour=red"},
		"neither yes nor no":    {"two", "rss", "--set", "url=https://blog.example/feed", "--set", "excerpts=perhaps"},
		"no connector":          {"two", "rsss"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"--sources-file", sources, "sources", "add"}, args...), strings.NewReader(""), &out, &errs); code != exitUsage || !strings.Contains(errs.String(), want) {
			t.Errorf("%v: exit %d, said %q, want %q", args, code, errs.String(), want)
		}
	}
	after, err := os.ReadFile(sources)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file is %s, was %s, err %v", after, before, err)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--sources-file", sources, "sources", "add"}, strings.NewReader("two\nrss\nhttps://other.example/feed\n\n"), &out, &errs); code != exitDone {
		t.Errorf("asked: exit %d, %s", code, errs.String())
	}
	if out := printed(t, exitDone, "--sources-file", sources, "--db", newStore(t), "sources", "list"); !strings.Contains(out, "two") || !strings.Contains(out, "one") {
		t.Errorf("listed: %s", out)
	}
}

func TestWhatASourceMayNotReachSaysWhatWouldLetIt(t *testing.T) {
	var body atomic.Value
	body.Store(feedOf("Nothing."))
	address, port := blog(t, &body)
	for entry, want := range map[string]string{
		"":                        "allow and ports",
		"ports = [" + port + "]":  "allow and ports",
		"allow = ['127.0.0.0/8']": "allow and ports",
		"allow = ['127.0.0.0/8']\nports = [" + port + "]": "",
	} {
		sources := file(t, "sources.toml", fmt.Appendf(nil, "[labs]\nconnector = 'rss'\nurl = '%s'\n%s\n", address, entry))
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"--sources-file", sources, "sources", "try", "labs"}, strings.NewReader(""), &out, &errs)
		if (code == exitDone) != (want == "") || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: exit %d, said %q, want %q", entry, code, errs.String(), want)
		}
	}
}
