// Package page reads what people wrote on a web page: the article, the posts of
// a thread, or all that a message shows. Navigation, banners and scripts are not
// part of it.
//
// Pages are hostile: nesting and size are bounded, and nothing is fetched or run.
package page

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"codeberg.org/readeck/go-readability/v2"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
)

// A Page is what a web page says.
type Page struct {
	Title, Author string
	Site          string // its host, else its name, where it tells either
	URL           string // where it says that it is, "" if it does not
	Published     time.Time
	Text          string // of an article; empty where there are posts
	Posts         []Post // of a thread of a forum
	Mended        []int  // numbers, from 1, of the first lines that are not in the encoding the page says
}

// A Post is what somebody wrote in a thread.
type Post struct {
	ID, Author, Text string
	Published        time.Time
	When             string // the words that tell when, where the rules of its board know them

	words string // what tells the element of its words from others
}

// ErrCut means that a page begins and does not end.
var ErrCut = errors.New("the page breaks off: it has no end")

const (
	maxElements = 400_000
	maxBytes    = 32 << 20
	mostMended  = 20 // lines told
)

// Read reads an article or a thread. The content type may be empty.
func Read(body []byte, contentType string) (p Page, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = Page{}, fmt.Errorf("html: %v", r)
		}
	}()
	if Cut(body) {
		return Page{}, fmt.Errorf("html: %w", ErrCut)
	}
	doc, mended, err := parse(body, contentType)
	if err != nil {
		return Page{}, err
	}
	address := canonical(doc)
	p, ok := thread(doc)
	if !ok {
		p, err = article(doc)
	}
	p.Mended, p.URL = mended, address
	return p, err
}

// Text returns all that a page shows, with "> " before what it quotes and the
// targets of its links: what a message in HTML says.
func Text(body []byte, contentType string) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			text, err = "", fmt.Errorf("html: %v", r)
		}
	}()
	doc, _, err := parse(body, contentType)
	if err != nil {
		return "", err
	}
	removeUnseen(doc)
	return render(doc, style{quotes: true, links: true}), nil
}

// Cut reports whether a page that begins outright lacks its end.
func Cut(body []byte) bool {
	lower := bytes.ToLower(body)
	begins := bytes.Contains(lower, []byte("<html")) || bytes.Contains(lower, []byte("<body"))
	return begins && !bytes.Contains(lower, []byte("</html")) && !bytes.Contains(lower, []byte("</body"))
}

// parse makes a tree of a page in whatever encoding, and tells the first lines
// that are not in it. What stands in for scripts is read too: some forums keep their
// posts there.
func parse(body []byte, contentType string) (doc *html.Node, mended []int, err error) {
	if len(body) > maxBytes {
		return nil, nil, fmt.Errorf("html: more than %d MiB", maxBytes>>20)
	}
	if !utf8.Valid(body) { // a page saved as UTF-8 may still say what it was before
		if body, mended, err = decode(body, contentType); err != nil {
			return nil, nil, fmt.Errorf("html: %w", err)
		}
	}
	doc, err = html.ParseWithOptions(bytes.NewReader(body), html.ParseOptionEnableScripting(false))
	if err != nil {
		return nil, nil, fmt.Errorf("html: %w", err)
	}
	n := 0
	for range doc.Descendants() {
		if n++; n > maxElements {
			return nil, nil, fmt.Errorf("html: more than %d elements", maxElements)
		}
	}
	return doc, mended, nil
}

// decode makes UTF-8 of a page by what it says its encoding is, else by what
// HTML takes for it, with U+FFFD for what is not in it.
func decode(body []byte, contentType string) (text []byte, mended []int, err error) {
	e, name, _ := charset.DetermineEncoding(body[:min(len(body), 1024)], contentType)
	if name == "replacement" { // of which nothing is to be read (Encoding Standard 14.1); what is ASCII in it is
		e = encoding.Nop
	}
	if text, err = e.NewDecoder().Bytes(body); err != nil {
		return nil, nil, err
	}
	text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	line, rest := 1, text
	for len(mended) < mostMended {
		at := bytes.IndexRune(rest, utf8.RuneError)
		if at < 0 {
			break
		}
		line += bytes.Count(rest[:at], []byte{'\n'})
		if n := len(mended); n == 0 || mended[n-1] != line {
			mended = append(mended, line)
		}
		rest = rest[at+len("\uFFFD"):]
	}
	return text, mended, nil
}

// short is how many bytes of text are too few for an article to be one that
// readability found rather than a remark beside it.
const short = 250

// article takes the article out of a page. What readability finds is taken; of
// what it finds little in, all that stands where the page says its main part is.
func article(doc *html.Node) (Page, error) {
	p := Page{Site: site(doc)}
	tidy(doc)
	main := render(body(doc), style{})
	parser := readability.NewParser()
	a, err := parser.ParseAndMutate(doc, &url.URL{Scheme: "https", Host: "page.invalid"})
	if err != nil {
		return Page{}, fmt.Errorf("html: %w", err)
	}
	if a.Node != nil {
		p.Text = render(a.Node, style{})
	}
	if len(p.Text) < short && len(main) > len(p.Text) {
		p.Text = main
	}
	p.Title, p.Author = a.Title(), strings.TrimPrefix(a.Byline(), "By ")
	if at, err := a.PublishedTime(); err == nil {
		p.Published = at.UTC()
	}
	return p, nil
}

// body is the part of a tidy page that says it is the main one, else all of it.
func body(doc *html.Node) *html.Node {
	sizes := measure(doc)
	all, best := doc, (*html.Node)(nil)
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch {
		case n.Data == "body":
			all = n
		case n.Data == "article" || n.Data == "main" || attr(n, "role") == "main":
			if best == nil || sizes[n].text > sizes[best].text || best.Data == "main" && 2*sizes[n].text > sizes[best].text && within(n, best) {
				best = n
			}
		}
	}
	if best != nil {
		return best
	}
	return all
}

// within reports whether n stands inside of outer.
func within(n, outer *html.Node) bool {
	for a := range n.Ancestors() {
		if a == outer {
			return true
		}
	}
	return false
}

// site is the host that a page says it is at, else the name of the place.
func site(doc *html.Node) string {
	if h := host(canonical(doc)); h != "" {
		return h
	}
	return strings.ToLower(meta(doc, "og:site_name"))
}

// canonical is the address that a page says it has, "" if it says none.
func canonical(doc *html.Node) string {
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "link" && attr(n, "rel") == "canonical" && host(attr(n, "href")) != "" {
			return attr(n, "href")
		}
	}
	if ref := meta(doc, "og:url"); host(ref) != "" {
		return ref
	}
	return ""
}

func host(ref string) string {
	u, err := url.Parse(ref)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
}

// meta is what a page says of itself under a name.
func meta(doc *html.Node, name string) string {
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "meta" && (attr(n, "property") == name || attr(n, "name") == name) {
			return strings.TrimSpace(attr(n, "content"))
		}
	}
	return ""
}

// attr is the value of an attribute, empty if it is missing.
func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
