package pipeline

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// leastListed is how much of a list another source must say for the two to be one
	// voice: of ten indicators nine.
	leastListed = 0.9
	// shortest is how many indicators a list has at least: of fewer, chance may have
	// others say them all.
	shortest = 8
	// compared is how many documents are compared at once.
	compared = 100
	// comparedEvery is how often fewer are.
	comparedEvery = 10 * time.Second
	// mostBeside is how many documents of each other source are looked at for whether what
	// came in has all that they list.
	mostBeside = 16
	// mostAround is with how many documents of a source around it a short one is a list, of
	// which mostAfter are behind it.
	mostAround, mostAfter = 160, 32
	// aroundList is how far documents of one list may be from each other, in numbers.
	aroundList = 16
	// mostTurns is how often a document is derived again by one process because of what
	// others list, and mostTurned of how many that is counted.
	mostTurns, mostTurned = 64, 1 << 18
	// mostSaying is how many documents are looked at, and looked for, that have what another
	// list has.
	mostSaying = 1000
)

// reflect finds out of the lists that came in, and of those that say the same, which are one
// voice with another source, and makes what is to be told otherwise since wait to be derived
// again. It returns how many documents wait. Unless all is asked for, few that just came
// wait for more.
func (p *Pipeline) reflect(ctx context.Context, all bool) (waiting int, err error) {
	p.reflecting.Lock()
	defer p.reflecting.Unlock()
	lately := p.Clock().Sub(p.reflected) < comparedEvery
	for {
		some, first, err := p.DB.Uncompared(ctx, compared)
		if err != nil || len(some) == 0 || !all && lately && len(some) < compared {
			return waiting, err
		}
		p.reflected = p.Clock()
		c := comparing{Pipeline: p, again: map[int64]bool{}}
		if err := c.compare(ctx, some); err != nil {
			return waiting, err
		}
		p.turn(c.again)
		again := slices.Sorted(maps.Keys(c.again))
		atFirst := slices.DeleteFunc(slices.Clone(again), func(d int64) bool { return !first[d] })
		if err := p.DB.SaveMirrors(ctx, some, c.found, again, atFirst); err != nil {
			return waiting, err
		}
		waiting += len(c.again)
	}
}

// turn leaves out documents that were derived again so often that lists which are of each
// other would go on for ever.
func (p *Pipeline) turn(again map[int64]bool) {
	if p.turned == nil || len(p.turned) > mostTurned {
		p.turned = map[int64]int{}
	}
	for d := range again {
		if p.turned[d]++; p.turned[d] > mostTurns {
			delete(again, d)
		}
	}
}

// comparing is some documents that are compared together.
type comparing struct {
	*Pipeline
	found []store.Mirror
	again map[int64]bool // documents to be derived again
}

// compare compares what came in with all that is there, and what was there with what came
// in.
func (c *comparing) compare(ctx context.Context, documents []int64) error {
	in, of, err := c.read(ctx, documents)
	if err != nil || len(in.of) == 0 {
		return err
	}
	if err := c.noteAll(ctx, in, in, in.halves(of)); err != nil {
		return err
	}
	old, names, err := c.readAround(ctx, in)
	if err != nil {
		return err
	}
	came := map[string]bool{}
	for _, told := range in.of {
		came[told[0].speaker] = true
	}
	halves := slices.DeleteFunc(old.halves(names), func(h half) bool { return !came[h.speaker] })
	if err := c.noteAll(ctx, in, old, halves); err != nil {
		return err
	}
	return c.settle(ctx, in, old)
}

// noteAll notes in both directions what lists and their sources have from each other.
func (c *comparing) noteAll(ctx context.Context, in, l lists, halves []half) error {
	c.note(l, halves)
	for _, h := range halves {
		c.noteSame(in, l, h)
		if err := c.noteSaying(ctx, l, h); err != nil {
			return err
		}
	}
	return nil
}

// read reads what documents tell of which somebody else says something, too, or is told to,
// and the lists that they are part of.
func (c *comparing) read(ctx context.Context, documents []int64) (lists, map[int64]string, error) {
	own, beside, err := c.DB.Tellings(ctx, documents, false)
	if err != nil {
		return lists{}, nil, err
	}
	documents = newLists(own, beside, c.Unnamed).seconded()
	of, err := c.DB.ListsOf(ctx, documents, aroundList)
	if err != nil {
		return lists{}, nil, err
	}
	more, moreBeside, err := c.DB.Tellings(ctx, slices.DeleteFunc(slices.Sorted(maps.Keys(of)), func(d int64) bool { return slices.Contains(documents, d) }), false)
	if err != nil {
		return lists{}, nil, err
	}
	own = slices.DeleteFunc(own, func(t store.Telling) bool { return of[t.Document] == "" })
	l, err := c.whose(ctx, append(own, more...), append(beside, moreBeside...))
	if err != nil {
		return l, nil, err
	}
	return l, of, c.surround(ctx, &l, of)
}

// readAround reads the lists of others that have what came in: of each a part.
func (c *comparing) readAround(ctx context.Context, in lists) (lists, map[int64]string, error) {
	around := in.around()
	names, err := c.DB.ListsOf(ctx, around, 0)
	if err != nil {
		return lists{}, nil, err
	}
	seen := map[string]bool{}
	return c.read(ctx, slices.DeleteFunc(around, func(d int64) bool {
		again := seen[names[d]]
		seen[names[d]] = true
		return again
	}))
}

// lists reads what documents tell, and whose word they and those beside them are.
func (p *Pipeline) lists(ctx context.Context, documents []int64, all bool) (lists, error) {
	own, beside, err := p.DB.Tellings(ctx, documents, all)
	if err != nil {
		return lists{}, err
	}
	return p.whose(ctx, own, beside)
}

// whose adds to what is told whose word the documents are.
func (p *Pipeline) whose(ctx context.Context, own, beside []store.Telling) (lists, error) {
	l := newLists(own, beside, p.Unnamed)
	told := l.documents()
	for _, t := range beside {
		told = append(told, t.Document)
	}
	slices.Sort(told)
	kept, err := p.DB.Mirrors(ctx, slices.Compact(told))
	for d, sources := range kept {
		for _, s := range sources {
			l.kept[d] = append(l.kept[d], p.Unnamed.Speaker(s))
		}
	}
	return l, err
}

// surround adds to short lists what their sources listed around them, whether somebody else
// says so or not.
func (c *comparing) surround(ctx context.Context, in *lists, of map[int64]string) error {
	n, last := map[string]int{}, map[intel.SourceID]int64{}
	for d, told := range in.of {
		n[of[d]] += len(told)
	}
	for d, told := range in.of {
		if n[of[d]] < shortest {
			last[told[0].Source] = max(last[told[0].Source], d)
		}
	}
	var more []int64
	for _, source := range slices.Sorted(maps.Keys(last)) {
		some, err := c.DB.Preceding(ctx, source, last[source]+mostAfter, mostAround)
		if err != nil {
			return err
		}
		more = append(more, some...)
	}
	if len(more) == 0 {
		return nil
	}
	l, err := c.lists(ctx, more, false)
	if err != nil {
		return err
	}
	names, err := c.DB.ListsOf(ctx, l.documents(), 0)
	if err != nil {
		return err
	}
	size := map[string]int{}
	for d, told := range l.of {
		size[names[d]] += len(told)
	}
	for d, told := range l.of {
		if _, there := in.of[d]; there || size[names[d]] >= shortest {
			continue
		}
		in.of[d], of[d] = told, names[d]
		in.kept[d] = l.kept[d]
		for _, t := range told {
			if _, ok := in.beside[t.key()]; !ok {
				in.beside[t.key()] = l.beside[t.key()]
			}
			for _, o := range l.beside[t.key()] {
				in.kept[o.Document] = l.kept[o.Document]
			}
		}
	}
	return nil
}

// note notes whose word the documents of lists are.
func (c *comparing) note(l lists, halves []half) {
	for _, h := range halves {
		for _, d := range h.documents {
			if !slices.Contains(l.kept[d], h.speaker) {
				l.kept[d] = append(l.kept[d], h.speaker)
				c.found = append(c.found, store.Mirror{Document: d, Source: h.source})
			}
		}
	}
}

// noteSame notes that what came in of a source that says nearly all of a list is the word of
// the source of that where that says so, too.
func (c *comparing) noteSame(in, old lists, h half) {
	original := old.of[h.documents[0]][0]
	says := func(t told) bool {
		return slices.ContainsFunc(in.others(t), func(o told) bool { return o.speaker == original.speaker })
	}
	for _, d := range in.documents() {
		if told := in.of[d]; told[0].speaker == h.speaker && slices.ContainsFunc(told, says) {
			c.note(in, []half{{[]int64{d}, original.Source, original.speaker}})
		}
	}
}

// noteSaying notes that what a source told behind a list of which it says nearly all is the
// word of the source of that.
func (c *comparing) noteSaying(ctx context.Context, l lists, h half) error {
	var links []int64
	sources := map[intel.SourceID]bool{}
	for _, d := range h.documents {
		for _, t := range l.of[d] {
			for _, o := range l.beside[t.key()] {
				if o.speaker == h.speaker {
					links, sources[o.Source] = append(links, o.Link), true
				}
			}
		}
	}
	slices.Sort(links)
	links = slices.Compact(links)
	original := l.of[h.documents[0]][0]
	for after := slices.Min(h.documents); ; {
		behind, err := c.DB.Saying(ctx, links, slices.Sorted(maps.Keys(sources)), original.Source, after, mostSaying)
		if err != nil || len(behind) == 0 {
			return err
		}
		after = behind[len(behind)-1]
		kept, err := c.DB.Mirrors(ctx, behind)
		if err != nil {
			return err
		}
		known := func(s intel.SourceID) bool { return c.Unnamed.Speaker(s) == original.speaker }
		for _, d := range behind {
			if !slices.ContainsFunc(kept[d], known) {
				c.found = append(c.found, store.Mirror{Document: d, Source: original.Source})
				c.again[d] = true
			}
		}
	}
}

// settle notes which documents are to be derived again: whose rows are told otherwise than
// they would be now, and those that have them from there. Copies of a text stay copies.
func (c *comparing) settle(ctx context.Context, some ...lists) error {
	var stale []int64
	for _, l := range some {
		for _, d := range l.documents() {
			if len(l.kept[d]) == 0 {
				continue
			}
			own, others := l.stale(d)
			if own {
				c.again[d] = true
			} else if others {
				stale = append(stale, d)
			}
		}
	}
	copied, err := c.DB.Copied(ctx, stale)
	if err != nil {
		return err
	}
	for _, d := range stale {
		if !copied[d] {
			c.again[d] = true
		}
	}
	for _, l := range some {
		for d := range l.of {
			if !c.again[d] {
				continue
			}
			for _, t := range l.of[d] {
				for _, o := range l.others(t) {
					if o.Document > d && o.Mirrored && slices.Contains(l.kept[o.Document], t.speaker) {
						c.again[o.Document] = true
					}
				}
			}
		}
	}
	return nil
}

// mirrored returns whose word the rows of documents are that have them from another source,
// by the rows.
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
		origins, err := p.mirrorsOf(ctx, documents)
		if err != nil {
			return nil, err
		}
		for d, rows := range origins {
			out[id[d]] = rows
		}
	}
	return out, nil
}

// mirrorsOf returns the same by the numbers of documents.
func (p *Pipeline) mirrorsOf(ctx context.Context, documents []int64) (map[int64]map[intel.Link]string, error) {
	l, err := p.lists(ctx, documents, true)
	if err != nil {
		return nil, err
	}
	origin := make(map[int64]map[int64]string, len(documents)) // of links
	var rows []int64
	for _, d := range documents {
		origin[d] = map[int64]string{}
		for _, t := range l.of[d] {
			if o, ok := l.original(t); ok {
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

// mirror gives the rows of a list that it has from another source to whose word they are.
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
