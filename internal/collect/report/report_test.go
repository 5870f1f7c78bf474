package report

import (
	"context"
	"testing"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func FuzzDocument(f *testing.F) {
	f.Add("a.md", []byte("# x\n\nDate: 2026-01-02"))
	f.Add("a.html", []byte("<html><body><p>x"))
	f.Add("a.pdf", []byte("%PDF-1.4\n1 0 obj"))
	f.Add("a.rtf", []byte(`{\rtf1 x\par}`))
	f.Add("a.html", []byte(`<article class=message><div class=message-body><div class=bbWrapper>x`))
	f.Fuzz(func(_ *testing.T, name string, body []byte) {
		_, _ = documents(context.Background(), collect.Env{ID: "fuzz"}, name, body)
	})
}
