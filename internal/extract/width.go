package extract

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// Full-width forms (Unicode U+FF01 to U+FF5E) are Latin letters, digits and signs
// as wide as a Chinese character. Texts of East Asia hold them by habit, and
// others to hide from searches. Ligatures (U+FB00 to U+FB06) are two or three
// letters in one sign, as text out of a PDF has them.

// A narrowing is a text whose ligatures, full-width letters and digits, and signs
// between such, are written in ASCII, or that is decoded otherwise, and the way back
// to the bytes it is of.
type narrowing struct {
	text   string
	places []int // in the narrow text, in order, behind each form that has another length
	gained []int // bytes that the original is longer by, up to that place
}

// narrowed returns a text in ASCII forms, and false where it has no ligatures and no
// full-width letters or digits.
func narrowed(text string) (narrowing, bool) {
	var n narrowing
	var b strings.Builder
	from, gained := 0, 0
	for at := 0; ; {
		i := strings.IndexByte(text[at:], 0xEF)
		if i < 0 {
			break
		}
		at += i
		r, size := utf8.DecodeRuneInString(text[at:])
		ascii := ligature(r)
		if ascii == "" && (wideWord(r) || wideSign(r) && besideWide(text, at, at+size)) {
			ascii = asciiForm(r)
		}
		if ascii != "" {
			b.WriteString(text[from:at])
			b.WriteString(ascii)
			from = at + size
			gained += size - len(ascii)
			n.places, n.gained = append(n.places, b.Len()), append(n.gained, gained)
		}
		at += size
	}
	if from == 0 {
		return n, false
	}
	b.WriteString(text[from:])
	n.text = b.String()
	return n, true
}

// ligature is what a ligature consists of, "" for any other sign.
func ligature(r rune) string {
	if r < 0xFB00 || r > 0xFB06 {
		return ""
	}
	return [...]string{"ff", "fi", "fl", "ffi", "ffl", "st", "st"}[r-0xFB00]
}

// asciiForm is a full-width form in ASCII.
func asciiForm(r rune) string { return string(r - 0xFEE0) }

// wideWord reports whether r is a full-width letter or digit.
func wideWord(r rune) bool {
	return r >= '０' && r <= '９' || r >= 'Ａ' && r <= 'Ｚ' || r >= 'ａ' && r <= 'ｚ'
}

// wideSign reports whether r is a full-width sign that stands inside values.
func wideSign(r rune) bool {
	return r > 0xFF00 && r < 0xFF5F && strings.IndexByte(".-/@:_%?=&", byte(r-0xFEE0)) >= 0
}

// besideWide reports whether full-width letters, digits or signs stand on both
// sides of a span.
func besideWide(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	return (wideWord(before) || wideSign(before)) && (wideWord(after) || wideSign(after))
}

// original returns where a place in the narrow text is in the original.
func (n narrowing) original(at int) int {
	if i := sort.SearchInts(n.places, at+1); i > 0 {
		return at + n.gained[i-1]
	}
	return at
}

// widened moves what was found in the narrow text to where it stands in the
// original, text. What is part of a ligature stands in all of it.
func (n narrowing) widened(found []intel.Observation, text string) []intel.Observation {
	for i := range found {
		o := &found[i]
		from, to := n.original(o.Offset), n.original(o.Offset+o.Length)
		for from > 0 && !utf8.RuneStart(text[from]) {
			from--
		}
		for to < len(text) && !utf8.RuneStart(text[to]) {
			to++
		}
		o.Offset, o.Length, o.Text = from, to-from, text[from:to]
	}
	return found
}
