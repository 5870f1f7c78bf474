package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/fetch"
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

// served runs serve on a file of sources until lookup of a value and the page of its profile say
// what is wanted. Cold Lynx is an actor that is known.
func served(t *testing.T, db, sources, value, want string) {
	t.Helper()
	address, stop := serving(t, db, sources, "Cold Lynx")
	defer stop()
	until(t, 90*time.Second, func() bool { return strings.Contains(lookedUp(t, db, value), want) })
	if page := address + "/" + strings.Replace(want, ":", "/", 1); !shows(t, page, value) {
		t.Errorf("%s does not show %s", page, value)
	}
}

// TestASourceThatItsSettingsMakeEndlessEndsAsAsked tries and runs a program that never ends.
func TestASourceThatItsSettingsMakeEndlessEndsAsAsked(t *testing.T) {
	sources := file(t, "sources.toml", []byte("[lab]\nconnector = 'command'\nrun = ['sleep', '1000']\nlive = true\n"))
	for _, how := range [][]string{{"try", "lab"}, {"run"}} {
		done := make(chan string, 1)
		go func() {
			var out, errs bytes.Buffer
			code := run(t.Context(), append([]string{"--sources-file", sources, "--db", newStore(t), "sources"}, append(how, "--for", "1s")...), strings.NewReader(""), &out, &errs)
			done <- fmt.Sprint(code, errs.String())
		}()
		select {
		case said := <-done:
			if !strings.HasPrefix(said, "0") {
				t.Errorf("%s: exit %s", how[0], said)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s goes on beyond --for", how[0])
		}
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
		"already":                {"one", "rss", "--set", "url=https://blog.example/feed"},
		"url is missing":         {"two", "rss"},
		"no setting \"colour\"":  {"two", "rss", "--set", "colour=red"},
		"neither yes nor no":     {"two", "rss", "--set", "url=https://blog.example/feed", "--set", "excerpts=perhaps"},
		"no connector":           {"two", "rsss"},
		"token: what is secret":  {"two", "mastodon", "--set", "server=https://social.example", "--set", "token=hunter2"},
		"or 24h":                 {"two", "rss", "--set", "url=https://blog.example/feed", "--every", "1d"},
		"path or url is missing": {"two", "csv"},
		"path: \"../x\"":         {"two", "csv", "--set", "path=../x"},
		"no pair such as":        {"two", "csv", "--set", "url=https://a.example/x.csv", "--set", "columns=IOC"},
		"no field \"colour\"":    {"two", "csv", "--set", "url=https://a.example/x.csv", "--set", "columns=colour=IOC"},
		"as [[two.rules]] with":  {"two", "onion", "--set", "rules=x"},
		"given by --allow":       {"two", "rss", "--set", "allow=10.0.0.0/8"},
		"is no list such as":     {"two", "command", "--set", "run=[/opt/collect]"},
		"as [two.rule] with":     {"two", "mapped", "--set", "rule=x"},
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

func TestWhatASettingIsWrittenAsIsToldWithoutTypesOfTheProgram(t *testing.T) {
	for entry, want := range map[string]string{
		"connector = 'mapped'\nrule = 'x'":                            "rule: an object is wanted, and a string found",
		"connector = 'csv'\nurl = 'https://a.example/x'\ncolumns = 7": "columns: an object is wanted, and a number found",
		"connector = 'rss'\nurl = ['https://a.example/x']":            "url: a string is wanted, and an array found",
		"connector = 'csv'\npath = '/a'\ncolour = 7":                  "settings: unknown field \"colour\"",
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"--sources-file", file(t, "sources.toml", []byte("[one]\n"+entry+"\n")), "sources", "run"}, strings.NewReader(""), &out, &errs)
		if code != exitUsage || !strings.Contains(errs.String(), want) || strings.Contains(errs.String(), "Go ") {
			t.Errorf("%s: exit %d, said %q, want %q", entry, code, errs.String(), want)
		}
	}
}

func TestColumnsOfACSVAtAnAddressCanBeSet(t *testing.T) {
	a := newAnswering(t, fetch.Options{})
	a.body, a.kind = "Family,Seen Host\nNightbell,192.0.2.1\n", "text/csv"
	u, err := url.Parse(a.srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	sources := filepath.Join(t.TempDir(), "sources.toml")
	printed(t, exitDone, "--sources-file", sources, "sources", "add", "one", "csv", "--set", "url="+a.srv.URL+"/body", "--set", "columns=value=Seen Host,malware=Family", "--allow", "127.0.0.0/8", "--ports", u.Port())
	if out := printed(t, exitDone, "--sources-file", sources, "--json", "sources", "try", "one"); !strings.Contains(out, `"malware:nightbell"`) {
		t.Errorf("it yields %s", out)
	}
	if out := printed(t, exitDone, "connectors", "csv"); !strings.Contains(out, "columns      pairs") {
		t.Errorf("listed: %s", out)
	}
}

func TestListsAreSetBetweenCommasOrInJSONAsTheirHelpHasThem(t *testing.T) {
	sources := filepath.Join(t.TempDir(), "sources.toml")
	printed(t, exitDone, "--sources-file", sources, "sources", "add", "lab", "command", "--set", `run=["/opt/collect", "--new=a,b"]`)
	printed(t, exitDone, "--sources-file", sources, "sources", "add", "words", "bluesky", "--set", "words=CVE-, 0day")
	text, err := os.ReadFile(sources)
	if err != nil {
		t.Fatal(err)
	}
	all, err := readSources(text)
	if err != nil || len(all) != 2 || string(all[0].Settings) != `{"run":["/opt/collect","--new=a,b"]}` || string(all[1].Settings) != `{"words":["CVE-","0day"]}` {
		t.Errorf("added %s, err %v", text, err)
	}
}

func TestWhateverTheFileMayHaveOfALogCanBeSet(t *testing.T) {
	sources := filepath.Join(t.TempDir(), "sources.toml")
	args := []string{"--sources-file", sources, "sources", "add", "proxy", "logs"}
	for _, s := range []string{"path=/var/log/a.log", "site=east", "min-probability=0.4", "profiles=APT28", "robots=no"} {
		args = append(args, "--set", s)
	}
	printed(t, exitDone, args...)
	text, err := os.ReadFile(sources)
	if err != nil {
		t.Fatal(err)
	}
	all, err := readSources(text)
	if err != nil || len(all) != 1 || all[0].Site != "east" || all[0].Least != 0.4 || !slices.Equal(all[0].Profiles, []string{"APT28"}) {
		t.Errorf("added %+v, err %v", all, err)
	}
	if listed := printed(t, exitDone, "connectors", "logs"); !strings.Contains(listed, "min-probability number") {
		t.Errorf("listed:\n%s", listed)
	}
}

func TestASecretThatIsNotKeptYetIsNamedWhereItsSourceIsAdded(t *testing.T) {
	sources := filepath.Join(t.TempDir(), "sources.toml")
	add := func(name string) string {
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"--sources-file", sources, "sources", "add", name, "misp", "--set", "server=https://misp.example", "--set", "key=age:misp-key"}, strings.NewReader(""), &out, &errs); code != exitDone {
			t.Errorf("exit %d: %s", code, errs.String())
		}
		return errs.String()
	}
	const want = "portent secrets set misp-key"
	if said := add("one"); !strings.Contains(said, want) {
		t.Errorf("said %q", said)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--sources-file", sources, "secrets", "set", "misp-key"}, strings.NewReader("hunter2"), &out, &errs); code != exitDone {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	if said := add("two"); strings.Contains(said, want) {
		t.Errorf("said %q of what is kept", said)
	}
}

func TestAListOfThisMachineIsReadByItsWholePath(t *testing.T) {
	list := file(t, "bad.csv", []byte("ip,first_seen\n203.0.113.9,2026-09-01\n"))
	for _, path := range []string{list, strings.TrimPrefix(list, "/")} {
		sources := file(t, "sources.toml", fmt.Appendf(nil, "[ours]\nconnector = 'csv'\npath = '%s'\n", path))
		if out := printed(t, exitDone, "--sources-file", sources, "sources", "try", "ours"); !strings.Contains(out, "claims") {
			t.Errorf("%s yields %q", path, out)
		}
	}
}

func TestALogThatIsNotThereIsToldByAVisit(t *testing.T) {
	sources := file(t, "sources.toml", []byte("[proxy]\nconnector = 'logs'\npath = '/nowhere/a.log'\n"))
	var out, errs bytes.Buffer
	run(t.Context(), []string{"--sources-file", sources, "--db", newStore(t), "sources", "run"}, strings.NewReader(""), &out, &errs)
	if said := errs.String(); !strings.Contains(said, "proxy: no file is called /nowhere/a.log") {
		t.Errorf("said %q", said)
	}
}

func TestAFileOfSourcesThatIsNotThereSaysHowToWriteOne(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"--sources-file", filepath.Join(t.TempDir(), "none.toml"), "--db", newStore(t), "sources"}, strings.NewReader(""), &out, &errs)
	if said := errs.String(); code != exitUsage || !strings.Contains(said, "portent sources init") {
		t.Errorf("exit %d, said %q", code, said)
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
