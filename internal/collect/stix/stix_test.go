package stix

import (
	"testing"

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
