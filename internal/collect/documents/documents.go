// Package documents collects documents that another program has prepared: one
// JSON object a line, in the form of intel.Document.
//
// A file may say whose its documents are, but not speak for a source that others
// bring in, nor raise how far it is believed, nor take up the place of documents
// that it did not bring.
package documents

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	name       = "documents"
	unjudged   = 'F'
	mostSource = 200 // bytes of a name
)

// Connector reads JSON lines of documents.
var Connector = collect.Connector{
	Name:        name,
	About:       "documents as JSON lines, prepared by another program",
	Reliability: unjudged,
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

// source is whose a document is that a file says is of claimed: the one that
// reads it if the user named that, and else one below the connector's own, since
// names such as "nvd" are those of others.
func source(reader, claimed intel.SourceID) (intel.SourceID, error) {
	const own = name + "/"
	switch {
	case claimed.Reserved():
		return "", fmt.Errorf("source %q speaks for this installation: %w", claimed, intel.ErrInvalid)
	case len(claimed) > mostSource || strings.ContainsFunc(string(claimed), unicode.IsControl):
		return "", fmt.Errorf("source of %d bytes, want a name of at most %d without control characters: %w", len(claimed), mostSource, intel.ErrInvalid)
	case reader != name || claimed == "" || claimed == name:
		return reader, nil
	case strings.HasPrefix(string(claimed), own):
		return claimed, nil
	}
	return own + claimed, nil
}

// document reads one line. What it does not say is filled in: the source that
// reads it, and an ID from its address, its words and its claims. An ID that it
// says tells documents of one source apart.
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
	if doc.Genre == "" {
		doc.Genre = intel.Report
	}
	if !doc.Genre.Known() {
		return doc, fmt.Errorf("genre %q, want one of %s: %w", doc.Genre, strings.Trim(fmt.Sprint(intel.Genres()), "[]"), intel.ErrInvalid)
	}
	for _, c := range doc.Claims {
		if c.Stance != intel.Supports && c.Stance != intel.Disputes {
			return doc, fmt.Errorf("stance %d, want \"supports\" or \"disputes\": %w", c.Stance, intel.ErrInvalid)
		}
	}
	if doc.Reliability != 'D' && doc.Reliability != 'E' { // what is above unjudged
		doc.Reliability = 0
	}
	var err error
	if doc.Source, err = source(env.ID, doc.Source); err != nil {
		return doc, err
	}
	switch {
	case doc.ID == "":
		doc.ID = intel.NewContentID(doc, doc.URL, doc.Title)
	case !hex32(string(doc.ID)):
		return doc, fmt.Errorf("id %q, want 32 hexadecimal digits: %w", doc.ID, intel.ErrInvalid)
	default:
		doc.ID = intel.NewDocumentID(doc.Source, name, string(doc.ID))
	}
	doc.Published, doc.Learned = doc.Published.UTC(), doc.Learned.UTC()
	doc.Assumed = !doc.Learned.IsZero() // whatever it says: we did not see it then
	return doc, nil
}

func hex32(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }
