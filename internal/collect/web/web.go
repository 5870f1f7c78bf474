// Package web watches a page for change: each visit that finds lines which were not there is a
// document of them. Pages are read as anybody sees them who runs no scripts.
package web

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

// Connector watches pages.
var Connector = collect.Connector{
	Name:        "web",
	About:       "a page that is watched: a document of what is new on it, for each change",
	Every:       time.Hour,
	Reliability: 'C',
	Crawls:      true,
	Settings:    settings{},
	Open:        open,
}

// mostLines is how many lines of a page are watched, fewer than a cursor remembers: what is
// behind them could not be told from what is new.
const mostLines = 1500

type settings struct {
	URL      string `json:"url" help:"Address of the page."`
	Selector string `json:"selector" help:"CSS selector of the part that is watched, such as main or table#advisories; all of the page if missing."`
}

type watch struct {
	collect.Env
	settings
	rule  page.Rule
	known fetch.Validators // of what is kept whole, with the cursor last
	last  intel.Cursor
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if err := collect.CheckURL("url", s.URL); err != nil {
		return nil, err
	}
	rule, err := page.Selectors{Item: s.Selector}.Compile()
	if err != nil {
		return nil, fmt.Errorf("selector: %w", err)
	}
	return &watch{Env: env, settings: s, rule: rule}, nil
}

// Collect implements collect.Source.
func (w *watch) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	place, err := collect.NewPlace(from, w.Now())
	if err != nil {
		return err
	}
	if from != w.last {
		w.known, w.last = fetch.Validators{}, from
	}
	r, err := w.Fetch.GetChanged(ctx, w.URL, w.known)
	if errors.Is(err, fetch.ErrNotModified) {
		return nil
	}
	if err != nil {
		return err
	}
	title, text, err := w.read(r)
	if err != nil {
		return fmt.Errorf("%s: %w", w.URL, err)
	}
	added, keys := w.added(&place, text)
	if len(added) > 0 {
		doc := intel.Document{Source: w.ID, Genre: intel.Report, URL: r.URL, Title: collect.OneLine(title, 300), Text: strings.Join(added, "\n"), Published: changed(r)}
		doc.ID = intel.NewDocumentID(w.ID, w.URL, doc.Text)
		next, err := place.Add(keys...)
		if err != nil {
			return err
		}
		if err := emit(place.Dated(doc, w.Now()), next); err != nil {
			return err
		}
		w.last = next
	}
	w.known = r.Validators
	return nil
}

// read is what a page shows of what is watched.
func (w *watch) read(r fetch.Response) (title, text string, err error) {
	kind, _, _ := mime.ParseMediaType(r.Type)
	switch kind {
	case "", "text/html", "application/xhtml+xml":
	case "text/plain":
		return "", strings.ToValidUTF8(string(r.Body), "\uFFFD"), nil
	default:
		return "", "", fmt.Errorf("it is of type %s, and no page", kind)
	}
	if page.Cut(r.Body) {
		return "", "", page.ErrCut
	}
	tree, err := page.Parse(r.Body, r.Type)
	if err != nil {
		return "", "", err
	}
	title, text = tree.Title(), tree.Text()
	if w.Selector != "" {
		text = tree.Part(w.rule)
	}
	if strings.TrimSpace(text) == "" {
		return "", "", errors.New("nothing is seen where it is watched: it may need scripts, or another selector")
	}
	return title, text, nil
}

// added is which lines were not there before, as they stand, and how each is remembered.
func (w *watch) added(place *collect.Place, text string) (lines []string, keys [][]string) {
	n, here := 0, map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		key := lasting(line)
		if key == "" || here[key] {
			continue
		}
		here[key] = true
		if n++; n > mostLines {
			w.Reject("what stands behind the first lines", fmt.Errorf("%w: more than %d lines; a selector can choose a part", collect.ErrTooLarge, mostLines))
			break
		}
		if !place.Has(key) {
			lines, keys = append(lines, line), append(keys, []string{key})
		}
	}
	return lines, keys
}

// moving is what changes on a page without news: counters, dates, times of day and how long ago.
// Addresses, versions and identifiers are none of it.
var moving = regexp.MustCompile(`(?i)^[("\[]*(?:\d+|\d{1,3}(?:[,'\x{00a0}]\d{3})+|\d{1,2}:\d{2}(?::\d{2})?(?:[ap]m|z)?|\d{4}-\d{2}-\d{2}(?:t[\d:.]+(?:z|[+-]\d{2}:?\d{2})?)?|\d{1,2}[./]\d{1,2}[./]\d{4}|\d+(?:st|nd|rd|th)|` +
	`(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)|january|february|march|april|june|july|august|september|october|november|december|` +
	`(?:mon|tue|wed|thu|fri|sat|sun)|monday|tuesday|wednesday|thursday|friday|saturday|sunday|(?:second|minute|hour|day|week|month|year)s?|ago|am|pm|utc|gmt)[)\]",.;:]*$`)

// lasting is what of a line tells it from others: not its blanks, and nothing that moves.
func lasting(line string) string {
	var words []string
	for _, word := range strings.Fields(line) {
		if !moving.MatchString(word) {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// changed is when a server says that a page changed.
func changed(r fetch.Response) time.Time {
	at, err := http.ParseTime(r.LastModified)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
