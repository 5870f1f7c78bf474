package collect

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// Seen is the cursor of a source that shows its latest items each time, in whatever order and
// with whatever dates: it remembers which of them were kept. The zero value has none.
type Seen struct {
	digests []string
	has     map[string]bool
}

const (
	// mostSeen is how many items are remembered, those that came last. A feed that shows
	// more at once has the rest kept again, which changes nothing.
	mostSeen = 2048
	// seenDigest is how long the digest of one is, in bytes: a new item passes for one of
	// 2,048 once in 10^16 times.
	seenDigest = 8
	seenWidth  = 11
)

// NewSeen reads a cursor.
func NewSeen(from intel.Cursor) (Seen, error) {
	s := Seen{has: map[string]bool{}}
	text := string(from)
	if len(text)%seenWidth != 0 || len(text) > 2*mostSeen*seenWidth {
		return s, Permanent(fmt.Errorf("cursor of %d bytes: %w", len(text), intel.ErrInvalid))
	}
	for ; text != ""; text = text[seenWidth:] {
		s.add(text[:seenWidth])
	}
	return s, nil
}

func (s *Seen) add(digest string) {
	if s.has[digest] {
		return
	}
	s.has[digest] = true
	s.digests = append(s.digests, digest)
	if more := len(s.digests) - mostSeen; more > 0 {
		for _, d := range s.digests[:more] {
			delete(s.has, d)
		}
		s.digests = slices.Delete(s.digests, 0, more)
	}
}

// Has reports whether the item of that key was kept. What is part of the key and changes makes
// it another item.
func (s *Seen) Has(key ...string) bool { return s.has[digest(key)] }

// Add notes that the item of that key is kept and returns the cursor from then on.
func (s *Seen) Add(key ...string) intel.Cursor {
	s.add(digest(key))
	return s.Cursor()
}

// Cursor is what is remembered.
func (s *Seen) Cursor() intel.Cursor { return intel.Cursor(strings.Join(s.digests, "")) }

func digest(key []string) string {
	sum := sha256.Sum256([]byte(strings.Join(key, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:seenDigest])
}
