package main

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// printed runs a command and returns what it prints.
func printed(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), args, strings.NewReader(""), &out, &errs); code != want {
		t.Fatalf("portent %v: exit %d, want %d\n%s", args, code, want, errs.String())
	}
	return out.String()
}

// seedStore holds what the seed's own reference says.
func seedStore(t *testing.T) string {
	t.Helper()
	dir, db := dataDir(t), newStore(t)
	printed(t, exitDone, "--db", db, "--quiet", "sync", "--from", dir, "attack", "actors", "warninglists")
	printed(t, exitDone, "--db", db, "import", filepath.Join(dir, "sophos", "Ransomware-AstroLocker.csv"))
	return db
}

func TestTheSeedsReferenceYieldsItsProfileAndMore(t *testing.T) {
	t.Parallel()
	db := seedStore(t)
	var p struct {
		Name       string
		Associated []intel.Row `json:"associated_actors"`
		IOC        []intel.Row
		References []string
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--json", "profile", "astro locker")), &p); err != nil {
		t.Fatal(err)
	}
	kinds := map[intel.Kind]int{}
	for _, r := range p.IOC {
		kinds[r.Entity.Kind]++
		if r.First.IsZero() || r.Origins == 0 || len(r.Evidence) == 0 {
			t.Errorf("%s without date, origin or evidence", r.Entity)
		}
	}
	for _, ip := range []string{"45.134.21.8", "46.21.153.135", "139.60.161.68", "185.38.185.87"} {
		if !slices.ContainsFunc(p.IOC, func(r intel.Row) bool { return r.Value == ip }) {
			t.Errorf("%s is missing", ip)
		}
	}
	if p.Name != "Astro Locker" || kinds[intel.Domain] != 5 || kinds[intel.SHA256] != 2 || kinds[intel.Filename] == 0 || len(p.References) == 0 ||
		!slices.ContainsFunc(p.Associated, func(r intel.Row) bool { return r.Value == "Mount Locker" }) {
		t.Errorf("name %q, kinds %v, associated %+v", p.Name, kinds, p.Associated)
	}
}

func TestAPreviewShowsThreeRowsAndHowManyAreHidden(t *testing.T) {
	text := printed(t, exitDone, "--db", seedStore(t), "profile", "Astro Locker", "--preview", "3")
	_, ioc, _ := strings.Cut(text, "## IOC")
	ioc, _, _ = strings.Cut(ioc, "\n## ")
	if rows := regexp.MustCompile(`(?m)^\d+ \| `).FindAllString(ioc, -1); len(rows) != 4 || !strings.Contains(ioc, "\n4 | ... |") || !strings.Contains(ioc, "25 more") {
		t.Errorf("%d rows in\n%s", len(rows), ioc)
	}
}

// demonstration starts the demonstration and returns the address of its start
// page and what stops it.
func demonstration(t *testing.T) (base string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"--quiet", "serve", "--demo", "--addr", "127.0.0.1:0"}, nil, in, io.Discard)
		in.Close()
	}()
	first := make([]byte, 200)
	n, err := out.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, out)
	return strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(string(first[:n]), "Portent is ready: ")), "/"), func() {
		cancel()
		if code := <-done; code != exitDone {
			t.Errorf("exit %d", code)
		}
	}
}

// TestEveryLinkOfTheDemoLeadsSomewhere follows links from the start page, some
// of each kind, and wants every kind of page among them, marked as invented.
func TestEveryLinkOfTheDemoLeadsSomewhere(t *testing.T) {
	base, stop := demonstration(t)
	defer stop()
	client := http.Client{Timeout: 20 * time.Second}
	link := regexp.MustCompile(`(?:href|hx-get)="(/[^"#]*)`)
	const each = 15
	kinds, queued := map[string]int{}, map[string]bool{}
	todo := []string{"/", "/search?q=exploit"}
	for len(todo) > 0 && !t.Failed() {
		path := todo[0]
		todo = todo[1:]
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d, err %v", path, resp.StatusCode, err)
		}
		if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") && bytes.Contains(b, []byte("<html")) && !bytes.Contains(b, []byte("Invented:")) {
			t.Errorf("%s does not say that it is invented", path)
		}
		for _, m := range link.FindAllStringSubmatch(string(b), -1) {
			next := html.UnescapeString(m[1])
			kind, _, _ := strings.Cut(strings.TrimPrefix(next, "/"), "/")
			kind, _, _ = strings.Cut(kind, "?")
			if !queued[next] && kinds[kind] < each {
				queued[next] = true
				kinds[kind]++
				todo = append(todo, next)
			}
		}
	}
	for _, kind := range []string{"actor", "malware", "tool", "campaign", "vulnerability", "country", "handle", "channel", "document", "indicator", "evidence", "sources", "search"} {
		if kinds[kind] == 0 {
			t.Errorf("no link to any %s in %v", kind, kinds)
		}
	}
}
