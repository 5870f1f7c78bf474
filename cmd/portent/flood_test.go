package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// believedRow is what explain and lookup print of a row.
type believedRow struct {
	Confidence            string
	Probability, Believed float64
	Origins, Independent  int
	Now                   float64 `json:"probability_now"`
	Speakers              int
}

func explainedRow(t *testing.T, db, row string, args ...string) (r believedRow) {
	t.Helper()
	line := printed(t, exitDone, append([]string{"--db", db, "--json", "explain", row}, args...)...)
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAFeedThatCitesManySitesIsOneVoice(t *testing.T) {
	var feed bytes.Buffer
	feed.WriteString("indicator,type,actor,date,reference\n")
	for i := range 40 {
		fmt.Fprintf(&feed, "45.134.21.8,ip,Cold Lynx,2026-%02d-%02d,https://vendor%d.example/report\n", 1+i/28, 1+i%28, i)
	}
	const row = "ipv4:45.134.21.8 indicates actor:cold-lynx"
	onEachStore(t, func(t *testing.T, db string) {
		take := func(source, name string, content []byte) {
			printed(t, exitDone, "--db", db, "--now", "2026-02-20", "import", "--source", source, "--reliability", "A", file(t, name, content))
		}
		take("feed", "feed.csv", feed.Bytes())
		r := explainedRow(t, db, row)
		if r.Confidence != "Medium" || r.Origins != 1 || r.Independent < 10 || r.Speakers != 1 || r.Probability < 0.8 {
			t.Errorf("one feed: %+v, want one voice, Medium however probable", r)
		}
		if text := printed(t, exitDone, "--db", db, "explain", row); !strings.Contains(text, "its word alone, and Medium at most") {
			t.Errorf("explain does not tell why:\n%s", text)
		}
		take("second", "second.csv", []byte("indicator,type,actor,date\n45.134.21.8,ip,Cold Lynx,2026-02-18\n"))
		if r := explainedRow(t, db, row); r.Confidence != "High" || r.Origins != 2 {
			t.Errorf("with a second source: %+v, want High", r)
		}
	})
}

// said is a line of a file of documents: what an account posts.
func said(author, day, text string) string {
	return fmt.Sprintf(`{"genre":"social","author":"x/%s","published":"%sT00:00:00Z","text":%q,"claims":[{"subject":"ipv4:45.134.21.8","relation":"indicates","object":"actor:cold-lynx"}]}`+"\n", author, day, text)
}

func TestWhoPassesOnIsNoVoiceOfItsOwnHoweverLate(t *testing.T) {
	t.Parallel()
	const row = "ipv4:45.134.21.8 indicates actor:cold-lynx"
	for _, c := range []struct {
		what   string
		posts  [][]string // of a source each
		voices int
	}{
		{"two who saw it", [][]string{{said("bob", "2026-01-02", "Cold Lynx again")}, {said("ann", "2026-02-02", "Cold Lynx sits there, saw it in our logs")}}, 2},
		{"one who has it from the other, a month later", [][]string{{said("Bob", "2026-01-02", "Cold Lynx again")}, {said("ann", "2026-02-02", "Cold Lynx C2, h/t @bob")}}, 1},
		{"and the other way round in time of import", [][]string{{said("ann", "2026-02-02", "Cold Lynx C2, h/t @bob")}, {said("Bob", "2026-01-02", "Cold Lynx again")}}, 1},
		{"a chain of three", [][]string{{said("ann", "2026-03-02", "Cold Lynx C2 via @bob")}, {said("bob", "2026-02-02", "RT @eve: Cold Lynx C2")}, {said("eve", "2026-01-02", "Mine: a Cold Lynx C2")}}, 1},
		{"a chain whose first never posted", [][]string{{said("ann", "2026-03-02", "Cold Lynx C2 via @bob")}, {said("bob", "2026-02-02", "RT @eve: Cold Lynx C2")}}, 1},
		{"a circle", [][]string{{said("ann", "2026-03-02", "Cold Lynx C2 via @bob")}, {said("bob", "2026-02-02", "Cold Lynx via @eve")}, {said("eve", "2026-01-02", "Cold Lynx, credit to @ann")}}, 1},
		{"a chain, and one who saw it", [][]string{{said("ann", "2026-03-02", "Cold Lynx C2 via @bob")}, {said("bob", "2026-02-02", "RT @eve: Cold Lynx C2")}, {said("dan", "2026-01-02", "Saw Cold Lynx there")}}, 2},
		{"one who cites the other's post", [][]string{{said("bob", "2026-01-02", "Cold Lynx again")}, {said("ann", "2026-02-02", "Cold Lynx, source: https://x.com/Bob/status/99")}}, 1},
	} {
		t.Run(c.what, func(t *testing.T) {
			onEachStore(t, func(t *testing.T, db string) {
				for i, lines := range c.posts {
					printed(t, exitDone, "--db", db, "--now", "2026-03-04", "import", "--source", fmt.Sprintf("crawl%d", i), "--as", "documents", file(t, "posts.jsonl", []byte(strings.Join(lines, ""))))
				}
				r := explainedRow(t, db, row, "--now", "2026-03-04")
				if r.Origins != c.voices {
					t.Errorf("%+v, want %d voices", r, c.voices)
				}
				printed(t, exitDone, "--db", db, "--now", "2026-03-04", "reprocess", "--scores")
				if again := explainedRow(t, db, row, "--now", "2026-03-04"); again != r {
					t.Errorf("weighed anew %+v, before %+v", again, r)
				}
			})
		})
	}
}

func TestFeedsThatNameWhoseTheirRowsAreAreOneVoiceWithIt(t *testing.T) {
	t.Parallel()
	const row = "ipv4:45.134.21.8 indicates actor:cold-lynx"
	vendor := `{"genre":"report","author":"Acme Labs","published":"2026-01-02T00:00:00Z","title":"Cold Lynx","text":"We saw it.","claims":[{"subject":"ipv4:45.134.21.8","relation":"indicates","object":"actor:cold-lynx"}]}` + "\n"
	bundle := `{"type":"bundle","id":"bundle--1","objects":[{"type":"identity","id":"identity--7","name":"Acme Labs","created":"2026-02-02T00:00:00Z"},
		{"type":"intrusion-set","id":"intrusion-set--1","name":"Cold Lynx","created":"2026-02-02T00:00:00Z"},
		{"type":"indicator","id":"indicator--1","created_by_ref":"identity--7","created":"2026-02-02T00:00:00Z","valid_from":"2026-02-02T00:00:00Z","pattern_type":"stix","pattern":"[ipv4-addr:value = '45.134.21.8']"},
		{"type":"relationship","id":"relationship--1","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"intrusion-set--1","created":"2026-02-02T00:00:00Z"}]}`
	misp := `{"Event":{"uuid":"5f0c8a7e-0000-4000-8000-000000000001","info":"Cold Lynx","date":"2026-02-20","Orgc":{"name":"Acme Labs"},"Tag":[{"name":"misp-galaxy:threat-actor=\"Cold Lynx\""}],
		"Attribute":[{"type":"ip-dst","value":"45.134.21.8","to_ids":true,"timestamp":"1771545600"}]}}`
	for _, c := range []struct {
		what, name, content string
		voices              int
	}{
		{"a STIX bundle created by it", "b.json", bundle, 1},
		{"a MISP event of its organisation", "e.json", misp, 1},
		{"a table with a column of sources", "t.csv", "indicator,type,actor,date,source\n45.134.21.8,ip,Cold Lynx,2026-02-20,acme labs\n", 1},
		{"a table of another", "t.csv", "indicator,type,actor,date,source\n45.134.21.8,ip,Cold Lynx,2026-02-20,Other Labs\n", 2},
		{"a table that names nobody", "t.csv", "indicator,type,actor,date\n45.134.21.8,ip,Cold Lynx,2026-02-20\n", 2},
	} {
		t.Run(c.what, func(t *testing.T) {
			db := newStore(t)
			printed(t, exitDone, "--db", db, "--now", "2026-03-04", "import", "--source", "acme", "--as", "documents", file(t, "v.jsonl", []byte(vendor)))
			printed(t, exitDone, "--db", db, "--now", "2026-03-04", "import", "--source", "feed", file(t, c.name, []byte(c.content)))
			if r := explainedRow(t, db, row); r.Origins != c.voices {
				t.Errorf("%+v, want %d voices", r, c.voices)
			}
		})
	}
}

func TestListsThatNameTheirFeedAreOneVoice(t *testing.T) {
	db := newStore(t)
	for _, name := range []string{"a", "b"} {
		printed(t, exitDone, "--db", db, "--now", "2026-03-04", "import", "--source", name,
			file(t, name+".txt", []byte("# mirror "+name+"\n# Source: https://feodotracker.abuse.ch/blocklist/\n45.134.21.8\n45.134.21.9\n")))
	}
	if r := explainedRow(t, db, "ipv4:45.134.21.8 indicates label:untagged"); r.Origins != 1 {
		t.Errorf("%+v, want one voice", r)
	}
}

func TestAListIsRatedByTheVoicesThatExplainCounts(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	feeds := map[string]string{}
	for i, at := range []string{"2026-01-02", "2026-01-03", "2026-02-02", "2026-02-20"} { // of which the first two are within two days
		for j := range 4 - i { // 45.134.21.0 is said by one, 45.134.21.3 by four
			feeds[fmt.Sprint("f", i)] += fmt.Sprintf("45.134.21.%d,ip,Cold Lynx,%s\n", 13-j, at)
		}
	}
	for name, rows := range feeds {
		printed(t, exitDone, "--db", db, "--now", "2026-03-04", "import", "--source", name, file(t, name+".csv", []byte("indicator,type,actor,date\n"+rows)))
	}
	v := rate(t, db, file(t, "list.txt", []byte("45.134.21.10\n45.134.21.11\n45.134.21.12\n45.134.21.13\n")), "--now", "2026-03-04")
	for i, want := range []int{1, 1, 2, 3} {
		e := explainedRow(t, db, "ipv4:"+v.rows[i].Value+" indicates actor:cold-lynx")
		if v.rows[i].Origins != want || e.Origins != want {
			t.Errorf("%s: %d voices rated, %d explained, want %d", v.rows[i].Value, v.rows[i].Origins, e.Origins, want)
		}
	}
}
