package hunt

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends text to out with its percent signs decoded once.
func unescape(out, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if hi, lo := nibble(text[i+1]), nibble(text[i+2]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, text[i])
	}
	return out
}

// unescapeValue is unescape for the value of a parameter, where a plus sign is
// a blank.
func unescapeValue(out, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '+')
		if i < 0 {
			return unescape(out, text)
		}
		out = append(unescape(out, text[:i]), ' ')
		text = text[i+1:]
	}
}

// unquote appends text to out without the escapes that JSON and CEF write.
func unquote(out, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		switch c := text[i]; c {
		case '/', '"', '\\', '=', '|':
			out = append(out, c)
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		default:
			if r, n := codePoint(text[i-1:]); n > 0 {
				out = utf8.AppendRune(out, r)
				i += n - 2
			} else {
				out = append(out, '\\', c)
			}
		}
	}
	return out
}

// codePoint reads an escape such as \u043f, or two that are one character, and
// returns how many bytes it has, 0 if text does not begin with one.
func codePoint(text []byte) (r rune, n int) {
	if r = unit(text); r < 0 {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if both := utf16.DecodeRune(r, unit(text[6:])); both != utf8.RuneError {
			return both, 12
		}
	}
	return r, 6
}

// unit reads the number in an escape, -1 if text does not begin with one.
func unit(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	r := rune(0)
	for _, c := range text[2:6] {
		n := nibble(c)
		if n < 0 {
			return -1
		}
		r = r<<4 | rune(n)
	}
	return r
}

func nibble(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
