package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

// opened is a source that runs a script of sh.
func opened(t *testing.T, script, more string) collect.Source {
	t.Helper()
	env := collect.Env{ID: "lab", Now: time.Now, Reject: func(item string, reason error) { t.Logf("rejected %s: %v", item, reason) }}
	src, err := Connector.Open(env, collect.Strict(fmt.Appendf(nil, `{"run":["sh","-c",%q]%s}`, script, more)))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// texts is what a source yields, and the cursor that it ends with.
func texts(t *testing.T, src collect.Source, from intel.Cursor) (said []string, next intel.Cursor) {
	t.Helper()
	next = from
	err := src.Collect(t.Context(), from, func(d intel.Document, c intel.Cursor) error {
		said, next = append(said, d.Text), c
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return said, next
}

func TestACursorThatEndsARunIsWhatTheNextBeginsWith(t *testing.T) {
	src := opened(t, `n=${PORTENT_CURSOR:-0}; echo "{\"text\":\"after $n\"}"; echo "{\"cursor\":\"$((n+1))\"}"`, "")
	var next intel.Cursor
	for n := range 3 {
		var said []string
		said, next = texts(t, src, next)
		if want := fmt.Sprint("after ", n); len(said) != 1 || said[0] != want {
			t.Errorf("said %q, want %q", said, want)
		}
	}
}

func TestAProgramWithoutACursorRepeatsNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "d.jsonl")
	src := opened(t, "cat "+file, "")
	var next intel.Cursor
	for n, want := range []int{2, 0, 1} {
		lines := "{\"text\":\"b\"}\n{\"text\":\"a\"}\n"
		if n == 2 {
			lines = "{\"text\":\"c\"}\n" + lines
		}
		if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		var said []string
		if said, next = texts(t, src, next); len(said) != want {
			t.Errorf("run %d: %q, want %d", n, said, want)
		}
	}
}

func TestALiveProgramIsHeardAtOnceAndEndsWithAllItStarted(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	src := opened(t, `sleep 300 & echo $! >`+pid+`; echo '{"text":"now"}'; wait`, `,"live":true`)
	ctx, stop := context.WithCancel(t.Context())
	start := time.Now()
	err := src.Collect(ctx, "", func(intel.Document, intel.Cursor) error { stop(); return nil })
	if took := time.Since(start); !errors.Is(err, context.Canceled) || took > time.Second {
		t.Errorf("ended after %v with %v", took, err)
	}
	text, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		if errors.Is(syscall.Kill(child, 0), syscall.ESRCH) || err == nil && strings.Contains(string(stat), ") Z ") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d, which the program started, runs on", child)
		}
	}
}

func TestAFloodOfOutputIsCut(t *testing.T) {
	src := opened(t, `yes '{"text":"a"}'`, "").(*source)
	src.most = 1 << 20
	n := 0
	err := src.Collect(t.Context(), "", func(intel.Document, intel.Cursor) error { n++; return nil })
	if !errors.Is(err, collect.ErrTooLarge) || n != 1 {
		t.Errorf("%d documents, err %v", n, err)
	}
	long := opened(t, `head -c 3000000 /dev/zero | tr '\0' a; echo; echo '{"text":"b"}'`, "")
	if said, _ := texts(t, long, ""); len(said) != 1 {
		t.Errorf("beside a line that is too long: %q", said)
	}
}

func TestAMissingSecretStartsNothing(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	src := opened(t, "touch "+mark, `,"secrets":["T=env:ABSENT"]`).(*source)
	src.Reveal = func(collect.Secret) (string, error) { return "", collect.Permanent(errors.New("not set")) }
	if err := src.Collect(t.Context(), "", nil); !collect.IsPermanent(err) {
		t.Errorf("err %v", err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the program ran")
	}
}

func TestSettingsThatCannotBeMeantAreRefused(t *testing.T) {
	for _, s := range []string{`{}`, `{"run":[""]}`, `{"run":["a"],"env":["A"]}`, `{"run":["a"],"secrets":["A=hunter2"]}`, `{"run":["a"],"within":"soon"}`, `{"run":["a"],"env":["PORTENT_CURSOR=1"]}`, `{"run":"a b"}`} {
		if _, err := Connector.Open(collect.Env{}, collect.Strict([]byte(s))); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func FuzzCursorLine(f *testing.F) {
	f.Add([]byte(`{"cursor":"a"}`))
	f.Add([]byte(`{"cursor":"a","text":"b"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if next, ok := cursorLine(line); ok && len(next) > len(line) && !strings.Contains(next, "\uFFFD") {
			t.Errorf("a cursor of %d bytes from %d", len(next), len(line))
		}
	})
}
