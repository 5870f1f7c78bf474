package stix

import (
	"bytes"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
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

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"type":"bundle","id":"bundle--1","objects":[{"type":"intrusion-set","id":"intrusion-set--1","name":"Cold Lynx","object_marking_refs":["marking-definition--1"]},{"type":"malware","id":"malware--1","name":"Nightbell"},{"type":"relationship","id":"relationship--1","relationship_type":"uses","source_ref":"intrusion-set--1","target_ref":"malware--1","created":"2026-01-03T00:00:00Z"}]}`))
	f.Add([]byte(`{"objects":[{"type":"indicator","id":"indicator--1","pattern":"[ipv4-addr:value = '192.0.2.1' OR file:hashes.'SHA-256' = 'x']"},{"type":"relationship","id":"relationship--1","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"indicator--1"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		env := collect.Env{ID: "fuzz", Files: collect.Memory("b.json", body), Reject: func(string, error) {}}
		docs := map[intel.DocumentID]bool{}
		err := read(t.Context(), env, "b.json", func(doc intel.Document) error {
			if doc.ID == "" || docs[doc.ID] || doc.Text == "" && len(doc.Claims) == 0 || doc.Published.Location() != time.UTC {
				t.Errorf("%+v", doc)
			}
			docs[doc.ID] = true
			return nil
		})
		if len(bytes.TrimSpace(body)) == 0 && err == nil {
			t.Error("nothing passes for a bundle")
		}
	})
}
