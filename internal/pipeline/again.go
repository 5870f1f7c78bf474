package pipeline

import (
	"context"
	"maps"
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
	votes, err := ed.votes(ctx, r, values, now)
	if err != nil {
		return nil, err
	}
	for e, v := range votes {
		found := reports[e]
		if v.refuted {
			delete(reports, e)
			continue
		}
		found.Latest = append(found.Latest, v.confirmed...)
		found.Documents += len(v.confirmed)
		reports[e] = found
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

// A vote is what analysts say of the rows of one value.
type vote struct {
	confirmed []store.Report
	refuted   bool // all of them, as far as actors, malware and tools go
}

// votes returns those on values. Who may see a row sees what words on it do.
func (ed *Editor) votes(ctx context.Context, r intel.Reader, values []intel.Entity, now time.Time) (map[intel.Entity]vote, error) {
	all, _, err := ed.rulings.read(ctx, ed.DB)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	asked := make(map[intel.Entity]bool, len(values))
	for _, e := range values {
		asked[e] = true
	}
	out, refuted := map[intel.Entity]vote{}, map[intel.Entity]int{}
	for v := range ed.rulings.asOf(all, now).All() {
		e := v.Link.From
		if v.Link.Relation != intel.Indicates || !asked[e] {
			continue
		}
		if v.Ruling == intel.RefuteRow {
			refuted[e]++
			continue
		}
		one := out[e]
		one.confirmed = append(one.confirmed, store.Report{At: v.At, By: string(v.By)})
		out[e] = one
	}
	said, err := ed.DB.Claimants(ctx, r, slices.Collect(maps.Keys(refuted)), time.Time{})
	for e, n := range refuted {
		if len(out[e].confirmed) == 0 && n >= said[e] {
			out[e] = vote{refuted: true}
		}
	}
	return out, err
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
	if err != nil {
		return err
	}
	second, err := ed.corroborations(ctx, r, values, w, now)
	for i, row := range rows {
		if row.Suppressed == "" {
			rows[i].SeenAgain, rows[i].Polynomial = told[row.Entity].again, told[row.Entity].polynomial
			rows[i].Corroboration = second[row.Entity]
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
