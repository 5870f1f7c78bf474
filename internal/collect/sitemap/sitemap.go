// Package sitemap follows a site by its sitemap (sitemaps.org, protocol 0.9), and those of news:
// pages that are new there or have changed are read as articles, as package rss reads them.
package sitemap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/rss"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

// Connector follows sites by their sitemaps.
var Connector = collect.Connector{
	Name:        "sitemap",
	Proven:      "Hugo 0.111, an index of two sitemaps; the posts were invented, and its server was Go's",
	About:       "articles of a site that its sitemap.xml lists, as they are new or change",
	Every:       time.Hour,
	Reliability: 'C',
	Crawls:      true,
	Settings:    settings{},
	Open:        open,
}

const (
	// mostFollowed is how many addresses are followed, those changed last, fewer than a cursor
	// remembers: what is behind them could not be told from what is new.
	mostFollowed = 1500
	// usual and mostRead are how many articles are read at a visit, unless and at most.
	usual, mostRead = 50, 500
)

type settings struct {
	URL   string `json:"url" help:"Address of the sitemap or of an index of sitemaps, such as https://blog.example/sitemap.xml."`
	Under string `json:"under" help:"Only pages whose path begins so, such as /blog/; all if missing."`
	Most  int    `json:"most" help:"How many articles are read at a visit, at the first those changed last; 50 if missing."`
}

type site struct {
	collect.Env
	settings
	articles rss.Articles
	files    map[string]file // that were read, by address
	passed   map[string]bool // pages, by key, that are no article, so that they are asked for once
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if err := collect.CheckURL("url", s.URL); err != nil {
		return nil, err
	}
	if s.Under != "" && !strings.HasPrefix(s.Under, "/") {
		return nil, fmt.Errorf("under: %w: %q is no path such as /blog/", intel.ErrInvalid, s.Under)
	}
	if s.Most < 0 || s.Most > mostRead {
		return nil, fmt.Errorf("most: %w: %d is not from 1 to %d", intel.ErrInvalid, s.Most, mostRead)
	}
	s.Most = cmp.Or(s.Most, usual)
	return &site{Env: env, settings: s, files: map[string]file{}, passed: map[string]bool{}}, nil
}

// Collect implements collect.Source.
func (s *site) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	was, err := collect.NewPlace(from, s.Now())
	if err != nil {
		return err
	}
	list, whole, err := s.listed(ctx)
	if err != nil {
		return err
	}
	followed := s.followed(list)
	place, due := was, []entry(nil)
	var kept [][]string
	if whole { // what is not listed any more is forgotten
		if place, err = collect.NewPlace("", was.Since); err != nil {
			return err
		}
	}
	place.Last = s.oldest(was.Last, followed, len(list) > len(followed))
	for _, e := range followed {
		switch {
		case was.Has(e.key()...), e.changed != "" && e.changed < was.Last:
			kept = append(kept, e.key())
		default:
			due = append(due, e)
		}
	}
	if from == "" {
		for _, e := range due[:max(len(due)-s.Most, 0)] {
			kept = append(kept, e.key())
		}
		due = due[max(len(due)-s.Most, 0):]
	}
	if _, err := place.Add(kept...); err != nil {
		return err
	}
	return s.read(ctx, &place, due, emit)
}

// followed is which of the addresses listed are followed, those changed last, the oldest first.
// Those that do not tell when they changed count as older than all, the first of them last.
func (s *site) followed(list []entry) []entry {
	sortPages(list)
	here := map[string]bool{}
	list = slices.DeleteFunc(list, func(e entry) bool { // of an address listed twice the last change
		again := here[e.address]
		here[e.address] = true
		return again
	})
	if len(list) > mostFollowed && list[len(list)-1].changed == "" {
		s.Reject("addresses without a date of change", fmt.Errorf("%w: more than the %d that are followed, and what is new behind them is not seen; under can choose a part", collect.ErrTooLarge, mostFollowed))
	}
	list = slices.Clone(list[:min(len(list), mostFollowed)])
	slices.Reverse(list)
	return list
}

// sortPages has those changed last stand first, and behind them those that do not tell.
func sortPages(pages []entry) {
	slices.SortStableFunc(pages, func(a, b entry) int { return cmp.Compare(b.changed, a.changed) })
}

// oldest is before which change an address is not new: where more are listed than are followed,
// the next visit may follow some that were there all the time.
func (s *site) oldest(before string, followed []entry, more bool) string {
	if !more || len(followed) == 0 {
		return before
	}
	return max(before, min(followed[0].changed, stamp(s.Now())))
}

// read reads articles, as many as a visit may.
func (s *site) read(ctx context.Context, place *collect.Place, due []entry, emit collect.Emit) error {
	asked := 0
	for _, e := range due {
		if s.passed[e.name()] {
			continue
		}
		if asked++; asked > s.Most {
			s.Log.Info("more is new than a visit reads; the rest comes with the next", "source", s.ID, "read", s.Most)
			return nil
		}
		article, later, err := s.articles.Read(ctx, s.Fetch, e.address)
		if later {
			return err
		}
		doc := s.document(e, article)
		if err == nil && doc.Text == "" {
			err = errors.New("there is no article that can be read")
		}
		if err != nil && doc.Text == "" {
			s.pass(e, err)
			if _, err := place.Add(e.key()); err != nil {
				return err
			}
			continue
		}
		next, err := place.Add(e.key())
		if err != nil {
			return err
		}
		if err := emit(dated(place, doc, e.at(), s.Now()), next); err != nil {
			return err
		}
	}
	return nil
}

// dated is a document learned no earlier than its page was last changed.
func dated(place *collect.Place, doc intel.Document, changed, now time.Time) intel.Document {
	doc = place.Dated(doc, now)
	switch {
	case !doc.Assumed || !changed.After(doc.Learned):
	case changed.Before(place.Since):
		doc.Learned = changed
	default:
		doc.Learned, doc.Assumed = now.UTC(), false
	}
	return doc
}

// pass notes a page that is no article.
func (s *site) pass(e entry, reason error) {
	if len(s.passed) > 2*mostFollowed {
		clear(s.passed)
	}
	s.passed[e.name()] = true
	s.Reject("page "+e.address, reason)
}

// document is what an address comes to: what a sitemap of news says of it counts before what the
// page does, and its last change where neither tells when it was published.
func (s *site) document(e entry, article page.Page) intel.Document {
	doc := intel.Document{Source: s.ID, Genre: intel.Report, URL: e.address, Author: collect.OneLine(article.Author, 300),
		Title: cmp.Or(e.title, collect.OneLine(article.Title, 300)), Text: cmp.Or(article.Text, e.title)}
	for _, at := range []time.Time{e.published, article.Published.UTC(), e.at()} {
		if doc.Published.IsZero() {
			doc.Published = at
		}
	}
	doc.ID = intel.NewDocumentID(s.ID, e.address, doc.Text)
	return doc
}

// An entry is what a sitemap says of a page.
type entry struct {
	address   string
	changed   string // when, as stamp writes it; "" where it does not tell
	title     string // of news
	published time.Time
}

// key is what makes an entry the one it is; one that changes is another.
func (e entry) key() []string { return []string{e.address, e.changed} }

func (e entry) name() string { return e.address + " " + e.changed }

func (e entry) at() time.Time {
	at, err := time.Parse(stamped, e.changed)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// stamped is how times are kept, so that they sort as text.
const stamped = "2006-01-02T15:04:05Z"

func stamp(at time.Time) string {
	if at.IsZero() || at.Year() < 1000 || at.Year() > 9999 {
		return ""
	}
	return at.UTC().Format(stamped)
}

// ours reports whether an address is a page of the site, below the path that is wanted.
func (s *site) ours(u *url.URL) bool {
	return strings.HasPrefix(cmp.Or(u.EscapedPath(), "/"), s.Under) || strings.HasPrefix(cmp.Or(u.Path, "/"), s.Under)
}
