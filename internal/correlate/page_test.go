package correlate

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNoSentenceGrowsWithTheDocument(t *testing.T) {
	for _, unit := range []string{"Lazarus Group ", "黑客组织", "a", "a.a.", "\xff"} {
		text := strings.Repeat(unit, 100_000)
		begins, _ := boundaries(text)
		if len(begins) == 0 || begins[0] != 0 {
			t.Fatalf("%q: the first of %d sentences does not begin with the text", unit, len(begins))
		}
		for i, from := range begins {
			to := len(text)
			if i+1 < len(begins) {
				to = begins[i+1]
			}
			if to-from > 2*longSentence+utf8.UTFMax {
				t.Fatalf("%q: a sentence of %d bytes", unit, to-from)
			}
			if utf8.ValidString(unit) && !utf8.ValidString(text[from:to]) {
				t.Fatalf("%q: a sentence ends in a character", unit)
			}
		}
	}
}
