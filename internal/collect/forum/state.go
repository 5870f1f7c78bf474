package forum

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// mostThreads is how many threads are remembered, those that were read last. One that is
	// forgotten is read again, which changes nothing.
	mostThreads = 1000
	mostState   = 4 << 20
)

// A state is how far a forum was read: the cursor.
type state struct {
	Since   time.Time         `json:"since"` // of the first visit
	Count   int               `json:"count"` // of posts so far
	Threads map[string]thread `json:"threads"`
}

// A thread is how far one was read.
type thread struct {
	At   string `json:"at,omitempty"`   // its page
	Last string `json:"last,omitempty"` // the last post of it that was kept
	Mark string `json:"mark,omitempty"` // what its list said of it when all was kept
	Read int    `json:"read"`           // the count at which that was
}

// read is how far a thread was read once all of a page is kept, the last of which has that ID:
// up to the next page, or all of it, of which its list says mark.
func read(at, next, id, mark string) thread {
	if next != "" {
		return thread{At: next}
	}
	return thread{At: at, Last: id, Mark: mark}
}

func newState(from intel.Cursor, now time.Time) (state, error) {
	s := state{Since: now.UTC(), Threads: map[string]thread{}}
	if from == "" {
		return s, nil
	}
	if len(from) > mostState {
		return s, collect.Permanent(fmt.Errorf("cursor of %d bytes: %w", len(from), intel.ErrInvalid))
	}
	if err := json.Unmarshal([]byte(from), &s); err != nil || s.Threads == nil {
		return s, collect.Permanent(fmt.Errorf("cursor: %w", intel.ErrInvalid))
	}
	return s, nil
}

// after notes how far a thread was read and returns the cursor from then on.
func (s *state) after(key string, t thread) intel.Cursor {
	s.Count++
	t.Read = s.Count
	s.Threads[key] = t
	if len(s.Threads) > mostThreads {
		delete(s.Threads, slices.MinFunc(slices.Collect(maps.Keys(s.Threads)), func(a, b string) int { return s.Threads[a].Read - s.Threads[b].Read }))
	}
	text, err := json.Marshal(s)
	if err != nil { // what is text can be written
		return ""
	}
	return intel.Cursor(text)
}
