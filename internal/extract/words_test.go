package extract_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/portent-cti/portent/internal/extract"
)

// plainly returns the words of a text as they are meant, character by character.
func plainly(text string) (words []string) {
	begin := -1
	end := func(at int) {
		if begin >= 0 {
			words = append(words, text[begin:at])
		}
		begin = -1
	}
	for at, r := range text {
		switch {
		case r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			end(at)
			words = append(words, string(r))
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r):
			end(at)
		case begin < 0:
			begin = at
		}
	}
	end(len(text))
	return words
}

// FuzzWords looks for texts of which other words are read than stand there, or
// words whose case changes their hash.
func FuzzWords(f *testing.F) {
	for _, text := range []string{"", "a", "The LockBit3.0 gang, 12345678 and 123456789-abcdefgh", "\x10\x19@[`{\x7f", "café Müller страна пример1 数据a数据", "abcdefg\u00e9hi", strings.Repeat("aA0", 50), strings.Repeat("-", 60) + "word страна", strings.Repeat("x", 63) + "é " + strings.Repeat("数a", 30), "wordabcé。\xff\xfe x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words, hashes := extract.Words(text)
		if want := plainly(text); !slices.Equal(words, want) {
			t.Fatalf("%q has the words %q, not %q", text, want, words)
		}
		for i, w := range words {
			forms := []string{w, "(" + w + ")", "--" + w + " abcdefgh"}
			if ascii(w) {
				forms = append(forms, strings.ToLower(w), strings.ToUpper(w))
			}
			for _, same := range forms {
				if _, h := extract.Words(same); len(h) != 1 && same == w || h[0] != hashes[i] {
					t.Errorf("the hash of %q is another in %q", w, same)
				}
			}
		}
	})
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
