package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/web"
)

// Indicator implements web.Views.
func (v *views) Indicator(ctx context.Context, r intel.Reader, e intel.Entity, pieces int) (web.Indicator, error) {
	f, err := v.ed.Value(ctx, r, e, pipeline.Window{Proofs: web.MostPieces + 1}, v.now())
	if err != nil {
		return web.Indicator{}, err
	}
	if !f.Known && f.Suppressed == "" {
		return web.Indicator{}, fmt.Errorf("indicator %s: %w", e, intel.ErrNotFound)
	}
	out := web.Indicator{Entity: e, AsOf: v.now(), Suppressed: f.Suppressed, First: f.First, Last: f.Last, Claims: f.Names, More: f.More, Related: f.Related, Total: f.Documents,
		SeenAgain: f.SeenAgain, Polynomial: f.Polynomial, Corroboration: f.Corroboration}
	if f.Country != "" {
		out.Country = v.ed.Reference().CountryName(f.Country)
	}
	if out.Origins, err = v.db.Origins(ctx, r, []intel.Entity{e}, time.Time{}); err != nil {
		return out, err
	}
	proven(&out, pieces)
	if out.Documents, err = v.db.Mentions(ctx, r, []intel.Entity{e}, 20, time.Time{}); err != nil {
		return out, err
	}
	for _, d := range out.Documents {
		out.Marking = max(out.Marking, d.Marking)
	}
	return out, nil
}

// proven gathers what shows the claims of a page, so many pieces of each at most beside
// the words of analysts, and counts what there is.
func proven(out *web.Indicator, pieces int) {
	all, shown := map[sight]bool{}, map[sight]bool{}
	for i := range out.Claims {
		c := &out.Claims[i]
		words := slices.DeleteFunc(slices.Clone(c.Evidence), func(p intel.Proof) bool { return p.Genre != intel.Verdict })
		said := slices.DeleteFunc(slices.Clone(c.Evidence), func(p intel.Proof) bool { return p.Genre == intel.Verdict })
		if len(said) > web.MostPieces {
			out.Beyond = true
			said = pipeline.Foremost(said, web.MostPieces)
		}
		for _, p := range said {
			if p.Origin != "" && !slices.Contains(c.SaidBy, p.Origin) {
				c.SaidBy = append(c.SaidBy, p.Origin)
			}
		}
		for _, p := range slices.Concat(words, said) {
			all[sightOf(p)] = true
			out.Marking = max(out.Marking, p.Marking)
		}
		for _, p := range append(words, pipeline.Foremost(said, pieces)...) {
			if !shown[sightOf(p)] {
				shown[sightOf(p)] = true
				out.Proofs = append(out.Proofs, p)
			}
		}
	}
	out.Pieces = len(all)
}

// A sight is what one sees of a proof: of a name of several each has it.
type sight struct {
	document       intel.DocumentID
	offset         int
	title, snippet string
}

func sightOf(p intel.Proof) sight { return sight{p.Document, p.Offset, p.Title, p.Snippet} }
