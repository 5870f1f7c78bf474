package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/intel"
)

// prey is what hunts look for: two indicators of one actor, and a flaw that it
// exploits with a file and an argument.
const prey = `{"type":"bundle","id":"bundle--1","objects":[
{"type":"intrusion-set","id":"intrusion-set--1","name":"Cold Lynx","created":"2026-01-02T03:04:05Z"},
{"type":"indicator","id":"indicator--1","created":"2026-01-02T00:00:00Z","pattern":"[domain-name:value = 'c2.bell-night.com']"},
{"type":"indicator","id":"indicator--2","created":"2026-01-02T00:00:00Z","pattern":"[ipv4-addr:value = '45.134.21.8']"},
{"type":"relationship","id":"relationship--1","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"intrusion-set--1","created":"2026-01-03T00:00:00Z"},
{"type":"relationship","id":"relationship--2","relationship_type":"indicates","source_ref":"indicator--2","target_ref":"intrusion-set--1","created":"2026-01-03T00:00:00Z"}]}`

const preyText = `{"id":"0123456789abcdef0123456789abcdef","source":"lab","genre":"report","title":"Notes","text":"","published":"2026-01-04T00:00:00Z","claims":[
{"subject":"actor:cold-lynx","relation":"uses","object":"file:/panel/up.php"},
{"subject":"actor:cold-lynx","relation":"exploits","object":"vulnerability:CVE-2025-10001"},
{"subject":"vulnerability:CVE-2025-10001","relation":"affects","object":"file:/api/tok.cgi"},
{"subject":"vulnerability:CVE-2025-10001","relation":"affects","object":"argument:tok"}]}`

func hunted(t *testing.T, db string, want int, args ...string) (lines []string, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{"--db", db, "--now", "2026-03-05T12:00:00Z"}, args...)
	if code := run(t.Context(), args, strings.NewReader(huntLog), &out, &errs); code != want {
		t.Fatalf("portent %v: exit %d, want %d\n%s", args, code, want, errs.String())
	}
	return slices.DeleteFunc(strings.Split(out.String(), "\n"), func(s string) bool { return s == "" }), errs.String()
}

const huntLog = `10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET http://www.c2.bell-night.com/a HTTP/1.1" 200 5
10.0.0.1 - - [01/Mar/2026:10:20:00 +0000] "GET http://c2.bell-night.com/panel/up.php?tok=1 HTTP/1.1" 200 5
45.134.21.8 - - [01/Mar/2026:12:00:00 +0000] "GET /x/api/tok.cgi?tok=1&id=2 HTTP/1.1" 200 5
a line of no format with 45.134.21.8
`

func preyStore(t *testing.T) string {
	t.Helper()
	db := newStore(t)
	for name, text := range map[string]string{"prey.json": prey, "prey.jsonl": strings.ReplaceAll(preyText, "\n", "")} {
		if code, c, errs := portent(t, db, "import", file(t, name, []byte(text))); code != exitDone || c.Documents == 0 {
			t.Fatalf("%s: exit %d, %+v: %s", name, code, c, errs)
		}
	}
	return db
}

func TestHuntPrintsMatchesAndASummary(t *testing.T) {
	db, log := preyStore(t), file(t, "access.log", []byte(huntLog))
	lines, errs := hunted(t, db, exitDone, "hunt", log)
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, log+":")
	}
	if diff := cmp.Diff([]string{
		"1: domain:c2.bell-night.com observed host actor:cold-lynx",
		"2: domain:c2.bell-night.com observed host actor:cold-lynx",
		"3: ipv4:45.134.21.8 observed client actor:cold-lynx",
		"4: ipv4:45.134.21.8 observed actor:cold-lynx",
	}, redacted(lines)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !strings.Contains(errs, fmt.Sprintf("4 matches in %d bytes", len(huntLog))) {
		t.Errorf("remarks: %s", errs)
	}
	lines, _ = hunted(t, db, exitDone, "--json", "hunt", "--profile", "cold lynx", "-")
	type match struct {
		File, Entity, Field string
		Line, Offset        int64
		Probability         float64
		Actors              []string
		Predicted           *bool
	}
	var got []string
	for _, l := range lines[:len(lines)-1] {
		var m match
		if err := json.Unmarshal([]byte(l), &m); err != nil {
			t.Fatal(err)
		}
		if m.File != "-" || m.Predicted == nil || m.Probability <= 0 || !slices.Equal(m.Actors, []string{"actor:cold-lynx"}) || strings.Count(huntLog[:m.Offset], "\n")+1 != int(m.Line) {
			t.Errorf("got %s", l)
		}
		got = append(got, fmt.Sprint(m.Line, " ", m.Entity, " ", m.Field, " ", *m.Predicted))
	}
	if diff := cmp.Diff([]string{
		"1 domain:c2.bell-night.com host false", "2 domain:c2.bell-night.com host false", "2 file:/panel/up.php path false",
		"3 ipv4:45.134.21.8 client false", "3 file:/api/tok.cgi path true", "3 argument:tok query.tok true", "4 ipv4:45.134.21.8  false",
	}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var sum struct{ Bytes, Matches int }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &sum); err != nil || sum.Bytes != len(huntLog) || sum.Matches != 7 {
		t.Errorf("summary %s, err %v", lines[len(lines)-1], err)
	}
}

func TestAHuntLeavesOutWhatIsHardlyBelieved(t *testing.T) {
	db, log := preyStore(t), file(t, "access.log", []byte(huntLog))
	junk := `{"source":"board","author":"nobody","genre":"social","reliability":"E","title":"","text":"","published":"2025-06-04T00:00:00Z","claims":[
{"subject":"filename:tok.cgi","relation":"indicates","object":"actor:cold-lynx"},{"subject":"user-agent:Mozilla/5.0","relation":"indicates","object":"actor:cold-lynx"},
{"subject":"mutex:HTTP/1.1","relation":"indicates","object":"actor:cold-lynx"},{"subject":"actor:cold-lynx","relation":"uses","object":"argument:id"}]}`
	if code, c, errs := portent(t, db, "import", file(t, "junk.jsonl", []byte(strings.ReplaceAll(junk, "\n", "")))); code != exitDone || c.Documents != 1 {
		t.Fatalf("exit %d, %+v: %s", code, c, errs)
	}
	for least, want := range map[string]int{"": 7, "0": 9, "0.9": 2} { // 2 are predicted
		args := []string{"hunt", "--profile", "cold lynx", log}
		if least != "" {
			args = append(args, "--min-probability", least)
		}
		lines, errs := hunted(t, db, exitDone, args...)
		if len(lines) != want {
			t.Errorf("at least %q: %d matches, want %d\n%s", least, len(lines), want, strings.Join(lines, "\n"))
		}
		if strings.Contains(errs, "believed less") == (least == "0") {
			t.Errorf("at least %q: %s", least, errs)
		}
	}
	for _, bad := range []string{"-1", "1.5", "NaN", "x"} {
		hunted(t, db, exitUsage, "hunt", "--min-probability="+bad, log)
	}
}

// redacted leaves out probabilities, which are score's affair.
func redacted(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		f := strings.Fields(l)
		f = slices.Delete(f, 2, 3)
		out[i] = strings.Join(f, " ")
	}
	return out
}

func TestABrokenLogIsNamedAndTheOthersAreRead(t *testing.T) {
	db := preyStore(t)
	whole := zipped(t, []byte(strings.Repeat(huntLog, 500)))
	cut, good := file(t, "cut.log.gz", whole[:len(whole)-6]), file(t, "good.log", []byte(huntLog))
	gone := filepath.Join(t.TempDir(), "gone.log")
	lines, errs := hunted(t, db, exitPartial, "hunt", cut, gone, good)
	if len(lines) != 2004 || !strings.Contains(errs, "cut.log.gz: broke off after") || !strings.Contains(errs, "gone.log: not read: ") {
		t.Errorf("%d lines; %s", len(lines), errs)
	}
	if _, errs := hunted(t, db, exitFailed, "hunt", gone, t.TempDir()); !strings.Contains(errs, "no log could be read") {
		t.Errorf("remarks: %s", errs)
	}
	hunted(t, db, exitUsage, "hunt", "--from", "5", good, cut)
	if _, errs := hunted(t, newStore(t), exitDone, "hunt", good); !strings.Contains(errs, "nothing to hunt for") {
		t.Errorf("remarks: %s", errs)
	}
	if lines, _ := hunted(t, db, exitDone, "hunt", "--from", fmt.Sprint(strings.Index(huntLog, "a line of")), good); len(lines) != 1 || !strings.Contains(lines[0], ":4: ") {
		t.Errorf("from an offset: %q", lines)
	}
}

func TestALogThatIsNoTextIsNamed(t *testing.T) {
	t.Parallel()
	db := preyStore(t)
	packed, good := file(t, "old.log.xz", []byte("\xfd7zXZ\x00\x00\x04rest")), file(t, "good.log", []byte(huntLog))
	lines, errs := hunted(t, db, exitPartial, "hunt", packed, good)
	if len(lines) != 4 || !strings.Contains(errs, "old.log.xz: not read: no text: packed with xz") {
		t.Errorf("%d lines; %s", len(lines), errs)
	}
}

func TestAHuntFromBeyondTheEndSaysSo(t *testing.T) {
	db, log := preyStore(t), file(t, "access.log", []byte(huntLog))
	for from, want := range map[int]bool{len(huntLog): false, len(huntLog) + 1: true, 99999999: true} {
		lines, errs := hunted(t, db, exitDone, "hunt", "--from", fmt.Sprint(from), log)
		if told := strings.Contains(errs, fmt.Sprintf("ends at byte %d, before --from %d", len(huntLog), from)); told != want || len(lines) > 0 {
			t.Errorf("from %d of %d: %q %s", from, len(huntLog), lines, errs)
		}
	}
}

// stopping ends a hunt once it has read the log.
type stopping struct {
	io.Reader
	stop func()
}

func (s stopping) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if err != nil {
		s.stop()
		return n, nil
	}
	return n, nil
}

func TestAnInterruptedHuntTellsOnlyFromWhereItGoesOn(t *testing.T) {
	db := preyStore(t)
	for _, record := range []bool{false, true} {
		ctx, stop := context.WithCancel(t.Context())
		var out, errs bytes.Buffer
		args := []string{"--db", db, "hunt", "-", "next.log"}
		if record {
			args = append(args, "--record")
		}
		code := run(ctx, args, stopping{strings.NewReader(huntLog), stop}, &out, &errs)
		at := fmt.Sprint(len(huntLog))
		if code != exitPartial || !strings.Contains(errs.String(), "-: looked at up to byte "+at+"; --from "+at+" goes on") ||
			!strings.Contains(errs.String(), "not looked at: next.log") || strings.Contains(errs.String(), "the same command") {
			t.Errorf("recording %v: exit %d: %s", record, code, errs.String())
		}
	}
}

func TestAHuntObeysNothingThatALogSays(t *testing.T) {
	t.Parallel()
	db := preyStore(t)
	name := filepath.Join(t.TempDir(), "a\x1b[2Jb.log")
	if err := os.WriteFile(name, []byte(`{"k\u001b[2J`+"\x1b[3J"+`":"45.134.21.8"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"hunt", name}, {"--json", "hunt", name}} {
		if lines, errs := hunted(t, db, exitDone, args...); len(lines) == 0 || strings.Contains(strings.Join(lines, "")+errs, "\x1b") {
			t.Errorf("printed %q %q", lines, errs)
		}
	}
}

// TestASightingMovesTheIndicatorAndNobodysGuilt also records twice: the second
// time adds nothing that has a time of its own.
func TestASightingMovesTheIndicatorAndNobodysGuilt(t *testing.T) {
	t.Parallel()
	db, log := preyStore(t), file(t, "access.log", []byte(huntLog))
	type found struct {
		Probability float64
		Actors      []string
		Last        string  `json:"last_seen"`
		Again       float64 `json:"seen_again"`
		MISP        float64 `json:"misp_score"`
	}
	look := func(value string) (f found) {
		t.Helper()
		out := printed(t, exitDone, "--db", db, "--json", "--now", "2026-03-05T12:00:00Z", "lookup", value)
		if err := json.Unmarshal([]byte(out), &f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	_, before, _ := portent(t, db, "doctor")
	was := look("c2.bell-night.com")
	unseen := regexp.MustCompile(`"(seen_again|misp_score)":[0-9.e-]+,`)
	profiled := func() string {
		t.Helper()
		return printed(t, exitDone, "--db", db, "--now", "2026-03-05T12:00:00Z", "profile", "cold lynx", "--format", "json")
	}
	first := profiled()
	profile := unseen.ReplaceAllString(first, "")
	hunted(t, db, exitDone, "hunt", "--record", "--site", "east", "--profile", "cold lynx", log)
	_, after, _ := portent(t, db, "doctor")
	// the domain, the address at its hour and without one, two files, an argument
	if n := after.Documents - before.Documents; n != 6 || after.Evidence != before.Evidence || after.Waiting != 0 {
		t.Errorf("%d documents and %d pieces of evidence more, %d waiting", n, after.Evidence-before.Evidence, after.Waiting)
	}
	is := look("c2.bell-night.com")
	if is.Last != "2026-03-01T10:00:00Z" || was.Last >= is.Last || is.Probability != was.Probability || !slices.Equal(is.Actors, was.Actors) {
		t.Errorf("before %+v, after %+v", was, is)
	}
	if was.Again <= 0 || is.Again <= was.Again || is.MISP <= was.MISP {
		t.Errorf("seen again: before %+v, after %+v", was, is)
	}
	again := profiled()
	if unseen.ReplaceAllString(again, "") != profile {
		t.Errorf("the profile changed:\n%s", cmp.Diff(first, again))
	}
	for text, want := range map[string]found{first: was, again: is} {
		var p intel.Profile
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(p.IOC, func(r intel.Row) bool { return r.Value == "c2.bell-night.com" })
		if i < 0 || p.IOC[i].SeenAgain == nil || *p.IOC[i].SeenAgain != want.Again || *p.IOC[i].Polynomial != want.MISP {
			t.Errorf("row %d of %+v; looked up it is %+v", i, p.IOC, want)
		}
	}
	hunted(t, db, exitDone, "hunt", "--record", "--site", "east", log)
	if _, again, _ := portent(t, db, "doctor"); again.Documents != after.Documents {
		t.Errorf("%d documents more at the second hunt", again.Documents-after.Documents)
	}
	hunted(t, db, exitDone, "hunt", "--record", "--site", "west", log)
	if _, west, _ := portent(t, db, "doctor"); west.Documents != after.Documents+3 || west.Evidence != before.Evidence {
		t.Errorf("%d documents more of another site", west.Documents-after.Documents)
	}
}
