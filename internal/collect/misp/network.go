package misp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	perPage = 20
	// remembered is how many events of a feed are told apart by themselves, those that were
	// changed last: what is older than they are and than what was read is known.
	remembered = 2000
	// overlap is how much of the time before a sweep the next one is of as well.
	overlap = time.Minute
)

// progress is how far a feed or a server was read.
type progress struct {
	Water stamp  `json:"water,omitempty"` // all that was changed before is kept, or is in Kept
	Event string `json:"event,omitempty"` // the event under way, and
	Part  int    `json:"part,omitempty"`  // how many documents of it are kept
	New   bool   `json:"new,omitempty"`   // what was there at the first visit is all kept
	Kept  string `json:"kept,omitempty"`  // the events kept last
	// Of a sweep of a server: the page, the last change seen and when it began.
	Page  int   `json:"page,omitempty"`
	Last  stamp `json:"last,omitempty"`
	Began stamp `json:"began,omitempty"`

	seen collect.Seen
}

func newProgress(from intel.Cursor) (p progress, err error) {
	if from != "" && (json.Unmarshal([]byte(from), &p) != nil || p.Part < 0 || p.Page < 0) {
		return p, collect.Permanent(fmt.Errorf("cursor of %d bytes: %w", len(from), intel.ErrInvalid))
	}
	p.seen, err = collect.NewSeen(intel.Cursor(p.Kept))
	return p, err
}

func (p *progress) cursor() (intel.Cursor, error) {
	p.Kept = string(p.seen.Cursor())
	text, err := json.Marshal(p)
	return intel.Cursor(text), err
}

// keep hands over the documents of an event that are not kept yet. Last is told before the
// last one.
func (p *progress) keep(env collect.Env, l listed, event []byte, last func(), emit collect.Emit) error {
	each, err := reader(env).Documents(event)
	if err != nil {
		env.Reject("event "+l.UUID, err)
		return nil
	}
	var docs []intel.Document
	for doc := range each {
		docs = append(docs, doc)
	}
	key := fmt.Sprint(l.UUID, " ", l.At)
	if p.Event != key {
		p.Event, p.Part = key, 0
	}
	was := p.New
	for i := p.Part; i < len(docs); i++ {
		if p.Part = i + 1; p.Part == len(docs) {
			p.done(l)
			last()
		}
		doc := docs[i]
		if was || !doc.Assumed { // it came since the last visit
			doc.Learned, doc.Assumed = env.Now().UTC(), false
		}
		cursor, err := p.cursor()
		if err != nil {
			return err
		}
		if err := emit(doc, cursor); err != nil {
			return err
		}
	}
	p.done(l)
	return nil
}

// done notes that all of an event is kept.
func (p *progress) done(l listed) {
	p.seen.Add(l.key()...)
	p.Event, p.Part = "", 0
}

// A feed is a folder of events with a manifest.
type feed struct {
	collect.Env
	url string
	// known is what the server told of a manifest all of whose events were given, up to at:
	// they are kept where the next visit begins there.
	known fetch.Validators
	at    intel.Cursor
}

// Collect implements collect.Source.
func (f *feed) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	at, err := newProgress(from)
	if err != nil {
		return err
	}
	if from == "" || from != f.at {
		f.known = fetch.Validators{}
	}
	r, err := f.Fetch.GetChanged(ctx, f.url+"/manifest.json", f.known)
	if errors.Is(err, fetch.ErrNotModified) {
		return nil
	}
	if err != nil {
		return err
	}
	all, err := manifest(r.Body)
	if err != nil {
		return fmt.Errorf("%s/manifest.json: %w", f.url, err)
	}
	var fresh []listed
	for i, l := range all {
		if at.seen.Has(l.key()...) || l.At < at.Water && i < len(all)-remembered {
			continue
		}
		if !isUUID(l.UUID) {
			f.Reject("event "+l.UUID, fmt.Errorf("no uuid: %w", intel.ErrInvalid))
			continue
		}
		fresh = append(fresh, l)
	}
	last := from
	for i, l := range fresh {
		event, err := f.Fetch.Get(ctx, f.url+"/"+l.UUID+".json")
		switch {
		case absent(err):
			f.Reject("event "+l.UUID, err)
			continue
		case err != nil:
			return err
		}
		if err := collect.CheckDepth(event); err != nil {
			f.Reject("event "+l.UUID, err)
			continue
		}
		at.Water = max(at.Water, l.At)
		if err := at.keep(f.Env, l, event, func() { at.New = at.New || i == len(fresh)-1 }, func(doc intel.Document, next intel.Cursor) error {
			last = next
			return emit(doc, next)
		}); err != nil {
			return err
		}
	}
	f.known, f.at = r.Validators, last
	return nil
}

// absent reports whether something is not there, or is not to be read.
func absent(err error) bool {
	s := (*fetch.StatusError)(nil)
	return errors.As(err, &s) && (s.Status == http.StatusNotFound || s.Status == http.StatusGone || s.Status == http.StatusForbidden) || errors.Is(err, fetch.ErrTooLarge)
}

// A server is asked for the events that were changed since the last sweep, page by page.
type server struct {
	collect.Env
	settings
	url string
}

// Collect implements collect.Source.
func (s *server) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	at, err := newProgress(from)
	if err != nil {
		return err
	}
	resumed := at.Page > 1
	if err := s.sweep(ctx, &at, emit); err != nil || !resumed {
		return err
	}
	return s.sweep(ctx, &at, emit) // what was changed since the one that broke off began
}

// sweep reads what was changed since the last one. The last document waits until it is known
// to be, and then tells where the next sweep begins.
func (s *server) sweep(ctx context.Context, at *progress, emit collect.Emit) error {
	var waits *intel.Document
	var cursor intel.Cursor
	flush := func() error {
		if waits == nil {
			return nil
		}
		doc := *waits
		waits = nil
		return emit(doc, cursor)
	}
	if at.Page == 0 {
		at.Page, at.Began = 1, 0
	}
	for known := map[string]bool{}; ; at.Page++ {
		events, began, err := s.page(ctx, at)
		if err != nil {
			return errors.Join(err, flush())
		}
		if at.Began == 0 {
			at.Began = began
		}
		more := false
		for _, event := range events {
			l, err := which(event)
			if err != nil {
				s.Reject(fmt.Sprintf("an event of page %d", at.Page), err)
				continue
			}
			more = more || !known[l.UUID]
			known[l.UUID] = true
			at.Last = max(at.Last, l.At)
			if at.seen.Has(l.key()...) {
				continue
			}
			if err := at.keep(s.Env, l, event, func() {}, func(doc intel.Document, next intel.Cursor) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := flush(); err != nil {
					return err
				}
				waits, cursor = &doc, next
				return nil
			}); err != nil {
				return err
			}
		}
		if !more {
			break
		}
	}
	at.Water, at.Page, at.New = max(at.Water, min(at.Last, at.Began-stamp(overlap.Seconds()))), 0, true
	at.Last, at.Began = 0, 0
	var err error
	if cursor, err = at.cursor(); err != nil {
		return err
	}
	return flush()
}

// page asks for a page of a sweep, and tells when that was by the server's clock.
func (s *server) page(ctx context.Context, at *progress) ([]json.RawMessage, stamp, error) {
	key, err := s.Reveal(s.Key)
	if err != nil {
		return nil, 0, err
	}
	query := map[string]any{"returnFormat": "json", "page": at.Page, "limit": s.Limit, "published": true}
	if at.Water > 0 {
		query["timestamp"] = at.Water
	}
	body, err := json.Marshal(query)
	if err != nil {
		return nil, 0, err
	}
	r, err := s.Fetch.Do(ctx, fetch.Request{Method: http.MethodPost, URL: s.url, Body: body,
		Header: http.Header{"Authorization": {key}, "Accept": {"application/json"}, "Content-Type": {"application/json"}}})
	status := (*fetch.StatusError)(nil)
	switch {
	case errors.As(err, &status) && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden):
		return nil, 0, collect.Permanent(fmt.Errorf("%w: the server does not take the key; it may have expired", err))
	case errors.Is(err, fetch.ErrTooLarge):
		return nil, 0, fmt.Errorf("%w: %d events at once are too many; limit in its entry asks for fewer", err, s.Limit)
	case err != nil:
		return nil, 0, err
	}
	events, err := found(r.Body)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", s.url, err)
	}
	now := s.Now()
	if date, err := http.ParseTime(r.Header.Get("Date")); err == nil {
		now = date
	}
	return events, stamp(now.Unix()), nil
}
