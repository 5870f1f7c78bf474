package mastodon

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// A place is how far a timeline was read: the cursor.
type place struct {
	Since time.Time    `json:"since"` // of the first visit
	Last  string       `json:"last"`  // the highest number of a post
	Seen  intel.Cursor `json:"seen"`

	seen collect.Seen
}

func newPlace(from intel.Cursor, now time.Time) (p place, err error) {
	p.Since = now.UTC()
	if from != "" {
		if err := json.Unmarshal([]byte(from), &p); err != nil {
			return p, collect.Permanent(fmt.Errorf("cursor: %w", intel.ErrInvalid))
		}
	}
	p.seen, err = collect.NewSeen(p.Seen)
	return p, err
}

// add notes that a post is kept and returns the cursor from then on.
func (p *place) add(number string, key ...string) intel.Cursor {
	if older(p.Last, number) {
		p.Last = number
	}
	p.Seen = p.seen.Add(key...)
	text, err := json.Marshal(p)
	if err != nil { // what is text can be written
		return ""
	}
	return intel.Cursor(text)
}

// after is the number behind which posts are asked for: somewhat before the last where others
// may have come late. It tells the time where Mastodon made it.
func (p *place) after(overlap bool) string {
	n, err := strconv.ParseUint(p.Last, 10, 63)
	back := uint64(late.Milliseconds()) << 16
	if err != nil || !overlap || n>>16 < uint64(late.Milliseconds()) {
		return p.Last
	}
	return strconv.FormatUint(n-back, 10)
}

// older reports whether a number is less than another: decimal ones by value, others, as some
// servers have, by their letters.
func older(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}
