package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A healthLine is what sources list tells of a source, in JSON.
type healthLine struct {
	Name, State, Circuit string
	LastError            string `json:"last_error"`
	LastRejected         string `json:"last_rejected"`
	Rejected             int
	Silent               time.Time `json:"silent_since"`
	Known, Rows, Failing int
	First                int     `json:"first_with"`
	Duplicates           float64 `json:"duplicates"`
	Evidence             float64 `json:"evidence_share"`
	Outages              []struct{ Why string }
}

// healthOf lists the sources of a store by name.
func healthOf(t *testing.T, args ...string) map[string]healthLine {
	t.Helper()
	out := map[string]healthLine{}
	d := json.NewDecoder(strings.NewReader(printed(t, exitDone, append(args, "--json", "sources", "list")...)))
	for d.More() {
		var l healthLine
		if err := d.Decode(&l); err != nil {
			t.Fatal(err)
		}
		out[l.Name] = l
	}
	return out
}

// papers serves feeds by name, each with an item of each of some days ago, and writes a file
// of sources that has them all, and one that is not there.
func papers(t *testing.T, feeds map[string][]int) (sources string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		days, ok := feeds[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		io.WriteString(w, `<rss version="2.0"><channel><title>Example Labs</title>`)
		for _, back := range days {
			fmt.Fprintf(w, `<item><guid>%d</guid><title>Note %d of %s</title><pubDate>%s</pubDate><description>On that day 198.51.%d.7 was Cold Lynx's server, says %s.</description></item>`,
				back, back, r.URL.Path, time.Now().AddDate(0, 0, -back).UTC().Format(time.RFC1123Z), back%256, r.URL.Path)
		}
		io.WriteString(w, `</channel></rss>`)
	}))
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, name := range append([]string{"gone"}, keysOf(feeds)...) {
		fmt.Fprintf(&b, "[%s]\nconnector = 'rss'\nurl = '%s/%s'\nevery = '1h'\nallow = ['127.0.0.0/8']\nports = [%s]\nreliability = 'B'\n", name, srv.URL, name, u.Port())
	}
	return file(t, "sources.toml", []byte(b.String()))
}

func keysOf(feeds map[string][]int) (out []string) {
	for name := range feeds {
		out = append(out, name)
	}
	return out
}

// daysBack are days ago, from one on, each so many after the one before.
func daysBack(from, to, step int) (out []int) {
	for d := from; d <= to; d += step {
		out = append(out, d)
	}
	return out
}

// TestASourceThatGoesQuietAgainstItsHabitIsTold has one that told daily and is quiet for nine
// days, one that tells once a month, one that tells daily, and one that is not there.
func TestASourceThatGoesQuietAgainstItsHabitIsTold(t *testing.T) {
	sources := papers(t, map[string][]int{"quiet": daysBack(9, 100, 1), "monthly": daysBack(20, 380, 30), "daily": daysBack(0, 60, 1)})
	db := newStore(t)
	for range 2 {
		printed(t, exitPartial, "--sources-file", sources, "--db", db, "sources", "run")
	}
	got := healthOf(t, "--sources-file", sources, "--db", db)
	for name, want := range map[string]string{"quiet": "silent", "monthly": "ok", "daily": "ok", "gone": "failing"} {
		if got[name].State != want || got[name].Silent.IsZero() == (want == "silent") {
			t.Errorf("%s is %q since %v, want %q", name, got[name].State, got[name].Silent, want)
		}
	}
	if since, want := got["quiet"].Silent, time.Now().UTC().AddDate(0, 0, -8).Format(time.DateOnly); since.Format(time.DateOnly) != want {
		t.Errorf("quiet is silent since %v, want %s", since, want)
	}
	if g := got["gone"]; g.Failing != 2 || !strings.HasPrefix(g.LastError, "there is nothing at that address") {
		t.Errorf("what is not there: %+v", g)
	}
	if out := printed(t, exitDone, "--sources-file", sources, "--db", db, "sources"); !strings.Contains(out, "since "+time.Now().UTC().AddDate(0, 0, -8).Format(time.DateOnly)) {
		t.Errorf("the list tells no silence:\n%s", out)
	}
	if said := alarmed(t, db); strings.Count(said, "source silent") != 1 || !strings.Contains(said, "source=quiet") {
		t.Errorf("the log warns of %q, want once of quiet", said)
	}
}

// alarmed is what serve warns of in its log, looking twice.
func alarmed(t *testing.T, db string) string {
	t.Helper()
	var out bytes.Buffer
	a := newApp(&cli{DB: db}, nil, io.Discard, io.Discard)
	defer a.close()
	a.log = slog.New(slog.NewTextHandler(&out, nil))
	if _, err := a.store(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := map[intel.SourceID]bool{}
	for range 2 {
		sources, err := healths(t.Context(), a.db, intel.Everything(), a.now())
		if err != nil {
			t.Fatal(err)
		}
		a.warn(told, sources)
	}
	return out.String()
}

// TestWhatCannotBeReadIsToldOfItsSource has a program print a line of three that is none.
func TestWhatCannotBeReadIsToldOfItsSource(t *testing.T) {
	db, sources := newStore(t), filepath.Join(t.TempDir(), "sources.toml")
	script := `printf '%s\n' '{"text":"Cold Lynx used 198.51.100.7."}' '{"text":"b","published":"yesterday"}' '{"text":"Cold Lynx used 198.51.100.8."}'`
	if err := os.WriteFile(sources, fmt.Appendf(nil, "[lab]\nconnector = 'command'\nrun = ['sh', '-c', %s]\n", strconv.Quote(script)), 0o600); err != nil {
		t.Fatal(err)
	}
	for visits := range 2 {
		printed(t, exitDone, "--sources-file", sources, "--db", db, "sources", "run")
		h := healthOf(t, "--sources-file", sources, "--db", db)["lab"]
		if want := `"yesterday" is no time such as`; h.State != "ok" || h.LastError != "" || h.Rejected != visits+1 || !strings.Contains(h.LastRejected, want) {
			t.Errorf("after %d visits %+v, want %d rejected, the last for %q", visits+1, h, visits+1, want)
		}
	}
}
