package report

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	mostMembers = 10_000 // of an archive
	deepest     = 256    // element in element
)

// bounds of what is read of one archive.
type bounds struct {
	member, all int64 // bytes of one member and of all, inflated
	elements    int   // of all members
}

var docxBounds = bounds{member: 64 << 20, all: 96 << 20, elements: 2 << 20}

// A letter is a word processor's document as text.
type letter struct {
	title, text string
	at          time.Time // when it was changed last, else when it was made
}

// docx reads a DOCX: its text, footnotes included, its title and date. Members
// of the archive are only ever read by the names the format gives them, and
// nothing is written: what else an archive holds, and under which names, does
// no harm.
func docx(body []byte) (letter, error) { return docxWithin(body, docxBounds) }

func docxWithin(body []byte, b bounds) (letter, error) {
	var l letter
	if locked(body) {
		return l, fmt.Errorf("docx: encrypted, or of Word before 2007; save it anew as DOCX without a password: %w", intel.ErrInvalid)
	}
	if n := bytes.Count(body, []byte("PK\x01\x02")); n > mostMembers {
		return l, fmt.Errorf("docx: more than %d members: %w", mostMembers, intel.ErrInvalid)
	}
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return l, fmt.Errorf("docx: damaged or no DOCX: %w", err)
	}
	p := &parcel{files: map[string]*zip.File{}, left: b}
	for _, f := range r.File {
		if name := strings.TrimPrefix(f.Name, "/"); p.files[name] == nil {
			p.files[name] = f
		}
	}
	main := p.main()
	if p.files[main] == nil {
		return l, fmt.Errorf("docx: an archive without %s, which a DOCX has: %w", main, intel.ErrInvalid)
	}
	t := &typed{parcel: p, levels: p.headings(main)}
	for _, part := range []string{main, path.Join(path.Dir(main), "footnotes.xml"), path.Join(path.Dir(main), "endnotes.xml")} {
		if p.files[part] == nil {
			continue
		}
		if t.targets, err = p.targets(part); err != nil {
			return l, err
		}
		if err := p.walk(part, t); err != nil {
			return l, err
		}
		if t.root != "document" {
			return l, fmt.Errorf("docx: %s is no text, but a spreadsheet or slides: %w", main, intel.ErrInvalid)
		}
		t.part(2)
	}
	l.text = strings.TrimSpace(t.out.String())
	l.title, l.at, err = p.core()
	return l, err
}

// locked reports whether body is a compound file: what an encrypted DOCX is in,
// and what Word before 2007 wrote.
func locked(body []byte) bool {
	return bytes.HasPrefix(body, []byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1})
}

// A parcel is the members of a DOCX.
type parcel struct {
	files map[string]*zip.File
	left  bounds // what may still be read
}

// A reader takes the elements and the text of a member, in order.
type reader interface {
	start(e xml.StartElement)
	end(name string)
	chars(s string)
}

// walk hands the member of that name to r, within bounds.
func (p *parcel) walk(name string, r reader) error {
	f := p.files[name]
	if f.Flags&1 != 0 {
		return fmt.Errorf("docx: %s is encrypted: %w", name, intel.ErrInvalid)
	}
	in, err := f.Open()
	if err != nil {
		return fmt.Errorf("docx: %s: %w", name, err)
	}
	defer in.Close()
	limited := &io.LimitedReader{R: in, N: min(p.left.member, p.left.all) + 1}
	defer func(before int64) { p.left.all -= before - limited.N }(limited.N)
	dec := xml.NewDecoder(limited)
	for depth := 0; ; {
		token, err := dec.Token()
		switch {
		case limited.N <= 0:
			return fmt.Errorf("docx: %s unpacks to more than is read: %w", name, intel.ErrInvalid)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("docx: %s: %w", name, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			if p.left.elements--; depth > deepest || p.left.elements < 0 {
				return fmt.Errorf("docx: %s is nested too deep or has too many elements: %w", name, intel.ErrInvalid)
			}
			r.start(t)
		case xml.EndElement:
			depth--
			r.end(t.Name.Local)
		case xml.CharData:
			r.chars(string(t))
		}
	}
}

// elements is a reader that looks at the elements of a member and their text.
type elements func(e xml.StartElement, text string)

// A gatherer calls an elements with the text right inside of each.
type gatherer struct {
	each elements
	open []xml.StartElement
	text strings.Builder
}

func (g *gatherer) start(e xml.StartElement) {
	g.open = append(g.open, e.Copy())
	g.text.Reset()
}

func (g *gatherer) chars(s string) {
	if g.text.Len() < 4096 {
		g.text.WriteString(s)
	}
}

func (g *gatherer) end(string) {
	last := len(g.open) - 1
	g.each(g.open[last], g.text.String())
	g.open = g.open[:last]
	g.text.Reset()
}

// main is the member that the text is in.
func (p *parcel) main() string {
	main := "word/document.xml"
	if p.files["_rels/.rels"] != nil {
		err := p.walk("_rels/.rels", &gatherer{each: func(e xml.StartElement, _ string) {
			if strings.HasSuffix(value(e, "Type"), "/officeDocument") {
				main = strings.TrimPrefix(path.Clean("/"+value(e, "Target")), "/")
			}
		}})
		if err != nil {
			return "word/document.xml"
		}
	}
	return main
}

// targets are where the links of a member lead, by their ids.
func (p *parcel) targets(part string) (map[string]string, error) {
	found := map[string]string{}
	rels := path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
	if p.files[rels] == nil {
		return found, nil
	}
	return found, p.walk(rels, &gatherer{each: func(e xml.StartElement, _ string) {
		if strings.HasSuffix(value(e, "Type"), "/hyperlink") && value(e, "TargetMode") == "External" {
			found[value(e, "Id")] = value(e, "Target")
		}
	}})
}

// item is the level of what is no heading but an item of a list.
const item = -1

// headings are the levels of the styles that are headings, by their ids. Word
// calls them "heading 1" and "Title" in every language.
func (p *parcel) headings(main string) map[string]int {
	levels, id := map[string]int{}, ""
	part := path.Join(path.Dir(main), "styles.xml")
	if p.files[part] == nil {
		return map[string]int{"Title": 1, "Heading1": 1, "Heading2": 2, "Heading3": 3, "Heading4": 4, "Heading5": 5, "Heading6": 6}
	}
	names := &styles{levels: levels, id: &id}
	if err := p.walk(part, names); err != nil {
		return map[string]int{} // a text without its headings is better than none
	}
	return levels
}

// styles reads the names of styles.
type styles struct {
	levels map[string]int
	id     *string
}

func (s *styles) start(e xml.StartElement) {
	switch e.Name.Local {
	case "style":
		*s.id = value(e, "styleId")
	case "name":
		name := strings.ToLower(value(e, "val"))
		if level, ok := strings.CutPrefix(name, "heading "); ok && len(level) == 1 && level[0] >= '1' && level[0] <= '6' {
			s.levels[*s.id] = int(level[0] - '0')
		} else if name == "title" {
			s.levels[*s.id] = 1
		} else if strings.HasPrefix(name, "list bullet") || strings.HasPrefix(name, "list number") {
			s.levels[*s.id] = item
		}
	}
}

func (s *styles) end(string)   {}
func (s *styles) chars(string) {}

// core is the title of the document and when it was changed last.
func (p *parcel) core() (title string, at time.Time, err error) {
	const part = "docProps/core.xml"
	if p.files[part] == nil {
		return "", at, nil
	}
	var created time.Time
	err = p.walk(part, &gatherer{each: func(e xml.StartElement, text string) {
		text = strings.TrimSpace(text)
		switch e.Name.Local {
		case "title":
			title = text
		case "created":
			created = stamp(text)
		case "modified":
			at = stamp(text)
		}
	}})
	if at.IsZero() {
		at = created
	}
	return title, at, err
}

// stamp reads a time as core properties have it, zero if it is none.
func stamp(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// value is an attribute by its name without the namespace.
func value(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
