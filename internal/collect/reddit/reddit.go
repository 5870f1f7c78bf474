// Package reddit collects posts and comments of subreddits, and what a search finds.
package reddit

import (
	"cmp"
	"context"
	"encoding/base64"
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

// Connector reads listings.
var Connector = collect.Connector{
	Name:        "reddit",
	About:       "posts and comments of subreddits, or what a search finds, by Reddit's API",
	Every:       10 * time.Minute,
	Reliability: 'F',
	Settings:    settings{},
	Open:        open,
}

type settings struct {
	Subreddits []string       `json:"subreddits" help:"Subreddits, such as netsec."`
	Search     string         `json:"search" help:"Posts that this finds, in the subreddits, or everywhere if none are given."`
	Posts      bool           `json:"posts_alone" help:"Leave the comments unread; a search finds posts alone."`
	Client     collect.Secret `json:"client_id" help:"The id of your application (reddit.com/prefs/apps)."`
	Secret     collect.Secret `json:"client_secret" help:"Its secret."`
	API        string         `json:"api" help:"Address of the API; https://oauth.reddit.com if missing."`
	Login      string         `json:"login" help:"Address that gives tokens; https://www.reddit.com/api/v1/access_token if missing."`
}

const (
	usualAPI   = "https://oauth.reddit.com"
	usualLogin = "https://www.reddit.com/api/v1/access_token"
	// most is how many are asked for at once, and mostPages how often at a visit: Reddit shows
	// no more than a thousand.
	most, mostPages = 100, 10
)

type reader struct {
	collect.Env
	settings
	token string
	until time.Time // the token is good
	again time.Time // the quota begins anew
	// whole is the cursor behind the last of a visit that read all: where it is what is saved,
	// nothing is left.
	whole intel.Cursor
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	s.API, s.Login = strings.TrimSuffix(cmp.Or(s.API, usualAPI), "/"), cmp.Or(s.Login, usualLogin)
	if err := errors.Join(collect.CheckURL("api", s.API), collect.CheckURL("login", s.Login)); err != nil {
		return nil, err
	}
	for i, name := range s.Subreddits {
		name = strings.TrimPrefix(strings.TrimPrefix(name, "/"), "r/")
		if s.Subreddits[i] = name; name == "" || strings.ContainsFunc(name, func(r rune) bool {
			return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		}) {
			return nil, fmt.Errorf("subreddits: %q is none; one such as netsec is", name)
		}
	}
	switch {
	case len(s.Subreddits) == 0 && s.Search == "":
		return nil, errors.New("subreddits and search are missing; give one of them, or both")
	case s.Client == "" || s.Secret == "":
		return nil, errors.New("client_id and client_secret are needed: make an application at reddit.com/prefs/apps")
	}
	return &reader{Env: env, settings: s}, nil
}

// Collect implements collect.Source. Reddit tells the newest first, a page at a time, and each
// is kept before the next is asked for: the cursor says down to where. What is left of a visit
// that broke off is read before what was written since.
func (r *reader) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	p, err := collect.NewPlace(from, r.Now())
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	last := from
	keep := func(doc intel.Document, next intel.Cursor) error {
		last = next
		return emit(doc, next)
	}
	lists := r.lists()
	number, after, _ := strings.Cut(p.Until, " ")
	if i, err := strconv.Atoi(number); err == nil && from != r.whole && i >= 0 && i < len(lists) {
		read, err := r.sweep(ctx, &p, sweep{list: i, address: lists[i], after: after}, keep)
		if err == nil && read == 0 { // Reddit tells nothing behind what was deleted
			_, err = r.sweep(ctx, &p, sweep{list: i, address: lists[i], through: true}, keep)
		}
		if err != nil {
			return err
		}
	}
	for i, list := range lists {
		if _, err := r.sweep(ctx, &p, sweep{list: i, address: list}, keep); err != nil {
			return err
		}
	}
	r.whole = last
	return nil
}

// lists are the addresses of what is read.
func (r *reader) lists() []string {
	in := ""
	if len(r.Subreddits) > 0 {
		in = "/r/" + strings.Join(r.Subreddits, "+")
	}
	if r.Search != "" {
		return []string{r.API + in + "/search?" + url.Values{"q": {r.Search}, "sort": {"new"}, "type": {"link"}, "restrict_sr": {strconv.FormatBool(in != "")}}.Encode()}
	}
	if r.Posts {
		return []string{r.API + in + "/new?"}
	}
	return []string{r.API + in + "/new?", r.API + in + "/comments?"}
}

// A sweep is a walk down a list.
type sweep struct {
	list    int
	address string
	after   string // the item behind which it begins; at the top if empty
	through bool   // also through pages all of which are kept
}

// sweep reads pages until one has nothing that is new since the first visit, and keeps each. It
// says how many items it saw.
func (r *reader) sweep(ctx context.Context, p *collect.Place, s sweep, emit collect.Emit) (read int, err error) {
	for n := 1; ; n++ {
		q := url.Values{"limit": {strconv.Itoa(most)}, "raw_json": {"1"}}
		if s.after != "" {
			q.Set("after", s.after)
		}
		address := s.address + "&" + q.Encode()
		if strings.HasSuffix(s.address, "?") {
			address = s.address + q.Encode()
		}
		var got listing
		if err := r.ask(ctx, address, &got); err != nil {
			return read, err
		}
		things := got.Data.Children
		read += len(things)
		more := got.Data.After != "" && slices.ContainsFunc(things, func(t thing) bool {
			return !t.Data.Created.Before(p.Since) && (s.through || !p.Has(t.Data.Name))
		})
		until := ""
		if s.after = got.Data.After; more && n < mostPages {
			until = fmt.Sprintf("%d %s", s.list, s.after)
		}
		if err := r.keep(things, p, until, emit); err != nil {
			return read, err
		}
		if !more {
			return read, nil
		}
		if n == mostPages {
			r.Log.Warn("more is new than Reddit shows; what is older is not read", "source", r.ID, "items", read)
			return read, nil
		}
	}
}

// keep keeps what is new of a page, the oldest first. With the last of it the place moves down
// to where the next page begins.
func (r *reader) keep(things []thing, p *collect.Place, until string, emit collect.Emit) error {
	var fresh []item
	seen := map[string]bool{}
	for _, t := range slices.Backward(things) {
		if it, ok := r.take(t, p); ok && !seen[it.key()] {
			seen[it.key()] = true
			fresh = append(fresh, it)
		}
	}
	if len(fresh) == 0 {
		p.Until = until
	}
	for i, it := range fresh {
		if i == len(fresh)-1 {
			p.Until = until
		}
		next, err := p.Add([]string{it.name}, []string{it.name, it.version})
		if err != nil {
			return err
		}
		if err := emit(p.Dated(it.doc, r.Now()), next); err != nil {
			return err
		}
	}
	return nil
}

// An item is a version of a post or a comment.
type item struct {
	name, version string
	doc           intel.Document
}

func (i item) key() string { return i.name + " " + i.version }

// take is a post or a comment unless it is kept already, or that one that is kept is gone.
func (r *reader) take(t thing, p *collect.Place) (it item, ok bool) {
	d := t.Data
	if d.Name == "" || t.Kind != "t3" && t.Kind != "t1" {
		r.Reject("item "+collect.OneLine(d.Name, 40), fmt.Errorf("kind %.20q is neither a post nor a comment: %w", t.Kind, intel.ErrInvalid))
		return it, false
	}
	it = item{name: d.Name, version: d.Edited.UTC().Format(time.RFC3339), doc: r.document(t)}
	switch gone := d.Removed != "" || it.doc.Text == "[removed]" || it.doc.Text == "[deleted]"; {
	case gone && (!p.Has(d.Name) || p.Has(d.Name, "deleted")):
		return it, false
	case gone:
		it.version = "deleted"
		it.doc.Author, it.doc.Title, it.doc.Text, it.doc.Published = "", "Deleted", "This post was deleted.", r.Now()
	case p.Has(d.Name, it.version):
		return it, false
	case it.doc.Text == "":
		r.Reject("item "+d.Name, errors.New("it has no words"))
		return it, false
	}
	it.doc.ID = intel.NewDocumentID(r.ID, d.Name, it.version)
	return it, true
}

// document is a post or a comment.
func (r *reader) document(t thing) intel.Document {
	d := t.Data
	doc := intel.Document{Source: r.ID, Genre: intel.Forum, Title: collect.OneLine(cmp.Or(d.Title, d.Link), 300), Published: d.Created.Time, Channel: collect.Account("reddit", strings.ToLower(d.Subreddit))}
	if d.Author != "[deleted]" {
		doc.Author = collect.Account("reddit", strings.ToLower(d.Author))
	}
	if !d.Edited.IsZero() {
		doc.Published = d.Edited.Time
	}
	if strings.HasPrefix(d.Permalink, "/") {
		doc.URL = collect.WebURL("https://www.reddit.com" + d.Permalink)
	}
	doc.Text = d.Body
	if t.Kind == "t3" {
		parts := []string{d.Text}
		if !d.Self {
			parts = append(parts, collect.WebURL(d.URL))
		}
		doc.Text = cmp.Or(strings.TrimSpace(strings.Join(parts, "\n\n")), doc.Title)
	}
	doc.Text = strings.ToValidUTF8(strings.TrimSpace(doc.Text), "\uFFFD")
	return doc
}

// ask asks for a listing, with a token that is good.
func (r *reader) ask(ctx context.Context, address string, v any) error {
	if wait := r.again.Sub(r.Now()); wait > 0 {
		return &fetch.StatusError{URL: address, Status: http.StatusTooManyRequests, RetryAfter: wait}
	}
	if err := r.prove(ctx); err != nil {
		return err
	}
	got, err := r.Fetch.Do(ctx, fetch.Request{URL: address, Header: http.Header{"Authorization": {"Bearer " + r.token}}})
	if s := (*fetch.StatusError)(nil); errors.As(err, &s) {
		return r.told(s)
	}
	if err != nil {
		return err
	}
	if left, err := strconv.ParseFloat(got.Header.Get("X-Ratelimit-Remaining"), 64); err == nil && left < 1 {
		r.again = r.Now().Add(reset(got.Header))
	}
	if err := collect.JSON(got.Body, v); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	return nil
}

// prove gets a token unless there is one that is good for another minute.
func (r *reader) prove(ctx context.Context) error {
	if r.token != "" && r.Now().Add(time.Minute).Before(r.until) {
		return nil
	}
	id, err := r.Reveal(r.Client)
	if err != nil {
		return err
	}
	secret, err := r.Reveal(r.Secret)
	if err != nil {
		return err
	}
	h := http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))}, "Content-Type": {"application/x-www-form-urlencoded"}}
	got, err := r.Fetch.Do(ctx, fetch.Request{Method: http.MethodPost, URL: r.Login, Header: h, Body: []byte("grant_type=client_credentials")})
	if s := (*fetch.StatusError)(nil); errors.As(err, &s) && (s.Status == http.StatusUnauthorized || s.Status == http.StatusForbidden || s.Status == http.StatusBadRequest) {
		return collect.Permanent(fmt.Errorf("the application is not known to Reddit: %w (look at %s and %s)", err, r.Client, r.Secret))
	}
	if err != nil {
		return err
	}
	var t token
	if err := collect.JSON(got.Body, &t); err != nil {
		return fmt.Errorf("%s: %w", r.Login, err)
	}
	if t.Access == "" {
		return collect.Permanent(fmt.Errorf("%s gives no token: %.100q (look at %s and %s)", r.Login, t.Error, r.Client, r.Secret))
	}
	r.token, r.until = t.Access, r.Now().Add(time.Duration(min(max(t.Expires, 0), 7*86400))*time.Second)
	return nil
}

// told is an error of the API with what to do about it.
func (r *reader) told(s *fetch.StatusError) error {
	switch s.Status {
	case http.StatusUnauthorized: // the token is good no longer; the next visit gets another
		r.token = ""
	case http.StatusForbidden:
		return collect.Permanent(fmt.Errorf("%w (a subreddit is private, or the application is not let in)", s))
	case http.StatusTooManyRequests:
		s.RetryAfter = cmp.Or(s.RetryAfter, reset(s.Header))
	}
	return s
}

// reset is how long it takes until the quota begins anew, an hour at most.
func reset(h http.Header) time.Duration {
	n, err := strconv.ParseFloat(h.Get("X-Ratelimit-Reset"), 64)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, 3600) * float64(time.Second))
}
