package mail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// errCut means that a message ends before its parts do.
var errCut = errors.New("the message breaks off: its parts have no end")

const (
	maxFields = 1000
	maxField  = 64 << 10 // bytes
)

// fields are those of a header, by name in lower case.
type fields map[string][]string

func (f fields) first(name string) string {
	if v := f[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// parse divides a message into header and body. What does not look like a field
// ends the header; whole reports whether an empty line does. Archives mangle
// headers, so net/mail, which wants them right, is of no use here.
func parse(message []byte) (h fields, body []byte, whole bool) {
	h = fields{}
	last, n := "", 0
	for len(message) > 0 {
		line, rest, _ := bytes.Cut(message, []byte("\n"))
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			return h, rest, true
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		switch {
		case line[0] == ' ' || line[0] == '\t':
			if v := h[last]; len(v) > 0 && len(v[len(v)-1])+len(line) <= maxField {
				v[len(v)-1] += " " + string(bytes.TrimSpace(line))
			}
		case n == 0 && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")): // some archives have it twice
		case !ok || !named(name):
			return h, message, false
		default:
			if last = strings.ToLower(string(bytes.TrimSpace(name))); n < maxFields && len(value) <= maxField {
				h[last] = append(h[last], string(bytes.TrimSpace(value)))
			}
			n++
		}
		message = rest
	}
	return h, nil, false
}

// named reports whether name can be that of a field.
func named(name []byte) bool {
	name = bytes.TrimRight(name, " \t")
	return len(name) > 0 && len(name) < 100 && bytes.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// Field is a field of the header of a message, as it stands there; empty where it has none.
func Field(message []byte, name string) string {
	h, _, _ := parse(message)
	return h.first(name)
}

// Document makes a document of one message, which may break off: what its author wrote, known
// by its Message-ID and what it says. One without text has none. Mended says that some of it
// was not in the encoding that it states.
func Document(env collect.Env, message []byte) (doc intel.Document, mended bool, err error) {
	return document(env, message, false)
}

// document makes a document of a message; last says that nothing follows it in
// its file, so that it may be cut. Mended says that it was not in its encoding.
func document(env collect.Env, message []byte, last bool) (doc intel.Document, mended bool, err error) {
	h, body, _ := parse(message)
	if len(h) == 0 {
		return intel.Document{}, false, fmt.Errorf("no message: it begins with no header: %w", intel.ErrInvalid)
	}
	c, err := contents(h, body, 0)
	if err != nil {
		return intel.Document{}, false, err
	}
	if c.cut && last {
		return intel.Document{}, false, errCut
	}
	doc = intel.Document{Source: env.ID, Genre: intel.Mail, Title: clip(words(h.first("subject")), 500), Text: c.text}
	for i, file := range c.files {
		doc.Text = strings.TrimLeft(doc.Text+"\n\n"[min(i, 1):]+file.String(), "\n")
	}
	doc.Author, doc.Channel = author(h), channel(h)
	if link := strings.Trim(h.first("archived-at"), "<> "); strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://") {
		doc.URL = clip(link, 2048)
	}
	if doc.Published = sent(env, h); !doc.Published.IsZero() {
		doc.Learned, doc.Assumed = doc.Published, true
	}
	id := strings.Trim(h.first("message-id"), "<> ")
	if id == "" {
		id = h.first("date") + "\n" + h.first("from") + "\n" + h.first("subject")
	}
	doc.ID = intel.NewContentID(doc, id)
	return doc, c.mended, nil
}

// words decodes a field with encoded words (RFC 2047) or plain bytes.
func words(field string) string {
	d := mime.WordDecoder{CharsetReader: func(label string, in io.Reader) (io.Reader, error) { return charset.NewReaderLabel(label, in) }}
	s, err := d.DecodeHeader(field)
	if err != nil {
		s = field
	}
	if !utf8.ValidString(s) {
		s, _ = decoded([]byte(s), "")
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

var (
	bracketed = regexp.MustCompile(`<([^<>]*)>`)
	comment   = regexp.MustCompile(`\(([^()]*)\)\s*$`)
	at        = regexp.MustCompile(`(\S)\s+(?:at|AT|\(at\)|\[at\])\s+(\S)`)
)

// author is who wrote a message: the name, else the address. Lists put their own
// address in its place ("Alice via list"), archives garble it ("alice at …").
func author(h fields) string {
	from := words(h.first("from"))
	name, address := from, ""
	if m := bracketed.FindStringSubmatchIndex(from); m != nil {
		name, address = from[:m[0]], from[m[2]:m[3]]
	} else if m := comment.FindStringSubmatchIndex(from); m != nil {
		name, address = from[m[2]:m[3]], from[:m[0]]
	} else if strings.Contains(from, "@") || at.MatchString(from) {
		name, address = "", from
	}
	name = strings.Trim(name, "\"' \t")
	if before, _, ok := strings.Cut(name, " via "); ok {
		name = strings.Trim(before, "\"' \t")
	}
	if name == "" {
		name = at.ReplaceAllString(strings.TrimSpace(address), "$1@$2")
	}
	if strings.Contains(name, "@") {
		name = strings.ToLower(name)
	}
	return network(name)
}

// network puts the name of an account or list into that of its network.
func network(name string) string {
	if name = clip(strings.ReplaceAll(name, "/", " "), 200); name == "" {
		return ""
	}
	return "mail/" + name
}

// channel is the list that a message went to, else whom it is to.
func channel(h fields) string {
	list := words(h.first("list-id"))
	if m := bracketed.FindStringSubmatch(list); m != nil {
		list = m[1]
	}
	if list = strings.ToLower(strings.TrimSpace(list)); list != "" && !strings.Contains(list, " ") {
		return network(list)
	}
	to := at.ReplaceAllString(words(h.first("to")), "$1@$2")
	if m := bracketed.FindStringSubmatch(to); m != nil {
		to = m[1]
	}
	to, _, _ = strings.Cut(to, ",")
	if to = strings.ToLower(strings.TrimSpace(to)); strings.Contains(to, "@") && !strings.Contains(to, " ") {
		return network(to)
	}
	return ""
}

// sent is when a message was written, else when it was received; zero if it
// tells neither, or a time that has not come.
func sent(env collect.Env, h fields) time.Time {
	dates := []string{h.first("date")}
	if r := h.first("received"); r != "" {
		dates = append(dates, r[strings.LastIndex(r, ";")+1:])
	}
	for _, s := range dates {
		when, err := mail.ParseDate(strings.TrimSpace(s))
		if err != nil {
			when, err = mail.ParseDate(strings.TrimSpace(comment.ReplaceAllString(s, "")))
		}
		if err == nil && when.Year() >= 1980 && (env.Now == nil || !when.After(env.Now())) {
			return when.UTC()
		}
	}
	return time.Time{}
}
