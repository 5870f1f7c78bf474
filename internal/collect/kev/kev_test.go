package kev

import (
	"testing"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestRealRecordsAreAllRead(t *testing.T) {
	docs, rejects := collecttest.Real(t, Connector, "kev/known_exploited_vulnerabilities.json")
	if len(docs) < 1484 || len(rejects) != 0 {
		t.Errorf("got %d documents and %d rejects, want 1484 and none; first %q", len(docs), len(rejects), rejects[:min(3, len(rejects))])
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"cveID":"CVE-2099-0001","dateAdded":"2026-01-02","notes":"https://a.example ; x"}`))
	f.Fuzz(func(_ *testing.T, raw []byte) { _, _ = document(collect.Env{ID: "fuzz"}, raw) })
}
