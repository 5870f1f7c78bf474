package pipeline

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// mostSaid is how many documents say a row at most that is looked at: what more
// say rests on no single day.
const mostSaid = 50

// doubt puts on rows about indicators what the behaviour of their sources, and how
// many share a value, says against them, and orders them anew. Value names the
// indicator that a row is about.
func (ed *Editor) doubt(ctx context.Context, r intel.Reader, rows []intel.Row, value func(intel.Row) intel.Entity, cuts score.Cuts) error {
	var links []int64
	var values []intel.Entity
	seen := map[intel.Entity]bool{}
	for _, row := range rows {
		if row.Suppressed != "" || row.Predicted {
			continue
		}
		if e := value(row); !seen[e] {
			seen[e] = true
			values = append(values, e)
		}
		if id, err := strconv.ParseInt(row.ID, 10, 64); err == nil && row.Documents <= mostSaid {
			links = append(links, id)
		}
	}
	claimants, err := ed.DB.Claimants(ctx, r, values)
	if err != nil {
		return err
	}
	grounds, odd, err := ed.grounds(ctx, r, links)
	if err != nil {
		return err
	}
	for i, row := range rows {
		var d score.Doubt
		if id, err := strconv.ParseInt(row.ID, 10, 64); err == nil {
			d = score.Against(grounds[id], func(voice int64) (score.Odd, bool) { o, ok := odd[voice]; return o, ok })
		}
		d.Claimants, d.Cuts = claimants[value(row)], cuts
		rows[i] = score.Doubted(row, d)
	}
	slices.SortStableFunc(rows, surest)
	return nil
}

// Judged is the row of one link as it is believed now, all that speaks against it
// told, if it is about an indicator.
func (ed *Editor) Judged(ctx context.Context, r intel.Reader, a store.Assessed, now time.Time) (intel.Row, error) {
	m, err := ed.Measure(ctx, now)
	if err != nil {
		return intel.Row{}, err
	}
	rows := []intel.Row{ed.row(a, store.Section{Inward: a.Link.From.Kind.Class() == intel.IOC}, m.Scale.Cuts)}
	if rows[0].Entity.Kind.Class() != intel.IOC {
		return rows[0], nil
	}
	screen, err := ed.Screen(ctx, r, now)
	if err != nil {
		return rows[0], err
	}
	if aside := screen.Of(rows[0].Entity); aside.Reason != "" {
		return score.Disbelieved(rows[0], aside), nil
	}
	err = ed.doubt(ctx, r, rows, func(row intel.Row) intel.Entity { return row.Entity }, m.Scale.Cuts)
	return rows[0], err
}

// grounds returns what links rest on where a voice said much that day, and the odd
// days of those voices.
func (ed *Editor) grounds(ctx context.Context, r intel.Reader, links []int64) (map[int64][]score.Ground, map[int64]score.Odd, error) {
	found, err := ed.DB.Grounds(ctx, r, links)
	if err != nil {
		return nil, nil, err
	}
	busy, err := ed.DB.Busy(ctx, r, found, score.MuchInADay)
	if err != nil {
		return nil, nil, err
	}
	days, err := ed.DB.Paces(ctx, r, busy)
	if err != nil {
		return nil, nil, err
	}
	odd := make(map[int64]score.Odd, len(days))
	for voice, paces := range days {
		all := make([]score.Day, len(paces))
		for i, p := range paces {
			all[i] = score.Day(p)
		}
		odd[voice] = score.OddDays(all)
	}
	out := make(map[int64][]score.Ground, len(found))
	for link, some := range found {
		for _, g := range some {
			out[link] = append(out[link], score.Ground{Voice: g.Origin, Day: g.Day})
		}
	}
	return out, odd, nil
}
