package nats

import (
	"bytes"
	"fmt"
	"strconv"
)

// mostMessage is how many bytes of a message are taken in; a server takes in 64 MB at most.
const mostMessage = 64 << 20

// frames follows what a server says: the client makes room for as much as is announced,
// and breaks down where that is more than there can be.
type frames struct {
	line []byte // as far as it came
	body int    // bytes of a message that are to come
	tail bool   // what follows is the end of a message
}

// pass returns an error for a piece that the client must not be given.
func (f *frames) pass(p []byte) error {
	for len(p) > 0 {
		if f.body > 0 {
			n := min(f.body, len(p))
			f.body, p = f.body-n, p[n:]
			continue
		}
		end := bytes.IndexByte(p, '\n')
		whole := end >= 0
		if !whole {
			end = len(p)
		}
		if !f.tail {
			if f.line = append(f.line, p[:end]...); len(f.line) > longestGreeting {
				return fmt.Errorf("the server says a line of more than %d KiB", longestGreeting>>10)
			}
		}
		if !whole {
			return nil
		}
		p = p[end+1:]
		if f.tail {
			f.tail = false
			continue
		}
		if err := f.announced(); err != nil {
			return err
		}
		f.line = f.line[:0]
	}
	return nil
}

// announced takes in how large a message is that a line announces. The client takes the byte
// behind it for its end, and then all up to the end of the line.
func (f *frames) announced() error {
	if len(f.line) == 0 || !bytes.ContainsAny(f.line[:1], "MmHh") {
		return nil
	}
	words := bytes.Fields(f.line)
	size, err := strconv.ParseUint(string(words[len(words)-1]), 10, 32)
	if err != nil || size > mostMessage {
		return fmt.Errorf("the server announces a message of %.20q bytes, and %d MiB are the most", words[len(words)-1], mostMessage>>20)
	}
	f.body, f.tail = int(size)+1, true
	return nil
}
