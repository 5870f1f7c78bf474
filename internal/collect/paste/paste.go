// Package paste collects pastes of sites that list the latest for programs, such as the
// scraping API of Pastebin.
package paste

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
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

// Connector reads what is pasted.
var Connector = collect.Connector{
	Name:        "paste",
	About:       "pastes of a site that lists the latest for programs, as Pastebin does, in which words of interest stand",
	Every:       time.Minute,
	Reliability: 'F',
	Settings:    settings{},
	Open:        open,
}

type settings struct {
	List  string         `json:"list" help:"Address of the list of the latest; https://scrape.pastebin.com/api_scraping.php?limit=100 if missing."`
	Words []string       `json:"words" help:"Pastes with any of these are kept, whatever their case; all if missing."`
	Token collect.Secret `json:"token" help:"A bearer token, where the site wants one; Pastebin knows you by your address."`
	Most  int            `json:"most" help:"The most pastes that a visit reads; 100 if missing."`
}

const (
	usualList = "https://scrape.pastebin.com/api_scraping.php?limit=100"
	usualMost = 100
	// longest is how many bytes of a paste are kept.
	longest = 1 << 20
)

// entry is a line of the list. Sites that copy Pastebin's may tell numbers as such.
type entry struct {
	Scrape string `json:"scrape_url"` // where its words are
	Full   string `json:"full_url"`   // where it is shown
	Key    string `json:"key"`
	Title  string `json:"title"`
	User   string `json:"user"`
	Date   number `json:"date"` // seconds
	Size   number `json:"size"` // bytes
}

// A number may stand in quotes; what is none is 0.
type number int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(text []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	if err != nil || v < 0 || v > 1<<40 {
		v = 0
	}
	*n = number(v)
	return nil
}

type site struct {
	collect.Env
	settings
	host string
	dull map[string]bool // pastes without a word of interest, which are not asked for again
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	s.List = cmp.Or(s.List, usualList)
	if err := collect.CheckURL("list", s.List); err != nil {
		return nil, err
	}
	u, err := url.Parse(s.List)
	if err != nil {
		return nil, err
	}
	for i, w := range s.Words {
		if s.Words[i] = strings.ToLower(strings.TrimSpace(w)); s.Words[i] == "" {
			return nil, errors.New("words: an empty one stands in every paste; leave words out instead")
		}
	}
	if s.Most < 0 || s.Most > 1000 {
		return nil, errors.New("most: a visit reads 1 to 1000 pastes")
	}
	return &site{Env: env, settings: s, host: strings.ToLower(u.Host), dull: map[string]bool{}}, nil
}

// Collect implements collect.Source.
func (s *site) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	p, err := collect.NewPlace(from, s.Now())
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	entries, err := s.list(ctx)
	if err != nil {
		return err
	}
	left := cmp.Or(s.Most, usualMost)
	for _, e := range slices.Backward(entries) { // the latest stand first
		if e.Key == "" || p.Has(e.Key) || s.dull[e.Key] {
			continue
		}
		if left--; left < 0 {
			return nil // the next visit goes on, as far as they are still listed
		}
		if err := s.take(ctx, e, &p, emit); err != nil {
			return err
		}
	}
	return nil
}

// take reads a paste and keeps it if it is of interest.
func (s *site) take(ctx context.Context, e entry, p *collect.Place, emit collect.Emit) error {
	text, err := s.words(ctx, e)
	if f := (*fetch.StatusError)(nil); errors.As(err, &f) && (f.Status == http.StatusNotFound || f.Status == http.StatusGone) || errors.Is(err, intel.ErrInvalid) || errors.Is(err, fetch.ErrTooLarge) {
		s.Reject("paste "+collect.OneLine(e.Key, 100), err)
		s.forget(e.Key)
		return nil
	}
	if err != nil {
		return told(err)
	}
	if !s.wanted(e.Title + "\n" + text) {
		s.forget(e.Key)
		return nil
	}
	doc := intel.Document{ID: intel.NewDocumentID(s.ID, e.Key), Source: s.ID, Genre: intel.Social, URL: collect.WebURL(e.Full), Author: collect.Account(s.host, strings.ToLower(e.User)), Title: collect.OneLine(e.Title, 300), Text: text}
	if e.Date > 0 {
		doc.Published = time.Unix(int64(e.Date), 0)
	}
	next, err := p.Add([]string{e.Key})
	if err != nil {
		return err
	}
	return emit(p.Dated(doc, s.Now()), next)
}

// forget notes that a paste is not to be asked for again.
func (s *site) forget(key string) {
	if len(s.dull) > 10_000 {
		clear(s.dull)
	}
	s.dull[key] = true
}

func (s *site) wanted(text string) bool {
	if strings.TrimSpace(text) == "" {
		return false
	}
	text = strings.ToLower(text)
	return len(s.Words) == 0 || slices.ContainsFunc(s.Words, func(w string) bool { return strings.Contains(text, w) })
}

// list is what was pasted last.
func (s *site) list(ctx context.Context) ([]entry, error) {
	r, err := s.ask(ctx, s.List)
	if err != nil {
		return nil, told(err)
	}
	if said := strings.TrimSpace(string(r.Body[:min(len(r.Body), 300)])); said != "" && said[0] != '[' && said[0] != '<' && said[0] != '{' {
		return nil, collect.Permanent(fmt.Errorf("%s: the site says %.200q (Pastebin lists for addresses alone that are entered at pastebin.com/doc_scraping_api)", s.List, said))
	}
	var raw []json.RawMessage
	if err := collect.JSON(r.Body, &raw); err != nil {
		return nil, fmt.Errorf("%s: %w", s.List, err)
	}
	var entries []entry
	for _, text := range raw {
		var e entry
		if err := json.Unmarshal(text, &e); err != nil || e.Key == "" {
			s.Reject("entry", fmt.Errorf("no paste: %.100q: %w", text, intel.ErrInvalid))
			continue
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// words are those of a paste. They are asked for where the list is, and nowhere else.
func (s *site) words(ctx context.Context, e entry) (string, error) {
	u, err := url.Parse(e.Scrape)
	if err != nil || strings.ToLower(u.Host) != s.host || e.Size > 16<<20 {
		return "", fmt.Errorf("its words are not at %s, or too many: %w", s.host, intel.ErrInvalid)
	}
	if base, err := url.Parse(s.List); err != nil || base.Scheme != u.Scheme {
		return "", fmt.Errorf("its words are at %s: %w", u.Scheme, intel.ErrInvalid)
	}
	r, err := s.ask(ctx, u.String())
	if err != nil {
		return "", err
	}
	if kind, _, _ := mime.ParseMediaType(r.Type); kind != "" && !strings.HasPrefix(kind, "text/") && kind != "application/json" {
		return "", fmt.Errorf("it is of type %.60s: %w", kind, intel.ErrInvalid)
	}
	return strings.ToValidUTF8(string(r.Body[:min(len(r.Body), longest)]), "\uFFFD"), nil
}

func (s *site) ask(ctx context.Context, address string) (fetch.Response, error) {
	h := http.Header{}
	if s.Token != "" {
		token, err := s.Reveal(s.Token)
		if err != nil {
			return fetch.Response{}, err
		}
		h.Set("Authorization", "Bearer "+token)
	}
	return s.Fetch.Do(ctx, fetch.Request{URL: address, Header: h})
}

// told is an error of the site with what to do about it.
func told(err error) error {
	if e := (*fetch.StatusError)(nil); errors.As(err, &e) && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden) {
		return collect.Permanent(fmt.Errorf("%w (the site lists for those alone whom it knows: by their address, or a token)", err))
	}
	return err
}
