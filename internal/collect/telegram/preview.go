package telegram

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/page"
)

// Where things stand on a preview, as it was in 2026.
var (
	previews  = cascadia.MustCompile(".tgme_channel_history, .tgme_channel_info")
	messages  = cascadia.MustCompile(".tgme_widget_message[data-post]")
	bodies    = cascadia.MustCompile(".js-message_text") // not what it answers, which has a class of its own
	files     = cascadia.MustCompile(".tgme_widget_message_document_title")
	sizes     = cascadia.MustCompile(".tgme_widget_message_document_extra")
	polls     = cascadia.MustCompile(".tgme_widget_message_poll_question, .tgme_widget_message_poll_option_text")
	forwarded = cascadia.MustCompile("a.tgme_widget_message_forwarded_from_name[href]")
	dates     = cascadia.MustCompile(".tgme_widget_message_date time[datetime]")
	metas     = cascadia.MustCompile(".tgme_widget_message_meta")
)

// mostPosts is how many posts of a page are read, of which there are twenty.
const mostPosts = 200

// A post is one of a channel.
type post struct {
	id     int
	text   string
	at     time.Time
	edited bool
	from   string // address of the post that it was forwarded from
}

// parse reads a preview of a channel: its posts, the oldest first; false where it is none.
func parse(body []byte, channel string) (posts []post, ok bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			posts, ok, err = nil, false, fmt.Errorf("html: %v", p)
		}
	}()
	if page.Cut(body) {
		return nil, false, page.ErrCut
	}
	doc, err := html.ParseWithOptions(bytes.NewReader(body), html.ParseOptionEnableScripting(false))
	if err != nil {
		return nil, false, err
	}
	for _, n := range messages.MatchAll(doc) {
		if len(posts) == mostPosts {
			break
		}
		if p, ok := read(n, channel); ok {
			posts = append(posts, p)
		}
	}
	slices.SortStableFunc(posts, func(a, b post) int { return a.id - b.id })
	posts = slices.CompactFunc(posts, func(a, b post) bool { return a.id == b.id })
	return posts, len(posts) > 0 || previews.MatchFirst(doc) != nil, nil
}

// read reads a post, of that channel alone. One without words is one all the same.
func read(n *html.Node, channel string) (p post, ok bool) {
	name, id, _ := strings.Cut(attr(n, "data-post"), "/")
	number, err := strconv.Atoi(id)
	if err != nil || number <= 0 || !strings.EqualFold(name, channel) {
		return p, false
	}
	p.id = number
	if strings.Contains(" "+attr(n, "class")+" ", " service_message ") {
		return p, true
	}
	if t := dates.MatchFirst(n); t != nil {
		if at, err := time.Parse(time.RFC3339, attr(t, "datetime")); err == nil {
			p.at = at.UTC()
		}
	}
	if m := metas.MatchFirst(n); m != nil {
		p.edited = slices.Contains(strings.Fields(shown(m)), "edited")
	}
	if f := forwarded.MatchFirst(n); f != nil {
		p.from = collect.WebURL(attr(f, "href"))
	}
	p.text = words(n)
	return p, true
}

// words is what a post says, and the names of its files.
func words(n *html.Node) string {
	var parts []string
	for _, list := range [][]*html.Node{bodies.MatchAll(n), polls.MatchAll(n)} {
		for _, b := range list {
			parts = append(parts, shown(b))
		}
	}
	extras := sizes.MatchAll(n)
	for i, f := range files.MatchAll(n) {
		text := "Attachment: " + shown(f)
		if i < len(extras) {
			text += " (" + shown(extras[i]) + ")"
		}
		parts = append(parts, text)
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, "\n")
}

// shown is the text of an element, with where its links lead.
func shown(n *html.Node) string {
	var b bytes.Buffer
	if err := html.Render(&b, n); err != nil {
		return ""
	}
	text, err := page.Text(b.Bytes(), "text/html; charset=utf-8")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(text)
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
