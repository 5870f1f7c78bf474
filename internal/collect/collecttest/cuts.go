package collecttest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/portent-cti/portent/internal/intel"
)

// maxCuts bounds the places at which one file is cut.
const maxCuts = 300

// checkCuts holds the connector to this: after a file that was cut anywhere,
// the whole one still gives all it says, and nothing that the cut one gave
// contradicts it. Want is what the whole gives.
func (p play) checkCuts(t *testing.T, want []intel.Document) {
	var s struct {
		Path string `json:"path"`
	}
	if err := json.Unmarshal(p.file("settings.json"), &s); err != nil {
		t.Fatal(err)
	}
	body := p.file("FILE " + s.Path)
	step := max(1, len(body)/maxCuts)
	for n := 0; n < len(body); n++ {
		line := n == 0 || body[n-1] == '\n'
		if n%step != 0 && !line {
			continue
		}
		docs, err := p.given(t, s.Path, body[:n])
		checkCompleted(t, n, docs, want, err == nil)
		if err != nil || line { // in mid-line a text may say what nobody meant
			checkSaid(t, n, docs, want)
		}
		docs, err = p.given(t, s.Path, unfinished(t, body[:n]))
		if err == nil {
			t.Errorf("gzip cut after %d bytes of content: no error", n)
		}
		checkCompleted(t, n, docs, want, false)
		checkSaid(t, n, docs, want)
		if t.Failed() {
			return // the cuts that follow fail likewise
		}
	}
}

// unfinished is a gzip stream that breaks off after text.
func unfinished(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// given collects with other content of the file at path.
func (p play) given(t *testing.T, path string, content []byte) (docs []intel.Document, err error) {
	t.Helper()
	p.ar = &txtar.Archive{Files: slices.Clone(p.ar.Files)}
	p.set("FILE "+path, content)
	err = p.mustOpen(t, new([]string)).Collect(t.Context(), "", func(d intel.Document, _ intel.Cursor) error {
		docs = append(docs, d)
		return nil
	})
	return docs, err
}

// checkCompleted checks that no document of the whole is hidden by one that the
// cut file gave under its ID. A post is known by its address, and of a text
// that ends well between two of its lines nobody can tell that it was cut.
func checkCompleted(t *testing.T, n int, docs, want []intel.Document, well bool) {
	t.Helper()
	for _, d := range docs {
		i := slices.IndexFunc(want, func(w intel.Document) bool { return w.ID == d.ID })
		if i < 0 || well && d.Genre == intel.Social {
			continue
		}
		if got, whole := encode(t, []intel.Document{d}), encode(t, want[i:i+1]); !bytes.Equal(got, whole) {
			t.Errorf("cut after %d bytes, a document is never completed: got %s want %s", n, got, whole)
		}
	}
}

// said is the claims of documents, each under its marking.
func said(t *testing.T, docs []intel.Document) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, d := range docs {
		for _, c := range d.Claims {
			b, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			all[d.Marking.String()+" "+string(b)] = true
		}
	}
	return all
}

// checkSaid checks that documents claim nothing that the whole does not, and
// that their texts are at most cut short.
func checkSaid(t *testing.T, n int, docs, want []intel.Document) {
	t.Helper()
	whole := said(t, want)
	for c := range said(t, docs) {
		if !whole[c] {
			t.Errorf("cut after %d bytes, it says what the whole does not: %s", n, c)
		}
	}
	for _, d := range docs {
		if !slices.ContainsFunc(want, func(w intel.Document) bool { return w.Marking == d.Marking && strings.HasPrefix(w.Text, d.Text) }) {
			t.Errorf("cut after %d bytes, it has a text that the whole does not: %s %s", n, d.Marking, d.Text)
		}
	}
}
