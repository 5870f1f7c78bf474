package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// forged begins a line as one of the program's own begins, where a test finds it.
var forged = regexp.MustCompile(`(?m)^(FORGED|2026-01-20  ruled)`)

func TestNoNameBeginsALineOfTheResult(t *testing.T) {
	const line = "x\n2026-01-20  ruled      0.45 → 0.99  high    analyst:alice: confirm\r\nFORGED supports\u2028FORGED\n"
	db := newStore(t)
	var lines []byte
	for _, doc := range []intel.Document{
		{Genre: intel.Social, Author: "x/m" + line, Channel: "room" + line, Title: line, Published: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Text: "Cold Lynx" + line},
		{Genre: intel.List, Author: line, Title: line, Published: time.Date(2026, 1, 9, 0, 0, 0, 0, time.UTC)},
	} {
		for _, value := range []intel.Entity{intel.NewEntity(intel.IPv4, "45.134.21.60"), {Kind: intel.Mutex, Name: "m" + strings.TrimSpace(line)}} {
			doc.Claims = append(doc.Claims, intel.Claim{Subject: value, Relation: intel.Indicates, Object: intel.NewEntity(intel.Actor, "Cold Lynx")},
				intel.Claim{Subject: value, Relation: intel.Indicates, Object: intel.NewEntity(intel.Actor, "Cold Lynx"), By: "by" + line, Context: intel.Context{Note: line}})
		}
		b, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(append(lines, strings.Replace(string(b), `"id":"","source":"",`, "", 1)...), '\n')
	}
	path := file(t, "f.jsonl", append(lines, `{"source":"a\nFORGED","text":"a"}`+"\n"...))
	var told strings.Builder
	see := func(code int, args ...string) {
		t.Helper()
		var out, errs strings.Builder
		if got := run(t.Context(), append([]string{"--db", db}, args...), strings.NewReader(""), &out, &errs); got != code {
			t.Errorf("portent %.100q: exit %d, want %d: %s", args, got, code, errs.String())
		}
		told.WriteString(out.String() + errs.String())
	}
	see(exitPartial, "import", path)
	for _, id := range []string{"1", "2"} {
		see(exitDone, "row", "confirm", id, "--reason", line, "--by", "ann")
		see(exitDone, "explain", id)
		see(exitDone, "explain", "--history", id)
	}
	see(exitDone, "row", "list", "--all")
	see(exitDone, "alias", "cold lynx")
	see(exitDone, "alias", "confirm", "lynx", "cold lynx", "--reason", line, "--by", "ann")
	see(exitDone, "lookup", "45.134.21.60", "mutex:m"+line)
	see(exitDone, "suppress", "45.134.21.60", "--reason", line, "--by", "ann")
	see(exitDone, "suppress", "list")
	see(exitDone, "sources")
	see(exitDone, "scoreboard")
	see(exitDone, "profile", "cold lynx")
	see(exitDone, "forecast", "cold lynx")
	see(exitDone, "doctor")
	see(exitDone, "hunt", file(t, "log", []byte("45.134.21.60\n")), "--min-probability", "0")
	dir := t.TempDir()
	see(exitDone, "publish", dir)
	pages, err := filepath.Glob(filepath.Join(dir, "*", "*", "*", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("pages %v, err %v", pages, err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		told.Write(text)
	}
	if at := forged.FindStringIndex(told.String()); at != nil {
		t.Errorf("a name begins a line:\n%s", told.String()[max(0, at[0]-600):min(told.Len(), at[1]+200)])
	}
	if !strings.Contains(told.String(), "analyst:alice: confirm") {
		t.Error("the name is nowhere told")
	}
}
