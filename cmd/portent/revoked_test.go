package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stixOf is a bundle of objects.
func stixOf(objects ...string) string {
	return `{"type":"bundle","id":"bundle--1","objects":[` + strings.Join(objects, ",") + `]}`
}

const (
	labIdentity  = `{"type":"identity","id":"identity--1","name":"Lab","identity_class":"organization"}`
	labActor     = `{"type":"intrusion-set","id":"intrusion-set--1","name":"Cold Lynx","created":"2026-01-20T00:00:00Z"}`
	labIndicator = `{"type":"indicator","id":"indicator--1","created_by_ref":"identity--1","created":"2026-01-20T00:00:00Z","modified":"%s","revoked":%v,"pattern_type":"stix","pattern":"[ipv4-addr:value = '45.134.21.40']","valid_from":"2026-01-20T00:00:00Z"%s}`
	labJoin      = `{"type":"relationship","id":"relationship--1","created_by_ref":"identity--1","created":"2026-01-20T00:00:00Z","modified":"%s","revoked":%v,"relationship_type":"indicates","source_ref":"indicator--1","target_ref":"intrusion-set--1"}`
)

// labIndicates is a bundle that joins an address and an actor.
func labIndicates(more string) string {
	return stixOf(labIdentity, labActor, fmt.Sprintf(labIndicator, "2026-01-20T00:00:00Z", false, more), fmt.Sprintf(labJoin, "2026-01-20T00:00:00Z", false))
}

// revokedLater is a bundle of a later day, of the indicator alone.
func revokedLater() string {
	return stixOf(fmt.Sprintf(labIndicator, "2026-02-10T00:00:00Z", true, ""))
}

// voicesOfRow is of how many voices the row is and how far it is believed, as of a day if one is given.
func voicesOfRow(t *testing.T, db, now, asOf string) (voices int, p float64) {
	t.Helper()
	args := []string{"--db", db, "--now", now, "--json"}
	if asOf != "" {
		args = append(args, "--as-of", asOf)
	}
	var e struct {
		Independent int
		Probability float64
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, append(args, "explain", coldLynxRow)...)), &e); err != nil {
		t.Fatal(err)
	}
	return e.Independent, e.Probability
}

// TestARevokedIndicatorTakesBackWhatItsSourceSaid has one in a bundle of a later day, which
// has nothing else, and another source that says the same.
func TestARevokedIndicatorTakesBackWhatItsSourceSaid(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		imported(t, db, "2026-02-01", "lab", "1.json", labIndicates(""))
		imported(t, db, "2026-02-01", "other", "o.csv", "value,actor,date\n45.134.21.40,Cold Lynx,2026-01-25\n")
		if n, _ := voicesOfRow(t, db, "2026-02-01", ""); n != 2 {
			t.Fatalf("%d voices before, want 2", n)
		}
		imported(t, db, "2026-02-11", "lab", "2.json", revokedLater())
		for _, again := range [][]string{{"import", "--source", "lab", file(t, "1.json", []byte(labIndicates("")))}, {"reprocess", "--all"}, {"reprocess", "--scores"}} {
			n, p := voicesOfRow(t, db, "2026-02-11", "")
			if n != 1 || p > .75 || p < .4 {
				t.Errorf("before %s: %.3f of %d voices, want the other one's", again[0], p, n)
			}
			printed(t, exitDone, append([]string{"--db", db, "--now", "2026-02-11"}, again...)...)
		}
		if n, _ := voicesOfRow(t, db, "2026-02-11", "2026-02-05"); n != 2 {
			t.Errorf("%d voices as of before it was revoked, want 2", n)
		}
		if n, _ := voicesOfRow(t, db, "2026-02-11", "2026-02-11"); n != 1 {
			t.Errorf("%d voices as of today, want 1", n)
		}
		text := printed(t, exitDone, "--db", db, "--now", "2026-02-11", "explain", "--history", coldLynxRow)
		if !strings.Contains(text, "withdrawn") || !strings.Contains(text, "takes it back") {
			t.Error(text)
		}
		if text := printed(t, exitDone, "--db", db, "--now", "2026-02-11", "rate", file(t, "list", []byte("45.134.21.40\n"))); !strings.Contains(text, "single-origin") {
			t.Error(text)
		}
	})
}

func TestWhatIsRevokedOrExpiredIsNoSupport(t *testing.T) {
	t.Parallel()
	later := strings.ReplaceAll(strings.ReplaceAll(labIndicates(""), "identity--1", "identity--2"), `"Lab"`, `"Rival"`)
	for what, c := range map[string]struct {
		source string
		files  []string
		voices int
	}{
		"together":                       {"lab", []string{labIndicates(""), revokedLater()}, 0},
		"the other way round":            {"lab", []string{revokedLater(), labIndicates("")}, 0},
		"revoked from the start":         {"lab", []string{revokedLater()}, -1},
		"its relationship":               {"lab", []string{labIndicates(""), stixOf(labActor, fmt.Sprintf(labIndicator, "2026-01-20T00:00:00Z", false, ""), fmt.Sprintf(labJoin, "2026-02-10T00:00:00Z", true))}, 0},
		"another relationship":           {"lab", []string{labIndicates(""), stixOf(labActor, fmt.Sprintf(labIndicator, "2026-01-20T00:00:00Z", false, ""), fmt.Sprintf(labJoin, "2026-02-10T00:00:00Z", true), strings.Replace(fmt.Sprintf(labJoin, "2026-02-10T00:00:00Z", false), "relationship--1", "relationship--2", 1))}, 1},
		"valid no longer":                {"lab", []string{labIndicates(`,"valid_until":"2026-02-03T00:00:00Z"`)}, 0},
		"valid yet":                      {"lab", []string{labIndicates(`,"valid_until":"2026-05-03T00:00:00Z"`)}, 1},
		"said again by a new one":        {"lab", []string{labIndicates(""), strings.Replace(revokedLater(), `"objects":[`, `"objects":[`+strings.Replace(fmt.Sprintf(labIndicator, "2026-02-10T00:00:00Z", false, ""), "indicator--1", "indicator--2", 1)+",", 1)}, 1},
		"by a stranger, of nobody named": {"", []string{later, strings.Replace(revokedLater(), `"objects":[`, `"objects":[`+labIdentity+",", 1)}, 1},
		"hidden from who reads it":       {"lab", []string{labIndicates(""), strings.Replace(revokedLater(), `"revoked"`, `"object_marking_refs":["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"],"revoked"`, 1)}, 1},
		"deleted in MISP":                {"lab", []string{mispOf(`"deleted":false,"timestamp":"1768900000"`), mispOf(`"deleted":true,"timestamp":"1770700000"`)}, 0},
		"deleted with its object":        {"lab", []string{mispOf(`"deleted":false`), strings.Replace(strings.Replace(mispOf(`"deleted":"0"`), `"Attribute"`, `"Object":[{"deleted":"1","Attribute"`, 1), "}]}}", "}]}]}}", 1)}, 0},
		"not for detection":              {"lab", []string{mispOf(`"to_ids":false`)}, 1},
	} {
		db, dir := newStore(t), t.TempDir()
		for i, text := range c.files {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".json")), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		args := []string{"--db", db, "--now", "2026-02-11", "import", dir}
		if c.source != "" {
			args = append(args, "--source", c.source)
		}
		printed(t, exitDone, args...)
		if c.voices < 0 {
			printed(t, exitFailed, "--db", db, "--now", "2026-02-11", "explain", coldLynxRow)
			continue
		}
		if c.voices == 0 { // nobody says so any more, and the history tells who did
			printed(t, exitFailed, "--db", db, "--now", "2026-02-11", "explain", coldLynxRow)
			if text := printed(t, exitDone, "--db", db, "--now", "2026-02-11", "explain", "--history", coldLynxRow); !strings.Contains(text, "takes it back") {
				t.Errorf("%s: %s", what, text)
			}
			continue
		}
		if n, _ := voicesOfRow(t, db, "2026-02-11", ""); n != c.voices {
			t.Errorf("%s: %d voices, want %d", what, n, c.voices)
		}
	}
}

// mispOf is an event with one attribute.
func mispOf(more string) string {
	return `{"Event":{"uuid":"x","info":"Bells","date":"2026-01-20","Tag":[{"name":"misp-galaxy:threat-actor=\"Cold Lynx\""}],"Orgc":{"name":"Lab"},"Attribute":[{"type":"ip-dst","value":"45.134.21.40",` + more + `}]}}`
}
