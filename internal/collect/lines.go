package collect

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// MaxLine is the longest line that Lines hands out, in bytes.
const MaxLine = 1 << 20

// Lines reads a text line by line in constant memory. A line longer than
// MaxLine is handed to Env.Reject with its number and passed over.
type Lines struct {
	env      Env
	in       *bufio.Reader
	long     []byte // a line that did not fit the buffer of in
	line     []byte
	number   int
	mended   int // lines with invalid UTF-8
	replaced int // the last line mended
	err      error
}

// NewLines returns the lines of r, without a byte order mark. It notes what is
// amiss through env.
func NewLines(env Env, r io.Reader) *Lines {
	in := bufio.NewReaderSize(r, 64<<10)
	if bom, err := in.Peek(3); err == nil && string(bom) == "\uFEFF" {
		in.Discard(3) //nolint:errcheck // they were just peeked at
	}
	return &Lines{env: env, in: in}
}

// Next moves on to the next line and reports whether there is one. A last line
// that an error cut off is not handed out.
func (l *Lines) Next() bool {
	for l.err == nil {
		line, long, err := l.read()
		l.err = err
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0 && !long) {
			break
		}
		l.number++
		if line = bytes.TrimRight(line, "\r\n"); long || len(line) > MaxLine {
			l.Reject(fmt.Errorf("%w: longer than %d bytes", ErrTooLarge, MaxLine))
			continue
		}
		l.line = line
		return true
	}
	l.line = nil
	if l.mended > 0 && l.env.Log != nil {
		l.env.Log.Warn("invalid UTF-8 replaced", "source", l.env.ID, "lines", l.mended)
		l.mended = 0
	}
	return false
}

// read returns the next line with its end, or long when it is too long; what
// is too long is read to its end and dropped.
func (l *Lines) read() (line []byte, long bool, err error) {
	line, err = l.in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, false, err
	}
	l.long = l.long[:0]
	for {
		if !long {
			l.long = append(l.long, line...)
			long = len(l.long) > MaxLine+len("\r\n")
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, long, err
		}
		line, err = l.in.ReadSlice('\n')
	}
}

// Bytes returns the line without its end. It is valid until Next is called and
// may hold invalid UTF-8.
func (l *Lines) Bytes() []byte { return l.line }

// Text returns the line without its end, with U+FFFD for what is not UTF-8.
func (l *Lines) Text() string {
	if !utf8.Valid(l.line) {
		if l.number != l.replaced {
			if l.mended, l.replaced = l.mended+1, l.number; l.mended <= mostMended {
				l.Reject(errNotUTF8)
			}
		}
		return strings.ToValidUTF8(string(l.line), "\uFFFD")
	}
	return string(l.line)
}

// Number returns the number of the line, counted from one.
func (l *Lines) Number() int { return l.number }

// Reject notes that the line cannot be read.
func (l *Lines) Reject(reason error) {
	if l.env.Reject != nil {
		l.env.Reject(fmt.Sprintf("line %d", l.number), reason)
	}
}

// Err returns the error that ended the lines, nil at the end of the text.
func (l *Lines) Err() error {
	if l.err == nil || errors.Is(l.err, io.EOF) {
		return nil
	}
	return fmt.Errorf("line %d: %w", l.number+1, l.err)
}
