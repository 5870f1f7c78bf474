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

func TestReferencesSayByTheirAddressWhenTheyWerePublished(t *testing.T) {
	for reference, want := range map[string]string{
		"https://www.cisa.gov/news-events/cybersecurity-advisories/aa24-242a":     "2024-08-29",
		"https://www.cisa.gov/uscert/ncas/alerts/aa21-200b":                       "2021-07-19",
		"https://www.cisa.gov/news-events/cybersecurity-advisories/aa24-942a":     "",
		"https://thedfirreport.com/2025/02/24/confluence-exploit-leads/":          "2025-02-24",
		"https://twitter.com/MsftSecIntel/status/1651346653901725696":             "2023-04-26",
		"https://x.com/msftsecintel/status/1722444141081076219":                   "2023-11-09",
		"https://x.com/msftsecintel/status/99999999999999999999":                  "",
		"https://www.trendmicro.com/en_us/research/23/k/cerber-ransomware-x.html": "", // a month is no day
		"": "",
	} {
		got := ""
		if at := published(reference); !at.IsZero() {
			got = at.Format("2006-01-02")
		}
		if got != want {
			t.Errorf("%s: %q, want %q", reference, got, want)
		}
	}
}
