package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const tour = `{"type":"bundle","id":"bundle--1","objects":[
{"type":"intrusion-set","id":"intrusion-set--1","name":"Cold Lynx","created":"2026-01-02T03:04:05Z"},
{"type":"malware","id":"malware--1","name":"Nightbell","created":"2026-01-02T00:00:00Z"},
{"type":"indicator","id":"indicator--1","created":"2026-01-02T00:00:00Z","pattern":"[domain-name:value = 'c2.bell-night.com']"},
{"type":"relationship","id":"relationship--1","relationship_type":"uses","source_ref":"intrusion-set--1","target_ref":"malware--1","created":"2026-01-03T00:00:00Z"},
{"type":"relationship","id":"relationship--2","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"intrusion-set--1","created":"2026-01-03T00:00:00Z"}]}`

func TestAProfileInSTIXIsReadAsAProfileAgain(t *testing.T) {
	profile := func(db, name string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"--db", db, "--now", "2026-02-01T00:00:00Z", "profile", name, "--format", "stix"}, strings.NewReader(""), &out, &errs); code != exitDone {
			t.Fatalf("exit %d: %s", code, errs.String())
		}
		return out.String()
	}
	first, second := newStore(t), newStore(t)
	if code, c, errs := portent(t, first, "import", file(t, "tour.json", []byte(tour))); code != exitDone {
		t.Fatalf("exit %d, %+v: %s", code, c, errs)
	}
	text := profile(first, "Cold Lynx")
	if again := profile(first, "Cold Lynx"); again != text {
		t.Errorf("the same moment printed\n%s\nand\n%s", text, again)
	}
	if code, c, errs := portent(t, second, "import", file(t, "profile.json", []byte(text))); code != exitDone || len(c.Rejected) > 0 {
		t.Fatalf("exit %d, %+v: %s", code, c, errs)
	}
	back := profile(second, "Cold Lynx")
	for _, s := range []string{`"name":"Nightbell"`, `[domain-name:value = 'c2.bell-night.com']`, `"relationship_type":"uses"`, `"relationship_type":"indicates"`, `"tlp_2_0":"clear"`} {
		if !strings.Contains(text, s) || !strings.Contains(back, s) {
			t.Errorf("%s is not in both\n%s\nand\n%s", s, text, back)
		}
	}
}

func TestAPreviewKnowsNothingThatIsNotPublic(t *testing.T) {
	db := newStore(t)
	if code, c, errs := portent(t, db, "import", "--marking", "TLP:RED", file(t, "tour.json", []byte(tour))); code != exitDone {
		t.Fatalf("exit %d, %+v: %s", code, c, errs)
	}
	if out := printed(t, exitDone, "--db", db, "profile", "Cold Lynx"); !strings.Contains(out, "c2.bell-night.com") {
		t.Fatalf("the operator's own profile lacks the indicator:\n%s", out)
	}
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"--db", db, "profile", "--preview", "3", "Cold Lynx"}, strings.NewReader(""), &out, &errs)
	if s := out.String() + errs.String(); code != exitFailed || strings.Contains(s, "bell-night") || strings.Contains(s, "Nightbell") || strings.Contains(s, "cold-lynx") {
		t.Errorf("exit %d, printed %q; want nothing known", code, s)
	}
}

func TestANameOfTwoActorsListsBothAndFails(t *testing.T) {
	const shared = `{"type":"bundle","id":"bundle--2","objects":[
{"type":"intrusion-set","id":"intrusion-set--1","name":"Cold Lynx","aliases":["Grey Heron"],"created":"2026-01-02T03:04:05Z"},
{"type":"intrusion-set","id":"intrusion-set--2","name":"Amber Stoat","aliases":["Grey Heron"],"created":"2026-01-02T03:04:05Z"}]}`
	db := newStore(t)
	if code, c, errs := portent(t, db, "import", file(t, "shared.json", []byte(shared))); code != exitDone {
		t.Fatalf("exit %d, %+v: %s", code, c, errs)
	}
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"--db", db, "profile", "grey heron"}, strings.NewReader(""), &out, &errs)
	for _, s := range []string{"actor:cold-lynx", "actor:amber-stoat", "ask for one"} {
		if !strings.Contains(errs.String(), s) {
			t.Errorf("%s is not in %q", s, errs.String())
		}
	}
	if code != exitFailed || out.Len() > 0 {
		t.Errorf("exit %d, printed %q", code, out.String())
	}
	printed(t, exitDone, "--db", db, "profile", "actor:cold-lynx")
}

func TestMistakesOnTheCommandLineAreSaidToBeThat(t *testing.T) {
	db := newStore(t)
	if code, c, errs := portent(t, db, "import", file(t, "tour.json", []byte(tour))); code != exitDone {
		t.Fatalf("exit %d, %+v: %s", code, c, errs)
	}
	printed(t, exitDone, "--db", db, "--as-of", "2026-02-01", "profile", "Cold", "Lynx")
	printed(t, exitDone, "--db", db, "--as-of", "2026-02-01", "forecast", "Cold Lynx")
	printed(t, exitDone, "--db", db, "--json", "profile", "--format", "stix", "Cold Lynx")
	printed(t, exitDone, "--config", file(t, "portent.toml", []byte("as-of = '2026-02-01'\njson = true")), "--db", db, "doctor")
	for _, test := range []struct {
		code int
		args []string
		want string
	}{
		{exitFailed, []string{"--db", db, "profile", "Cold Lymx"}, "did you mean actor:cold-lynx?"},
		{exitFailed, []string{"--db", newStore(t), "profile", "Cold Lynx"}, "is empty"},
		{exitUsage, []string{"--now", "yesterday", "version"}, "no time such as 2026-03-17"},
		{exitUsage, []string{"--db", db, "--as-of", "2026-02-01", "doctor"}, "--as-of is for profile, publish, lookup, explain, forecast"},
		{exitUsage, []string{"--db", db, "sources", "--as-of", "2026-02-01", "list"}, "--as-of is for profile"},
		{exitUsage, []string{"--db", db, "--json", "profile", "--format", "markdown", "Cold Lynx"}, "not both"},
		{exitUsage, []string{"--db", db, "profile", "--preview", "0", "Cold Lynx"}, "1 or more"},
		{exitFailed, []string{"extract", file(t, "a.png", []byte("\x89PNG\r\n\x00\x00"))}, "is not text"},
		{exitFailed, []string{"--db", db, "sync", "--from", t.TempDir()}, "none of the packs"},
		{exitFailed, []string{"--db", db, "import", filepath.Join(t.TempDir(), "gone")}, "no such file"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), test.args, strings.NewReader(""), &out, &errs); code != test.code || !strings.Contains(errs.String(), test.want) {
			t.Errorf("%v: exit %d, %q; want %d, %q", test.args, code, errs.String(), test.code, test.want)
		}
	}
	if out := printedFrom(t, "c2.bell-night.com\n", "--db", db, "lookup", "1.2.3.4", "-"); !strings.Contains(out, "1.2.3.4: unknown") || !strings.Contains(out, "Cold Lynx") {
		t.Errorf("%s", out)
	}
}

// printedFrom is what a command prints that reads text.
func printedFrom(t *testing.T, text string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), args, strings.NewReader(text), &out, &errs); code != exitDone {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	return out.String()
}

// TestWhatListsAloneSayIsKnownSinceTheyWereImported has a list that brings one actor on one
// day and another on a later one, and says the same of the first as before.
func TestWhatListsAloneSayIsKnownSinceTheyWereImported(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, db string) {
		list := func(day, values string) {
			at := filepath.Join(t.TempDir(), "misp-galaxy", "clusters")
			if err := os.MkdirAll(at, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(at, "threat-actor.json"), []byte(`{"type":"threat-actor","name":"x","version":1,"values":[`+values+`]}`), 0o600); err != nil {
				t.Fatal(err)
			}
			printed(t, exitDone, "--db", db, "-q", "--now", day, "sync", "--from", filepath.Dir(filepath.Dir(at)), "actors")
		}
		const lynx, stoat = `{"value":"Cold Lynx","uuid":"1","meta":{"country":"SE","synonyms":["Frost Weasel"]}}`, `{"value":"Dull Stoat","uuid":"2","meta":{"country":"SE"}}`
		list("2026-05-01", lynx)
		list("2026-05-10", lynx+","+stoat)
		known := func(name string) map[string]string {
			t.Helper()
			var p map[string]json.RawMessage
			if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-06-01", "profile", "--format", "json", name)), &p); err != nil {
				t.Fatal(err)
			}
			out := map[string]string{}
			for _, table := range []string{"aliases", "countries", "associated_actors"} {
				var rows []struct {
					Value string
					Known string `json:"known_since"`
				}
				if err := json.Unmarshal(p[table], &rows); err != nil {
					t.Fatal(err)
				}
				for _, r := range rows {
					out[r.Value], _, _ = strings.Cut(r.Known, "T")
				}
			}
			return out
		}
		for name, want := range map[string]map[string]string{
			"Cold Lynx":  {"Frost Weasel": "2026-05-01", "Sweden": "2026-05-01"},
			"Dull Stoat": {"Sweden": "2026-05-10"},
			"SE":         {"Cold Lynx": "2026-05-01", "Dull Stoat": "2026-05-10"},
		} {
			if got := known(name); len(got) < len(want) || !maps.Equal(want, intersection(got, want)) {
				t.Errorf("%s: known since %v, want %v", name, got, want)
			}
		}
		if text := printed(t, exitDone, "--db", db, "--now", "2026-06-01", "profile", "Cold Lynx"); !strings.Contains(text, "known 2026-05-01") {
			t.Error(text)
		}
	})
}

// intersection is what of got has the keys of want.
func intersection(got, want map[string]string) map[string]string {
	out := maps.Clone(got)
	maps.DeleteFunc(out, func(k, _ string) bool { _, ok := want[k]; return !ok })
	return out
}

func TestWhatAProfileHasAsARowIsKnownToALookupAsItIsPrinted(t *testing.T) {
	db := newStore(t)
	list := "Indicator_type,Data,Note\nDescription,IoCs related to Astro Locker ransomware,https://news.example/\n" +
		"scheduled task,regsvr32.exe /i\u00a0C:\\Users\\<username>\\AppData\\wininit64.dll,Name: updater\ncommand,taskhost.exe  /x,\nmutex,Astro Locker,\nmutex,gone_fishing,\n"
	printed(t, exitDone, "--db", db, "--now", "2026-03-01", "import", "--as", "sophos", file(t, "Ransomware-AstroLocker.csv", []byte(list)))
	type found struct {
		Known  bool
		Actors []string
	}
	of := func(value string) (f found) {
		t.Helper()
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-03-01", "--json", "lookup", value)), &f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	var p struct {
		IOC []struct{ Entity, Value string }
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-03-01", "--json", "profile", "Astro Locker")), &p); err != nil || len(p.IOC) != 4 {
		t.Fatalf("%+v, err %v", p, err)
	}
	values := []string{`scheduled-task:regsvr32.exe /i C:\Users\<username>\AppData\wininit64.dll`, `regsvr32.exe /i C:\Users\<username>\AppData\wininit64.dll`, "command:taskhost.exe /x", "taskhost.exe /x", "mutex:astro locker", "Gone_Fishing"}
	for _, row := range p.IOC {
		if values = append(values, row.Entity); row.Value != "Astro Locker" {
			values = append(values, row.Value)
		}
	}
	for _, value := range values {
		if f := of(value); !f.Known || !slices.Equal(f.Actors, []string{"actor:astro-locker"}) {
			t.Errorf("%q: %+v", value, f)
		}
	}
	for _, value := range []string{`regsvr32.exe /i`, "command:gone_fishing", `regsvr32.exe /i C:\Users\<username>\AppData\wininit32.dll`} {
		if f := of(value); f.Known {
			t.Errorf("%q, of which nobody speaks: %+v", value, f)
		}
	}
	if text := printed(t, exitDone, "--db", db, "--now", "2026-03-01", "lookup", "Astro Locker"); !strings.Contains(text, "(share 1.00)") {
		t.Errorf("a name is taken for a mutex: %s", text)
	}
}
