package pipeline

import (
	"context"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// knownSince tells of rows whose sources give no date since when they are known here.
func (ed *Editor) knownSince(ctx context.Context, r intel.Reader, e intel.Entity, rows []intel.Row, w Window, now time.Time) error {
	var links []int64
	for _, row := range rows {
		if undated(row) {
			links = append(links, row.Links()...)
		}
	}
	if err := ed.listedSince(ctx, e, rows, now); err != nil || len(links) == 0 {
		return err
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

// listedSince notes since when lists say what no source dates: since the import of the
// list that brought the entry which says so as it stands, of several entries of one list
// the last, and of several lists the first.
func (ed *Editor) listedSince(ctx context.Context, e intel.Entity, rows []intel.Row, now time.Time) error {
	listed := func(row intel.Row) bool { return undated(row) && row.Listed > 0 }
	keys := map[string][]string{} // of packs
	places := make([][]reference.Place, len(rows))
	for i, row := range rows {
		if !listed(row) {
			continue
		}
		places[i] = ed.places(e, row)
		for _, p := range places[i] {
			keys[p.Pack] = append(keys[p.Pack], p.Key)
		}
	}
	since := map[string]map[string]time.Time{}
	for pack, all := range keys {
		var err error
		if since[pack], err = ed.DB.ItemsSince(ctx, pack, slices.Compact(slices.Sorted(slices.Values(all)))); err != nil {
			return err
		}
	}
	for i, row := range rows {
		if !listed(row) {
			continue
		}
		lists := map[string]time.Time{}
		for _, p := range places[i] {
			at, before := since[p.Pack][p.Key], lists[p.List]
			if _, seen := lists[p.List]; seen && (before.IsZero() || before.After(at) && !at.IsZero()) {
				at = before // what is not known of one entry is not known of its list
			}
			lists[p.List] = at
		}
		for _, at := range lists {
			if !at.IsZero() && !at.After(now) && (rows[i].Known.IsZero() || at.Before(rows[i].Known)) {
				rows[i].Known = at
			}
		}
		if rows[i].Known.IsZero() && len(row.Links()) == 0 {
			rows[i].KnownWhy = "it was not noted when the list was imported that says so"
			if slices.Contains(row.SaidBy, reference.BuiltIn) {
				rows[i].KnownWhy = "it comes with the program"
			}
		}
	}
	return nil
}

// places is where those lists that say a row have their entry of whom they say it of:
// that is of e, or where others are said to do something to e, of the row.
func (ed *Editor) places(e intel.Entity, row intel.Row) (out []reference.Place) {
	holders := []intel.Entity{e, row.Entity}
	if row.Relation != intel.AliasOf && slices.ContainsFunc(ed.Reference().Told(e), func(t reference.Told) bool { return t.Entity == row.Entity && t.Relation == row.Relation }) {
		holders = []intel.Entity{row.Entity}
	}
	for _, holder := range holders {
		for _, p := range ed.Reference().Places(holder) {
			if slices.Contains(row.SaidBy, p.List) {
				out = append(out, p)
			}
		}
		if len(out) > 0 {
			break
		}
	}
	return out
}

// undated reports whether no source says since when a row is true.
func undated(row intel.Row) bool { return row.First.IsZero() && !row.Predicted }
