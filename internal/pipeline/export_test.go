package pipeline

import (
	"context"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
)

// TrainDue trains what was not trained for a week.
func TrainDue(ctx context.Context, p *Pipeline, now time.Time) error { return p.trainDue(ctx, now) }

// Second forecasts corroboration, and trains what was not trained for a week.
func Second(ctx context.Context, p *Pipeline, now time.Time) error { return p.second(ctx, now) }

// Unshown is why a model is not shown.
func Unshown(s forecast.Seconded) string { return unshown(s) }
