package pipeline

import (
	"cmp"
	"maps"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// A listed is a value and whose it is said to be.
type listed struct{ value, name int64 }

func (t told) key() listed { return listed{t.Value, t.Name} }

// told is a telling, with the source that it is the word of.
type told struct {
	store.Telling
	speaker string
}

// lists is what documents tell, and what is told of the same.
type lists struct {
	of     map[int64][]told // of those documents, in order of links
	beside map[listed][]told
	kept   map[int64][]string // whose word documents are, by speakers
}

// newLists sorts what documents tell, and what is told beside it: of each speaker the first
// document that those of a clearance see.
func newLists(own, beside []store.Telling, unnamed intel.Unnamed) lists {
	l := lists{of: map[int64][]told{}, beside: map[listed][]told{}, kept: map[int64][]string{}}
	for _, t := range own {
		if !t.Source.Reserved() {
			l.of[t.Document] = append(l.of[t.Document], told{t, unnamed.Speaker(t.Source)})
		}
	}
	slices.SortFunc(beside, func(a, b store.Telling) int {
		return cmp.Or(cmp.Compare(a.Document, b.Document), cmp.Compare(a.Link, b.Link), cmp.Compare(a.Origin, b.Origin))
	})
	type manner struct {
		listed
		speaker string
		marking intel.Marking
	}
	seen := map[manner]bool{}
	for _, t := range beside {
		o := told{t, unnamed.Speaker(t.Source)}
		m := manner{o.key(), o.speaker, t.Marking}
		if !t.Source.Reserved() && !seen[m] {
			seen[m] = true
			l.beside[o.key()] = append(l.beside[o.key()], o)
		}
	}
	return l
}

// documents are those whose lists they are, in order.
func (l lists) documents() []int64 { return slices.Sorted(maps.Keys(l.of)) }

// others are those of whom all readers of what a document tells may see that they say it,
// too.
func (l lists) others(t told) []told {
	own := func(o told) bool { return o.speaker == t.speaker || o.Marking > t.Marking }
	return slices.DeleteFunc(slices.Clone(l.beside[t.key()]), own)
}

// seconded are the documents of which somebody else says something, too, or is told to.
func (l lists) seconded() []int64 {
	shared := func(t told) bool {
		return t.Mirrored || slices.ContainsFunc(l.beside[t.key()], func(o told) bool { return o.speaker != t.speaker })
	}
	return slices.DeleteFunc(l.documents(), func(d int64) bool { return !slices.ContainsFunc(l.of[d], shared) })
}

// before reports whether what is told is taken for the original of another telling: it came
// first, or more readers may see it.
func (t told) before(o told) bool {
	return cmp.Or(cmp.Compare(t.Marking, o.Marking), cmp.Compare(t.Document, o.Document)) < 0
}

// original is who said first what a document tells, of those whose word it is; false if
// nobody did. What one of those has from somebody of whose list this one has less, it has
// found out itself: so who puts lists together stands between none of them.
func (l lists) original(t told) (first told, found bool) {
	for _, o := range l.others(t) {
		if !o.before(t) || !l.paired(t, o) {
			continue
		}
		root, ok := l.original(o)
		if !ok {
			root, ok = l.copied(o)
		}
		if ok && !l.paired(t, root) {
			continue
		}
		if ok {
			o = root
		}
		if !found || o.before(first) {
			first, found = o, true
		}
	}
	return first, found
}

// copied is whose word a telling is kept to be that is of a copy of a whole text.
func (l lists) copied(t told) (told, bool) {
	if !t.Mirrored {
		return told{}, false
	}
	for _, o := range l.others(t) {
		if o.Origin == t.Origin && !o.Mirrored && o.before(t) {
			return o, true
		}
	}
	return told{}, false
}

// paired reports whether a document and the source of a telling have nearly all of each
// other's list, or the one of the other's.
func (l lists) paired(t, o told) bool { return slices.Contains(l.kept[t.Document], o.speaker) }

// stale reports whether of a document is kept otherwise than it would be derived now whose
// word it is: that a row is nobody else's, or that one is.
func (l lists) stale(d int64) (own, others bool) {
	for _, t := range l.of[d] {
		_, ok := l.original(t)
		own, others = own || ok && !t.Mirrored, others || !ok && t.Mirrored
	}
	return own, others
}

// A half is a list and a source of which one has nearly all that the other lists.
type half struct {
	documents []int64 // of the list
	source    intel.SourceID
	speaker   string
}

// halves are the lists of which some source says nearly all, given of which list each
// document is. Short lists of one source are one.
func (l lists) halves(of map[int64]string) (out []half) {
	parts, short := map[string][]int64{}, map[string][]int64{}
	for _, d := range l.documents() {
		parts[of[d]] = append(parts[of[d]], d)
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		n := 0
		for _, d := range parts[name] {
			n += len(l.of[d])
		}
		if source := l.of[parts[name][0]][0].speaker; n < shortest {
			short[source] = append(short[source], parts[name]...)
		} else {
			out = append(out, l.whole(parts[name])...)
		}
	}
	for _, source := range slices.Sorted(maps.Keys(short)) {
		out = append(out, l.whole(short[source])...)
	}
	return out
}

// whole are the sources that say nearly all that documents tell together.
func (l lists) whole(documents []int64) (out []half) {
	rows, counts, source := map[listed]bool{}, map[string]int{}, map[string]intel.SourceID{}
	for _, d := range documents {
		for _, t := range l.of[d] {
			if rows[t.key()] {
				continue
			}
			rows[t.key()] = true
			here := map[string]bool{}
			for _, o := range l.others(t) {
				if !here[o.speaker] {
					here[o.speaker] = true
					counts[o.speaker]++
				}
				if source[o.speaker] == "" || o.Source < source[o.speaker] {
					source[o.speaker] = o.Source
				}
			}
		}
	}
	if len(rows) < shortest {
		return nil
	}
	for _, who := range slices.Sorted(maps.Keys(counts)) {
		if float64(counts[who]) >= leastListed*float64(len(rows)) {
			out = append(out, half{documents, source[who], who})
		}
	}
	return out
}

// around are the documents of other sources that say what documents tell, of each source
// those that say most of it.
func (l lists) around() (out []int64) {
	shares := map[string]map[int64]int{}
	for _, d := range l.documents() {
		for _, t := range l.of[d] {
			for _, o := range l.beside[t.key()] {
				if _, asked := l.of[o.Document]; asked || o.speaker == t.speaker {
					continue
				}
				if shares[o.speaker] == nil {
					shares[o.speaker] = map[int64]int{}
				}
				shares[o.speaker][o.Document]++
			}
		}
	}
	for _, of := range shares {
		some := slices.SortedFunc(maps.Keys(of), func(a, b int64) int { return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b)) })
		out = append(out, some[:min(len(some), mostBeside)]...)
	}
	slices.Sort(out)
	return out[:min(len(out), mostSaying)]
}
