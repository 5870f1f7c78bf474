package pipeline

import (
	"context"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// RowHistory tells the history of a row as profiles print it: of one that is said under
// several names that of the name which means it most, and of names of several as far as
// they mean it.
func (ed *Editor) RowHistory(ctx context.Context, r intel.Reader, row intel.Row, w Window, now time.Time, most int) (intel.History, error) {
	link, share := mainly(row)
	if link == 0 { // only lists say so
		return intel.History{Row: row.ID}, nil
	}
	h, err := ed.History(ctx, r, link, w, now, most)
	if err != nil || share == 1 {
		return h, err
	}
	m, err := ed.Measure(ctx, now)
	if err != nil {
		return h, err
	}
	h.Turns = slices.Clone(h.Turns)
	for i, t := range h.Turns {
		h.Turns[i] = partly(t, share, m.Scale.Cuts)
	}
	if l, err := intel.ParseLink(row.ID); err == nil {
		h.Link = l
	}
	return h, nil
}

// mainly is the link that a row rests on most, and the share with which it means it.
func mainly(row intel.Row) (link int64, share float64) {
	for _, j := range row.Joins {
		if j.Share > share && !j.Denies {
			link, share = j.Link, j.Share
		}
	}
	if links := row.Links(); len(row.Joins) == 0 && len(links) > 0 {
		return links[0], 1
	}
	return link, share
}

// partly is a turn of what is said of a name that with a share means what the row is
// of.
func partly(t intel.Turn, share float64, cuts score.Cuts) intel.Turn {
	for _, p := range []*float64{&t.Before, &t.Probability, &t.BelievedBefore, &t.Believed} {
		*p *= share
	}
	t.LevelBefore, t.Level = lower(t.LevelBefore, cuts.Level(t.BelievedBefore, 2, true)), lower(t.Level, cuts.Level(t.Believed, 2, true))
	return t
}

// lower is the lower of two levels.
func lower(a, b intel.Level) intel.Level {
	order := []intel.Level{intel.Low, intel.Medium, intel.High}
	return order[min(slices.Index(order, a), slices.Index(order, b))]
}
