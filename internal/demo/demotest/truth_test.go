package demotest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/demo"
)

var update = flag.Bool("update", false, "write what the world tells as its truth")

// TestTheDemosTruthIsOnFile keeps testdata/truth.json.gz, which the pipeline is
// held to, equal to what the world of the demonstration, of seed 1, was made with.
func TestTheDemosTruthIsOnFile(t *testing.T) {
	const file = "testdata/truth.json.gz"
	want, err := json.Marshal(demo.New(1, time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)).Truth)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(want); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return // it is embedded when this is built again
	}
	got, err := Truth()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the file holds another truth; go test -run DemosTruth ./internal/demo/demotest -update writes this one")
	}
}
