package pipeline

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// bands is how many parts a print has: two that differ in extract.Nearest bits
// are alike in one of one more.
const bands = extract.Nearest + 1

// copies knows the texts that were printed, and finds whose near copy another
// is. A text that is posted again is one origin however many post it.
type copies struct {
	mu    sync.Mutex
	read  int64 // the last print taken from the store
	known []store.Print
	by    [bands]map[uint16][]int32 // of known, by part of the print
	of    map[string][]int32        // of known, by whose word they are
}

// An original is whose word a copy is, and of which source; zero of what is none.
type original struct {
	origin string
	source intel.SourceID
}

// originals returns, for each document whose text is a copy of an earlier one,
// whose word that is. A document belongs to no original that some of its readers
// may not see.
func (c *copies) originals(ctx context.Context, db *store.DB, docs []intel.Document) (map[intel.DocumentID]original, error) {
	prints := printed(docs)
	if len(prints) == 0 {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.catchUp(ctx, db); err != nil {
		return nil, err
	}
	ids := make([]intel.DocumentID, len(prints))
	for i, p := range prints {
		ids[i] = p.Document
	}
	before, err := db.PrintsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	r := reading{copies: c, db: db, posts: map[intel.DocumentID]bool{}, copied: map[intel.DocumentID][]string{}, worse: map[intel.DocumentID][]intel.DocumentID{}}
	for _, d := range docs {
		r.posts[d.ID] = d.Author != "" && d.Genre.HasAccounts()
	}
	out := map[intel.DocumentID]original{}
	for _, p := range prints {
		if known, ok := before[p.Document]; ok {
			p = known
		} else {
			if p, err = r.read(ctx, p); err != nil {
				return nil, err
			}
			r.fresh = append(r.fresh, p)
		}
		if p.Original != p.Document {
			out[p.Document] = original{p.Origin, p.Source}
		}
	}
	if len(r.fresh) == 0 {
		return out, nil
	}
	return out, db.SavePrints(ctx, r.fresh, r.worse)
}

// reading is some documents that are read together.
type reading struct {
	*copies
	db     *store.DB
	posts  map[intel.DocumentID]bool // of accounts
	fresh  []store.Print
	copied map[intel.DocumentID][]string           // originals, by whom
	worse  map[intel.DocumentID][]intel.DocumentID // copies that were read before their original
}

// read finds out whose word a text is that was not read before.
func (r *reading) read(ctx context.Context, p store.Print) (store.Print, error) {
	original, is, err := r.root(ctx, r.db, p)
	if err != nil {
		return p, err
	}
	copier := false
	if is && r.posts[p.Document] {
		if copier, err = r.copier(ctx, original, p); err != nil {
			return p, err
		}
	}
	switch {
	case copier:
		r.worse[p.Document] = []intel.DocumentID{original.Document}
		r.displace(original.Document, p)
	case is:
		r.copied[original.Document] = append(r.copied[original.Document], p.Origin)
		p.Original, p.Origin, p.Source = original.Document, original.Origin, original.Source
	default:
		r.worse[p.Document] = r.nearWorse(p)
		r.add(p)
	}
	return p, nil
}

// printed returns what is to be known of documents: of a list the print of its
// claims, of others that of the text. Of those that come together, the more reliable
// are read first.
func printed(docs []intel.Document) (prints []store.Print) {
	for _, d := range docs {
		bits, ok := extract.PrintClaims(d.Claims)
		if !ok {
			bits, ok = extract.Print(d.Text)
		}
		if ok {
			prints = append(prints, store.Print{Document: d.ID, Bits: bits, Marking: d.Marking, Reliability: d.Reliability, Published: d.Published, Original: d.ID, Origin: correlate.Origin(d), Source: d.Source})
		}
	}
	slices.SortStableFunc(prints, func(a, b store.Print) int {
		return cmp.Compare(score.Reliability(b.Reliability), score.Reliability(a.Reliability))
	})
	return prints
}

// catchUp takes in what was printed since, by other processes too.
func (c *copies) catchUp(ctx context.Context, db *store.DB) error {
	const page = 10_000
	for {
		some, last, err := db.Prints(ctx, c.read, page)
		if err != nil {
			return err
		}
		for _, p := range some {
			c.add(p)
		}
		c.read = last
		if len(some) < page {
			return nil
		}
	}
}

// part returns part i of a print, of 64 bits shared among bands.
func part(bits uint64, i int) uint16 {
	from := 64 * i / bands
	width := 64*(i+1)/bands - from
	return uint16(bits >> from & (1<<width - 1))
}

func (c *copies) add(p store.Print) {
	for k := range c.near(p) {
		if k.Document == p.Document {
			return
		}
	}
	n := int32(len(c.known))
	c.known = append(c.known, p)
	if c.of == nil {
		c.of = map[string][]int32{}
	}
	c.of[p.Origin] = append(c.of[p.Origin], n)
	for i := range c.by {
		if c.by[i] == nil {
			c.by[i] = map[uint16][]int32{}
		}
		key := part(p.Bits, i)
		c.by[i][key] = append(c.by[i][key], n)
	}
}

// near gives the prints that p is near to, some of them several times.
func (c *copies) near(p store.Print) iter.Seq2[store.Print, int32] {
	return func(yield func(store.Print, int32) bool) {
		for i := range c.by {
			for _, n := range c.by[i][part(p.Bits, i)] {
				if k := c.known[n]; extract.Near(k.Bits, p.Bits) && !yield(k, n) {
					return
				}
			}
		}
	}
}

// original returns the print that p is a copy of: of those near to it, whose documents
// all its readers may see and that are no less reliable, the most reliable that was
// read first. When they were published says nothing, since anybody can date a post
// back.
func (c *copies) original(p store.Print) (store.Print, bool) {
	best, first, found := store.Print{}, int32(0), false
	for k, n := range c.near(p) {
		if k.Marking > p.Marking || score.Reliability(k.Reliability) < score.Reliability(p.Reliability) {
			continue
		}
		if more := cmp.Compare(score.Reliability(k.Reliability), score.Reliability(best.Reliability)); !found || more > 0 || more == 0 && n < first {
			best, first, found = k, n, true
		}
	}
	return best, found
}

// root is original, by what took its place since.
func (c *copies) root(ctx context.Context, db *store.DB, p store.Print) (store.Print, bool, error) {
	k, ok := c.original(p)
	if !ok {
		return k, false, nil
	}
	kept, err := db.PrintsOf(ctx, []intel.DocumentID{k.Document})
	if now, ok := kept[k.Document]; ok && now.Original != k.Document {
		k.Document, k.Original, k.Origin, k.Source = now.Original, now.Original, now.Origin, now.Source
	}
	return k, true, err
}

// mostTexts is how many texts of a voice are looked at for who copied them.
const mostTexts = 64

// copier reports whether it is rather the original that copies: another text that was
// read of its account first, and that speaks of the same, is somebody else's word,
// too, who is not the account of p. Two who wrote of one thing are not one since a third
// posted both. Who copied the other text as well is a copier himself.
func (r *reading) copier(ctx context.Context, original, p store.Print) (bool, error) {
	if original.Origin == p.Origin || original.Marking != p.Marking || score.Reliability(original.Reliability) > score.Reliability(p.Reliability) {
		return false, nil
	}
	var texts []intel.DocumentID
	of := r.of[original.Origin]
	for _, n := range of[max(0, len(of)-mostTexts):] {
		if k := r.known[n]; k.Document != original.Document {
			texts = append(texts, k.Document)
		}
	}
	if len(texts) == 0 {
		return false, nil
	}
	texts, err := r.db.Beside(ctx, original.Document, texts)
	if err != nil || len(texts) == 0 {
		return false, err
	}
	copied, err := r.db.CopiesOf(ctx, texts)
	if err != nil {
		return false, err
	}
	var by []string
	for _, d := range copied {
		by = append(by, correlate.Origin(d))
	}
	for _, t := range texts {
		by = append(by, r.copied[t]...)
	}
	other := func(own string) bool { return own != original.Origin }
	return !slices.Contains(by, p.Origin) && slices.ContainsFunc(by, other), nil
}

// displace puts p in the place of an original that copied it.
func (c *copies) displace(original intel.DocumentID, p store.Print) {
	for k, n := range c.near(p) {
		if k.Document == original {
			c.known[n].Document, c.known[n].Original, c.known[n].Origin, c.known[n].Source = p.Document, p.Document, p.Origin, p.Source
		}
	}
	c.add(p)
}

// nearWorse returns the originals that are copies of p, which is more reliable, though
// they were read first, and none of whose readers may not see it.
func (c *copies) nearWorse(p store.Print) (out []intel.DocumentID) {
	for k := range c.near(p) {
		if k.Marking >= p.Marking && score.Reliability(k.Reliability) < score.Reliability(p.Reliability) && !slices.Contains(out, k.Document) {
			out = append(out, k.Document)
		}
	}
	return out
}

// credit gives evidence that a copy yields as its own word to the original. Whom else
// it cites it has from there, too: a source that has a whole document from another is
// no further speaker.
func credit(evidence []intel.Evidence, doc intel.Document, of original, unnamed intel.Unnamed) []intel.Evidence {
	if of == (original{}) {
		return evidence
	}
	own := correlate.Origin(doc)
	mirror := unnamed.Speaker(of.source) != unnamed.Speaker(doc.Source)
	for i := range evidence {
		e := &evidence[i]
		if e.Origin == own && own != of.origin {
			e.Origin = of.origin
			if e.Speaker = correlate.Speaker(doc, of.origin); e.Speaker == intel.Relay {
				e.Speaker = intel.Copy // of this text, not of whatever it says
			}
		}
		if mirror {
			e.Speaker = intel.Mirror
		}
	}
	return evidence
}
