package collect

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Place is the cursor of a source that is asked for what is new: since when it is read, the
// last item, and which were kept. What was published before the first visit is history.
type Place struct {
	Since time.Time
	Last  string // what items behind it are asked for by; "" for what needs none
	// Until is down to where a list was read that tells the newest first, while there is more
	// of it that is new, and Top the newest of it: what is older than Until is read first.
	Until, Top string

	seen Seen
}

// kept is a place as a cursor has it.
type kept struct {
	Since time.Time    `json:"since"`
	Last  string       `json:"last,omitempty"`
	Until string       `json:"until,omitempty"`
	Top   string       `json:"top,omitempty"`
	Seen  intel.Cursor `json:"seen"`
}

// NewPlace reads a cursor; the empty one is that of a first visit, now.
func NewPlace(from intel.Cursor, now time.Time) (p Place, err error) {
	k := kept{Since: now.UTC()}
	if from != "" {
		if err := json.Unmarshal([]byte(from), &k); err != nil {
			return p, Permanent(fmt.Errorf("cursor: %w", intel.ErrInvalid))
		}
	}
	p = Place{Since: k.Since.UTC(), Last: k.Last, Until: k.Until, Top: k.Top}
	p.seen, err = NewSeen(k.Seen)
	return p, err
}

// Has reports whether the item of that key was kept.
func (p *Place) Has(key ...string) bool { return p.seen.Has(key...) }

// Add notes that the items of those keys are kept and returns the cursor from then on.
func (p *Place) Add(keys ...[]string) (intel.Cursor, error) {
	k := kept{Since: p.Since, Last: p.Last, Until: p.Until, Top: p.Top}
	for _, key := range keys {
		k.Seen = p.seen.Add(key...)
	}
	text, err := json.Marshal(k)
	return intel.Cursor(text), err
}

// Dated has a document learned when it was published where that was before the first visit,
// and published when it came at the latest.
func (p *Place) Dated(doc intel.Document, now time.Time) intel.Document {
	doc.Learned = now.UTC()
	if doc.Published = doc.Published.UTC(); doc.Published.After(doc.Learned) {
		doc.Published = doc.Learned
	}
	if !doc.Published.IsZero() && doc.Published.Before(p.Since) {
		doc.Learned, doc.Assumed = doc.Published, true
	}
	return doc
}
