package pipeline

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// RowHistory tells the history of a row as profiles print it, of all its links
// together. What lists say of it they say today: it stands in the last line alone.
func (ed *Editor) RowHistory(ctx context.Context, r intel.Reader, row intel.Row, w Window, now time.Time, most int) (intel.History, error) {
	if len(row.Links()) == 0 { // only lists say so
		return intel.History{Row: row.ID}, nil
	}
	h, err := ed.history(ctx, r, row, w, now, most)
	if err != nil || len(row.Joins) == 0 {
		return h, err
	}
	if l, err := intel.ParseLink(row.ID); err == nil {
		h.Link = l
	}
	if row.Listed > 0 && !w.Back && len(h.Turns) > 0 {
		h.Turns = slices.Clone(h.Turns)
		last := &h.Turns[len(h.Turns)-1]
		last.Believed, last.Level, last.Origins = row.Probability, row.Level, row.Origins
		last.Why += "; listed by " + strings.Join(row.SaidBy, ", ")
	}
	return h, nil
}
