package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of a few megabytes.
func smallDisk(t *testing.T, megabytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", megabytes)); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI mounts a small disk to fill it: %v", err)
		}
		t.Skipf("no small disk to fill: mounting one needs more rights: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestAFullDiskLosesNothingThatWasAccepted(t *testing.T) {
	dir := smallDisk(t, 4)
	db, path := "sqlite:"+filepath.Join(dir, "portent.db"), file(t, "2026.csv", posts(6_000))
	code, _, errs := portent(t, db, "import", path)
	if code != exitFailed || !strings.Contains(errs, filepath.Join(dir, "portent.db")) || !strings.Contains(errs, "full") || !strings.Contains(errs, path) {
		t.Fatalf("exit %d\n%s", code, errs)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=256m"); err != nil {
		t.Fatal(err)
	}
	_, kept, _ := portent(t, db, "doctor")
	code, rest, errs := portent(t, db, "import", path)
	if code != exitDone || kept.Documents == 0 || kept.Documents+rest.Documents != 6_000 {
		t.Errorf("with room again: exit %d, %+v after %d documents\n%s", code, rest, kept.Documents, errs)
	}
	sameAsClean(t, db, path)
}

// sameAsClean holds a store against one that path was imported into in one go.
func sameAsClean(t *testing.T, db, path string) {
	t.Helper()
	clean := newStore(t)
	portent(t, clean, "import", path)
	_, want, _ := portent(t, clean, "doctor")
	if _, got, _ := portent(t, db, "doctor"); got.Documents != want.Documents || got.Observations != want.Observations || got.Evidence != want.Evidence || got.Waiting != 0 {
		t.Errorf("%+v, in one go %+v", got, want)
	}
}

// TestAFileThatMayNotGrowIsNamedAsAFullDiskIs needs no rights, as mounting does.
func TestAFileThatMayNotGrowIsNamedAsAFullDiskIs(t *testing.T) {
	db, path := newStore(t), file(t, "2026.csv", posts(6_000))
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -f 3000; exec "$0" --db "$1" import "$2"`, os.Args[0], db, path)
	cmd.Env = append(os.Environ(), "PORTENT_TEST_AS_PROGRAM=1")
	out, err := cmd.CombinedOutput()
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(string(out), path) || !strings.Contains(string(out), "full") {
		t.Fatalf("err %v\n%s", err, out)
	}
	if code, c, errs := portent(t, db, "import", path); code != exitDone || c.Documents == 0 {
		t.Errorf("with room again: exit %d, %+v\n%s", code, c, errs)
	}
	sameAsClean(t, db, path)
}
