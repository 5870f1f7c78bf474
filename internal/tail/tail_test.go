package tail

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// A reader reads the logs of a folder as a process does that is started anew each time.
type reader struct {
	t      *testing.T
	dir    string
	cursor intel.Cursor
	lines  []string
	now    time.Time // zero for the clock
	told   []string
}

func (r *reader) tail() Tail {
	return Tail{Pattern: "*.log*", Env: collect.Env{ID: "test", Files: os.DirFS(r.dir), Now: func() time.Time {
		if r.now.IsZero() {
			return time.Now()
		}
		return r.now
	}, Reject: func(item string, reason error) { r.told = append(r.told, item+": "+reason.Error()) }, Notice: func(err error) { r.told = append(r.told, fmt.Sprint(err)) }}}
}

// read reads what there is, of a tail or of one made anew.
func (r *reader) read(t *Tail) error {
	r.t.Helper()
	if t == nil {
		anew := r.tail()
		t = &anew
	}
	return t.Read(r.t.Context(), r.cursor, func(p Piece) error {
		for line := range strings.Lines(string(p.Text)) {
			r.lines = append(r.lines, strings.TrimSuffix(line, "\n"))
		}
		r.cursor = p.After
		return nil
	})
}

func (r *reader) mustRead(t *Tail) {
	r.t.Helper()
	if err := r.read(t); err != nil {
		r.t.Fatal(err)
	}
}

func (r *reader) path(name string) string { return filepath.Join(r.dir, name) }

func (r *reader) write(name, text string) {
	r.t.Helper()
	f, err := os.OpenFile(r.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *reader) rename(from, to string) {
	r.t.Helper()
	if err := os.Rename(r.path(from), r.path(to)); err != nil {
		r.t.Fatal(err)
	}
}

// pack packs a file as gzip does.
func (r *reader) pack(name string) {
	r.t.Helper()
	text, err := os.ReadFile(r.path(name))
	if err != nil {
		r.t.Fatal(err)
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(text)
	w.Close()
	if err := errors.Join(os.WriteFile(r.path(name+".gz"), b.Bytes(), 0o600), os.Remove(r.path(name))); err != nil {
		r.t.Fatal(err)
	}
}

// truncate copies a file and cuts it off, as logrotate does with copytruncate.
func (r *reader) truncate(name, to string) {
	r.t.Helper()
	text, err := os.ReadFile(r.path(name))
	if err == nil {
		err = errors.Join(os.WriteFile(r.path(to), text, 0o600), os.Truncate(r.path(name), 0))
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *reader) want(lines ...string) {
	r.t.Helper()
	if !slices.Equal(r.lines, lines) {
		r.t.Errorf("read %q, want %q", r.lines, lines)
	}
}

func TestARenamedLogIsReadOnAndItsSuccessorFromItsBegin(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir()}
	r.write("a.log", "one\ntwo\n")
	r.mustRead(nil)
	r.write("a.log", "three\n")
	r.rename("a.log", "a.log.1")
	time.Sleep(20 * time.Millisecond) // files that changed at one time are read by name
	r.write("a.log", "four\n")
	r.mustRead(nil)
	r.mustRead(nil)
	r.want("one", "two", "three", "four")
}

func TestAPackedLogIsReadOnceAndWhatWasUnreadOfIt(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir()}
	r.write("a.log", "one\ntwo\n")
	r.mustRead(nil)
	r.write("a.log", "three\n")
	r.rename("a.log", "a.log.1")
	r.pack("a.log.1")
	time.Sleep(20 * time.Millisecond) // files that changed at one time are read by name
	r.write("a.log", "four\n")
	r.mustRead(nil)
	r.rename("a.log.1.gz", "a.log.2.gz")
	r.mustRead(nil)
	r.want("one", "two", "three", "four")
}

func TestALogThatIsCopiedAndCutOffIsReadOnInItsCopy(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir()}
	r.write("a.log", "one\ntwo\n")
	r.mustRead(nil)
	r.write("a.log", "three\n")
	r.truncate("a.log", "a.log.1")
	r.write("a.log", "four, which is longer than what was there before\n")
	r.mustRead(nil)
	r.mustRead(nil)
	slices.Sort(r.lines)
	r.want("four, which is longer than what was there before", "one", "three", "two")
}

func TestALogWrittenAnewIsReadFromItsBegin(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir()}
	for _, text := range []string{"one\ntwo\n", "1\n", "one\n2\nthat is longer\n", "one\n3\nthat is as long\n"} {
		if err := os.WriteFile(r.path("a.log"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r.mustRead(nil)
	}
	r.want("one", "two", "1", "one", "2", "that is longer", "one", "3", "that is as long")
}

func TestHalfALineWaitsForItsRest(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir()}
	r.write("a.log", "one\ntw")
	r.mustRead(nil)
	r.want("one")
	r.write("a.log", "o\nthree")
	r.mustRead(nil)
	r.want("one", "two")
	r.now = time.Now().Add(time.Hour) // nobody writes on
	r.mustRead(nil)
	r.mustRead(nil)
	r.want("one", "two", "three")
}

func TestAnyCursorOfLogsOfAnyLengthResumesWithoutLossOrRepeat(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	r := &reader{t: t, dir: t.TempDir()}
	var want []string
	for i := range 3 {
		var b strings.Builder
		for b.Len() < 3*block {
			line := fmt.Sprintf("%d.%d %s", i, b.Len(), strings.Repeat("x", random.IntN(5000)))
			want = append(want, line)
			b.WriteString(line + "\n")
		}
		name := fmt.Sprintf("%d.log", i)
		r.write(name, b.String())
		at := time.Now().Add(time.Duration(i-10) * time.Minute)
		if err := os.Chtimes(r.path(name), at, at); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			r.pack(name)
			if err := os.Chtimes(r.path(name+".gz"), at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	enough := errors.New("killed")
	for range 100 {
		after := random.IntN(3)
		tail := r.tail()
		err := tail.Read(t.Context(), r.cursor, func(p Piece) error {
			for line := range strings.Lines(string(p.Text)) {
				r.lines = append(r.lines, strings.TrimSuffix(line, "\n"))
			}
			r.cursor = p.After
			if after--; after < 0 {
				return enough
			}
			return nil
		})
		if err == nil {
			break
		}
	}
	if !slices.Equal(r.lines, want) {
		t.Errorf("%d lines read, want %d", len(r.lines), len(want))
	}
}

func TestALineOfAnyLengthIsReadInPiecesThatOverlap(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir()}
	long := strings.Repeat("0123456789", longest/4)
	r.write("a.log", long+"\nnext\n")
	r.mustRead(nil)
	n := 0
	for _, l := range r.lines {
		n += len(l)
	}
	if pieces := len(r.lines) - 1; pieces < 3 || n != len(long)+4+(pieces-1)*overlap || r.lines[pieces] != "next" {
		t.Errorf("%d pieces of %d bytes, want %d and what overlaps", pieces, n, len(long))
	}
}

func TestAPackedLogThatIsCutIsToldOnceAndReadOnWhenItIsWhole(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir()}
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "%d %x\n", i, i*7919)
	}
	r.write("a.log", text.String())
	r.pack("a.log")
	whole, err := os.ReadFile(r.path("a.log.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.path("a.log.gz"), whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	r.write("b.log", "other\n")
	tail := r.tail()
	if err := r.read(&tail); err == nil || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("error %v", err)
	}
	if !slices.Contains(r.lines, "other") {
		t.Error("the other log was not read")
	}
	r.mustRead(&tail)
	if err := os.WriteFile(r.path("a.log.gz"), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	r.mustRead(&tail)
	if len(r.lines) != 5001 {
		t.Errorf("%d lines, want 5001", len(r.lines))
	}
}

func TestWhatIsThereAtFirstIsLeftAloneIfAsked(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir()}
	r.write("a.log", "one\n")
	r.write("b.log", "two\n")
	r.pack("b.log")
	r.write("c.log", "")
	tail := r.tail()
	tail.New = true
	r.mustRead(&tail)
	r.write("a.log", "three\n")
	r.write("c.log", "four\n")
	r.write("d.log", "five\n")
	r.rename("b.log.gz", "b.log.2.gz")
	tail = r.tail()
	tail.New = true
	r.mustRead(&tail)
	slices.Sort(r.lines)
	r.want("five", "four", "three")
}

func TestTheNamesOfColumnsComeWithEachPiece(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir()}
	header := "#fields\tts\thost\n"
	r.write("conn.log", "#separator \\x09\n"+header+"1\tone\n")
	r.mustRead(nil)
	r.write("conn.log", "2\ttwo\n")
	tail := r.tail()
	got := ""
	if err := tail.Read(t.Context(), r.cursor, func(p Piece) error { got += string(p.Header) + string(p.Text); return nil }); err != nil {
		t.Fatal(err)
	}
	if want := header + "2\ttwo\n"; got != want {
		t.Errorf("read %q, want %q", got, want)
	}
}

func TestALogInUTF16AndOneOfTwoNamesAreTold(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir()}
	r.write("wide.log", "o\x00n\x00e\x00\n\x00t\x00")
	r.write("a.log", "one\n")
	if err := os.Link(r.path("a.log"), r.path("b.log")); err != nil {
		t.Skip(err)
	}
	r.mustRead(nil)
	r.want("one")
	if len(r.told) != 1 || !strings.Contains(r.told[0], "UTF-16") {
		t.Errorf("told %q", r.told)
	}
}

// TestLogsThatLogrotateTurnsAreReadOnce has the real program rename, copy, cut off and pack.
func TestLogsThatLogrotateTurnsAreReadOnce(t *testing.T) {
	program, err := exec.LookPath("logrotate")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/logrotate")
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("logrotate is absent")
		}
		t.Skip("logrotate is absent")
	}
	for _, how := range []string{"create", "copytruncate", "create\n compress", "copytruncate\n compress", "create\n compress\n delaycompress"} {
		t.Run(strings.ReplaceAll(how, "\n", ""), func(t *testing.T) {
			r := &reader{t: t, dir: t.TempDir()}
			conf := filepath.Join(t.TempDir(), "conf")
			if err := os.WriteFile(conf, fmt.Appendf(nil, "%s/a.log {\n rotate 20\n su root root\n %s\n}\n", r.dir, how), 0o600); err != nil {
				t.Fatal(err)
			}
			var want []string
			for i := range 8 {
				for j := range 50 {
					line := fmt.Sprintf("line %d of day %d, which has some more to say", j, i)
					want = append(want, line)
					r.write("a.log", line+"\n")
					if j == 20 && i%2 == 0 {
						r.mustRead(nil)
					}
				}
				cmd := exec.CommandContext(t.Context(), program, "--force", "--state", conf+".state", conf)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Skipf("logrotate does not work here: %v %s", err, out)
				}
				if i%3 == 0 {
					r.mustRead(nil)
				}
			}
			r.mustRead(nil)
			slices.Sort(want)
			slices.Sort(r.lines)
			if !slices.Equal(r.lines, want) {
				t.Errorf("%d lines read, want %d", len(r.lines), len(want))
			}
		})
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(`[{"i":1,"a":3,"n":3,"h":"00","l":"00"}]`)
	f.Add(`[{"a":-1}]`)
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte("one\ntwo\n"), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		r := &reader{t: t, dir: dir, cursor: intel.Cursor(cursor)}
		if err := r.read(nil); err == nil && len(r.lines) > 2 {
			t.Errorf("%d lines from %q", len(r.lines), cursor)
		}
	})
}

func TestThatThereIsNoFileIsToldUntilThereIsOne(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir()}
	tail := r.tail()
	r.mustRead(&tail)
	r.write("a.log", "one\n")
	r.mustRead(&tail)
	r.mustRead(&tail)
	if want := []string{"no file is called /*.log*", "<nil>"}; !slices.Equal(r.told, want) {
		t.Errorf("told %q, want %q", r.told, want)
	}
}
