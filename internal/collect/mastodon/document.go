package mastodon

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

// mostKept is how many posts are remembered so that their deletion can be told.
const mostKept = 4096

// edition tells versions of a post apart.
func edition(s status) string {
	if s.Edited == nil {
		return ""
	}
	return s.Edited.UTC().Format(time.RFC3339Nano)
}

// document is a post.
func (t *timeline) document(s status) (intel.Document, error) {
	text, err := words(s)
	if err != nil {
		return intel.Document{}, err
	}
	if text == "" {
		return intel.Document{}, errors.New("it has no words")
	}
	doc := intel.Document{Source: t.ID, Genre: intel.Social, URL: collect.WebURL(cmp.Or(s.URL, s.URI)), Author: t.author(s.Account), Channel: t.channel,
		Title: collect.OneLine(s.Spoiler, 300), Text: text, Language: collect.OneLine(s.Language, 35), Published: s.Created.UTC()}
	doc.ID = intel.NewDocumentID(t.ID, cmp.Or(s.URI, s.ID), edition(s))
	if s.Edited != nil {
		doc.Published = s.Edited.UTC()
	}
	return doc, nil
}

// author is an account as network/user@host, wherever it is.
func (t *timeline) author(a account) string {
	if a.Acct != "" && !strings.Contains(a.Acct, "@") {
		a.Acct += "@" + t.host
	}
	return collect.Account("mastodon", strings.ToLower(a.Acct))
}

// words are what a post says: its text with the targets of links, what is said of its
// pictures, and what a poll offers.
func words(s status) (string, error) {
	text, err := page.Text([]byte(plainNames(s.Content)), "text/html; charset=utf-8")
	if err != nil {
		return "", err
	}
	parts := []string{strings.TrimSpace(text)}
	for _, m := range s.Media {
		if said := strings.TrimSpace(m.Description); said != "" {
			parts = append(parts, "["+collect.OneLine(m.Type, 20)+"] "+said)
		}
	}
	if s.Poll != nil {
		for _, o := range s.Poll.Options {
			parts = append(parts, "- "+strings.TrimSpace(o.Title))
		}
	}
	return strings.ToValidUTF8(strings.TrimSpace(strings.Join(parts, "\n\n")), "\uFFFD"), nil
}

// plainNames is HTML in which names of accounts and hashtags lead nowhere: their servers are
// no part of what is said.
func plainNames(content string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(content))
	for {
		if z.Next() == html.ErrorToken {
			return b.String()
		}
		raw := string(z.Raw())
		tok := z.Token()
		if tok.Type == html.StartTagToken && tok.Data == "a" && named(tok) {
			raw = "<a>"
		}
		b.WriteString(raw)
	}
}

func named(tok html.Token) bool {
	for _, a := range tok.Attr {
		if a.Key == "rel" && a.Val == "tag" {
			return true
		}
		if a.Key == "class" {
			for class := range strings.FieldsSeq(a.Val) {
				if class == "mention" || class == "hashtag" {
					return true
				}
			}
		}
	}
	return false
}

// remember keeps of a post what is told once it is deleted.
func (t *timeline) remember(s status) {
	if _, ok := t.kept[s.ID]; !ok {
		t.keptOrder = append(t.keptOrder, s.ID)
	}
	t.kept[s.ID] = status{ID: s.ID, URI: s.URI, URL: s.URL, Account: s.Account}
	if len(t.keptOrder) > mostKept {
		delete(t.kept, t.keptOrder[0])
		t.keptOrder = t.keptOrder[1:]
	}
}

// deletion notes that a post is gone. It is a document of its own: what was said stays said.
func (t *timeline) deletion(s status) intel.Document {
	now := t.Now().UTC()
	return intel.Document{ID: intel.NewDocumentID(t.ID, cmp.Or(s.URI, s.ID), "deleted"), Source: t.ID, Genre: intel.Social, URL: collect.WebURL(cmp.Or(s.URL, s.URI)),
		Author: t.author(s.Account), Channel: t.channel, Title: "Deleted", Text: "This post was deleted.", Published: now, Learned: now}
}
