package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// theirs says of which types, of those whose files are anybody's, the store has a
// source of the name.
func (im *importing) theirs(ctx context.Context) (map[string]bool, error) {
	if len(im.unnamed) == 0 {
		return nil, nil
	}
	sources, err := im.app.db.Sources(ctx, intel.Everything(), im.app.now())
	out := map[string]bool{}
	for _, s := range sources {
		out[string(s.Name)] = s.Documents > 0
	}
	return out, err
}

// report prints the counts and every rejected item.
func (im *importing) report(ctx context.Context, before store.Counts, started time.Time) error {
	after, err := im.app.db.Counts(ctx)
	if err != nil {
		return err
	}
	theirs, err := im.theirs(ctx)
	if err != nil {
		return err
	}
	seconds := time.Since(started).Seconds()
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.app.cli.JSON {
		if im.rejected == nil {
			im.rejected = []rejection{}
		}
		out := map[string]any{"documents": im.added, "observations": after.Observations - before.Observations, "evidence": after.Evidence - before.Evidence,
			"unweighed": max(0, after.Unweighed-before.Unweighed), "skipped": im.skipped(), "rejected": im.rejected, "seconds": seconds}
		if !im.foretold.IsZero() {
			out["forecasts_made"] = im.foretold
		}
		return im.app.print(out)
	}
	as := slices.Sorted(maps.Keys(im.types))
	fmt.Fprintf(im.app.out, "new documents: %d, read as %s; already there or copies: %d; observations: %d; pieces of evidence: %d; %.1f s\n",
		im.added, cmp.Or(strings.Join(as, ", "), "nothing"), im.skipped(), after.Observations-before.Observations, after.Evidence-before.Evidence, seconds)
	for _, form := range slices.Sorted(maps.Keys(im.unnamed)) {
		im.app.remark("what has the form of %[1]s is anybody's, and kept as %[2]s: its accounts are one voice; if it is %[1]s's, import it with --source %[1]s, or from a folder of that name", form, im.unnamed[form])
		if theirs[form] && im.added > 0 {
			im.app.remark("what was imported before as %[1]s's is another document, and stays: with --source %[1]s nothing is there twice", form)
		}
	}
	if n := after.Unweighed - before.Unweighed; n > 0 {
		im.app.remark("long texts say more than is weighed of one: %d pieces are left out; explain and lookup tell of which values", n)
	}
	if !im.foretold.IsZero() && im.added > 0 {
		im.app.remark("the forecasts that were made today before this import, at %s UTC, stay as they are; what it brought counts in the next ones, due on %s",
			im.foretold.Format("15:04"), date(forecast.Today(im.app.now()).AddDate(0, 0, 1)))
	}
	for _, copied := range im.copies {
		fmt.Fprintln(im.app.err, line(copied))
	}
	for _, r := range im.rejected {
		where := r.Path
		if r.Item != "" {
			where += ": " + r.Item
		}
		fmt.Fprintf(im.app.err, "rejected %s: %s\n", line(where), line(r.Reason))
	}
	return nil
}
