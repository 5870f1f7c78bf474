package main

import (
	"context"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/web"
)

// checked is how often serve looks for sources that have gone silent.
const checked = 10 * time.Minute

// alarm warns in the log, once, of each source that goes silent against its own habit, until
// ctx ends. Metrics tell the same (docs/alerts.yml).
func (a *app) alarm(ctx context.Context) error {
	tick := time.NewTicker(checked)
	defer tick.Stop()
	told := map[intel.SourceID]bool{}
	for {
		sources, err := healths(ctx, a.db, intel.Everything(), a.now())
		if err != nil && ctx.Err() == nil {
			a.log.Error("health of sources not read", "err", err)
		}
		if err == nil {
			a.warn(told, sources)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// warn tells of sources that are silent and of which that was not told yet.
func (a *app) warn(told map[intel.SourceID]bool, sources []web.SourceHealth) {
	for _, s := range sources {
		silent := s.State == web.Silent
		if silent && !told[s.Name] {
			a.log.Warn("source silent: it is read, and tells nothing new for longer than its habit", "source", s.Name, "since", date(s.Silent))
		}
		told[s.Name] = silent
	}
}
