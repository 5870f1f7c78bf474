package pipeline

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// copies knows the texts that were printed, and finds whose near copy another
// is. A text that is posted again is one origin however many post it.
type copies struct {
	mu   sync.Mutex
	read int64 // the last print taken from the store
	index
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
	near := r.near(p.Bits)
	original, is, err := r.root(ctx, r.db, near, p)
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
		r.displaced(near, original.Document, p)
	case is:
		r.copied[original.Document] = append(r.copied[original.Document], p.Origin)
		p.Original, p.Origin, p.Source = original.Document, original.Origin, original.Source
	default:
		r.worse[p.Document] = r.nearWorse(near, p)
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

// original returns the print that p is a copy of: of those near to it, whose documents
// all its readers may see and that are no less reliable, the most reliable that was
// read first. When they were published says nothing, since anybody can date a post
// back.
func (c *copies) original(near []int32, p store.Print) (best store.Print, found bool) {
	for _, n := range near {
		k := c.at(n)
		if k.Marking > p.Marking || score.Reliability(k.Reliability) < score.Reliability(p.Reliability) {
			continue
		}
		if !found || score.Reliability(k.Reliability) > score.Reliability(best.Reliability) {
			best, found = k, true
		}
	}
	return best, found
}

// root is original, by what took its place since.
func (c *copies) root(ctx context.Context, db *store.DB, near []int32, p store.Print) (store.Print, bool, error) {
	k, ok := c.original(near, p)
	if !ok {
		return k, false, nil
	}
	kept, err := db.PrintsOf(ctx, []intel.DocumentID{k.Document})
	if now, ok := kept[k.Document]; ok && now.Original != k.Document {
		k.Document, k.Original, k.Origin, k.Source = now.Original, now.Original, now.Origin, now.Source
	}
	return k, true, err
}

// copier reports whether it is rather the original that copies: another text that was
// read of its account first, and that speaks of the same, is somebody else's word,
// too, who is not the account of p. Two who wrote of one thing are not one since a third
// posted both. Who copied the other text as well is a copier himself.
func (r *reading) copier(ctx context.Context, original, p store.Print) (bool, error) {
	if original.Origin == p.Origin || original.Marking != p.Marking || score.Reliability(original.Reliability) > score.Reliability(p.Reliability) {
		return false, nil
	}
	texts := slices.DeleteFunc(r.latest(original.Origin), func(d intel.DocumentID) bool { return d == original.Document })
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

// displaced puts p in the place of an original that copied it.
func (c *copies) displaced(near []int32, original intel.DocumentID, p store.Print) {
	for _, n := range near {
		if c.at(n).Document == original {
			c.displace(n, p)
		}
	}
	c.add(p)
}

// nearWorse returns the originals that are copies of p, which is more reliable, though
// they were read first, and none of whose readers may not see it.
func (c *copies) nearWorse(near []int32, p store.Print) (out []intel.DocumentID) {
	for _, n := range near {
		if k := c.at(n); k.Marking >= p.Marking && score.Reliability(k.Reliability) < score.Reliability(p.Reliability) && !slices.Contains(out, k.Document) {
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
