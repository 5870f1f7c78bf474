package extract_test

import (
	"bytes"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// realData is the folder of real data, which CI always has.
func realData(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("PORTENT_DATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI needs the real data: %v", err)
		}
		t.Skip("no real data here")
	}
	return dir
}

// realSet builds the set of the packs that hold names and benign values.
func realSet(t testing.TB) *reference.Set {
	t.Helper()
	fsys := os.DirFS(realData(t))
	var packs []reference.Pack
	for _, name := range []string{"attack", "actors", "warninglists", "kev"} {
		p, err := reference.Read(t.Context(), fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		packs = append(packs, p)
	}
	s, err := reference.NewSet(packs...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// files goes through the real data that patterns match, by path and content.
func files(t testing.TB, patterns ...string) iter.Seq2[string, []byte] {
	t.Helper()
	return func(yield func(string, []byte) bool) {
		for _, pattern := range patterns {
			paths, err := filepath.Glob(filepath.Join(realData(t), pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range paths {
				b, err := os.ReadFile(p)
				if err != nil {
					t.Fatal(err)
				}
				if !yield(p, b) {
					return
				}
			}
		}
	}
}

// reports returns the texts of annoctr and eset, repeated to size bytes.
func reports(t testing.TB, size int) string {
	t.Helper()
	var all bytes.Buffer
	for _, b := range files(t, "annoctr/text/*/*.txt", "eset/*/*.adoc", "eset/*/*.md", "eset/*/*.txt") {
		all.Write(b)
		all.WriteByte('\n')
	}
	return string(bytes.Repeat(all.Bytes(), size/all.Len()+1)[:size])
}

// BenchmarkReports extracts real reports with all aliases loaded, a document
// of 64 kB at a time.
func BenchmarkReports(b *testing.B) {
	text := reports(b, 16<<20)
	s := extract.New(realSet(b))
	b.SetBytes(int64(len(text)))
	found := 0
	for b.Loop() {
		found = 0
		for at := 0; at < len(text); at += 64 << 10 {
			found += len(s.Observations(intel.Document{Text: text[at:min(len(text), at+64<<10)]}))
		}
	}
	b.ReportMetric(float64(found), "found")
}

// accessLog returns size bytes of a combined access log as a busy site writes it.
func accessLog(size int) string {
	var b strings.Builder
	r := rand.New(rand.NewPCG(1, 2))
	paths := []string{"/", "/index.html", "/static/app.css", "/api/v1/items", "/search", "/images/logo.png", "/blog/2026/03/news", "/login"}
	agents := []string{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "curl/8.5.0"}
	for b.Len() < size {
		fmt.Fprintf(&b, "%d.%d.%d.%d - - [%02d/Mar/2026:%02d:%02d:%02d +0000] \"GET %s?id=%d HTTP/1.1\" %d %d \"https://www.shop%d.test1/\" %q\n", 11+r.IntN(200), r.IntN(256), r.IntN(256), r.IntN(256),
			1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), paths[r.IntN(len(paths))], r.IntN(10_000), 200+r.IntN(4)*100, r.IntN(100_000), r.IntN(50), agents[r.IntN(len(agents))])
	}
	return b.String()[:size]
}

// BenchmarkAccessLog extracts a log a chunk at a time, with all aliases loaded.
func BenchmarkAccessLog(b *testing.B) {
	text := accessLog(8 << 20)
	s := extract.New(realSet(b))
	b.SetBytes(int64(len(text)))
	found := 0
	for b.Loop() {
		found = 0
		for at := 0; at < len(text); at += 64 << 10 {
			found += len(s.Observations(intel.Document{Genre: intel.Log, Text: text[at:min(len(text), at+64<<10)]}))
		}
	}
	b.ReportMetric(float64(found), "found")
}
