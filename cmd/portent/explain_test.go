package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// told is what explain prints of a row.
type told struct {
	Row                     string
	Link                    intel.Link
	Probability, Recomputed float64
	Dated                   bool
	Steps                   []score.Step
}

// recompute is the formula of docs/confidence.md, written anew.
func (e told) recompute() float64 {
	doubt, consent := .99, 1.
	for _, s := range e.Steps {
		if s.With != "" {
			continue
		}
		if q := s.Reliability * s.Directness * s.Fading; s.Stance == intel.Disputes {
			consent *= 1 - .9*q
		} else {
			doubt *= 1 - q
		}
	}
	return .98 * (1 - doubt) * consent
}

func TestEveryRowIsRecomputedFromWhatIsStored(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	for i, text := range []string{
		`{"source":"a","text":"Cold Lynx uses Nightbell at 45.134.21.8 and evil.org.","published":"2026-05-01T00:00:00Z","claims":[{"subject":"ipv4:45.134.21.8","relation":"indicates","object":"actor:cold-lynx"},{"subject":"actor:cold-lynx","relation":"originates-from","object":"country:RU"}]}`,
		`{"source":"b","text":"We saw it too.","published":"2026-06-01T00:00:00Z","claims":[{"subject":"ipv4:45.134.21.8","relation":"indicates","object":"actor:cold-lynx"}]}`,
		`{"source":"c","text":"No, it was not them.","published":"2026-07-01T00:00:00Z","claims":[{"subject":"ipv4:45.134.21.8","relation":"indicates","object":"actor:cold-lynx","stance":1}]}`,
		`{"source":"d","text":"Nobody knows when.","claims":[{"subject":"domain:evil.org","relation":"indicates","object":"actor:cold-lynx"}]}`,
	} {
		path := file(t, fmt.Sprintf("%d.jsonl", i), []byte(text+"\n"))
		printed(t, exitDone, "--db", db, "--now", "2026-10-01", "import", "--source", string(rune('a'+i)), "--as", "documents", path)
	}
	raw, err := sql.Open("sqlite", strings.TrimPrefix(db, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	last := 0
	if err := raw.QueryRowContext(t.Context(), "SELECT max(id) FROM links").Scan(&last); err != nil {
		t.Fatal(err)
	}
	disputed, undated, n := false, false, 0
	for id := 1; id <= last; id++ {
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"--db", db, "--json", "explain", fmt.Sprint(id)}, strings.NewReader(""), &out, &errs)
		if code == exitFailed && strings.Contains(errs.String(), "not found") {
			continue
		}
		var e told
		if err := json.Unmarshal(out.Bytes(), &e); code != exitDone || err != nil {
			t.Fatalf("row %d: exit %d, err %v: %s", id, code, err, &errs)
		}
		n++
		if math.Abs(e.Probability-e.recompute()) > 1e-9 || math.Abs(e.Recomputed-e.Probability) > 1e-9 {
			t.Errorf("row %d: %v is stored, %v told, %v by its steps", id, e.Probability, e.Recomputed, e.recompute())
		}
		for _, s := range e.Steps {
			disputed = disputed || s.Stance == intel.Disputes
		}
		undated = undated || !e.Dated
		var again told
		line := printed(t, exitDone, "--db", db, "--json", "explain", e.Link.String())
		if err := json.Unmarshal([]byte(line), &again); err != nil || again.Row != e.Row {
			t.Errorf("%s is row %s, by its id %s", e.Link, again.Row, e.Row)
		}
	}
	if n < 4 || !disputed || !undated {
		t.Errorf("%d rows, disputed %v, undated %v: the test lost what it tests", n, disputed, undated)
	}
}

func TestRowsThatAreWeighedAnewAreRecomputedToo(t *testing.T) {
	db := newStore(t)
	path := file(t, "a.jsonl", []byte(`{"source":"a","text":"We saw it.","published":"2026-05-01T00:00:00Z","claims":[{"subject":"ipv4:45.134.21.8","relation":"indicates","object":"actor:cold-lynx"}]}
{"source":"b","text":"We saw it, too.","published":"2026-06-01T00:00:00.123456Z","claims":[{"subject":"domain:evil.org","relation":"indicates","object":"actor:cold-lynx"}]}
`))
	printed(t, exitDone, "--db", db, "--now", "2026-10-01", "import", "--source", "a", "--as", "documents", path)
	explained := func(row string) (e told) {
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--json", "explain", row)), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	row := "ipv4:45.134.21.8 indicates actor:cold-lynx"
	before := explained(row)
	// The third is that the actor routes through the country of the address.
	if out := printed(t, exitDone, "--db", db, "--now", "2027-01-01", "--json", "reprocess", "--scores"); strings.TrimSpace(out) != `{"rows":3}` {
		t.Errorf("reprocess prints %s", out)
	}
	after := explained(row)
	if after.Row != before.Row || after.Probability >= before.Probability || math.Abs(after.Probability-after.recompute()) > 1e-9 {
		t.Errorf("before %+v, after %+v, recomputed %v; want the row with less of it left", before, after, after.recompute())
	}
}

func TestAVerdictIsTheFirstCommandOfADay(t *testing.T) {
	db := newStore(t)
	path := file(t, "a.csv", []byte("type,value,actor,date\nipv4,45.1.2.3,Cold Lynx,2026-11-01\ndomain,bad.evil-site.org,Cold Lynx,2026-11-01\n"))
	printed(t, exitDone, "--db", db, "--now", "2026-11-20", "import", "--source", "acme", "--reliability", "B", path)
	row := "ipv4:45.1.2.3 indicates actor:cold-lynx"
	printed(t, exitDone, "--db", db, "--now", "2026-11-21", "row", "confirm", row, "--by", "ana")
	for _, day := range []string{"2026-11-21", "2026-11-22", "2026-12-24"} {
		printed(t, exitDone, "--db", db, "--now", day, "explain", row)
	}
}

func TestALookupOfAFragmentTellsWhoUsesIt(t *testing.T) {
	db := newStore(t)
	heardOf(t, db, "mone", "2026-09-10", "actor:cold-lynx uses file:/help_25_06.php")
	var f struct {
		Actors      []string
		Level       string
		Probability float64
	}
	row := explainedAs(t, db, "actor:cold-lynx uses file:/help_25_06.php")
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-10-01", "--json", "lookup", "file:/help_25_06.php")), &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Actors) != 1 || f.Actors[0] != "actor:cold-lynx" || f.Probability != row.Believed || f.Level == "" {
		t.Errorf("%+v, explained %+v", f, row)
	}
}

func TestALookupIsDatedByTheLinesOfAList(t *testing.T) {
	db := newStore(t)
	list := file(t, "list.csv", []byte("value,actor,date\n91.92.3.17,APT28,2026-01-02\n91.92.3.17,APT28,2026-03-09\n91.92.3.18,APT28,2026-03-20\n"))
	printed(t, exitDone, "--db", db, "--now", "2026-04-01", "import", list)
	var f struct {
		First string `json:"first_seen"`
		Last  string `json:"last_seen"`
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-04-01", "--json", "lookup", "91.92.3.17")), &f); err != nil || !strings.HasPrefix(f.First, "2026-01-02") {
		t.Errorf("%+v, err %v", f, err)
	}
}

func TestARowThatIsNoneIsNamed(t *testing.T) {
	db := newStore(t)
	for row, code := range map[string]int{"nonsense": exitUsage, "7": exitFailed, "ipv4:1.2.3.4 indicates actor:x": exitFailed, "ipv4:1.2.3.4 indicates x": exitUsage} {
		var out, errs bytes.Buffer
		if got := run(t.Context(), []string{"--db", db, "explain", row}, strings.NewReader(""), &out, &errs); got != code || !strings.Contains(errs.String(), strings.Fields(row)[0]) && code != exitUsage {
			t.Errorf("explain %q: exit %d, want %d: %s", row, got, code, &errs)
		}
	}
}

// The first line and confidence in JSON are what all else that is printed of a
// row has, whatever its evidence comes to.
func TestExplainBeginsWithHowFarTheRowIsBelieved(t *testing.T) {
	db, row := newStore(t), "ipv4:45.134.21.8 indicates actor:cold-lynx"
	printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "import", "--source", "feed", "--as", "documents", "--reliability", "B", file(t, "d.jsonl", claims(row)))
	printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "suppress", "45.134.21.8")
	for _, args := range [][]string{nil, {"--as-of", "2026-03-05"}} {
		args = append([]string{"--db", db, "--now", "2026-03-06", "explain", row}, args...)
		text := printed(t, exitDone, args...)
		if !strings.HasPrefix(text, row+": Low (0.01)") || !strings.Contains(text, "voices: 1") {
			t.Errorf("%v of a row that is set aside:\n%s", args, text)
		}
		var e struct{ Confidence intel.Level }
		if err := json.Unmarshal([]byte(printed(t, exitDone, append(args, "--json")...)), &e); err != nil || e.Confidence != intel.Low {
			t.Errorf("%v in JSON: %q, err %v; want Low", args, e.Confidence, err)
		}
	}
	if text := printed(t, exitDone, "--db", db, "--now", "2026-03-06", "explain", row); strings.Contains(text, "today") || !strings.Contains(text, "as of 2026-03-06") {
		t.Errorf("want the day named:\n%s", text)
	}
	printed(t, exitUsage, "--db", db, "--as-of", "0001-01-01", "explain", row)
}

func TestPagesAndExplainHaveOneDirectnessForAPieceOfEvidence(t *testing.T) {
	db, row := newStore(t), "ipv4:45.134.21.8 indicates actor:cold-lynx"
	printed(t, exitDone, "--db", db, "-q", "--now", "2026-03-04", "import", "--source", "feed", "--as", "documents", "--reliability", "B", file(t, "d.jsonl", claims(row)))
	var e told
	var p struct{ IOC []intel.Row }
	for v, args := range map[any][]string{&e: {"explain", row}, &p: {"profile", "cold-lynx", "--format", "json"}} {
		if err := json.Unmarshal([]byte(printed(t, exitDone, append([]string{"--db", db, "--json", "--now", "2026-03-04"}, args...)...)), v); err != nil {
			t.Fatal(err)
		}
	}
	if len(e.Steps) != 1 || len(p.IOC) != 1 || len(p.IOC[0].Evidence) != 1 {
		t.Fatalf("%+v and %+v: the test lost what it tests", e, p)
	}
	if w := p.IOC[0].Evidence[0].Weight; math.Abs(w-e.Steps[0].Directness) > 1e-9 {
		t.Errorf("%v in the profile, %v explained", w, e.Steps[0].Directness)
	}
}

// TestSeveralRowsAreExplainedOneByOne has two ids, a row in quotes beside one, and the words
// of one row without quotes.
func TestSeveralRowsAreExplainedOneByOne(t *testing.T) {
	db := newStore(t)
	imported(t, db, "2026-02-10", "", "iocs.csv", "value,actor,date\n45.134.21.40,Cold Lynx,2026-02-01\n45.134.21.41,Cold Lynx,2026-02-01\n")
	ids := make([]string, 2)
	for i := range ids {
		var e struct{ Row string }
		row := fmt.Sprintf("ipv4:45.134.21.4%d indicates actor:cold-lynx", i)
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--json", "explain", row)), &e); err != nil {
			t.Fatal(err)
		}
		ids[i] = e.Row
	}
	for what, args := range map[string][]string{"ids": ids, "an id and a row": {ids[0], "45.134.21[.]41 indicates actor:cold-lynx"}} {
		for flag, lines := range map[string]int{"--json": 2, "-q": 0} {
			text := printed(t, exitDone, append([]string{"--db", db, flag, "explain"}, args...)...)
			if strings.Count(text, "45.134.21.40") == 0 || strings.Count(text, "45.134.21.41") == 0 || lines > 0 && strings.Count(text, "\n") != lines {
				t.Errorf("%s: %s", what, text)
			}
		}
		if text := printed(t, exitDone, append([]string{"--db", db, "explain", "--history"}, args...)...); strings.Count(text, "by the rules of today") != 2 {
			t.Errorf("%s: histories %s", what, text)
		}
	}
	if text := printed(t, exitDone, "--db", db, "explain", "45.134.21.40", "indicates", "Cold", "Lynx"); strings.Count(text, "as of") == 0 || strings.Contains(text, "45.134.21.41") {
		t.Error(text)
	}
	var errs bytes.Buffer
	if code := run(t.Context(), []string{"--db", db, "explain", ids[0], "999999"}, strings.NewReader(""), &bytes.Buffer{}, &errs); code != exitFailed || !strings.Contains(errs.String(), "row 999999") {
		t.Errorf("a row that is none: exit %d, %s", code, &errs)
	}
}

// TestWhatIsUnknownKeepsNoOtherFromBeingExplained asks for rows of which some are none.
func TestWhatIsUnknownKeepsNoOtherFromBeingExplained(t *testing.T) {
	db := newStore(t)
	imported(t, db, "2026-02-10", "", "iocs.csv", "value,actor,date\n45.134.21.40,Cold Lynx,2026-02-01\n45.134.21.41,Cold Lynx,2026-02-01\n")
	const known, none = "ipv4:45.134.21.4%d indicates actor:cold-lynx", "ipv4:45.134.21.99 indicates actor:cold-lynx"
	for flag, lines := range map[string]int{"--json": 2, "-q": 0} {
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"--db", db, flag, "explain", "999999", fmt.Sprintf(known, 0), none, "999998", fmt.Sprintf(known, 1)}, strings.NewReader(""), &out, &errs)
		for _, want := range []string{"row 999999", "row 999998", none} {
			if code != exitFailed || strings.Count(errs.String(), want) != 1 {
				t.Errorf("exit %d, no %q in %s", code, want, &errs)
			}
		}
		text := out.String()
		if !strings.Contains(text, "45.134.21.40") || !strings.Contains(text, "45.134.21.41") || strings.HasPrefix(text, "\n") || lines > 0 && strings.Count(text, "\n") != lines {
			t.Errorf("%s", text)
		}
	}
}

func TestWhatATextSaysBeyondWhatIsWeighedIsTold(t *testing.T) {
	dir, db := t.TempDir(), newStore(t)
	if err := os.MkdirAll(filepath.Join(dir, "misp-galaxy", "clusters"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "misp-galaxy", "clusters", "threat-actor.json"), []byte(`{"type":"threat-actor","name":"x","version":1,"values":[{"value":"Cold Lynx","uuid":"1"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	printed(t, exitDone, "--db", db, "-q", "sync", "--from", dir, "actors")
	var long strings.Builder
	for i := range 5_300 {
		fmt.Fprintf(&long, "Cold Lynx used 51.15.%d.%d in May.\n\n", 20+i/200, 1+i%200)
	}
	for name, text := range map[string]string{"long.md": long.String(), "short.md": "Their server of May is 51.15.200.7, which Cold Lynx used."} {
		doc, err := json.Marshal(map[string]any{"genre": "report", "url": "https://lab.example/" + name, "text": text, "claims": []map[string]string{{"subject": "actor:cold-lynx", "relation": "uses", "object": "tool:coldkit"}}})
		if err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"--db", db, "--now", "2026-03-06", "import", "--source", "lab", file(t, name+".jsonl", append(doc, '\n'))}, strings.NewReader(""), &out, &errs)
		if cut := strings.Contains(errs.String(), "pieces are left out"); code != exitDone || cut != (name == "long.md") {
			t.Errorf("import of %s exits %d and says %s", name, code, &errs)
		}
	}
	for range 2 {
		var errs bytes.Buffer
		if code := run(t.Context(), []string{"--db", db, "explain", "51.15.46.100 indicates actor:cold-lynx"}, strings.NewReader(""), &bytes.Buffer{}, &errs); code != exitFailed || !strings.Contains(errs.String(), "say more than is weighed of one text: 1, with ") {
			t.Errorf("explain of what was cut exits %d and says %s", code, &errs)
		}
		if text := printed(t, exitDone, "--db", db, "--now", "2026-03-06", "lookup", "51.15.46.100", "51.15.200.7"); strings.Count(text, "more than is weighed of one text: 1, with ") != 1 {
			t.Errorf("lookup prints %s", text)
		}
		for row, documents := range map[string]int{"51.15.20.1 indicates actor:cold-lynx": 1, "actor:cold-lynx uses tool:coldkit": 1, "51.15.200.7 indicates actor:cold-lynx": 0} {
			var e struct{ Unweighed intel.Unweighed }
			if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-03-06", "--json", "explain", row)), &e); err != nil {
				t.Fatal(err)
			}
			if e.Unweighed.Documents != documents || (e.Unweighed.Pieces >= 300) != (documents > 0) {
				t.Errorf("%s: %+v, want %d documents", row, e.Unweighed, documents)
			}
			text := printed(t, exitDone, "--db", db, "--now", "2026-03-06", "explain", row)
			if told := strings.Contains(text, fmt.Sprintf("more than is weighed of one text: %d, with %d pieces more", documents, e.Unweighed.Pieces)); told != (documents > 0) {
				t.Errorf("explain prints %s", text)
			}
		}
		printed(t, exitDone, "--db", db, "--now", "2026-03-06", "-q", "reprocess", "--all")
	}
}

func TestTheNameThatARowOfANameIsAboutNeedsNoKind(t *testing.T) {
	db := newStore(t)
	for _, source := range []string{"mone", "mtwo"} {
		heardOf(t, db, source, "2026-09-10", "actor:fancy-bear alias-of actor:apt28")
	}
	if text := printed(t, exitDone, "--db", db, "--now", "2026-10-01", "lookup", "Fancy Bear"); !strings.HasPrefix(text, "Fancy Bear: Apt28 ") {
		t.Fatalf("the name stands for nobody, so that this tests nothing:\n%s", text)
	}
	want := printed(t, exitDone, "--db", db, "--now", "2026-10-01", "explain", "actor:fancy-bear alias-of actor:apt28")
	for _, row := range []string{"fancy-bear alias-of actor:apt28", "Fancy Bear alias-of APT28", "actor:fancy-bear alias-of apt28"} {
		if got := printed(t, exitDone, "--db", db, "--now", "2026-10-01", "explain", row); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", row, got, want)
		}
	}
	for row, code := range map[string]int{"grey-ant alias-of actor:apt28": exitFailed, "... alias-of actor:apt28": exitUsage} {
		printed(t, code, "--db", db, "--now", "2026-10-01", "explain", row)
	}
}
