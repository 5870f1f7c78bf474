package extract

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

// Most runs are plain words: letters, with a sign of the sentence behind them. They
// are no values and go on in none, so they are passed eight bytes at a time.

// The longest runs of letters and of digits that are no values by their length.
const (
	longestWord   = 25
	longestNumber = 7
)

// skim returns where the first run begins that is more than a plain word or a number,
// or stands before what it could go on with. I is where the text begins, or behind
// the ASCII character that ended a run.
func skim(text string, i int) int {
	begin, full, spaced := i, false, uint64(0)
	if i > 0 && text[i-1] == ' ' {
		spaced = 0x80
	}
	for i < len(text) {
		letters, blanks, d := prosaic(eight(text, i))
		stops := highBits&^(letters|blanks) | d&(blanks<<8|spaced)
		if stops == 0 {
			if letters != highBits {
				full = false
			} else if full { // it may have the length of a digest
				return runBegin(text, begin, i)
			} else {
				full = true
			}
			i, spaced = i+8, blanks>>56
			continue
		}
		at := i + bits.TrailingZeros64(stops)/8
		if text[at]|0x20 != 'd' {
			i = passed(text, begin, at)
		} else if i = at; spelledDot(text[at-1:]) > 0 {
			i = 0
		}
		if i == 0 {
			return goneInto(text, begin, at)
		}
		full, spaced = false, 0
	}
	return len(text)
}

// prosaic sets the high bit of each of eight bytes that is an ASCII letter, a blank
// or a control character, the letter d.
func prosaic(x uint64) (letters, blanks, d uint64) {
	low := x &^ highBits
	small := low | 0x20*eachByte
	letters = (small + (0x80-'a')*eachByte) &^ (small + (0x80-'z'-1)*eachByte) &^ x & highBits
	blanks = highBits &^ (low + (0x80-'!')*eachByte | x)
	d = letters &^ (small ^ 'd'*eachByte + 0x7f*eachByte)
	return letters, blanks, d
}

// goneInto returns where the run begins that has to be looked at for the sake of what
// stands at a place: the one it is part of, or that could go on with it.
func goneInto(text string, begin, at int) int {
	if c := text[at]; at > begin && text[at-1] == ' ' && (c == '.' || c|0x20 == 'd' || classes[c]&bracket != 0) {
		at--
	}
	return runBegin(text, begin, at)
}

// runBegin returns where the run begins that a place is in.
func runBegin(text string, begin, at int) int {
	for at > begin && classes[text[at-1]]&ends == 0 {
		at--
	}
	return at
}

// passed returns where to go on behind a sign at a place that ends a run, or behind
// the rest of a plain word or number that it belongs to; 0 if it is part of more.
func passed(text string, begin, at int) int {
	switch {
	case closed(text, at):
		return at + 1
	case text[at] >= utf8.RuneSelf:
		return typographic(text, at)
	}
	from, to, most, plain := runBegin(text, begin, at), at, longestWord, alpha|hex|dash|other
	number := from == at && isDigit(text[at])
	if number {
		most, plain = longestNumber, digit
	}
	for to < len(text) && to-from <= most && classes[text[to]]&^plain == 0 {
		to++
	}
	if to-from > most {
		return 0
	}
	if from < to && (number || to == at) && to < len(text) && strings.IndexByte(".:!?)", text[to]) >= 0 {
		to++
	}
	if !closed(text, to) {
		return 0
	}
	return to
}

// closed reports whether a run that ends at a place does not go on.
func closed(text string, at int) bool {
	return at < len(text) && classes[text[at]]&ends != 0 && text[at] < utf8.RuneSelf && text[at] != '<'
}

// typographic returns where the blank or quotation mark beyond ASCII at a place ends,
// which is part of no value, or 0 if none is there.
func typographic(text string, at int) int {
	switch r, size := utf8.DecodeRuneInString(text[at:]); {
	case r == 0xA0, r >= 0x2018 && r <= 0x201F, r == 0x2022, r == 0x2026:
		return at + size
	}
	return 0
}
