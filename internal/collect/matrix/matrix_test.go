package matrix

import (
	"path/filepath"
	"testing"

	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestRealTablesAreReadWhole(t *testing.T) {
	root := collecttest.DataDir(t)
	files, err := filepath.Glob(filepath.Join(root, "ransomware-vulnerability-matrix", "*", "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	exploits := 0
	for _, f := range files {
		rel, err := filepath.Rel(root, f)
		if err != nil {
			t.Fatal(err)
		}
		docs, rejects := collecttest.Real(t, Connector, filepath.ToSlash(rel))
		for _, d := range docs {
			for _, c := range d.Claims {
				if c.Relation == intel.Exploits {
					exploits++
				}
			}
		}
		if len(docs) != 1 || len(rejects) > 0 {
			t.Errorf("%s: %d documents, rejects %q", rel, len(docs), rejects)
		}
	}
	t.Logf("%d claims of exploitation in %d files", exploits, len(files))
	if exploits < 800 {
		t.Errorf("got %d claims of exploitation, want at least 200", exploits)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("| A | CVE-2026-1234 | Lynx, Other | [a](https://a.example/x) |")
	f.Fuzz(func(_ *testing.T, s string) {
		t := table{inside: true, said: map[intel.Claim]bool{}}
		_ = t.line(s)
	})
}
