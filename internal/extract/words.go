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
	hashBasis = 2166136261 // FNV-1a
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

// tokens appends the words of a text from a place on, in order.
func tokens(out []token, text string, i int) []token {
	for i < len(text) {
		c := text[i]
		if c < utf8.RuneSelf {
			low := lowerASCII[c]
			if low == 0 {
				i++
				continue
			}
			from, h := i, uint32(hashBasis)
			for low != 0 {
				h = (h ^ uint32(low)) * hashPrime
				i++
				if i == len(text) {
					break
				}
				low = lowerASCII[text[i]]
			}
			if i < len(text) && text[i] >= utf8.RuneSelf {
				i, h = wordEnd(text, i, h)
			}
			out = append(out, token{int32(from), int32(i), h})
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

// hashOf is the hash of a single word.
func hashOf(word string) uint32 {
	h := uint32(hashBasis)
	for _, r := range word {
		h = mix(h, r)
	}
	return h
}
