package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/collect"
)

func TestASecretIsReadFromWhereItStandsAndNeverShown(t *testing.T) {
	dir := t.TempDir()
	sources := filepath.Join(dir, "sources.toml")
	var out, told bytes.Buffer
	if code := execute(t.Context(), "", []string{"--sources-file", sources, "secrets", "set", "feed"}, strings.NewReader("hunter2\n"), &out, &told); code != exitDone {
		t.Fatalf("exit %d: %s", code, told.String())
	}
	for _, args := range [][]string{{"secrets"}, {"--json", "secrets"}, {"secrets", "remove", "other"}} {
		execute(t.Context(), "", append([]string{"--sources-file", sources}, args...), nil, &out, &told)
	}
	if all := out.String() + told.String(); strings.Contains(all, "hunter2") || !strings.Contains(all, "feed") {
		t.Errorf("printed: %s", all)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if info, _ := d.Info(); strings.Contains(string(text), "hunter2") || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has it, or mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte("hunter3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PORTENT_TEST_TOKEN", "hunter4")
	a := newApp(&cli{SourcesFile: sources, AgeIdentity: ""}, nil, &out, &told)
	for where, want := range map[collect.Secret]string{"age:feed": "hunter2", collect.Secret("file:" + file): "hunter3", "env:PORTENT_TEST_TOKEN": "hunter4"} {
		if got, err := a.reveal(where); err != nil || got != want {
			t.Errorf("%s: %q, %v", where, got, err)
		}
	}
	for _, where := range []collect.Secret{"age:none", "env:PORTENT_TEST_NONE", "file:/none"} {
		if _, err := a.reveal(where); !collect.IsPermanent(err) || !strings.Contains(err.Error(), string(where)) {
			t.Errorf("%s: %v", where, err)
		}
	}
}

func TestAKeyThatDoesNotFitOpensNothingAndIsNotRepeated(t *testing.T) {
	sources := filepath.Join(t.TempDir(), "sources.toml")
	var out, told bytes.Buffer
	execute(t.Context(), "", []string{"--sources-file", sources, "secrets", "set", "feed"}, strings.NewReader("hunter2"), &out, &told)
	other := filepath.Join(t.TempDir(), "key")
	for _, text := range []string{"AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX", "my password"} {
		if err := os.WriteFile(other, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := newApp(&cli{SourcesFile: sources, AgeIdentity: other}, nil, &out, &told).reveal("age:feed")
		if err == nil || strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), other) {
			t.Errorf("got %v", err)
		}
	}
}
