package reference

import (
	"hash/maphash"
	"math/bits"
)

// A sieve says of nearly all values that they are not in a set, so that they
// need not be looked up. It is a bitmap of hashes, its length a power of two.
type sieve struct {
	bits []uint64
	seed maphash.Seed
}

// bitsPerValue is so many that of values not in the set fewer than one in thirty
// is taken for one that may be.
const bitsPerValue = 32

// newSieve makes a sieve of the keys of sets. It is asked by the method that
// belongs to the hash: holds to whole, holdsAbove to reversed.
func newSieve(hash func(s *sieve, v string) uint32, sets ...map[string]uint16) *sieve {
	n := 0
	for _, m := range sets {
		n += len(m)
	}
	s := &sieve{bits: make([]uint64, 1<<bits.Len(uint(n*bitsPerValue/64))), seed: maphash.MakeSeed()}
	for _, m := range sets {
		for v := range m {
			h := hash(s, v)
			s.bits[int(h>>6)&(len(s.bits)-1)] |= 1 << (h & 63)
		}
	}
	return s
}

func (s *sieve) has(h uint32) bool { return s.bits[int(h>>6)&(len(s.bits)-1)]>>(h&63)&1 == 1 }

// whole is the hash of a value.
func (s *sieve) whole(v string) uint32 { return uint32(maphash.String(s.seed, v)) }

// holds reports whether a value may be in a set of whole values.
func (s *sieve) holds(v string) bool { return s.has(s.whole(v)) }

const (
	fnvBasis = 2166136261 // FNV-1a
	fnvPrime = 16777619
)

// reversed is the hash of a host, from its end.
func (s *sieve) reversed(host string) uint32 {
	h := uint32(fnvBasis)
	for i := len(host) - 1; i >= 0; i-- {
		h = (h ^ uint32(host[i])) * fnvPrime
	}
	return h
}

// holdsAbove reports whether host or a domain it is in may be in a set of hosts.
// They are hashed from the end, so that one pass tells all.
func (s *sieve) holdsAbove(host string) bool {
	h := uint32(fnvBasis)
	for i := len(host) - 1; i >= 0; i-- {
		if host[i] == '.' && s.has(h) {
			return true
		}
		h = (h ^ uint32(host[i])) * fnvPrime
	}
	return s.has(h)
}
