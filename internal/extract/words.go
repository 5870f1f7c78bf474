package extract

import (
	"encoding/binary"
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

// tokens appends the words of a text from a place on, in order. Sixty-four bytes are
// classed at a time, so that no word waits for where the one before it ends.
func tokens(out []token, text string, i int) []token {
	for i < len(text) {
		begin, end := i, i+64
		word, beyond := wordMasks(text, begin)
		for rest := word | beyond; rest != 0; {
			from := bits.TrailingZeros64(rest)
			to := from + bits.TrailingZeros64(^(word >> (from & 63)))
			if to < 64 && beyond>>(to&63)&1 == 0 {
				out = append(out, token{int32(begin + from), int32(begin + to), hashASCII(text, begin+from, to-from)})
			} else { // it may go on, beyond ASCII or behind these bytes
				out, i = longWord(out, text, begin+from)
				to = i - begin
			}
			rest &= ^uint64(0) << uint(to)
		}
		i = max(i, end)
	}
	return out
}

// longWord appends the word that begins at a place, which may be of any characters
// and length, and returns where to go on; where none begins, that is behind the
// character there.
func longWord(out []token, text string, i int) ([]token, int) {
	end, h := asciiWord(text, i)
	if end < len(text) && text[end] >= utf8.RuneSelf {
		r, size := utf8.DecodeRuneInString(text[end:])
		switch {
		case isWord(r) && !isHan(r):
			end, h = wordEnd(text, i, hashBasis)
		case end > i:
		case isHan(r):
			end, h = i+size, mix(hashBasis, r)
		default:
			return out, i + size
		}
	}
	return append(out, token{int32(i), int32(end), h}), end
}

// wordMasks tells which of the next sixty-four bytes of a text are ASCII letters and
// digits, and which are of characters beyond; behind its end are none.
func wordMasks(text string, i int) (word, beyond uint64) {
	for k := 0; k < 64 && i+k < len(text); k += 8 {
		x := eight(text, i+k)
		word |= highMask(alphanumeric(x)) << k
		if x&highBits != 0 {
			beyond |= highMask(x&highBits) << k
		}
	}
	return word, beyond
}

// highMask gathers the high bits of eight bytes, others being zero.
func highMask(x uint64) uint64 { return x >> 7 * 0x0102040810204080 >> 56 }

const (
	eachByte = 0x0101010101010101
	highBits = 0x80 * eachByte
)

// eight returns the next eight bytes of a text, the first the lowest; behind its
// end are zeros.
func eight(text string, i int) uint64 {
	if i+8 <= len(text) {
		return binary.LittleEndian.Uint64([]byte(text[i : i+8]))
	}
	return lastBytes(text, i)
}

// lastBytes returns what is left of a text.
func lastBytes(text string, i int) (x uint64) {
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

// hashASCII is the hash of a word of ASCII.
func hashASCII(text string, from, length int) uint32 {
	h := uint64(hashBasis)
	for ; length > 8; length -= 8 {
		h = mixEight(h, eight(text, from)|0x20*eachByte)
		from += 8
	}
	return folded(mixEight(h, (eight(text, from)|0x20*eachByte)&(^uint64(0)>>(64-8*length))))
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
