package extract

import (
	"fmt"
	"hash/fnv"
	"math/bits"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	// fewestWords is from how many words on a text is worth comparing: what is
	// shorter many write independently of each other.
	fewestWords = 8
	// mostPrinted is how much of a text its print is of, in bytes.
	mostPrinted = 1 << 20
	// Nearest is in how many bits the prints of near copies differ at most: of
	// a hundred words, two or three may be others.
	Nearest = 6
)

// Print returns a fingerprint of 64 bits of what a text says, of which near
// copies differ in at most [Nearest] (Charikar 2002; Manku et al. 2007;
// features are words and pairs of words). Case, punctuation, disguises, addresses of other
// posts and who is quoted make no difference. A text of few words has none.
func Print(text string) (print uint64, ok bool) {
	text = reposted(text[:min(len(text), mostPrinted)])
	var c ones
	n, before, until := 0, uint64(0), 0
	for _, t := range tokens(nil, text, 0) {
		from, to := int(t.from), int(t.to)
		if from < until || disguised(text[from:to]) {
			continue
		}
		if text[from:to] == "t" && strings.HasPrefix(text[to:], ".co/") {
			for until = to; until < len(text) && text[until] > ' '; until++ {
			}
			continue
		}
		h := spread(uint64(spelling(text[from:to])))
		c.add(h)
		if n++; n > 1 {
			c.add(spread(before*31 + h))
		}
		before = h
	}
	if n < fewestWords {
		return 0, false
	}
	return c.majority(), true
}

// fewestClaims is from how many claims on a list is worth comparing.
const fewestClaims = 8

// PrintClaims returns a fingerprint of what a list claims, as [Print] does of a text:
// of a hundred rows, two or three may be others. In what order, since when and by whom
// they are said makes no difference. A list of few claims has none.
func PrintClaims(claims []intel.Claim) (print uint64, ok bool) {
	if len(claims) < fewestClaims {
		return 0, false
	}
	said := make([]uint64, len(claims))
	h := fnv.New64a()
	for i, c := range claims {
		h.Reset()
		fmt.Fprintf(h, "%s\x00%s\x00%s\x00%d", c.Subject, c.Relation, c.Object, c.Stance)
		said[i] = h.Sum64()
	}
	slices.Sort(said)
	said = slices.Compact(said)
	var c ones
	for _, one := range said[:min(len(said), mostPrinted)] {
		c.add(spread(one))
	}
	return c.majority(), len(said) >= fewestClaims
}

// ones counts how often each of 64 bits was set: plane i holds bit i of all the
// counts.
type ones struct {
	planes [22]uint64 // mostPrinted words and pairs
	added  int
}

func (o *ones) add(h uint64) {
	o.added++
	for i := 0; h != 0 && i < len(o.planes); i++ {
		o.planes[i], h = o.planes[i]^h, o.planes[i]&h
	}
}

// majority returns the bits that were set more often than not.
func (o *ones) majority() (most uint64) {
	for bit := range 64 {
		n := 0
		for i, p := range o.planes {
			n |= int(p>>bit&1) << i
		}
		if 2*n > o.added {
			most |= 1 << bit
		}
	}
	return most
}

// Near reports whether two prints are of near copies.
func Near(a, b uint64) bool { return bits.OnesCount64(a^b) <= Nearest }

// reposted returns a post without the name of whom it repeats.
func reposted(text string) string {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "RT @")
	if !ok {
		return text
	}
	if _, said, ok := strings.Cut(rest[:min(len(rest), 64)], ":"); ok {
		return rest[len(rest[:min(len(rest), 64)])-len(said):]
	}
	return text
}

// disguised reports whether a word is one that a disguise changes.
func disguised(word string) bool {
	switch len(word) {
	case 3, 4, 5:
		switch strings.ToLower(word) {
		case "http", "https", "hxxp", "hxxps", "dot":
			return true
		}
	}
	return false
}

// spread mixes the bits of h (the finalizer of SplitMix64).
func spread(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
