package stix

import (
	"bytes"
	"testing"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestRealObjectsAreRead(t *testing.T) {
	docs, rejects := collecttest.Real(t, Connector, "attack/enterprise-attack-18.1.json.gz")
	claims := 0
	for _, d := range docs {
		claims += len(d.Claims)
	}
	if claims < 20 || len(rejects) != 0 {
		t.Errorf("%d claims in %d documents, %d rejects; first %q", claims, len(docs), len(rejects), rejects[:min(3, len(rejects))])
	}
	t.Logf("%d documents, %d claims", len(docs), claims)
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"type":"bundle","objects":[{"type":"indicator","id":"i","pattern":"[url:value = 'http://a.example/\\'']"}]}`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		b := &bundle{env: collect.Env{ID: "fuzz", Reject: func(string, error) {}}, objects: map[string]*object{}, from: map[string][]*object{}}
		_ = b.load(bytes.NewReader(body))
		for _, id := range b.order {
			b.documents(b.objects[id])
		}
	})
}
