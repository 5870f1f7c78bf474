package demotest

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
)

//go:embed testdata/truth.json.gz
var packed []byte

// Truth is what is true of the demonstration, the world of seed 1 as of
// 2026-11-01 at noon UTC, as it was written down, in JSON.
func Truth() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
