package hunt

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// ranges finds the narrowest of many prefixes that an address is in: per
// length a sorted table, longest first.
type ranges struct {
	four4 []table4
	six   []table6
}

type table4 struct {
	bits int
	rows []entry[uint32]
}

type table6 struct {
	bits int
	rows []entry[netip.Addr]
}

type entry[T any] struct {
	addr T
	row  uint32
}

// add takes a prefix in, if it is one that says anything, and marks the first
// halves of the IPv4 addresses in it.
func (r *ranges) add(prefix string, row uint32, halfs *bitmap) bool {
	p, err := netip.ParsePrefix(prefix)
	if err != nil || p.Bits() == 0 {
		return false
	}
	p = p.Masked()
	if !p.Addr().Is4() {
		i := slices.IndexFunc(r.six, func(t table6) bool { return t.bits == p.Bits() })
		if i < 0 {
			i = len(r.six)
			r.six = append(r.six, table6{bits: p.Bits()})
		}
		r.six[i].rows = append(r.six[i].rows, entry[netip.Addr]{p.Addr(), row})
		return true
	}
	four := p.Addr().As4()
	addr := binary.BigEndian.Uint32(four[:])
	i := slices.IndexFunc(r.four4, func(t table4) bool { return t.bits == p.Bits() })
	if i < 0 {
		i = len(r.four4)
		r.four4 = append(r.four4, table4{bits: p.Bits()})
	}
	r.four4[i].rows = append(r.four4[i].rows, entry[uint32]{addr, row})
	for n := range uint32(1) << max(0, 16-p.Bits()) {
		halfs.set(uint16(addr>>16 + n))
	}
	return true
}

// sort makes the tables ready: longest prefix first, each in order.
func (r *ranges) sort() {
	slices.SortFunc(r.four4, func(a, b table4) int { return b.bits - a.bits })
	for _, t := range r.four4 {
		slices.SortStableFunc(t.rows, func(a, b entry[uint32]) int { return cmp.Compare(a.addr, b.addr) })
	}
	slices.SortFunc(r.six, func(a, b table6) int { return b.bits - a.bits })
	for _, t := range r.six {
		slices.SortStableFunc(t.rows, func(a, b entry[netip.Addr]) int { return a.addr.Compare(b.addr) })
	}
}

func (r *ranges) four(addr uint32) (uint32, bool) {
	for _, t := range r.four4 {
		i, ok := slices.BinarySearchFunc(t.rows, addr&^(1<<(32-t.bits)-1), func(e entry[uint32], a uint32) int { return cmp.Compare(e.addr, a) })
		if ok {
			return t.rows[i].row, true
		}
	}
	return 0, false
}

func (r *ranges) sixth(addr netip.Addr) (uint32, bool) {
	for _, t := range r.six {
		p, err := addr.Prefix(t.bits)
		if err != nil {
			continue
		}
		i, ok := slices.BinarySearchFunc(t.rows, p.Addr(), func(e entry[netip.Addr], a netip.Addr) int { return e.addr.Compare(a) })
		if ok {
			return t.rows[i].row, true
		}
	}
	return 0, false
}
