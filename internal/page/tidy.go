package page

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// remove takes out every element of which which is true, with all it holds.
func remove(root *html.Node, which func(*html.Node) bool) {
	for c := root.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Type == html.ElementNode && which(c) {
			root.RemoveChild(c)
		} else {
			remove(c, which)
		}
		c = next
	}
}

var concealed = regexp.MustCompile(`(?i)(?:display\s*:\s*none|visibility\s*:\s*hidden)`)

// unseen reports whether a reader does not see n.
func unseen(n *html.Node) bool {
	switch n.Data {
	case "html", "body", "article", "main":
		return false
	case "style", "template":
		return true
	}
	for _, a := range n.Attr {
		if a.Key == "hidden" || a.Key == "style" && concealed.MatchString(a.Val) {
			return true
		}
	}
	return false
}

// removeUnseen removes what a reader does not see.
func removeUnseen(doc *html.Node) {
	if hidden := hiddenBySheets(doc); hidden != nil {
		sizes := measure(doc)
		remove(doc, func(n *html.Node) bool { return hidden.hides(n) && !sizes[n].main && sizes[n].text < mostHidden })
	}
	remove(doc, unseen)
}

// tidy removes from a page what stands around an article: menus, banners,
// lists of other articles. Scripts stay: some tell the title and the date.
func tidy(doc *html.Node) {
	removeUnseen(doc)
	sizes := measure(doc)
	remove(doc, func(n *html.Node) bool { return furniture(n, sizes) })
	lists := teasers(doc, sizes)
	remove(doc, func(n *html.Node) bool { return lists[n] })
}

// A size is how much text is in an element, how much of it in links, how many
// nodes, and whether an element in it is what a page is about.
type size struct {
	text, links, nodes int
	main               bool
}

// measure returns the sizes of all elements.
func measure(doc *html.Node) map[*html.Node]size {
	sizes := map[*html.Node]size{}
	var walk func(n *html.Node) size
	walk = func(n *html.Node) size {
		var s size
		if n.Type == html.TextNode {
			s.text = len(strings.TrimSpace(n.Data))
			return s
		}
		if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "style") {
			return s
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			t := walk(c)
			s.text, s.links, s.nodes, s.main = s.text+t.text, s.links+t.links, s.nodes+t.nodes+1, s.main || t.main
		}
		if n.Type == html.ElementNode {
			switch n.Data {
			case "a":
				s.links = s.text
			case "h1", "article", "main":
				s.main = true
			}
			sizes[n] = s
		}
		return s
	}
	walk(doc)
	return sizes
}

func (s size) linked(share float64) bool { return float64(s.links) >= share*float64(s.text) }

// furniture reports whether n belongs to the site and not to the article.
func furniture(n *html.Node, sizes map[*html.Node]size) bool {
	s := sizes[n]
	switch n.Data {
	case "html", "head", "body", "main", "h1", "script", "meta", "title", "link":
		return false
	case "nav", "footer", "aside", "noscript", "iframe", "object", "dialog", "menu":
		return !s.main
	case "header":
		return !s.main && !inArticle(n)
	case "td": // of a table that lays out the page
		return !s.main && s.text > 0 && s.linked(0.8) && layout(n.Parent)
	case "button", "select", "textarea", "input":
		return true
	}
	switch strings.ToLower(attr(n, "role")) {
	case "navigation", "banner", "contentinfo", "complementary", "search", "menu", "menubar", "dialog", "alertdialog":
		return !s.main
	}
	if s.main || n.Data == "article" {
		return false
	}
	words := tokens(attr(n, "class") + " " + attr(n, "id"))
	switch {
	case words["onetrust"], words["cookiebot"], words["cookieconsent"], words["gdpr"], words["cmp"],
		(words["cookie"] || words["cookies"] || words["consent"] || words["privacy"]) && some(words, "banner", "notice", "bar", "popup", "overlay", "modal", "dialog", "notification", "message", "law", "consent", "prompt", "settings"):
		return s.text < 5000
	case some(words, "breadcrumb", "breadcrumbs", "sharedaddy", "addtoany", "newsletter", "skip", "masthead", "pagination", "sharing", "share", "social", "subscribe", "signup"):
		return s.text < 1000
	case words["toolbar"]:
		return s.text < 100
	case some(words, "nav", "navbar", "menu", "navigation", "sidebar", "footer", "tags"):
		return s.linked(0.5)
	case some(words, "related", "recommended", "recirculation", "recirc", "trending", "popular", "latest", "teaser", "teasers", "outbrain", "taboola", "promo", "readmore"):
		return s.linked(0.3)
	}
	return false
}

func inArticle(n *html.Node) bool {
	for a := range n.Ancestors() {
		if a.Type == html.ElementNode && (a.Data == "article" || a.Data == "main") {
			return true
		}
	}
	return false
}

// tokens are the words that names of classes are made of.
func tokens(names string) map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(names[:min(len(names), 1000)]), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		words[w] = true
	}
	return words
}

func some(words map[string]bool, of ...string) bool {
	for _, w := range of {
		if words[w] {
			return true
		}
	}
	return false
}

var elsewhere = regexp.MustCompile(`(?i)^\W*(?:related (?:articles?|posts?|stories|content|news|reading)|recommended(?: for you| articles?| reading)?|more (?:from|on|stories|articles|news)\b.{0,40}|you (?:may|might) also (?:like|be interested in)|read (?:more|next|also)|up next|latest (?:news|posts|articles|stories)|most (?:read|popular)|popular (?:posts|articles|news)|trending(?: now)?|share this(?: article| post)?|читайте также|похожие (?:статьи|материалы)|相关(?:文章|阅读)|weitere artikel|ähnliche artikel|artículos relacionados)\W*$`)

// teasers returns the headings over links to other articles, and those links.
func teasers(doc *html.Node, sizes map[*html.Node]size) map[*html.Node]bool {
	found := map[*html.Node]bool{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || sizes[n].text == 0 || sizes[n].text > 80 {
			continue
		}
		switch n.Data {
		case "h2", "h3", "h4", "h5", "h6", "p", "span", "strong":
		default:
			continue
		}
		links := following(n)
		if links == nil && n.Parent != nil { // the heading has a box of its own
			links = following(n.Parent)
		}
		if links != nil && sizes[links].linked(0.6) && elsewhere.MatchString(strings.Join(strings.Fields(render(n, style{})), " ")) {
			found[n], found[links] = true, true
		}
	}
	return found
}

func following(n *html.Node) *html.Node {
	for n = n.NextSibling; n != nil && n.Type != html.ElementNode; n = n.NextSibling {
	}
	return n
}
