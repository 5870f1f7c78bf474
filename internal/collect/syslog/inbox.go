package syslog

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
)

// mostWaiting is how many bytes of messages wait to be hunted.
const mostWaiting = 4 << 20

// An inbox holds messages, a line each, until they are taken all at once.
type inbox struct {
	ready chan struct{} // has one if there may be something
	lost  atomic.Int64  // that there was no room for

	mu   sync.Mutex
	text []byte
	free []byte        // to be used next
	room chan struct{} // closed when all is taken; nil while nobody waits for it
}

func newInbox() *inbox { return &inbox{ready: make(chan struct{}, 1)} }

// offer takes in a message if there is room.
func (b *inbox) offer(message []byte) {
	b.mu.Lock()
	ok := b.put(message)
	b.mu.Unlock()
	if !ok {
		b.lost.Add(1)
	}
}

// wait takes in a message once there is room, and reports false if ctx ends before.
func (b *inbox) wait(ctx context.Context, message []byte) bool {
	for {
		b.mu.Lock()
		if b.put(message) {
			b.mu.Unlock()
			return true
		}
		if b.room == nil {
			b.room = make(chan struct{})
		}
		room := b.room
		b.mu.Unlock()
		select {
		case <-ctx.Done():
			return false
		case <-room:
		}
	}
}

// put adds a message as one line: what ends lines within it becomes a blank.
func (b *inbox) put(message []byte) bool {
	message = bytes.TrimRight(message, "\r\n\x00 ")
	if len(message) == 0 {
		return true
	}
	if len(b.text)+len(message)+1 > mostWaiting {
		return false
	}
	from := len(b.text)
	b.text = append(append(b.text, message...), '\n')
	for i, c := range b.text[from : len(b.text)-1] {
		if c == '\n' || c == '\r' || c == 0 {
			b.text[from+i] = ' '
		}
	}
	select {
	case b.ready <- struct{}{}:
	default:
	}
	return true
}

// take returns all that waits; it is valid until take is called again.
func (b *inbox) take() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := b.text
	b.text, b.free = b.free[:0], text
	if b.room != nil {
		close(b.room)
		b.room = nil
	}
	return text
}
