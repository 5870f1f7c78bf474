package ddosia

import (
	"testing"

	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestRealListsAreReadWhole(t *testing.T) {
	figures.Only(t)
	docs, rejects := collecttest.Real(t, Connector, "ddosia/targets.csv.gz")
	claims := 0
	for _, d := range docs {
		claims += len(d.Claims)
	}
	t.Logf("%d documents, %d claims, %d rejected", len(docs), claims, len(rejects))
	if len(docs) != 50712 || len(rejects) > 0 {
		t.Errorf("got %d documents and %d rejects (%q), want one for each of 50712 pairs of snapshot and host", len(docs), len(rejects), rejects[:min(5, len(rejects))])
	}
}

func TestCountryIsThatOfTheTopLevelDomain(t *testing.T) {
	for host, want := range map[string]string{"a.gov.ua": "UA", "b.co.uk": "GB", "c.example": "", "d.io": "", "e.eu": "", "f.de": "DE", "g": "", "192.0.2.1": ""} {
		if got := country(host); got != want {
			t.Errorf("country(%q) = %q, want %q", host, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("2026-01-02T03:04:05,a.example,192.0.2.1,http,GET,443,/x?y=1&$_1=2")
	f.Fuzz(func(_ *testing.T, line string) {
		if r, err := parse(line); err == nil {
			p := snapshot{source: "fuzz", hosts: map[intel.Entity]*target{}}
			_ = p.add(r)
		}
	})
}
