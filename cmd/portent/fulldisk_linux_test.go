package main

import (
	"fmt"
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
	if code != exitFailed || !strings.Contains(errs, filepath.Join(dir, "portent.db")) || !strings.Contains(errs, "full") {
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
	clean := newStore(t)
	portent(t, clean, "import", path)
	_, want, _ := portent(t, clean, "doctor")
	if _, got, _ := portent(t, db, "doctor"); got.Observations != want.Observations || got.Evidence != want.Evidence || got.Waiting != 0 {
		t.Errorf("%+v, on a disk with room %+v", got, want)
	}
}
