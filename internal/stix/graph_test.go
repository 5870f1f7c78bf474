package stix

import (
	"bytes"
	"testing"
)

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"type":"bundle","objects":[{"type":"indicator","id":"i","pattern":"[url:value = 'http://a.example/\\'']"}]}`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		var g Graph
		_ = g.Load(bytes.NewReader(body))
		for range g.Documents() {
			continue
		}
	})
}
