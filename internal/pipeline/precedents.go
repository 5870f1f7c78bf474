package pipeline

import (
	"context"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/forecast/activity"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// mostPrecedents is how many past states a forecast of a count is told with, and
	// documentsOfEach how many documents each of them.
	mostPrecedents  = 3
	documentsOfEach = 3
	// stateWeeks is how many weeks before what followed a state is told by.
	stateWeeks = 4
)

// precedents is the past states that are nearest to that of a series of a panel now; at
// says which of all each series is.
func precedents(m *activity.Model, p *activity.Panel, all []counted, at []int, s int) (out []intel.Precedent) {
	for _, x := range m.Precedents(s, mostPrecedents) {
		before, _ := p.Recent(x.Series, x.Week, stateWeeks)
		out = append(out, intel.Precedent{Series: all[at[x.Series]].entity, Stretch: intel.Stretch{From: p.At(x.Week), Until: p.At(x.Week + m.Horizon())}, Before: before, Came: x.Came})
	}
	return out
}

// precede names the precedents of forecasts and fills in the documents of their weeks.
func (ed *Editor) precede(ctx context.Context, r intel.Reader, fs []intel.Forecast, then time.Time) error {
	type known struct {
		title string
		names []intel.Entity
	}
	met := map[intel.Entity]known{}
	for i := range fs {
		fs[i].Precedents = slices.Clone(fs[i].Precedents)
		for j := range fs[i].Precedents {
			p := &fs[i].Precedents[j]
			k, ok := met[p.Series]
			if !ok {
				names, err := ed.DB.NamesOf(ctx, r, p.Series)
				if err != nil {
					return err
				}
				title, err := ed.title(ctx, r, p.Series)
				if err != nil {
					return err
				}
				k = known{title, store.Names(names)}
				met[p.Series] = k
			}
			docs, err := ed.DB.MentionsIn(ctx, r, k.names, store.Period{From: p.From.AddDate(0, 0, -7*stateWeeks), To: p.Until}, documentsOfEach, then)
			if err != nil {
				return err
			}
			p.Name, p.Documents = k.title, nil
			for _, d := range docs {
				p.Documents = append(p.Documents, eventOf(d))
			}
		}
	}
	return nil
}

// eventOf is a document as one of somebody's activities.
func eventOf(d intel.Document) intel.Event {
	what := d.Heading()
	if d.Genre == intel.LeakSite {
		what = "Claim on a leak site" // its title names the victim
	}
	return intel.Event{At: d.Published, What: what, Document: d.ID, Source: d.Source, URL: d.URL}
}
