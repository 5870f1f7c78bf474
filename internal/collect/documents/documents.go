// Package documents collects documents that another program has prepared: one
// JSON object a line, in the form of intel.Document.
package documents

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads JSON lines of documents.
var Connector = collect.Connector{
	Name:        "documents",
	About:       "documents as JSON lines, prepared by another program",
	Reliability: 'F',
	Open:        collect.Files(read),
	Recognise:   recognise,
}

func recognise(_ fs.FS, _ string, head []byte) bool {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\uFEFF \t\r\n"), []byte("\n"))
	return bytes.HasPrefix(line, []byte("{")) && bytes.Contains(line, []byte(`"genre"`)) && (bytes.Contains(line, []byte(`"text"`)) || bytes.Contains(line, []byte(`"claims"`)))
}

func read(ctx context.Context, env collect.Env, path string, keep func(intel.Document) error) error {
	f, err := collect.OpenFile(ctx, env, path)
	if err != nil {
		return err
	}
	defer f.Close()
	seen := map[intel.DocumentID]bool{}
	lines := collect.NewLines(env, f)
	for lines.Next() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		doc, err := document(env, lines.Bytes())
		if err != nil {
			lines.Reject(err)
			continue
		}
		if seen[doc.ID] {
			continue
		}
		seen[doc.ID] = true
		if err := keep(doc); err != nil {
			return err
		}
	}
	return lines.Err()
}

// document reads one line. What it does not say is filled in: the source that
// reads it, and an ID from its address, its words and its claims.
func document(env collect.Env, line []byte) (intel.Document, error) {
	var doc intel.Document
	if err := collect.CheckDepth(line); err != nil {
		return doc, err
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return doc, err
	}
	if doc.Text == "" && len(doc.Claims) == 0 {
		return doc, fmt.Errorf("a text or claims are wanted: %w", intel.ErrInvalid)
	}
	if doc.Source == "" {
		doc.Source = env.ID
	}
	if doc.Genre == "" {
		doc.Genre = intel.Report
	}
	if doc.Source.Reserved() {
		return doc, fmt.Errorf("source %q speaks for this installation: %w", doc.Source, intel.ErrInvalid)
	}
	if !doc.Genre.Known() {
		return doc, fmt.Errorf("genre %q: %w", doc.Genre, intel.ErrInvalid)
	}
	if doc.ID == "" {
		doc.ID = intel.NewContentID(doc, doc.URL, doc.Title)
	}
	if !hex32(string(doc.ID)) {
		return doc, fmt.Errorf("id %q, want 32 hexadecimal digits: %w", doc.ID, intel.ErrInvalid)
	}
	doc.Published, doc.Learned = doc.Published.UTC(), doc.Learned.UTC()
	doc.Assumed = !doc.Learned.IsZero() // whatever it says: we did not see it then
	return doc, nil
}

func hex32(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }
