package suricata

import (
	"testing"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/tail"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func FuzzJudge(f *testing.F) {
	f.Add([]byte("{\"event_type\":\"dns\"}\n"), []byte(""))
	f.Add([]byte("1\ta\n"), []byte("#fields\tts\tuid\n"))
	f.Fuzz(func(t *testing.T, text, header []byte) {
		if out := judge(collect.Env{}, tail.Piece{Text: text, Header: header}); len(out) > len(text) {
			t.Errorf("%q of %q", out, text)
		}
	})
}
