package page

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// A style says how a part of a page becomes text.
type style struct {
	quotes bool // "> " before each line of what is quoted
	links  bool // the target of a link after its words
}

// render returns the text of what is in root: paragraphs with an empty line
// between them, rows of a table as lines with tabs between cells, code as it is.
func render(root *html.Node, s style) string {
	w := &writer{style: s}
	w.children(root)
	return strings.TrimRightFunc(w.out.String(), unicode.IsSpace)
}

// A writer gathers text. Blank space is owed until something follows it.
type writer struct {
	style
	out    strings.Builder
	breaks int  // line ends owed
	space  bool // a blank owed
	cell   bool // in a cell of a table: no line may end
	code   int  // in how many elements whose blanks stand as they are
	quoted int  // in how many quotations
	begun  bool // something stands on the line
	fresh  bool // nothing stands in the cell
}

func (w *writer) children(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
}

func (w *writer) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.text(n.Data)
	case html.ElementNode:
		w.element(n)
	}
}

// part ends the line, and leaves n-1 lines empty.
func (w *writer) part(n int) {
	if w.cell {
		w.space = true
		return
	}
	w.breaks, w.space = max(w.breaks, n), false
}

func (w *writer) element(n *html.Node) {
	switch n.Data {
	case "script", "style", "template", "head", "iframe", "object", "svg", "select", "textarea", "button", "datalist":
	case "br":
		if w.code > 0 && !w.cell {
			w.breaks++
		} else if !w.cell && w.breaks > 0 && w.breaks < 2 {
			w.breaks = 2 // two in a row part paragraphs
		} else {
			w.part(1)
		}
	case "table":
		w.block(n, 2)
	case "tr":
		w.row(n)
	case "td", "th":
		w.block(n, 1)
	case "a":
		w.link(n)
	case "cite":
		if w.quoted == 0 {
			w.children(n)
		} else {
			w.block(n, 1)
		}
	case "pre":
		w.code++
		w.block(n, 2)
		w.code--
	case "li":
		w.part(1)
		if !w.cell {
			w.word("- ")
		}
		w.children(n)
		w.part(1)
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "figure", "hr", "details":
		w.block(n, 2)
	case "html", "body", "div", "section", "article", "main", "header", "footer", "aside", "nav", "form", "fieldset", "address", "figcaption", "dt", "dd",
		"summary", "thead", "tbody", "tfoot", "caption", "center", "noscript", "option", "blockquote":
		w.quote(n)
	default:
		w.children(n)
	}
}

func (w *writer) block(n *html.Node, lines int) {
	w.part(lines)
	w.children(n)
	w.part(lines)
}

// quote writes a block that may be a quotation.
func (w *writer) quote(n *html.Node) {
	if !quotes(n) {
		lines := 1
		if n.Data == "blockquote" {
			lines = 2
		}
		w.block(n, lines)
		return
	}
	w.part(2)
	w.quoted++
	w.children(n)
	w.part(2)
	w.quoted--
}

// quotes reports whether what is in n are somebody else's words. A quotation in
// the box that software draws for it is one, not two.
func quotes(n *html.Node) bool {
	if n.Data != "blockquote" {
		return boxed(n)
	}
	if hasClass(n, "postcontent") || hasClass(n, "messageText") { // all of a post
		return false
	}
	for a, steps := n.Parent, 0; a != nil && steps < 3; a, steps = a.Parent, steps+1 {
		if boxed(a) {
			return false
		}
		if a.Data == "blockquote" {
			break
		}
	}
	return true
}

func boxed(n *html.Node) bool {
	return hasClass(n, "bbcode_quote") || hasClass(n, "gmail_quote") || n.Data == "aside" && hasClass(n, "quote")
}

func hasClass(n *html.Node, name string) bool {
	return strings.Contains(" "+attr(n, "class")+" ", " "+name+" ")
}

// row writes a row of a table as one line, unless the table only lays out the
// page.
func (w *writer) row(n *html.Node) {
	if w.cell || layout(n) {
		w.block(n, 1)
		return
	}
	w.part(1)
	first := true
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode {
			continue
		}
		if !first {
			w.space = false
			w.word("\t")
		}
		first, w.cell, w.fresh = false, true, true
		w.children(c)
		w.cell, w.space = false, false
	}
	w.part(1)
}

// layout reports whether a row holds parts of a page rather than values.
func layout(row *html.Node) bool {
	paragraphs := 0
	for n := range row.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "table", "h1", "h2", "h3", "article", "section", "blockquote", "pre":
			return true
		case "p":
			if paragraphs++; paragraphs > 6 {
				return true
			}
		}
	}
	return false
}

// link writes the words of a link, and where it leads if that is wanted. Words
// that are a shortened address are replaced by the whole one.
func (w *writer) link(n *html.Node) {
	to := strings.TrimSpace(attr(n, "href"))
	if scheme, _, _ := strings.Cut(strings.ToLower(to), ":"); !w.links || len(to) > 2048 || strings.ContainsAny(to, "<> \t\r\n") || scheme != "http" && scheme != "https" && scheme != "ftp" {
		w.children(n)
		return
	}
	inner := &writer{style: style{}, cell: true}
	inner.children(n)
	words := strings.TrimSpace(inner.out.String())
	switch {
	case words == "" && n.FirstChild != nil: // a picture
		w.text(to)
	case shortened(words) || strings.EqualFold(strings.TrimSuffix(words, "/"), strings.TrimSuffix(to, "/")):
		w.text(to)
	default:
		w.children(n)
		w.text(" <" + to + ">")
	}
}

// shortened reports whether the words of a link are its address cut short.
func shortened(words string) bool {
	return strings.HasPrefix(words, "http") && len(words) <= 100 && (strings.Contains(words, "…") || strings.Contains(words, "...")) && len(strings.Fields(words)) <= 3
}

// text writes text with its blanks folded, or as it is in code.
func (w *writer) text(s string) {
	if w.code > 0 && !w.cell {
		for i, line := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
			if i > 0 {
				w.breaks++
			}
			if line != "" {
				w.word(line)
			}
		}
		return
	}
	for len(s) > 0 {
		i := strings.IndexFunc(s, blank)
		if i == 0 {
			w.space = true
			s = strings.TrimLeftFunc(s, blank)
			continue
		}
		if i < 0 {
			i = len(s)
		}
		w.word(s[:i])
		s = s[i:]
	}
}

func blank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' }

// word writes what is owed, then s.
func (w *writer) word(s string) {
	w.flush()
	if !w.begun {
		for range w.quoted {
			if w.quotes {
				w.out.WriteString("> ")
			}
		}
	} else if w.space && !w.fresh {
		w.out.WriteByte(' ')
	}
	w.space, w.begun, w.fresh = false, true, false
	w.out.WriteString(s)
}

// flush ends the lines that are owed.
func (w *writer) flush() {
	if w.breaks == 0 {
		return
	}
	if w.out.Len() > 0 {
		for range min(w.breaks, 100) {
			w.out.WriteByte('\n')
		}
	}
	w.breaks, w.begun = 0, false
}
