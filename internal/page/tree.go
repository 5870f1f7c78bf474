package page

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// A Tree is a page of which parts are asked for: its links, and what it lists.
type Tree struct {
	doc   *html.Node
	bytes int
}

// A Link is where a page leads.
type Link struct{ To, Words string }

const (
	mostLinks = 5000
	mostItems = 1000
	// mostWords is how much text an item of a list has at most, in bytes.
	mostWords = 8 << 10
)

// Parse makes a tree of what a page shows. The content type may be empty.
func Parse(body []byte, contentType string) (t *Tree, err error) {
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, fmt.Errorf("html: %v", r)
		}
	}()
	doc, _, err := parse(body, contentType)
	if err != nil {
		return nil, err
	}
	removeUnseen(doc)
	return &Tree{doc, len(body)}, nil
}

// Title is what a page calls itself, in one line.
func (t *Tree) Title() string {
	if n := titles.MatchFirst(t.doc); n != nil && n.FirstChild != nil {
		return strings.Join(strings.Fields(n.FirstChild.Data), " ")
	}
	return ""
}

// Text is all that a page shows.
func (t *Tree) Text() string { return render(t.doc, style{links: true}) }

// Part is all that a page shows of what the item of a rule points to; what stands within another
// such is part of that.
func (t *Tree) Part(r Rule) string {
	var parts []string
	inside := map[*html.Node]bool{}
	for _, n := range r.item.MatchAll(t.doc) { // in their order
		if inside[n] {
			continue
		}
		for c := range n.Descendants() {
			inside[c] = true
		}
		parts = append(parts, render(n, style{links: true}))
	}
	return strings.Join(parts, "\n\n")
}

// Links are where a page leads, each address once.
func (t *Tree) Links() (all []Link) {
	seen := map[string]bool{}
	for n := range t.doc.Descendants() {
		if len(all) == mostLinks {
			break
		}
		if n.Type != html.ElementNode || n.Data != "a" && n.Data != "area" {
			continue
		}
		if to := strings.TrimSpace(attr(n, "href")); to != "" && len(to) <= 2048 && !seen[to] {
			seen[to] = true
			all = append(all, Link{to, line(n)})
		}
	}
	return all
}

// Asks reports whether a page has a form to fill in.
func (t *Tree) Asks() bool { return inputs.MatchFirst(t.doc) != nil }

// Scripted reports whether a page has scripts, which are not run.
func (t *Tree) Scripted() bool { return scripts.MatchFirst(t.doc) != nil }

// Locked reports whether a page asks for a password.
func (t *Tree) Locked() bool { return passwords.MatchFirst(t.doc) != nil }

// Selectors say in CSS where the parts of what a page lists stand, each within its item.
// Those that are empty are found by how such lists look.
type Selectors struct{ Item, Title, Who, Price, Date, Link, Text string }

// A Rule is selectors that are ready to be used.
type Rule struct{ item, title, who, price, date, link, text cascadia.Selector }

// Compile returns an error for what is no selector.
func (s Selectors) Compile() (r Rule, err error) {
	for _, part := range []struct {
		name, selector string
		to             *cascadia.Selector
	}{{"item", s.Item, &r.item}, {"title", s.Title, &r.title}, {"who", s.Who, &r.who}, {"price", s.Price, &r.price},
		{"date", s.Date, &r.date}, {"link", s.Link, &r.link}, {"text", s.Text, &r.text}} {
		if part.selector == "" {
			continue
		}
		if *part.to, err = cascadia.Compile(part.selector); err != nil {
			return r, fmt.Errorf("%s: %q is no CSS selector: %w", part.name, part.selector, err)
		}
	}
	return r, nil
}

// An Item is one of what a page lists: an offer, a post about a victim. What it does not say is
// empty.
type Item struct{ Title, Who, Price, Date, Link, Text string }

// Pick returns the items that a rule points to.
func (t *Tree) Pick(r Rule) (items []Item) {
	if r.item == nil {
		return nil
	}
	spend := t.budget(measure(t.doc))
	for _, n := range r.item.MatchAll(t.doc) {
		if len(items) == mostItems || !spend(n) {
			break
		}
		if it := r.read(n, headline(n)); it.Title != "" {
			items = append(items, it)
		}
	}
	return items
}

// Repeated returns the items of the list that a page consists of: elements alike, each with a
// title, of most of which like is true. Of several lists it is the longest, and of boxes
// within boxes the outer ones. Menus and what else stands around are no part of it.
func (t *Tree) Repeated(like func(text string) bool) (items []Item) {
	sizes := measure(t.doc)
	remove(t.doc, func(n *html.Node) bool { return furniture(n, sizes) })
	spend := t.budget(sizes)
	for _, group := range alike(t.doc, sizes) {
		var liked []*html.Node
		for _, n := range group {
			if !spend(n) {
				return items
			}
			if like(render(n, style{links: true})) {
				liked = append(liked, n)
			}
		}
		if len(liked) < 2 || 5*len(liked) < 3*len(group) || len(liked) <= len(items) {
			continue
		}
		if found := titled(liked); len(found) > len(items) {
			items = found
		}
	}
	return items
}

// titled reads elements of a list by the first way to name one that gives most of them a name
// of their own: "Comment" above what is said of each is a heading and names nothing.
func titled(list []*html.Node) (found []Item) {
	for _, way := range naming() {
		by, names := map[*html.Node]*html.Node{}, map[string]bool{}
		for _, n := range list {
			if at := way(n); at != nil {
				by[n] = at
				names[line(at)] = true
			}
		}
		if 5*len(by) < 3*len(list) || 2*len(names) <= len(by) {
			continue
		}
		for _, n := range list {
			if it := (Rule{}).read(n, by[n]); it.Title != "" && it.Text != it.Title {
				found = append(found, it)
			}
		}
		return found
	}
	return nil
}

// budget bounds how much is read of a page: boxes in boxes have each word, and each box, many
// times. It is asked before an element is read, and says whether that may be.
func (t *Tree) budget(sizes map[*html.Node]size) func(*html.Node) bool {
	left := 16*t.bytes + 1<<16
	return func(n *html.Node) bool {
		left -= sizes[n].text + 16*sizes[n].nodes
		return left >= 0
	}
}

// alike gathers the elements that may be items by their looks and those of what holds them, in
// the order in which they begin.
func alike(doc *html.Node, sizes map[*html.Node]size) (groups [][]*html.Node) {
	at := map[string]int{}
	for n := range doc.Descendants() {
		if s := sizes[n]; n.Type != html.ElementNode || s.text < 4 || s.text > mostWords || n.Parent == nil {
			continue
		}
		switch n.Data {
		case "div", "li", "tr", "article", "section", "a", "dl", "p", "figure", "table":
		default:
			continue
		}
		key := looks(n.Parent) + ">" + looks(n)
		i, known := at[key]
		if !known {
			i = len(groups)
			at[key], groups = i, append(groups, nil)
		}
		if len(groups[i]) < mostItems {
			groups[i] = append(groups[i], n)
		}
	}
	return groups
}

// looks is what elements that are drawn alike have in common: "odd" and "even" are not.
func looks(n *html.Node) string {
	class, _, _ := strings.Cut(strings.TrimSpace(attr(n, "class")), " ")
	if class == "odd" || class == "even" {
		class = ""
	}
	return n.Data + "." + class
}

var (
	titles    = css("head title, title")
	passwords = css("input[type=password]")
	inputs    = css("form input:not([type=hidden]), form textarea")
	scripts   = css("script")
	headings  = css("h1, h2, h3, h4, h5, h6, [class*=title]")
	bold      = css("strong, b, dt")
	anchors   = css("a[href]")
	cells     = css("td, th")
	rows      = css("tr")
	headCells = css("b, strong")
	times     = css("time")
)

// read takes an item apart that is named by an element. What the rule does not say is found by
// names of classes, and by the columns of a table.
func (r Rule) read(n, at *html.Node) Item {
	it := Item{Text: render(n, style{links: true})}
	if r.text != nil {
		it.Text = ""
		if found := r.text.MatchFirst(n); found != nil {
			it.Text = render(found, style{links: true})
		}
	}
	if r.title != nil {
		at = r.title.MatchFirst(n)
	}
	byColumn := column(n, columns(n))
	it.Price = r.field(r.price, n, "price", "cost", "amount")
	it.Who = r.field(r.who, n, "vendor", "seller", "author", "user", "username", "shop", "merchant", "group")
	it.Date = when(r.date, n)
	for field, words := range map[*string]string{&it.Price: byColumn["price"], &it.Who: byColumn["who"], &it.Date: byColumn["date"]} {
		if *field == "" {
			*field = words
		}
	}
	if at != nil {
		it.Title = line(at)
	}
	if r.title == nil && byColumn["title"] != "" {
		it.Title = byColumn["title"]
	}
	it.Link = leads(r.link, n, at)
	return it
}

// field is the text of what a selector points to, else of the first element with one of the
// words in its class.
func (r Rule) field(s cascadia.Selector, n *html.Node, words ...string) string {
	if s != nil {
		if found := s.MatchFirst(n); found != nil {
			return line(found)
		}
		return ""
	}
	if found := classed(n, words...); found != nil {
		return line(found)
	}
	return ""
}

// classed is the first element in n with one of the words in its class.
func classed(n *html.Node, words ...string) *html.Node {
	for c := range n.Descendants() {
		if class := attr(c, "class"); class != "" && some(tokens(class), words...) {
			return c
		}
	}
	return nil
}

// when is the date of an item as it is written, for programs where it is.
func when(s cascadia.Selector, n *html.Node) string {
	var found *html.Node
	if s != nil {
		found = s.MatchFirst(n)
	} else if found = times.MatchFirst(n); found == nil {
		found = classed(n, "date", "time", "published", "posted", "added", "timestamp")
	}
	if found == nil {
		return ""
	}
	if at := attr(found, "datetime"); at != "" {
		return at
	}
	return line(found)
}

// naming are the ways to find what names an item, the better first: its heading, the link with
// the most words, what is set in bold, its first cell.
func naming() []func(*html.Node) *html.Node {
	first := func(s cascadia.Selector) func(*html.Node) *html.Node {
		return func(n *html.Node) *html.Node {
			if found := s.MatchFirst(n); found != nil && names(line(found)) {
				return found
			}
			return nil
		}
	}
	longest := func(n *html.Node) (best *html.Node) {
		for _, a := range append(anchors.MatchAll(n), n) {
			if a.Data == "a" && names(line(a)) && (best == nil || len(line(a)) > len(line(best))) {
				best = a
			}
		}
		return best
	}
	return []func(*html.Node) *html.Node{first(headings), longest, first(bold), first(cells)}
}

// names reports whether words may be a name: a date or a number is none.
func names(words string) bool {
	letters := 0
	for _, r := range words {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return letters >= 2
}

// headline is what names an item.
func headline(n *html.Node) *html.Node {
	for _, way := range naming() {
		if found := way(n); found != nil {
			return found
		}
	}
	return nil
}

// leads is where an item leads: by its rule, by its title, else by its first link.
func leads(s cascadia.Selector, n, title *html.Node) string {
	try := []*html.Node{nil}
	if s != nil {
		try[0] = s.MatchFirst(n)
	} else {
		try = append(try, title)
		if title != nil {
			try = append(try, anchors.MatchFirst(title), title.Parent)
		}
		try = append(try, n, anchors.MatchFirst(n))
	}
	for _, a := range try {
		if a != nil && a.Data == "a" && attr(a, "href") != "" {
			return strings.TrimSpace(attr(a, "href"))
		}
	}
	return ""
}

// columns are the heads of the table that a row stands in, in small letters.
func columns(row *html.Node) (heads []string) {
	if row.Data != "tr" {
		return nil
	}
	table := row.Parent
	for table != nil && table.Data != "table" {
		table = table.Parent
	}
	if table == nil {
		return nil
	}
	first := rows.MatchFirst(table)
	if first == nil || first == row {
		return nil
	}
	for _, c := range cells.MatchAll(first) {
		if c.Data == "td" && headCells.MatchFirst(c) == nil {
			return nil
		}
		heads = append(heads, strings.ToLower(line(c)))
	}
	return heads
}

// heads are what columns are called.
var heads = []struct {
	field string
	words *regexp.Regexp
}{
	{"price", regexp.MustCompile(`price|cost|amount|цена`)},
	{"who", regexp.MustCompile(`vendor|seller|author|merchant|shop|продавец`)},
	{"date", regexp.MustCompile(`date|added|posted|published|updated|дата`)},
	{"title", regexp.MustCompile(`title|name|product|item|listing|offer|company|victim|товар`)},
}

// column is what a row says under the heads of its table.
func column(row *html.Node, names []string) map[string]string {
	if names == nil {
		return nil
	}
	out := map[string]string{}
	for i, c := range cells.MatchAll(row) {
		if i >= len(names) {
			break
		}
		for _, h := range heads {
			if h.words.MatchString(names[i]) {
				if out[h.field] == "" {
					out[h.field] = line(c)
				}
				break
			}
		}
	}
	return out
}
