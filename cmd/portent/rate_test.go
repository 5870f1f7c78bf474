package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// A verdictOnList is what rate says of a list.
type verdictOnList struct {
	rows     []rated
	Rows     int
	Grade    score.Grade
	ByReason map[score.Reason]int `json:"by_reason"`
	ByGrade  map[score.Grade]int  `json:"by_grade"`
}

func rate(t *testing.T, db, path string, args ...string) (v verdictOnList) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), append([]string{"--db", db, "--json", "rate", path}, args...), strings.NewReader(""), &out, &errs); code != exitDone {
		t.Fatalf("rate %s: exit %d: %s", path, code, &errs)
	}
	lines := bufio.NewScanner(&out)
	for lines.Scan() {
		var r rated
		if !bytes.HasPrefix(lines.Bytes(), []byte(`{"row":`)) {
			if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		v.rows = append(v.rows, r)
	}
	if v.Rows != len(v.rows) {
		t.Errorf("%s: %d rows printed, %d counted", path, len(v.rows), v.Rows)
	}
	return v
}

func TestAListIsRatedRowByRow(t *testing.T) {
	db := newStore(t)
	for name, day := range map[string]string{"a": "2026-10-20", "b": "2026-10-27"} {
		printed(t, exitDone, "--db", db, "--now", "2026-11-01", "import", "--source", name, file(t, name+".csv", []byte("ioc,type,actor,date,reference\n45.134.21.8,ip,Cold Lynx,"+day+",https://"+name+".org/\n45.134.21."+map[string]string{"a": "9", "b": "10"}[name]+",ip,Cold Lynx,"+day+",https://"+name+".org/\n")))
	}
	v := rate(t, db, file(t, "list.txt", []byte("# a list\n45.134.21.8\n45.134.21.9\n45.134.21.77\n192.168.1.1\n8.8.8.8\n14.0.0.1\nhello\n")), "--now", "2026-11-01")
	want := []rated{
		{Row: 2, Value: "45.134.21.8", Grade: "A", Reasons: []score.Reason{score.Corroborated}, Origins: 2},
		{Row: 3, Value: "45.134.21.9", Grade: "B", Reasons: []score.Reason{score.SingleOrigin}, Origins: 1},
		{Row: 4, Value: "45.134.21.77", Grade: "C", Reasons: []score.Reason{score.Undated, score.Unknown}, Origins: 0},
		{Row: 5, Value: "192.168.1.1", Grade: "F", Reasons: []score.Reason{score.NonRoutable}, Origins: 0},
		{Row: 6, Value: "8.8.8.8", Grade: "F", Reasons: []score.Reason{score.Resolver}, Origins: 0},
		{Row: 7, Value: "14.0.0.1", Grade: "D", Reasons: []score.Reason{score.VersionLike, score.Undated, score.Unknown}, Origins: 0},
		{Row: 8, Value: "hello", Grade: "F", Reasons: []score.Reason{score.Malformed}, Origins: 0},
	}
	if !slices.EqualFunc(v.rows, want, func(a, b rated) bool {
		return a.Row == b.Row && a.Value == b.Value && a.Grade == b.Grade && slices.Equal(a.Reasons, b.Reasons) && a.Origins == b.Origins
	}) {
		t.Errorf("rated\n%+v\nwant\n%+v", v.rows, want)
	}
	if text := printed(t, exitDone, "--db", db, "--now", "2026-11-01", "rate", file(t, "two.txt", []byte("45.134.21.8\n45.134.21.9\n"))); !strings.Contains(text, "45.134.21.8: corroborated by 2 origins\n") || !strings.Contains(text, "45.134.21.9: single-origin\n") {
		t.Errorf("no number of origins in\n%s", text)
	}
	if v.Grade != "D" || v.ByReason[score.Unknown] != 2 {
		t.Errorf("the list is %s by %v, want D", v.Grade, v.ByReason)
	}
}

func TestOneListOfFortyNamesMakesNobodysValueWidelyShared(t *testing.T) {
	db := newStore(t)
	var forty strings.Builder
	forty.WriteString("ioc,type,actor,date\n")
	for _, ip := range []string{"45.134.21.8", "45.134.21.9", "45.134.21.10"} {
		for n := range 40 {
			fmt.Fprintf(&forty, "%s,ip,Actor %d,2026-10-20\n", ip, n)
		}
	}
	printed(t, exitDone, "--db", db, "--now", "2026-11-01", "import", file(t, "forty.csv", []byte(forty.String())))
	heardOf(t, db, "lab", "2026-09-20", "ipv4:45.134.21.8 indicates actor:cold-lynx")
	printed(t, exitDone, "--db", db, "--now", "2026-11-01", "row", "confirm", "45.134.21.10 indicates Actor 7", "--by", "ana")
	v := rate(t, db, file(t, "list.txt", []byte("45.134.21.8\n45.134.21.9\n45.134.21.10\n")), "--now", "2026-11-01")
	for _, r := range v.rows {
		var found struct{ Doubts []string }
		row := map[string]string{"45.134.21.8": "cold-lynx", "45.134.21.9": "actor-7", "45.134.21.10": "actor-7"}[r.Value]
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-11-01", "--json", "explain", r.Value+" indicates actor:"+row)), &found); err != nil {
			t.Fatal(err)
		}
		shared := slices.Contains(r.Reasons, score.WidelyShared)
		if want := r.Value == "45.134.21.9"; shared != want || (len(found.Doubts) > 0) != want {
			t.Errorf("%s is rated %v, and its row doubted for %q", r.Value, r.Reasons, found.Doubts)
		}
	}
	if len(v.rows) != 3 {
		t.Errorf("%+v", v.rows)
	}
}

func TestAListOfMISPIsRatedByItsAttributes(t *testing.T) {
	v := rate(t, newStore(t), file(t, "e.json", []byte(`{"Event":{"info":"x","date":"2026-10-20","Attribute":[{"type":"ip-dst","value":"45.134.21.8"},{"type":"ip-dst","value":"10.0.0.1"}]}}`)))
	if len(v.rows) != 2 || v.rows[1].Grade != "F" {
		t.Errorf("rated %+v, want two rows, the second F", v.rows)
	}
}

func TestARowIsDatedByItsEventAndByNoDateThatCannotBe(t *testing.T) {
	db := newStore(t)
	for name, c := range map[string]struct {
		list string
		want []score.Reason
	}{
		"e.json":      {`{"Event":{"info":"x","date":"2026-10-20","Attribute":[{"type":"ip-dst","value":"45.134.21.8"}]}}`, []score.Reason{score.Unknown}},
		"old.json":    {`{"Event":{"info":"x","date":"2020-10-20","Attribute":[{"type":"ip-dst","value":"45.134.21.8"}]}}`, []score.Reason{score.Stale, score.Unknown}},
		"new.csv":     {"ip,last_seen\n45.134.21.8,2026-10-20\n", []score.Reason{score.Unknown}},
		"epoch.csv":   {"ip,last_seen\n45.134.21.8,1970-01-01\n", []score.Reason{score.Undated, score.Unknown}},
		"to-come.csv": {"ip,last_seen\n45.134.21.8,2031-01-01\n", []score.Reason{score.Undated, score.Unknown}},
	} {
		if v := rate(t, db, file(t, name, []byte(c.list)), "--now", "2026-11-01"); len(v.rows) != 1 || !slices.Equal(v.rows[0].Reasons, c.want) {
			t.Errorf("%s: %+v, want %v", name, v.rows, c.want)
		}
	}
	if text := printed(t, exitDone, "--db", db, "--now", "2026-11-01", "rate", file(t, "l.csv", []byte("ip,last_seen\n45.134.21.8,2031-01-01\n"))); !strings.Contains(text, "undated (2031-01-01 is not believed), unknown\n") {
		t.Errorf("not told what is not believed:\n%s", text)
	}
}

func TestAListThatStampsEverythingWithTodayMakesNothingFresh(t *testing.T) {
	db := newStore(t)
	for _, name := range []string{"a", "b"} {
		printed(t, exitDone, "--db", db, "--now", "2026-11-01", "import", "--source", name, file(t, name+".csv", []byte("ioc,type,actor,date,reference\n45.134.21.8,ip,Cold Lynx,2019-10-2"+map[string]string{"a": "0", "b": "7"}[name]+",https://"+name+".example/\n")))
	}
	for name, list := range map[string]string{
		"plain.txt": "45.134.21.8\n", "today.csv": "ip,first_seen\n45.134.21.8,2026-11-01\n",
		"today.json": `{"type":"bundle","objects":[{"type":"indicator","id":"i","pattern":"[ipv4-addr:value = '45.134.21.8']","valid_from":"2026-11-01T00:00:00Z"}]}`,
	} {
		path := file(t, name, []byte(list))
		if v := rate(t, db, path, "--now", "2026-11-01"); len(v.rows) != 1 || v.rows[0].Grade != "C" || !slices.Contains(v.rows[0].Reasons, score.Stale) || v.rows[0].LastSeen != "2019-10-27T00:00:00Z" {
			t.Errorf("%s: %+v, want it stale as we know it", name, v.rows)
		}
		told := "stale (dated 2026-11-01 by this list, last seen 2019-10-27 by others)"
		if text := printed(t, exitDone, "--db", db, "--now", "2026-11-01", "rate", path); strings.Contains(text, told) != (name != "plain.txt") {
			t.Errorf("%s: want %q where the list dates it:\n%s", name, told, text)
		}
	}
}

func TestAListIsToldWhatAnalystsRefuted(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "--now", "2026-11-01", "import", "--source", "a", file(t, "a.csv", []byte("ioc,type,actor,date\n45.134.21.8,ip,Cold Lynx,2026-10-20\n45.134.21.9,ip,Cold Lynx,2026-10-20\n45.134.21.9,ip,Warm Fox,2026-10-20\n45.134.21.10,ip,Cold Lynx,2026-10-20\n45.134.21.10,ip,,2026-10-20\n")))
	list := file(t, "l.txt", []byte("45.134.21.8\n45.134.21.9\n45.134.21.10\n"))
	rule := func(ruling, row, by, now string) {
		printed(t, exitDone, "--db", db, "--now", now, "row", ruling, row, "--by", by)
	}
	rated := func(now string) string { return printed(t, exitDone, "--db", db, "--now", now, "rate", list) }
	for _, ip := range []string{"45.134.21.8", "45.134.21.9", "45.134.21.10"} {
		rule("refute", ip+" indicates actor:cold-lynx", "ann", "2026-11-02")
	}
	rule("refute", "45.134.21.8 indicates actor:cold-lynx", "bob", "2026-11-03")
	want := "F       1  45.134.21.8: refuted by 2 analysts (analyst:ann, analyst:bob)\nB       2  45.134.21.9: single-origin\nF       3  45.134.21.10: refuted by 1 analyst (analyst:ann)\ngrade D of 3 rows: A 0 B 1 C 0 D 0 F 2\n"
	if got := rated("2026-11-04"); got != want {
		t.Errorf("rated\n%s\nwant\n%s", got, want)
	}
	if got := rated("2026-11-01"); strings.Contains(got, "refuted") {
		t.Errorf("refuted before anybody said so:\n%s", got)
	}
	rule("undo", "45.134.21.8 indicates actor:cold-lynx", "bob", "2026-11-04")
	rule("confirm", "45.134.21.10 indicates actor:cold-lynx", "bob", "2026-11-04")
	if got := rated("2026-11-05"); strings.Contains(got, "refuted") || !strings.Contains(got, "45.134.21.8: single-origin") {
		t.Errorf("refuted though that was taken back:\n%s", got)
	}
}

func TestAValueIsRefutedUnderWhateverNameItsActorIsKnown(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "--now", "2026-11-01", "import", "--source", "a", file(t, "a.csv", []byte("ioc,type,actor,date\n45.134.21.8,ip,Cold Lynx,2026-10-20\n45.134.21.8,ip,Frosty Cat,2026-10-20\n")))
	printed(t, exitDone, "--db", db, "--now", "2026-11-01", "alias", "confirm", "Frosty Cat", "Cold Lynx", "--by", "ann")
	list := file(t, "l.txt", []byte("45.134.21.8\n"))
	printed(t, exitDone, "--db", db, "--now", "2026-11-02", "row", "refute", "45.134.21.8 indicates actor:cold-lynx", "--by", "ann")
	if v := rate(t, db, list, "--now", "2026-11-03"); len(v.rows) != 1 || v.rows[0].Refuted == nil || v.rows[0].Refuted.Analysts != 1 || v.ByReason[score.Refuted] != 1 {
		t.Errorf("%+v, want it refuted", v)
	}
	printed(t, exitDone, "--db", db, "--now", "2026-11-03", "row", "confirm", "45.134.21.8 indicates actor:frosty-cat", "--by", "bob")
	if v := rate(t, db, list, "--now", "2026-11-04"); len(v.rows) != 1 || v.rows[0].Refuted != nil {
		t.Errorf("%+v, want it to stand, for another name is confirmed", v)
	}
}

// A form writes a list: the values, of which kinds, each dated so.
type form func(rows [][2]string, day string) string

// forms are those in which lists come, by the names of files.
func forms() map[string]form {
	misp := map[string]string{"ipv4": "ip-dst"}
	joined := func(rows [][2]string, before, between, after string, each func(kind, value string) string) string {
		out := make([]string, len(rows))
		for i, r := range rows {
			out[i] = each(r[0], r[1])
		}
		return before + strings.Join(out, between) + after
	}
	return map[string]form{
		"l.txt": func(rows [][2]string, _ string) string {
			return joined(rows, "", "\n", "\n", func(_, v string) string { return v })
		},
		"l.csv": func(rows [][2]string, day string) string {
			return joined(rows, "indicator,type,first_seen\n", "\n", "\n", func(k, v string) string { return v + "," + k + "," + day })
		},
		"l.md": func(rows [][2]string, day string) string {
			return joined(rows, "Indicator | Type | First seen\n--- | --- | ---\n", "\n", "\n", func(k, v string) string { return "`" + v + "` | " + k + " | " + day })
		},
		"misp.json": func(rows [][2]string, day string) string {
			return joined(rows, `{"Event":{"info":"x","date":"`+day+`","Attribute":[`, ",", `]}}`, func(k, v string) string { return fmt.Sprintf(`{"type":%q,"value":%q}`, cmp.Or(misp[k], k), v) })
		},
		"stix.json": func(rows [][2]string, day string) string {
			path := map[string]string{"ipv4": "ipv4-addr:value", "domain": "domain-name:value", "url": "url:value", "md5": "file:hashes.MD5"}
			return joined(rows, `{"type":"bundle","objects":[`, ",", `]}`, func(k, v string) string {
				return fmt.Sprintf(`{"type":"indicator","id":%q,"pattern":"[%s = '%s']","valid_from":"%sT00:00:00Z"}`, v, path[k], v, day)
			})
		},
		"observed.json": func(rows [][2]string, _ string) string {
			kind := map[string]string{"ipv4": "ipv4-addr", "domain": "domain-name", "url": "url"}
			return joined(rows, `{"type":"bundle","objects":[`, ",", `]}`, func(k, v string) string {
				if k == "md5" {
					return fmt.Sprintf(`{"type":"file","id":%q,"hashes":{"MD5":%q}}`, v, v)
				}
				return fmt.Sprintf(`{"type":%q,"id":%q,"value":%q}`, kind[k], v, v)
			})
		},
	}
}

func TestAListIsWorthTheSameInEveryForm(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "--now", "2026-11-01", "import", "--source", "a", file(t, "a.csv", []byte("ioc,type,actor,date\n45.134.21.8,ip,Cold Lynx,2026-10-20\n45.134.21.9,ip,Cold Lynx,2019-10-20\n")))
	rows := [][2]string{{"ipv4", "45.134.21.8"}, {"ipv4", "45.134.21.9"}, {"ipv4", "45.134.21.10"}, {"ipv4", "45.134.21.0"}, {"ipv4", "10.0.0.1"}, {"ipv4", "8.8.8.8"}, {"ipv4", "14.0.0.1"},
		{"ipv4", "999.1.1.1"}, {"ipv4", "1.2.3"}, {"ipv4", "300.2.3.4"}, {"domain", "-bad_."}, {"domain", "hello"}, {"domain", "cold-lynx.top"}, {"domain", "www.example.com"},
		{"url", "http://cold-lynx.top/x"}, {"url", "http://10.0.0.1/x"}, {"url", "http://a b/"}, {"md5", "a41d8cd98f00b204e9800998ecf8427e"}, {"md5", "a41d8cd98f00"}, {"md5", "zzzd8cd98f00b204e9800998ecf8427e"}, {"ipv4", "203.0.113.9"}}
	for _, day := range []string{"2026-10-20", "1970-01-01", "2031-01-01"} {
		var first verdictOnList
		for _, name := range slices.Sorted(maps.Keys(forms())) {
			v := rate(t, db, file(t, name, []byte(forms()[name](rows, day))), "--now", "2026-11-01")
			if v.Rows != 21 || v.ByReason[score.Malformed] != 8 {
				t.Errorf("%s of %s: %d rows, %v; want 21, 8 of them malformed", name, day, v.Rows, v.ByReason)
			}
			bare := name == "l.txt" || name == "observed.json" // it has no dates
			for i, r := range v.rows {
				if slices.Contains(r.Reasons, score.Undated) && !strings.HasPrefix(r.Dated, day) && !bare {
					t.Errorf("%s of %s: %+v is undated, and not told what was not believed", name, day, r)
				}
				if i < len(rows) && r.Value != rows[i][1] || strings.HasSuffix(name, ".json") && r.Row != i+1 {
					t.Errorf("%s of %s: %+v is the %d. row; want %s there", name, day, r, i+1, rows[min(i, len(rows)-1)][1])
				}
			}
			if bare {
				v.ByReason = first.ByReason
			}
			if first.Rows == 0 {
				first = v
			}
			if v.Grade != first.Grade || !maps.Equal(v.ByGrade, first.ByGrade) || !maps.Equal(v.ByReason, first.ByReason) {
				t.Errorf("%s of %s: %s %v %v\nwant %s %v %v", name, day, v.Grade, v.ByGrade, v.ByReason, first.Grade, first.ByGrade, first.ByReason)
			}
		}
		if undated := first.ByReason[score.Undated] > 0; undated != (day != "2026-10-20") {
			t.Errorf("dated %s: %v", day, first.ByReason)
		}
	}
}

func TestAListOfNothingButRubbishIsF(t *testing.T) {
	db := newStore(t)
	for name, form := range forms() {
		v := rate(t, db, file(t, name, []byte(form([][2]string{{"ipv4", "999.1.1.1"}}, "2026-10-20"))))
		if v.Grade != "F" || len(v.rows) != 1 || v.rows[0].Value != "999.1.1.1" || v.rows[0].Grade != "F" {
			t.Errorf("%s: %s %+v, want one row, F", name, v.Grade, v.rows)
		}
	}
}

func TestAListIsReadFromStandardInputAndAMissingOneIsNamedWhole(t *testing.T) {
	db := newStore(t)
	for _, list := range []string{"45.134.21.8\n10.0.0.1\n", `{"Event":{"info":"x","date":"2026-10-20","Attribute":[{"type":"ip-dst","value":"45.134.21.8"},{"type":"ip-dst","value":"10.0.0.1"}]}}`} {
		if out := printedFrom(t, list, "--db", db, "rate", "-"); !strings.Contains(out, "of 2 rows") {
			t.Errorf("%.20q: want two rows rated:\n%s", list, out)
		}
	}
	for _, path := range []string{"/nowhere/list.txt", "/nowhere.txt"} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"--db", db, "rate", path}, strings.NewReader(""), &out, &errs); code != exitFailed || !strings.Contains(errs.String(), " "+path) {
			t.Errorf("exit %d, %s; want %s named", code, &errs, path)
		}
	}
}

func TestAListWithoutRowsIsNoList(t *testing.T) {
	for _, c := range []struct{ name, content string }{{"empty.txt", ""}, {"prose.md", "# A report\n\na | b\n--|--\n1 | 2\n"}} {
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"--db", newStore(t), "rate", file(t, c.name, []byte(c.content))}, strings.NewReader(""), &out, &errs)
		if code != exitFailed || !strings.Contains(errs.String(), c.name) {
			t.Errorf("%s: exit %d, %s", c.name, code, &errs)
		}
	}
}

// undatedIndicators returns the rows of indicators in a profile that have no date.
func undatedIndicators(profile []byte) (out []string) {
	_, section, _ := bytes.Cut(profile, []byte("\n## IOC"))
	section, _, _ = bytes.Cut(section, []byte("\n## "))
	row, day := regexp.MustCompile(`^\d+ \| `), regexp.MustCompile(`\| (known )?\d{4}-\d{2}(-\d{2})? \|`)
	for line := range bytes.Lines(section) {
		if row.Match(line) && !day.Match(line) {
			out = append(out, string(line))
		}
	}
	return out
}

// TestOurOwnTreePassesOurOwnRating publishes what real lists say and holds every
// row to the rating that others' lists get.
func TestOurOwnTreePassesOurOwnRating(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	dir, db, tree := dataDir(t), newStore(t), t.TempDir()
	const now = "2021-06-01T00:00:00Z" // when many of the lists were fresh, so that not all is Low
	printed(t, exitDone, "--db", db, "-q", "sync", "--from", dir, "warninglists", "actors")
	printed(t, exitPartial, "--db", db, "-q", "--now", now, "import", filepath.Join(dir, "sophos"))
	printed(t, exitDone, "--db", db, "-q", "--now", now, "publish", tree)
	rows, above := 0, 0
	files := 0
	err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "README.md") || files >= 40 {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(text, []byte("\n## IOC")) {
			return err
		}
		files++
		for _, line := range undatedIndicators(text) {
			t.Errorf("%s: no date: %s", path, line)
		}
		for _, r := range rate(t, db, path, "--now", now).rows {
			rows++
			if r.Origins == 0 {
				t.Errorf("%s line %d: %s has no source", path, r.Row, r.Value)
			}
			if r.Level == intel.Low {
				continue
			}
			above++
			for _, bad := range []score.Reason{score.Malformed, score.NonRoutable, score.Reserved, score.Resolver, score.VersionLike} {
				if slices.Contains(r.Reasons, bad) {
					t.Errorf("%s line %d: %s is %s and %s", path, r.Row, r.Value, r.Level, bad)
				}
			}
		}
		return nil
	})
	if err != nil || rows < 100 || above < 10 {
		t.Errorf("%d rows, %d above Low in %d files, err %v", rows, above, files, err)
	}
	t.Logf("%d rows, %d above Low, in %d files", rows, above, files)
}
