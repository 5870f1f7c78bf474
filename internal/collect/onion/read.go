package onion

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

// errWall means that a site shows nothing but a question.
var errWall = errors.New("nothing is shown")

// A sheet is a page as far as it is of use.
type sheet struct {
	place
	tree  *page.Tree // nil of what is no HTML
	whole page.Page
	items []page.Item
	text  string // all that it shows
}

// open reads a page.
func (v *visit) open(p place, r fetch.Response) (sheet, error) {
	s := sheet{place: p}
	kind, _, _ := strings.Cut(r.Type, ";")
	if kind = strings.ToLower(strings.TrimSpace(kind)); kind == "text/plain" || kind == "application/json" || kind == "" && json.Valid(r.Body) {
		s.text = strings.TrimSpace(string(bytes.ToValidUTF8(r.Body, []byte("\uFFFD"))))
		s.whole.Text = s.text
		return s, nil
	}
	if page.Cut(r.Body) {
		return s, page.ErrCut
	}
	tree, err := page.Parse(r.Body, r.Type)
	if err != nil {
		return s, err
	}
	s.tree, s.text = tree, tree.Text()
	if err := v.wall(s); err != nil {
		return s, err
	}
	if s.whole, err = page.Read(r.Body, r.Type); err != nil {
		return s, err
	}
	return s, nil
}

// Below these a page is a question rather than something to read.
const fewWords, fewLinks = 1500, 5

// entrance is what pages are called that ask for a password.
var entrance = regexp.MustCompile(`(?i)\b(?:log|sign)[ -]?in\b|^authori[sz]ation|авторизация|^вход`)

var challenge = regexp.MustCompile(`(?i)captcha|are you (?:a )?(?:human|robot)|you(?:'re| are) (?:now )?in (?:the |a )?queue|ddos[- ]protection|anti[- ]?ddos|browser check`)

// wall returns an error for a page that asks who is there instead of showing anything.
func (v *visit) wall(s sheet) error {
	own := 0
	for _, l := range s.tree.Links() {
		if u, err := url.Parse(l.To); err == nil && (u.Host == "" || v.own(u.Host)) && readable(u) && u.Path != "" && u.Path != "/" {
			own++
		}
	}
	login := s.tree.Locked() && entrance.MatchString(s.tree.Title())
	switch {
	case !login && (len(s.text) > fewWords || own > fewLinks):
		return nil
	case s.tree.Locked() && v.secret != "":
		return collect.Permanent(fmt.Errorf("%w: the site asks for a password; the cookie of its entry holds no longer", errWall))
	case s.tree.Locked():
		return collect.Permanent(fmt.Errorf("%w: the site asks for a password; cookie in its entry says where that of somebody stands who is logged in", errWall))
	case challenge.MatchString(s.tree.Title() + "\n" + s.text):
		return fmt.Errorf("%w: the site asks to be shown that a person reads, which nobody does here", errWall)
	case own == 0 && len(s.text) < 300 && s.tree.Asks():
		return fmt.Errorf("%w: the site has nothing but a form, and none is sent", errWall)
	case own == 0 && s.text == "" && s.tree.Scripted():
		return fmt.Errorf("%w: the site shows nothing without its scripts, which are not run", errWall)
	}
	return nil
}

// keep emits what of a page is new, and puts where it leads in the line.
func (v *visit) keep(s sheet, at *url.URL) error {
	if s.tree == nil {
		return v.give(s, at)
	}
	if s.first {
		v.title = s.tree.Title()
	}
	for _, host := range v.site.listed(s.text) {
		if len(v.listed) < 50 && !slices.Contains(v.listed, host) {
			v.listed = append(v.listed, host)
		}
	}
	links := s.tree.Links()
	s.items = v.list(s)
	for _, it := range s.items {
		if path, ok := v.follow(at, it.Link); ok && it.Link != "" {
			v.add(place{path: path, depth: s.depth + 1, lead: &page.Item{Title: clip(it.Title), Who: clip(it.Who), Price: clip(it.Price), Date: clip(it.Date)}})
		}
	}
	for _, l := range links {
		if path, ok := v.follow(at, l.To); ok {
			v.add(place{path: path, depth: s.depth + 1})
		}
	}
	return v.give(s, at)
}

// list returns the offers or posts that a page lists.
func (v *visit) list(s sheet) (items []page.Item) {
	switch {
	case len(v.rules) > 0:
		for _, r := range v.rules {
			items = append(items, s.tree.Pick(r)...)
		}
	case v.genre == intel.Market:
		items = s.tree.Repeated(func(text string) bool { return price(text) != "" })
	case v.genre == intel.LeakSite:
		items = s.tree.Repeated(func(text string) bool { return victimised.MatchString(text) || dated.MatchString(text) })
	}
	if v.genre == intel.LeakSite { // questions are of its rules
		items = slices.DeleteFunc(items, func(it page.Item) bool { return strings.HasSuffix(it.Title, "?") })
	}
	return items
}

var (
	// victimised is what leak sites say of each whom they extort: how much was taken, how long
	// is left, how many looked. Words such as "leak" stand in their rules too.
	victimised = regexp.MustCompile(`(?i)\b\d+(?:[.,]\d+)?\s?[GT]B\b|\b\d+ ?d(?:ays?)?,? \d+ ?h|\b\d+ days? left\b|\bviews: ?\d|\b\d+ views\b`)
	// dated is a day as people write it.
	dated = regexp.MustCompile(`\b(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:?\d{2}| UTC)?)?|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}\.? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?,? \d{4}|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4})`)

	sold = regexp.MustCompile(`(?im)\b(?:vendor|seller|sold by|merchant|продавец)\b\s*[:：]?\s+@?([\p{L}\p{N}][\p{L}\p{N}_.\-]{1,39})`)
)
