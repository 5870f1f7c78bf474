package extract

import (
	"unicode"
	"unicode/utf8"
)

// A token is a word: letters and digits. Scripts that are written without
// blanks give one token per character.
type token struct {
	from, to int
	han      bool
}

// isWord reports whether r is part of a word.
func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

func isHan(r rune) bool {
	return r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// tokens returns the words of a text in order.
func tokens(text string) []token {
	out := make([]token, 0, len(text)/6)
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if !asciiWord[c] {
				i++
				continue
			}
			from := i
			for i < len(text) && (text[i] < utf8.RuneSelf && asciiWord[text[i]]) {
				i++
			}
			if i < len(text) && text[i] >= utf8.RuneSelf {
				i = wordEnd(text, i)
			}
			out = append(out, token{from, i, false})
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case isHan(r):
			out = append(out, token{i, i + size, true})
			i += size
		case isWord(r):
			end := wordEnd(text, i)
			out = append(out, token{i, end, false})
			i = end
		default:
			i += size
		}
	}
	return out
}

// wordEnd returns where the word that goes on at i ends.
func wordEnd(text string, i int) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !isWord(r) || isHan(r) {
			break
		}
		i += size
	}
	return i
}

var asciiWord = [utf8.RuneSelf]bool{
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true, '8': true, '9': true,
	'a': true, 'b': true, 'c': true, 'd': true, 'e': true, 'f': true, 'g': true, 'h': true, 'i': true, 'j': true, 'k': true, 'l': true, 'm': true,
	'n': true, 'o': true, 'p': true, 'q': true, 'r': true, 's': true, 't': true, 'u': true, 'v': true, 'w': true, 'x': true, 'y': true, 'z': true,
	'A': true, 'B': true, 'C': true, 'D': true, 'E': true, 'F': true, 'G': true, 'H': true, 'I': true, 'J': true, 'K': true, 'L': true, 'M': true,
	'N': true, 'O': true, 'P': true, 'Q': true, 'R': true, 'S': true, 'T': true, 'U': true, 'V': true, 'W': true, 'X': true, 'Y': true, 'Z': true,
}
