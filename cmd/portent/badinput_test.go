package main

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asProgram runs this binary as the program itself.
func asProgram(t *testing.T, args ...string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "PORTENT_TEST_AS_PROGRAM=1")
	stderr = &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = stderr, stderr
	return cmd, stderr
}

func TestALineOfTwoGigabytesIsNamedAndPassedOver(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads 2 GB")
	}
	db, path := newStore(t), file(t, "2026.csv", posts(10))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const end = 2 << 30 // the file is sparse: the line takes no room on disk
	if _, err := f.WriteAt(append([]byte("\n"), posts(12)[len(posts(10)):]...), end); err != nil {
		t.Fatal(err)
	}
	cmd, out := asProgram(t, "--db", db, "import", "--as", "tweetfeed", path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peak := watch(t, cmd.Process.Pid)
	err = cmd.Wait()
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) || exit.ExitCode() != exitPartial || !strings.Contains(out.String(), path+": line 11: ") {
		t.Fatalf("err %v\n%s", err, out)
	}
	if most := peak(); most == 0 || most > 1<<20 {
		t.Errorf("it took %d MB of memory", most>>10)
	}
	if _, c, _ := portent(t, db, "doctor"); c.Documents != 12 {
		t.Errorf("%d documents, want those before and after the line", c.Documents)
	}
}

// watch reads how much memory a process has held at most, in kB, until it ends. The
// system's count of it at its end begins with that of who started it.
func watch(t *testing.T, pid int) (peak func() int) {
	t.Helper()
	stop, most := make(chan struct{}), make(chan int)
	go func() {
		kB := 0
		for {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if _, line, ok := strings.Cut(string(status), "VmHWM:"); ok {
				fmt.Sscan(line, &kB)
			}
			select {
			case <-stop:
				most <- kB
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return func() int { close(stop); return <-most }
}

// vanishing is a folder in which one file is gone by the time it is opened.
type vanishing struct {
	fs.FS
	name string
}

func (v vanishing) Open(name string) (fs.File, error) {
	if name == v.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return v.FS.Open(name)
}

func TestAFileThatVanishesFromItsFolderIsNamed(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"a.csv", "b.csv", "c.csv"} {
		if err := os.WriteFile(filepath.Join(dir, name), posts(5 * (i + 1))[len(posts(5*i)):], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := &cli{DB: newStore(t), Quiet: true}
	a := newApp(c, nil, &bytes.Buffer{}, &bytes.Buffer{})
	defer a.close()
	im, err := (&importCmd{}).prepare(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	im.progress = func(int) {}
	parent, name := filepath.Split(dir)
	if err := im.walk(t.Context(), vanishing{os.DirFS(parent), name + "/b.csv"}, parent, name, true); err != nil {
		t.Fatal(err)
	}
	if err := im.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(im.rejected) != 1 || im.rejected[0].Path != filepath.Join(dir, "b.csv") || im.added != 10 {
		t.Fatalf("rejected %+v, added %d", im.rejected, im.added)
	}
	if code, again, errs := portent(t, c.DB, "import", dir); code != exitDone || again.Documents != 5 {
		t.Errorf("once it is there again: exit %d, %+v\n%s", code, again, errs)
	}
}

// begun waits until an import has kept documents.
func begun(t *testing.T, db string, stderr *bytes.Buffer) {
	t.Helper()
	for range 600 {
		time.Sleep(50 * time.Millisecond)
		if _, c, _ := portent(t, db, "doctor"); c.Documents > 0 {
			return
		}
	}
	t.Fatalf("nothing was read\n%s", stderr)
}

func TestAFileThatShrinksWhileReadIsNamed(t *testing.T) {
	db, path := newStore(t), file(t, "2026.csv", posts(20_000))
	cmd, out := asProgram(t, "--db", db, "import", path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	begun(t, db, out)
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != exitPartial || !strings.Contains(out.String(), path+": ") || !strings.Contains(out.String(), "shrank") {
		t.Fatalf("err %v\n%s", err, out)
	}
	if err := os.WriteFile(path, posts(1000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, before, _ := portent(t, db, "doctor")
	if code, c, _ := portent(t, db, "import", path); code != exitDone || c.Documents != 0 || before.Documents < 1000 || before.Waiting != 0 {
		t.Errorf("exit %d, %+v after %+v: what was accepted is lost or doubled", code, c, before)
	}
}

func TestNothingOutsideTheFolderIsReadOrWritten(t *testing.T) {
	outside := file(t, "secret.csv", posts(3))
	dir := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "link.csv")); err != nil {
		t.Fatal(err)
	}
	// An archive with a name that leads out of its folder: archives are not
	// unpacked, and say so.
	slip := []byte("PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x12\x00\x00\x00../../etc/evil.csv")
	if err := os.WriteFile(filepath.Join(dir, "slip.zip"), slip, 0o600); err != nil {
		t.Fatal(err)
	}
	code, c, _ := portent(t, newStore(t), "import", dir)
	if code != exitPartial || len(c.Rejected) != 2 || c.Documents != 0 || !strings.Contains(c.Rejected[0].Path, "link.csv") || !strings.Contains(c.Rejected[1].Path, "slip.zip") {
		t.Errorf("exit %d, %+v", code, c)
	}
}

func TestNamesFromDocumentsCannotLeadOutOfThePublishedTree(t *testing.T) {
	doc := `{"source":"s","genre":"report","title":"t","text":"x","claims":[{"subject":"actor:../../../evil","subject_text":"../../../evil","relation":"uses","object":"tool:..\\..\\x"}]}`
	db, dir := newStore(t), filepath.Join(t.TempDir(), "a", "b", "tree")
	if code, c, errs := portent(t, db, "import", "--as", "documents", file(t, "d.jsonl", []byte(doc+"\n"))); code != exitDone {
		t.Fatalf("exit %d, %+v\n%s", code, c, errs)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--db", db, "publish", dir}, nil, &out, &errs); code != exitDone {
		t.Fatal(errs.String())
	}
	written := 0
	root := filepath.Dir(filepath.Dir(filepath.Dir(dir)))
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			written++
			if !strings.HasPrefix(path, dir+string(filepath.Separator)) {
				t.Errorf("%s lies outside %s", path, dir)
			}
		}
		return err
	})
	if err != nil || written < 2 {
		t.Errorf("%d files, err %v", written, err)
	}
}

// pdf is a PDF of one page whose content is drawn by commands.
func pdf(commands []byte) []byte {
	var z, b bytes.Buffer
	w, _ := zlib.NewWriterLevel(&z, zlib.BestSpeed)
	w.Write(commands)
	w.Close()
	objects := []string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream", z.Len(), z.String()), "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"}
	b.WriteString("%PDF-1.4\n")
	table := "0000000000 65535 f \n"
	for i, o := range objects {
		table += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF", len(objects)+1, table, len(objects)+1, at)
	return b.Bytes()
}

func TestAPDFThatUnfoldsToGigabytesIsRejectedAndItsNeighbourRead(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	good := file(t, "good.pdf", pdf([]byte("BT /F1 12 Tf 72 720 Td (Indicators: 45.134.21.8 and CVE-2021-44228) Tj ET")))
	bomb := file(t, "bomb.pdf", pdf(bytes.Repeat([]byte("BT ("+strings.Repeat("a", 100_000)+") Tj ET\n"), 3_000)))
	cmd, out := asProgram(t, "--db", db, "--json", "import", bomb, good)
	err := cmd.Run()
	var c counts
	if jsonErr := json.Unmarshal(out.Bytes(), &c); jsonErr != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if cmd.ProcessState.ExitCode() != exitPartial || c.Documents != 1 || c.Observations < 2 || len(c.Rejected) != 1 || !strings.Contains(c.Rejected[0].Reason, "MiB") {
		t.Errorf("exit %d, %+v", cmd.ProcessState.ExitCode(), c)
	}
}
