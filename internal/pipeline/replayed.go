package pipeline

import (
	"context"
	"fmt"

	"github.com/portent-cti/portent/internal/forecast/characteristics"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// A Replayed is who had what of one kind since when, as a replay of its head needs it: an
// item is there since somebody had it or a record told of it.
type Replayed struct {
	World *characteristics.World
	// Fragments are those of each item, where vulnerabilities lead to them; Direct those
	// that rows were seen to use; All is how many there are.
	Fragments [][]Fragment
	Direct    [][]characteristics.Had
	All       int
}

// A Fragment is the number of one, and how far it is believed that a vulnerability has it.
type Fragment struct {
	Number int32
	Has    float64
}

// Replayed reads who had what of a kind, or, of vulnerabilities, with their fragments.
func (p *Pipeline) Replayed(ctx context.Context, kind intel.Kind) (Replayed, error) {
	var out Replayed
	h, err := p.holdings(ctx, intel.Everything(), p.Now(), false)
	if err != nil {
		return out, err
	}
	for _, t := range traits() {
		if t.kind != kind {
			continue
		}
		if len(h.of[kind]) == 0 {
			return out, fmt.Errorf("nobody is believed to have any %s: %w", kind, intel.ErrNotFound)
		}
		d, w, _ := h.worlds(t, nil)
		out.World = w
		born(w)
		if kind == intel.Vulnerability {
			err = p.fragmentsReplayed(ctx, h, d, &out)
		}
		return out, err
	}
	return out, fmt.Errorf("%s is not forecast: %w", kind, intel.ErrInvalid)
}

// born says of items that no record tells of that they are there since somebody had them.
func born(w *characteristics.World) {
	if w.Born == nil {
		w.Born = make([]int32, w.Items)
	}
	first, always := make([]int32, w.Items), make([]bool, w.Items)
	for _, line := range w.Rows {
		for _, x := range line.Had {
			always[x.Item] = always[x.Item] || x.Day == 0
			if first[x.Item] == 0 || x.Day < first[x.Item] {
				first[x.Item] = x.Day
			}
		}
	}
	for i := range w.Born {
		if w.Born[i] == 0 && !always[i] {
			w.Born[i] = first[i]
		}
	}
}

// fragmentsReplayed numbers the fragments of vulnerabilities and of what rows use.
func (p *Pipeline) fragmentsReplayed(ctx context.Context, h *holdings, d *head, out *Replayed) error {
	numbers := map[intel.Entity]int32{}
	number := func(e intel.Entity) int32 {
		n, ok := numbers[e]
		if !ok {
			n = int32(len(numbers)) //nolint:gosec // fewer than links are read
			numbers[e] = n
		}
		return n
	}
	out.Fragments = make([][]Fragment, len(d.items))
	for i, e := range d.items {
		for _, x := range h.flaws[e] {
			if x.To.Kind.Class() == intel.IOA {
				out.Fragments[i] = append(out.Fragments[i], Fragment{number(x.To), x.Probability})
			}
		}
	}
	used, err := p.DB.Holdings(ctx, intel.Everything(), store.Held{From: []intel.Kind{intel.Actor}, To: intel.KindsOf(intel.IOA), Relations: []intel.Relation{intel.Uses},
		Least: taken, Most: mostHoldings})
	out.Direct = make([][]characteristics.Had, len(d.rows))
	for _, x := range used {
		if r, ok := d.row[x.From]; ok {
			out.Direct[r] = append(out.Direct[r], characteristics.Had{Item: number(x.To), Day: h.day(x.First)})
		}
	}
	out.All = len(numbers)
	return err
}
