// Package sophos collects the indicator lists that SophosLabs publishes beside
// its reports: CSV files of Indicator_type, Data, Note, and the older plain
// lists under headings.
//
// A file is one document. Whom its indicators point to is told by its name:
// "Ransomware-Name.csv" by an actor, other prefixes by a malware, no prefix by
// a label.
package sophos

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads SophosLabs' lists.
var Connector = collect.Connector{
	Name:        "sophos",
	Proven:      "lists of sophoslabs/IoCs",
	About:       "indicator lists of Sophos reports (sophoslabs/IoCs)",
	Reliability: 'B',
	Open:        collect.Files(read),
	Recognise:   recognise,
}

const maxFile = 64 << 20

type source struct {
	env  collect.Env
	path string
}

func recognise(_ fs.FS, _ string, head []byte) bool { return header(firstLine(head)) }

func firstLine(text []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimPrefix(text, []byte("\uFEFF")), []byte("\n"))
	return string(line)
}

// header reports whether line is the first of such a CSV file.
func header(line string) bool {
	fields := strings.Split(line, ",")
	if len(fields) < 3 {
		return false
	}
	for i := range fields {
		fields[i] = key(fields[i])
	}
	switch fields[0] {
	case "indicator", "indicatortype", "indicatorype", "type":
		return (fields[1] == "data" || fields[1] == "hash") && strings.HasPrefix(fields[2], "note")
	}
	return false
}

// key is a field's letters and digits in lower case.
func key(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, s)
}

// read hands over what one file holds.
func read(ctx context.Context, env collect.Env, file string, keep func(intel.Document) error) error {
	s := &source{env, file}
	text, broken := collect.ReadText(ctx, s.env, s.path, maxFile)
	if broken != nil {
		return broken // half a list is no list
	}
	if doc := s.document(text); len(doc.Claims) > 0 {
		return keep(doc)
	}
	return nil
}

func (s *source) document(text []byte) intel.Document {
	base := collect.Name(s.path)
	l := list{
		env:  s.env,
		name: strings.TrimSuffix(base, ".csv"),
		doc: intel.Document{
			Source: s.env.ID, Genre: intel.List, Author: "sophos",
			URL: "https://github.com/sophoslabs/IoCs/blob/master/" + url.PathEscape(base),
		},
		said: map[intel.Claim]bool{},
	}
	text = bytes.ToValidUTF8(bytes.TrimPrefix(text, []byte("\uFEFF")), []byte("\uFFFD"))
	rows := plain(text)
	if header(firstLine(text)) {
		rows = table(text, l.reject)
	}
	rows = l.describe(rows)
	l.subject, l.wording = subject(l.name, l.doc.Title)
	for _, r := range rows {
		if err := l.add(r); err != nil {
			l.reject(r.line, err)
		}
	}
	l.doc.ID = intel.NewContentID(l.doc, base)
	return l.doc
}

// A row is one indicator as it stands in a file.
type row struct {
	line       int
	kind, data string
	note       string
	loose      bool // of a plain list, where lines may be prose
}

// table reads the rows of a CSV file without its header.
func table(text []byte, reject func(int, error)) (rows []row) {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace = -1, true, true
	for first := true; ; first = false {
		f, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		line, _ := r.FieldPos(0)
		if err != nil {
			reject(line, err)
			return rows // the reader has lost its place
		}
		if first || strings.Trim(strings.Join(f, ""), " \t\u00a0") == "" {
			continue
		}
		for len(f) < 3 {
			f = append(f, "")
		}
		rows = append(rows, row{line: line, kind: key(f[0]), data: blank(f[1]), note: blank(strings.Join(f[2:], " "))})
	}
}

// plain reads a list of one indicator a line under headings, which become
// notes.
func plain(text []byte) (rows []row) {
	heading, n := "", 0
	for line := range bytes.Lines(text) {
		n++
		s := blank(string(line))
		switch {
		case s == "":
		case strings.HasPrefix(s, "#") || strings.HasSuffix(s, ":"):
			heading = blank(strings.Trim(s, "#:"))
		case strings.Contains(s, "https://") && strings.Contains(s, " "):
			rows = append(rows, row{line: n, kind: "description", data: s})
		default:
			rows = append(rows, row{line: n, data: s, note: heading, loose: true})
		}
	}
	return rows
}

// blank trims every sort of blank, even those that cannot be seen.
func blank(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0xA0 || r == 0x200B || r == 0x200E || r == 0x200F || r == 0xFEFF
	})
}

// A list is a document in the making.
type list struct {
	env     collect.Env
	name    string
	doc     intel.Document
	subject intel.Entity
	wording string
	said    map[intel.Claim]bool
}

func (l *list) reject(line int, err error) {
	if l.env.Reject != nil {
		l.env.Reject(fmt.Sprint("line ", line), err)
	}
}

// describe takes title, reference and date from the description rows and
// returns the others.
func (l *list) describe(rows []row) (rest []row) {
	for _, r := range rows {
		if r.kind != "description" {
			rest = append(rest, r)
			continue
		}
		var words []string
		for word := range strings.FieldsSeq(r.data + " " + r.note) {
			if link, ok := collect.Link(strings.Trim(word, ".,;:()[]")); ok {
				if len(l.doc.References) == 0 {
					l.doc.References = []string{link}
					l.doc.Published = collect.Day(link)
				}
				continue
			}
			words = append(words, word)
		}
		if title := blank(strings.Join(words, " ")); l.doc.Title == "" && len(key(title)) > 0 {
			l.doc.Title = title
		}
	}
	if l.doc.Published.IsZero() {
		return rest
	}
	l.doc.Learned, l.doc.Assumed = l.doc.Published, true
	return rest
}

// add turns a row into claims.
func (l *list) add(r row) error {
	kind, known := kinds[r.kind]
	switch {
	case r.data == "" || strings.HasPrefix(strings.ToLower(r.note), "legitimate"):
		return nil // nothing, or nothing that indicates anyone
	case !known && !r.loose && r.kind != "":
		return fmt.Errorf("type %q is not one that is kept", r.kind)
	case kind == "":
		if _, _, err := collect.Indicator("", r.data); err != nil && r.loose {
			return nil // prose
		}
	}
	data := r.data
	if kind == intel.Domain || kind == intel.IPv4 {
		data, _, _ = strings.Cut(data, " ")
	}
	e, port, err := collect.Indicator(kind, data)
	if err != nil {
		return err
	}
	ctx := intel.Context{Port: port, Note: r.note}
	if e.Kind.Class() == intel.IOA {
		l.say(intel.Claim{Subject: l.subject, SubjectText: l.wording, Relation: intel.Uses, Object: e, ObjectText: differs(e, data), Context: ctx})
		return nil
	}
	l.say(intel.Claim{Subject: e, SubjectText: differs(e, data), Relation: intel.Indicates, Object: l.subject, ObjectText: l.wording, Context: ctx})
	for _, n := range names(r.note) {
		l.nameIt(e, differs(e, data), n, ctx)
	}
	return nil
}

// nameIt says what a name in a row's note means for the indicator and for the
// subject of the list.
func (l *list) nameIt(e intel.Entity, wording string, n noted, ctx intel.Context) {
	if intel.Compact(n.name) == intel.Compact(l.subject.Name) {
		return
	}
	label := intel.NewEntity(intel.Label, n.name)
	relation := intel.Uses
	if n.ransomware && l.subject.Kind == intel.Actor {
		label.Kind, relation = intel.Actor, intel.AssociatedWith
	}
	text := differs(label, n.name)
	l.say(intel.Claim{Subject: e, SubjectText: wording, Relation: intel.Indicates, Object: label, ObjectText: text, Context: ctx})
	if l.subject.Kind == intel.Actor {
		l.say(intel.Claim{Subject: l.subject, SubjectText: l.wording, Relation: relation, Object: label, ObjectText: text})
	}
}

// say adds a claim once.
func (l *list) say(c intel.Claim) {
	if !l.said[c] {
		l.said[c] = true
		l.doc.Claims = append(l.doc.Claims, c)
	}
}

func differs(e intel.Entity, wording string) string {
	if wording = blank(wording); e.Name != wording {
		return wording
	}
	return ""
}
