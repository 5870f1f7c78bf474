package pipeline

import (
	"context"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// forecasted is how many of the most active actors get forecasts.
	forecasted = 500
	// active is how far back an actor must have been seen to get one.
	active = 26 * 7 * 24 * time.Hour
	// taken is the probability from which a row counts as what an actor uses.
	taken = 0.3
)

// traits lists what characteristics are forecast and the relations they show
// in.
func traits() map[intel.Kind][]intel.Relation {
	return map[intel.Kind][]intel.Relation{
		intel.Technique:     {intel.Uses},
		intel.Weakness:      {intel.Uses, intel.Exploits},
		intel.Vulnerability: {intel.Exploits},
		intel.Country:       {intel.Targets, intel.ClaimsAttack},
		intel.Sector:        {intel.Targets, intel.ClaimsAttack},
		intel.Tool:          {intel.Uses},
		intel.File:          {intel.Uses},
	}
}

// order is that of traits: a run must not depend on the order of a map.
func order() []intel.Kind {
	return []intel.Kind{intel.Technique, intel.Weakness, intel.Vulnerability, intel.Country, intel.Sector, intel.Tool, intel.File}
}

// Forecast makes and keeps today's forecasts of the actors that were active in
// the last half year. Those already made today stay as they are.
func (p *Pipeline) Forecast(ctx context.Context) error {
	now := p.Now()
	r := intel.Everything()
	busy, _, err := p.DB.Busiest(ctx, r, store.Roll{Kind: intel.Actor, Since: now.Add(-active), Until: now}, forecasted, 0)
	if err != nil || len(busy) == 0 {
		return err
	}
	popular := map[intel.Kind]map[intel.Entity]int{}
	actors := 0
	for _, kind := range order() {
		if popular[kind], actors, err = p.DB.Popularity(ctx, r, kind, taken, traits()[kind]...); err != nil {
			return err
		}
	}
	for _, b := range busy {
		if err := p.forecast(ctx, b, popular, actors, now); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pipeline) forecast(ctx context.Context, b store.Busy, popular map[intel.Kind]map[intel.Entity]int, actors int, now time.Time) error {
	r := intel.Everything()
	names, err := p.DB.NamesOf(ctx, b.Entity)
	if err != nil {
		return err
	}
	plain := make([]intel.Entity, len(names))
	for i, n := range names {
		plain[i] = n.Name
	}
	weeks, err := p.DB.Weekly(ctx, r, plain, now.AddDate(-2, 0, 0), now, time.Time{})
	if err != nil {
		return err
	}
	// The week that has not ended yet is no observation of a whole one.
	made := forecast.Activity(forecast.Series{Entity: b.Entity, Weeks: weeks[:max(0, len(weeks)-1)]}, now)
	for _, kind := range order() {
		rows, _, err := p.DB.Rows(ctx, r, names, store.Section{Relations: traits()[kind], Class: kind.Class(), Kinds: []intel.Kind{kind}}, 500, 0)
		if err != nil {
			return err
		}
		var used []intel.Entity
		for _, a := range rows {
			if a.Probability >= taken {
				used = append(used, a.Link.To)
			}
		}
		made = append(made, forecast.Characteristics(b.Entity, used, popular[kind], actors, now)...)
	}
	return p.DB.SaveForecasts(ctx, made)
}

// Keepup does once a day, and at its start, what depends on the date alone:
// belief fades and forecasts are made. It works until ctx ends.
func (p *Pipeline) Keepup(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	var last time.Time
	for {
		if now := p.Now(); now.Sub(last) >= 24*time.Hour {
			last = now
			if err := p.daily(ctx, now); err != nil && ctx.Err() == nil {
				p.Log.Error("daily work failed", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (p *Pipeline) daily(ctx context.Context, now time.Time) error {
	if _, err := p.DB.Fade(ctx, now.Add(-24*time.Hour)); err != nil {
		return err
	}
	if err := p.reweigh(ctx); err != nil {
		return err
	}
	return p.Forecast(ctx)
}
