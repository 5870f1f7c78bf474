package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// aWeek is how long ago the forecasts were made that those of now are compared with, or
// up to twice as long: not every day has some.
const aWeek = 7 * 24 * time.Hour

// foreseen fills in what follows from the forecasts of a profile: their names, the weeks
// ahead, and what has changed since last week.
func (ed *Editor) foreseen(ctx context.Context, r intel.Reader, p *intel.Profile, w Window, now time.Time) error {
	ed.nameTargets(p.Forecasts)
	if err := ed.precede(ctx, r, p.Forecasts, w.then(now)); err != nil {
		return err
	}
	p.Ahead = forecast.Ahead(p.Forecasts)
	var before []intel.Forecast
	if len(p.Forecasts) > 0 {
		var err error
		made := p.Forecasts[0].Made
		if before, err = ed.DB.ForecastsOf(ctx, r, p.Entity, store.Period{From: made.Add(-2 * aWeek), To: made.Add(-aWeek)}); err != nil {
			return err
		}
	}
	fs, outcomes, err := ed.DB.Settled(ctx, r, p.Entity, store.Period{From: now.Add(-aWeek), To: now})
	if err != nil {
		return err
	}
	ed.nameTargets(before)
	ed.nameTargets(fs)
	judged := make([]forecast.Judged, len(fs))
	for i := range fs {
		judged[i] = forecast.Judged{Forecast: fs[i], Outcome: outcomes[i]}
	}
	p.Changes = forecast.Changes(p.Forecasts, before, judged)
	return nil
}

// Forecast returns a forecast that r may see and that was made by now, with its names and
// the documents of its precedents, and what came of it; nil: it was not judged by now.
func (ed *Editor) Forecast(ctx context.Context, r intel.Reader, id string, w Window, now time.Time) (intel.Forecast, *intel.Outcome, error) {
	f, err := ed.DB.Forecast(ctx, r, id)
	if err != nil {
		return f, nil, err
	}
	if f.Made.After(now) {
		return f, nil, fmt.Errorf("forecast %s as of %s: %w", id, now.UTC().Format(time.DateOnly), intel.ErrNotFound)
	}
	one := []intel.Forecast{f}
	ed.nameTargets(one)
	if err = ed.precede(ctx, r, one, w.then(now)); err != nil {
		return f, nil, err
	}
	o, err := ed.DB.Outcome(ctx, r, id)
	if errors.Is(err, intel.ErrNotFound) || err == nil && o.Judged.After(now) {
		return one[0], nil, nil
	}
	return one[0], &o, err
}

// nameTargets fills in what the reference calls what is forecast.
func (ed *Editor) nameTargets(fs []intel.Forecast) {
	for i := range fs {
		e, err := intel.ParseEntity(fs[i].Target)
		if err != nil {
			continue
		}
		if fs[i].Name = techniqueName(ed.Reference(), e); fs[i].Name == "" {
			fs[i].Name = ed.Reference().Title(e)
		}
	}
}
