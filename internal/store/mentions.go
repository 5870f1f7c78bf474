package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// unsee takes back what documents mention.
func (s *saving) unsee(ctx context.Context, former []finding, documents []int64) error {
	if err := s.uncount(ctx, former); err != nil {
		return err
	}
	var all []sighting
	for _, f := range former {
		all = append(all, f.sightings()...)
	}
	seen, aside := apart(all)
	err := chunks(seen, func(some []sighting) error {
		args := make([]any, 0, 3*len(some))
		for _, x := range some {
			args = append(args, x.entity, x.at, x.document)
		}
		_, err := s.tx.ExecContext(ctx, `DELETE FROM mentions WHERE (entity, at, document) IN (VALUES `+casts(1, len(some), "BIGINT", "BIGINT", "BIGINT")+`)`, args...)
		return err
	})
	if err != nil {
		return err
	}
	err = chunks(aside, func(some []sighting) error {
		args := make([]any, 0, 3*len(some))
		for _, x := range some {
			args = append(args, x.entity, x.document, x.suppressed)
		}
		_, err := s.tx.ExecContext(ctx, `DELETE FROM asides WHERE (entity, document, suppressed) IN (VALUES `+casts(1, len(some), "BIGINT", "BIGINT", "TEXT")+`)`, args...)
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.tx.ExecContext(ctx, `DELETE FROM findings WHERE document IN `+list(1, len(documents)), anys(documents)...)
	return err
}

func (s *saving) observations(ctx context.Context, batch []Derived) error {
	var all []sighting
	s.findings = make([]finding, 0, len(batch))
	for _, d := range batch {
		doc, ok := s.docs[d.Document]
		if !ok {
			return fmt.Errorf("document %s: %w", d.Document, intel.ErrNotFound)
		}
		f := finding{document: doc.id, at: secondOf(doc.published)}
		counted, days := map[int64]bool{}, claimedOn(d.Evidence, doc)
		for _, o := range d.Observations {
			id := s.entities[o.Entity]
			m := mention{id, o.Offset, o.Length, o.Suppressed}
			if on, ok := days[o.Entity]; ok && o.Offset == -1 && o.Length == 0 {
				m.start, m.length = onClaimed, on
			}
			f.mentions = append(f.mentions, m)
			if o.Entity.Kind.Class() == intel.Name && o.Suppressed == "" && !counted[id] {
				counted[id] = true
				s.changes[tally{id, weekOf(doc.published), doc.marking}]++
			}
		}
		s.findings = append(s.findings, f)
		all = append(all, f.sightings()...)
	}
	if err := s.see(ctx, all); err != nil {
		return err
	}
	return s.activity(ctx)
}

// claimedOn is the latest day, since 1970, on which a document's claims say that each
// indicator was seen, where that is not the day of the document: a list is of one day, and
// its lines may be of others.
func claimedOn(evidence []intel.Evidence, doc docRow) map[intel.Entity]int {
	own := int64(-1)
	if doc.published.Valid {
		own = doc.published.Int64 / day
	}
	on := func(e intel.Evidence) int64 {
		if e.Offset >= 0 || e.At.IsZero() || e.Stance != intel.Supports || e.Link.From.Kind.Class() != intel.IOC {
			return 0
		}
		return max(0, e.At.Unix()/perDay)
	}
	if !slices.ContainsFunc(evidence, func(e intel.Evidence) bool { return on(e) > 0 && on(e) != own }) {
		return nil // as of nearly all documents
	}
	out := map[intel.Entity]int{}
	for _, e := range evidence {
		if at := on(e); at > 0 {
			out[e.Link.From] = max(out[e.Link.From], int(at))
		}
	}
	maps.DeleteFunc(out, func(_ intel.Entity, at int) bool { return int64(at) == own })
	return out
}

// see keeps which documents mention entities, and which set them aside.
func (s *saving) see(ctx context.Context, all []sighting) error {
	markings := make(map[int64]int64, len(s.docs))
	for _, d := range s.docs {
		markings[d.id] = d.marking
	}
	seen, aside := apart(all)
	slices.SortFunc(seen, func(a, b sighting) int {
		return cmp.Or(cmp.Compare(a.entity, b.entity), cmp.Compare(a.at, b.at), cmp.Compare(a.document, b.document))
	})
	err := chunks(seen, func(some []sighting) error {
		args := make([]any, 0, 4*len(some))
		for _, x := range some {
			args = append(args, x.entity, x.at, x.document, markings[x.document])
		}
		_, err := s.tx.ExecContext(ctx, `INSERT INTO mentions (entity, at, document, marking) VALUES `+values(1, len(some), 4)+` ON CONFLICT DO NOTHING`, args...)
		return err
	})
	if err != nil {
		return err
	}
	return chunks(aside, func(some []sighting) error {
		args := make([]any, 0, 4*len(some))
		for _, x := range some {
			args = append(args, x.entity, x.document, x.suppressed, markings[x.document])
		}
		_, err := s.tx.ExecContext(ctx, `INSERT INTO asides (entity, document, suppressed, marking) VALUES `+values(1, len(some), 4)+` ON CONFLICT DO NOTHING`, args...)
		return err
	})
}
