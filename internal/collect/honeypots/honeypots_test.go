package honeypots

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestEachHoneypotHasAnArchiveThatItAloneReads(t *testing.T) {
	all := pots()
	for _, name := range names(all) {
		text, err := os.ReadFile(filepath.Join("testdata", name+".txtar"))
		if err != nil {
			t.Error(err)
			continue
		}
		_, log, _ := strings.Cut(string(text), "-- FILE log.json --\n")
		log, _, _ = strings.Cut(log, "-- want")
		for line := range strings.Lines(log) {
			var by []string
			for _, p := range all {
				if _, _, err := read([]byte(line), []pot{p}); err == nil && !slices.Contains(by, p.name) {
					by = append(by, p.name)
				}
			}
			if !slices.Equal(by, []string{name}) {
				t.Errorf("a line of %s is taken for one of %q: %s", name, by, line)
			}
		}
	}
}

func TestNothingThatMayBeAPasswordIsTold(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, want, _ := strings.Cut(string(text), "-- want.json --")
		for _, secret := range []string{"secret", "c2VjcmV0"} {
			if strings.Contains(want, secret) {
				t.Errorf("%s tells %q", name, secret)
			}
		}
	}
	for _, said := range []string{"AUTH LOGIN c2VjcmV0", "auth secret", "PASS secret", "CONFIG SET requirepass secret", "GET / HTTP/1.0\r\nAuthorization: Basic c2VjcmV0", "EHLO a\nc2VjcmV0MTIz\nQUIT"} {
		if got := discreet(said); strings.Contains(got, "secret") || strings.Contains(got, "c2VjcmV0") {
			t.Errorf("of %q is told %q", said, got)
		}
	}
}

// TestWhoComesAgainIsToldOnceAnHourAcrossVisitsRotationsAndProcesses has lines come one by one, each read by a
// source made anew or by the one of before.
func TestWhoComesAgainIsToldOnceAnHourAcrossVisitsRotationsAndProcesses(t *testing.T) {
	for _, anew := range []bool{true, false} {
		dir := t.TempDir()
		now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
		var source collect.Source
		var cursor intel.Cursor
		var got []intel.Document
		log := filepath.Join(dir, "conpot.json")
		write := func(at time.Time, from string) {
			t.Helper()
			f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(f, `{"timestamp":"%s","sensorid":"default","id":"1","src_ip":"%s","src_port":1,"dst_ip":"10.0.0.9","dst_port":102,"public_ip":null,"data_type":"s7comm","request":null,"response":null,"event_type":"NEW_CONNECTION"}`+"\n", at.Format("2006-01-02T15:04:05.000000"), from)
			f.Close()
			if source == nil || anew {
				env := collect.Env{ID: "test", Files: os.DirFS(dir), Now: func() time.Time { return now }, Reject: func(item string, reason error) { t.Errorf("%s: %v", item, reason) }}
				if source, err = Connector.Open(env, collect.Strict([]byte(`{"path":"conpot.json*"}`))); err != nil {
					t.Fatal(err)
				}
			}
			if err := source.Collect(t.Context(), cursor, func(doc intel.Document, next intel.Cursor) error {
				got, cursor = append(got, doc), next
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		write(now.Add(-2*time.Hour), "203.0.113.7")
		write(now.Add(-2*time.Hour+time.Minute), "203.0.113.7")
		write(now.Add(-2*time.Hour+time.Minute), "203.0.113.8")
		if err := os.Rename(log, log+".1"); err != nil {
			t.Fatal(err)
		}
		write(now.Add(-time.Minute), "203.0.113.7")
		write(now, "203.0.113.7")
		var told []string
		for _, d := range got {
			told = append(told, fmt.Sprintf("%s %t", strings.Fields(d.Title)[5], d.Assumed))
		}
		if want := []string{"203.0.113.7 true", "203.0.113.8 true", "203.0.113.7 false", "203.0.113.7 false"}; !slices.Equal(told, want) {
			t.Errorf("anew %v: %q", anew, told)
		}
	}
}

func TestAHoneypotIsOneOfThese(t *testing.T) {
	if _, err := Connector.Open(collect.Env{}, collect.Strict([]byte(`{"path":"/a.json","honeypot":"glastopf"}`))); err == nil || !strings.Contains(err.Error(), "dionaea") {
		t.Errorf("err %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"attack_connection":{"remote_ip":"203.0.113.7","local_port":23,"protocol":"tcp","payload":{"data_hex":"41"}},"timestamp":"2026-03-01T10:00:00Z","downloads":[{"uri":"http://a.example/x"}]}`))
	s := &source{Env: collect.Env{ID: "fuzz", Now: func() time.Time { return collecttest.Now }}, pots: pots()}
	f.Fuzz(func(t *testing.T, line []byte) {
		if len(line) > 1<<16 {
			return
		}
		doc, key, err := s.document("line", line)
		if err == nil && key != nil && (len(doc.Claims) == 0 || len(doc.Claims[0].Context.Note) > intel.MostName || doc.Learned.After(collecttest.Now)) {
			t.Errorf("document %+v", doc)
		}
	})
}
