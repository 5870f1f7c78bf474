package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

// board is what the scoreboard prints.
func board(t *testing.T, db, now string) (b intel.Scoreboard, keys map[string]json.RawMessage) {
	t.Helper()
	text := printed(t, exitDone, "--db", db, "--now", now, "--json", "scoreboard")
	if err := json.Unmarshal([]byte(text), &keys); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(keys["reliability"], &b); err != nil {
		t.Fatal(err)
	}
	return b, keys
}

func TestTheScoreboardOfANewStoreHasWhatShipsAndClaimsNoMore(t *testing.T) {
	db := newStore(t)
	b, keys := board(t, db, "2026-05-05")
	if len(keys) != 5 || string(keys["heads"]) != "[]" || string(keys["actors"]) != "[]" || string(keys["chain"]) != `"none"` {
		t.Errorf("it has %v", keys)
	}
	if len(b.Bins) != 10 || len(b.Levels) != 3 || b.Levels[0].From != .8 || b.Levels[1].From != .5 || b.Levels[0].Observed == nil || *b.Levels[0].Observed < .95 {
		t.Errorf("%+v", b)
	}
	for _, s := range b.Sources {
		if s.Source == "sophos" && (s.Letter != 'B' || s.Right != 29 || s.Wrong != 1 || s.OwnRight+s.OwnWrong != 0) {
			t.Errorf("%+v", s)
		}
	}
	if text := printed(t, exitDone, "--db", db, "scoreboard"); !strings.Contains(text, "106 of 109") || !strings.Contains(text, "sophos") {
		t.Error(text)
	}
}

// twiceSaid keeps what three pairs of sources say: the same of ten addresses each, four days apart,
// and each of four more that are its own: it is no mirror of the other.
func twiceSaid(t *testing.T, db string) {
	t.Helper()
	for i, source := range []string{"a", "b", "c", "d", "e", "f"} {
		var b strings.Builder
		for n := range 14 {
			net := 21 + i/2
			if n >= 10 {
				net = 31 + i
			}
			fmt.Fprintf(&b, `{"text":"Seen by %s, item %d of the list.","author":"%s","published":"2026-05-0%dT00:00:00Z","claims":[{"subject":"ipv4:45.134.%d.%d","relation":"indicates","object":"actor:cold-lynx"}]}`+"\n",
				source, n, source, 1+4*(i%2), net, 40+n)
		}
		printed(t, exitDone, "--db", db, "--now", "2026-05-05", "import", "--as", "documents", "--source", source, "--reliability", "C", file(t, "d.jsonl", []byte(b.String())))
	}
}

func TestVerdictsThatRefuteHalfOfALevelRelabelTheOthers(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		twiceSaid(t, db)
		const other = "ipv4:45.134.22.40 indicates actor:cold-lynx" // of sources that nobody ruled on
		before := explained(t, db, "2026-05-05", other)
		if before.Confidence != "High" || before.Probability > .85 {
			t.Fatalf("%s (%.3f), want a High row below 0.85", before.Confidence, before.Probability)
		}
		for n := range 10 {
			for _, pair := range []int{21, 23} { // one source alone moves no level
				printed(t, exitDone, "--db", db, "--now", "2026-05-05", "row", []string{"confirm", "refute"}[n%2], fmt.Sprintf("ipv4:45.134.%d.%d indicates actor:cold-lynx", pair, 40+n))
			}
		}
		if e := explained(t, db, "2026-05-05", other); e.Confidence != "High" {
			t.Errorf("%s at once, want High until it is weighed again", e.Confidence)
		}
		printed(t, exitDone, "--db", db, "--now", "2026-05-05T01:00:00Z", "reprocess", "--scores")
		after := explained(t, db, "2026-05-05T01:00:00Z", other)
		if after.Confidence != "Medium" || after.Probability < .8 {
			t.Errorf("%s (%.3f): want Medium, though believed as before", after.Confidence, after.Probability)
		}
		b, _ := board(t, db, "2026-05-05T01:00:00Z")
		if high := b.Levels[0]; high.From <= after.Probability {
			t.Errorf("%+v: begins at or below a row that is Medium", high)
		}
		var p struct {
			IOC []struct{ Value, Confidence string }
		}
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-05-05T01:00:00Z", "profile", "cold lynx", "--format", "json")), &p); err != nil {
			t.Fatal(err)
		}
		for _, r := range p.IOC {
			if r.Confidence == "High" && strings.HasPrefix(r.Value, "45.134.22.") {
				t.Errorf("%s is High on the profile", r.Value)
			}
		}
		printed(t, exitDone, "--db", db, "--now", "2031-05-05", "reprocess", "--scores") // ten half-lives on
		if b, _ := board(t, db, "2031-05-05"); b.Levels[0].From != .8 {
			t.Errorf("%+v: old verdicts hold a level up", b.Levels[0])
		}
	})
}
