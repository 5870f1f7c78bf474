package documents

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

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
	f.Add([]byte(`{"genre":"social","claims":[{"subject":"ipv4:192.0.2.1"`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if doc, err := document(collect.Env{ID: "fuzz"}, line); err == nil {
			if kept, _ := doc.Bounded(); kept.ID != doc.ID || len(kept.Author) > intel.MostVoice {
				t.Errorf("bounded: %+v", kept)
			}
		}
		begun(line)
	})
}

func TestAFileThatNamesSourcesWithoutEndHasABoundedNumber(t *testing.T) {
	var file strings.Builder
	const lines = 1000
	for i := range lines {
		fmt.Fprintf(&file, `{"text":"word %d","source":"blog-%d"}`+"\n", i, i)
	}
	sources, ids := map[intel.SourceID]int{}, map[intel.DocumentID]bool{}
	env := collect.Env{ID: "documents", Files: fstest.MapFS{"d.jsonl": {Data: []byte(file.String())}}}
	err := read(t.Context(), env, "d.jsonl", func(d intel.Document) error {
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

func TestALineThatIsLongerThanWhatIsLookedAtIsRecognised(t *testing.T) {
	long := strings.Repeat("a", headSize)
	for line, want := range map[string]bool{
		`{"genre":"report","text":"` + long + `"}`:                      true,
		`{"text":"` + long + `","genre":"report"}`:                      true,
		`{"title":"a","author":"b","claims":[{"subject":"` + long + `"`: true,
		`{"title":"` + long + `"}`:                                      false, // of anything
		`{"type":"bundle","text":"` + long + `"}`:                       false,
		`{"Event":{"text":"` + long + `"}}`:                             false,
		`["text","` + long + `"]`:                                       false,
	} {
		if got := recognise(nil, "d.jsonl", []byte(line)[:headSize]); got != want {
			t.Errorf("%.60s …: recognised %t", line, got)
		}
	}
}

func TestAClaimIsOfAValueThatCanBeOfItsKind(t *testing.T) {
	const claim = `{"genre":"list","claims":[{"subject":%q,"relation":"indicates","object":"actor:apt28","by":"one.example"}]}` + "\n"
	for _, c := range []struct{ said, kept string }{
		{"domain:8.8.8.8", "ipv4:8.8.8.8"}, {"ipv6:::ffff:203.0.114.7", "ipv4:203.0.114.7"}, {"ipv4:8.8.8.8:53", "ipv4:8.8.8.8"}, {"url:https://EVIL.top./a", "url:https://evil.top/a"},
		{"ipv4:010.0.0.5", ""}, {"ipv4:127.000.000.001", ""}, {"ipv4:evil", ""}, {"md5:zz", ""}, {"sha256:1.2.3.4", ""}, {"url:javascript:alert(1)", ""}, {"url:http://010.0.0.5/", ""},
		{"url:http://0x08080808/", ""}, {"domain:evil`|x<script>alert(1)</script>.top", ""}, {"mutex:any thing", "mutex:any thing"}, {"malware:any", "malware:any"},
	} {
		var kept []string
		rejected := 0
		env := collect.Env{ID: name, Files: fstest.MapFS{"a.jsonl": {Data: fmt.Appendf(nil, claim, c.said)}}, Reject: func(string, error) { rejected++ }}
		if err := read(t.Context(), env, "a.jsonl", func(d intel.Document) error {
			kept = append(kept, d.Claims[0].Subject.String())
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(kept, " "); got != c.kept || (rejected == 1) != (c.kept == "") {
			t.Errorf("%s is kept as %q, %d rejected; want %q", c.said, got, rejected, c.kept)
		}
	}
}
