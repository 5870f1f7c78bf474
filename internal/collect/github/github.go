// Package github collects what GitHub's API tells of proofs of concept: repositories and code
// that a search finds, and gists.
package github

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

// Connector searches and lists.
var Connector = collect.Connector{
	Name:        "github",
	About:       "repositories and code that a search of GitHub finds, such as proofs of concept by CVE; gists",
	Every:       30 * time.Minute,
	Reliability: 'F',
	Settings:    settings{},
	Open:        open,
}

type settings struct {
	Repositories string         `json:"repositories" help:"Repositories that this finds, as GitHub searches, such as CVE-2026 in:name,description."`
	Code         string         `json:"code" help:"Code that this finds, such as \"CVE-2026-1234\" language:python; wants a token."`
	Gists        []string       `json:"gists" help:"Gists of these accounts; public for those that anybody makes."`
	Words        []string       `json:"words" help:"Gists with any of these are kept, whatever their case; all if missing."`
	Token        collect.Secret `json:"token" help:"A token without any right, for what is public; more may be asked with one."`
	API          string         `json:"api" help:"Address of the API; https://api.github.com if missing."`
}

const (
	usualAPI = "https://api.github.com"
	// most is how many are asked for at once, and mostPages how often at a visit: a search
	// shows no more than a thousand.
	most, mostPages = 100, 10
)

type reader struct {
	collect.Env
	settings
	again time.Time       // the quota begins anew
	dull  map[string]bool // gists that are not asked for again
	left  int             // gists that this visit may still read
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	s.API = strings.TrimSuffix(cmp.Or(s.API, usualAPI), "/")
	switch {
	case s.Repositories == "" && s.Code == "" && len(s.Gists) == 0:
		return nil, errors.New("repositories, code and gists are missing; give one of them")
	case s.Code != "" && s.Token == "":
		return nil, errors.New("token is missing: GitHub searches code for those alone who have one")
	}
	for i, w := range s.Words {
		if s.Words[i] = strings.ToLower(strings.TrimSpace(w)); s.Words[i] == "" {
			return nil, errors.New("words: an empty one stands in every gist; leave words out instead")
		}
	}
	return &reader{Env: env, settings: s, dull: map[string]bool{}}, collect.CheckURL("api", s.API)
}

// An item is what was found, with what tells it and its versions from others.
type item struct {
	doc  intel.Document
	key  []string
	more string // where the rest of it is told; "" for an item that is whole
}

// A list reads a page of a list, the newest items first, and tells where the next is.
type list func(ctx context.Context, address string) (items []item, next string, err error)

// Collect implements collect.Source.
func (r *reader) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	p, err := collect.NewPlace(from, r.Now())
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	r.left = mostGists
	for _, what := range r.wanted() {
		items, err := r.fresh(ctx, &p, from == "", r.API+what.address, what.read)
		if err != nil {
			return err
		}
		for _, it := range slices.Backward(items) {
			if err := r.take(ctx, it, &p, emit); err != nil {
				return err
			}
		}
	}
	return nil
}

// A question is a list that is to be read.
type question struct {
	address string
	read    list
}

// wanted are the lists that the settings ask for.
func (r *reader) wanted() (all []question) {
	size := strconv.Itoa(most)
	for _, q := range []struct {
		wanted bool
		question
	}{
		{r.Repositories != "", question{"/search/repositories?" + url.Values{"q": {r.Repositories}, "sort": {"updated"}, "order": {"desc"}, "per_page": {size}}.Encode(), r.repositories}},
		{r.Code != "", question{"/search/code?" + url.Values{"q": {r.Code}, "per_page": {size}}.Encode(), r.codes}},
	} {
		if q.wanted {
			all = append(all, q.question)
		}
	}
	for _, address := range r.lists() {
		all = append(all, question{address, r.gists})
	}
	return all
}

// fresh reads pages until one has nothing that is new; of a first visit one page.
func (r *reader) fresh(ctx context.Context, p *collect.Place, first bool, next string, read list) (all []item, err error) {
	for n := 0; next != "" && n < mostPages; n++ {
		var page []item
		if page, next, err = read(ctx, next); err != nil {
			return nil, err
		}
		all = append(all, page...)
		if first || !slices.ContainsFunc(page, func(it item) bool { return !r.known(it, p) }) {
			return all, nil
		}
	}
	return all, nil
}

// known reports whether an item is kept, or of no interest.
func (r *reader) known(it item, p *collect.Place) bool {
	return p.Has(it.key...) || r.dull[strings.Join(it.key, " ")]
}

// take keeps an item unless it is kept already.
func (r *reader) take(ctx context.Context, it item, p *collect.Place, emit collect.Emit) (err error) {
	if r.known(it, p) {
		return nil
	}
	if it.more != "" {
		if r.left--; r.left < 0 { // the next visit goes on
			return nil
		}
		if it, err = r.whole(ctx, it); missing(err) || errors.Is(err, errDull) {
			r.forget(it)
			return nil
		}
		if err != nil {
			return err
		}
	}
	if it.doc.Text == "" {
		r.Reject("item "+collect.OneLine(it.doc.Title, 100), errors.New("it has no words"))
		return nil
	}
	it.doc.ID, it.doc.Source = intel.NewDocumentID(r.ID, it.key...), r.ID
	next, err := p.Add(it.key)
	if err != nil {
		return err
	}
	return emit(p.Dated(it.doc, r.Now()), next)
}

// text joins what there is of parts.
func text(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" })
	return strings.ToValidUTF8(strings.TrimSpace(strings.Join(parts, "\n\n")), "\uFFFD")
}

// repositories are announced by what their owners say of them; what they change of that is
// another document.
func (r *reader) repositories(ctx context.Context, address string) (items []item, next string, err error) {
	var got repositories
	next, err = r.ask(ctx, address, "application/vnd.github+json", &got)
	for _, g := range got.Items {
		doc := intel.Document{Genre: intel.Social, URL: collect.WebURL(g.URL), Author: collect.Account("github", strings.ToLower(g.Owner.Login)), Title: collect.OneLine(g.FullName, 200), Published: g.Created,
			Text: text(g.FullName, g.Description, collect.WebURL(g.Homepage), strings.Join(g.Topics, " "))}
		items = append(items, item{doc: doc, key: []string{"repository", strconv.FormatInt(g.ID, 10), doc.Text}})
	}
	return items, next, err
}

// codes are the fragments of files in which what is searched for stands.
func (r *reader) codes(ctx context.Context, address string) (items []item, next string, err error) {
	var got codes
	next, err = r.ask(ctx, address, "application/vnd.github.text-match+json", &got)
	for _, g := range got.Items {
		parts := []string{g.Repository.FullName + ": " + g.Path, g.Repository.Description}
		for _, m := range g.Matches {
			parts = append(parts, m.Fragment)
		}
		doc := intel.Document{Genre: intel.Social, URL: collect.WebURL(g.URL), Author: collect.Account("github", strings.ToLower(g.Repository.Owner.Login)), Title: collect.OneLine(g.Repository.FullName+": "+g.Name, 200), Text: text(parts...)}
		items = append(items, item{doc: doc, key: []string{"code", g.Repository.FullName, g.Path, g.SHA}})
	}
	return items, next, err
}

// ask makes a request of the API and tells where the next page is.
func (r *reader) ask(ctx context.Context, address, accept string, v any) (next string, err error) {
	if wait := r.again.Sub(r.Now()); wait > 0 {
		return "", &fetch.StatusError{URL: address, Status: http.StatusTooManyRequests, RetryAfter: wait}
	}
	h := http.Header{"Accept": {accept}, "X-Github-Api-Version": {"2022-11-28"}}
	if r.Token != "" {
		token, err := r.Reveal(r.Token)
		if err != nil {
			return "", err
		}
		h.Set("Authorization", "Bearer "+token)
	}
	got, err := r.Fetch.Do(ctx, fetch.Request{URL: address, Header: h})
	if e := (*fetch.StatusError)(nil); errors.As(err, &e) {
		return "", r.told(e)
	}
	if err != nil {
		return "", err
	}
	if got.Header.Get("X-Ratelimit-Remaining") == "0" {
		r.again = r.Now().Add(r.reset(got.Header))
	}
	if err := collect.JSON(got.Body, v); err != nil {
		return "", fmt.Errorf("%s: %w", address, err)
	}
	return further(address, got.Header.Get("Link")), nil
}

// further is where a header says that the next page is (RFC 8288), on the same host.
func further(address, links string) string {
	base, err := url.Parse(address)
	if err != nil {
		return ""
	}
	for link := range strings.SplitSeq(links, ",") {
		where, rest, _ := strings.Cut(link, ">")
		to, err := base.Parse(strings.TrimPrefix(strings.TrimSpace(where), "<"))
		if err == nil && strings.Contains(rest, `rel="next"`) && to.Host == base.Host && to.Scheme == base.Scheme {
			return to.String()
		}
	}
	return ""
}

// told is an error of the API with what to do about it. What is forbidden may be so for as
// long as a quota lasts.
func (r *reader) told(e *fetch.StatusError) error {
	limited := e.Status == http.StatusTooManyRequests || e.RetryAfter > 0 || e.Header.Get("X-Ratelimit-Remaining") == "0"
	switch {
	case limited && (e.Status == http.StatusForbidden || e.Status == http.StatusTooManyRequests):
		e.RetryAfter = cmp.Or(e.RetryAfter, r.reset(e.Header))
		return e
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		return collect.Permanent(fmt.Errorf("%w (the token is not good for this, or no longer)", e))
	case e.Status == http.StatusUnprocessableEntity:
		return collect.Permanent(fmt.Errorf("%w (GitHub does not understand what is searched for)", e))
	}
	return e
}

// reset is how long it takes until the quota begins anew, an hour at most.
func (r *reader) reset(h http.Header) time.Duration {
	n, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return 0
	}
	return min(max(time.Unix(n, 0).Sub(r.Now()), 0), time.Hour)
}
