package pipeline

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// forecasted is how many of the most active actors get forecasts.
	forecasted = 500
	// forecastedBeside is how many campaigns, countries, labels, malware and tools do, of each.
	forecastedBeside = 100
	// active is how far back those that were seen go before others, of whom there are
	// forecasts only if collectors were silent since.
	active = 26 * 7 * 24 * time.Hour
	// taken is the probability from which a row counts as what an actor uses.
	taken = 0.3
)

// Forecast makes and keeps today's forecasts of the actors, campaigns, countries and
// tags that were active in the last half year in which collectors told anything.
// Those already made today stay as they are. Each clearance that occurs has its own,
// made from what its readers may see; the strictest come first, so that nobody reads
// less in between. What may enter CISA's catalogue of exploited vulnerabilities is
// forecast besides, from packs alone.
func (p *Pipeline) Forecast(ctx context.Context) error {
	markings, err := p.DB.Markings(ctx, intel.Everything(), nil)
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(markings) {
		if err := p.forecastFor(ctx, intel.Reader{Clearance: m}); err != nil {
			return err
		}
	}
	return p.exploited(ctx)
}

// A field is what one actor's forecasts are held against.
type field struct {
	reader   intel.Reader
	now      time.Time
	own      map[string]intel.HeadRecord // how forecasts of each kind turned out here
	holdings *holdings
	heads    []*head
}

func (p *Pipeline) forecastFor(ctx context.Context, r intel.Reader) error {
	own, err := p.records(ctx, r)
	if err != nil {
		return err
	}
	f := field{reader: r, own: own, now: p.Now()}
	for _, kinds := range foreseenKinds() {
		var busy []store.Busy
		for _, k := range kinds {
			some, _, err := p.DB.Busiest(ctx, r, store.Roll{Kind: k.kind, Since: f.since(), Until: f.now, Recent: f.now.Add(-active)}, k.most, 0)
			if err != nil {
				return err
			}
			busy = append(busy, slices.DeleteFunc(some, func(b store.Busy) bool { return b.Entity == intel.Untagged() })...) // which is nobody
		}
		all, err := p.counts(ctx, f, busy)
		if err != nil {
			return err
		}
		if kinds[0].kind == intel.Actor && len(all) > 0 {
			if err := p.fit(ctx, &f, all); err != nil {
				return err
			}
		}
		for _, c := range all {
			if err := p.forecast(ctx, c, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// since is from when on documents are counted.
func (f field) since() time.Time { return f.now.AddDate(-2, 0, 0) }

// A foreseen is a kind, and of how many of it forecasts are made, the most active ones.
type foreseen struct {
	kind intel.Kind
	most int
}

// foreseenKinds is whose activity is forecast, those together whom the same collectors
// tell of: what the reference knows a tag to be makes it malware or a tool. Only actors
// take up characteristics.
func foreseenKinds() [][]foreseen {
	return [][]foreseen{{{intel.Actor, forecasted}}, {{intel.Campaign, forecastedBeside}}, {{intel.Country, forecastedBeside}},
		{{intel.Label, forecastedBeside}, {intel.Malware, forecastedBeside}, {intel.Tool, forecastedBeside}}}
}

// forecast makes the forecasts of one of those whose weeks were counted, unless it has
// its own of today: what came in since would add to those whatever now stands among the
// first ten.
func (p *Pipeline) forecast(ctx context.Context, c counted, f field) error {
	if !c.own || c.made {
		return nil
	}
	actor := c.entity
	var made []intel.Forecast
	if !c.silent {
		made = forecast.Activity(forecast.Series{Entity: actor, Weeks: c.weeks, Observed: c.observed}, c.foretold, f.now)
	}
	if actor.Kind == intel.Actor && (!c.silent || c.last.After(f.now.Add(-active))) { // of whom only this week tells, there are no counts yet
		for _, d := range f.heads {
			made = append(made, forecast.TakenUp(actor, d.prospects(actor, mostForecast, p.Reference().Title), f.now)...)
			if d.kind == intel.Vulnerability {
				made = append(made, forecast.TakenUp(actor, f.holdings.fragments(d, actor, mostPredicted), f.now)...)
			}
		}
	}
	return p.DB.SaveForecasts(ctx, forecast.Marked(forecast.Proven(made, f.own), f.reader.Clearance), p.Clock())
}

// fit fits the heads of characteristics to what the reader of a field may know.
func (p *Pipeline) fit(ctx context.Context, f *field, all []counted) (err error) {
	actors := make([]intel.Entity, len(all))
	for i, c := range all {
		actors[i] = c.entity
	}
	if f.holdings, err = p.holdings(ctx, f.reader, f.now, true); err != nil {
		return err
	}
	f.holdings.since = heardSince(all)
	var untold []string
	for _, t := range traits() {
		d, err := f.holdings.head(ctx, t, actors)
		switch {
		case err != nil:
			return fmt.Errorf("head of %s: %w", t.kind, err)
		case d != nil && d.uptake.Untold:
			untold = append(untold, string(t.kind))
		case d != nil:
			f.heads = append(f.heads, d)
		}
	}
	return keepUntold(ctx, p.DB, f.reader, untold, f.now)
}

// heardSince is the first week in which anybody was heard of.
func heardSince(all []counted) (first time.Time) {
	for _, c := range all {
		w := slices.IndexFunc(c.weeks, func(w intel.Count) bool { return w.N > 0 })
		if w >= 0 && (first.IsZero() || c.weeks[w].Start.Before(first)) {
			first = c.weeks[w].Start
		}
	}
	return first
}

// Keepup does once a day, and at its start, what depends on the date alone:
// belief fades, and forecasts are judged and made. What sources are worth is counted every
// hour. It works until ctx ends.
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
			debug.FreeOSMemory() // a training holds a hundred bytes of each report
		}
		if err := p.DB.CountWorth(ctx, p.Now()); err != nil && ctx.Err() == nil {
			p.Log.Error("sources are not weighed", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (p *Pipeline) daily(ctx context.Context, now time.Time) error {
	if _, err := p.Fade(ctx, nil); err != nil {
		return err
	}
	if err := p.reweigh(ctx); err != nil {
		return err
	}
	if err := p.foretell(ctx); err != nil {
		return err
	}
	if err := p.trainDue(ctx, now); err != nil {
		return err
	}
	return p.second(ctx, now)
}
