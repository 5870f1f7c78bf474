package pipeline

import (
	"context"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// knownSince tells of rows whose sources give no date since when they are known here.
func (ed *Editor) knownSince(ctx context.Context, r intel.Reader, rows []intel.Row, w Window, now time.Time) error {
	var links []int64
	for _, row := range rows {
		if undated(row) {
			links = append(links, row.Links()...)
		}
	}
	if len(links) == 0 {
		return nil
	}
	since, err := ed.DB.Known(ctx, r, links, w.then(now))
	if err != nil {
		return err
	}
	for i, row := range rows {
		if !undated(row) {
			continue
		}
		for _, l := range row.Links() {
			if at := since[l]; !at.IsZero() && (rows[i].Known.IsZero() || at.Before(rows[i].Known)) {
				rows[i].Known = at
			}
		}
	}
	return nil
}

// undated reports whether no source says since when a row is true.
func undated(row intel.Row) bool { return row.First.IsZero() && !row.Predicted }
