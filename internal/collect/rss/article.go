package rss

import (
	"context"
	"errors"
	"fmt"
	"mime"

	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/page"
)

const (
	// tries is how often an article is asked for that does not come, before it is given up:
	// what stands behind it of that host waits as long.
	tries = 3
	// mostTried is how many articles that did not come are remembered.
	mostTried = 1000
)

// errUnread means that what is at the address of an article is none.
var errUnread = errors.New("no page that can be read")

// Articles reads the articles that feeds and sitemaps announce. The zero value is ready.
type Articles struct {
	tried map[string]int // how often those that failed to come did
}

// Read reads the article at an address. Later reports that it did not come and is to be asked
// for again at the next visit, before what stands behind it of that host.
func (a *Articles) Read(ctx context.Context, from *fetch.Client, address string) (p page.Page, later bool, err error) {
	p, err = article(ctx, from, address)
	if err == nil {
		delete(a.tried, address)
		return p, false, nil
	}
	if ctx.Err() != nil {
		return p, true, ctx.Err()
	}
	return p, passing(err) && a.again(address), unasked(err)
}

// unasked is an error of an article without how long its host wants to be left alone. The client
// keeps to that; who announces the article may be another, and waits for nobody.
func unasked(err error) error {
	s := (*fetch.StatusError)(nil)
	if !errors.As(err, &s) || s.RetryAfter == 0 {
		return err
	}
	now := *s
	now.RetryAfter = 0
	return fmt.Errorf("article not read: %w", &now)
}

// again reports whether an article that failed to come is to be asked for at the next visit.
func (a *Articles) again(address string) bool {
	if a.tried == nil || len(a.tried) > mostTried {
		a.tried = map[string]int{}
	}
	a.tried[address]++
	if a.tried[address] < tries {
		return true
	}
	delete(a.tried, address)
	return false
}

// passing reports whether an article may well be there next time.
func passing(err error) bool {
	if s := (*fetch.StatusError)(nil); errors.As(err, &s) {
		return s.Status == 429 || s.Status >= 500
	}
	return !errors.Is(err, fetch.ErrForbidden) && !errors.Is(err, fetch.ErrRobots) && !errors.Is(err, fetch.ErrTooLarge) && !errors.Is(err, errUnread)
}

func article(ctx context.Context, from *fetch.Client, address string) (page.Page, error) {
	r, err := from.GetChanged(ctx, address, fetch.Validators{})
	if err != nil {
		return page.Page{}, err
	}
	if kind, _, _ := mime.ParseMediaType(r.Type); kind != "" && kind != "text/html" && kind != "application/xhtml+xml" && kind != "text/plain" {
		return page.Page{}, fmt.Errorf("%w: it is of type %s", errUnread, kind)
	}
	p, err := page.Read(r.Body, r.Type)
	if err != nil {
		return page.Page{}, fmt.Errorf("%w: %w", errUnread, err)
	}
	return p, nil
}
