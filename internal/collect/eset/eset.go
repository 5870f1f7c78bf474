// Package eset collects the indicators of ESET's research: folders with a
// README in AsciiDoc and lists of hashes, one folder per actor, malware or
// campaign.
//
// An AsciiDoc file is a report with text; a list of hashes is a document whose
// claims point to the name of the folder, spelled as the README's title spells
// it. The MISP events beside them are the misp connector's.
package eset

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads files of eset/malware-ioc.
var Connector = collect.Connector{
	Name:        "eset",
	Proven:      "folders of eset/malware-ioc",
	About:       "reports and hash lists of ESET (eset/malware-ioc)",
	Reliability: 'B',
	Open:        collect.Files(read),
	Recognise:   recognise,
}

const (
	maxFile   = 32 << 20
	perPart   = 5000 // claims of one document
	published = "https://github.com/eset/malware-ioc/tree/master/"
)

type source struct {
	env  collect.Env
	path string
}

func recognise(fsys fs.FS, name string, head []byte) bool {
	if head == nil || list(name) || path.Ext(collect.Name(name)) != ".adoc" {
		return head != nil && list(name)
	}
	text := bytes.ToLower(head)
	return beside(fsys, name) || bytes.Contains(text, []byte("eset")) || bytes.Contains(text, []byte("welivesecurity")) || bytes.Contains(text, []byte("indicators of compromise"))
}

// beside reports whether a list of samples stands in the folder of a file: its README is
// of the same publisher, though it may not say so.
func beside(fsys fs.FS, name string) bool {
	return slices.ContainsFunc(lists(), func(samples string) bool {
		_, err := fs.Stat(fsys, path.Join(path.Dir(name), samples))
		return err == nil
	})
}

// lists is how lists of hashes are called.
func lists() []string {
	return []string{"samples.md5", "samples.sha1", "samples.sha256", "samples.sha512"}
}

// list reports whether name is that of a list of hashes.
func list(name string) bool { return slices.Contains(lists(), collect.Name(name)) }

// read hands over what one file holds.
func read(ctx context.Context, env collect.Env, file string, keep func(intel.Document) error) error {
	s := &source{env, file}
	if list(s.path) {
		return s.samples(ctx, keep)
	}
	if path.Ext(collect.Name(s.path)) != ".adoc" {
		return collect.Permanent(fmt.Errorf("%s: neither AsciiDoc nor a list of samples; MISP events are read as misp", s.path))
	}
	text, broken := collect.ReadText(ctx, s.env, s.path, maxFile)
	if broken != nil {
		return broken // half a report is no report
	}
	if doc, ok := s.report(text); ok {
		return keep(doc)
	}
	return nil
}

func (s *source) report(adoc []byte) (intel.Document, bool) {
	title, text := prose(adoc)
	if text == "" {
		return intel.Document{}, false
	}
	doc := s.document(adoc)
	doc.Genre, doc.Title, doc.Text = intel.Report, title, text
	doc.ID = s.id(doc)
	return doc, true
}

// id identifies a document by its file and its folder: those above may be read
// or not.
func (s *source) id(doc intel.Document) intel.DocumentID {
	return intel.NewContentID(doc, path.Base(path.Dir(s.path)), collect.Name(s.path))
}

// document is what all documents of a folder have in common; adoc is its
// README.
func (s *source) document(adoc []byte) intel.Document {
	place := strings.TrimPrefix(strings.TrimSuffix(s.path, ".gz"), "eset/") // of the publisher's folder, wherever it was put
	doc := intel.Document{Source: s.env.ID, Author: "eset", URL: published + place}
	for _, link := range links(adoc) {
		if strings.Contains(link, "welivesecurity.com/") && len(doc.References) < 10 {
			doc.References = append(doc.References, link)
		}
	}
	if len(doc.References) > 0 {
		doc.Published = collect.Day(doc.References[0])
		doc.Learned, doc.Assumed = doc.Published, !doc.Published.IsZero()
	}
	return doc
}

// samples emits the hashes of a list.
func (s *source) samples(ctx context.Context, keep func(intel.Document) error) error {
	readme, err := collect.ReadFile(ctx, s.env, path.Join(path.Dir(s.path), "README.adoc"), maxFile)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		readme = nil // the list can do without
	}
	f, err := collect.OpenFile(ctx, s.env, s.path)
	if err != nil {
		return err
	}
	defer f.Close()
	title, _ := prose(readme)
	subject, wording := subject(s.path, title)
	doc := s.document(readme)
	doc.Genre, doc.Title = intel.List, "Samples: "+title
	lines := collect.NewLines(s.env, f)
	seen, part := map[intel.Entity]bool{}, doc
	for lines.Next() {
		value := strings.TrimSpace(lines.Text())
		if value == "" || value[0] == '#' {
			continue
		}
		e, _, err := collect.Indicator(intel.SHA256, value)
		if err != nil {
			lines.Reject(err)
			continue
		}
		if seen[e] {
			continue
		}
		seen[e] = true
		part.Claims = append(part.Claims, intel.Claim{Subject: e, Relation: intel.Indicates, Object: subject, ObjectText: wording})
		if len(part.Claims) == perPart {
			part.ID = s.id(part)
			if err := keep(part); err != nil {
				return err
			}
			part = doc
		}
	}
	if err := lines.Err(); err != nil || len(part.Claims) == 0 {
		return err
	}
	part.ID = s.id(part)
	return keep(part)
}

// subject returns what the samples of a folder are of, by the name of the
// folder; a collection of many things, such as a quarterly report, is
// "untagged". Whether it is an actor or a malware is for the reference to say,
// unless the title calls it ransomware.
func subject(file, title string) (e intel.Entity, wording string) {
	folder := path.Base(path.Dir(file))
	if folder == "." || folder == "/" {
		folder = title
	}
	if i := strings.IndexByte(folder, '/'); i >= 0 {
		folder = folder[i+1:]
	}
	if e = intel.NewEntity(intel.Label, folder); e.Name == "" || strings.Contains(file, "quarterly_reports") || e.Name[0] >= '0' && e.Name[0] <= '9' && strings.Contains(e.Name, "-") {
		return intel.Untagged(), ""
	}
	words := strings.Fields(title)
	for i := range words {
		for j := i + 1; j <= len(words) && j <= i+3; j++ {
			if s := strings.Trim(strings.Join(words[i:j], " "), ".,:;"); intel.Compact(s) == intel.Compact(folder) {
				e, wording = intel.NewEntity(intel.Label, s), s
				if j < len(words) && strings.HasPrefix(strings.ToLower(words[j]), "ransomware") {
					e.Kind = intel.Actor
				}
			}
		}
	}
	if wording == e.Name {
		wording = ""
	}
	return e, wording
}

// links returns the URLs of an AsciiDoc text, each once.
func links(adoc []byte) (found []string) {
	seen := map[string]bool{}
	for i := bytes.Index(adoc, []byte("http")); i >= 0; {
		rest := adoc[i:]
		end := bytes.IndexAny(rest, " \t\r\n[]<>|`\"")
		if end < 0 {
			end = len(rest)
		}
		if link, ok := collect.Link(strings.TrimRight(strings.ToValidUTF8(string(rest[:end]), ""), ".,;:)+")); ok && !seen[link] {
			seen[link] = true
			found = append(found, link)
		}
		next := bytes.Index(rest[4:], []byte("http"))
		if next < 0 {
			return found
		}
		i += 4 + next
	}
	return found
}
