package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Worth is what a source was first with.
type Worth struct {
	Told     int // rows that it tells of
	Firsts   int // of them it told, in its own word, before any other source did
	Seconded int // of those, another source told later without having it from there
	Counted  time.Time
}

// A teller is a source that tells of a row.
type teller struct {
	source, at int64
	own        bool // not from another source
}

// CountWorth counts for each source what it was first with, of all rows as they are believed
// now. It reads all evidence once, in the order of its rows: it is for once in a while.
func (db *DB) CountWorth(ctx context.Context, now time.Time) error {
	all, err := db.worths(ctx)
	if err != nil {
		return fmt.Errorf("what sources were first with: %w", err)
	}
	err = db.tx(ctx, func(tx engine) error {
		for _, id := range slices.Sorted(maps.Keys(all)) {
			w := all[id]
			if _, err := tx.ExecContext(ctx, `UPDATE sources SET told = $1, firsts = $2, seconded = $3, counted = $4 WHERE id = $5`, w.Told, w.Firsts, w.Seconded, now.UnixMicro(), id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep what sources were first with: %w", err)
	}
	return nil
}

func (db *DB) worths(ctx context.Context) (map[int64]*Worth, error) {
	out := map[int64]*Worth{}
	rows, err := db.read.QueryContext(ctx, `SELECT link, how, COALESCE(learned, at, 0) FROM evidence_rows ORDER BY link`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var tellers []teller
	link := int64(-1)
	for rows.Next() {
		var of, how int64
		var at sql.NullInt64
		if err := rows.Scan(&of, &how, &at); err != nil {
			return nil, err
		}
		if of != link {
			worth(out, tellers)
			link, tellers = of, tellers[:0]
		}
		var p piece
		if p.readHow(how); p.Stance == intel.Supports {
			tellers = tell(tellers, teller{p.source, sinceSeconds(at).Int64, p.Speaker == intel.Self || p.Speaker == intel.Publisher})
		}
	}
	worth(out, tellers)
	return out, rows.Err()
}

// tell adds a source to those that tell of a row: each once, by its first word.
func tell(all []teller, t teller) []teller {
	i := slices.IndexFunc(all, func(x teller) bool { return x.source == t.source })
	switch {
	case i < 0:
		return append(all, t)
	case t.at < all[i].at:
		all[i] = t
	}
	return all
}

// worth counts a row for those who tell of it. Who told in the same moment as another was
// not before him.
func worth(of map[int64]*Worth, all []teller) {
	for _, t := range all {
		if of[t.source] == nil {
			of[t.source] = &Worth{}
		}
		w := of[t.source]
		w.Told++
		others := slices.DeleteFunc(slices.Clone(all), func(x teller) bool { return x.source == t.source })
		if !t.own || slices.ContainsFunc(others, func(x teller) bool { return x.at <= t.at }) {
			continue
		}
		w.Firsts++
		if slices.ContainsFunc(others, func(x teller) bool { return x.own }) {
			w.Seconded++
		}
	}
}
