package eset

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestRealFoldersAreReadWhole(t *testing.T) {
	root := os.DirFS(collecttest.DataDir(t))
	docs, claims, rejects := 0, 0, []string(nil)
	err := fs.WalkDir(root, "eset", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if head, err := fs.ReadFile(root, name); err != nil || !recognise(root, name, head) {
			return err
		}
		got, r := collecttest.Real(t, Connector, name)
		docs += len(got)
		for _, doc := range got {
			claims += len(doc.Claims)
			if strings.Contains(doc.Text, "|===") || strings.Contains(doc.Text, "----") {
				t.Logf("%s: markup is left", name)
			}
		}
		rejects = append(rejects, r...)
		return nil
	})
	t.Logf("%d documents, %d claims, rejects %q", docs, claims, rejects)
	if err != nil || docs < 230 || claims < 8000 || len(rejects) > 1 {
		t.Errorf("got %d documents, %d claims, %d rejects, error %v", docs, claims, len(rejects), err)
	}
}

func TestAReadmeBesideSamplesIsOfTheirPublisher(t *testing.T) {
	files := fstest.MapFS{"eset/kasidet/README.adoc": {}, "eset/kasidet/samples.sha1": {}, "notes/README.adoc": {}, "notes/other.sha1": {}}
	for name, want := range map[string]bool{"eset/kasidet/README.adoc": true, "notes/README.adoc": false, "eset/kasidet/README.txt": false} {
		if got := recognise(files, name, []byte("= Win/Kasidet IoCs\n\n== Samples\n")); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestSubjectIsToldByTheFolder(t *testing.T) {
	for _, c := range []struct{ file, title, want string }{
		{"eset/lynx/samples.md5", "Lynx ransomware: a tale", "actor:lynx"},
		{"eset/cold_lynx/samples.md5", "ColdLynx: a tale", "label:coldlynx"},
		{"eset/cold_lynx/samples.md5", "", "label:cold-lynx"},
		{"eset/quarterly_reports/2021_T2/samples.md5", "T2 2021 report", "label:untagged"},
		{"samples.md5", "", "label:untagged"},
	} {
		if e, _ := subject(c.file, c.title); e.String() != c.want {
			t.Errorf("subject(%q, %q) = %s, want %s", c.file, c.title, e, c.want)
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte("= Lynx -- Indicators of Compromise\n\n|===\n|`+a+` |https://a.example/2026/01/02/x[b]\n|===\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		s := source{collect.Env{ID: "fuzz"}, "lynx/README.adoc"}
		s.report(text)
	})
}
