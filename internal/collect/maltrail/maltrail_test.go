package maltrail

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestActorIsToldByTheFileName(t *testing.T) {
	for file, want := range map[string]string{"x/apt_lazarus.txt": "actor:lazarus", "apt_28.txt.gz": "actor:apt28", "apt_.txt": "actor:unnamed"} {
		if e, _ := actor(file); e.String() != want {
			t.Errorf("actor(%q) = %s, want %s", file, e, want)
		}
	}
}

func TestRealFilesAreReadWhole(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(collecttest.DataDir(t), "maltrail", "apt_*.txt"))
	if err != nil || len(files) < 300 {
		t.Fatalf("got %d files: %v", len(files), err)
	}
	docs, claims, rejects := 0, 0, []string(nil)
	for _, f := range files {
		d, r := collecttest.Real(t, Connector, "maltrail/"+filepath.Base(f))
		docs += len(d)
		for _, doc := range d {
			claims += len(doc.Claims)
		}
		for _, s := range r {
			rejects = append(rejects, filepath.Base(f)+" "+s)
		}
	}
	t.Logf("%d files, %d documents, %d claims, %d rejected: %s", len(files), docs, claims, len(rejects), strings.Join(rejects[:min(40, len(rejects))], "\n"))
	if docs < 7400 || claims < 129000 || len(rejects) > 2 {
		t.Errorf("got %d documents, %d claims, %d rejected", docs, claims, len(rejects))
	}
}

func FuzzLine(f *testing.F) {
	f.Add("# Reference: https://a.example/x")
	f.Add("# Aliases: a, b")
	f.Add("192.0.2.1:80 # note")
	f.Fuzz(func(t *testing.T, line string) {
		r := newReader("fuzz", "apt_lynx.txt", func(intel.Document) error { return nil })
		if _, err := r.line(line); err != nil {
			t.Error(err)
		}
	})
}
