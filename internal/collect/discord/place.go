package discord

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// mostChannels is how many channels a cursor remembers, those that spoke last.
const mostChannels = 500

// A place is how far the channels were read: the cursor.
type place struct {
	Since time.Time `json:"since"`           // the first visit: what was said before is history
	First bool      `json:"first,omitempty"` // the history of some may yet be to read
	// Floor is up to where all was read of a channel that is not remembered.
	Floor snowflake               `json:"floor"`
	Last  map[snowflake]snowflake `json:"last"` // message by channel

	raised snowflake // what the floor becomes once nothing is left to fill
}

// newPlace reads a cursor; the empty one is that of a first visit, now.
func newPlace(from intel.Cursor, now time.Time) (*place, error) {
	p := &place{Since: now.UTC(), First: true, Floor: since(now)}
	if from != "" {
		*p = place{}
		if err := json.Unmarshal([]byte(from), p); err != nil || len(p.Last) > mostChannels {
			return nil, collect.Permanent(fmt.Errorf("cursor of %d bytes: %w", len(from), intel.ErrInvalid))
		}
	}
	if p.Last == nil {
		p.Last = map[snowflake]snowflake{}
	}
	return p, nil
}

// after is the message behind which a channel is to be read; 0 is before all that it shows first.
func (p *place) after(channel snowflake) snowflake {
	if last, ok := p.Last[channel]; ok {
		return last
	}
	if p.First {
		return 0
	}
	return p.Floor
}

// add notes that a message is read. Of too many channels the one that was silent for longest is
// forgotten; the floor rises only when nothing is left to fill, so that none is passed over.
func (p *place) add(channel, message snowflake) {
	p.Last[channel] = max(p.Last[channel], message)
	if len(p.Last) <= mostChannels {
		return
	}
	oldest := snowflake(0)
	for c, m := range p.Last {
		if c != channel && (oldest == 0 || m < p.Last[oldest]) {
			oldest = c
		}
	}
	p.raised = max(p.raised, p.Last[oldest])
	delete(p.Last, oldest)
}

// filled notes that nothing is left to fill.
func (p *place) filled() { p.First, p.Floor = false, max(p.Floor, p.raised) }

func (p *place) cursor() (intel.Cursor, error) {
	text, err := json.Marshal(p)
	return intel.Cursor(text), err
}

// dated has a document learned now, or when it was published where that was before the first visit.
func (p *place) dated(doc intel.Document, now time.Time) intel.Document {
	doc.Learned = now.UTC()
	if doc.Published.After(doc.Learned) {
		doc.Published = doc.Learned
	}
	if doc.Published.Before(p.Since) {
		doc.Learned, doc.Assumed = doc.Published, true
	}
	return doc
}
