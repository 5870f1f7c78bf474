package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// plain writes text with its control characters written out as JSON does, but
// for tabs and ends of lines: names of files and words of documents come from strangers, and
// a terminal obeys what it is sent.
type plain struct{ io.Writer }

// Write implements io.Writer. Runes that two writes share pass.
func (p plain) Write(b []byte) (int, error) {
	clean := strings.IndexFunc(string(b), obeyed) < 0
	if clean {
		return p.Writer.Write(b)
	}
	var out strings.Builder
	for rest := b; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if obeyed(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.Write(rest[:size])
		}
		rest = rest[size:]
	}
	if _, err := io.WriteString(p.Writer, out.String()); err != nil {
		return 0, err
	}
	return len(b), nil
}

// obeyed reports whether a terminal does something at r other than show it.
func obeyed(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
