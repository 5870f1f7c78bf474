package cve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// firstDays is how far back the log of changes is read at the first visit.
const firstDays = 24 * time.Hour

// change is a record that was added or changed, as the log names it.
type change struct {
	ID      string `json:"cveId"`
	Link    string `json:"githubLink"`
	Updated string `json:"dateUpdated"`
	at      time.Time
}

// log reads the log of changes (deltaLog.json): those after a moment, of each record the last
// one, in the order in which they were logged.
func log(body []byte, after time.Time) ([]change, error) {
	if err := collect.CheckDepth(body); err != nil {
		return nil, err
	}
	var batches []struct {
		At      time.Time `json:"fetchTime"`
		New     []change  `json:"new"`
		Updated []change  `json:"updated"`
	}
	if err := json.Unmarshal(body, &batches); err != nil {
		return nil, fmt.Errorf("no log of changes of CVE records: %w", err)
	}
	var all []change
	for _, b := range batches {
		if b.At.Before(after) {
			continue
		}
		for _, c := range slices.Concat(b.New, b.Updated) {
			c.at = b.At.UTC()
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b change) int { return a.at.Compare(b.at) })
	last := map[string]int{}
	for i, c := range all {
		last[c.ID] = i
	}
	var out []change
	for i, c := range all {
		if last[c.ID] == i {
			out = append(out, c)
		}
	}
	return out, nil
}

// changes are records that were added or changed since the last visit.
type changes struct {
	collect.Env
	url string
}

// progress is how far the log was read.
type progress struct {
	After time.Time `json:"after,omitzero"` // all that was logged before is kept
	Kept  string    `json:"kept,omitempty"`
}

// Collect implements collect.Source.
func (s *changes) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	at := progress{After: s.Now().Add(-firstDays).UTC()}
	if from != "" && json.Unmarshal([]byte(from), &at) != nil {
		return collect.Permanent(fmt.Errorf("cursor of %d bytes: %w", len(from), intel.ErrInvalid))
	}
	seen, err := collect.NewSeen(intel.Cursor(at.Kept))
	if err != nil {
		return err
	}
	body, err := s.Fetch.Get(ctx, s.url)
	if err != nil {
		return err
	}
	all, err := log(body, at.After)
	if err != nil {
		return fmt.Errorf("%s: %w", s.url, err)
	}
	for _, c := range all {
		if seen.Has(c.ID, c.Updated) {
			continue
		}
		doc, err := s.record(ctx, c)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case passing(err):
			return err
		case err != nil:
			s.Reject("record "+c.ID, err)
			continue
		}
		at.After, at.Kept = c.at, string(seen.Add(c.ID, c.Updated))
		next, err := json.Marshal(at)
		if err != nil {
			return err
		}
		if err := emit(doc, intel.Cursor(next)); err != nil {
			return err
		}
	}
	return nil
}

// passing reports whether a record may well be there next time.
func passing(err error) bool {
	s := (*fetch.StatusError)(nil)
	return errors.As(err, &s) && s.Status != http.StatusNotFound || errors.Is(err, errAway)
}

// errAway means that no answer came.
var errAway = errors.New("no answer")

// record reads a record, which stands on the host of the log. One that was changed is another
// document.
func (s *changes) record(ctx context.Context, c change) (intel.Document, error) {
	here, err := url.Parse(s.url)
	if err != nil {
		return intel.Document{}, err
	}
	there, err := url.Parse(c.Link)
	if err != nil || there.Host != here.Host || there.Scheme != here.Scheme {
		return intel.Document{}, fmt.Errorf("it is said to be at %.200q, which is not on the host of the log: %w", c.Link, intel.ErrInvalid)
	}
	raw, err := s.Fetch.Get(ctx, c.Link)
	if status := (*fetch.StatusError)(nil); err != nil && !errors.As(err, &status) && !errors.Is(err, fetch.ErrTooLarge) {
		return intel.Document{}, fmt.Errorf("%w: %w", errAway, err)
	} else if err != nil {
		return intel.Document{}, err
	}
	if err := collect.CheckDepth(raw); err != nil {
		return intel.Document{}, err
	}
	doc, err := document(s.Env, raw)
	if err != nil {
		return doc, err
	}
	doc.ID = intel.NewContentID(doc, c.ID)
	doc.Learned, doc.Assumed = s.Now().UTC(), false
	return doc, nil
}
