package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

var (
	// errNotUTF8 says what became of text that is to be UTF-8 and is not.
	errNotUTF8 = errors.New("not valid UTF-8: read with U+FFFD in place of what is not")

	// ErrEncoding says what became of text that is not in the encoding it says.
	ErrEncoding = errors.New("not valid in the encoding it says: read with U+FFFD in place of what is not")
)

// mostMended is how many lines of a file are named for not being UTF-8.
const mostMended = 20

// Encoded returns r, as it is, and notes through env the lines of it that are
// not valid UTF-8. What parses it is to replace what is not, as JSON's does.
func Encoded(env Env, r io.Reader) io.Reader { return &encoded{env: env, in: r, line: 1} }

type encoded struct {
	env   Env
	in    io.Reader
	line  int
	last  int // the last line noted
	noted int
	part  []byte // of a rune that the last read cut
}

// Read implements io.Reader.
func (e *encoded) Read(p []byte) (int, error) {
	n, err := e.in.Read(p)
	text := p[:n]
	if len(e.part) > 0 {
		text = append(e.part, text...)
		e.part = nil
	}
	e.check(text, err != nil)
	return n, err
}

// check looks through text, which ends the whole or not.
func (e *encoded) check(text []byte, ends bool) {
	for !utf8.Valid(text) {
		at := 0
		for at < len(text) {
			r, size := utf8.DecodeRune(text[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
		e.line += bytes.Count(text[:at], []byte{'\n'})
		text = text[at:]
		if !ends && !utf8.FullRune(text) {
			e.part = bytes.Clone(text)
			return
		}
		if e.line != e.last && e.noted < mostMended && e.env.Reject != nil {
			e.env.Reject(fmt.Sprintf("line %d", e.line), errNotUTF8)
			e.last, e.noted = e.line, e.noted+1
		}
		text = text[1:]
	}
	e.line += bytes.Count(text, []byte{'\n'})
}

// ReadText is ReadFile for text in UTF-8: it notes the lines that are not, as
// CheckText does.
func ReadText(ctx context.Context, env Env, name string, limit int64) ([]byte, error) {
	text, err := ReadFile(ctx, env, name, limit)
	CheckText(env, text)
	return text, err
}

// CheckText notes through env the first lines of text that are not valid UTF-8.
func CheckText(env Env, text []byte) { (&encoded{env: env, line: 1}).check(text, true) }
