package page

import (
	"strings"

	"golang.org/x/net/html"
)

// Bounds on what is read of the stylesheets in a page.
const (
	mostSheet = 256 << 10
	mostRules = 10_000
)

// mostHidden is the text that a stylesheet may hide: what is more is an article that a
// script shows.
const mostHidden = 2000

// A sheet is the classes and ids that the stylesheets in a page hide.
type sheet map[string]bool // ".class" or "#id": whether it is hidden, by the last rule

// hiddenBySheets reads the stylesheets that stand in a page; nil if they hide nothing.
// Only rules for one class or id alone are read, which hold wherever it stands: what
// others hide depends on where it is, on the screen or on a script.
func hiddenBySheets(doc *html.Node) sheet {
	var s sheet
	left, rules := mostSheet, 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "style" || n.FirstChild == nil {
			continue
		}
		text := n.FirstChild.Data
		text = text[:min(len(text), left)]
		left -= len(text)
		for selectors, declarations := range sheetRules(text) {
			if rules++; rules > mostRules {
				return s
			}
			hides := concealed.MatchString(declarations)
			if !hides && !shows(declarations) {
				continue
			}
			for selector := range strings.SplitSeq(selectors, ",") {
				if selector = strings.TrimSpace(selector); !single(selector) {
					continue
				}
				if s == nil {
					s = sheet{}
				}
				s[selector] = hides
			}
		}
	}
	return s
}

// sheetRules goes through the rules of a stylesheet that stand in no other: what is in
// those for a kind of screen holds only there.
func sheetRules(text string) func(yield func(selectors, declarations string) bool) {
	return func(yield func(string, string) bool) {
		text = uncommented(text)
		for {
			open := strings.IndexByte(text, '{')
			if open < 0 {
				return
			}
			head := text[:open]
			if i := strings.LastIndexByte(head, ';'); i >= 0 { // "@import …;"
				head = head[i+1:]
			}
			end, depth := open+1, 1
			for end < len(text) && depth > 0 {
				switch text[end] {
				case '{':
					depth++
				case '}':
					depth--
				}
				end++
			}
			if body := text[open+1 : end]; depth == 0 && strings.IndexByte(body, '{') < 0 && !yield(head, body) {
				return
			}
			text = text[end:]
		}
	}
}

// uncommented is a stylesheet without its comments.
func uncommented(text string) string {
	if !strings.Contains(text, "/*") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "/*")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		_, text, _ = strings.Cut(rest, "*/")
	}
}

// shows reports whether declarations take back that something is hidden.
func shows(declarations string) bool {
	return strings.Contains(declarations, "display") || strings.Contains(declarations, "visibility")
}

// single reports whether a selector is one class or one id.
func single(selector string) bool {
	return len(selector) > 1 && len(selector) < 128 && (selector[0] == '.' || selector[0] == '#') && !strings.ContainsAny(selector[1:], " .#:>+~[]*()\\\t\n")
}

// hides reports whether a sheet hides an element.
func (s sheet) hides(n *html.Node) bool {
	switch n.Data {
	case "html", "head", "body", "article", "main", "style":
		return false
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "id":
			if s["#"+a.Val] {
				return true
			}
		case "class":
			for class := range strings.FieldsSeq(a.Val) {
				if s["."+class] {
					return true
				}
			}
		}
	}
	return false
}
