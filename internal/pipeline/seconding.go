package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// corroboration is the name of the model of whether a second account reports a
	// value, and secondTrained the setting that says when it was fitted last.
	corroboration, secondTrained = "corroboration", "trained corroboration"
	// untold is the setting that says why no value is told of, "" if some are.
	untold = "untold corroboration"
	// mostHistory is how many reports are read for it, the latest ones.
	mostHistory = 1_000_000
)

// A SecondTraining is how the fitting of the model of corroboration ended.
type SecondTraining struct {
	forecast.Seconded
	Version int `json:"version,omitempty"` // of the model; none was fitted
	// Kept says that forecasts are shown from now on, Told of how many values; Reason
	// says why not.
	Kept   bool   `json:"kept"`
	Told   int    `json:"forecasts"`
	Reason string `json:"reason,omitempty"`
}

// TrainSecond fits the model of corroboration to what the store holds. If it tells the
// months held out better than their rate, its forecasts take the place of those made
// before; otherwise there are none.
func (p *Pipeline) TrainSecond(ctx context.Context, least forecast.Gate) (t SecondTraining, err error) {
	now := p.Now()
	if err := p.DB.SaveSetting(ctx, secondTrained, now.UTC().Format(time.RFC3339)); err != nil {
		return t, err
	}
	h, err := p.hear(ctx, now)
	if err != nil {
		return t, err
	}
	s, err := forecast.NewSeconding(ctx, h.History, now)
	if err != nil {
		return t, err
	}
	t.Seconded, err = s.Fit(least)
	if errors.Is(err, forecast.ErrTooFew) {
		t.Reason = err.Error()
		return t, errors.Join(p.DB.SaveCorroborations(ctx, now, h.seen, nil), p.DB.SaveSetting(ctx, untold, t.Reason))
	}
	if err != nil {
		return t, err
	}
	if t.Kept = t.Better(); !t.Kept {
		t.Reason = unshown(t.Seconded)
	}
	weights, err := forecast.WriteSecond(t.Model)
	if err != nil {
		return t, err
	}
	basis := fmt.Sprintf("%d values of this store, from %s", t.Closed, t.From.Format(time.DateOnly))
	if t.Version, err = p.keepModel(ctx, store.Model{Name: corroboration, Made: now, Basis: basis, Weights: weights, Kept: t.Kept}, t.Seconded); err != nil {
		return t, err
	}
	t.Told, t.Reason, err = p.tellSecond(ctx, s, h, &t, now)
	return t, err
}

// tellSecond puts forecasts in the place of those made before: none, if the model is
// not kept.
func (p *Pipeline) tellSecond(ctx context.Context, s *forecast.Seconding, h *heard, t *SecondTraining, now time.Time) (told int, reason string, err error) {
	var all []forecast.Expected
	if reason = t.Reason; t.Kept {
		if all, err = s.Tell(t.Model); errors.Is(err, forecast.ErrSilent) {
			reason = err.Error()
		} else if err != nil {
			return 0, "", err
		}
	}
	rows := make([]store.Corroboration, len(all))
	for i, e := range all {
		rows[i] = store.Corroboration{Entity: e.Entity, Marking: h.markings[e.Entity], Corroboration: e.Corroboration}
	}
	return len(rows), reason, errors.Join(p.DB.SaveCorroborations(ctx, now, h.seen, rows), p.DB.SaveSetting(ctx, untold, reason))
}

// secondRecord tells by what it is told whether a second account reports a value, or why
// it is not.
func (ed *Editor) secondRecord(ctx context.Context, now time.Time) (r intel.SecondRecord, err error) {
	if r.Why, err = ed.DB.Setting(ctx, untold); err != nil && !errors.Is(err, intel.ErrNotFound) {
		return r, err
	}
	m, err := ed.DB.Model(ctx, corroboration, now)
	if errors.Is(err, intel.ErrNotFound) {
		r.Why = cmp.Or(r.Why, "none was fitted here yet; portent train corroboration does it, and portent serve once a week")
		return r, nil
	}
	if err != nil {
		return r, err
	}
	var figures forecast.Seconded
	if err := json.Unmarshal(m.Figures, &figures); err != nil {
		return r, fmt.Errorf("figures of model %s %d: %w", m.Name, m.Version, err)
	}
	if !m.Kept {
		r.Why = cmp.Or(r.Why, unshown(figures))
	}
	r.InForce, r.Version, r.Made = m.Kept, m.Version, m.Made
	r.Values, r.Corroborated, r.HeldValues, r.Skill, r.SkillError = figures.Closed, figures.Corroborated, figures.HeldValues, figures.Skill, figures.SkillError
	return r, nil
}

// heard is who reported what, as far as the store remembers.
type heard struct {
	*forecast.History
	markings map[intel.Entity]intel.Marking // the strictest that report a value, where not everybody may see them
	seen     int64                          // the last document that is known of
}

// hear reads the latest reports of all values that are not set aside.
func (p *Pipeline) hear(ctx context.Context, now time.Time) (*heard, error) {
	h := &heard{History: &forecast.History{}, markings: map[intel.Entity]intel.Marking{}}
	var err error
	if h.seen, err = p.DB.LastDocument(ctx); err != nil {
		return nil, err
	}
	screen, err := p.screen(ctx, now)
	if err != nil {
		return nil, err
	}
	return h, p.DB.EachPosted(ctx, now, mostHistory, func(d store.Posted) error {
		var last intel.Entity
		aside := false
		d.Claims = slices.DeleteFunc(d.Claims, func(c intel.Claim) bool {
			if c.Subject != last {
				last, aside = c.Subject, screen.Of(c.Subject).Reason != ""
			}
			return aside
		})
		for _, c := range d.Claims {
			if d.Marking > h.markings[c.Subject] {
				h.markings[c.Subject] = d.Marking
			}
		}
		h.Add(d.Document)
		return nil
	})
}

// second makes today's forecasts of corroboration, and fits the model anew if that was
// not done for a week.
func (p *Pipeline) second(ctx context.Context, now time.Time) error {
	due, err := p.due(ctx, secondTrained, now)
	if err != nil {
		return err
	}
	if due {
		t, err := p.TrainSecond(ctx, forecast.Strict())
		if err == nil && t.Version > 0 {
			p.Log.Info("the model of corroboration was fitted anew", "version", t.Version, "kept", t.Kept, "brier_skill", t.Skill, "error", t.SkillError)
		}
		return err
	}
	return p.ForetellSecond(ctx, now)
}

// ForetellSecond makes forecasts of corroboration by the model in force, if there is one.
func (p *Pipeline) ForetellSecond(ctx context.Context, now time.Time) error {
	m, err := p.DB.Model(ctx, corroboration, now)
	if errors.Is(err, intel.ErrNotFound) || err == nil && !m.Kept {
		return nil
	}
	if err != nil {
		return err
	}
	t := SecondTraining{Kept: true}
	if t.Model, err = forecast.ParseSecond(m.Weights); err != nil { // an older version fitted it, to other numbers
		_, err = p.TrainSecond(ctx, forecast.Strict())
		return err
	}
	h, err := p.hear(ctx, now)
	if err != nil {
		return err
	}
	s, err := forecast.NewSeconding(ctx, h.History, now)
	if err != nil {
		return err
	}
	_, _, err = p.tellSecond(ctx, s, h, &t, now)
	return err
}

// corroborations returns whether second accounts will report values, as far as that is
// known now: it is not of a past moment, nor where analysts refute all that is said.
func (ed *Editor) corroborations(ctx context.Context, r intel.Reader, values []intel.Entity, w Window, now time.Time) (map[intel.Entity]*intel.Corroboration, error) {
	if w.Back || len(values) == 0 {
		return nil, nil
	}
	found, err := ed.DB.Corroborations(ctx, r, values, now)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	votes, err := ed.votes(ctx, r, values, now)
	out := make(map[intel.Entity]*intel.Corroboration, len(found))
	for e, c := range found {
		if !votes[e].refuted {
			out[e] = &c
		}
	}
	return out, err
}

// seconded tells of a value that is known, and not set aside, whether a second account
// will report it.
func (ed *Editor) seconded(ctx context.Context, r intel.Reader, f *Finding, w Window, now time.Time) error {
	if !f.Known || f.Suppressed != "" {
		return nil
	}
	told, err := ed.corroborations(ctx, r, []intel.Entity{f.Entity}, w, now)
	f.Corroboration = told[f.Entity]
	return err
}

// unshown is why a model that is no better than the rate of what comes is not shown: one
// account alone is the reason only of skill that there is.
func unshown(s forecast.Seconded) string {
	const rate = "it tells the months held out no better than the rate of those that come"
	switch {
	case s.Skill <= 0:
		return rate
	case s.Skill <= 2*s.SkillError:
		return rate + ", but by chance"
	}
	return "without the values of one account " + rate
}
