package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// leastListed is how much of a list another source must say for the one to be the
	// word of the other: of ten indicators nine.
	leastListed = 0.9
	// shortest is how many indicators a list has at least: of fewer, chance may have
	// others say them all.
	shortest = 8
	// compared is how many documents are compared at once.
	compared = 100
	// comparedEvery is how often fewer are.
	comparedEvery = 10 * time.Second
	// mostBeside is of how many values that came in again older documents are looked at
	// for whether what came in has all that they list.
	mostBeside = 4096
	// mostRemembered is how many short documents of a source are kept in mind.
	mostRemembered = 64
	// mostShort is of how many sources short documents are kept in mind.
	mostShort = 1000
)

// A listed is a value and whose it is said to be.
type listed struct{ value, name int64 }

// lists is what documents tell, and what others say of the same.
type lists struct {
	unnamed intel.Unnamed
	of      map[int64][]store.Telling  // of those documents, in order of links
	beside  map[listed][]store.Telling // by all
	taken   map[int64]bool             // that were found to be the word of others
	kept    map[int64]intel.SourceID   // of which it is kept whose word they are
}

// newLists sorts tellings, some of which may be there twice, and of which those of some documents are asked for.
func newLists(all []store.Telling, documents []int64, unnamed intel.Unnamed) lists {
	l := lists{unnamed: unnamed, of: make(map[int64][]store.Telling, len(documents)), beside: map[listed][]store.Telling{}, taken: map[int64]bool{}}
	asked := make(map[int64]bool, len(documents))
	for _, d := range documents {
		asked[d] = true
	}
	slices.SortFunc(all, func(a, b store.Telling) int {
		return cmp.Or(cmp.Compare(a.Document, b.Document), cmp.Compare(a.Link, b.Link), cmp.Compare(a.Origin, b.Origin))
	})
	for _, t := range slices.Compact(all) {
		if t.Source.Reserved() {
			continue
		}
		k := listed{t.Value, t.Name}
		l.beside[k] = append(l.beside[k], t)
		if asked[t.Document] {
			l.of[t.Document] = append(l.of[t.Document], t)
		}
	}
	return l
}

// said returns who else says what a document tells of a value, of those whom all its
// readers may see and who have it from nobody: a telling of each.
func (l lists) said(t store.Telling) map[string]store.Telling {
	by := map[string]store.Telling{}
	own := l.unnamed.Speaker(t.Source)
	for _, o := range l.beside[listed{t.Value, t.Name}] {
		who := l.unnamed.Speaker(o.Source)
		if who == own || o.Mirrored || o.Marking > t.Marking || l.taken[o.Document] {
			continue
		}
		if first, ok := by[who]; !ok || o.Document < first.Document {
			by[who] = o
		}
	}
	return by
}

// by returns what the source whose word a document is says of what it tells.
func (l lists) by(source intel.SourceID, t store.Telling) (first store.Telling, ok bool) {
	own, who := l.unnamed.Speaker(t.Source), l.unnamed.Speaker(source)
	for _, o := range l.beside[listed{t.Value, t.Name}] {
		if speaker := l.unnamed.Speaker(o.Source); speaker == who && speaker != own && o.Marking <= t.Marking && (!ok || o.Document < first.Document) {
			first, ok = o, true
		}
	}
	return first, ok
}

// seconded returns the documents of which somebody else says something, too.
func (l lists) seconded() []int64 {
	var out []int64
	for d, told := range l.of {
		if slices.ContainsFunc(told, func(t store.Telling) bool { return len(l.said(t)) > 0 }) {
			out = append(out, d)
		}
	}
	slices.Sort(out)
	return out
}

// whole returns the source that says nearly all that is told, and none if there is no
// such one: of several the one that says most.
func (l lists) whole(told []store.Telling) (intel.SourceID, bool) {
	rows, counts, source := map[listed]bool{}, map[string]int{}, map[string]intel.SourceID{}
	for _, t := range told {
		k := listed{t.Value, t.Name}
		if rows[k] {
			continue
		}
		rows[k] = true
		for who, o := range l.said(t) {
			counts[who]++
			source[who] = cmp.Or(source[who], o.Source)
		}
	}
	if len(rows) < shortest {
		return "", false
	}
	best, most := "", 0
	for _, who := range slices.Sorted(maps.Keys(counts)) {
		if counts[who] > most {
			best, most = who, counts[who]
		}
	}
	return source[best], float64(most) >= leastListed*float64(len(rows))
}

// find returns which documents are whose word but for those of which it is kept, given
// of which list each is: the latest first, so that of equal ones the first stays. Short
// lists of one source are one, with those of it that came before.
func (l lists) find(of map[int64]string, before map[intel.SourceID][]int64) map[int64]intel.SourceID {
	out := map[int64]intel.SourceID{}
	short := map[intel.SourceID][]int64{}
	take := func(documents []int64) {
		var told []store.Telling
		for _, d := range documents {
			told = append(told, l.of[d]...)
		}
		source, ok := l.whole(told)
		for _, d := range documents {
			if _, known := l.kept[d]; ok && !known {
				out[d], l.taken[d] = source, true
			}
		}
	}
	var order []string
	parts := map[string][]int64{}
	documents := slices.Sorted(maps.Keys(l.of))
	slices.Reverse(documents)
	for _, d := range documents {
		if parts[of[d]] == nil {
			order = append(order, of[d])
		}
		parts[of[d]] = append(parts[of[d]], d)
	}
	for _, name := range order {
		told := 0
		for _, d := range parts[name] {
			told += len(l.of[d])
		}
		if source := l.of[parts[name][0]][0].Source; told < shortest {
			short[source] = append(short[source], parts[name]...)
		} else {
			take(parts[name])
		}
	}
	for _, source := range slices.Sorted(maps.Keys(short)) {
		take(short[source])
		before[source] = short[source][:min(len(short[source]), mostRemembered)]
	}
	return out
}

// older returns the documents of other sources that say what documents tell that are
// nobody else's word, those that say most first, and which of them are of sources that
// say little of it.
func (l lists) older() (out []int64, few map[int64]bool) {
	shares, bySource := map[int64]int{}, map[string]map[listed]bool{}
	speaker := map[int64]string{}
	for d, told := range l.of {
		if l.taken[d] || l.kept[d] != "" {
			continue
		}
		own := l.unnamed.Speaker(told[0].Source)
		for _, t := range told {
			k := listed{t.Value, t.Name}
			for _, o := range l.beside[k] {
				if t.Mirrored {
					continue
				}
				who := l.unnamed.Speaker(o.Source)
				if _, asked := l.of[o.Document]; asked || who == own || o.Mirrored {
					continue
				}
				shares[o.Document]++
				speaker[o.Document] = who
				if bySource[who] == nil {
					bySource[who] = map[listed]bool{}
				}
				bySource[who][k] = true
			}
		}
	}
	few = map[int64]bool{}
	for d := range shares {
		few[d] = len(bySource[speaker[d]]) < shortest
	}
	out = slices.Collect(maps.Keys(shares))
	slices.SortFunc(out, func(a, b int64) int { return cmp.Or(cmp.Compare(shares[b], shares[a]), cmp.Compare(a, b)) })
	most := 0
	for i, d := range out {
		if most += shares[d]; most > mostBeside {
			return out[:i], few
		}
	}
	return out, few
}

// reflect finds out which of the documents that came in, and of those that say the same,
// list nothing but what another source says, and makes them wait to be derived again as
// its word. Where that source says more of one than when it was found out, it waits, too.
// It returns how many wait. Unless all is asked for, few that just came wait for more.
func (p *Pipeline) reflect(ctx context.Context, all bool) (waiting int, err error) {
	p.reflecting.Lock()
	defer p.reflecting.Unlock()
	lately := p.Clock().Sub(p.reflected) < comparedEvery
	for {
		sources, err := p.DB.Uncompared(ctx, compared)
		if err != nil || len(sources) == 0 || !all && lately && len(sources) < compared {
			return waiting, err
		}
		p.reflected = p.Clock()
		if p.short == nil || len(p.short) > mostShort {
			p.short = map[intel.SourceID][]int64{}
		}
		done := slices.Sorted(maps.Keys(sources))
		documents := slices.Clone(done)
		for _, s := range sources {
			documents = append(documents, p.short[s]...)
		}
		slices.Sort(documents)
		first, found, err := p.compare(ctx, slices.Compact(documents), nil)
		if err != nil {
			return waiting, err
		}
		more, err := p.compareOlder(ctx, first)
		if err != nil {
			return waiting, err
		}
		maps.Copy(found, more)
		if err := p.DB.SaveMirrors(ctx, done, found); err != nil {
			return waiting, err
		}
		waiting += len(found)
	}
}

// compareOlder returns which documents that were there are to be derived anew, and as
// whose word, for what came in says the same.
func (p *Pipeline) compareOlder(ctx context.Context, in lists) (map[int64]intel.SourceID, error) {
	documents, few := in.older()
	kept, err := p.DB.Mirrors(ctx, documents)
	if err != nil {
		return nil, err
	}
	documents = slices.DeleteFunc(documents, func(d int64) bool { return few[d] && kept[d] == "" })
	if len(documents) == 0 {
		return nil, nil
	}
	_, found, err := p.compare(ctx, documents, in.taken)
	return found, err
}

// compare returns which of some documents are to be derived anew, and as whose word, but
// for the word of those that were taken to be somebody's.
func (p *Pipeline) compare(ctx context.Context, documents []int64, taken map[int64]bool) (l lists, found map[int64]intel.SourceID, err error) {
	all, err := p.DB.Tellings(ctx, documents, false)
	if err != nil {
		return l, nil, err
	}
	l = newLists(all, documents, p.Unnamed)
	if documents = l.seconded(); len(documents) == 0 {
		return l, map[int64]intel.SourceID{}, nil
	}
	of, err := p.DB.ListsOf(ctx, documents)
	if err != nil {
		return l, nil, err
	}
	beside := slices.DeleteFunc(slices.Sorted(maps.Keys(of)), func(d int64) bool { return l.of[d] != nil })
	more, err := p.DB.Tellings(ctx, beside, false)
	if err != nil {
		return l, nil, err
	}
	documents = slices.Sorted(maps.Keys(of))
	l = newLists(append(all, more...), documents, p.Unnamed)
	maps.Copy(l.taken, taken)
	if l.kept, err = p.DB.Mirrors(ctx, documents); err != nil {
		return l, nil, err
	}
	found = l.more()
	maps.Copy(found, l.find(of, p.short))
	return l, found, nil
}

// more returns those documents of which it is kept whose word they are and of which
// that source says what is not told to be its word yet.
func (l lists) more() map[int64]intel.SourceID {
	out := map[int64]intel.SourceID{}
	for d, source := range l.kept {
		for _, t := range l.of[d] {
			if _, ok := l.by(source, t); ok && !t.Mirrored {
				out[d] = source
				break
			}
		}
	}
	return out
}

// mirrored returns whose word the rows of documents are of which another source says
// nearly all that they list, by the rows that it says.
func (p *Pipeline) mirrored(ctx context.Context, docs []intel.Document) (map[intel.DocumentID]map[intel.Link]string, error) {
	numbers, err := p.DB.Numbers(ctx, ids(docs))
	if err != nil {
		return nil, err
	}
	kept, err := p.DB.Mirrors(ctx, slices.Sorted(maps.Values(numbers)))
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	id := make(map[int64]intel.DocumentID, len(kept))
	for d, n := range numbers {
		id[n] = d
	}
	out := make(map[intel.DocumentID]map[intel.Link]string, len(kept))
	for documents := range slices.Chunk(slices.Sorted(maps.Keys(kept)), compared) {
		origins, err := p.mirrorsOf(ctx, documents, kept)
		if err != nil {
			return nil, err
		}
		for d, rows := range origins {
			out[id[d]] = rows
		}
	}
	return out, nil
}

// mirrorsOf returns the same of documents whose originals are known.
func (p *Pipeline) mirrorsOf(ctx context.Context, documents []int64, kept map[int64]intel.SourceID) (map[int64]map[intel.Link]string, error) {
	all, err := p.DB.Tellings(ctx, documents, true)
	if err != nil {
		return nil, err
	}
	l := newLists(all, documents, p.Unnamed)
	origin := make(map[int64]map[int64]string, len(documents)) // of links
	var rows []int64
	for _, d := range documents {
		origin[d] = map[int64]string{}
		for _, t := range l.of[d] {
			if o, ok := l.by(kept[d], t); ok {
				origin[d][t.Link] = o.Origin
				rows = append(rows, t.Link)
			}
		}
	}
	slices.Sort(rows)
	links, err := p.DB.Links(ctx, slices.Compact(rows))
	out := make(map[int64]map[intel.Link]string, len(documents))
	for d, of := range origin {
		out[d] = make(map[intel.Link]string, len(of))
		for row, o := range of {
			out[d][links[row]] = o
		}
	}
	return out, err
}

// compares reports whether a document that came to that is to be compared with what
// others list: one that lists indicators, and not all of them as the word of another. What
// an account posts is known again by its text.
func compares(doc intel.Document, evidence []intel.Evidence) bool {
	return (doc.Author == "" || !doc.Genre.HasAccounts()) && !doc.Source.Reserved() &&
		slices.ContainsFunc(evidence, func(e intel.Evidence) bool { return e.Link.Relation == intel.Indicates && e.Speaker != intel.Mirror })
}

// mirror gives the rows of a list that another source says to whose word they are there.
func mirror(evidence []intel.Evidence, doc intel.Document, rows map[intel.Link]string) []intel.Evidence {
	own := correlate.Origin(doc)
	for i := range evidence {
		e := &evidence[i]
		origin, ok := rows[e.Link]
		if !ok || e.Stance != intel.Supports {
			continue
		}
		if e.Origin == own {
			e.Origin = origin
		}
		e.Speaker = intel.Mirror
	}
	return evidence
}
