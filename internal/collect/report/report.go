// Package report collects what was written for people: reports in Markdown,
// AsciiDoc, HTML, PDF, DOCX, RTF and plain text, and the posts of saved pages of
// forums. What is kept is the text; extraction reads it.
package report

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/ledongthuc/pdf"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

// Connector reads one report a file.
var Connector = collect.Connector{
	Name:        "report",
	About:       "report in Markdown, AsciiDoc, HTML, PDF, DOCX, RTF or plain text; saved thread of a forum",
	Reliability: 'C',
	Unnamed:     "report",
	Open:        collect.Pages(read),
	Recognise:   recognise,
}

const (
	maxFile  = 64 << 20
	maxPages = 2000
)

func recognise(_ fs.FS, name string, head []byte) bool {
	switch ext(name) {
	case ".md", ".markdown", ".adoc", ".asciidoc", ".html", ".htm", ".pdf", ".txt", ".docx", ".docm", ".dotx", ".doc", ".rtf":
		return head != nil
	}
	return bytes.HasPrefix(head, []byte("%PDF-")) || isRTF(head) || isDOCX(head)
}

func ext(name string) string { return strings.ToLower(path.Ext(strings.TrimSuffix(name, ".gz"))) }

func isRTF(head []byte) bool { return bytes.HasPrefix(head, []byte(`{\rtf`)) }

// isDOCX reports whether an archive begins as one of a word processor.
func isDOCX(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) && (bytes.Contains(head, []byte("word/")) || bytes.Contains(head[:min(len(head), 64)], []byte("[Content_Types].xml")))
}

func read(ctx context.Context, env collect.Env, file string, keep func(intel.Document) error) error {
	body, err := collect.ReadFile(ctx, env, file, maxFile)
	if err != nil {
		return err
	}
	docs, err := documents(ctx, env, file, body)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, doc := range docs {
		if strings.TrimSpace(doc.Text) == "" {
			continue
		}
		if err := keep(doc); err != nil {
			return err
		}
	}
	return nil
}

// documents makes a report of a file by what it holds, or the posts of a thread.
func documents(ctx context.Context, env collect.Env, file string, body []byte) ([]intel.Document, error) {
	doc := intel.Document{Source: env.ID, Genre: intel.Report}
	start := bytes.ToLower(bytes.TrimLeft(body[:min(len(body), 1024)], "\uFEFF \t\r\n"))
	var err error
	switch ext := ext(file); {
	case bytes.HasPrefix(body, []byte("%PDF-")):
		if env.Convert == nil {
			doc.Text, err = PDF(body)
		} else {
			doc.Text, err = env.Convert(ctx, "pdf", body)
		}
	case len(body) > 0 && (ext == ".docx" || ext == ".docm" || ext == ".dotx") && !isRTF(body), isDOCX(body[:min(len(body), 64<<10)]), locked(body):
		err = written(env, &doc, docx, body)
	case isRTF(body), ext == ".rtf" && cutRTF(body):
		err = written(env, &doc, rtf, body)
	case ext == ".html" || ext == ".htm" || bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html")):
		var p page.Page
		p, err = page.Read(body, "")
		for _, line := range p.Mended {
			if env.Reject != nil {
				env.Reject(fmt.Sprintf("line %d", line), collect.ErrEncoding)
			}
		}
		if len(p.Posts) > 0 {
			return posts(env, file, p), nil
		}
		doc.Text, doc.Title, doc.Author, doc.Published = p.Text, p.Title, p.Author, p.Published
		if strings.HasPrefix(p.URL, "https://") || strings.HasPrefix(p.URL, "http://") {
			doc.URL = p.URL[:min(len(p.URL), 2048)]
		}
	default:
		doc.Text, err = plain(env, body)
	}
	if err != nil {
		return nil, err
	}
	if doc.Title == "" {
		doc.Title = heading(doc.Text)
	}
	if doc.Published.IsZero() {
		doc.Published = dated(doc.Text)
	}
	if !doc.Published.IsZero() {
		doc.Learned, doc.Assumed = doc.Published, true
	}
	doc.ID = intel.NewContentID(doc, doc.Title, doc.Author, doc.Published.Format(time.RFC3339))
	return []intel.Document{doc}, nil
}

// cutRTF reports whether a file that is named RTF is the beginning of one.
func cutRTF(body []byte) bool { return len(body) > 0 && strings.HasPrefix(`{\rtf`, string(body)) }

// written fills in what a word processor wrote. A date in the text counts more
// than that of the file, which is of when it was saved last.
func written(env collect.Env, doc *intel.Document, read func([]byte) (letter, error), body []byte) error {
	l, err := read(body)
	if err != nil {
		return err
	}
	doc.Text, doc.Title, doc.Published = strings.ToValidUTF8(l.text, "\uFFFD"), clip(strings.ToValidUTF8(l.title, "\uFFFD")), dated(l.text)
	if doc.Published.IsZero() && !future(env, l.at) {
		doc.Published = l.at
	}
	return nil
}

func future(env collect.Env, at time.Time) bool { return env.Now != nil && at.After(env.Now()) }

// posts makes a document of each post of a thread. A thread that is saved again
// gives those that are new.
func posts(env collect.Env, file string, p page.Page) (docs []intel.Document) {
	seen := map[intel.DocumentID]bool{}
	site := strings.ReplaceAll(p.Site, "/", " ")
	for _, post := range p.Posts {
		doc := intel.Document{Source: env.ID, Genre: intel.Forum, Reliability: 'F', Author: strings.ReplaceAll(post.Author, "/", " "), Title: clip(p.Title), Text: post.Text}
		if doc.Author != "" && site != "" {
			doc.Author = site + "/" + doc.Author
		}
		if !post.Published.IsZero() && !future(env, post.Published) {
			doc.Published, doc.Learned, doc.Assumed = post.Published, post.Published, true
		}
		where := site
		if where == "" {
			where = collect.Name(file)
		}
		if doc.ID = intel.NewDocumentID(env.ID, where, p.Title, post.ID, post.Author, post.Text); seen[doc.ID] {
			env.Repeated()
			continue
		}
		seen[doc.ID] = true
		docs = append(docs, doc)
	}
	return docs
}

// plain is the text of a file that is text: UTF-8, or UTF-16 that says so. What
// is neither is replaced, and the first lines with any are named.
func plain(env collect.Env, body []byte) (string, error) {
	if bytes.HasPrefix(body, []byte{0xFF, 0xFE}) || bytes.HasPrefix(body, []byte{0xFE, 0xFF}) {
		return wide(body), nil
	}
	if bytes.IndexByte(body[:min(len(body), 8<<10)], 0) >= 0 {
		return "", fmt.Errorf("not a text: it holds NUL bytes: %w", intel.ErrInvalid)
	}
	collect.CheckText(env, body)
	return strings.ToValidUTF8(strings.TrimPrefix(string(body), "\uFEFF"), "\uFFFD"), nil
}

// wide is the text of UTF-16 with a byte order mark.
func wide(body []byte) string {
	order := binary.ByteOrder(binary.LittleEndian)
	if body[0] == 0xFE {
		order = binary.BigEndian
	}
	units := make([]uint16, 0, len(body)/2)
	for i := 2; i+1 < len(body); i += 2 {
		units = append(units, order.Uint16(body[i:]))
	}
	return string(utf16.Decode(units))
}

// PDF is the text of a PDF. Its parser was not written for hostile input: a
// panic is an error here, but time and memory are for the caller to bound.
func PDF(body []byte) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("pdf: %v: %w", r, intel.ErrInvalid)
		}
	}()
	r, err := pdf.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return "", fmt.Errorf("pdf: %w", err)
	}
	var b strings.Builder
	for i := 1; i <= min(r.NumPage(), maxPages) && b.Len() < maxFile; i++ {
		page, err := r.Page(i).GetPlainText(nil)
		if err != nil {
			return "", fmt.Errorf("pdf: page %d: %w", i, err)
		}
		b.WriteString(page)
		b.WriteString("\n\n")
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD"), nil
}

// heading is the first line that is one, else the first line at all.
func heading(text string) string {
	first := ""
	for line := range strings.Lines(text[:min(len(text), 8<<10)]) {
		line = strings.TrimSpace(line)
		if title := strings.TrimSpace(strings.TrimLeft(line, "#=")); title != line && title != "" {
			return clip(title)
		}
		if first == "" && !strings.HasPrefix(line, "---") {
			first = line
		}
	}
	return clip(first)
}

func clip(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200])
	}
	return s
}

var day = regexp.MustCompile(`(?i)(?:date|published|updated|datum|fecha|дата|日期)["']?\s*[:：=]\s*["']?(\d{4}-\d{2}-\d{2})`)

// dated is the day a report says it is of, near its beginning; zero if none.
func dated(text string) time.Time {
	m := day.FindStringSubmatch(strings.ToValidUTF8(text[:min(len(text), 4<<10)], ""))
	if m == nil {
		return time.Time{}
	}
	at, err := time.Parse(time.DateOnly, m[1])
	if err != nil {
		return time.Time{}
	}
	return at
}
