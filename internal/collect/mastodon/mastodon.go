// Package mastodon collects posts of servers that speak the API of Mastodon: public and local
// timelines, those of a hashtag and those of an account, by asking or as a stream.
package mastodon

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

// Connector reads timelines.
var Connector = collect.Connector{
	Name:        "mastodon",
	About:       "posts of Mastodon and what speaks its API: public, hashtag and account timelines, asked for or streamed",
	Every:       5 * time.Minute,
	Reliability: 'F',
	Settings:    settings{},
	Open:        open,
}

type settings struct {
	Server    string         `json:"server" help:"Address of the server, such as https://social.example."`
	Timeline  string         `json:"timeline" help:"public, local, #TAG, or @USER@HOST; public if missing."`
	Token     collect.Secret `json:"token" help:"An access token with read:statuses, where the server wants one; streams do."`
	Stream    bool           `json:"stream" help:"Have posts told as they come, with edits and deletions; not of an account."`
	Streaming string         `json:"streaming" help:"Address of the server of streams, where it is another one; asked for if missing."`
}

const (
	// most is how many posts are asked for at once, and mostPages how often at a visit.
	most, mostPages = 40, 200
	// late is how long a post may take from another server: it has the number of when it was
	// written, and stands among older ones.
	late = 10 * time.Minute
)

type timeline struct {
	collect.Env
	settings
	host      string
	path      string            // of the timeline, below /api/v1/
	query     url.Values        // of it
	stream    string            // what its stream is called; "" for none
	channel   string            // that its posts are in; "" for none
	account   string            // whose timeline it is; "" for none
	again     time.Time         // when the quota that is used up begins anew
	kept      map[string]status // by ID, to tell what is deleted
	keptOrder []string
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if err := collect.CheckURL("server", s.Server); err != nil {
		return nil, err
	}
	u, err := url.Parse(s.Server)
	if err != nil {
		return nil, err
	}
	if s.Server = strings.TrimSuffix(s.Server, "/"); s.Streaming != "" {
		if err := collect.CheckURL("streaming", s.Streaming); err != nil {
			return nil, err
		}
	}
	t := &timeline{Env: env, settings: s, host: strings.ToLower(u.Host), query: url.Values{"limit": {strconv.Itoa(most)}}, kept: map[string]status{}}
	switch name := cmp.Or(s.Timeline, "public"); {
	case name == "public":
		t.path, t.stream = "timelines/public", "public"
	case name == "local":
		t.path, t.stream = "timelines/public", "public/local"
		t.query.Set("local", "true")
	case strings.HasPrefix(name, "#") && len(name) > 1 && !strings.ContainsAny(name[1:], "#/? "):
		t.path, t.stream = "timelines/tag/"+url.PathEscape(name[1:]), "hashtag?tag="+url.QueryEscape(name[1:])
		t.channel = "mastodon/" + strings.ToLower(name)
	case strings.HasPrefix(name, "@") && len(name) > 1 && !strings.ContainsAny(name, "/? "):
		t.account = name[1:]
	default:
		return nil, fmt.Errorf("timeline: %q is none of public, local, #TAG and @USER@HOST", name)
	}
	if s.Stream && t.stream == "" {
		return nil, errors.New("stream: the posts of an account are not streamed; leave it out")
	}
	return t, nil
}

// Collect implements collect.Source.
func (t *timeline) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	p, err := collect.NewPlace(from, t.Now())
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	if t.account != "" && t.path == "" {
		if err := t.find(ctx); err != nil {
			return err
		}
	}
	more, err := t.catchUp(ctx, &p, emit)
	switch {
	case err != nil || !t.Stream:
		return err
	case more:
		return errBehind
	}
	return t.follow(ctx, &p, emit)
}

// find asks for the number of the account.
func (t *timeline) find(ctx context.Context) error {
	body, err := t.ask(ctx, "accounts/lookup", url.Values{"acct": {t.account}})
	if err != nil {
		return err
	}
	var a account
	if err := collect.JSON(body, &a); err != nil || a.ID == "" {
		return fmt.Errorf("account %s: %w", t.account, cmp.Or(err, intel.ErrNotFound))
	}
	t.path = "accounts/" + url.PathEscape(a.ID) + "/statuses"
	return nil
}

// errBehind means that more is new than a visit reads: the next goes on from there.
var errBehind = errors.New("more posts are new than are read at once")

// catchUp reads what is new, the oldest first, and reports whether there is more. At the first visit that is what the server
// shows first; later, all since the last post that is kept, and those that came late.
func (t *timeline) catchUp(ctx context.Context, p *collect.Place, emit collect.Emit) (more bool, err error) {
	from := after(p.Last, t.Timeline != "" && t.Timeline != "public")
	for range mostPages {
		q := url.Values{}
		for k, v := range t.query {
			q[k] = v
		}
		if from != "" {
			q.Set("min_id", from)
		}
		body, err := t.ask(ctx, t.path, q)
		if err != nil {
			return false, err
		}
		all, bad, err := statuses(body)
		if err != nil {
			return false, fmt.Errorf("%s of %s: %w", cmp.Or(t.Timeline, "public"), t.host, err)
		}
		for _, err := range bad {
			t.Reject("item of "+cmp.Or(t.Timeline, "public"), err)
		}
		for _, s := range slices.Backward(all) {
			if err := t.take(s, p, emit); err != nil {
				return false, err
			}
		}
		if from == "" || len(all) == 0 || all[0].ID == from {
			return false, nil
		}
		from = all[0].ID
	}
	return true, nil
}

// take keeps a post, unless it is kept already.
func (t *timeline) take(s status, p *collect.Place, emit collect.Emit) error {
	number := s.ID
	if s.Reblog != nil { // what is repeated are the words of who wrote them
		s = *s.Reblog
	}
	if s.Visibility != "" && s.Visibility != "public" && s.Visibility != "unlisted" {
		return nil
	}
	key := []string{cmp.Or(s.URI, s.ID), edition(s)}
	if p.Has(key...) {
		return nil
	}
	doc, err := t.document(s)
	if err != nil {
		t.Reject("post "+cmp.Or(s.URL, s.ID), err)
		return nil
	}
	t.remember(s)
	if older(p.Last, number) {
		p.Last = number
	}
	next, err := p.Add(key)
	if err != nil {
		return err
	}
	return emit(p.Dated(doc, t.Now()), next)
}

// ask makes a request of the API. A quota that is used up is an error that tells for how long.
func (t *timeline) ask(ctx context.Context, path string, q url.Values) ([]byte, error) {
	address := t.Server + "/api/v1/" + path + "?" + q.Encode()
	if wait := t.again.Sub(t.Now()); wait > 0 {
		return nil, &fetch.StatusError{URL: address, Status: http.StatusTooManyRequests, RetryAfter: wait}
	}
	h, err := t.header()
	if err != nil {
		return nil, err
	}
	r, err := t.Fetch.Do(ctx, fetch.Request{URL: address, Header: h})
	if err != nil {
		return nil, t.told(err)
	}
	if r.Header.Get("X-RateLimit-Remaining") == "0" {
		t.again = t.Now().Add(t.until(r.Header))
	}
	return r.Body, nil
}

func (t *timeline) header() (http.Header, error) {
	if t.Token == "" {
		return http.Header{}, nil
	}
	token, err := t.Reveal(t.Token)
	return http.Header{"Authorization": {"Bearer " + token}}, err
}

// told is an error of the API with what to do about it.
func (t *timeline) told(err error) error {
	s := (*fetch.StatusError)(nil)
	if !errors.As(err, &s) {
		return err
	}
	switch s.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity:
		if t.Token == "" {
			return collect.Permanent(fmt.Errorf("%w (%s wants an access token: make one under Preferences, Development, with read:statuses)", err, t.host))
		}
		return collect.Permanent(fmt.Errorf("%w (the token in %s is not good for this, or no longer)", err, t.Token))
	case http.StatusTooManyRequests:
		if s.RetryAfter == 0 {
			s.RetryAfter = t.until(s.Header)
		}
	}
	return err
}

// until is how long it takes until a quota begins anew, an hour at most.
func (t *timeline) until(h http.Header) time.Duration {
	at, err := time.Parse(time.RFC3339, h.Get("X-RateLimit-Reset"))
	if err != nil {
		return 0
	}
	return min(max(at.Sub(t.Now()), 0), time.Hour)
}
