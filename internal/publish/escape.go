package publish

import (
	"strings"
	"unicode"
)

// inline makes s one line of plain Markdown text: nothing in it is markup, ends
// a table cell or turns the direction of writing around.
func inline(s string) string {
	var b strings.Builder
	for _, r := range clean(s) {
		if strings.ContainsRune("\\`*_{}[]<>#|~!&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	// An address in plain text would become a link of its own.
	return strings.NewReplacer("://", ":\u200b//", "www.", "www\u200b.").Replace(b.String())
}

// code makes s a code span: shown letter by letter and never a link.
func code(s string) string {
	s = strings.ReplaceAll(clean(s), "|", "\\|")
	longest, run := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	if longest > 0 || s == "" {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}

// link writes an address as a link in angle brackets if it is plain http, and
// as code otherwise.
func link(url string) string {
	url = clean(url)
	if (strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")) && !strings.ContainsAny(url, "<> \\`|\"") {
		return "<" + url + ">"
	}
	return code(url)
}

// clean puts s on one line without control and direction characters.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}
