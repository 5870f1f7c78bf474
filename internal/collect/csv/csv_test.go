package csv

import (
	"testing"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func FuzzRow(f *testing.F) {
	f.Add("indicator,type\n192.0.2.1,ip")
	f.Fuzz(func(_ *testing.T, text string) {
		columns := split(text)
		at, err := header(columns, nil)
		if err != nil {
			return
		}
		b := &batch{env: collect.Env{ID: "fuzz"}, keep: func(intel.Document) error { return nil }}
		_ = b.row(columns, at)
	})
}
