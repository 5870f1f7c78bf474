package tail

import (
	"context"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Kept reads a log of which documents are kept, and remembers which. Its cursor is their digests,
// a blank, and from where the log is to be read.
type Kept struct {
	Tail Tail
	Live bool // it goes on for as long as the log does

	// What follows is as of cursor, so that the next visit need not read again.
	cursor intel.Cursor
	read   intel.Cursor // of Tail
	seen   collect.Seen
	ready  bool // the last visit ended well
}

// Streams implements collect.Stream.
func (k *Kept) Streams() bool { return k.Live }

// Visit hands pieces of the log to piece. Where the last visit did not end well, or the cursor is
// another than it left, anew is called first: what was read without being kept comes again.
func (k *Kept) Visit(ctx context.Context, from intel.Cursor, anew func(), piece func(Piece) error) error {
	if !k.ready || from != k.cursor {
		kept, read, _ := strings.Cut(string(from), " ")
		seen, err := collect.NewSeen(intel.Cursor(kept))
		if err != nil {
			return err
		}
		k.seen, k.cursor, k.read = seen, from, intel.Cursor(read)
		anew()
	}
	return k.Tail.visit(ctx, k.Live, func() error {
		k.ready = false // until it ended well
		err := k.Tail.Read(ctx, k.read, func(p Piece) error {
			if err := piece(p); err != nil {
				return err
			}
			k.read = p.After
			return nil
		})
		k.ready = err == nil
		return err
	})
}

// Has reports whether what is known by that key was kept.
func (k *Kept) Has(key ...string) bool { return k.seen.Has(key...) }

// Add notes that what is known by that key is kept, and returns the cursor from then on, with the
// log to be read from a place.
func (k *Kept) Add(from intel.Cursor, key ...string) intel.Cursor {
	k.cursor = k.seen.Add(key...) + " " + from
	return k.cursor
}
