package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/figures"
)

// within fails if work takes longer, but not when the race detector slows it.
func within(t *testing.T, most time.Duration, what string, work func()) {
	t.Helper()
	began := time.Now()
	work()
	if took := time.Since(began); took > most && !figures.Raced {
		t.Errorf("%s took %s, want %s at most", what, took, most)
	}
}

// A shownRow is a row of a profile.
type shownRow struct {
	Value, Confidence string
	Probability       float64
	Last              *string `json:"last_seen"`
	Origins           int
}

// shown is the indicators of a profile, by value.
func shown(t *testing.T, db string, args ...string) map[string]shownRow {
	t.Helper()
	var p struct{ IOC []shownRow }
	if err := json.Unmarshal([]byte(printed(t, exitDone, append([]string{"--db", db, "-q", "profile", "cold lynx", "--format", "json"}, args...)...)), &p); err != nil {
		t.Fatal(err)
	}
	out := map[string]shownRow{}
	for _, r := range p.IOC {
		out[r.Value] = r
	}
	return out
}

// dated is a file that says of a value that it is Cold Lynx's, as of a day.
func dated(kind, value, day string) (name, content string) {
	switch kind {
	case "csv":
		return "t.csv", "indicator,type,actor,date\n" + value + ",ip,Cold Lynx," + day + "\n"
	case "documents":
		return "d.jsonl", fmt.Sprintf(`{"text":"Cold Lynx again.","published":"%[2]sT00:00:00Z","learned":"%[2]sT00:00:00Z","claims":[{"subject":"ipv4:%[1]s","relation":"indicates","object":"actor:cold-lynx","at":"%[2]sT00:00:00Z"}]}`+"\n", value, day)
	case "misp":
		return "e.json", fmt.Sprintf(`{"Event":{"uuid":"5f0c8a7e-0000-4000-8000-000000000001","info":"Cold Lynx","date":"%s","Tag":[{"name":"misp-galaxy:threat-actor=\"Cold Lynx\""}],"Attribute":[{"type":"ip-dst","value":"%s"}]}}`, day, value)
	}
	return "b.json", fmt.Sprintf(`{"type":"bundle","id":"bundle--1","objects":[{"type":"intrusion-set","id":"intrusion-set--1","name":"Cold Lynx","created":"%[2]sT00:00:00Z"},
		{"type":"indicator","id":"indicator--1","created":"%[2]sT00:00:00Z","valid_from":"%[2]sT00:00:00Z","pattern_type":"stix","pattern":"[ipv4-addr:value = '%[1]s']"},
		{"type":"relationship","id":"relationship--1","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"intrusion-set--1","created":"%[2]sT00:00:00Z"}]}`, value, day)
}

func TestAForgedDateIsNoneAndFadesFromTheDayItCame(t *testing.T) {
	t.Parallel()
	days := []string{"0000-01-01", "0001-01-01", "1969-12-31", "1970-01-01", "2031-06-01", "9999-12-31"}
	for _, kind := range []string{"csv", "documents", "misp", "stix"} {
		t.Run(kind, func(t *testing.T) {
			db, honest := newStore(t), "45.134.21.200"
			take := func(source, name, content string) {
				printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "import", "--as", kind, "--source", source, "--reliability", "A", file(t, name, []byte(content)))
			}
			name, content := dated(kind, honest, "2026-03-01")
			take("honest", name, content)
			before := shown(t, db, "--now", "2026-03-04")[honest]
			for i, day := range days {
				name, content := dated(kind, fmt.Sprintf("45.134.21.%d", i+1), day)
				take(fmt.Sprint("forger", i), name, content)
				name, content = dated(kind, honest, day)
				take(fmt.Sprint("again", i), name, content)
			}
			now, tomorrow, later := shown(t, db, "--now", "2026-03-04"), shown(t, db, "--now", "2031-06-02"), shown(t, db, "--now", "2036-03-04")
			printed(t, exitDone, "--db", db, "--now", "2031-06-02", "reprocess", "--scores")
			for i, day := range days {
				value := fmt.Sprintf("45.134.21.%d", i+1)
				if r, ok := now[value]; !ok || r.Last != nil || r.Confidence == "High" || r.Probability < 0.5 {
					t.Errorf("%s: %+v today, want a row without a date, not hidden and not High", day, r)
				}
				if r := tomorrow[value]; r.Last != nil {
					t.Errorf("%s: %+v when the day has come", day, r)
				}
				if p := explainedRow(t, db, "ipv4:"+value+" indicates actor:cold-lynx", "--now", "2036-03-04").Now; p > 0.05 {
					t.Errorf("%s: still %.2f in ten years", day, p)
				}
			}
			if r := now[honest]; r.Last == nil || *r.Last != *before.Last || r.Probability < before.Probability {
				t.Errorf("forged dates hide what is honest: %+v, before %+v", r, before)
			}
			if r := later[honest]; r.Last == nil || *r.Last != *before.Last {
				t.Errorf("in ten years: %+v, want it last seen as %+v", r, before)
			}
		})
	}
}

func TestAFloodOfOneActorIsBoundedAndNeverHigh(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	const rows = 50_000
	var wide, deep bytes.Buffer
	wide.WriteString("indicator,type,actor,date\n")
	deep.WriteString("indicator,type,actor,date,reference\n")
	for i := range rows {
		day := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i%400).Format(time.DateOnly)
		fmt.Fprintf(&wide, "host%d.flood-c2.net,domain,Cold Lynx,%s\n", i, day)
		fmt.Fprintf(&deep, "45.134.21.8,ip,Cold Lynx,%s,https://vendor%d.example/\n", day, i)
	}
	db := newStore(t)
	for i, name := range []string{"honest", "other"} {
		printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "import", "--source", name, "--reliability", "A", file(t, "t.csv", []byte(fmt.Sprintf("indicator,type,actor,date\n45.134.21.9,ip,Cold Lynx,2026-02-%02d\n", 10+8*i))))
	}
	for name, content := range map[string][]byte{"wide": wide.Bytes(), "deep": deep.Bytes()} {
		within(t, 2*time.Minute, "taking in the "+name+" flood", func() {
			printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "import", "--source", name, "--reliability", "A", file(t, name+".csv", content))
		})
	}
	within(t, 3*time.Minute, "the profile", func() {
		high := map[string]bool{}
		for value, r := range shown(t, db, "--now", "2026-03-04") {
			high[value] = r.Confidence == "High"
			if high[value] != (value == "45.134.21.9") {
				t.Errorf("%+v, want none High but what two say", r)
				break
			}
		}
		if !high["45.134.21.9"] {
			t.Error("what two say is hidden by what one floods")
		}
	})
	if r := explainedRow(t, db, "ipv4:45.134.21.8 indicates actor:cold-lynx", "--now", "2026-03-04"); r.Confidence != "Medium" || r.Origins != 1 {
		t.Errorf("%+v, want one voice", r)
	}
}

func TestAFloodOfOneTagIsBoundedAndNeverHigh(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	var b bytes.Buffer
	for i := range 50_000 {
		fmt.Fprintf(&b, "2026-01-%02d 10:%02d:%02d,loud,ip,45.134.%d.%d,#emotet,https://x.com/loud/status/%d\n", 1+i/2000, i/60%60, i%60, 31+i%100, 31+i/100%200, i)
	}
	db := newStore(t)
	within(t, 2*time.Minute, "taking in the flood", func() {
		printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "import", "--as", "tweetfeed", "--reliability", "A", file(t, "2026.csv", b.Bytes()))
	})
	within(t, 3*time.Minute, "the profile", func() {
		out := printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "lookup", "45.134.31.31")
		if !strings.Contains(out, "Medium") && !strings.Contains(out, "Low") {
			t.Errorf("want no level above Medium:\n%s", out)
		}
	})
}

// claims are documents that state each a link.
func claims(links ...string) []byte {
	var b bytes.Buffer
	for i, l := range links {
		f := strings.Fields(l)
		fmt.Fprintf(&b, `{"title":"item %d","published":"2026-02-01T00:00:00Z","claims":[{"subject":%q,"relation":%q,"object":%q}]}`+"\n", i, f[0], f[1], f[2])
	}
	return b.Bytes()
}

func TestACircleOfAliasesFromAFileHasOneAnswer(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		var links []string
		const n = 6
		for i := range n {
			links = append(links, fmt.Sprintf("actor:lynx-%d alias-of actor:lynx-%d", i, (i+1)%n), fmt.Sprintf("ipv4:45.134.21.%d indicates actor:lynx-%d", i+31, i))
		}
		within(t, time.Minute, "the circle", func() {
			printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "import", "--source", "feed", "--as", "documents", "--reliability", "B", file(t, "d.jsonl", claims(links...)))
		})
		main := standsFor(t, db, "lynx-0")
		if strings.Contains(main, " ") || main == "" {
			t.Errorf("lynx-0 stands for %q, want one", main)
		}
		for _, name := range []string{"lynx-3", "lynx-5"} {
			if got := standsFor(t, db, name); got != main {
				t.Errorf("%s stands for %q, lynx-0 for %q", name, got, main)
			}
		}
		text := printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "profile", "lynx-0")
		if n := strings.Count(text, "| 45.134.21."); n < 6 {
			t.Errorf("%d addresses of 6 in the profile: something is lost", n)
		}
	})
}

func TestTenThousandAliasesFromAFileAreBounded(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	db := newStore(t)
	var links []string
	for i := range 10_000 {
		links = append(links, fmt.Sprintf("actor:lynx-%d alias-of actor:cold-lynx", i))
	}
	links = append(links, "ipv4:45.134.21.8 indicates actor:lynx-9999", "ipv4:45.134.21.9 indicates actor:cold-lynx")
	within(t, 2*time.Minute, "taking them in", func() {
		printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "import", "--source", "feed", "--as", "documents", "--reliability", "B", file(t, "d.jsonl", claims(links...)))
	})
	for _, name := range []string{"lynx-0", "lynx-9999"} {
		if got := standsFor(t, db, name); got != "actor:cold-lynx" {
			t.Errorf("%s stands for %q", name, got)
		}
	}
	within(t, 3*time.Minute, "the profile", func() {
		rows := shown(t, db, "--now", "2026-03-04")
		if len(rows) != 2 {
			t.Errorf("%d addresses, want both: %v", len(rows), rows)
		}
	})
}

// One document says at most what a line of JSON holds, and all of it counts.
func TestTenThousandAliasesInOneDocumentAllCount(t *testing.T) {
	figures.Only(t)
	db := newStore(t)
	var b bytes.Buffer
	b.WriteString(`{"title":"many","published":"2026-02-01T00:00:00Z","claims":[`)
	for i := range 10_000 {
		fmt.Fprintf(&b, `{"subject":"actor:lynx-%d","relation":"alias-of","object":"actor:cold-lynx"},`, i)
	}
	b.WriteString(`{"subject":"ipv4:45.134.21.8","relation":"indicates","object":"actor:lynx-9999"}]}` + "\n")
	within(t, 2*time.Minute, "taking it in", func() {
		out := printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "import", "--source", "feed", "--as", "documents", "--reliability", "B", file(t, "d.jsonl", b.Bytes()))
		if !strings.Contains(out, "pieces of evidence: 10002;") {
			t.Errorf("want all 10,001 claims kept, and the country of the address:\n%s", out)
		}
	})
	if got := standsFor(t, db, "lynx-9999"); got != "actor:cold-lynx" {
		t.Errorf("the last name stands for %q", got)
	}
}

// A list of a vendor may be longer than what one document is heard of.
func TestClaimsThatOneDocumentHasTooManyOfAreTold(t *testing.T) {
	figures.Only(t)
	var b strings.Builder
	b.WriteString("indicator_type,data,note\n")
	for i := range 50_003 {
		fmt.Fprintf(&b, "sha256,%064x,loader\n", i+1<<40)
	}
	out := printed(t, exitPartial, "--db", newStore(t), "-q", "--json", "--now", "2026-03-04", "import", "--as", "sophos", file(t, "Ransomware-Conti.csv", []byte(b.String())))
	if !strings.Contains(out, `"item":"3 claims"`) {
		t.Errorf("want the number that is left out:\n%s", out)
	}
}

func TestContradictoryListsTellAllTheySay(t *testing.T) {
	cluster := func(pairs ...string) string {
		var values []string
		for i := 0; i < len(pairs); i += 2 {
			values = append(values, fmt.Sprintf(`{"value":%q,"uuid":"%d","meta":{"synonyms":[%q]}}`, pairs[i], i, pairs[i+1]))
		}
		return `{"type":"threat-actor","name":"x","version":1,"values":[` + strings.Join(values, ",") + `]}`
	}
	dir := t.TempDir()
	for name, body := range map[string]string{
		"threat-actor":             cluster("Alpha Crane", "Shared Crane", "Beta Crane", "Shared Crane"),
		"microsoft-activity-group": cluster("Beta Crane", "Alpha Crane"), // what the other keeps apart
		"ransomware":               cluster("Shared Crane", "Beta Crane"),
	} {
		at := filepath.Join(dir, "misp-galaxy", "clusters")
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, name+".json"), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db := newStore(t)
	printed(t, exitDone, "--db", db, "-q", "sync", "--from", dir, "actors")
	printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "import", "--source", "feed", "--as", "documents", "--reliability", "B", file(t, "d.jsonl",
		claims("ipv4:45.134.21.8 indicates actor:alpha-crane", "ipv4:45.134.21.9 indicates actor:beta-crane", "ipv4:45.134.21.10 indicates actor:shared-crane")))
	for name, want := range map[string][]string{"Alpha Crane": {"actor:alpha-crane"}, "Beta Crane": {"actor:beta-crane"}, "Shared Crane": {"actor:alpha-crane", "actor:beta-crane"}} {
		got := standsFor(t, db, name)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s stands for %q, want %s among them", name, got, w)
			}
		}
	}
	for name, address := range map[string]string{"alpha-crane": "45.134.21.8", "beta-crane": "45.134.21.9"} {
		text := printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "profile", "actor:"+name)
		for _, a := range []string{address, "45.134.21.10"} { // what is said of the shared name is shared
			if !strings.Contains(text, a) {
				t.Errorf("the profile of %s lacks %s", name, a)
			}
		}
	}
}

func TestAnalystsWhoContradictEachOtherAreAllShown(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, db string) {
		printed(t, exitDone, "--db", db, "-q", "--now", "2026-02-04", "import", "--source", "feed", "--as", "documents", "--reliability", "B", file(t, "d.jsonl",
			claims("ipv4:45.134.21.8 indicates actor:cold-lynx", "ipv4:45.134.21.9 indicates actor:ice-lynx")))
		const turns = 12
		for i := range turns {
			at := fmt.Sprintf("2026-02-10T00:%02d:00Z", i)
			ruling, word := "confirm", "suppress"
			if i%2 == 1 {
				ruling, word = "dispute", "unsuppress"
			}
			by := fmt.Sprint("ann", i)
			printed(t, exitDone, "--db", db, "-q", "--now", at, "alias", ruling, "ice lynx", "cold lynx", "--by", by, "--reason", "turn "+at)
			printed(t, exitDone, "--db", db, "-q", "--now", at, word, "45.134.21.8", "--by", by, "--reason", "turn "+at)
			wantMain, aside := "actor:cold-lynx", "set aside"
			if i%2 == 1 {
				wantMain, aside = "actor:ice-lynx", "seen"
			}
			if got := standsFor(t, db, "ice lynx"); got != wantMain {
				t.Fatalf("after %s by %s: %q, want %q", ruling, by, got, wantMain)
			}
			if text := printed(t, exitDone, "--db", db, "-q", "--now", at, "lookup", "45.134.21.8"); !strings.Contains(text, aside) {
				t.Fatalf("after %s by %s, want %q:\n%s", word, by, aside, text)
			}
		}
		names, value := printed(t, exitDone, "--db", db, "alias", "ice lynx"), printed(t, exitDone, "--db", db, "lookup", "45.134.21.8")
		for i := range turns {
			by := fmt.Sprintf("analyst:ann%d ", i)
			if !strings.Contains(names, by) || !strings.Contains(value, by) {
				t.Errorf("what %s said is lost:\n%s\n%s", by, names, value)
			}
		}
	})
}
