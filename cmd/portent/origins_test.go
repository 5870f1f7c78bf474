package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A chorus is what explain says of how many speak for a row.
type chorus struct {
	Confidence  string
	Probability float64
	Recomputed  float64
	Origins     int
	Believed    float64
	Steps       []struct{ Origin, With string }
}

const aLynx = `"subject":"ipv4:45.134.21.40","relation":"indicates","object":"actor:cold-lynx"`

// choir returns what explain says of a row, which it recomputes.
func choir(t *testing.T, db, now, row string) chorus {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"--db", db, "--now", now, "--json", "explain", row}, strings.NewReader(""), &out, &errs)
	var c chorus
	if err := json.Unmarshal(out.Bytes(), &c); code != exitDone || err != nil {
		t.Fatalf("explain %s: exit %d, err %v: %s", row, code, err, &errs)
	}
	return c
}

// imported imports a file as a source, or nobody's if that has no name.
func imported(t *testing.T, db, now, source, name, text string, more ...string) {
	t.Helper()
	args := []string{"--db", db, "--now", now, "import"}
	if source != "" {
		args = append(args, "--source", source)
	}
	printed(t, exitDone, append(append(args, more...), file(t, name, []byte(text)))...)
}

const coldLynxRow = "ipv4:45.134.21.40 indicates actor:cold-lynx"

func TestAccountsThatCallThemselvesAnalystsAreRecomputed(t *testing.T) {
	db := newStore(t)
	var posts strings.Builder
	for i, author := range []string{"analyst:alice", "\\\"analyst:alice\\\"", "hunt:soc", "x/bob", "x/carol"} {
		fmt.Fprintf(&posts, `{"genre":"social","author":"%s","url":"https://a.example/%d","published":"2026-01-0%dT00:00:00Z","claims":[{%s}]}`+"\n", author, i, 2+i%2, aLynx)
	}
	imported(t, db, "2026-01-10", "", "imp.jsonl", posts.String())
	printed(t, exitDone, "--db", db, "--now", "2026-01-10", "row", "confirm", coldLynxRow, "--by", "alice")
	c := choir(t, db, "2026-01-10", coldLynxRow)
	people := 0
	for _, s := range c.Steps {
		if s.Origin == "analyst:alice" {
			people++
		}
	}
	if people != 1 || len(c.Steps) != 6 || c.Confidence == "High" {
		t.Errorf("%d of %d origins are the analyst's: %+v", people, len(c.Steps), c)
	}
}

func TestAFileIsOneVoiceWhateverAccountsAndFormsItHas(t *testing.T) {
	var posts strings.Builder
	for i := range 4 {
		fmt.Fprintf(&posts, `{"genre":"social","author":"x/a%d","url":"https://x.com/a%d/status/%d","published":"2026-01-%02dT00:00:00Z","claims":[{%s}]}`+"\n", i, i, i, 2+7*i, aLynx)
	}
	const table = "2026-01-02 10:00:00,aa1,ip,45.134.21.40,#coldlynx,https://x.com/aa1/status/1\n" +
		"2026-01-08 10:00:00,aa2,ip,45.134.21.40,#coldlynx,https://x.com/aa2/status/2\n2026-01-14 10:00:00,aa3,ip,45.134.21.40,#coldlynx,https://x.com/aa3/status/3\n"
	const label = "ipv4:45.134.21.40 indicates label:coldlynx"
	for _, c := range []struct {
		what, source, name, text, row string
		more                          []string
		voices                        int
	}{
		{"documents of four accounts", "", "posts.jsonl", posts.String(), coldLynxRow, nil, 1},
		{"documents of accounts that a person graded", "room", "posts.jsonl", posts.String(), coldLynxRow, []string{"--reliability", "C"}, 4},
		{"a stranger's table of accounts", "strangers", "tf.csv", table, label, nil, 1},
		{"a table that nobody named", "", "tf.csv", table, label, nil, 1},
		{"TweetFeed", "tweetfeed", "tf.csv", table, label, nil, 3},
	} {
		db := newStore(t)
		imported(t, db, "2026-02-10", c.source, c.name, c.text, c.more...)
		got := choir(t, db, "2026-02-10", c.row)
		if got.Origins != c.voices || got.Confidence == "High" && c.voices == 1 {
			t.Errorf("%s: %d voices and %s, want %d", c.what, got.Origins, got.Confidence, c.voices)
		}
	}
	db := newStore(t)
	imported(t, db, "2026-02-10", "", "iocs.csv", "value,actor,date\n45.134.21.40,Cold Lynx,2026-02-01\n")
	imported(t, db, "2026-02-10", "", "event.json", `{"Event":{"uuid":"55555555-5555-4555-8555-555555555555","info":"Cold Lynx","date":"2026-02-08","Tag":[{"name":"misp-galaxy:threat-actor=\"Cold Lynx\""}],"Attribute":[{"uuid":"66666666-6666-4666-8666-666666666666","type":"ip-dst","category":"Network activity","value":"45.134.21.40","to_ids":true,"timestamp":"1770508800"}]}}`)
	imported(t, db, "2026-02-10", "", "posts.jsonl", posts.String())
	if got := choir(t, db, "2026-02-10", coldLynxRow); got.Origins != 1 || got.Confidence == "High" {
		t.Errorf("three forms of one folder have %d voices, %s", got.Origins, got.Confidence)
	}
}

func TestAPublishersListsEventsAndWhatCitesItsRepositoryAreOneVoice(t *testing.T) {
	const hash = "0c33b75f6c4fc0413abdbcda1c5e18c907f13dc3"
	db, dir := newStore(t), filepath.Join(t.TempDir(), "eset", "coldlynx")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"README.adoc":     "= Cold Lynx\n\nESET's link:https://www.welivesecurity.com/2026/01/05/cold-lynx/[report] tells of Cold Lynx.\n",
		"samples.sha1":    hash + "\n",
		"misp-event.json": `{"Event":{"uuid":"55555555-5555-4555-8555-555555555555","info":"Cold Lynx","date":"2026-01-20","Orgc":{"name":"ESET"},"Tag":[{"name":"misp-galaxy:threat-actor=\"Cold Lynx\""}],"Attribute":[{"type":"sha1","value":"` + hash + `"}]}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	printed(t, exitDone, "--db", db, "--now", "2026-02-10", "import", filepath.Dir(dir))
	imported(t, db, "2026-02-10", "lab", "iocs.csv", "value,actor,date,reference\n"+hash+",Cold Lynx,2026-01-10,https://github.com/eset/malware-ioc/tree/master/coldlynx\n", "--reliability", "B")
	if got := choir(t, db, "2026-02-10", "sha1:"+hash+" indicates actor:cold-lynx"); got.Origins != 1 || len(got.Steps) != 1 || got.Steps[0].Origin != "eset" || got.Confidence == "High" {
		t.Errorf("what ESET says is of %d voices, %s: %+v", got.Origins, got.Confidence, got.Steps)
	}
}

func TestNobodySpeaksForAnAccountThatAnotherSourceTellsOf(t *testing.T) {
	const row, now = "ipv4:45.134.21.40 indicates label:coldlynx", "2026-01-22"
	var table, forged, burst strings.Builder
	for i := range 3 {
		fmt.Fprintf(&table, "2026-01-%02d 10:00:00,aa%d,ip,45.134.21.40,#coldlynx,https://x.com/aa%d/status/1\n", 2+5*i, i, i)
	}
	for day := range 9 { // aa2 has habits
		fmt.Fprintf(&table, "2026-01-%02d 11:00:00,aa2,ip,45.134.60.%d,#coldlynx,https://x.com/aa2/status/%d\n", 8+day, 50+day, 9+day)
	}
	fmt.Fprint(&table, "2026-01-12 10:00:00,aa2,ip,45.134.21.41,#coldlynx,https://x.com/aa2/status/77\n")
	for i := range 2 {
		fmt.Fprintf(&forged, `{"genre":"social","author":"x/aa%d","url":"https://x.com/aa%d/status/77","text":"RT @aa0: via @aa0","published":"2026-01-20T00:00:00Z","claims":[{"subject":"ipv4:45.134.21.40","relation":"indicates","object":"label:coldlynx"}]}`+"\n", i+1, i+1)
	}
	fmt.Fprint(&burst, `{"genre":"social","author":"x/aa2","url":"https://x.com/aa2/status/78","text":"list","published":"2026-01-12T11:00:00Z","claims":[`)
	for i := range 209 {
		fmt.Fprintf(&burst, `{"subject":"ipv4:46.31.77.%d","relation":"indicates","object":"label:z"},`, i+20)
	}
	db := newStore(t)
	imported(t, db, now, "tweetfeed", "tf.csv", table.String())
	before, alone := choir(t, db, now, row), choir(t, db, now, "ipv4:45.134.21.41 indicates label:coldlynx")
	imported(t, db, now, "", "relays.jsonl", forged.String())
	imported(t, db, now, "", "burst.jsonl", strings.TrimSuffix(burst.String(), ",")+"]}\n")
	if after := choir(t, db, now, row); before.Origins != 3 || after.Origins != 3 || after.Confidence != "High" {
		t.Errorf("%d voices, and %d, %s, once another file says that two have it from the third", before.Origins, after.Origins, after.Confidence)
	}
	if after := choir(t, db, now, "ipv4:45.134.21.41 indicates label:coldlynx"); after.Believed != alone.Believed || alone.Believed < 0.8 {
		t.Errorf("believed %v, and %v once another file writes much in the account's name", alone.Believed, after.Believed)
	}
}
