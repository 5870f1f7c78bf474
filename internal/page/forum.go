package page

import (
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// trimmings are what software adds to the words of a post.
var trimmings = css(`.signature, .message-signature, .postsignature, .sig, .messageTextEndMarker, .js-selectToQuoteEnd, .bbCodeBlock-expandLink, .bbCodeBlock-shrinkLink,
	.message-lastEdit, .editedby, .lastedited, .post_edit, .notice, .attachbox, .quote-controls, .quoteExpand, .quoteheader, .post-menu-area, .topic-map, .onebox, .codebox > p, .code_header, .bbcode_description,
	.likes-summary, .reactionsBar, button, form, nav`)

func css(selector string) cascadia.Selector { return cascadia.MustCompile(selector) }

const maxPosts = 10_000

// thread reads the posts of a thread; false if the page is none.
func thread(doc *html.Node) (Page, bool) {
	var p Page
	for _, b := range boards() {
		if p.Posts = b.posts(doc); len(p.Posts) > 0 {
			break
		}
	}
	if len(p.Posts) == 0 {
		return p, false
	}
	p.Site, p.Title = site(doc), title(doc)
	return p, true
}

// title is what a page says it is called.
func title(doc *html.Node) string {
	if t := meta(doc, "og:title"); t != "" {
		return t
	}
	return first(css("title"), doc)
}

// first is the text of the first element that a selector matches, in one line.
func first(s cascadia.Selector, doc *html.Node) string {
	if s == nil {
		return ""
	}
	if n := s.MatchFirst(doc); n != nil {
		return line(n)
	}
	return ""
}

// posts are the posts of a page that has the looks of the board.
func (b *Board) posts(doc *html.Node) (found []Post) {
	done := map[*html.Node]bool{}
	var last *html.Node
	for _, n := range b.text.MatchAll(doc) {
		holder := b.holder(n)
		if holder == nil || last != nil && within(n, last) || signed(n, holder) || len(found) >= maxPosts {
			continue
		}
		var post Post
		if !done[holder] { // what holds several posts is none
			post = Post{ID: name(holder), Author: b.writer(n, holder), Published: written(n, holder), When: b.when(n, holder), words: name(n)}
		}
		last, done[holder] = n, true
		remove(n, func(n *html.Node) bool { return unseen(n) || trimmings.Match(n) })
		if post.Text = render(n, style{quotes: true, links: true}); post.Text != "" {
			found = append(found, post)
		}
	}
	return found
}

// holder is the post that its words stand in.
func (b *Board) holder(n *html.Node) *html.Node {
	for a := range n.Ancestors() {
		if b.post.Match(a) {
			return a
		}
	}
	return nil
}

// signed reports whether n stands in a signature.
func signed(n, holder *html.Node) bool {
	for a := range n.Ancestors() {
		if a == holder {
			return false
		}
		if trimmings.Match(a) && a.Data != "form" {
			return true
		}
	}
	return false
}

// writer is who wrote the post.
func (b *Board) writer(text, holder *html.Node) string {
	for _, key := range []string{"data-author", "data-username"} {
		if who := strings.TrimSpace(attr(holder, key)); who != "" {
			return who
		}
	}
	for _, n := range b.author.MatchAll(holder) {
		if n != text && !within(n, text) {
			if who := line(n); who != "" && len(who) <= 100 {
				return who
			}
		}
	}
	return ""
}

// written is when the post says it was written; zero if it does not.
func written(text, holder *html.Node) time.Time {
	for n := range holder.Descendants() {
		if n.Type != html.ElementNode || n == text || within(n, text) {
			continue
		}
		if n.Data == "time" || attr(n, "itemprop") == "datePublished" {
			for _, s := range []string{attr(n, "datetime"), attr(n, "content")} {
				for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700"} {
					if at, err := time.Parse(layout, s); err == nil {
						return at.UTC()
					}
				}
			}
		}
		if seconds, err := strconv.ParseInt(attr(n, "data-time"), 10, 64); err == nil && seconds > 0 {
			if seconds > 1e11 {
				seconds /= 1000
			}
			return time.Unix(seconds, 0).UTC()
		}
	}
	return time.Time{}
}

// when is what a post says in words of when it was written.
func (b *Board) when(text, holder *html.Node) string {
	if b.date == nil {
		return ""
	}
	for _, n := range b.date.MatchAll(holder) {
		if n == text || within(n, text) {
			continue
		}
		said := line(n)
		for d := range n.Descendants() { // "2 hours ago" with the time behind it
			if t := attr(d, "title"); strings.ContainsAny(t, "0123456789") {
				said = t + " " + said
			}
		}
		if t := attr(n, "datetime"); t != "" {
			said = t
		}
		if strings.ContainsAny(said, "0123456789") && len(said) <= 300 {
			return said
		}
	}
	return ""
}

// name is what tells a post from the others of its site.
func name(holder *html.Node) string {
	for _, key := range []string{"data-content", "data-post-id", "data-pid", "id"} {
		if id := attr(holder, key); id != "" {
			return id[:min(len(id), 100)]
		}
	}
	return ""
}

// line is the text of an element in one line.
func line(n *html.Node) string { return strings.Join(strings.Fields(render(n, style{})), " ") }
