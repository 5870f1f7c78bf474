// Package x collects posts that a search of X finds.
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
	About:       "posts of X that a search finds, by its API (version 2, recent search)",
	Every:       15 * time.Minute,
	Reliability: 'F',
	Settings:    settings{},
	Open:        open,
}

type settings struct {
	Query string         `json:"query" help:"What is searched for, as X has it, such as (CVE-2026 OR 0day) -is:retweet."`
	Token collect.Secret `json:"token" help:"The bearer token of your application."`
	Pages int            `json:"pages" help:"The most pages of 100 posts that a visit reads, for X counts them; 5 if missing."`
	API   string         `json:"api" help:"Address of the API; https://api.x.com if missing."`
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
	case strings.TrimSpace(s.Query) == "":
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
	pages, err := s.fresh(ctx, p.Last)
	if err != nil {
		return err
	}
	for _, page := range slices.Backward(pages) {
		for _, one := range slices.Backward(page.Data) {
			if err := s.take(one, page, &p, emit); err != nil {
				return err
			}
		}
	}
	return nil
}

// fresh reads the pages of what is new, the newest first: X tells it in no other order, so
// that all is read before any is kept.
func (s *search) fresh(ctx context.Context, last string) (pages []answer, err error) {
	q := url.Values{"query": {s.Query}, "max_results": {strconv.Itoa(most)}, "expansions": {"author_id,referenced_tweets.id,referenced_tweets.id.author_id"},
		"tweet.fields": {"author_id,created_at,entities,lang,note_tweet,referenced_tweets"}, "user.fields": {"username"}}
	if s.searched(last) {
		q.Set("since_id", last)
	}
	limit := cmp.Or(s.Pages, usualPages)
	for range limit {
		var got answer
		if err := s.ask(ctx, s.API+"/2/tweets/search/recent?"+q.Encode(), &got); err != nil {
			return nil, err
		}
		pages = append(pages, got)
		if got.Meta.Next == "" || last == "" { // of a first visit the latest are enough
			return pages, nil
		}
		q.Set("next_token", got.Meta.Next)
	}
	s.Log.Warn("more is new than a visit reads; what is older is not read: raise pages, or narrow the query", "source", s.ID, "pages", limit)
	return pages, nil
}

// searched reports whether a search goes back to a post, whose number tells when it was.
func (s *search) searched(number string) bool {
	n, err := strconv.ParseInt(number, 10, 64)
	return err == nil && s.Now().Sub(time.UnixMilli(n>>22+epoch)) < recent
}

// take keeps a post unless it is kept already.
func (s *search) take(one post, page answer, p *collect.Place, emit collect.Emit) error {
	if one.ID == "" {
		s.Reject("item", fmt.Errorf("no post: it has no number: %w", intel.ErrInvalid))
		return nil
	}
	number := one.ID
	for _, r := range one.References { // what is repeated are the words of who wrote them
		if i := slices.IndexFunc(page.Includes.Tweets, func(t post) bool { return t.ID == r.ID }); r.Type == "retweeted" && i >= 0 {
			one = page.Includes.Tweets[i]
		}
	}
	if p.Has(one.ID) {
		return nil
	}
	doc := s.document(one, page)
	if doc.Text == "" {
		s.Reject("post "+collect.OneLine(one.ID, 40), errors.New("it has no words"))
		return nil
	}
	if len(p.Last) < len(number) || len(p.Last) == len(number) && p.Last < number {
		p.Last = number
	}
	next, err := p.Add([]string{one.ID})
	if err != nil {
		return err
	}
	return emit(p.Dated(doc, s.Now()), next)
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
		return collect.Permanent(fmt.Errorf("%w (the application may not search: look at its access at developer.x.com)", e))
	case http.StatusBadRequest:
		return collect.Permanent(fmt.Errorf("%w (X does not understand the query %q)", e, s.Query))
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
