package cve

import (
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/figures"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestRealRecordsAreAllRead(t *testing.T) {
	figures.Only(t)
	docs, rejects := collecttest.Real(t, Connector, "cve/cve-records-2024-10-24.ndjson.gz")
	if len(docs) < 44130 || len(rejects) != 0 {
		t.Errorf("got %d documents and %d rejects, want 44130 and none; first %q", len(docs), len(rejects), rejects[:min(3, len(rejects))])
	}
}

func FuzzLog(f *testing.F) {
	f.Add([]byte(`[{"fetchTime":"2026-04-01T11:00:00Z","new":[{"cveId":"CVE-2099-0001","githubLink":"https://raw.example/a.json"}]}]`))
	f.Fuzz(func(_ *testing.T, body []byte) { _, _ = log(body, time.Time{}) })
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"cveMetadata":{"cveId":"CVE-2099-0001"},"containers":{"cna":{"affected":[{"vendor":"v","product":"p"}]}}}`))
	f.Fuzz(func(_ *testing.T, raw []byte) { _, _ = document(collect.Env{ID: "fuzz"}, raw) })
}
