package stix

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Values yields the values that patterns name and that observables are, hashes of
// files too, in the order in which their objects stand, each with the first time that
// the bundle tells of it, zero if it tells none. What cannot be read is told to Reject
// where it stands.
func (g *Graph) Values() iter.Seq2[intel.Entity, time.Time] {
	return func(yield func(intel.Entity, time.Time) bool) {
		told := g.told()
		for _, id := range g.order {
			o := g.objects[id]
			for _, v := range g.valued(o) {
				if v.err != nil {
					g.reject(id, v.err)
				} else if !yield(v.entity, cmp.Or(told[v.entity], when(o.ValidFrom, o.Published, o.Created))) {
					return
				}
			}
		}
	}
}

// told is when documents first say that an indicator was about.
func (g *Graph) told() map[intel.Entity]time.Time {
	quiet, out := *g, map[intel.Entity]time.Time{}
	quiet.Reject = nil
	for doc := range quiet.Documents() {
		for _, c := range doc.Claims {
			if at := cmp.Or(c.At, doc.Published); c.Subject.Kind.Class() == intel.IOC && out[c.Subject].IsZero() {
				out[c.Subject] = at
			}
		}
	}
	return out
}

// valued is an entity, or why a value is none.
type valued struct {
	entity intel.Entity
	err    error
}

// valued is what an object names and what it names in vain, in the order in which it
// does.
func (g *Graph) valued(o *object) []valued {
	var out []valued
	read := Graph{Indicator: func(k intel.Kind, value string) (intel.Entity, error) {
		e, err := g.indicator(k, value)
		if err == nil {
			out = append(out, valued{entity: e})
		}
		return e, err
	}}
	refuse := func(err error) { out = append(out, valued{err: err}) }
	if o.Type == "file" {
		read.hashes(o, refuse)
	} else {
		read.entities(o, refuse)
	}
	return out
}

// hashes is the hashes of a file that are of kinds of ours.
func (g *Graph) hashes(o *object, refuse func(error)) []intel.Entity {
	var by map[string]string
	if len(o.Hashes) > 0 {
		if err := json.Unmarshal(o.Hashes, &by); err != nil {
			refuse(fmt.Errorf("hashes: %w", err))
			return nil
		}
	}
	var out []intel.Entity
	for _, algorithm := range slices.Sorted(maps.Keys(by)) {
		if k := kindAt("file:hashes." + algorithm); k != "" {
			out = append(out, g.value(k, by[algorithm], refuse)...)
		}
	}
	return out
}
