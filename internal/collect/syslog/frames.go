package syslog

import (
	"bufio"
	"errors"
	"io"
)

const (
	// longest is the most bytes of a message: eight times what receivers should take
	// (RFC 5424, 6.1).
	longest = 64 << 10
	// digits is how many digits the length of one has at most.
	digits = 8
)

// errFraming means that a stream is in neither framing: what follows cannot be told apart.
var errFraming = errors.New("neither a length nor a line")

// frames reads the messages of a stream, each in the framing that it begins with
// (RFC 6587): a length and a blank before it, or an end of line behind it.
type frames struct {
	in   *bufio.Reader
	buf  []byte
	long func() // told of a message whose rest was not read
}

// next returns the next message, which is valid until it is called again.
func (f *frames) next() ([]byte, error) {
	for {
		c, err := f.in.ReadByte()
		switch {
		case err != nil:
			return nil, err
		case c == '\n' || c == '\r' || c == 0: // between messages
			continue
		}
		if err := f.in.UnreadByte(); err != nil {
			return nil, err
		}
		if c >= '1' && c <= '9' {
			return f.counted()
		}
		return f.line()
	}
}

// counted reads a message of a length that is told. A line that begins with a number,
// as of a date, is a line.
func (f *frames) counted() ([]byte, error) {
	n, end := 0, 0
	for ; ; end++ {
		head, err := f.in.Peek(end + 1)
		if err != nil {
			return nil, err
		}
		c := head[end]
		if c < '0' || c > '9' {
			break
		}
		if n = 10*n + int(c-'0'); end == digits {
			return nil, errFraming
		}
	}
	head, err := f.in.Peek(end + 2)
	if err != nil {
		return nil, err
	}
	if head[end] != ' ' || head[end+1] != '<' {
		return f.line() // "2026-03-01 …"
	}
	if _, err := f.in.Discard(end + 1); err != nil {
		return nil, err
	}
	f.buf = grown(f.buf, min(n, longest))
	if _, err := io.ReadFull(f.in, f.buf); err != nil {
		return nil, err // what is cut off is no message
	}
	if rest := n - len(f.buf); rest > 0 {
		f.long()
		_, err = f.in.Discard(rest)
		return f.buf, err
	}
	return f.buf, nil
}

func grown(buf []byte, n int) []byte {
	if cap(buf) < n {
		return make([]byte, n)
	}
	return buf[:n]
}

// line reads a message up to the end of its line, or a NUL, or of the stream.
func (f *frames) line() ([]byte, error) {
	f.buf = f.buf[:0]
	for long := false; ; {
		part, err := f.in.ReadSlice('\n')
		if room := longest - len(f.buf); len(part) > room {
			part = part[:room]
			if !long {
				f.long()
			}
			long = true
		}
		f.buf = append(f.buf, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return f.buf, err
		}
		return f.buf, nil
	}
}
