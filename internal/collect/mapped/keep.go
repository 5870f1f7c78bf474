package mapped

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// latest is how many items of a feed are told apart by themselves, those that were changed
	// last: what is older than they are and than what was read is known.
	latest = 2000
	// perDocument is how many items that are kept together are one document, and perPart how
	// many claims of one item are.
	perDocument, perPart = 200, 500
	mostReferences       = 100
)

// A sieve is how far a feed was read.
type sieve struct {
	Water time.Time `json:"water,omitzero"` // all that was changed before is kept, or is among the latest
	New   bool      `json:"new,omitempty"`  // what was there at the first visit is all kept
	Part  int       `json:"part,omitempty"` // how many documents of the item under way are kept
	Kept  string    `json:"kept,omitempty"`

	seen collect.Seen
}

func newSieve(from intel.Cursor) (*sieve, error) {
	s := &sieve{}
	if from != "" && (json.Unmarshal([]byte(from), s) != nil || s.Part < 0) {
		return s, collect.Permanent(fmt.Errorf("cursor of %d bytes: %w", len(from), intel.ErrInvalid))
	}
	var err error
	s.seen, err = collect.NewSeen(intel.Cursor(s.Kept))
	return s, err
}

func (s *sieve) cursor() (intel.Cursor, error) {
	s.Kept = string(s.seen.Cursor())
	text, err := json.Marshal(s)
	return intel.Cursor(text), err
}

// fresh is the rows that are not kept yet, each once.
func (s *sieve) fresh(rows []row, repeated func()) (out []row) {
	twice := map[string]bool{}
	for i, r := range rows {
		key := strings.Join(r.key, "\x00")
		switch old := i < len(rows)-latest && r.now.Before(s.Water); {
		case twice[key]:
			repeated()
		case !old && !s.seen.Has(r.key...):
			out = append(out, r)
		}
		twice[key] = true
	}
	return out
}

// keep hands over what is new.
func (s *source) keep(ctx context.Context, at *sieve, rows []row, emit collect.Emit) error {
	rows = at.fresh(rows, s.Repeated)
	history := !at.New
	for len(rows) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := 1
		for s.rule.Together && n < min(len(rows), perDocument) && sameDay(rows[n].now, rows[0].now) {
			n++
		}
		docs := s.documents(rows[:n])
		for i := min(at.Part, len(docs)); i < len(docs); i++ {
			if at.Part = i + 1; at.Part == len(docs) {
				at.done(rows[:n], len(rows) == n, s.Now())
			}
			doc := docs[i]
			if doc.Learned, doc.Assumed = doc.Published, !doc.Published.IsZero(); !history || !doc.Assumed {
				doc.Learned, doc.Assumed = s.Now().UTC(), false
			}
			next, err := at.cursor()
			if err != nil {
				return err
			}
			if err := emit(doc, next); err != nil {
				return err
			}
		}
		at.done(rows[:n], len(rows) == n, s.Now())
		rows = rows[n:]
	}
	return nil
}

// done notes that rows are kept, which may be the last. One that says to be of a day that has
// not come moves nothing: all that is changed until then would count as known.
func (s *sieve) done(rows []row, last bool, now time.Time) {
	for _, r := range rows {
		s.seen.Add(r.key...)
		if r.now.After(s.Water) && !r.now.After(now) {
			s.Water = r.now
		}
	}
	s.Part, s.New = 0, s.New || last
}

func sameDay(a, b time.Time) bool { return a.Format(time.DateOnly) == b.Format(time.DateOnly) }

// documents is what rows come to: one document, or several of an item that says much.
func (s *source) documents(rows []row) []intel.Document {
	last := rows[len(rows)-1]
	doc := intel.Document{Source: s.ID, Genre: intel.Genre(s.rule.Genre), Author: last.line(s.rule.Author), Published: last.at, Language: s.rule.Language}
	var claims []intel.MarkedClaim
	for _, r := range rows {
		name := strings.Join(r.key, " ")
		for _, c := range r.claims(func(err error) { s.Reject("item "+name, err) }) {
			claims = append(claims, intel.MarkedClaim{Claim: c})
		}
		if r.at.After(doc.Published) {
			doc.Published = r.at
		}
	}
	if s.rule.Together {
		doc.Title = s.rule.Title
		return doc.Split(claims, len(claims)+1, s.rule.URL, last.now.Format(time.DateOnly))
	}
	doc.Title, doc.Text = last.line(s.rule.Title), last.text(s.rule.Text)
	if link, ok := collect.Link(last.line(s.rule.Link)); ok {
		doc.URL = link
	}
	for _, field := range s.rule.References {
		for _, ref := range last.all(field) {
			if link, ok := collect.Link(ref); ok && len(doc.References) < mostReferences && link != doc.URL {
				doc.References = append(doc.References, link)
			}
		}
	}
	return doc.Split(claims, perPart, last.key...)
}
