package list

import (
	"testing"

	"github.com/portent-cti/portent/internal/collect/collecttest"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func FuzzRecognise(f *testing.F) {
	f.Add([]byte("192.0.2.1\n# x\n"))
	f.Fuzz(func(_ *testing.T, head []byte) { recognise(nil, "x", head) })
}
