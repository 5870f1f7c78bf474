package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsOnInTheFileThatCountsAsABeginningNeedsNoSecret(t *testing.T) {
	all, err := readSources(defaultSources)
	if err != nil {
		t.Fatal(err)
	}
	on, seen := 0, map[string]bool{}
	for _, w := range all {
		if w.Off {
			continue
		}
		on++
		var set map[string]any
		if err := json.Unmarshal(w.Settings, &set); err != nil {
			t.Fatal(err)
		}
		for _, s := range settingsOf(w.Connector) {
			if _, given := set[s.Name]; given && s.Kind == "secret" {
				t.Errorf("%s is on and has a secret: %s", w.Name, s.Name)
			}
		}
		if w.Connector.Name == "command" {
			t.Errorf("%s is on and runs a program", w.Name)
		}
		for _, key := range []string{"url", "feed", "server", "log"} {
			address, _ := set[key].(string)
			if strings.Contains(address, "://") && !strings.HasPrefix(address, "https://") || strings.Contains(address, ".example") {
				t.Errorf("%s is on and read at %s", w.Name, address)
			}
		}
		if what := w.Connector.Name + string(w.Settings); seen[what] {
			t.Errorf("%s is read twice", w.Name)
		} else {
			seen[what] = true
		}
	}
	if on < 20 {
		t.Errorf("%d of %d are on", on, len(all))
	}
}

func TestAFileOfSourcesThatIsThereIsNotWrittenAnew(t *testing.T) {
	sources := filepath.Join(t.TempDir(), "conf", "sources.toml")
	if out := printed(t, exitDone, "--sources-file", sources, "sources", "init"); !strings.Contains(out, sources) {
		t.Errorf("printed %q", out)
	}
	if text, err := os.ReadFile(sources); err != nil || !bytes.Equal(text, defaultSources) {
		t.Errorf("the file is %q, err %v", text, err)
	}
	if out := printed(t, exitDone, "--sources-file", sources, "--db", newStore(t), "sources", "list"); !strings.Contains(out, "cisa-kev") {
		t.Errorf("listed %q", out)
	}
	if err := os.WriteFile(sources, []byte("# mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--sources-file", sources, "sources", "init"}, strings.NewReader(""), &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "stays as it is") {
		t.Errorf("exit %d, said %q", code, errs.String())
	}
	if text, err := os.ReadFile(sources); err != nil || string(text) != "# mine\n" {
		t.Errorf("the file is %q, err %v", text, err)
	}
	if left, err := os.ReadDir(filepath.Dir(sources)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, err %v", left, err)
	}
}

// TestTheFileToBeginWithHasEachConnectorThatAsksOrListens leaves out what reads files of one
// publisher alone.
func TestTheFileToBeginWithHasEachConnectorThatAsksOrListens(t *testing.T) {
	all, err := readSources(defaultSources)
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for _, w := range all {
		has[w.Connector.Name] = true
	}
	for _, c := range connectors() {
		if c.Recognise == nil && !has[c.Name] {
			t.Errorf("it has no source of %s", c.Name)
		}
	}
}

// TestWhatWasAnsweredIsToldWhereASourceIsNotTaken answers with an address that is none, and with
// a token where a reference to one is wanted.
func TestWhatWasAnsweredIsToldWhereASourceIsNotTaken(t *testing.T) {
	sources := filepath.Join(t.TempDir(), "sources.toml")
	var out, errs bytes.Buffer
	answers := "ours\ntaxii\nhttps://exchange.example/taxii2/\n\nsoc\nhunter2-hunter2\n\n\n\n\n\n\n"
	code := run(t.Context(), []string{"--sources-file", sources, "sources", "add"}, strings.NewReader(answers), &out, &errs)
	if said := errs.String(); code != exitUsage || !strings.Contains(said, "portent sources add ours taxii --set 'url=https://exchange.example/taxii2/'") || strings.Contains(said, "hunter2") {
		t.Errorf("exit %d: %s", code, said)
	}
}
