package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// sightings is the name of the model of whether a value is seen again.
	sightings = "sightings"
	// trained is the setting that says when it was fitted last, or tried to be.
	trained = "trained sightings"
	// refitEvery is how often that is done.
	refitEvery = 7 * 24 * time.Hour
)

// A Training is how the fitting of a model ended.
type Training struct {
	forecast.Refitted
	Version int `json:"version,omitempty"` // of the model; none was fitted
	// Kept says that it is in force from now on; Reason says why not.
	Kept   bool   `json:"kept"`
	Reason string `json:"reason,omitempty"`
}

// Train fits the model of sightings to what the store holds, and puts it in force if it
// tells the last month better than the one that ships.
func (p *Pipeline) Train(ctx context.Context) (t Training, err error) {
	now := p.Now()
	if err := p.DB.SaveSetting(ctx, trained, now.UTC().Format(time.RFC3339)); err != nil {
		return t, err
	}
	days, err := p.DB.ReportDays(ctx, now)
	if err != nil {
		return t, err
	}
	screen, err := p.screen(ctx, now)
	if err != nil {
		return t, err
	}
	fit := forecast.NewRefit(now, days)
	err = p.DB.EachReports(ctx, forecast.ForetoldKinds(), now, forecast.MostReports, func(e intel.Entity, reports []store.Report) error {
		if screen.Of(e).Reason != "" {
			return nil
		}
		all := make([]forecast.Report, len(reports))
		for i, r := range reports {
			all[i] = forecast.Report(r)
		}
		fit.Add(e, all)
		return nil
	})
	if err != nil {
		return t, err
	}
	t.Refitted, err = fit.Fit()
	if errors.Is(err, forecast.ErrTooFew) {
		t.Reason = err.Error()
		return t, nil
	}
	if err != nil {
		return t, err
	}
	if t.Kept = t.Better(); !t.Kept {
		t.Reason = "it tells the month held out no better than the model that ships, but by chance"
		if t.OneSource {
			t.Reason = "without the values of one source it tells the month held out worse than the model that ships"
		}
	}
	basis := fmt.Sprintf("%d value-months of this store, %s to %s", t.Months, t.From.Format(time.DateOnly), t.Held.Format(time.DateOnly))
	weights, err := forecast.WriteSightings(t.Model, basis)
	if err != nil {
		return t, err
	}
	t.Version, err = p.keepModel(ctx, store.Model{Name: sightings, Made: now, Basis: basis, Weights: weights, Kept: t.Kept}, t.Refitted)
	return t, err
}

// screen sets aside what models are not to learn from, as lists and analysts say.
func (p *Pipeline) screen(ctx context.Context, now time.Time) (score.Screen, error) {
	verdicts, err := p.DB.ValueVerdicts(ctx)
	return score.Screen{Listed: p.Reference().Benign, Verdicts: score.NewVerdicts(verdicts), Reader: intel.Everything(), Now: now}, err
}

// keepModel keeps what a training came to, with its figures, and returns its version.
func (p *Pipeline) keepModel(ctx context.Context, m store.Model, figures any) (int, error) {
	var err error
	if m.Figures, err = json.Marshal(figures); err != nil {
		return 0, err
	}
	return p.DB.SaveModel(ctx, m)
}

// trainDue trains what was not trained for a week.
func (p *Pipeline) trainDue(ctx context.Context, now time.Time) error {
	if due, err := p.due(ctx, trained, now); err != nil || !due {
		return err
	}
	t, err := p.Train(ctx)
	if err == nil && t.Version > 0 {
		p.Log.Info("the model of sightings was fitted anew", "version", t.Version, "kept", t.Kept, "log_loss", t.LogLoss, "shipped", t.ShippedLogLoss)
	}
	return err
}

// due reports whether what a setting has the time of was not done for a week, or never.
func (p *Pipeline) due(ctx context.Context, setting string, now time.Time) (bool, error) {
	at, err := p.DB.Setting(ctx, setting)
	if err != nil && !errors.Is(err, intel.ErrNotFound) {
		return false, err
	}
	last, err := time.Parse(time.RFC3339, at)
	return err != nil || now.Sub(last) >= refitEvery, nil
}

// seer returns the model by which sightings are foretold, and its name.
func (ed *Editor) seer(ctx context.Context, now time.Time) (forecast.Logistic, string, error) {
	m, err := ed.DB.Model(ctx, sightings, now)
	if errors.Is(err, intel.ErrNotFound) || err == nil && !m.Kept {
		return forecast.Shipped(), sightings + " as shipped", nil
	}
	if err != nil {
		return forecast.Logistic{}, "", err
	}
	model, err := forecast.ParseSightings(m.Weights)
	return model, fmt.Sprintf("%s %d", sightings, m.Version), err
}
