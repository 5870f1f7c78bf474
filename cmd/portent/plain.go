package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// plain writes text with its control characters written out as JSON does, but
// for tabs and ends of lines: names of files and words of documents come from strangers, and
// a terminal obeys what it is sent.
type plain struct {
	io.Writer

	mu   sync.Mutex
	held []byte // the beginning of a rune that the next write may complete
}

// Write implements io.Writer. A rune that two writes share is judged whole.
func (p *plain) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := b
	if len(p.held) > 0 {
		text = append(p.held, b...)
	}
	cut := whole(text)
	out := text[:cut]
	if strings.ContainsFunc(string(out), obeyed) {
		out = written(out)
	}
	if len(out) > 0 {
		if _, err := p.Writer.Write(out); err != nil {
			return 0, err
		}
	}
	p.held = append([]byte(nil), text[cut:]...)
	return len(b), nil
}

// end writes what is held as it is: nothing completes it any more.
func (p *plain) end() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.held) == 0 {
		return nil
	}
	_, err := p.Writer.Write(p.held)
	p.held = nil
	return err
}

// whole is how many bytes of text are no beginning of a rune at its end.
func whole(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if at := len(text) - n; utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				return at
			}
			break
		}
	}
	return len(text)
}

// written is text with what a terminal obeys written out.
func written(text []byte) []byte {
	var out []byte
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if obeyed(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, text[:size]...)
		}
		text = text[size:]
	}
	return out
}

// obeyed reports whether a terminal does something at r other than show it.
func obeyed(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// line is what strangers wrote, to stand in a line of the result: an end of a line
// in it is written out, as plain does with what else is obeyed.
func line[S ~string](s S) string { return strings.ReplaceAll(string(s), "\n", `\u000a`) }
