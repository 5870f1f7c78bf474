package collect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

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
		doc, err := preparedDocument(Env{ID: intel.SourceID(c.reader)}, []byte(c.line))
		if (err != nil) != (c.want == "") || err == nil && (doc.Source != c.want || doc.Reliability != c.letter) {
			t.Errorf("%s read by %s: source %q, reliability %s, err %v; want %q, %s", c.line, c.reader, doc.Source, doc.Reliability, err, c.want, c.letter)
		}
		doc, err = preparedDocument(Env{ID: intel.SourceID(c.reader)}, []byte(`{"id":"`+id+`",`+c.line[1:]))
		if err == nil && (doc.ID == id || doc.ID != intel.NewDocumentID(doc.Source, "documents", id)) {
			t.Errorf("%s with an id: it is taken as given, or not told apart by it: %s", c.line, doc.ID)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"genre":"social","text":"a","published":"2026-01-02T03:04:05Z"}`))
	f.Add([]byte(`{"genre":"social","claims":[{"subject":"ipv4:192.0.2.1"`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if doc, err := preparedDocument(Env{ID: "fuzz"}, line); err == nil {
			if kept, _ := doc.Bounded(); kept.ID != doc.ID || len(kept.Author) > intel.MostVoice {
				t.Errorf("bounded: %+v", kept)
			}
		}
	})
}

func TestAFileThatNamesSourcesWithoutEndHasABoundedNumber(t *testing.T) {
	var file strings.Builder
	const lines = 1000
	for i := range lines {
		fmt.Fprintf(&file, `{"text":"word %d","source":"blog-%d"}`+"\n", i, i)
	}
	sources, ids := map[intel.SourceID]int{}, map[intel.DocumentID]bool{}
	env := Env{ID: "documents"}
	err := Prepared{Env: env, In: strings.NewReader(file.String())}.Each(func(d intel.Document) error {
		sources[d.Source]++
		ids[d.ID] = true
		return nil
	})
	if err != nil || len(ids) != lines || len(sources) != mostSources+1 || sources[rest] != lines-mostSources {
		t.Errorf("%d documents of %d sources, %d of the rest; err %v", len(ids), len(sources), sources[rest], err)
	}
	if id := intel.NewContentID(intel.Document{Source: "documents/blog-999", Text: "word 999"}, "", ""); !ids[id] {
		t.Error("the ID of a document goes by how many sources were named before it")
	}
}
