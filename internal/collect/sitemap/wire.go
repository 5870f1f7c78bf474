package sitemap

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/net/html/charset"

	"github.com/portent-cti/portent/internal/collect"
)

const (
	// mostListed is how many addresses of one file are read: the protocol allows no more.
	mostListed = 50_000
	// deepest is how far its elements may be nested.
	deepest = 32
	// longest is the longest address: the protocol allows no longer one.
	longest = 2048
)

// A listing is what a file of the protocol lists: pages, or sitemaps.
type listing struct {
	index bool
	of    []listed
	more  bool // than are read
}

// listed is one page or sitemap as it stands in a file.
type listed struct {
	loc, lastmod  string
	title, posted string // of news
}

// parse reads a sitemap or an index of sitemaps. One that breaks off is an error: which pages
// changed last cannot be told of a part.
func parse(in io.Reader) (listing, error) {
	var r reader
	d := xml.NewDecoder(in)
	d.CharsetReader = charset.NewReaderLabel
	for {
		token, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF) && r.root != "" && len(r.path) == 0:
			return r.list, nil
		case errors.Is(err, io.EOF):
			return r.list, r.broken()
		case err != nil:
			return r.list, fmt.Errorf("it is no whole XML: %w", err)
		}
		if err := r.take(token); err != nil {
			return r.list, err
		}
		if r.list.more {
			return r.list, nil
		}
	}
}

// reader takes the tokens of a file. Prefixes are not told apart: what is read stands where only
// the protocol puts it.
type reader struct {
	list listing
	root string
	path []string
	now  listed
	text strings.Builder
}

func (r *reader) broken() error {
	if r.root == "" {
		return errNone
	}
	return fmt.Errorf("it breaks off: %w", io.ErrUnexpectedEOF)
}

// errNone means that something is neither a sitemap nor an index.
var errNone = errors.New("neither a sitemap nor an index of sitemaps")

func (r *reader) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return r.begin(t.Name.Local)
	case xml.EndElement:
		return r.end(t.Name.Local)
	case xml.CharData:
		if len(r.path) > 2 && r.text.Len() <= 2*longest {
			r.text.Write(t[:min(len(t), 4*longest)])
		}
	}
	return nil
}

func (r *reader) begin(name string) error {
	if len(r.path) == 0 {
		if r.root != "" || name != "urlset" && name != "sitemapindex" {
			return fmt.Errorf("%w, but <%s>", errNone, collect.OneLine(name, 40))
		}
		r.root, r.list.index = name, name == "sitemapindex"
	}
	if len(r.path) >= deepest {
		return fmt.Errorf("elements are nested more than %d deep", deepest)
	}
	r.path = append(r.path, name)
	if len(r.path) == 2 {
		r.now = listed{}
	}
	r.text.Reset()
	return nil
}

func (r *reader) end(name string) error {
	at := len(r.path)
	if at == 0 || r.path[at-1] != name {
		return fmt.Errorf("it is no whole XML: </%s> ends nothing", collect.OneLine(name, 40))
	}
	r.value(strings.Join(r.path[1:], "/"), strings.TrimSpace(r.text.String()))
	r.text.Reset()
	r.path = r.path[:at-1]
	if at != 2 || name != "url" && name != "sitemap" || r.now.loc == "" {
		return nil
	}
	if len(r.list.of) == mostListed {
		r.list.more = true
		return nil
	}
	r.list.of = append(r.list.of, r.now)
	return nil
}

// value takes what stands at a place in a file.
func (r *reader) value(place, text string) {
	switch place {
	case "url/loc", "sitemap/loc":
		r.now.loc = text
	case "url/lastmod", "sitemap/lastmod":
		r.now.lastmod = text
	case "url/news/title":
		r.now.title = collect.OneLine(text, 300)
	case "url/news/publication_date":
		r.now.posted = text
	}
}

// when reads a time as W3C writes it, down to the year alone; zero where it is none.
func when(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly, "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05", "2006-01", "2006"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}
