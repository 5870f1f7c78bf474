package pipeline

import (
	"context"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// retract adds to what documents take back of a value, whomever it indicates, each row of
// it that their source states: in the store, and in documents of the same batch.
func (p *Pipeline) retract(ctx context.Context, docs []intel.Document, out []store.Derived) error {
	for i, doc := range docs {
		var values []intel.Entity
		for _, e := range out[i].Evidence {
			if takesAllBack(e) {
				values = append(values, e.Link.From)
			}
		}
		if len(values) == 0 {
			continue
		}
		links, err := p.DB.SaidBy(ctx, doc.Source, values)
		if err != nil {
			return err
		}
		for k := range docs {
			for _, e := range out[k].Evidence {
				if docs[k].Source == doc.Source && e.Stance == intel.Supports && e.Link.Relation == intel.Indicates && slices.Contains(values, e.Link.From) {
					links = append(links, e.Link)
				}
			}
		}
		out[i].Evidence = append(out[i].Evidence, everyRow(out[i].Evidence, links)...)
	}
	return nil
}

// takesAllBack reports whether evidence takes back what its source says of a value,
// whomever that is said of.
func takesAllBack(e intel.Evidence) bool {
	return e.Stance == intel.Retracts && e.Link.Relation == intel.Indicates && e.Link.To == intel.Untagged()
}

// everyRow is what takes all of a value back, as words on those of its links that none is
// on yet.
func everyRow(evidence []intel.Evidence, links []intel.Link) (out []intel.Evidence) {
	slices.SortFunc(links, func(a, b intel.Link) int { return strings.Compare(a.String(), b.String()) })
	for _, l := range slices.Compact(links) {
		if slices.ContainsFunc(evidence, func(e intel.Evidence) bool { return e.Stance == intel.Retracts && e.Link == l }) {
			continue
		}
		for _, e := range evidence {
			if takesAllBack(e) && e.Link.From == l.From {
				e.Link = l
				out = append(out, e)
				break
			}
		}
	}
	return out
}
