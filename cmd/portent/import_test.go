package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// counts is what import and doctor print with --json.
type counts struct {
	Documents, Observations, Evidence, Skipped, Waiting int
	Rejected                                            []rejection
}

// portent runs one command on a store and decodes what it prints.
func portent(t *testing.T, db string, args ...string) (code int, c counts, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"--db", db, "--json"}, args...), strings.NewReader(""), &out, &errs)
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &c); err != nil {
			t.Fatalf("portent %v printed %q: %v", args, out.String(), err)
		}
	}
	return code, c, errs.String()
}

func newStore(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "portent.db") }

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// posts is a TweetFeed file of n posts.
func posts(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "2026-01-%02d 10:%02d:%02d,user%d,sha256,%064x,#rat,https://x.example/user%d/status/%d\n", 1+i/3000%28, i/60%60, i%60, i%50, i+1, i%50, i)
	}
	return b.Bytes()
}

func zipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestImportingAgainAddsNothing(t *testing.T) {
	db, path := newStore(t), file(t, "2026.csv", posts(700))
	code, first, errs := portent(t, db, "import", path)
	if code != exitDone || first.Documents != 700 || first.Evidence == 0 {
		t.Fatalf("exit %d, %+v\n%s", code, first, errs)
	}
	code, again, _ := portent(t, db, "import", path)
	if code != exitDone || again.Documents+again.Observations+again.Evidence != 0 || again.Skipped != 700 {
		t.Errorf("again: exit %d, %+v", code, again)
	}
	copied := file(t, "copy.csv.gz", zipped(t, posts(700)))
	if _, c, _ := portent(t, db, "import", copied); c.Documents != 0 {
		t.Errorf("the same posts under another name: %+v", c)
	}
}

func TestASourceIsAsReliableAsItsTypeUnlessItIsSaidOtherwise(t *testing.T) {
	for _, test := range []struct {
		content []byte
		args    []string
		want    intel.Reliability
	}{
		{posts(3), nil, 'F'}, // of anybody
		{posts(3), []string{"--source", "tweetfeed"}, 'C'},
		{posts(3), []string{"--as", "tweetfeed"}, 'C'},
		{[]byte("45.134.21.8\nc2.io\n"), nil, 'F'}, // of list
		{posts(3), []string{"--reliability", "A"}, 'A'},
	} {
		db, path := newStore(t), file(t, "2026.csv", test.content)
		if code, c, errs := portent(t, db, append([]string{"import", path}, test.args...)...); c.Documents == 0 {
			t.Fatalf("%v: exit %d, %+v\n%s", test.args, code, c, errs)
		}
		kept, err := store.Open(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		defer kept.Close()
		sources, err := kept.Sources(t.Context(), intel.Everything(), time.Now())
		if err != nil || len(sources) != 1 || sources[0].Reliability != test.want {
			t.Errorf("%v: sources %+v, err %v; want one of reliability %s", test.args, sources, err, test.want)
		}
	}
}

func TestAFileOfDocumentsForgesNoSourceAndErasesNoRecord(t *testing.T) {
	db := newStore(t)
	erased := intel.NewDocumentID("documents", "https://blog.example/1")
	forged := file(t, "d.jsonl", fmt.Appendf(nil, `{"genre":"report","text":"a","source":"tweetfeed","reliability":"A","id":"%s"}`+"\n", erased))
	if code, c, errs := portent(t, db, "import", "--source", "tweetfeed", file(t, "2026.csv", posts(3))); code != exitDone || c.Documents != 3 {
		t.Fatalf("exit %d, %+v\n%s", code, c, errs)
	}
	for _, want := range []int{1, 0} {
		if code, got, errs := portent(t, db, "import", forged); code != exitDone || got.Documents != want {
			t.Errorf("exit %d, %+v, want %d new\n%s", code, got, want, errs)
		}
	}
	if code, got, errs := portent(t, db, "import", "--source", "lab", "--reliability", "B", forged); code != exitDone || got.Documents != 1 {
		t.Errorf("under a name: exit %d, %+v\n%s", code, got, errs)
	}
	kept, err := store.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if _, err := kept.Document(t.Context(), intel.Everything(), erased); !errors.Is(err, intel.ErrNotFound) {
		t.Errorf("a file took up the place of another document: err %v", err)
	}
	sources, err := kept.Sources(t.Context(), intel.Everything(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sources {
		got = append(got, fmt.Sprint(s.Name, " ", s.Reliability, " ", s.Documents))
	}
	if want := []string{"documents/tweetfeed F 1", "lab B 1", "tweetfeed C 3"}; !slices.Equal(got, want) {
		t.Errorf("sources %q, want %q", got, want)
	}
}

// iocs is a list in Sophos' form of n addresses.
func iocs(n int) []byte {
	var b bytes.Buffer
	b.WriteString("Indicator_type,Data,Note\nDescription,Cold Lynx https://news.example/2026/01/02/lynx,\n")
	for i := range n {
		fmt.Fprintf(&b, "ip,45.134.21.%d,C2 server\n", i+1)
	}
	return b.Bytes()
}

func TestAListThatBrokeOffIsCompletedByTheWhole(t *testing.T) {
	db, clean := newStore(t), newStore(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "sophos", "Ransomware-ColdLynx.csv")
	write := func(content []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	whole := zipped(t, iocs(40))
	write(whole[:len(whole)/2])
	if code, c, _ := portent(t, db, "import", "--as", "sophos", path); code != exitPartial || c.Documents != 0 || len(c.Rejected) != 1 {
		t.Errorf("half of it: exit %d, %+v", code, c)
	}
	write(whole)
	_, want, _ := portent(t, clean, "import", path)
	if code, c, errs := portent(t, db, "import", path); code != exitDone || c.Evidence != want.Evidence || c.Evidence < 40 {
		t.Errorf("the whole after half of it: exit %d, %+v, alone %+v\n%s", code, c, want, errs)
	}
	if code, c, _ := portent(t, db, "import", dir); code != exitDone || c.Documents != 0 || c.Skipped != 1 {
		t.Errorf("again with its folder: exit %d, %+v", code, c)
	}
}

func TestAListThatWasExtendedIsReadAndCountsOnce(t *testing.T) {
	db, path := newStore(t), file(t, "Ransomware-ColdLynx.csv", iocs(3))
	if code, c, errs := portent(t, db, "import", path); code != exitDone || c.Documents != 1 {
		t.Fatalf("exit %d, %+v\n%s", code, c, errs)
	}
	if err := os.WriteFile(path, iocs(5), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, c, errs := portent(t, db, "import", path); code != exitDone || c.Documents != 1 {
		t.Fatalf("extended: exit %d, %+v\n%s", code, c, errs)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--db", db, "--json", "profile", "--format", "json", "Cold Lynx"}, nil, &out, &errs); code != exitDone {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	var p struct {
		IOC []struct {
			Value   string
			Origins int
		}
	}
	if err := json.Unmarshal(out.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if len(p.IOC) != 5 {
		t.Errorf("%d indicators, want those of the extended list", len(p.IOC))
	}
	for _, r := range p.IOC {
		if r.Origins != 1 {
			t.Errorf("%s rests on %d origins, want one", r.Value, r.Origins)
		}
	}
}

func TestBadInputIsNamedAndTheRestIsKept(t *testing.T) {
	whole := zipped(t, posts(3000))
	for _, c := range []struct {
		name, file string
		content    []byte
		as, want   string
		least      int
	}{
		{"a truncated gzip", "2026.csv.gz", whole[:len(whole)/2], "", "unexpected EOF", 100},
		{"a wrong header", "x.csv", []byte("name,age\nx,1\n"), "csv", "no column of indicators", 0},
		{"a wrong header of Sophos", "wh.csv", []byte("Indicator_typ,Dta,Note\nip,45.134.21.9,x\n"), "sophos", "nothing in it", 0},
		{"a foreign table", "x.md", []byte("| a | b |\n|---|---|\n| 1 | 2 |\n"), "matrix", "nothing in it", 0},
		{"a foreign object as STIX", "x.json", []byte(`{"foo":1}`), "stix", "", 0},
		{"a foreign object as KEV", "x.json", []byte(`{"foo":1}`), "kev", "", 0},
		{"invalid UTF-8 in a list of Sophos", "s.csv", []byte("Indicator_type,Data,Note\nip,45.134.21.9,C2 \xc3\x28\n"), "sophos", "line 2 not valid UTF-8", 1},
		{"invalid UTF-8 in JSON", "x.json", []byte("{\"type\":\"bundle\",\n\"objects\":[{\"type\":\"malware\",\"id\":\"m\",\"name\":\"N\",\"description\":\"A \xff loader.\"}]}"), "stix", "line 2 not valid UTF-8", 1},
		{"a JSON bomb", "x.json", []byte(`{"Event":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`), "misp", "deep", 0},
		{"invalid UTF-8", "x.md", []byte("# r\n\nCVE-2099-0001 \xc3\x28\n"), "", "line 3 not valid UTF-8", 1},
		{"invalid UTF-8 in a page that says it is", "x.html", []byte("<html><head><meta charset=utf-8></head>\n<body><p>CVE-2099-0001 \xc3\x28</p>\n</body></html>"), "", "line 2 not valid", 1},
		{"a wrong sign in a page in Shift JIS", "x.html", []byte("<html><head><meta charset=shift_jis></head>\n<body><p>\x83\x7d\x83\x8b\x83\x45\x83\x46\x83\x41 \xfd CVE-2099-0001</p>\n</body></html>"), "", "line 2 not valid", 1},
		{"a page in an encoding that hides all", "x.html", []byte("<html><head><meta charset=iso-2022-kr></head>\n<body><p>CVE-2099-0001 \xff</p>\n</body></html>"), "", "line 2 not valid", 1},
		{"invalid UTF-8 in a message that says it is", "x.eml", []byte("From: a@b.example\nDate: Thu, 1 Jan 2026 10:00:00 +0000\nMessage-ID: <1@b.example>\nContent-Type: text/plain; charset=utf-8\n\nCVE-2099-0001 \xc3\x28\n"), "", "message at line 1 not valid", 1},
		{"invalid UTF-8 in a row", "2026.csv", bytes.Replace(posts(10), []byte("http"), []byte("\xffhttp"), 1), "tweetfeed", "not valid UTF-8", 9},
		{"a ZIP that is called a report", "x.zip", []byte("PK\x03\x04\x00\x00\x00\x00"), "report", "not a text", 0},
		{"an unknown type", "x.bin", []byte{0, 1, 2, 3}, "", "not recognised", 0},
		{"an endless line", "x.csv", append(posts(10), bytes.Repeat([]byte("x"), 3<<20)...), "tweetfeed", "line 11", 10},
		{"a value of STIX that is none", "x.json", []byte(`{"type":"bundle","objects":[{"type":"indicator","id":"indicator--1","pattern":"[ipv4-addr:value IN ('999.1.1.1', '45.134.21.9')]"}]}`), "", `"999.1.1.1"`, 1},
		{"a STIX bundle that breaks off", "x.json", []byte(`{"type":"bundle","objects":[{"type":"malware","id":"m","name":"N","description":"A loader."},{"ty`), "stix", "object 2", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, path := newStore(t), file(t, c.file, c.content)
			args := []string{"import", path}
			if c.as != "" {
				args = []string{"import", "--as", c.as, path}
			}
			code, got, errs := portent(t, db, args...)
			if code != exitPartial || len(got.Rejected) == 0 || got.Documents < c.least {
				t.Fatalf("exit %d, %+v\n%s", code, got, errs)
			}
			r := got.Rejected[0]
			if !strings.Contains(r.Path, c.file) || !strings.Contains(r.Item+" "+r.Reason, c.want) {
				t.Errorf("rejected %+v, want %s and %q named", r, c.file, c.want)
			}
		})
	}
}

func TestASourceWhoseFileBreaksOffIsFailing(t *testing.T) {
	db, whole := newStore(t), zipped(t, posts(3000))
	for _, c := range []struct {
		content []byte
		code    int
		want    string
	}{{whole[:len(whole)/2], exitPartial, "unexpected EOF"}, {whole, exitDone, ""}} {
		if code, got, errs := portent(t, db, "import", file(t, "2026.csv.gz", c.content)); code != c.code {
			t.Fatalf("exit %d, %+v: %s", code, got, errs)
		}
		line := printed(t, exitDone, "--db", db, "--json", "sources", "list")
		var s struct {
			Error string `json:"last_error"`
		}
		if err := json.Unmarshal([]byte(line), &s); err != nil || c.want == "" && s.Error != "" || !strings.Contains(s.Error, c.want) {
			t.Errorf("source %s, err %v; want the last error to tell %q", line, err, c.want)
		}
	}
}

func TestAFileUnderTwoNamesIsNamedAndIsOneVoice(t *testing.T) {
	for _, c := range []struct{ ext, content string }{
		{".md", "# A loader\n\nCobalt Strike at 45.134.21.9\n"},
		{".txt", "45.134.21.9\n45.134.21.10\n"},
		{".csv", "type,value\nip,45.134.21.9\n"},
		{".html", "<html><body><p>Cobalt Strike at 45.134.21.9</p></body></html>"},
	} {
		t.Run(c.ext, func(t *testing.T) {
			db, dir := newStore(t), t.TempDir()
			for _, name := range []string{"a", "copy of a"} {
				if err := os.WriteFile(filepath.Join(dir, name+c.ext), []byte(c.content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			code, got, errs := portent(t, db, "import", dir)
			want := 1
			if c.ext == ".txt" || c.ext == ".csv" { // a list has the name of its file
				want = 2
			}
			if code != exitDone || got.Documents != want || got.Documents+got.Skipped != 2 {
				t.Errorf("exit %d, %+v: %s", code, got, errs)
			}
			line := printed(t, exitDone, "--db", db, "--json", "rate", file(t, "l.txt", []byte("45.134.21.9\n")))
			if strings.Contains(line, `"origins":2`) {
				t.Errorf("a copy is a second voice: %s", line)
			}
			var out, err bytes.Buffer
			if run(t.Context(), []string{"--db", newStore(t), "import", dir}, nil, &out, &err); !strings.Contains(err.String(), "copy of a"+c.ext+": ") {
				t.Errorf("the copy is not named: %s", &err)
			}
		})
	}
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	db := newStore(t)
	code, c, _ := portent(t, db, "import", filepath.Join(t.TempDir(), "gone.csv"), file(t, "2026.csv", posts(5)))
	if code != exitPartial || len(c.Rejected) != 1 || !strings.Contains(c.Rejected[0].Path, "gone.csv") || c.Documents != 5 {
		t.Errorf("exit %d, %+v", code, c)
	}
}

func TestBadUsageExitsWithTwo(t *testing.T) {
	for _, args := range [][]string{{"nonsense"}, {"import"}, {"import", "--as", "nonsense", "."}, {"import", "--marking", "TLP:BLUE", "."}, {"import", "--source", "analyst:ana", "."}, {"profile"}, {"sync", "nonsense"}} {
		if code, _, _ := portent(t, newStore(t), args...); code != exitUsage {
			t.Errorf("portent %v: exit %d, want %d", args, code, exitUsage)
		}
	}
	if code, _, errs := portent(t, "mysql:x", "doctor"); code != exitUsage || !strings.Contains(errs, "unknown engine") {
		t.Errorf("unknown engine: exit %d, %s", code, errs)
	}
}

// run is the whole program in this process.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return execute(ctx, "", args, stdin, stdout, stderr)
}

// TestMain lets a test run this binary as the program itself.
func TestMain(m *testing.M) {
	if os.Getenv("PORTENT_TEST_AS_PROGRAM") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestKilledInMidImportNothingIsLostOrDoubled(t *testing.T) {
	for _, signal := range []os.Signal{os.Kill, os.Interrupt} {
		t.Run(signal.String(), func(t *testing.T) {
			db, path := newStore(t), file(t, "2026.csv", posts(8_000))
			cmd, out := asProgram(t, "--db", db, "import", path)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			begun(t, db, out)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatalf("the import was over before the signal: %v", err)
			}
			if err := cmd.Wait(); err == nil {
				t.Fatalf("the import ended well though it was interrupted\n%s", out)
			}
			if code := cmd.ProcessState.ExitCode(); signal == os.Interrupt && (code != exitPartial || !strings.Contains(out.String(), path) || !strings.Contains(out.String(), "interrupted")) {
				t.Errorf("exit %d\n%s", code, out)
			}
			code, _, errs := portent(t, db, "import", path)
			if code != exitDone {
				t.Fatalf("the second run: exit %d\n%s", code, errs)
			}
			_, got, _ := portent(t, db, "doctor")
			clean := newStore(t)
			portent(t, clean, "import", path)
			_, want, _ := portent(t, clean, "doctor")
			if got.Documents != want.Documents || got.Observations != want.Observations || got.Evidence != want.Evidence || got.Waiting != 0 || got.Documents != 8_000 {
				t.Errorf("after the interruption %+v, without it %+v", got, want)
			}
		})
	}
}

func TestTwoImportsAtOnceShareTheWork(t *testing.T) {
	db := newStore(t)
	paths := []string{file(t, "a.csv", posts(3000)), file(t, "b.csv", posts(4000))}
	errs := make(chan error, 2)
	if code, _, e := portent(t, db, "doctor"); code != exitDone {
		t.Fatal(e)
	}
	for _, p := range paths {
		go func() {
			var out, stderr bytes.Buffer
			if code := run(context.WithoutCancel(t.Context()), []string{"--db", db, "--json", "import", p}, nil, &out, &stderr); code != exitDone {
				errs <- fmt.Errorf("exit %d: %s", code, stderr.String())
				return
			}
			errs <- nil
		}()
	}
	for range paths {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if _, c, _ := portent(t, db, "doctor"); c.Documents != 4000 || c.Waiting != 0 {
		t.Errorf("%+v, want 4000 documents and none waiting", c)
	}
}

func TestAFileGivenAloneIsTheOneOfItsFolder(t *testing.T) {
	chat := []byte(`{"messages":[{"party":"Victim","content":"hello, what is the price","timestamp":"2024-01-02T10:00:00Z"},{"party":"Akira","content":"200000 USD","timestamp":"2024-01-02T11:00:00Z"}]}`)
	dir := filepath.Join(t.TempDir(), "ransomchats")
	path := filepath.Join(dir, "Akira", "20240102.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, chat, 0o600); err != nil {
		t.Fatal(err)
	}
	db := newStore(t)
	if code, c, errs := portent(t, db, "import", path); code != exitDone || c.Documents != 1 {
		t.Fatalf("exit %d, %+v\n%s", code, c, errs)
	}
	if code, c, errs := portent(t, db, "import", dir); code != exitDone || c.Documents != 0 || c.Skipped != 1 {
		t.Errorf("with its folder: exit %d, %+v\n%s", code, c, errs)
	}
}

func TestPostsOfOthersInTheSameWordsAreReadAndWhatIsSaidTwiceIsCounted(t *testing.T) {
	post := func(who, day string) string {
		return fmt.Sprintf(`{"genre":"social","author":"x/%s","published":"2026-01-%sT08:00:00Z","text":"45.134.21.30 is Cobalt Strike"}`+"\n", who, day)
	}
	db := newStore(t)
	code, c, errs := portent(t, db, "import", file(t, "posts.jsonl", []byte(post("ann", "05")+post("bob", "09")+post("ann", "05"))))
	if code != exitDone || c.Documents != 2 || c.Skipped != 1 {
		t.Errorf("exit %d, %+v\n%s", code, c, errs)
	}
	if code, c, errs = portent(t, db, "import", file(t, "more.jsonl", []byte(post("bob", "09")+post("cy", "13")))); code != exitDone || c.Documents != 1 || c.Skipped != 1 {
		t.Errorf("a second file: exit %d, %+v\n%s", code, c, errs)
	}
}

func TestDocumentsAreRecognisedByALongFirstLine(t *testing.T) {
	line := `{"text":"` + strings.Repeat("Cold Lynx was seen again. ", 4000) + `","genre":"report"}` + "\n"
	if code, c, errs := portent(t, newStore(t), "import", file(t, "long.jsonl", []byte(line))); code != exitDone || c.Documents != 1 {
		t.Errorf("exit %d, %+v\n%s", code, c, errs)
	}
}

// A document that cannot be derived says nothing, and whoever brings it is told.
func TestADocumentThatIsParkedIsTold(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "-q", "import", "--as", "documents", file(t, "a.jsonl", claims("ipv4:45.134.21.8 indicates actor:cold-lynx")))
	raw, err := sql.Open("sqlite", strings.TrimPrefix(db, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.ExecContext(t.Context(), `CREATE TRIGGER poison BEFORE INSERT ON findings BEGIN SELECT RAISE(ABORT, 'poison'); END`); err != nil {
		t.Fatal(err)
	}
	out := printed(t, exitPartial, "--db", db, "-q", "--json", "import", "--as", "documents", file(t, "b.jsonl", claims("ipv4:45.134.21.9 indicates actor:ice-lynx")))
	if !strings.Contains(out, "nothing could be made of it") || !strings.Contains(out, "poison") {
		t.Errorf("want the document named:\n%s", out)
	}
	if _, err := raw.ExecContext(t.Context(), `DROP TRIGGER poison`); err != nil {
		t.Fatal(err)
	}
	printed(t, exitDone, "--db", db, "-q", "import", "--as", "documents", file(t, "c.jsonl", claims("ipv4:45.134.21.10 indicates actor:ash-lynx")))
}

func TestAFileInTweetFeedsFormIsNobodysUntilSomebodyNamesIt(t *testing.T) {
	var said bytes.Buffer
	for n := range 4 { // weeks apart
		fmt.Fprintf(&said, "2026-0%d-15 10:00:00,user%d,domain,cold-lynx.net,#coldrat,https://x.example/user%d/status/%d\n", n+6, n, n, n)
	}
	folder := filepath.Join(t.TempDir(), "tweetfeed")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "posts.csv"), said.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	path := file(t, "posts.csv", said.Bytes())
	for _, c := range []struct {
		args   []string
		source string
		voices int
	}{
		{[]string{path}, "csv", 1}, {[]string{filepath.Dir(folder)}, "csv", 1}, {[]string{folder}, "tweetfeed", 4}, {[]string{filepath.Join(folder, "posts.csv")}, "tweetfeed", 4}, {[]string{path, "--source", "tweetfeed"}, "tweetfeed", 4}, {[]string{path, "--as", "tweetfeed"}, "tweetfeed", 4}, {[]string{path, "--source", "lab"}, "lab", 1},
		{[]string{path, "--source", "lab", "--reliability", "C"}, "lab", 4},
	} {
		db := newStore(t)
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"--db", db, "--now", "2026-10-01", "import"}, c.args...), strings.NewReader(""), &out, &errs)
		if told := strings.Contains(errs.String(), "--source tweetfeed"); code != exitDone || told != (c.source == "csv") || !strings.Contains(out.String(), "read as tweetfeed") {
			t.Errorf("%v: import exits %d and prints %s%s", c.args, code, &out, &errs)
		}
		var e struct {
			Origins int
			Level   intel.Level `json:"confidence"`
			Sources []struct{ Source string }
		}
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-10-01", "--json", "explain", "cold-lynx.net indicates label:coldrat")), &e); err != nil {
			t.Fatal(err)
		}
		if e.Origins != c.voices || len(e.Sources) != 1 || e.Sources[0].Source != c.source || (e.Level == intel.High) != (c.voices > 1) {
			t.Errorf("%v: %+v; want %d voices of %s", c.args, e, c.voices, c.source)
		}
	}
}

func TestASendersFolderIsNotBelievedBelowANameThatIsNotUTF8(t *testing.T) {
	root := t.TempDir()
	bad := filepath.Join(root, "\xff")
	for _, folder := range []string{filepath.Join(root, "inbox", "tweetfeed"), filepath.Join(bad, "tweetfeed")} {
		if err := os.MkdirAll(folder, 0o700); errors.Is(err, syscall.EILSEQ) || errors.Is(err, syscall.EINVAL) {
			t.Skip("this file system keeps names in UTF-8")
		} else if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "a.csv"), posts(3), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		path, kept string
	}{{root, "csv"}, {filepath.Join(root, "inbox"), "csv"}, {filepath.Join(root, "inbox", "tweetfeed"), "tweetfeed"}} {
		db := newStore(t)
		printed(t, exitDone, "--db", db, "import", c.path)
		if sources := printed(t, exitDone, "--db", db, "sources"); !strings.Contains(sources, c.kept+" ") || c.kept == "csv" && strings.Contains(sources, "tweetfeed ") {
			t.Errorf("import %q: kept as\n%s\nwant %s", c.path, sources, c.kept)
		}
	}
}

func TestPostsThatAreThereAsTweetFeedsAreToldOf(t *testing.T) {
	path, db := file(t, "posts.csv", []byte("a broken line\n2026-06-15 10:00:00,user,domain,cold-lynx.net,#coldrat,https://x.example/user/status/1\n")), newStore(t)
	for _, c := range []struct {
		args []string
		told bool
	}{{[]string{"--source", "tweetfeed", path}, false}, {[]string{path}, true}, {[]string{path}, false}} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"--db", db, "import"}, c.args...), strings.NewReader(""), &out, &errs)
		if told := strings.Contains(errs.String(), "is another document"); code != exitPartial || told != c.told || !strings.Contains(out.String(), "read as tweetfeed") {
			t.Errorf("%v: import exits %d and prints %s%s", c.args, code, &out, &errs)
		}
	}
}

func TestConnectorsSayWhichSourcesNobodyNamed(t *testing.T) {
	if got, want := slices.Sorted(slices.Values(unnamed())), (intel.Unnamed{"csv", "documents", "list", "mail", "misp", "report", "stix"}); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, id := range unnamed() {
		if _, ok := connector(string(id)); !ok {
			t.Errorf("%s is the form of no type", id)
		}
	}
}

func TestAFileOfNothingIsSaidToBeEmpty(t *testing.T) {
	for text, want := range map[string]string{"[]": "it is empty: []", " {\n}\n": "it is empty: {}", "null": "it is empty: null", "": "it is empty", "\uFEFF[ ]": "it is empty: []", `"x"`: "type not recognised"} {
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"--db", "sqlite:" + filepath.Join(t.TempDir(), "x.db"), "import", file(t, "some.json", []byte(text))}, strings.NewReader(""), &out, &errs)
		if code != exitPartial || !strings.Contains(errs.String(), "some.json: "+want) {
			t.Errorf("%q: exit %d, %q; want %q", text, code, errs.String(), want)
		}
	}
}
