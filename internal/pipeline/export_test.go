package pipeline

import (
	"context"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
)

// TrainDue trains what was not trained for a week.
func TrainDue(ctx context.Context, p *Pipeline, now time.Time) error { return p.trainDue(ctx, now) }

// Second forecasts corroboration, and trains what was not trained for a week.
func Second(ctx context.Context, p *Pipeline, now time.Time) error { return p.second(ctx, now) }

// Unshown is why a model is not shown.
func Unshown(s forecast.Seconded) string { return unshown(s) }

// TakenUp is how likely actors take up all that there is of a kind, by what anybody may see.
func TakenUp(ctx context.Context, p *Pipeline, kind intel.Kind, actors []intel.Entity) (map[intel.Entity][]forecast.Prospect, error) {
	h, err := p.holdings(ctx, intel.Public(), p.Now(), true)
	if err != nil {
		return nil, err
	}
	out := map[intel.Entity][]forecast.Prospect{}
	for _, t := range traits() {
		if t.kind != kind {
			continue
		}
		d, err := h.head(ctx, t, actors)
		if err != nil {
			return nil, err
		}
		for _, a := range actors {
			out[a] = d.prospects(a, len(d.items), intel.Entity.Title)
		}
	}
	return out, nil
}

// TakenUpFragments is how likely an actor takes up all fragments, likewise.
func TakenUpFragments(ctx context.Context, p *Pipeline, actor intel.Entity) ([]forecast.Prospect, error) {
	h, err := p.holdings(ctx, intel.Public(), p.Now(), true)
	if err != nil {
		return nil, err
	}
	for _, t := range traits() {
		if t.kind == intel.Vulnerability {
			d, err := h.head(ctx, t, []intel.Entity{actor})
			return h.fragments(d, actor, mostHoldings), err
		}
	}
	return nil, nil
}

// Collector is whose word is what is known, by what sources told in which week.
func Collector(told map[string]map[int]int, before int) (string, bool) {
	c := census{}
	for who, weeks := range told {
		c[who] = &teller{weeks: weeks}
	}
	return c.collector(before)
}

// ToldAt is when something was told.
func ToldAt(dated, in, first time.Time) time.Time { return toldAt(dated, in, first) }
