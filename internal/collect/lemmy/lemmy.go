// Package lemmy collects posts and comments of servers of Lemmy.
package lemmy

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

// Connector reads what is new.
var Connector = collect.Connector{
	Name:        "lemmy",
	About:       "posts and comments of a server of Lemmy, or of one of its communities",
	Every:       10 * time.Minute,
	Reliability: 'F',
	Settings:    settings{},
	Open:        open,
}

type settings struct {
	Server    string         `json:"server" help:"Address of the server, such as https://lemmy.example."`
	Community string         `json:"community" help:"Only this one, such as netsec or netsec@other.example; all that the server knows if missing."`
	Posts     bool           `json:"posts_alone" help:"Leave the comments unread."`
	Token     collect.Secret `json:"token" help:"The token (JWT) of an account, where the server wants one."`
}

const (
	// most is how many are asked for at once, and mostPages how often at a visit: as many as
	// are remembered.
	most, mostPages = 50, 20
)

type server struct {
	collect.Env
	settings
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if err := collect.CheckURL("server", s.Server); err != nil {
		return nil, err
	}
	s.Server, s.Community = strings.TrimSuffix(s.Server, "/"), strings.TrimPrefix(s.Community, "!")
	return &server{env, s}, nil
}

// An item is a post or a comment as a document, with what tells it and its versions from others.
type item struct {
	doc  intel.Document
	key  string
	gone bool
	at   time.Time // when it was last changed
}

// Collect implements collect.Source.
func (s *server) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	p, err := collect.NewPlace(from, s.Now())
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	lists := []func(context.Context, int) ([]item, error){s.posts}
	if !s.Posts {
		lists = append(lists, s.comments)
	}
	for _, list := range lists {
		items, err := s.fresh(ctx, &p, from == "", list)
		if err != nil {
			return err
		}
		for _, it := range slices.Backward(items) {
			if err := s.take(it, &p, emit); err != nil {
				return err
			}
		}
	}
	return nil
}

// fresh reads pages, the newest items first, until one has nothing that is new; of a first
// visit one page.
func (s *server) fresh(ctx context.Context, p *collect.Place, first bool, list func(context.Context, int) ([]item, error)) (all []item, err error) {
	for n := 1; n <= mostPages; n++ {
		page, err := list(ctx, n)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if first || !slices.ContainsFunc(page, func(it item) bool { return !p.Has(it.key) }) || len(page) < most {
			return all, nil
		}
	}
	s.Log.Warn("more is new than is read at once; what is older is not read", "source", s.ID, "items", len(all))
	return all, nil
}

// take keeps an item unless it is kept already, and notes that one that is kept is gone.
func (s *server) take(it item, p *collect.Place, emit collect.Emit) error {
	version := it.at.UTC().Format(time.RFC3339Nano)
	switch {
	case it.gone && (!p.Has(it.key) || p.Has(it.key, "deleted")):
		return nil
	case it.gone:
		version = "deleted"
		it.doc.Title, it.doc.Text, it.doc.Published = "Deleted", "This post was deleted.", s.Now()
	case p.Has(it.key, version):
		return nil
	case it.doc.Text == "":
		s.Reject("item "+it.key, errors.New("it has no words"))
		return nil
	}
	it.doc.ID = intel.NewDocumentID(s.ID, it.key, version)
	next, err := p.Add([]string{it.key}, []string{it.key, version})
	if err != nil {
		return err
	}
	return emit(p.Dated(it.doc, s.Now()), next)
}

func (s *server) posts(ctx context.Context, n int) (items []item, err error) {
	var got postList
	if err := s.ask(ctx, "post/list", n, &got); err != nil {
		return nil, err
	}
	for _, v := range got.Posts {
		it := s.item(v.Post.said, v.Creator, v.Community)
		it.doc.Title = collect.OneLine(v.Post.Name, 300)
		it.doc.Text = strings.TrimSpace(strings.Join([]string{v.Post.Body, collect.WebURL(v.Post.URL)}, "\n\n"))
		it.doc.Text = strings.ToValidUTF8(cmp.Or(it.doc.Text, it.doc.Title), "\uFFFD")
		items = append(items, it)
	}
	return items, nil
}

func (s *server) comments(ctx context.Context, n int) (items []item, err error) {
	var got commentList
	if err := s.ask(ctx, "comment/list", n, &got); err != nil {
		return nil, err
	}
	for _, v := range got.Comments {
		it := s.item(v.Comment.said, v.Creator, v.Community)
		it.doc.Title, it.doc.Text = collect.OneLine(v.Post.Name, 300), strings.ToValidUTF8(strings.TrimSpace(v.Comment.Content), "\uFFFD")
		items = append(items, it)
	}
	return items, nil
}

// item is what posts and comments have in common.
func (s *server) item(w said, by, in person) item {
	return item{key: cmp.Or(w.Address, strconv.FormatInt(w.ID, 10)), gone: w.Removed || w.Deleted, at: later(w.Updated.Time, w.Published.Time),
		doc: intel.Document{Source: s.ID, Genre: intel.Forum, URL: collect.WebURL(w.Address), Author: s.name(by), Channel: s.name(in), Published: later(w.Updated.Time, w.Published.Time)}}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// name is an account or a community as network/name@host.
func (s *server) name(p person) string {
	u, err := url.Parse(cmp.Or(p.ActorID, s.Server))
	if err != nil || p.Name == "" {
		return collect.Account("lemmy", p.Name)
	}
	return collect.Account("lemmy", strings.ToLower(p.Name+"@"+u.Host))
}

// ask asks for a page of a list, the newest first.
func (s *server) ask(ctx context.Context, list string, n int, v any) error {
	q := url.Values{"type_": {"All"}, "sort": {"New"}, "limit": {strconv.Itoa(most)}, "page": {strconv.Itoa(n)}}
	if s.Community != "" {
		q.Set("community_name", s.Community)
	}
	h := http.Header{}
	if s.Token != "" {
		token, err := s.Reveal(s.Token)
		if err != nil {
			return err
		}
		h.Set("Authorization", "Bearer "+token)
	}
	r, err := s.Fetch.Do(ctx, fetch.Request{URL: s.Server + "/api/v3/" + list + "?" + q.Encode(), Header: h})
	if err != nil {
		return s.told(err)
	}
	if err := collect.JSON(r.Body, v); err != nil {
		return fmt.Errorf("%s of %s: %w", list, s.Server, err)
	}
	return nil
}

// told is an error of the server with what to do about it.
func (s *server) told(err error) error {
	e := (*fetch.StatusError)(nil)
	if !errors.As(err, &e) {
		return err
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return collect.Permanent(fmt.Errorf("%w (the server wants the token of an account, or another one)", err))
	case http.StatusBadRequest:
		return fmt.Errorf("%w (it refuses the question, or is asked too often: is it a server of Lemmy, and is there a community %q?)", err, s.Community)
	}
	return err
}
