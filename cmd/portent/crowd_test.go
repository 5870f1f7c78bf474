package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// crowd is a file of so many accounts that speak of one row, one in four against
// it, each of a source that the file names.
func crowd(n int) []byte {
	var b strings.Builder
	for i := range n {
		stance := 0
		if i%4 == 0 {
			stance = 1
		}
		fmt.Fprintf(&b, `{"genre":"social","author":"x/a%d","source":"s%d","published":"2026-01-%02dT00:00:00Z","claims":[{"subject":"ipv4:45.134.21.8","relation":"indicates","object":"actor:cold-lynx","stance":%d}]}`+"\n",
			i, i, 1+i%28, stance)
	}
	return []byte(b.String())
}

func TestARowThatACrowdSpeaksOfIsExplainedInBoundedLines(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "--now", "2026-02-10", "import", file(t, "crowd.jsonl", crowd(2000)))
	const row = "ipv4:45.134.21.8 indicates actor:cold-lynx"
	if then := printed(t, exitDone, "--db", db, "--as-of", "2026-02-20", "explain", row); strings.Count(then, "\n") > 3*mostSteps || !strings.Contains(then, "more that count less") {
		t.Errorf("as of a past day %d lines", strings.Count(then, "\n"))
	}
	text := printed(t, exitDone, "--db", db, "explain", row)
	if lines := strings.Count(text, "\n"); lines > 2*mostSteps+mostSteps || len(text) > 100_000 || !strings.Contains(text, "more that count less") {
		t.Errorf("%d lines, %d bytes: %s", lines, len(text), text[max(0, len(text)-1500):])
	}
	var e struct {
		told
		Rest score.Rest
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--json", "explain", row)), &e); err != nil {
		t.Fatal(err)
	}
	doubt, consent := .99*e.Rest.Doubt, e.Rest.Consent
	for _, s := range e.Steps {
		if s.With != "" {
			continue
		}
		if q := s.Reliability * s.Directness * s.Fading; s.Stance != 0 {
			consent *= 1 - .9*q
		} else {
			doubt *= 1 - q
		}
	}
	if p := .98 * (1 - doubt) * consent; len(e.Steps) > 2*mostSteps || e.Rest.Steps == 0 || math.Abs(p-e.Probability) > 1e-9 {
		t.Errorf("%d steps and %+v come to %v, stored is %v", len(e.Steps), e.Rest, p, e.Probability)
	}
}

func TestSourcesThatFilesNameFillNoList(t *testing.T) {
	db := newStore(t)
	for range 3 { // each file may name as many
		content := crowd(400)
		if _, c, errs := portent(t, db, "import", file(t, "crowd.jsonl", bytes.ReplaceAll(content, []byte(`"source":"`), fmt.Appendf(nil, `"source":"%s`, t.TempDir())))); c.Documents != 400 {
			t.Fatalf("%+v\n%s", c, errs)
		}
	}
	printed(t, exitDone, "--db", db, "row", "refute", "ipv4:45.134.21.8 indicates actor:cold-lynx", "--by", "ann")
	printed(t, exitDone, "--db", db, "reprocess", "--scores")
	if n := strings.Count(printed(t, exitDone, "--db", db, "sources"), "\n"); n != mostSources {
		t.Errorf("%d sources are listed", n)
	}
	if n := strings.Count(printed(t, exitDone, "--db", db, "sources", "list", "--all"), "\n"); n != 3*100+2 { // the rest, and the analyst
		t.Errorf("%d sources are listed with --all", n)
	}
	var b struct{ Reliability intel.Scoreboard }
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--json", "scoreboard")), &b); err != nil {
		t.Fatal(err)
	}
	records := 0
	for _, s := range b.Reliability.Sources {
		if strings.HasPrefix(string(s.Source), "documents") {
			records++
			if s.OwnRight+s.OwnWrong < .99 || s.OwnRight+s.OwnWrong > 1 {
				t.Errorf("%+v: want one verdict", s)
			}
		}
	}
	if records != 1 {
		t.Errorf("%d records of sources that files name", records)
	}
}
