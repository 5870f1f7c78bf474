// Package forum follows forums: the lists of threads of a section, the threads across their
// pages, and of both what is new since the last visit. Pages are read by the rules of
// package page, Discourse and Flarum by what they tell programs.
package forum

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

// Connector follows forums.
var Connector = collect.Connector{
	Name:        "forum",
	About:       "posts of forums: Discourse, phpBB, XenForo, MyBB, vBulletin, SMF, Flarum, NodeBB, Invision, others by selectors",
	Every:       30 * time.Minute,
	Reliability: 'F',
	Crawls:      true,
	Proven:      "NodeBB 1.4.0: a category of it read across pages, and again after an answer",
	Settings:    settings{},
	Open:        open,
}

type settings struct {
	URLs   []string       `json:"urls" help:"Addresses of sections, which list threads, or of threads; all of one host."`
	Engine string         `json:"engine" help:"The forum software: discourse, flarum, nodebb, phpbb, xenforo, mybb, vbulletin, smf, invision, schema; custom for the selectors below; left out for whichever the pages look like."`
	Cookie collect.Secret `json:"cookie" help:"What a browser that is logged in sends as Cookie."`
	Offset string         `json:"utc_offset" help:"The zone of dates that name none, such as +03:00; UTC if missing."`
	Day    bool           `json:"day_first" help:"01-02-2026 is in February."`
	Pages  int            `json:"pages" help:"The most pages that a visit reads; 60 if missing."`
	Post   string         `json:"post" help:"custom: selector of what holds a post."`
	Text   string         `json:"text" help:"custom: selector of its words."`
	Author string         `json:"author" help:"custom: selector of who wrote it."`
	Date   string         `json:"date" help:"custom: selector of when."`
	Row    string         `json:"row" help:"custom: selector of a line of a list of threads."`
	Thread string         `json:"thread" help:"custom: selector of the link to a thread."`
	Mark   string         `json:"mark" help:"custom: selector of what changes in a line when somebody answers."`
	Next   string         `json:"next" help:"custom: selector of the link to the next page."`
}

const (
	// usualPages is how many pages a visit reads, and mostLists how many of them are lists of
	// one section.
	usualPages, mostLists = 60, 5
	mostPages             = 10_000
)

// An engine knows how one forum software shows its threads and posts.
type engine interface {
	// list reads a page of a list of threads, or of a thread.
	list(ctx context.Context, address string) (page.View, error)
	// posts reads a page of a thread. After is the last post that is known of it.
	posts(ctx context.Context, address, after string) (page.View, error)
}

type forum struct {
	collect.Env
	settings
	clock  clock
	site   string // its host
	engine engine
	quiet  map[string]string // threads that had nothing new when they had that mark
	left   int               // pages that this visit may still read
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	f := &forum{Env: env, settings: s, quiet: map[string]string{}}
	if err := f.check(); err != nil {
		return nil, err
	}
	return f, f.choose()
}

// check returns an error for settings that are wrong.
func (f *forum) check() error {
	if len(f.URLs) == 0 {
		return errors.New("urls is missing")
	}
	for _, address := range f.URLs {
		if err := collect.CheckURL("urls", address); err != nil {
			return err
		}
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		if f.site = cmp.Or(f.site, u.Host); f.site != u.Host {
			return fmt.Errorf("urls: %s and %s are two forums; make two sources", f.site, u.Host)
		}
	}
	f.site = strings.TrimPrefix(strings.ToLower(f.site), "www.")
	f.clock = clock{zone: time.UTC, dayFirst: f.Day}
	if f.Offset != "" {
		at, err := time.Parse("-07:00", f.Offset)
		if err != nil {
			return fmt.Errorf("utc_offset: %q is no offset such as +03:00", f.Offset)
		}
		f.clock.zone = at.Location()
	}
	if f.Pages < 0 || f.Pages > mostPages {
		return fmt.Errorf("pages: a visit reads 1 to %d", mostPages)
	}
	return nil
}

// choose picks the engine.
func (f *forum) choose() error {
	own := page.Rules{Post: f.Post, Text: f.Text, Author: f.Author, Date: f.Date, Row: f.Row, Thread: f.Thread, Mark: f.Mark, Next: f.Next}
	if f.Engine != "custom" && own != (page.Rules{}) {
		return errors.New("post, text, author, date, row, thread, mark and next are of engine custom alone")
	}
	switch f.Engine {
	case "discourse":
		f.engine = discourse{f}
	case "flarum":
		f.engine = flarum{f}
	case "":
		f.engine = looks{f, nil}
	case "custom":
		b, err := page.NewBoard("custom", own)
		if err != nil {
			return err
		}
		f.engine = looks{f, b}
	default:
		b, ok := page.BoardNamed(f.Engine)
		if !ok {
			return fmt.Errorf("engine: %q is none of discourse, flarum, nodebb, phpbb, xenforo, mybb, vbulletin, smf, invision, schema and custom", f.Engine)
		}
		f.engine = looks{f, b}
	}
	return nil
}

// Collect implements collect.Source.
func (f *forum) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	s, err := newState(from, f.Now())
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	f.clock.now, f.left = f.Now(), cmp.Or(f.Pages, usualPages)
	for _, address := range f.URLs {
		if err := f.section(ctx, address, &s, emit); err != nil {
			return err
		}
	}
	return nil
}

// section reads the threads of a section in which somebody wrote since the last visit, the
// one that has waited longest first.
func (f *forum) section(ctx context.Context, address string, s *state, emit collect.Emit) error {
	var changed []page.Thread
	name, seen := "", map[string]bool{}
	for next, n := address, 0; next != "" && !seen[next] && n < mostLists && f.spend(); n++ {
		seen[next] = true
		v, err := f.engine.list(ctx, next)
		if err != nil {
			return f.told(err)
		}
		if len(v.Threads) == 0 && len(v.Posts) > 0 { // a thread
			f.left++
			return f.thread(ctx, page.Thread{Title: v.Title, URL: address}, "", s, emit)
		}
		name, next = cmp.Or(name, v.Section, v.Title), v.Next
		if n == 0 && len(v.Threads) == 0 && v.Board == "" {
			return collect.Permanent(fmt.Errorf("%s looks like no forum that is known: name its engine, or give selectors (engine = \"custom\")", address))
		}
		before := len(changed)
		for _, t := range v.Threads {
			if t.Mark == "" || s.Threads[t.URL].Mark != t.Mark && f.quiet[t.URL] != t.Mark {
				changed = append(changed, t)
			}
		}
		if len(changed) == before { // what is further down is older
			break
		}
	}
	for i := len(changed) - 1; i >= 0; i-- {
		if err := f.thread(ctx, changed[i], name, s, emit); err != nil {
			return err
		}
	}
	return nil
}

// spend reports whether this visit may read another page.
func (f *forum) spend() bool { f.left--; return f.left >= 0 }

// thread reads what is new in a thread.
func (f *forum) thread(ctx context.Context, t page.Thread, section string, s *state, emit collect.Emit) error {
	was := s.Threads[t.URL]
	next, seen := cmp.Or(was.At, t.URL), map[string]bool{}
	for next != "" && !seen[next] {
		if !f.spend() {
			return nil // the next visit goes on from here
		}
		seen[next] = true
		v, err := f.engine.posts(ctx, next, was.Last)
		if gone(err) && next != t.URL { // what was deleted made it shorter
			next = t.URL
			continue
		}
		if closed(err) || f.Cookie == "" && errors.Is(err, errLogin) {
			f.Reject("thread "+t.URL, err)
			break
		}
		if err != nil {
			return f.told(err)
		}
		at := next
		if next = v.Next; seen[next] {
			next = ""
		}
		where := at
		if _, ok := f.engine.(looks); !ok { // what programs are told is no page
			where = t.URL
		}
		posts := unread(v.Posts, was.Last)
		for i, post := range posts {
			was = thread{At: at, Last: post.ID}
			if i == len(posts)-1 {
				was = read(at, next, post.ID, t.Mark)
			}
			if err := emit(f.document(t, cmp.Or(section, v.Section), where, post, s.Since), s.after(t.URL, was)); err != nil {
				return err
			}
		}
	}
	if f.quiet[t.URL] = t.Mark; len(f.quiet) > mostThreads {
		clear(f.quiet)
	}
	return ctx.Err()
}

// unread are the posts behind the last that is known, each once. Where that was deleted they are those
// with a higher number; where posts have none, all of the page.
func unread(all []page.Post, last string) []page.Post {
	var posts []page.Post
	seen := map[string]bool{}
	for _, p := range all {
		if p.ID == "" || !seen[p.ID] {
			posts = append(posts, p)
		}
		seen[p.ID] = true
	}
	if last == "" {
		return posts
	}
	for i, p := range posts {
		if p.ID == last {
			return posts[i+1:]
		}
	}
	most, ok := serial(last)
	var later []page.Post
	for _, p := range posts {
		if n, is := serial(p.ID); !ok || !is || n > most {
			later = append(later, p)
		}
	}
	return later
}

// serial is the number in what a post is called, such as post-12.
func serial(id string) (n uint64, ok bool) {
	i := strings.LastIndexFunc(id, func(r rune) bool { return r < '0' || r > '9' })
	if i+1 == len(id) || len(id)-i > 19 {
		return 0, false
	}
	for _, r := range id[i+1:] {
		n = 10*n + uint64(r-'0')
	}
	return n, true
}

// document is a post. What was there before the first visit is history.
func (f *forum) document(t page.Thread, section, at string, p page.Post, since time.Time) intel.Document {
	doc := intel.Document{ID: intel.NewDocumentID(f.ID, t.URL, p.ID, p.Author, p.Text), Source: f.ID, Genre: intel.Forum, URL: at,
		Title: collect.OneLine(t.Title, 200), Text: p.Text, Author: collect.Account(f.site, p.Author), Channel: collect.Account(f.site, section), Published: p.Published, Learned: f.Now().UTC()}
	if p.ID != "" && !strings.ContainsAny(p.ID, " \t\r\n") {
		doc.URL += "#" + p.ID
	}
	if doc.Published.IsZero() {
		doc.Published = f.clock.when(p.When)
	}
	if doc.Published.After(doc.Learned) {
		doc.Published = time.Time{}
	}
	if !doc.Published.IsZero() && doc.Published.Before(since) {
		doc.Learned, doc.Assumed = doc.Published, true
	}
	return doc
}

// errLogin means that a login has expired, or that one is needed.
var errLogin = errors.New("what is there is shown to members alone")

// told is an error with what to do about it, for good where another try would not help.
func (f *forum) told(err error) error {
	s := (*fetch.StatusError)(nil)
	switch refused := errors.As(err, &s) && (s.Status == http.StatusForbidden || s.Status == http.StatusUnauthorized); {
	case !refused && !errors.Is(err, errLogin):
		return err
	case f.Cookie != "":
		return collect.Permanent(fmt.Errorf("the login has expired or is not enough: %w (log in with a browser and set the secret %s anew)", err, f.Cookie))
	}
	return collect.Permanent(fmt.Errorf("%w (log in with a browser and give what it sends as cookie)", err))
}

// closed reports whether a thread is not to be had although its list is.
func closed(err error) bool {
	s := (*fetch.StatusError)(nil)
	return errors.As(err, &s) && (s.Status == http.StatusForbidden || s.Status == http.StatusNotFound || s.Status == http.StatusGone)
}

func gone(err error) bool {
	s := (*fetch.StatusError)(nil)
	return errors.As(err, &s) && (s.Status == http.StatusNotFound || s.Status == http.StatusGone)
}
