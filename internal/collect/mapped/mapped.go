// Package mapped collects feeds in CSV, JSON, JSON lines or plain text by rules that are data:
// which field says what. A rule of a known feed is a file in the folder rules; others stand in
// the settings of their source.
package mapped

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads feeds by rules.
var Connector = collect.Connector{
	Name:        "mapped",
	About:       "feeds in CSV, JSON or text by rules: " + strings.Join(names(), ", "),
	Every:       time.Hour,
	Reliability: 'C',
	Settings:    settings{},
	Open:        open,
}

//go:embed rules/*.toml
var files embed.FS

// names is the feeds that have a rule.
func names() (out []string) {
	all, err := fs.Glob(files, "rules/*.toml")
	if err != nil {
		return nil
	}
	for _, f := range all {
		out = append(out, strings.TrimSuffix(path.Base(f), ".toml"))
	}
	return out
}

type settings struct {
	Feed string         `json:"feed" help:"A feed that has a rule."`
	URL  string         `json:"url" help:"Its address, where it is not that of its rule."`
	Key  collect.Secret `json:"key" help:"Key of who reads, where the feed asks for one."`
	Rule *rule          `json:"rule" help:"A rule of your own instead of a feed that has one; see docs/sources.md."`
}

type source struct {
	collect.Env
	settings
	rule rule
	// known is what the server told of a feed all of whose items were given, up to at: they
	// are kept where the next visit begins there.
	known fetch.Validators
	at    intel.Cursor
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	src := &source{Env: env, settings: s}
	var err error
	switch {
	case (s.Feed == "") == (s.Rule == nil):
		return nil, fmt.Errorf("feed or rule is wanted, one of them; feeds that have a rule are %s", strings.Join(names(), ", "))
	case s.Rule != nil:
		src.rule = *s.Rule
	default:
		if src.rule, err = shipped(s.Feed); err != nil {
			return nil, err
		}
	}
	if s.URL != "" {
		src.rule.URL = s.URL
	}
	switch {
	case src.rule.KeyNeeded && s.Key == "":
		return nil, errors.New("key is missing: the feed is read by somebody alone")
	case s.Key != "" && src.rule.KeyHeader == "":
		return nil, errors.New("key: the rule does not say which header takes it (key_header)")
	}
	if err := src.rule.check(); err != nil {
		return nil, err
	}
	return src, collect.CheckURL("url", src.rule.URL)
}

const (
	// mostPages is how many pages of a feed are read at one visit. All are held until the last
	// has come: mostBytes and mostObjects is how much that is.
	mostPages              = 200
	mostBytes, mostObjects = 64 << 20, 1 << 20
)

// Collect implements collect.Source.
func (s *source) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	at, err := newSieve(from)
	if err != nil {
		return err
	}
	if from == "" || from != s.at {
		s.known = fetch.Validators{}
	}
	rows, told, err := s.rows(ctx, at.Water)
	if errors.Is(err, fetch.ErrNotModified) {
		return nil
	}
	if err != nil {
		return err
	}
	last := from
	err = s.keep(ctx, at, rows, func(doc intel.Document, next intel.Cursor) error {
		last = next
		return emit(doc, next)
	})
	if err == nil {
		s.known, s.at = told, last
	}
	return err
}

// rows is the rows of all pages, those that were changed first before the others, and what the
// server told of them if they are one.
func (s *source) rows(ctx context.Context, since time.Time) (all []row, told fetch.Validators, err error) {
	address := s.dated(s.rule.URL, since)
	items, size, objects := 0, 0, 0
	known := s.known
	for n := range mostPages {
		r, err := s.get(ctx, address, known)
		if err != nil {
			return nil, told, err
		}
		size, objects = size+len(r.Body), objects+bytes.Count(r.Body, []byte("{"))
		if size > mostBytes || objects > mostObjects {
			return nil, told, fmt.Errorf("%s: %w: its pages have %d MiB and %d objects; %d MiB and %d are read", s.rule.URL, fetch.ErrTooLarge, size>>20, objects, mostBytes>>20, mostObjects)
		}
		switch {
		case collect.IsPage(fetch.Response{Body: r.Body}): // some feeds are said to be pages
			return nil, told, fmt.Errorf("%s: %w", address, collect.ErrPage)
		case collect.Blank(r.Body):
			return nil, told, fmt.Errorf("%s: %w", address, collect.ErrBlank)
		}
		page, err := s.rule.read(r.Body, s.Env)
		if err != nil {
			return nil, told, fmt.Errorf("%s: %w", address, err)
		}
		known = fetch.Validators{}
		if told = known; n == 0 {
			told = r.Validators
		}
		all = append(all, page.rows...)
		if items += page.items; s.rule.Start != "" && items < page.total {
			page.next = after(address, s.rule.Start, items)
		}
		if page.next == "" || page.items == 0 {
			return sorted(all), told, nil
		}
		if address, err = behind(address, page.next); err != nil {
			return nil, told, err
		}
	}
	s.Log.Warn("a feed has more pages than are read", "source", s.ID, "pages", mostPages)
	return sorted(all), told, nil
}

// after is an address that passes over so many items.
func after(address, parameter string, items int) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set(parameter, strconv.Itoa(items))
	u.RawQuery = q.Encode()
	return u.String()
}

// behind is the address of the next page, which is on the same host: what is secret goes to no
// other.
func behind(address, next string) (string, error) {
	here, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	there, err := here.Parse(next)
	if err != nil || there.Host != here.Host || there.Scheme != here.Scheme {
		return "", fmt.Errorf("%s: its next page is at %.200q, which is not on its host: %w", address, next, intel.ErrInvalid)
	}
	return there.String(), nil
}

// longest is how far back a feed is asked.
const longest = 100 * 24 * time.Hour

// dated is an address with the moments that it asks for.
func (s *source) dated(address string, since time.Time) string {
	const form = "2006-01-02T15:04:05.000"
	now := s.Now().UTC()
	switch {
	case since.IsZero() || since.After(now):
		since = now.Add(-24 * time.Hour)
	case since.Before(now.Add(-longest)):
		since = now.Add(-longest)
	}
	return strings.NewReplacer("{now}", now.Format(form), "{since}", since.Format(form)).Replace(address)
}

func (s *source) get(ctx context.Context, address string, known fetch.Validators) (fetch.Response, error) {
	header := http.Header{}
	if s.Key != "" {
		key, err := s.Reveal(s.Key)
		if err != nil {
			return fetch.Response{}, err
		}
		header.Set(s.rule.KeyHeader, s.rule.KeyPrefix+key)
	}
	r, err := s.Fetch.Do(ctx, fetch.Request{URL: address, Header: header, Known: known})
	status := (*fetch.StatusError)(nil)
	refused := errors.As(err, &status) && !slices.Contains(s.rule.Busy, status.Status) && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden)
	switch {
	case refused && s.Key != "":
		return r, collect.Permanent(fmt.Errorf("%w: the feed does not take the key; it may have expired", err))
	case refused && status.Status == http.StatusUnauthorized:
		return r, collect.Permanent(fmt.Errorf("%w: the feed asks for a key", err))
	}
	return r, err
}
