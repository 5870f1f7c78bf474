package onion

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

const (
	// mostPage is the most bytes of a page, after decompression.
	mostPage = 2 << 20
	// mostPlaces is how many pages are known at once, those that wait for another visit among
	// them.
	mostPlaces = 10_000
)

// A place is a page that is yet to be read.
type place struct {
	path  string
	depth int
	first bool       // it tells whether an address of the site answers
	last  int        // the visit at which it was read last; 0: never
	lead  *page.Item // what a list that leads there says of it, but for its text
}

// source is a site in Tor. What it knows of pages beside the cursor is lost with the process, and
// costs no more than reading some of them again.
type source struct {
	*site
	visits int
	read   map[string]int // at which visit a page was read last
	rest   []place        // what the last visit did not get to
}

// Collect implements collect.Source.
func (s *source) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	seen, err := collect.NewPlace(from, s.Now())
	if err != nil {
		return err
	}
	if s.visits++; len(s.read) > mostPlaces {
		clear(s.read)
	}
	v := &visit{source: s, seen: seen, emit: emit, up: slices.Clone(s.mirrors), known: map[string]bool{}}
	if s.cookie != "" {
		if v.secret, err = s.Reveal(s.cookie); err != nil {
			return err
		}
	}
	err = v.walk(ctx)
	for _, failed := range v.failed {
		if err == nil {
			s.Log.Warn("mirror passed over", "source", s.ID, "err", failed)
		}
	}
	return err
}

// A visit is one walk through a site.
type visit struct {
	*source
	seen   collect.Place
	emit   collect.Emit
	secret string

	up     []string // mirrors that are not known to be down; the first is asked
	failed []error  // of those that are

	known  map[string]bool // paths in line or read
	line   []place
	title  string   // of the first page
	listed []string // mirrors that pages list
}

// walk reads the pages that it begins at, then those never read, the nearest first, then
// those whose last reading is longest ago.
func (v *visit) walk(ctx context.Context) error {
	for i, path := range v.begin {
		v.add(place{path: path, first: i == 0})
	}
	for _, p := range v.rest {
		v.add(p)
	}
	v.rest = nil
	for n := 0; n < v.pages && len(v.line) > 0; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := v.step(ctx, v.next()); err != nil {
			return err
		}
	}
	for _, p := range v.line {
		v.rest = append(v.rest, place{path: p.path, depth: p.depth})
	}
	return v.say(v.status())
}

func (v *visit) add(p place) {
	if v.known[p.path] || len(v.known) >= mostPlaces || p.depth > v.depth {
		return
	}
	v.known[p.path] = true
	if p.last = v.read[p.path]; p.last == 0 && v.seen.Has("page", p.path) {
		p.last = 1 // by a former process
	}
	v.line = append(v.line, p)
}

// next takes out of the line whose turn it is.
func (v *visit) next() place {
	best := 0
	for i, p := range v.line {
		if q := v.line[best]; q.depth > 0 && (p.depth == 0 || p.last < q.last) {
			best = i
		}
	}
	p := v.line[best]
	v.line = slices.Delete(v.line, best, best+1)
	return p
}

// step reads a page, emits what is new on it and puts what it leads to in the line.
func (v *visit) step(ctx context.Context, p place) error {
	r, err := v.get(ctx, p)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return v.missed(p, err)
	}
	v.read[p.path] = v.visits
	if kind := http.DetectContentType(r.Body); !strings.HasPrefix(kind, "text/") || strings.ContainsRune(string(r.Body[:min(len(r.Body), 512)]), 0) {
		v.Reject("page "+p.path, fmt.Errorf("%w, but %s", errBinary, kind))
		return nil
	}
	at, err := url.Parse(r.URL)
	if err == nil && !v.own(at.Host) {
		err = fetch.ErrElsewhere
	}
	if err != nil {
		return v.missed(p, err)
	}
	p.path = identity(at)
	v.known[p.path] = true
	sheet, err := v.open(p, r)
	if errors.Is(err, errWall) && p.first {
		return fmt.Errorf("%s: %w", r.URL, err)
	}
	if err != nil {
		v.Reject("page "+p.path, err)
		return nil
	}
	return v.keep(sheet, at)
}

// missed judges why a page did not come: what ends the visit, what is told, and what is
// passed over.
func (v *visit) missed(p place, err error) error {
	var status *fetch.StatusError
	switch isStatus := errors.As(err, &status); {
	case len(v.up) == 0, p.first:
		return err
	case isStatus && status.Status == http.StatusTooManyRequests:
		return err // the runner waits for as long as it asks
	case isStatus && (status.Status == http.StatusNotFound || status.Status == http.StatusGone),
		errors.Is(err, fetch.ErrElsewhere), errors.Is(err, fetch.ErrRobots), errors.Is(err, fetch.ErrType):
		v.read[p.path] = v.visits
		v.Log.Debug("page passed over", "source", v.ID, "page", p.path, "err", err)
	default:
		v.Reject("page "+p.path, err)
	}
	return nil
}

// get asks the first mirror for a page, and the next where that is down.
func (v *visit) get(ctx context.Context, p place) (r fetch.Response, err error) {
	for len(v.up) > 0 {
		q := fetch.Request{URL: v.up[0] + p.path, Stay: true, Most: mostPage, Types: []string{"text/html", "text/plain", "application/json", "application/xhtml+xml"},
			Header: http.Header{"Accept": {"text/html, text/plain;q=0.9, application/json;q=0.8"}}}
		if v.secret != "" {
			q.Header.Set("Cookie", v.secret)
		}
		if r, err = v.Fetch.Do(ctx, q); err == nil || ctx.Err() != nil || !down(err, p.first) {
			return r, err
		}
		v.failed = append(v.failed, fmt.Errorf("%s %w", v.up[0], plainly(err)))
		v.up = v.up[1:]
	}
	err = fmt.Errorf("no address of the site answers: %w", errors.Join(v.failed...))
	if s := (*fetch.StatusError)(nil); len(v.failed) == 1 && errors.As(err, &s) && s.Status == http.StatusUnauthorized {
		err = collect.Permanent(err)
	}
	return r, err
}

// down reports whether an error is the address's rather than the page's: of a page to begin
// at nearly all are.
func down(err error, first bool) bool {
	s := (*fetch.StatusError)(nil)
	switch {
	case errors.As(err, &s):
		return first && s.Status != http.StatusTooManyRequests
	case errors.Is(err, fetch.ErrRobots):
		return false
	case errors.Is(err, fetch.ErrElsewhere), errors.Is(err, fetch.ErrTooLarge), errors.Is(err, fetch.ErrType), errors.Is(err, fetch.ErrForbidden):
		return first
	}
	return true
}

// plainly says in plain words why an address does not answer, and keeps what was said.
func plainly(err error) error {
	var op *net.OpError
	var status *fetch.StatusError
	switch {
	case errors.As(err, &status):
		return fmt.Errorf("answers with status %d: %w", status.Status, err)
	case errors.As(err, &op) && strings.HasPrefix(op.Op, "socks"):
		if inner := (*net.OpError)(nil); errors.As(op.Err, &inner) {
			return fmt.Errorf("is not reached, for the proxy does not answer (is Tor running where socks says?): %w", err)
		}
		return fmt.Errorf("is not reached through Tor; it is down, or Tor is not yet ready: %w", err)
	case errors.Is(err, fetch.ErrElsewhere):
		return fmt.Errorf("leads to another site, which is not followed: %w", err)
	case errors.Is(err, fetch.ErrForbidden):
		return fmt.Errorf("may not be asked: %w", err)
	case errors.Is(err, fetch.ErrType), errors.Is(err, fetch.ErrTooLarge):
		return fmt.Errorf("shows no page that is read: %w", err)
	}
	return fmt.Errorf("does not answer: %w", err)
}
