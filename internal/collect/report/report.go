// Package report collects reports written for people: Markdown, AsciiDoc, HTML,
// PDF and plain text. What is kept is the text; extraction reads it.
package report

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"codeberg.org/readeck/go-readability/v2"
	"github.com/ledongthuc/pdf"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads one report a file.
var Connector = collect.Connector{
	Name:        "report",
	About:       "report in Markdown, AsciiDoc, HTML, PDF or plain text",
	Reliability: 'C',
	Open:        collect.Files(read),
	Recognise:   recognise,
}

const (
	maxFile  = 64 << 20
	maxPages = 2000
)

func recognise(_ fs.FS, name string, head []byte) bool {
	switch strings.ToLower(path.Ext(strings.TrimSuffix(name, ".gz"))) {
	case ".md", ".markdown", ".adoc", ".asciidoc", ".html", ".htm", ".pdf", ".txt":
		return head != nil
	}
	return bytes.HasPrefix(head, []byte("%PDF-"))
}

func read(ctx context.Context, env collect.Env, file string, keep func(intel.Document) error) error {
	body, err := collect.ReadFile(ctx, env, file, maxFile)
	if err != nil {
		return err
	}
	doc, err := document(ctx, env, file, body)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if strings.TrimSpace(doc.Text) == "" {
		return nil
	}
	return keep(doc)
}

// document makes a report of a file by what it holds.
func document(ctx context.Context, env collect.Env, file string, body []byte) (doc intel.Document, err error) {
	doc = intel.Document{Source: env.ID, Genre: intel.Report}
	start := bytes.ToLower(bytes.TrimLeft(body[:min(len(body), 1024)], "\uFEFF \t\r\n"))
	switch ext := strings.ToLower(path.Ext(strings.TrimSuffix(file, ".gz"))); {
	case bytes.HasPrefix(body, []byte("%PDF-")):
		if env.Convert == nil {
			doc.Text, err = PDF(body)
		} else {
			doc.Text, err = env.Convert(ctx, "pdf", body)
		}
	case ext == ".html" || ext == ".htm" || bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html")):
		err = article(&doc, body)
	default:
		doc.Text, err = plain(env, body)
	}
	if err != nil {
		return doc, err
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
	doc.ID = intel.NewDocumentID(env.ID, collect.Name(file), doc.Text)
	return doc, nil
}

// plain is the text of a file that is text: UTF-8, or UTF-16 that says so. What
// is neither is replaced, and the first line of it named.
func plain(env collect.Env, body []byte) (string, error) {
	if bytes.HasPrefix(body, []byte{0xFF, 0xFE}) || bytes.HasPrefix(body, []byte{0xFE, 0xFF}) {
		return wide(body), nil
	}
	if bytes.IndexByte(body[:min(len(body), 8<<10)], 0) >= 0 {
		return "", fmt.Errorf("not a text: it holds NUL bytes: %w", intel.ErrInvalid)
	}
	if !utf8.Valid(body) {
		line := 1
		for rest := body; len(rest) > 0; line++ {
			end := bytes.IndexByte(rest, '\n') + 1
			if end == 0 {
				end = len(rest)
			}
			if !utf8.Valid(rest[:end]) {
				break
			}
			rest = rest[end:]
		}
		if env.Reject != nil {
			env.Reject(fmt.Sprintf("line %d", line), errors.New("not valid UTF-8: the file is read with U+FFFD in place of what is not"))
		}
	}
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

// article takes the article out of a page, without its navigation.
func article(doc *intel.Document, body []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("html: %v: %w", r, intel.ErrInvalid)
		}
	}()
	a, err := readability.FromReader(bytes.NewReader(body), &url.URL{Scheme: "https", Host: "report.invalid"})
	if err != nil {
		return fmt.Errorf("html: %w", err)
	}
	var text strings.Builder
	if a.Node != nil {
		if err := a.RenderText(&text); err != nil {
			return fmt.Errorf("html: %w", err)
		}
	}
	doc.Text, doc.Title, doc.Author = text.String(), a.Title(), a.Byline()
	if at, err := a.PublishedTime(); err == nil {
		doc.Published = at.UTC()
	}
	return nil
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
