package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// incoming is what documents that come in add to the counts of their sources.
type incoming map[int64]*arrived

type arrived struct {
	documents, known int
	reliability      intel.Reliability
	days             map[int64]arrival
	hours            map[int64]int
}

// An arrival is how many documents were learned on a day, and how many are dated of it.
type arrival struct{ documents, dated int }

// add counts documents, and those of them that are new.
func (in incoming) add(docs []intel.Document, sources map[intel.SourceID]int64, added []kept) {
	for _, d := range docs {
		id := sources[d.Source]
		if in[id] == nil {
			in[id] = &arrived{days: map[int64]arrival{}, hours: map[int64]int{}}
		}
		in[id].known++
		in[id].reliability = d.Reliability
	}
	for _, k := range added {
		a := in[k.source]
		a.known--
		a.documents++
		in.day(k.source, k.learned/day, arrival{documents: 1})
		at := k.learned
		if k.dated.Valid && k.dated.Int64 <= at { // anybody can date ahead
			at = k.dated.Int64
		}
		in.day(k.source, at/day, arrival{dated: 1})
		a.hours[k.learned/hour]++
	}
}

func (in incoming) day(source, day int64, more arrival) {
	was := in[source].days[day]
	in[source].days[day] = arrival{was.documents + more.documents, was.dated + more.dated}
}

// save adds the counts, in one order, so that nobody waits in a circle.
func (in incoming) save(ctx context.Context, tx engine, now time.Time) error {
	for _, id := range slices.Sorted(maps.Keys(in)) {
		if err := in[id].save(ctx, tx, id, now); err != nil {
			return err
		}
	}
	return nil
}

func (a *arrived) save(ctx context.Context, tx engine, id int64, now time.Time) error {
	const again = `UPDATE sources SET known = known + $1`
	var err error
	if a.documents > 0 {
		_, err = tx.ExecContext(ctx, again+`, documents = documents + $2, last_document = $3, reliability = $4 WHERE id = $5`,
			a.known, a.documents, now.UnixMicro(), int(a.reliability), id)
	} else {
		_, err = tx.ExecContext(ctx, again+` WHERE id = $2`, a.known, id)
	}
	if err != nil {
		return err
	}
	today := now.UnixMicro() / day
	if _, ok := a.days[today]; !ok && a.known > 0 {
		a.days[today] = arrival{} // on which they came again
	}
	err = chunks(slices.Sorted(maps.Keys(a.days)), func(days []int64) error {
		var args []any
		for _, d := range days {
			known := 0
			if d == today {
				known = a.known
			}
			args = append(args, id, d, a.days[d].documents, known, a.days[d].dated)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO arrivals (source, day, documents, known, dated) VALUES `+values(1, len(days), 5)+`
			ON CONFLICT (source, day) DO UPDATE SET documents = arrivals.documents + excluded.documents, known = arrivals.known + excluded.known, dated = arrivals.dated + excluded.dated`, args...)
		return err
	})
	if err != nil {
		return err
	}
	return a.saveHours(ctx, tx, id, now.UnixMicro()/hour-24)
}

// saveHours adds documents to those of the last day by the hour, and forgets older ones.
func (a *arrived) saveHours(ctx context.Context, tx engine, id, from int64) error {
	late := slices.DeleteFunc(slices.Sorted(maps.Keys(a.hours)), func(h int64) bool { return h <= from })
	if len(late) == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM hours WHERE source = $1 AND hour <= $2`, id, from); err != nil {
		return err
	}
	return chunks(late, func(some []int64) error {
		var args []any
		for _, h := range some {
			args = append(args, id, h, a.hours[h])
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO hours (source, hour, documents) VALUES `+values(1, len(some), 3)+`
			ON CONFLICT (source, hour) DO UPDATE SET documents = hours.documents + excluded.documents`, args...)
		return err
	})
}

// copied counts documents that are near-copies, by their sources.
func copied(ctx context.Context, tx engine, documents []int64) error {
	return chunks(documents, func(some []int64) error {
		of, err := query(ctx, tx, func(r *sql.Rows, x *[2]int64) error { return r.Scan(&x[0], &x[1]) },
			`SELECT source, COUNT(*) FROM documents WHERE id IN `+list(1, len(some))+` GROUP BY source ORDER BY source`, anys(some)...)
		for _, x := range of {
			if err == nil {
				_, err = tx.ExecContext(ctx, `UPDATE sources SET copies = copies + $1 WHERE id = $2`, x[1], x[0])
			}
		}
		return err
	})
}

// A yield is by how many the documents of a source that give evidence, and the pieces of that,
// change.
type yield struct{ documents, pieces int }

// yield counts pieces of evidence that a document gives, or gives no more.
func (s *saving) yield(source int64, documents, pieces int) {
	if was := s.yields[source]; pieces != 0 {
		s.yields[source] = yield{was.documents + documents, was.pieces + pieces}
	}
}

// unyield takes back evidence of documents that are derived again, each named for each piece.
func (s *saving) unyield(pieces []int64) {
	of := make(map[int64]int64, len(s.docs))
	for _, d := range s.docs {
		of[d.id] = d.source
	}
	for _, document := range pieces {
		documents := 0
		if !s.unyielded[document] {
			s.unyielded[document], documents = true, -1
		}
		s.yield(of[document], documents, -1)
	}
}

// yielded counts by source what documents give, in one order, so that nobody waits in a
// circle.
func (s *saving) yielded(ctx context.Context) error {
	for _, id := range slices.Sorted(maps.Keys(s.yields)) {
		y := s.yields[id]
		if y == (yield{}) {
			continue
		}
		if _, err := s.tx.ExecContext(ctx, `UPDATE sources SET yielded = yielded + $1, pieces = pieces + $2 WHERE id = $3`, y.documents, y.pieces, id); err != nil {
			return err
		}
	}
	return nil
}
