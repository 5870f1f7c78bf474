// Package rss collects the items of feeds in RSS 0.9 to 2.0, Atom and JSON Feed, and the articles that
// they announce.
package rss

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

// Connector follows feeds.
var Connector = collect.Connector{
	Name:        "rss",
	Proven:      "RSS of Hugo 0.111, Atom and RSS of Pelican 4.8; the posts were invented",
	About:       "items of a feed in RSS, Atom or JSON Feed, with the articles they announce",
	Every:       15 * time.Minute,
	Reliability: 'C',
	Crawls:      true,
	Settings:    settings{},
	Open:        open,
}

const (
	// whole is from how many bytes on what a feed says of an item is taken for all of it, and
	// the article is not read.
	whole = 4000
	// mostItems is how many items of a feed are read, the latest.
	mostItems = 1000
	// deepest is how far elements of a feed may be nested.
	deepest = 256
)

type settings struct {
	URL string `json:"url" help:"Address of the feed."`
	// Excerpts has the articles left unread.
	Excerpts bool `json:"excerpts" help:"Keep what the feed says alone, and do not read the articles."`
}

type feed struct {
	collect.Env
	settings
	// known is what the server told of a feed all of whose items were given, up to at: they
	// are kept where the next visit begins there.
	known    fetch.Validators
	at       intel.Cursor
	articles Articles
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if err := collect.CheckURL("url", s.URL); err != nil {
		return nil, err
	}
	return &feed{Env: env, settings: s}, nil
}

// Collect implements collect.Source.
func (f *feed) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	seen, err := collect.NewSeen(from)
	if err != nil {
		return err
	}
	known := f.known
	if from == "" || from != f.at {
		known = fetch.Validators{}
	}
	r, err := f.Fetch.GetChanged(ctx, f.URL, known)
	if errors.Is(err, fetch.ErrNotModified) {
		return nil
	}
	if err != nil {
		return err
	}
	items, err := parse(r)
	if err != nil {
		return fmt.Errorf("%s is no feed: %w", f.URL, err)
	}
	at := from
	var failed error
	away := map[string]bool{} // hosts an article of which did not come
	for _, it := range items {
		if seen.Has(it.key()...) || f.announces(it) && away[it.host()] {
			continue
		}
		doc, err := f.document(ctx, it)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // it is asked for again; articles of others have no part in that
			failed, away[it.host()] = cmp.Or(failed, err), true
			continue
		}
		if doc.Text == "" {
			f.Reject("item "+it.name(), errors.New("it has neither text nor an article that can be read"))
			continue
		}
		at = seen.Add(it.key()...)
		if err := emit(doc, at); err != nil {
			return err
		}
	}
	if failed == nil {
		f.known, f.at = r.Validators, at
	}
	return failed
}

// announces reports whether what an item says is an excerpt of an article that is read.
func (f *feed) announces(it item) bool {
	return !f.Excerpts && it.link != "" && len(it.text) < whole
}

// An item is what a feed says of an article.
type item struct {
	guid, title, link, author, text string
	at                              time.Time
}

// key is what makes an item the one it is; an item that its publisher changes is another.
func (it item) key() []string { return []string{it.guid, it.title, it.link, it.text} }

// host is whose the article of an item is.
func (it item) host() string {
	u, err := url.Parse(it.link)
	if err != nil {
		return it.link
	}
	return u.Host
}

func (it item) name() string { return cmp.Or(it.guid, it.link, it.title) }

// parse reads a feed: its items, the oldest first, those without a date as they stand from
// the last to the first.
func parse(r fetch.Response) (items []item, err error) {
	defer func() {
		if p := recover(); p != nil {
			items, err = nil, fmt.Errorf("feed: %v", p)
		}
	}()
	if err := shallow(r.Body); err != nil {
		return nil, err
	}
	got, err := gofeed.NewParser().Parse(bytes.NewReader(r.Body))
	if errors.Is(err, gofeed.ErrFeedTypeNotDetected) {
		kind, _, _ := mime.ParseMediaType(r.Type)
		return nil, fmt.Errorf("neither RSS, Atom nor JSON Feed, but %s", cmp.Or(kind, "something else"))
	}
	if err != nil {
		return nil, err
	}
	base, _ := url.Parse(r.URL)
	for _, g := range slices.Backward(got.Items[:min(len(got.Items), mostItems)]) {
		if g != nil {
			items = append(items, newItem(g, base))
		}
	}
	slices.SortStableFunc(items, func(a, b item) int { return a.at.Compare(b.at) })
	return items, nil
}

// shallow returns an error for what is nested so deep that reading it would not end well.
func shallow(body []byte) error {
	if start := bytes.TrimLeft(body, "\uFEFF \t\r\n"); bytes.HasPrefix(start, []byte("{")) {
		return collect.CheckDepth(body)
	}
	depth := 0
	for {
		i := bytes.IndexByte(body, '<')
		if i < 0 {
			return nil
		}
		body = body[i+1:]
		switch {
		case bytes.HasPrefix(body, []byte("![CDATA[")):
			body = behind(body, "]]>")
		case bytes.HasPrefix(body, []byte("!--")):
			body = behind(body, "-->")
		case bytes.HasPrefix(body, []byte("/")):
			depth = max(depth-1, 0)
		case bytes.HasPrefix(body, []byte("?")), bytes.HasPrefix(body, []byte("!")):
		default:
			end := bytes.IndexByte(body, '>')
			if end <= 0 || body[end-1] != '/' {
				depth++
			}
			if depth > deepest {
				return fmt.Errorf("elements are nested more than %d deep", deepest)
			}
		}
	}
}

// behind is what stands behind a mark; nothing where that is missing.
func behind(body []byte, mark string) []byte {
	_, rest, _ := bytes.Cut(body, []byte(mark))
	return rest
}

func newItem(g *gofeed.Item, base *url.URL) item {
	it := item{guid: line(g.GUID), title: line(title(g.Title)), link: line(g.Link)}
	if base != nil && it.link != "" {
		if u, err := base.Parse(it.link); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
			it.link = u.String()
		} else {
			it.link = ""
		}
	}
	if len(g.Authors) > 0 && g.Authors[0] != nil {
		it.author = line(g.Authors[0].Name)
	}
	for _, at := range []*time.Time{g.PublishedParsed, g.UpdatedParsed} {
		if at != nil && !at.IsZero() {
			it.at = at.UTC()
			break
		}
	}
	it.text = text(g.Content)
	if short := text(g.Description); len(short) > len(it.text) {
		it.text = short
	}
	return it
}

// text is what HTML shows; plain text is itself.
func text(html string) string {
	html = strings.ToValidUTF8(html, "\uFFFD")
	if !strings.ContainsAny(html, "<&") {
		return strings.TrimSpace(html)
	}
	shown, err := page.Text([]byte(html), "text/html; charset=utf-8")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(shown)
}

// marked finds what titles in HTML are marked up with; what else stands in brackets is said.
var marked = regexp.MustCompile(`(?i)</?(?:a|abbr|b|big|br|cite|code|del|em|font|i|ins|mark|p|q|s|small|span|strong|sub|sup|tt|u|wbr)(?:\s[^<>]*)?/?>|&(?:#\d+|#x[\da-f]+|[a-z][a-z\d]*);`)

// title is what a title shows, which some feeds give as text and others in HTML.
func title(s string) string {
	if marked.MatchString(s) {
		return text(s)
	}
	return strings.TrimSpace(s)
}

// line is a name or address in one line of bounded length.
func line(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	for len(s) > 2048 {
		_, n := utf8.DecodeLastRuneInString(s[:2048])
		s = s[:2048-n]
	}
	return s
}

// document is what an item comes to, with its article where the feed has an excerpt alone.
func (f *feed) document(ctx context.Context, it item) (intel.Document, error) {
	doc := intel.Document{Source: f.ID, Genre: intel.Report, URL: it.link, Author: it.author, Title: it.title, Text: it.text, Published: it.at, Learned: f.Now().UTC()}
	if f.announces(it) {
		article, later, err := f.articles.Read(ctx, f.Fetch, it.link)
		switch {
		case later:
			return doc, err
		case err != nil:
			f.Log.Info("article not read; what the feed says is kept", "source", f.ID, "article", it.link, "err", err)
		case len(article.Text) > len(it.text):
			doc.Text, doc.Title = article.Text, cmp.Or(doc.Title, article.Title)
			if doc.Published.IsZero() {
				doc.Published = article.Published.UTC()
			}
		}
	}
	if doc.Text == "" {
		doc.Text = it.title
	}
	doc.ID = intel.NewDocumentID(f.ID, it.key()...)
	return doc, nil
}
