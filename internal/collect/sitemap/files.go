package sitemap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
)

const (
	// mostBytes is how long a file may be, as it comes and unpacked: the protocol allows no more.
	mostBytes = 50 << 20
	// mostFiles is how many files are read at a visit: of an index those changed last.
	mostFiles = 100
	// mostDeep is how many indices may stand above a sitemap. The protocol allows one.
	mostDeep = 2
)

// A file is what was read of a sitemap or an index.
type file struct {
	fetch.Validators
	index bool
	of    []listed // the sitemaps of an index
	pages []entry  // those changed last, one more than are followed
}

// A visit walks the files of a site.
type visit struct {
	*site
	files map[string]file // read at this visit
	pages []entry
	whole bool  // no file was broken
	lost  error // of the first file that was passed over
}

// listed is all pages that the sitemaps of the site list, and whether those are all.
func (s *site) listed(ctx context.Context) (pages []entry, whole bool, err error) {
	v := &visit{site: s, files: map[string]file{}, whole: true}
	if err := v.walk(ctx, listed{loc: s.URL}, 0); err != nil {
		return nil, false, refused(err)
	}
	if len(v.pages) == 0 && v.lost != nil {
		return nil, false, v.lost
	}
	s.files = v.files
	return v.pages, v.whole, nil
}

// refused marks what asking again does not cure.
func refused(err error) error {
	if s := (*fetch.StatusError)(nil); errors.As(err, &s) && (s.Status == http.StatusUnauthorized || s.Status == http.StatusForbidden) {
		return collect.Permanent(fmt.Errorf("%w: the sitemap is not public, and only such are read", err))
	}
	return err
}

// walk reads a file and what it lists. What does not come is an error, so that nothing is taken
// for gone; what is broken or absent below an index holds up nothing else.
func (v *visit) walk(ctx context.Context, at listed, depth int) error {
	f, err := v.file(ctx, at.loc)
	if err != nil && depth > 0 && ctx.Err() == nil && lasting(err) {
		v.lose("sitemap "+at.loc, err)
		return nil
	}
	if err != nil {
		return err
	}
	v.files[at.loc] = f
	v.pages = append(v.pages, f.pages...)
	if !f.index {
		return nil
	}
	if depth == mostDeep {
		v.lose("index "+at.loc, fmt.Errorf("more than %d indices stand above each other", mostDeep))
		return nil
	}
	for i, next := range f.of {
		if _, again := v.files[next.loc]; again {
			continue
		}
		if len(v.files) >= mostFiles {
			v.lose("index "+at.loc, fmt.Errorf("%w: %d sitemaps of it are left out, those changed first; a visit reads %d", collect.ErrTooLarge, len(f.of)-i, mostFiles))
			return nil
		}
		if err := v.walk(ctx, next, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// lose notes what is passed over.
func (v *visit) lose(what string, err error) {
	v.Reject(what, err)
	v.whole, v.lost = v.whole && !errors.Is(err, errBroken), cmp.Or(v.lost, err)
}

// lasting reports whether a file will hardly be there if it is asked for again.
func lasting(err error) bool {
	if s := (*fetch.StatusError)(nil); errors.As(err, &s) {
		return s.Status != http.StatusTooManyRequests && s.Status < http.StatusInternalServerError
	}
	return errors.Is(err, errBroken) || errors.Is(err, fetch.ErrTooLarge) || errors.Is(err, fetch.ErrRobots) || errors.Is(err, fetch.ErrForbidden) || errors.Is(err, fetch.ErrElsewhere)
}

// errBroken means that a file came whole and cannot be read.
var errBroken = errors.New("it cannot be read")

// file reads one file, unless its server says that it is as it was. When an index says that it
// changed does not tell: a page that is new may be dated before others.
func (v *visit) file(ctx context.Context, address string) (file, error) {
	was, known := v.site.files[address]
	r, err := v.Fetch.Do(ctx, fetch.Request{URL: address, Known: was.Validators, Most: mostBytes})
	if known && errors.Is(err, fetch.ErrNotModified) {
		return was, nil
	}
	if err != nil {
		return file{}, err
	}
	text, err := collect.Unpack(r.Body, mostBytes)
	if err != nil {
		return file{}, fmt.Errorf("%s: %w: %w", address, errBroken, err)
	}
	list, err := parse(text)
	if kind, _, _ := mime.ParseMediaType(r.Type); errors.Is(err, errNone) && kind != "" {
		err = fmt.Errorf("%w, of type %s", err, kind)
	}
	if err != nil {
		return file{}, fmt.Errorf("%s: %w: %w", address, errBroken, err)
	}
	if list.more {
		v.Reject("sitemap "+address, fmt.Errorf("%w: more than %d addresses; those behind them are left out", collect.ErrTooLarge, mostListed))
	}
	return v.taken(file{Validators: r.Validators, index: list.index, of: list.of}, r.URL), nil
}

// taken is a file with its addresses made whole, those of the site alone.
func (v *visit) taken(f file, from string) file {
	base, err := url.Parse(from)
	if err != nil {
		base = &url.URL{}
	}
	var here []listed
	foreign := 0
	for _, l := range f.of {
		u, err := base.Parse(l.loc)
		if err != nil || len(l.loc) > longest || u.Host == "" || u.User != nil || host(u) != host(base) || u.Scheme != "https" && u.Scheme != "http" {
			foreign++
			continue
		}
		u.Fragment = ""
		l.loc = collect.WebURL(u.String())
		if f.index || v.ours(u) {
			here = append(here, l)
		}
	}
	if foreign > 0 {
		v.Reject("sitemap "+from, fmt.Errorf("%d of its addresses are none of this site, and not read", foreign))
	}
	if f.index {
		slices.SortStableFunc(here, func(a, b listed) int { return when(b.lastmod).Compare(when(a.lastmod)) })
		f.of = here
		return f
	}
	f.of = nil
	for _, l := range here {
		published := when(l.posted)
		f.pages = append(f.pages, entry{address: l.loc, changed: cmp.Or(stamp(when(l.lastmod)), stamp(published)), title: l.title, published: published})
	}
	sortPages(f.pages)
	f.pages = slices.Clone(f.pages[:min(len(f.pages), mostFollowed+1)])
	return f
}

// host is the host of a site: what it says with and without www is one.
func host(u *url.URL) string { return strings.TrimPrefix(strings.ToLower(u.Host), "www.") }
