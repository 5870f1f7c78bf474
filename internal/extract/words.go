package extract

import (
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// A token is a word: letters and digits. Scripts that are written without
// blanks give one token per character. Its hash is that of the word in lower
// case.
type token struct {
	from, to int32
	hash     uint32
}

const (
	hashBasis = 2166136261 // FNV-1a, of words that are not of ASCII alone
	hashPrime = 16777619
)

// lowerASCII maps the bytes of words to lower case and others to 0.
var lowerASCII = func() (t [256]byte) {
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-0x20] = c, c
	}
	return t
}()

// isWord reports whether r is part of a word.
func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

func isHan(r rune) bool {
	return r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// tokens appends the words of a text from a place on, in order. Those of ASCII are
// read eight bytes at a time.
func tokens(out []token, text string, i int) []token {
	for i < len(text) {
		x := eight(text, i)
		letters := alphanumeric(x)
		gap := bits.TrailingZeros64(letters|x&highBits) &^ 7
		if i += gap / 8; gap == 64 {
			continue
		}
		x, letters = x>>gap, letters>>gap
		if letters&0x80 != 0 {
			end, h := i+bits.TrailingZeros64(^letters&highBits)/8, uint32(0)
			if n := end - i; gap+8*n < 64 {
				h = folded(mixEight(hashBasis, (x|0x20*eachByte)&(1<<(8*n)-1)))
			} else {
				end, h = asciiWord(text, i)
			}
			if end < len(text) && text[end] >= utf8.RuneSelf {
				if further, whole := wordEnd(text, i, hashBasis); further > end {
					end, h = further, whole
				}
			}
			out = append(out, token{int32(i), int32(end), h})
			i = end
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case isHan(r):
			out = append(out, token{int32(i), int32(i + size), mix(hashBasis, r)})
			i += size
		case isWord(r):
			end, h := wordEnd(text, i, hashBasis)
			out = append(out, token{int32(i), int32(end), h})
			i = end
		default:
			i += size
		}
	}
	return out
}

const (
	eachByte = 0x0101010101010101
	highBits = 0x80 * eachByte
)

// eight returns the next eight bytes of a text, the first the lowest; behind its
// end are zeros.
func eight(text string, i int) (x uint64) {
	if i+8 <= len(text) {
		s := text[i : i+8]
		return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	}
	for k := len(text) - 1; k >= i; k-- {
		x = x<<8 | uint64(text[k])
	}
	return x
}

// alphanumeric sets the high bit of each of eight bytes that is an ASCII letter or
// digit. No sum carries into the next byte.
func alphanumeric(x uint64) uint64 {
	low := x &^ highBits
	small := low | 0x20*eachByte
	letter := (small + (0x80-'a')*eachByte) &^ (small + (0x80-'z'-1)*eachByte)
	digit := (low + (0x80-'0')*eachByte) &^ (low + (0x80-'9'-1)*eachByte)
	return (letter | digit) &^ x & highBits
}

// asciiWord returns where the word of ASCII ends that begins at a place, and its
// hash.
func asciiWord(text string, i int) (int, uint32) {
	h := uint64(hashBasis)
	x := eight(text, i)
	letters := alphanumeric(x)
	for ; letters == highBits; letters = alphanumeric(x) {
		h = mixEight(h, x|0x20*eachByte)
		i += 8
		x = eight(text, i)
	}
	if n := bits.TrailingZeros64(^letters&highBits) / 8; n > 0 {
		h = mixEight(h, (x|0x20*eachByte)&(1<<(8*n)-1))
		i += n
	}
	return i, folded(h)
}

// mixEight adds eight bytes to a hash, as SplitMix64 mixes its state.
func mixEight(h, x uint64) uint64 {
	h = (h ^ x) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

func folded(h uint64) uint32 { return uint32(h ^ h>>32) }

// mix adds a rune to a hash, in lower case.
func mix(h uint32, r rune) uint32 {
	if r < utf8.RuneSelf {
		return (h ^ uint32(lowerASCII[byte(r)])) * hashPrime
	}
	r = unicode.ToLower(r)
	h = (h ^ uint32(r)&0xffff) * hashPrime
	return (h ^ uint32(r)>>16 ^ 0x80) * hashPrime
}

// wordEnd returns where the word that goes on at i ends, and its hash.
func wordEnd(text string, i int, h uint32) (int, uint32) {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !isWord(r) || isHan(r) {
			break
		}
		h = mix(h, r)
		i += size
	}
	return i, h
}

// A bitmap says of nearly all words that they are not in a set, by their hash.
// Its length is a power of two.
type bitmap []uint64

func (b bitmap) add(h uint32) { b[int(h>>6)&(len(b)-1)] |= 1 << (h & 63) }

func (b bitmap) has(h uint32) bool { return b[int(h>>6)&(len(b)-1)]>>(h&63)&1 == 1 }

// A directory finds places by hash. It is a table with open addressing, half
// empty, with 1 more than the place in each slot.
type directory []struct {
	hash  uint32
	place int32
}

func newDirectory(places map[uint32]int32) directory {
	d := make(directory, 1<<bits.Len(uint(2*len(places))))
	for h, place := range places {
		i := int(h) & (len(d) - 1)
		for d[i].place != 0 {
			i = (i + 1) & (len(d) - 1)
		}
		d[i].hash, d[i].place = h, place+1
	}
	return d
}

func (d directory) of(h uint32) (place int32, ok bool) {
	for i := int(h) & (len(d) - 1); d[i].place != 0; i = (i + 1) & (len(d) - 1) {
		if d[i].hash == h {
			return d[i].place - 1, true
		}
	}
	return 0, false
}

// hashOf is the hash of a single word, or of two signs that are one.
func hashOf(word string) uint32 {
	if words := tokens(nil, word, 0); len(words) == 1 {
		return words[0].hash
	}
	return spelling(word)
}

// spelling is a hash of a word by its characters, the same in all versions.
func spelling(word string) uint32 {
	h := uint32(hashBasis)
	for _, r := range word {
		h = mix(h, r)
	}
	return h
}
