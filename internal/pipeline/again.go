package pipeline

import (
	"context"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// mostReports is how many reports of a value a forecast looks at.
const mostReports = 64

// An outlook is whether one value will be seen again, and its decay as MISP counts it.
type outlook struct{ again, polynomial *float64 }

// foretold tells whether values will be seen again, from the documents that the
// reader may see. A sighting in a log is one of them. Values that it is not known of
// are left out.
func (ed *Editor) foretold(ctx context.Context, r intel.Reader, values []intel.Entity, w Window, now time.Time) (map[intel.Entity]outlook, error) {
	values = slices.DeleteFunc(slices.Clone(values), func(e intel.Entity) bool { return !forecast.Foretold(e.Kind) })
	reports, err := ed.DB.Reports(ctx, r, values, store.Wanted{Now: now, Since: now.AddDate(0, 0, -forecast.Memory-1), Most: mostReports, Then: w.then(now)})
	if err != nil {
		return nil, err
	}
	model, _, err := ed.seer(ctx, now)
	if err != nil {
		return nil, err
	}
	out := make(map[intel.Entity]outlook, len(reports))
	for e, found := range reports {
		s := forecast.Sightings{Kind: e.Kind, First: found.First, Documents: found.Documents}
		for _, o := range found.Latest {
			s.Reports = append(s.Reports, forecast.Report(o))
		}
		if p, polynomial, known := s.SeenAgainBy(model, now); known {
			out[e] = outlook{&p, &polynomial}
		}
	}
	return out, nil
}

// foresee tells of rows of indicators that are believed whether each will be seen
// again.
func (ed *Editor) foresee(ctx context.Context, r intel.Reader, rows []intel.Row, w Window, now time.Time) error {
	values := make([]intel.Entity, 0, len(rows))
	for _, row := range rows {
		if row.Suppressed == "" && !row.Predicted {
			values = append(values, row.Entity)
		}
	}
	told, err := ed.foretold(ctx, r, values, w, now)
	for i, row := range rows {
		if row.Suppressed == "" {
			rows[i].SeenAgain, rows[i].Polynomial = told[row.Entity].again, told[row.Entity].polynomial
		}
	}
	return err
}

// again tells of a value that is known, and not set aside, whether it will be seen
// again.
func (ed *Editor) again(ctx context.Context, r intel.Reader, f *Finding, w Window, now time.Time) error {
	if !f.Known || f.Suppressed != "" {
		return nil
	}
	told, err := ed.foretold(ctx, r, []intel.Entity{f.Entity}, w, now)
	if err != nil || told[f.Entity].again == nil {
		return err
	}
	f.SeenAgain, f.Polynomial = told[f.Entity].again, told[f.Entity].polynomial
	_, f.Model, err = ed.seer(ctx, now)
	return err
}
