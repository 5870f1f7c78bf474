package extract_test

import (
	"bytes"
	"os"
	"path/filepath"
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

// reports returns the texts of annoctr and eset, repeated to size bytes.
func reports(t testing.TB, size int) string {
	t.Helper()
	dir := realData(t)
	var all bytes.Buffer
	for _, pattern := range []string{"annoctr/text/*/*.txt", "eset/*/*.adoc", "eset/*/*.md", "eset/*/*.txt"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
			all.WriteByte('\n')
		}
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
