package page

import (
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// A board is how the pages of one forum software look: what holds a post, what
// its words, and who wrote it.
type board struct {
	post, text, author cascadia.Selector
}

// boards are the forums known by their looks. The particular stand before the
// general.
var boards = []board{
	{ // XenForo 2, 1
		css("article.message, li.message[data-author]"),
		css(".message-body .bbWrapper, blockquote.messageText"),
		css(".message-name, .username"),
	},
	{ // Discourse, for programs, without scripts, as scripts leave it
		css(".crawler-post, .topic-body, article[data-post-id]"),
		css(".crawler-post .post, .topic-body .cooked, article[data-post-id] .cooked"),
		css("[itemprop=author] [itemprop=name], .creator [itemprop=name], .names .username"),
	},
	{ // phpBB 3, 2
		css("div.post, li.post, table.tablebg"),
		css("div.post .postbody .content, div.post .content[id^=post_content], td .postbody"),
		css(".author .username, .author .username-coloured, .postprofile .username, .author strong, .postauthor"),
	},
	{ // vBulletin 5, 4, 3
		css(".b-post, li.postcontainer, li.postbit, li.postbitlegacy, table[id^=post], div[id^=edit]"),
		css(".js-post__content-text, blockquote.postcontent, div[id^=post_message_]"),
		css(".b-post [itemprop=author] [itemprop=name], .author [itemprop=name], a.username, .username, .bigusername"),
	},
	{ // MyBB
		css("div.post"), css(".post_body"), css(".post_author .largetext"),
	},
	{ // SMF
		css(".post_wrapper"), css(".post .inner[id^=msg_], .post > .inner"), css(".poster h4"),
	},
	{ // Invision
		css("article.ipsComment, article.ipsEntry, .cPost"), css("[data-role=commentContent]"), css(".cAuthorPane_author, .ipsComment_author strong, .ipsEntry__username"),
	},
	{ // Flarum, NodeBB
		css("article.CommentPost, .CommentPost, li[component=post]"), css(".Post-body, [component='post/content']"), css(".PostUser-name .username, .PostUser .username, [component='post/header'] a[href*='/user/']"),
	},
	{ // whatever describes its posts as schema.org has it
		css("[itemtype$='/DiscussionForumPosting'], [itemtype$='/Comment'], [itemtype$='/Question'], [itemtype$='/Answer']"),
		css("[itemtype$='/DiscussionForumPosting'] [itemprop=text], [itemtype$='/Comment'] [itemprop=text], [itemtype$='/Question'] [itemprop=text], [itemtype$='/Answer'] [itemprop=text]"),
		css("[itemprop=author] [itemprop=name], [itemprop=author]"),
	},
}

// trimmings are what software adds to the words of a post.
var trimmings = css(`.signature, .message-signature, .postsignature, .sig, .messageTextEndMarker, .js-selectToQuoteEnd, .bbCodeBlock-expandLink, .bbCodeBlock-shrinkLink,
	.message-lastEdit, .editedby, .lastedited, .post_edit, .notice, .attachbox, .quote-controls, .quoteExpand, .quoteheader, .post-menu-area, .topic-map, .onebox, .codebox > p, .code_header, .bbcode_description,
	.likes-summary, .reactionsBar, button, form, nav`)

func css(selector string) cascadia.Selector { return cascadia.MustCompile(selector) }

const maxPosts = 10_000

// thread reads the posts of a thread; false if the page is none.
func thread(doc *html.Node) (Page, bool) {
	var p Page
	for _, b := range boards {
		if p.Posts = b.posts(doc); len(p.Posts) > 0 {
			break
		}
	}
	if len(p.Posts) == 0 {
		return p, false
	}
	p.Site = site(doc)
	if p.Title = meta(doc, "og:title"); p.Title == "" {
		if n := css("title").MatchFirst(doc); n != nil {
			p.Title = line(n)
		}
	}
	return p, true
}

// posts are the posts of a page that has the looks of the board.
func (b board) posts(doc *html.Node) (found []Post) {
	done := map[*html.Node]bool{}
	var last *html.Node
	for _, n := range b.text.MatchAll(doc) {
		holder := b.holder(n)
		if holder == nil || last != nil && within(n, last) || signed(n, holder) || len(found) >= maxPosts {
			continue
		}
		var post Post
		if !done[holder] { // what holds several posts is none
			post = Post{ID: name(holder), Author: b.writer(n, holder), Published: written(n, holder)}
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
func (b board) holder(n *html.Node) *html.Node {
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
func (b board) writer(text, holder *html.Node) string {
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
