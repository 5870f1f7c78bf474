// Package documents collects documents that another program has prepared: one
// JSON object a line, in the form of intel.Document.
package documents

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	name     = "documents"
	unjudged = 'F'
)

// Connector reads JSON lines of documents.
var Connector = collect.Connector{
	Name:        name,
	About:       "documents as JSON lines, prepared by another program",
	Reliability: unjudged,
	Unnamed:     name,
	Open:        collect.Files(read),
	Recognise:   recognise,
}

func recognise(_ fs.FS, _ string, head []byte) bool {
	line, _, whole := bytes.Cut(bytes.TrimLeft(head, "\uFEFF \t\r\n"), []byte("\n"))
	if !whole && len(head) >= headSize {
		return begun(line)
	}
	return bytes.HasPrefix(line, []byte("{")) && bytes.Contains(line, []byte(`"genre"`)) && (bytes.Contains(line, []byte(`"text"`)) || bytes.Contains(line, []byte(`"claims"`)))
}

// headSize is how much of a file is there to recognise it by.
const headSize = 64 << 10

// begun reports whether a line that goes on beyond what is there is a document as
// far as it goes: it has members of one alone, and one that only documents need.
func begun(line []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(line))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return false
	}
	for says := false; ; {
		key, err := dec.Token()
		if err != nil {
			return says
		}
		switch key {
		case "text", "claims", "genre":
			says = true
		case "id", "source", "url", "author", "channel", "title", "language", "references", "marking", "reliability", "published", "learned", "assumed":
		default:
			return false
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return says
		}
	}
}

func read(ctx context.Context, env collect.Env, path string, keep func(intel.Document) error) error {
	f, err := collect.OpenFile(ctx, env, path)
	if err != nil {
		return err
	}
	defer f.Close()
	return collect.Prepared{Env: env, In: f}.Each(keep)
}
