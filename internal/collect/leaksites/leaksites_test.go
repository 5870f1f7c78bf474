package leaksites

import (
	"testing"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestRealPostsAreAllRead(t *testing.T) {
	docs, rejects := collecttest.Real(t, Connector, "leaksites/posts.json")
	if len(docs) != 9456 || len(rejects) != 0 {
		t.Errorf("got %d documents and %d rejects, want 9456 and none; first %q", len(docs), len(rejects), rejects[:min(3, len(rejects))])
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"post_title":"Example Corp","group_name":"lynx","discovered":"2026-01-02 03:04:05.000006"}`))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		s := source{collect.Env{ID: "fuzz"}, "posts.json"}
		_, _ = s.document(raw)
	})
}
