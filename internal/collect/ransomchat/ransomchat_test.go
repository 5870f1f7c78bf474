package ransomchat

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestRealChatsAreAllRead(t *testing.T) {
	root := collecttest.DataDir(t)
	files, err := filepath.Glob(filepath.Join(root, "ransomchats", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, f := range files {
		rel, err := filepath.Rel(root, f)
		if err != nil {
			t.Fatal(err)
		}
		docs, rejects := collecttest.Real(t, Connector, filepath.ToSlash(rel))
		if len(docs) != 1 || len(rejects) > 0 {
			t.Logf("%s: %d documents, rejects %q", rel, len(docs), rejects[:min(3, len(rejects))])
		}
		if len(docs) != 1 {
			t.Errorf("%s: %d documents, want one", rel, len(docs))
		}
	}
	t.Logf("%d chats", len(files))
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"chat_id":"1","messages":[{"party":"Lynx","content":"pay","timestamp":"2026-01-02 03:04:05"}]}`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		var c chat
		if json.Unmarshal(text, &c) == nil {
			s := source{collect.Env{ID: "fuzz"}, "Lynx/1.json"}
			s.document(c)
		}
	})
}
