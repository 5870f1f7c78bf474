package tweetfeed

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/fstest"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestRealFilesAreReadWhole(t *testing.T) {
	docs, rejects := collecttest.Real(t, Connector, "tweetfeed/2021.csv.gz")
	rows := 0
	for _, d := range docs {
		seen := map[intel.Entity]bool{}
		for _, c := range d.Claims {
			seen[c.Subject] = true
		}
		rows += len(seen)
	}
	if len(docs) != 66080 || rows != 116219 || len(rejects) != 4 {
		t.Errorf("got %d documents of %d indicators with %d rejected (%q), want 66080 of 116219 with 4", len(docs), rows, len(rejects), rejects)
	}
}

func TestAPostThatABrokenFileMayHaveCutIsNotKept(t *testing.T) {
	var text bytes.Buffer
	for i := range 900 {
		fmt.Fprintf(&text, "2026-01-02 03:04:05,ana,domain,host%d.example,#rat,https://x.example/ana/status/%d\n", i, i/3)
		if i%3 == 0 && i >= 60 { // a row that comes late
			fmt.Fprintf(&text, "2026-01-02 03:04:05,ana,domain,late%d.example,#rat,https://x.example/ana/status/%d\n", i, (i-30)/3)
		}
	}
	whole := map[intel.DocumentID]int{}
	for _, d := range collected(t, text.Bytes(), nil) {
		whole[d.ID] = len(d.Claims)
	}
	for n := 500; n < text.Len(); n += 997 {
		docs := collected(t, text.Bytes()[:n], io.ErrUnexpectedEOF)
		for _, d := range docs {
			if len(d.Claims) != whole[d.ID] {
				t.Fatalf("cut after %d bytes: %s has %d claims, of the whole file %d", n, d.URL, len(d.Claims), whole[d.ID])
			}
		}
		if rows := bytes.Count(text.Bytes()[:n], []byte("\n")); len(docs) < (rows-2*settled)/4 {
			t.Errorf("cut after %d rows: %d posts, want those that are whole", rows, len(docs))
		}
	}
}

// collected reads a file of the given content, packed and broken off where that
// is to end in an error.
func collected(t *testing.T, content []byte, want error) (docs []intel.Document) {
	t.Helper()
	if want != nil {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(content)
		w.Flush()
		content = b.Bytes()
	}
	env := collect.Env{ID: "test", Files: fstest.MapFS{"a.csv": {Data: content}}}
	err := read(t.Context(), env, "a.csv", func(d intel.Document) error {
		docs = append(docs, d)
		return nil
	})
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
	return docs
}

func FuzzParse(f *testing.F) {
	f.Add("2026-01-02 03:04:05,ana,ip,192.0.2.7,#Qakbot #c2,https://x.com/ana/status/1")
	f.Add(`2026-01-02 03:04:05,ana,url,"http://a.example/x,y",,https://x.com/ana/status/1`)
	f.Add(",,,,,")
	f.Fuzz(func(t *testing.T, line string) {
		r, err := parse(line)
		if err == nil && (r.user == "" || r.post == "" || r.at.IsZero() && r.at.Year() > 1) {
			t.Errorf("%q parsed to %+v", line, r)
		}
	})
}

func BenchmarkCollect(b *testing.B) {
	const rows = 300_000
	var text bytes.Buffer
	for i := range rows {
		fmt.Fprintf(&text, "2026-01-02 03:04:05,user%d,domain,host%d.example,#phishing #Qakbot,https://x.com/user/status/%d\n", i%900, i, i/2)
	}
	env := collect.Env{ID: "bench", Files: fstest.MapFS{"a.csv": {Data: text.Bytes()}}}
	src, err := Connector.Open(env, collect.Strict([]byte(`{"path": "a.csv"}`)))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := src.Collect(b.Context(), "", func(intel.Document, intel.Cursor) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}
