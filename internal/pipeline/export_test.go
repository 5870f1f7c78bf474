package pipeline

import (
	"context"
	"time"
)

// TrainDue trains what was not trained for a week.
func TrainDue(ctx context.Context, p *Pipeline, now time.Time) error { return p.trainDue(ctx, now) }

// Second forecasts corroboration, and trains what was not trained for a week.
func Second(ctx context.Context, p *Pipeline, now time.Time) error { return p.second(ctx, now) }
