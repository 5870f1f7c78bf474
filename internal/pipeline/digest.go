package pipeline

import (
	"context"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// A digest is what costs most of a profile to count.
type digest struct {
	span    store.Span
	origins int
	monthly []intel.Count
	kin     []kinship // of what is believed now
	twins   []twin    // as well
	calling calling   // likewise
}

type digestKey struct {
	entity intel.Entity
	reader intel.Reader
}

// mostDigests bounds the memory digests take.
const mostDigests = 2000

// digest counts an entity's documents, voices and months, or remembers them.
func (ed *Editor) digest(ctx context.Context, r intel.Reader, e intel.Entity, outline store.Outline, resolved []store.Resolution, w Window, now time.Time) (d digest, err error) {
	names := store.Names(resolved)
	if w.Back {
		return ed.count(ctx, r, names, now, now)
	}
	epoch, err := ed.DB.Epoch(ctx)
	if err != nil {
		return d, err
	}
	key := digestKey{e, r}
	if d, ok := ed.digests.at(epoch, key, mostDigests); ok {
		return d, nil
	}
	if d, err = ed.count(ctx, r, names, now, time.Time{}); err != nil || d.span.Documents == 0 {
		return d, err
	}
	if e.Kind == intel.Actor {
		if d.kin, err = ed.kin(ctx, r, e, outline, names); err != nil {
			return d, err
		}
	}
	if d.twins, err = ed.twins(ctx, r, e, outline, w, now); err != nil {
		return d, err
	}
	if d.calling, err = ed.calling(ctx, r, subject{names: resolved, outline: outline}, w, now); err != nil {
		return d, err
	}
	ed.digests.keep(epoch, key, d)
	return d, nil
}

// outline counts the links of the names of e, or remembers them.
func (ed *Editor) outline(ctx context.Context, r intel.Reader, e intel.Entity, names []store.Resolution, past store.Weighing) (o store.Outline, err error) {
	if past.Judge != nil {
		return ed.DB.Outline(ctx, r, names, past)
	}
	epoch, err := ed.DB.Epoch(ctx)
	if err != nil {
		return o, err
	}
	key := digestKey{e, r}
	if o, ok := ed.outlines.at(epoch, key, mostDigests); ok {
		return o, nil
	}
	if o, err = ed.DB.Outline(ctx, r, names, past); err == nil {
		ed.outlines.keep(epoch, key, o)
	}
	return o, err
}

// count counts documents, voices and months that were known of then.
func (ed *Editor) count(ctx context.Context, r intel.Reader, names []intel.Entity, now, then time.Time) (d digest, err error) {
	if d.span, err = ed.DB.Mentioned(ctx, r, names, now, then); err != nil || d.span.Documents == 0 {
		return d, err
	}
	if d.origins, err = ed.DB.Origins(ctx, r, names, then); err != nil {
		return d, err
	}
	d.monthly, err = ed.DB.Monthly(ctx, r, names, then)
	return d, err
}
