// Package onion collects what markets, leak sites and forums in Tor show: the offers and posts that
// they list, and the text of their other pages.
//
// Nothing is asked for but pages of the site itself, through the proxy of its source, and nothing of
// them is kept but text: no picture, archive or script is read, no form is sent, no account is made.
package onion

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

// Connector reads sites in Tor.
var Connector = collect.Connector{
	Name:        "onion",
	Proven:      "Tor 0.4.9 of Debian, in a private network of five relays; the sites were invented",
	About:       "offers, posts and pages of a market, leak site or forum in Tor",
	Every:       time.Hour,
	Reliability: 'F',
	Crawls:      true,
	Proxied:     true,
	Settings:    settings{},
	Open:        open,
}

const (
	usualDepth, deepest = 3, 20
	usualPages, most    = 100, 5000
)

type settings struct {
	URL     string         `json:"url" help:"Address of the site, or of the page of it to begin at: http://….onion/."`
	Mirrors []string       `json:"mirrors" help:"Other addresses of the same site, asked where one does not answer."`
	Genre   string         `json:"genre" help:"What sort of site it is: market, leaksite or forum."`
	Name    string         `json:"name" help:"What the site is called: a vendor of it is NAME/vendor. Else it is called as its source."`
	Who     string         `json:"who" help:"Who speaks where its pages name nobody: the group of a leak site (needed there), the owner of a shop."`
	Begin   []string       `json:"begin" help:"Other paths to begin at, such as /new."`
	Under   []string       `json:"under" help:"Paths that all that is read begins with, such as /forum/exploits; else all of the site."`
	Depth   int            `json:"depth" help:"How many links away from where it begins a page may be: 3 if nothing is said, 20 at most."`
	Pages   int            `json:"pages" help:"How many pages a visit reads at most: 100 if nothing is said, 5000 at most. The next goes on where it ended."`
	Rules   []rule         `json:"rules" help:"Where items of its lists stand, in the file of sources: tables of CSS selectors item, title, vendor, price, date, link and text. Without any they are found by how such lists look."`
	Cookie  collect.Secret `json:"cookie" help:"Cookie of somebody who is logged in, NAME=VALUE, where the site shows nothing to others."`
}

// A rule says in CSS where the items of a list stand.
type rule struct {
	Item   string `json:"item"`
	Title  string `json:"title"` // of a leak site: the victim
	Vendor string `json:"vendor"`
	Price  string `json:"price"`
	Date   string `json:"date"`
	Link   string `json:"link"`
	Text   string `json:"text"`
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if s.URL == "" {
		return nil, errors.New("url is missing")
	}
	at := &site{Env: env, name: network(s.Name, env.ID), genre: intel.Genre(s.Genre), who: intel.Line(s.Who), cookie: s.Cookie}
	switch at.genre {
	case intel.Market, intel.Forum:
	case intel.LeakSite:
		if intel.Slug(s.Who) == "" {
			return nil, errors.New("who is missing: the group that the leak site is of")
		}
	default:
		return nil, fmt.Errorf("genre: %q is none of market, leaksite and forum", s.Genre)
	}
	if err := at.bounds(s); err != nil {
		return nil, err
	}
	if err := at.places(s); err != nil {
		return nil, err
	}
	for i, r := range s.Rules {
		if r.Item == "" {
			return nil, fmt.Errorf("rules: %d: item is missing: what holds one of the list", i+1)
		}
		compiled, err := page.Selectors{Item: r.Item, Title: r.Title, Who: r.Vendor, Price: r.Price, Date: r.Date, Link: r.Link, Text: r.Text}.Compile()
		if err != nil {
			return nil, fmt.Errorf("rules: %d: %w", i+1, err)
		}
		at.rules = append(at.rules, compiled)
	}
	return &source{site: at, read: map[string]int{}}, nil
}

// network is what the names of accounts of a site begin with.
func network(name string, id intel.SourceID) string {
	if slug := intel.Slug(name); slug != "" {
		return slug
	}
	return intel.Slug(string(id))
}

func (s *site) bounds(given settings) error {
	s.depth, s.pages = usualDepth, usualPages
	switch {
	case given.Depth < 0 || given.Depth > deepest:
		return fmt.Errorf("depth: %d is not from 1 to %d", given.Depth, deepest)
	case given.Pages < 0 || given.Pages > most:
		return fmt.Errorf("pages: %d is not from 1 to %d", given.Pages, most)
	}
	if given.Depth > 0 {
		s.depth = given.Depth
	}
	if given.Pages > 0 {
		s.pages = given.Pages
	}
	return nil
}

// places takes over where the site is and where to begin.
func (s *site) places(given settings) error {
	for i, address := range append([]string{given.URL}, given.Mirrors...) {
		setting := "url"
		if i > 0 {
			setting = "mirrors"
		}
		if err := collect.CheckURL(setting, address); err != nil {
			return err
		}
		u, err := url.Parse(address)
		if err != nil {
			return fmt.Errorf("%s: %w", setting, err)
		}
		if err := checkOnion(u.Hostname()); err != nil {
			return fmt.Errorf("%s: %w", setting, err)
		}
		if i > 0 && u.RequestURI() != "/" {
			return fmt.Errorf("mirrors: %s has a path; a mirror shows the same pages, and its address ends behind .onion", address)
		}
		s.mirrors = append(s.mirrors, u.Scheme+"://"+strings.ToLower(u.Host))
		if i == 0 {
			s.begin = append(s.begin, identity(u))
		}
	}
	for _, path := range given.Begin {
		u, err := url.Parse(path)
		if err != nil || u.Host != "" || !strings.HasPrefix(path, "/") {
			return fmt.Errorf("begin: %q is no path such as /new", path)
		}
		s.begin = append(s.begin, identity(u))
	}
	for _, path := range given.Under {
		if !strings.HasPrefix(path, "/") {
			return fmt.Errorf("under: %q is no path such as /forum/exploits", path)
		}
	}
	s.under = given.Under
	return nil
}
