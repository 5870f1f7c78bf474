package main

import (
	"bytes"
	"context"
	"encoding/json"
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

func TestTheDemoServesAPageForEveryKind(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
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
	base := strings.TrimSpace(strings.TrimPrefix(string(first[:n]), "Portent is ready: "))
	client := http.Client{Timeout: 20 * time.Second}
	page := func(path string) string {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || !bytes.Contains(b, []byte("Invented")) {
			t.Fatalf("%s: status %d, err %v", path, resp.StatusCode, err)
		}
		return string(b)
	}
	for _, kind := range []string{"actor", "malware", "tool", "campaign", "vulnerability", "country", "handle", "channel"} {
		list := map[string]string{"country": "countries", "vulnerability": "vulnerabilities", "malware": "malware"}[kind]
		if list == "" {
			list = kind + "s"
		}
		link := regexp.MustCompile(`href="(/` + kind + `/[^"?#]+)"`).FindStringSubmatch(page("/" + list))
		if link == nil {
			t.Errorf("the list of %s is empty", list)
			continue
		}
		page(link[1])
	}
	document := regexp.MustCompile(`/document/[0-9a-f]+`).FindString(page("/"))
	page(document)
	page("/sources")
	page("/search?q=exploit")
	stop()
	if code := <-done; code != exitDone {
		t.Errorf("exit %d", code)
	}
}
