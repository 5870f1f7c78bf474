package github

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// mostGists is how many gists a visit reads, each with a question of its own, and longest
	// how many bytes of one are kept.
	mostGists = 100
	longest   = 1 << 20
)

// lists are the addresses of lists of gists: those of accounts, or what anybody makes.
func (r *reader) lists() (addresses []string) {
	for _, name := range r.Gists {
		path := "/users/" + url.PathEscape(name) + "/gists"
		if name == "public" {
			path = "/gists/public"
		}
		addresses = append(addresses, path+"?per_page=100")
	}
	return addresses
}

// gists are told without what they say, which take asks for.
func (r *reader) gists(ctx context.Context, address string) (items []item, next string, err error) {
	var got []gist
	next, err = r.ask(ctx, address, "application/vnd.github+json", &got)
	for _, g := range got {
		doc := intel.Document{Genre: intel.Social, URL: collect.WebURL(g.URL), Author: collect.Account("github", strings.ToLower(g.Owner.Login)),
			Title: collect.OneLine(cmp.Or(g.Description, strings.Join(slices.Sorted(maps.Keys(g.Files)), " ")), 200), Published: g.Updated}
		it := item{doc: doc, key: []string{"gist", g.ID, g.Updated.UTC().Format(time.RFC3339)}}
		if g.ID != "" {
			it.more = r.API + "/gists/" + url.PathEscape(g.ID)
		}
		items = append(items, it)
	}
	return items, next, err
}

// errDull means that no word of interest stands in a gist.
var errDull = errors.New("no word of interest")

// whole is a gist with what its files say.
func (r *reader) whole(ctx context.Context, it item) (item, error) {
	var g gist
	if _, err := r.ask(ctx, it.more, "application/vnd.github+json", &g); err != nil {
		return it, err
	}
	parts := []string{g.Description}
	for _, name := range slices.Sorted(maps.Keys(g.Files)) {
		parts = append(parts, name, g.Files[name].Content)
	}
	it.doc.Text = text(parts...)
	it.doc.Text = strings.ToValidUTF8(it.doc.Text[:min(len(it.doc.Text), longest)], "\uFFFD")
	lower := strings.ToLower(it.doc.Text)
	if len(r.Words) > 0 && !slices.ContainsFunc(r.Words, func(w string) bool { return strings.Contains(lower, w) }) {
		return it, errDull
	}
	return it, nil
}

// forget notes that an item is not to be asked for again.
func (r *reader) forget(it item) {
	if len(r.dull) > 10_000 {
		clear(r.dull)
	}
	r.dull[strings.Join(it.key, " ")] = true
}

// missing reports whether what was listed is there no longer.
func missing(err error) bool {
	e := (*fetch.StatusError)(nil)
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}
