package taxii

import (
	"bytes"
	"context"
	"encoding/json"
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
	"github.com/portent-cti/portent/internal/stix"
)

const (
	// portion is how many objects are read together, of mostSize bytes: what relates to each
	// other comes together, and what came before is asked for by its id.
	portion  = 10_000
	mostSize = 64 << 20
	// mostLent is how many objects that came before are asked for, so many at a time, and
	// deepest how far references are followed: what relates, what it relates, who made that.
	mostLent, perAsk, deepest = 2000, 40, 2
)

// progress is how far each collection was read, and which documents of the portion that is
// under way were kept.
type progress struct {
	Places map[string]place `json:"at"`
	Kept   string           `json:"kept,omitempty"`
	seen   collect.Seen
}

// place is how far one collection was read.
type place struct {
	After string `json:"after,omitempty"` // all that was added up to then is kept
	Next  string `json:"next,omitempty"`  // the page behind it, as the server calls it
	Last  string `json:"last,omitempty"`  // what After is once the pages are read
	New   bool   `json:"new,omitempty"`   // what was there at the first visit is all kept
}

func newProgress(from intel.Cursor) (*progress, error) {
	p := &progress{Places: map[string]place{}}
	bad := collect.Permanent(fmt.Errorf("cursor of %d bytes: %w", len(from), intel.ErrInvalid))
	if from != "" && json.Unmarshal([]byte(from), p) != nil {
		return nil, bad
	}
	if p.Places == nil {
		return nil, bad
	}
	var err error
	p.seen, err = collect.NewSeen(intel.Cursor(p.Kept))
	return p, err
}

func (p *progress) cursor() (intel.Cursor, error) {
	p.Kept = string(p.seen.Cursor())
	text, err := json.Marshal(p)
	return intel.Cursor(text), err
}

// reach notes that all of a collection up to a place is kept.
func (p *progress) reach(url string, at place) error {
	p.Places[url] = at
	var err error
	p.seen, err = collect.NewSeen("")
	return err
}

// A reading is one collection under way.
type reading struct {
	*source
	url  string
	at   *progress
	emit collect.Emit
}

// run reads all that was added, portion by portion.
func (r *reading) run(ctx context.Context) error {
	for {
		now := r.at.Places[r.url]
		g, next, more, err := r.portion(ctx, now)
		if err != nil {
			return err
		}
		if err := r.keep(g, now, next); err != nil {
			return err
		}
		if !more {
			return nil
		}
	}
}

// portion reads some pages behind a place and returns the place behind them.
func (r *reading) portion(ctx context.Context, at place) (g *stix.Graph, next place, more bool, err error) {
	g = &stix.Graph{Source: r.ID, Partial: true, Reject: r.Reject, Indicator: func(kind intel.Kind, value string) (intel.Entity, error) {
		e, _, err := collect.Indicator(kind, value)
		return e, err
	}}
	for objects, size := 0, 0; objects < portion && size < mostSize; {
		page, answer, err := r.page(ctx, at)
		if stale(err) && at.Next != "" { // the server forgot what it called so
			at = place{After: at.After, New: at.New}
			continue
		}
		if err != nil {
			return nil, at, false, err
		}
		if err := g.Load(bytes.NewReader(answer.Body)); err != nil {
			return nil, at, false, fmt.Errorf("%s: %w", r.url, err)
		}
		objects, size = objects+len(page.Objects), size+len(answer.Body)
		at.Last = latest(at.Last, answer)
		switch {
		case page.More && page.Next != "" && len(page.Objects) > 0:
			at.Next = page.Next
		case page.More && at.Last > at.After && len(page.Objects) > 0:
			at = place{After: at.Last, New: at.New}
		case page.More:
			return nil, at, false, fmt.Errorf("%s: the server says that there is more, and not where: %w", r.url, intel.ErrInvalid)
		default:
			at = place{After: max(at.After, at.Last), New: true}
			return g, at, false, r.lend(ctx, g)
		}
	}
	return g, at, true, r.lend(ctx, g)
}

// latest is when the last object that was read was added: as the server says or, where it says
// nothing, when it first answered.
func latest(before string, answer fetch.Response) string {
	if at, err := time.Parse(time.RFC3339Nano, answer.Header.Get(added)); err == nil {
		return max(before, at.UTC().Format(stamp))
	}
	if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil && before == "" {
		return at.UTC().Format(stamp)
	}
	return before
}

// stamp is how TAXII writes times, such that texts of it are ordered as they are.
const stamp = "2006-01-02T15:04:05.000000Z"

// stale reports whether a server does not know a page any more.
func stale(err error) bool {
	s := (*fetch.StatusError)(nil)
	return errors.As(err, &s) && (s.Status == http.StatusBadRequest || s.Status == http.StatusNotFound || s.Status == http.StatusUnprocessableEntity)
}

// page reads the page at a place.
func (r *reading) page(ctx context.Context, at place) (envelope, fetch.Response, error) {
	q := url.Values{"limit": {strconv.Itoa(r.Limit)}}
	if at.After != "" {
		q.Set("added_after", at.After)
	}
	if at.Next != "" {
		q.Set("next", at.Next)
	}
	return r.ask(ctx, q)
}

func (r *reading) ask(ctx context.Context, q url.Values) (envelope, fetch.Response, error) {
	answer, err := r.get(ctx, r.url+"?"+q.Encode())
	if err != nil {
		return envelope{}, answer, err
	}
	page, err := parse[envelope](answer.Body)
	if err != nil {
		return page, answer, fmt.Errorf("%s: %w", r.url, err)
	}
	return page, answer, nil
}

// lend asks for what objects refer to that came before, by id, and for what that refers to.
// What the server does not have is done without.
func (r *reading) lend(ctx context.Context, g *stix.Graph) error {
	asked := map[string]bool{}
	for range deepest {
		var missing []string
		for _, id := range g.Missing() {
			if !asked[id] && len(asked) < mostLent {
				asked[id] = true
				missing = append(missing, id)
			}
		}
		for ids := range slices.Chunk(missing, perAsk) {
			_, answer, err := r.ask(ctx, url.Values{"match[id]": {strings.Join(ids, ",")}, "limit": {strconv.Itoa(2 * perAsk)}})
			if stale(err) {
				r.Log.Info("what objects refer to is not to be had by id", "source", r.ID, "collection", r.url, "err", err)
				return nil
			}
			if err != nil {
				return err
			}
			if err := g.Lend(bytes.NewReader(answer.Body)); err != nil {
				return fmt.Errorf("%s: %w", r.url, err)
			}
		}
	}
	return nil
}

// keep hands over what a portion says. The last document tells that all of it is kept.
func (r *reading) keep(g *stix.Graph, now, next place) error {
	var docs []intel.Document
	for doc := range g.Documents() {
		if r.at.seen.Has(string(doc.ID)) {
			continue
		}
		if now.New || !doc.Assumed { // it came since the last visit
			doc.Learned, doc.Assumed = r.Now().UTC(), false
		}
		docs = append(docs, doc)
	}
	for i, doc := range docs {
		r.at.seen.Add(string(doc.ID))
		if i == len(docs)-1 {
			if err := r.at.reach(r.url, next); err != nil {
				return err
			}
		}
		cursor, err := r.at.cursor()
		if err != nil {
			return err
		}
		if err := r.emit(doc, cursor); err != nil {
			return err
		}
	}
	return r.at.reach(r.url, next)
}
