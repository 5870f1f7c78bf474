package forecast

import "hash/maphash"

// names numbers names in the order in which they come. All of them stand in one
// text beside a table of numbers, since a map of a million strings takes four times
// the memory. The zero value is empty.
type names struct {
	seed  maphash.Seed
	text  []byte
	ends  []int   // of each name in text
	table []int32 // numbers, by the hashes of their names; -1 where there is none
}

func (n *names) len() int { return len(n.ends) }

// at returns the name of a number.
func (n *names) at(id int32) []byte {
	from := 0
	if id > 0 {
		from = n.ends[id-1]
	}
	return n.text[from:n.ends[id]]
}

// of returns the number of a name, and whether it is a fresh one.
func (n *names) of(name string) (id int32, fresh bool) {
	if 4*(len(n.ends)+1) > 3*len(n.table) {
		n.grow()
	}
	slot := n.slot(maphash.String(n.seed, name))
	for ; n.table[slot] >= 0; slot = (slot + 1) % len(n.table) {
		if string(n.at(n.table[slot])) == name {
			return n.table[slot], false
		}
	}
	id = int32(len(n.ends))
	n.text = append(n.text, name...)
	n.ends = append(n.ends, len(n.text))
	n.table[slot] = id
	return id, true
}

func (n *names) slot(hash uint64) int { return int(hash % uint64(len(n.table))) }

// grow makes a table of which half is free.
func (n *names) grow() {
	if n.table == nil {
		n.seed = maphash.MakeSeed()
	}
	n.table = make([]int32, 2*len(n.ends)+8)
	for i := range n.table {
		n.table[i] = -1
	}
	for id := range int32(len(n.ends)) {
		slot := n.slot(maphash.Bytes(n.seed, n.at(id)))
		for n.table[slot] >= 0 {
			slot = (slot + 1) % len(n.table)
		}
		n.table[slot] = id
	}
}
