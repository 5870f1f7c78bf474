package pipeline

import (
	"context"
	"time"
)

// TrainDue trains what was not trained for a week.
func TrainDue(ctx context.Context, p *Pipeline, now time.Time) error { return p.trainDue(ctx, now) }
