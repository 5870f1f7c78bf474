package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"mime"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

const (
	deepest   = 10  // parts in parts
	mostParts = 200 // of one part
	mostNamed = 100 // attachments
	// scrubbed is what HyperKitty calls the HTML of a message, which it hands out as if that had
	// been attached: it is all there is of one that has no other text.
	scrubbed = "attachment.html"
)

// content is what a message or a part of it says.
type content struct {
	text   string
	plain  bool   // it was plain text
	files  []file // attachments
	cut    bool   // it ends before its parts do
	mended bool   // some of the text was not in the encoding that it says
	apart  bool   // it is what the archive of a list put apart
}

// contents reads a part: its own text, or that of the parts it is made of.
func contents(h fields, body []byte, depth int) (content, error) {
	kind, params := typed(h.first("content-type"))
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" {
		if depth >= deepest {
			return content{}, fmt.Errorf("parts are nested deeper than %d: %w", deepest, intel.ErrInvalid)
		}
		return composed(kind, params["boundary"], body, depth)
	}
	disposition, named := typed(h.first("content-disposition"))
	name := fileName(named["filename"])
	if name == "" {
		name = fileName(params["name"])
	}
	text := kind == "" || kind == "text/plain" || kind == "text/html" || kind == "text/markdown" || kind == "text/x-patch" || kind == "text/x-diff" || kind == "text/enriched"
	apart := kind == "text/html" && disposition == "attachment" && name == scrubbed
	read := attachedText(kind, name) || apart
	if !read && (disposition == "attachment" || !text) {
		shown := strings.HasPrefix(kind, "image/") && disposition != "attachment" // a picture in the text
		sign := kind == "application/pgp-signature" || kind == "application/pkcs7-signature" || kind == "application/x-pkcs7-signature"
		if name == "" || shown || sign {
			return content{}, nil
		}
		return content{files: []file{attachment(name, kind, transferred(body, h.first("content-transfer-encoding")))}}, nil
	}
	s, mended := decoded(transferred(body, h.first("content-transfer-encoding")), params["charset"])
	if kind == "text/html" {
		cut := page.Cut([]byte(s))
		s, err := page.Text([]byte(s), "text/html; charset=utf-8")
		return content{text: s, cut: cut && depth == 0, mended: mended, apart: apart}, err
	}
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	if strings.EqualFold(params["format"], "flowed") {
		s = unflowed(s, strings.EqualFold(params["delsp"], "yes"))
	}
	return content{text: strings.Trim(unsigned(s), "\n"), plain: true, mended: mended}, nil
}

// A file is an attachment: its name, and its type, size and digest; these are empty where not all
// of it is there.
type file struct{ name, about string }

// attachment tells of a file without what it holds. Its digest stands as in Subresource Integrity (W3C):
// no indicator is taken for what somebody merely attached.
func attachment(name, kind string, body []byte) file {
	if !mediaType.MatchString(kind) {
		kind = "no type"
	}
	sum := sha256.Sum256(body)
	return file{name, fmt.Sprintf("%s, %d bytes, sha256-%s", kind, len(body), base64.StdEncoding.EncodeToString(sum[:]))}
}

var mediaType = regexp.MustCompile(`^[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}$`)

// String is what a document says of a file; in quotes, for a name may have blanks.
func (f file) String() string {
	if f.about == "" {
		return `Attachment: "` + f.name + `"`
	}
	return `Attachment: "` + f.name + `" (` + f.about + `)`
}

// attachedText reports whether an attachment is text for people, such as a list of
// indicators, and not a program, which is what the message warns of or brings.
func attachedText(kind, name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".txt", ".csv", ".tsv", ".md", ".log", ".ioc":
		return kind == "text/plain" || kind == "text/csv" || kind == "text/markdown" || kind == "text/tab-separated-values" || kind == "application/octet-stream"
	}
	return false
}

// composed reads the parts of a part. Of alternatives plain text is taken, else
// the last that says something; of others, all.
func composed(kind, boundary string, body []byte, depth int) (content, error) {
	parts, whole := split(body, boundary)
	all := content{cut: !whole}
	var failed error
	for i, part := range parts {
		h, body, headed := parse(part)
		if len(h) == 0 && !headed {
			h, body = fields{}, part // a part without a header of its own
		}
		c, err := contents(h, body, depth+1)
		if err != nil {
			failed = err // another part may say it
			continue
		}
		for j := range c.files {
			if !whole && i == len(parts)-1 {
				c.files[j].about = ""
			}
		}
		if n := mostNamed - len(all.files); n > 0 {
			all.files = append(all.files, c.files[:min(n, len(c.files))]...)
		}
		all.cut = all.cut || c.cut
		switch {
		case strings.TrimSpace(c.text) == "" || c.apart && all.text != "": // which says the same
		case kind != "multipart/alternative" && all.text != "":
			all.text, all.plain, all.mended = all.text+"\n\n"+c.text, all.plain && c.plain, all.mended || c.mended
		case all.text == "" || !all.plain:
			all.text, all.plain, all.mended = c.text, c.plain, c.mended
		}
	}
	if all.text != "" {
		failed = nil
	}
	return all, failed
}

// split divides a body at its boundary; whole reports whether its end is there.
func split(body []byte, boundary string) (parts [][]byte, whole bool) {
	mark := []byte("--" + boundary)
	from := -1
	for at := 0; at < len(body); {
		end := bytes.IndexByte(body[at:], '\n') + at + 1
		if end == at {
			end = len(body)
		}
		line := bytes.TrimRight(body[at:end], " \t\r\n")
		closing := len(line) == len(mark)+2 && bytes.HasSuffix(line, []byte("--"))
		if bytes.HasPrefix(line, mark) && (len(line) == len(mark) || closing) {
			if from >= 0 && len(parts) < mostParts {
				parts = append(parts, bytes.TrimSuffix(bytes.TrimSuffix(body[from:at], []byte("\n")), []byte("\r")))
			}
			if from = end; closing {
				return parts, true
			}
		}
		at = end
	}
	if from >= 0 && len(parts) < mostParts {
		parts = append(parts, body[from:])
	}
	return parts, false
}

var parameter = regexp.MustCompile(`(?i)\b(boundary|charset|format|delsp|name|filename)\s*=\s*(?:"([^"]*)"|([^\s;]+))`)

// typed reads a content type or disposition, also one that is not quite right.
func typed(field string) (string, map[string]string) {
	kind, params, err := mime.ParseMediaType(field)
	if err == nil {
		return kind, params
	}
	kind, rest, _ := strings.Cut(field, ";")
	params = map[string]string{}
	for _, m := range parameter.FindAllStringSubmatch(rest, 20) {
		params[strings.ToLower(m[1])] = m[2] + m[3]
	}
	if words := strings.Fields(kind); len(words) > 0 {
		kind = words[0]
	}
	return strings.ToLower(kind), params
}

// fileName is the name of an attachment without folders and signs that would
// end a line.
func fileName(s string) string {
	s = path.Base(strings.ReplaceAll(words(s), `\`, "/"))
	s = clip(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == '"' {
			return -1
		}
		return r
	}, s), 255)
	if s == "." || s == "/" {
		return ""
	}
	return s
}

// transferred undoes the encoding in which a body travels. What is not right is
// left as it stands.
func transferred(body []byte, how string) []byte {
	switch strings.ToLower(strings.TrimSpace(how)) {
	case "base64":
		clean := make([]byte, 0, len(body))
		for _, c := range body {
			if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' {
				clean = append(clean, c)
			}
		}
		out := make([]byte, len(clean))
		if len(clean)%4 == 1 {
			clean = clean[:len(clean)-1] // cut
		}
		n, _ := base64.RawStdEncoding.Decode(out, clean) // nothing else is left in it
		return out[:n]
	case "quoted-printable":
		return unquoted(body)
	}
	return body
}

// unquoted undoes quoted-printable.
func unquoted(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for len(body) > 0 {
		line, rest, ended := bytes.Cut(body, []byte("\n"))
		body = rest
		line = bytes.TrimRight(line, " \t\r")
		soft := bytes.HasSuffix(line, []byte("="))
		if soft {
			line = line[:len(line)-1]
		}
		for i := 0; i < len(line); i++ {
			if line[i] == '=' && i+2 < len(line) {
				hi, lo := nibble(line[i+1]), nibble(line[i+2])
				if hi >= 0 && lo >= 0 {
					out = append(out, byte(hi<<4|lo))
					i += 2
					continue
				}
			}
			out = append(out, line[i])
		}
		if !soft && ended {
			out = append(out, '\n')
		}
	}
	return out
}

func nibble(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// decoded is the text of bytes in a character set; mended says that not all of
// them are in it. Where none is told, or an unknown one, UTF-8 is tried, then
// what most of those write who tell none.
func decoded(b []byte, label string) (text string, mended bool) {
	e, name := charset.Lookup(strings.TrimSpace(label))
	whole := trimmed(b)
	ascii := !bytes.ContainsFunc(b, func(r rune) bool { return r == 0 || r >= utf8.RuneSelf })
	if name == "replacement" || strings.HasPrefix(name, "utf-16") && ascii && len(b) >= 16 { // a label that would hide the text
		text, _ = decoded(b, "")
		return text, true
	}
	switch {
	case name == "utf-8":
		text = strings.ToValidUTF8(string(whole), "\uFFFD")
		return text, !utf8.Valid(whole)
	case (e == nil || name == "windows-1252") && utf8.Valid(whole) && (len(whole) == len(b) || len([]rune(string(whole))) < len(whole)):
		return string(whole), false
	case e == nil:
		e, _ = charset.Lookup("windows-1252")
	}
	s, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD"), true
	}
	return strings.TrimPrefix(string(s), "\uFEFF"), bytes.ContainsRune(s, utf8.RuneError)
}

// trimmed is b without a character that its end cuts.
func trimmed(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

// unflowed joins the lines of a paragraph that were folded in transit (RFC
// 3676). The line before a signature ends with a blank and is none of them.
func unflowed(s string, joined bool) string {
	var out strings.Builder
	depth, open := 0, false
	for line := range strings.SplitSeq(s, "\n") {
		rest := strings.TrimLeft(line, ">")
		quotes := len(line) - len(rest)
		rest = strings.TrimPrefix(rest, " ")
		if open && quotes != depth || rest == "-- " {
			open = false
		}
		if !open {
			if out.Len() > 0 {
				out.WriteByte('\n')
			}
			out.WriteString(strings.Repeat(">", quotes))
			if quotes > 0 {
				out.WriteByte(' ')
			}
		}
		depth, open = quotes, strings.HasSuffix(rest, " ") && rest != "-- "
		if open && joined {
			rest = rest[:len(rest)-1]
		}
		out.WriteString(rest)
	}
	return out.String()
}

const (
	signedBegin = "-----BEGIN PGP SIGNED MESSAGE-----\n"
	signature   = "\n-----BEGIN PGP SIGNATURE-----"
	signedEnd   = "-----END PGP SIGNATURE-----"
)

// unsigned takes the armour off a text that is signed in the open: it is neither
// said nor an indicator.
func unsigned(s string) string {
	before, rest, ok := strings.Cut(s, signedBegin)
	if !ok {
		return s
	}
	for strings.HasPrefix(rest, "Hash:") || strings.HasPrefix(rest, "Charset:") {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	text, after, ok := strings.Cut(strings.TrimPrefix(rest, "\n"), signature)
	if ok {
		_, after, _ = strings.Cut(after, signedEnd)
	}
	text = strings.ReplaceAll("\n"+text, "\n- -", "\n-")[1:]
	return before + text + after
}
