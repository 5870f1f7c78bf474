package command

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/portent-cti/portent/internal/collect"
)

// bounded is what a program prints, which ends with an error where it is too much.
type bounded struct {
	in         io.Reader
	left, most int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("%w: it prints more than %d bytes", collect.ErrTooLarge, b.most)
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

const (
	// mostSaid is how many bytes of what a program says beside its documents are kept, the
	// last, and mostLines how many lines of them an error tells.
	mostSaid  = 4 << 10
	mostLines = 5
)

// tail is the end of what is written to it.
type tail struct {
	text []byte
	cut  bool // there was more
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if more := len(t.text) - mostSaid; more > 0 {
		t.text, t.cut = append(t.text[:0], t.text[more:]...), true
	}
	return len(p), nil
}

// last is the last lines, as part of an error, without what is hidden.
func (t *tail) last(hide []string) string {
	text := string(t.text)
	if t.cut { // in the midst of what is secret, perhaps
		_, text, _ = strings.Cut(text, "\n")
	}
	text = strings.NewReplacer(hide...).Replace(strings.ToValidUTF8(text, "\uFFFD"))
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	lines = lines[max(0, len(lines)-mostLines):]
	if len(lines) == 0 {
		return ""
	}
	return "; it said: " + strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.Join(lines, "; "))
}
