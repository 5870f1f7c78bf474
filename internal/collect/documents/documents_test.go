package documents

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestAFileSpeaksForNobodyElse(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		reader, line string
		want         intel.SourceID
		letter       intel.Reliability
	}{
		{"documents", `{"text":"a"}`, "documents", 0},
		{"documents", `{"text":"a","source":"mandiant","reliability":"A"}`, "documents/mandiant", 0},
		{"documents", `{"text":"a","source":"documents/lab","reliability":"D"}`, "documents/lab", 'D'},
		{"lab", `{"text":"a","source":"mandiant","reliability":"C"}`, "lab", 0},
		{"documents", `{"text":"a","source":"` + strings.Repeat("x", 201) + `"}`, "", 0},
	} {
		doc, err := document(collect.Env{ID: intel.SourceID(c.reader)}, []byte(c.line))
		if (err != nil) != (c.want == "") || err == nil && (doc.Source != c.want || doc.Reliability != c.letter) {
			t.Errorf("%s read by %s: source %q, reliability %s, err %v; want %q, %s", c.line, c.reader, doc.Source, doc.Reliability, err, c.want, c.letter)
		}
		doc, err = document(collect.Env{ID: intel.SourceID(c.reader)}, []byte(`{"id":"`+id+`",`+c.line[1:]))
		if err == nil && (doc.ID == id || doc.ID != intel.NewDocumentID(doc.Source, "documents", id)) {
			t.Errorf("%s with an id: it is taken as given, or not told apart by it: %s", c.line, doc.ID)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"genre":"social","text":"a","published":"2026-01-02T03:04:05Z"}`))
	f.Fuzz(func(_ *testing.T, line []byte) { _, _ = document(collect.Env{ID: "fuzz"}, line) })
}
