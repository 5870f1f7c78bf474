// Package x collects posts of X that a search finds, or that its filtered stream tells.
package x

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector searches.
var Connector = collect.Connector{
	Name:        "x",
	About:       "posts of X that a search finds or its filtered stream tells, by its API (version 2)",
	Every:       15 * time.Minute,
	Reliability: 'F',
	Settings:    settings{},
	Open:        open,
}

type settings struct {
	Query  string         `json:"query" help:"What is searched for, as X has it, such as (CVE-2026 OR 0day) -is:retweet."`
	Token  collect.Secret `json:"token" help:"The bearer token of your application."`
	Stream bool           `json:"stream" help:"Read the filtered stream, by the rules that you set for the application; the query, if there is one, finds what was said while it was broken off."`
	Pages  int            `json:"pages" help:"The most pages of 100 posts that a visit reads, for X counts them; 5 if missing."`
	API    string         `json:"api" help:"Address of the API; https://api.x.com if missing."`
}

const (
	usualAPI   = "https://api.x.com"
	usualPages = 5
	most       = 100
	// recent is how far back a search goes, and somewhat less: it refuses what is older.
	recent = 7*24*time.Hour - time.Hour
	// epoch is when the numbers of posts begin, in milliseconds.
	epoch = 1288834974657
)

type search struct {
	collect.Env
	settings
	again time.Time // the quota begins anew
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	s.API = strings.TrimSuffix(cmp.Or(s.API, usualAPI), "/")
	switch {
	case strings.TrimSpace(s.Query) == "" && !s.Stream:
		return nil, errors.New("query is missing")
	case len(s.Query) > 4096:
		return nil, errors.New("query: X takes 4,096 characters at most")
	case s.Token == "":
		return nil, errors.New("token is missing: make an application at developer.x.com")
	case s.Pages < 0 || s.Pages > 1000:
		return nil, errors.New("pages: a visit reads 1 to 1000")
	}
	return &search{Env: env, settings: s}, collect.CheckURL("api", s.API)
}

// Collect implements collect.Source.
func (s *search) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	p, err := collect.NewPlace(from, s.Now())
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	if s.Stream {
		return s.follow(ctx, &p, emit)
	}
	return s.find(ctx, &p, emit)
}

// find searches for what is new. X tells the newest first, a page at a time, and each is
// kept before the next is asked for: the cursor says down to where. What is left of a visit
// that broke off is read before what was written since.
func (s *search) find(ctx context.Context, p *collect.Place, emit collect.Emit) error {
	if p.Until != "" && !s.searched(p.Until) { // what is left is older than a search goes back
		through(p)
	}
	limit, more := cmp.Or(s.Pages, usualPages), false
	for left := limit; left > 0; left-- {
		rest := p.Until != ""
		got, err := s.page(ctx, *p)
		if err != nil {
			return err
		}
		oldest := got.oldest()
		more = got.Meta.Next != "" && p.Last != "" && oldest != "" && (!rest || newer(p.Until, oldest)) // of a first visit the latest are enough
		if err := s.keep(got, p, more && left > 1, emit); err != nil {
			return err
		}
		if !more && (!rest || p.Last == "") {
			return nil
		}
	}
	if more {
		s.Log.Warn("more is new than a visit reads; what is older is not read: raise pages, or narrow the query", "source", s.ID, "pages", limit)
	}
	return nil
}

// page asks for the newest posts that are yet to be read.
func (s *search) page(ctx context.Context, p collect.Place) (got answer, err error) {
	q := fields()
	q.Set("query", s.Query)
	q.Set("max_results", strconv.Itoa(most))
	if s.searched(p.Last) {
		q.Set("since_id", p.Last)
	}
	if p.Until != "" {
		q.Set("until_id", p.Until)
	}
	return got, s.ask(ctx, s.API+"/2/tweets/search/recent?"+q.Encode(), &got)
}

// fields are those of posts and of who wrote them that are read.
func fields() url.Values {
	return url.Values{"expansions": {"author_id,referenced_tweets.id,referenced_tweets.id.author_id"},
		"tweet.fields": {"author_id,created_at,entities,lang,note_tweet,referenced_tweets"}, "user.fields": {"username"}}
}

// newer reports whether the number of a post is above another.
func newer(a, b string) bool { return len(a) > len(b) || len(a) == len(b) && a > b }

// oldest is the lowest number of a page, empty for none.
func (a answer) oldest() (low string) {
	for _, one := range a.Data {
		if one.ID != "" && (low == "" || newer(low, one.ID)) {
			low = one.ID
		}
	}
	return low
}

// through notes that all up to the newest post that was seen is read.
func through(p *collect.Place) {
	if newer(p.Top, p.Last) {
		p.Last = p.Top
	}
	p.Until, p.Top = "", ""
}

// keep keeps what is new of a page, the oldest first. With the last of it the place moves: down
// to where the next page begins if there is more, else to the newest post.
func (s *search) keep(page answer, p *collect.Place, more bool, emit collect.Emit) error {
	var docs []intel.Document
	var keys []string
	for _, one := range slices.Backward(page.Data) {
		if newer(one.ID, p.Top) && !s.ahead(one.ID) {
			p.Top = one.ID
		}
		key, doc := s.take(one, page)
		if key != "" && !p.Has(key) && !slices.Contains(keys, key) {
			docs, keys = append(docs, doc), append(keys, key)
		}
	}
	move := func() { through(p) }
	if more {
		move = func() { p.Until = page.oldest() }
	}
	if len(docs) == 0 {
		move()
	}
	for i, doc := range docs {
		if i == len(docs)-1 {
			move()
		}
		next, err := p.Add([]string{keys[i]})
		if err != nil {
			return err
		}
		if err := emit(p.Dated(doc, s.Now()), next); err != nil {
			return err
		}
	}
	return nil
}

// searched reports whether a search goes back to a post, whose number tells when it was.
func (s *search) searched(number string) bool {
	n, err := strconv.ParseInt(number, 10, 64)
	return err == nil && s.Now().Sub(time.UnixMilli(n>>22+epoch)) < recent
}

// ahead reports whether the number of a post is of a time that has not come, or none: nothing is
// found behind it.
func (s *search) ahead(number string) bool {
	n, err := strconv.ParseInt(number, 10, 64)
	return err != nil || time.UnixMilli(n>>22+epoch).After(s.Now().Add(overlap))
}

// take is what a post is known by and its document; what it repeats are the words of who
// wrote them. The key of what says nothing is empty.
func (s *search) take(one post, page answer) (key string, doc intel.Document) {
	if one.ID == "" {
		s.Reject("item", fmt.Errorf("no post: it has no number: %w", intel.ErrInvalid))
		return "", doc
	}
	for _, r := range one.References {
		if i := slices.IndexFunc(page.Includes.Tweets, func(t post) bool { return t.ID == r.ID }); r.Type == "retweeted" && i >= 0 {
			one = page.Includes.Tweets[i]
		}
	}
	if doc = s.document(one, page); doc.Text == "" {
		s.Reject("post "+collect.OneLine(one.ID, 40), errors.New("it has no words"))
		return "", doc
	}
	return one.ID, doc
}

// document is a post, with its links whole.
func (s *search) document(one post, page answer) intel.Document {
	text, links := one.Text, one.Entities
	if one.Note != nil && one.Note.Text != "" {
		text, links = one.Note.Text, one.Note.Entities
	}
	for _, u := range links.URLs {
		if to := collect.WebURL(cmp.Or(u.Unwound, u.Expanded)); to != "" && u.URL != "" {
			text = strings.ReplaceAll(text, u.URL, to)
		}
	}
	doc := intel.Document{ID: intel.NewDocumentID(s.ID, one.ID), Source: s.ID, Genre: intel.Social, Text: strings.ToValidUTF8(strings.TrimSpace(unescaped(text)), "\uFFFD"), Published: one.Created.UTC()}
	if one.Lang != "und" && !strings.HasPrefix(one.Lang, "q") { // which stand for none
		doc.Language = collect.OneLine(one.Lang, 35)
	}
	name := "i"
	if i := slices.IndexFunc(page.Includes.Users, func(u user) bool { return u.ID == one.Author }); i >= 0 && page.Includes.Users[i].Username != "" {
		name = strings.ToLower(page.Includes.Users[i].Username)
		doc.Author = collect.Account("x", name)
	}
	doc.URL = "https://x.com/" + url.PathEscape(collect.OneLine(name, 50)) + "/status/" + url.PathEscape(collect.OneLine(one.ID, 40))
	for _, r := range one.References {
		if r.Type == "quoted" {
			doc.References = append(doc.References, "https://x.com/i/status/"+url.PathEscape(collect.OneLine(r.ID, 40)))
		}
	}
	return doc
}

// unescaped is a text without the three escapes that X puts into it.
func unescaped(text string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}

// ask makes a request of the API.
func (s *search) ask(ctx context.Context, address string, v any) error {
	if wait := s.again.Sub(s.Now()); wait > 0 {
		return &fetch.StatusError{URL: address, Status: http.StatusTooManyRequests, RetryAfter: wait}
	}
	token, err := s.Reveal(s.Token)
	if err != nil {
		return err
	}
	got, err := s.Fetch.Do(ctx, fetch.Request{URL: address, Header: http.Header{"Authorization": {"Bearer " + token}}})
	if e := (*fetch.StatusError)(nil); errors.As(err, &e) {
		return s.told(e)
	}
	if err != nil {
		return err
	}
	if got.Header.Get("X-Rate-Limit-Remaining") == "0" {
		s.again = s.Now().Add(s.reset(got.Header))
	}
	if err := collect.JSON(got.Body, v); err != nil {
		return fmt.Errorf("search of %s: %w", s.API, err)
	}
	return nil
}

// told is an error of the API with what to do about it.
func (s *search) told(e *fetch.StatusError) error {
	switch e.Status {
	case http.StatusUnauthorized:
		return collect.Permanent(fmt.Errorf("%w (the token in %s is not good, or no longer)", e, s.Token))
	case http.StatusForbidden:
		return collect.Permanent(fmt.Errorf("%w (the application may not read this: look at its access at developer.x.com)", e))
	case http.StatusBadRequest:
		return collect.Permanent(fmt.Errorf("%w (X does not understand the query %q)", e, s.Query))
	case http.StatusConflict:
		return collect.Permanent(fmt.Errorf("%w (the stream has no rules: set some for the application at X, which Portent never writes)", e))
	case http.StatusTooManyRequests:
		e.RetryAfter = cmp.Or(e.RetryAfter, s.reset(e.Header))
	}
	return e
}

// reset is how long it takes until the quota begins anew, a day at most.
func (s *search) reset(h http.Header) time.Duration {
	n, err := strconv.ParseInt(h.Get("X-Rate-Limit-Reset"), 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return 0
	}
	return min(max(time.Unix(n, 0).Sub(s.Now()), 0), 24*time.Hour)
}
