package documents

import (
	"testing"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"genre":"social","text":"a","published":"2026-01-02T03:04:05Z"}`))
	f.Fuzz(func(_ *testing.T, line []byte) { _, _ = document(collect.Env{ID: "fuzz"}, line) })
}
