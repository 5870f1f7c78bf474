package pipeline

import (
	"encoding/hex"
	"math/bits"
	"slices"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// bands is how many parts a print has: two that differ in extract.Nearest bits are alike in
	// one of one more.
	bands = extract.Nearest + 1
	// widestBand is the most bits of a band.
	widestBand = (64 + bands - 1) / bands
	// mostAlike is how many prints with the same band are looked at, the latest: of 33 million
	// that differ as texts do all, of a flood that was made to be alike these.
	mostAlike = 1 << 16
	// mostTexts is how many texts of a voice are looked at for who copied them.
	mostTexts = 64
)

// An index finds the prints that another is near to, among those of originals. There are
// millions: 100 bytes each.
type index struct {
	texts []firstText
	by    [bands][1 << widestBand][]banded // of texts, by band
	of    map[int32][]int32                // of texts, the latest by whose word they are
	words []string                         // origins and sources
	word  map[string]int32                 // number of each
}

// A firstText is what is needed of an original's store.Print.
type firstText struct {
	bits           uint64
	document       [16]byte
	origin, source int32 // number of the word
	marking        intel.Marking
	reliability    intel.Reliability
}

// banded is a print in the list of a band: half of its bits, in which near ones differ no more
// than in all.
type banded struct {
	half uint32
	n    int32
}

// part returns part i of a print, of 64 bits shared among bands.
func part(print uint64, i int) int {
	from := 64 * i / bands
	width := 64*(i+1)/bands - from
	return int(print >> from & (1<<width - 1))
}

// otherHalf is the half of a print that has least of band i, which says nothing in its list.
func otherHalf(print uint64, i int) uint32 {
	if 2*i < bands {
		return uint32(print >> 32)
	}
	return uint32(print)
}

// near lists the texts that a print is near to, in the order in which they were read.
func (x *index) near(print uint64) (all []int32) {
	for i := range x.by {
		alike, own := x.by[i][part(print, i)], otherHalf(print, i)
		for _, b := range alike[max(0, len(alike)-mostAlike):] {
			if bits.OnesCount32(b.half^own) <= extract.Nearest && extract.Near(x.texts[b.n].bits, print) {
				all = append(all, b.n)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// at is text n as the store has it.
func (x *index) at(n int32) store.Print {
	t := x.texts[n]
	id := intel.DocumentID(hex.EncodeToString(t.document[:]))
	return store.Print{Document: id, Bits: t.bits, Marking: t.marking, Reliability: t.reliability, Original: id, Origin: x.words[t.origin], Source: intel.SourceID(x.words[t.source])}
}

// add takes in a text that is not there yet.
func (x *index) add(p store.Print) {
	t := x.remember(p)
	same, half := x.by[0][part(p.Bits, 0)], otherHalf(p.Bits, 0)
	for _, b := range same[max(0, len(same)-mostAlike):] {
		if b.half == half && x.texts[b.n].bits == t.bits && x.texts[b.n].document == t.document {
			return
		}
	}
	n := int32(len(x.texts))
	x.texts = append(x.texts, t)
	of := append(x.of[t.origin], n)
	if len(of) >= 2*mostTexts {
		of = slices.Clone(of[len(of)-mostTexts:])
	}
	x.of[t.origin] = of
	for i := range x.by {
		list := &x.by[i][part(p.Bits, i)]
		*list = append(*list, banded{otherHalf(p.Bits, i), n})
	}
}

// displace puts p in the place of text n, which stays near to what it was near to.
func (x *index) displace(n int32, p store.Print) {
	was := &x.texts[n]
	t := x.remember(p)
	was.document, was.origin, was.source = t.document, t.origin, t.source
}

// latest are the last texts that are of an origin's word.
func (x *index) latest(origin string) (out []intel.DocumentID) {
	of := x.of[x.number(origin)]
	for _, n := range of[max(0, len(of)-mostTexts):] {
		out = append(out, x.at(n).Document)
	}
	return out
}

func (x *index) remember(p store.Print) firstText {
	t := firstText{bits: p.Bits, origin: x.number(p.Origin), source: x.number(string(p.Source)), marking: p.Marking, reliability: p.Reliability}
	hex.Decode(t.document[:], []byte(p.Document)) //nolint:errcheck // the store takes no other IDs
	return t
}

// number is that of a word, which may be new.
func (x *index) number(word string) int32 {
	if x.word == nil {
		x.word, x.of = map[string]int32{}, map[int32][]int32{}
	}
	n, ok := x.word[word]
	if !ok {
		n = int32(len(x.words))
		x.words = append(x.words, word)
		x.word[word] = n
	}
	return n
}
