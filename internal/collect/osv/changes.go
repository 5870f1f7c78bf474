package osv

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// firstDays is how far back changes are read at the first visit.
	firstDays = 24 * time.Hour
	// late is how many changes before the last that was read are looked at again: a database
	// that is asked seldom comes with changes of yesterday.
	late = 1000
	// mostList is how many bytes the list of changes has at most, and mostRows how many rows.
	mostList, mostRows = 64 << 20, 2 << 20
)

// An export is what osv.dev has of one ecosystem: a list of when each record was changed, and
// the records.
type export struct {
	collect.Env
	settings
	since time.Time
	// known is what the server told of a list all of whose records were given, up to at: they
	// are kept where the next visit begins there.
	known fetch.Validators
	at    intel.Cursor
}

func newExport(env collect.Env, s settings) (collect.Source, error) {
	s.Export = strings.TrimSuffix(cmp.Or(s.Export, usualExport), "/")
	s.Most = cmp.Or(s.Most, usualMost)
	e := &export{Env: env, settings: s}
	switch {
	case s.Ecosystem == "":
		return nil, errors.New("ecosystem is missing: which packages are read, such as npm or PyPI")
	case strings.ContainsAny(s.Ecosystem, "/\\:?#%\r\n") || s.Ecosystem == "." || s.Ecosystem == "..":
		return nil, fmt.Errorf("ecosystem: %q is none; one such as npm, PyPI or Debian is", s.Ecosystem)
	case s.Most < 0 || s.Most > mostRecords:
		return nil, fmt.Errorf("most: a visit reads 1 to %d records", mostRecords)
	}
	if s.Since != "" {
		at, err := time.Parse(time.DateOnly, s.Since)
		if err != nil {
			return nil, fmt.Errorf("since: %q is no day such as 2026-01-01", s.Since)
		}
		e.since = at
	}
	return e, collect.CheckURL("export", s.Export)
}

// A change is a row of the list: which record was changed last, and when.
type change struct {
	at time.Time
	id string
}

func (c change) compare(d change) int { return cmp.Or(c.at.Compare(d.at), cmp.Compare(c.id, d.id)) }

// progress is how far the list was read.
type progress struct {
	Began time.Time `json:"began"`           // the first visit
	Since time.Time `json:"since"`           // nothing that was changed before is read
	At    time.Time `json:"at"`              // the last change that was read, and
	ID    string    `json:"id"`              // of which record it is
	Under string    `json:"under,omitempty"` // the record under way, and how many documents of it
	Part  int       `json:"part,omitempty"`  // are kept
	Kept  string    `json:"kept,omitempty"`

	seen collect.Seen
}

func (e *export) progress(from intel.Cursor) (*progress, error) {
	now := e.Now().UTC()
	p := &progress{Began: now, Since: now.Add(-firstDays)}
	if !e.since.IsZero() {
		p.Since = e.since
	}
	if from != "" && (json.Unmarshal([]byte(from), p) != nil || p.Part < 0) {
		return p, collect.Permanent(fmt.Errorf("cursor of %d bytes: %w", len(from), intel.ErrInvalid))
	}
	var err error
	p.seen, err = collect.NewSeen(intel.Cursor(p.Kept))
	return p, err
}

// pending is the changes that are to be read, those of longest ago first. Of those before the
// last that was read the latest are told apart by themselves.
func (p *progress) pending(all []change) (out []change) {
	all = slices.DeleteFunc(all, func(c change) bool { return c.at.Before(p.Since) })
	slices.SortFunc(all, change.compare)
	all = slices.Compact(all)
	read, found := slices.BinarySearchFunc(all, change{p.At, p.ID}, change.compare)
	if found {
		read++
	}
	for _, c := range all[max(0, read-late):] {
		if !p.seen.Has(c.key()...) {
			out = append(out, c)
		}
	}
	return out
}

func (c change) key() []string { return []string{c.id, c.at.Format(time.RFC3339Nano)} }

// passed notes that a record is read. One that says to be of a day that has not come moves
// nothing: all that is changed until then would count as read.
func (p *progress) passed(c change, now time.Time) {
	p.seen.Add(c.key()...)
	if at := (change{p.At, p.ID}); c.compare(at) > 0 && !c.at.After(now) {
		p.At, p.ID = c.at, c.id
	}
	p.Under, p.Part = "", 0
}

func (p *progress) cursor() (intel.Cursor, error) {
	p.Kept = string(p.seen.Cursor())
	text, err := json.Marshal(p)
	return intel.Cursor(text), err
}

// Collect implements collect.Source.
func (e *export) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	p, err := e.progress(from)
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return err
	}
	if from == "" || from != e.at {
		e.known = fetch.Validators{}
	}
	r, err := e.Fetch.Do(ctx, fetch.Request{URL: e.address("modified_id.csv"), Known: e.known, Most: mostList})
	if errors.Is(err, fetch.ErrNotModified) {
		return nil
	}
	if err != nil {
		return err
	}
	all, err := e.list(r.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", r.URL, err)
	}
	last, changes := from, p.pending(all)
	for _, c := range changes[:min(len(changes), e.Most)] {
		if err := e.take(ctx, c, p, func(doc intel.Document, next intel.Cursor) error {
			last = next
			return emit(doc, next)
		}); err != nil {
			return err
		}
	}
	if len(changes) <= e.Most {
		e.known, e.at = r.Validators, last
	}
	return nil
}

func (e *export) address(file string) string {
	return e.Export + "/" + url.PathEscape(e.Ecosystem) + "/" + url.PathEscape(file)
}

// list reads the list of changes.
func (e *export) list(body []byte) (all []change, err error) {
	n := 0
	for line := range bytes.Lines(body) {
		if n++; n > mostRows {
			return nil, fmt.Errorf("%w: more than %d rows", fetch.ErrTooLarge, mostRows)
		}
		when, id, ok := strings.Cut(strings.TrimSpace(string(line)), ",")
		if when == "" || n == 1 && when == "modified" {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, when)
		switch {
		case n == 1 && (!ok || err != nil):
			return nil, fmt.Errorf("no list of changes, whose rows are a time and the id of a record: %w", intel.ErrInvalid)
		case !ok || err != nil || id == "" || len(id) > 200 || strings.ContainsAny(id, "/\\,\"") || strings.HasPrefix(id, "."):
			e.Reject(fmt.Sprint("row ", n), fmt.Errorf("%.100q is no time and id: %w", line, intel.ErrInvalid))
			continue
		}
		all = append(all, change{at.UTC(), id})
	}
	return all, nil
}

// take reads a record that was changed. One that is gone, or cannot be read, is passed over.
func (e *export) take(ctx context.Context, c change, p *progress, emit collect.Emit) error {
	r, err := e.Fetch.Do(ctx, fetch.Request{URL: e.address(c.id + ".json")})
	var docs []intel.Document
	if err == nil {
		docs, err = documents(e.Env, r.Body)
	} else if status := (*fetch.StatusError)(nil); !errors.Is(err, fetch.ErrTooLarge) && (!errors.As(err, &status) || status.Status != http.StatusNotFound) {
		return err
	}
	if err != nil {
		e.Reject("record "+c.id, err)
	}
	if key := strings.Join(c.key(), " "); p.Under != key {
		p.Under, p.Part = key, 0
	}
	history := c.at.Before(p.Began)
	for i := min(p.Part, len(docs)); i < len(docs); i++ {
		doc := docs[i]
		if !history {
			doc.Learned, doc.Assumed = e.Now().UTC(), false
		}
		if p.Part = i + 1; p.Part == len(docs) {
			p.passed(c, e.Now())
		}
		next, err := p.cursor()
		if err != nil {
			return err
		}
		if err := emit(doc, next); err != nil {
			return err
		}
	}
	p.passed(c, e.Now())
	return nil
}
