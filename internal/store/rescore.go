package store

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/portent-cti/portent/internal/intel"
)

// A Rescoring says how everything is weighed anew.
type Rescoring struct {
	Weighing
	// Fade says that nothing but time has passed: rows that print as they did are
	// left as of when they were weighed.
	Fade bool
	// Done, if set, is told after each transaction how many links it weighed.
	Done func(links int)
}

const (
	// rescoreBatch is how many links one transaction weighs: others who write
	// wait for it, a second or so.
	rescoreBatch = 100_000
	// rescorePause is for other processes that write to an SQLite file: they try
	// again every 100 ms at least, and queue nowhere.
	rescorePause = 110 * time.Millisecond
	// rescoreSlice is how many links a worker reads and weighs at a time.
	rescoreSlice = 2_000
)

// Rescore weighs every link anew and returns how many there are. Batch after
// batch is written, each whole or not at all: who reads meanwhile finds either
// state of a row, who writes comes between two batches, and what is cut short can
// simply be begun again.
func (db *DB) Rescore(ctx context.Context, r Rescoring) (int, error) {
	return db.rescore(ctx, r, rescoreBatch)
}

func (db *DB) rescore(ctx context.Context, r Rescoring, most int) (n int, err error) {
	write, read, err := db.dialect.open(db.url) // readers keep their own connections
	if err != nil {
		return 0, fmt.Errorf("rescore: %w", err)
	}
	defer read.Close()
	if write != read {
		defer write.Close()
	}
	if db.dialect.roomy != "" {
		if _, err := db.write.ExecContext(ctx, db.dialect.roomy); err != nil {
			return 0, fmt.Errorf("rescore: %w", err)
		}
		defer db.write.ExecContext(context.WithoutCancel(ctx), db.dialect.modest) //nolint:errcheck // more memory harms nothing but thrift
	}
	s := &rescoring{Rescoring: r, most: most, aside: engine{read, db.dialect.bare}, roster: roster{names: map[int64]intel.Entity{}}}
	for after := int64(0); ; {
		links := 0
		err := db.tx(ctx, func(tx engine) error {
			upto, err := s.batch(ctx, tx, db.dialect.alone, after)
			links, s.last = upto.n, upto.last
			return err
		})
		if err != nil {
			return n, fmt.Errorf("rescore: %w", err)
		}
		if links == 0 {
			return n, nil
		}
		after = s.last
		n += links
		if r.Done != nil {
			r.Done(links)
		}
		if links < most {
			continue // the last
		}
		select {
		case <-ctx.Done():
		case <-time.After(db.dialect.pause):
		}
	}
}

// rescoring is one Rescore under way.
type rescoring struct {
	Rescoring
	most   int    // links of a batch
	aside  engine // reads what was committed
	roster roster
	last   int64 // link of the batch
}

// A reach is how far a batch goes.
type reach struct {
	n    int
	last int64
}

// batch weighs the links after one, in a transaction during which nobody else may
// write what it reads: so several may read beside it.
func (s *rescoring) batch(ctx context.Context, tx engine, alone string, after int64) (upto reach, err error) {
	if alone != "" {
		if _, err := tx.ExecContext(ctx, alone); err != nil {
			return upto, err
		}
	}
	err = tx.QueryRowContext(ctx, fmt.Sprintf(`SELECT COUNT(*), COALESCE(MAX(id), 0) FROM (SELECT id FROM links WHERE id > $1 ORDER BY id LIMIT %d) l`, s.most), after).
		Scan(&upto.n, &upto.last)
	if err != nil || upto.n == 0 {
		return upto, err
	}
	for _, table := range []string{`stale`, `strata`} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE link > $1 AND link <= $2`, after, upto.last); err != nil {
			return upto, err
		}
	}
	w := writer{tx: tx}
	defer w.close()
	changes := make(chan weighedSlice, 2)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(changes)
		return s.slices(ctx, after, upto.last, changes)
	})
	g.Go(func() error {
		for c := range changes {
			if err := w.write(ctx, c.rows); err != nil {
				return err
			}
			if err := addStrata(ctx, tx, c.strata); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return upto, err
	}
	return upto, newEpoch(context.WithoutCancel(ctx), tx)
}

// slices weighs the links of a batch, several workers at a time.
func (s *rescoring) slices(ctx context.Context, after, last int64, changes chan<- weighedSlice) error {
	g, among := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for from := after; from < last && among.Err() == nil; from += rescoreSlice {
		g.Go(func() error {
			c, err := s.slice(among, from, min(from+rescoreSlice, last))
			if err != nil {
				return err
			}
			select {
			case changes <- c:
				return nil
			case <-among.Done():
				return among.Err()
			}
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// A weighedSlice is what is to be written of a slice of links: the rows that change
// and the sums of what is said of the hot ones.
type weighedSlice struct {
	rows   []assessedRow
	strata []piece
}

// slice weighs the links after one up to another.
func (s *rescoring) slice(ctx context.Context, after, last int64) (out weighedSlice, err error) {
	former, err := query(ctx, s.aside, scanAssessedRow, assessedRowSelect+`WHERE link > $1 AND link <= $2 ORDER BY link, marking`, after, last)
	if err != nil {
		return out, err
	}
	pieces, err := s.pieces(ctx, after, last)
	if err != nil {
		return out, err
	}
	links, err := s.ends(ctx, after, last, former, pieces)
	if err != nil {
		return out, err
	}
	rows, err := assess(pieces, links, s.Judge)
	if err != nil {
		return out, err
	}
	out.strata = hotPieces(pieces)
	out.rows, err = s.changes(former, rows)
	return out, err
}

// ends returns the links of former rows, and of pieces of links that have none.
func (s *rescoring) ends(ctx context.Context, after, last int64, former []assessedRow, pieces []piece) (map[int64]ends, error) {
	known, err := s.entities(ctx, after, last, former)
	if err != nil {
		return nil, err
	}
	links := make(map[int64]ends, len(former))
	for _, f := range former {
		from, to := known[f.from], known[f.to]
		links[f.link] = ends{id: f.link, from: f.from, relation: f.relation, to: f.to, fromKind: from.Kind, fromName: from.Name, toKind: to.Kind, toName: to.Name}
	}
	var missing []int64
	for i, p := range pieces {
		if _, ok := links[p.link]; !ok && (i == 0 || pieces[i-1].link != p.link) {
			missing = append(missing, p.link)
		}
	}
	return links, chunks(missing, func(missing []int64) error {
		found, err := linkEnds(ctx, s.aside, missing)
		maps.Copy(links, found)
		return err
	})
}

// changes compares what links come to with the rows they have, both in order, and
// returns what is to be written. A link whose markings are others than before
// loses its rows first.
func (s *rescoring) changes(former []assessedRow, now []assessed) (out []assessedRow, err error) {
	for len(former) > 0 || len(now) > 0 {
		link := int64(0)
		switch {
		case len(now) == 0 || len(former) > 0 && former[0].link < now[0].link:
			link = former[0].link
		default:
			link = now[0].link
		}
		f, n := 0, 0
		for f < len(former) && former[f].link == link {
			f++
		}
		for n < len(now) && now[n].link == link {
			n++
		}
		same := f == n
		for i := 0; same && i < f; i++ {
			same = former[i].marking == int(now[i].Marking)
		}
		if n == 0 {
			if former[0].marking <= int(intel.Red) {
				l := former[0]
				out = append(out, assessedRow{link: link, change: gone}, unheard(ends{id: link, from: l.from, relation: l.relation, to: l.to}))
			}
			former = former[f:]
			continue
		}
		if !same && f > 0 {
			out = append(out, assessedRow{link: link, change: gone})
		}
		for i := range n {
			row, err := now[i].row()
			if err != nil {
				return nil, err
			}
			switch {
			case !same:
				row.change = moved
			case former[i] == row || s.Fade && former[i].prints(row):
				continue
			case former[i].percent != row.percent || former[i].below != row.below:
				row.change = moved
			}
			out = append(out, row)
		}
		former, now = former[f:], now[n:]
	}
	return out, nil
}

// A roster remembers names, which many links have at an end, and no values, which
// few have.
type roster struct {
	guard sync.Mutex
	names map[int64]intel.Entity
}

// mostRemembered is how many names a roster remembers before it begins anew.
const mostRemembered = 50_000

func (r *roster) keep(some []entityRow) {
	r.guard.Lock()
	defer r.guard.Unlock()
	if len(r.names) > mostRemembered {
		clear(r.names)
	}
	for _, e := range some {
		if e.Kind.Class() == intel.Name {
			r.names[e.id] = e.Entity
		}
	}
}

// unknown returns which of ids are not in known, after adding those that are
// remembered.
func (r *roster) unknown(ids []int64, known map[int64]intel.Entity) (out []int64) {
	r.guard.Lock()
	defer r.guard.Unlock()
	for _, id := range ids {
		if _, ok := known[id]; ok {
			continue
		}
		if known[id], _ = r.names[id]; known[id].Kind == "" {
			out = append(out, id)
		}
	}
	return out
}

// entities returns what is at the ends of links.
func (s *rescoring) entities(ctx context.Context, after, last int64, former []assessedRow) (map[int64]intel.Entity, error) {
	known := make(map[int64]intel.Entity, 2*len(former))
	from, err := query(ctx, s.aside, scanEntity, `SELECT id, kind, name FROM entities WHERE id IN (SELECT from_entity FROM assessments WHERE link > $1 AND link <= $2)`, after, last)
	if err != nil {
		return nil, err
	}
	for _, e := range from {
		known[e.id] = e.Entity
	}
	to := make([]int64, len(former))
	for i, f := range former {
		to[i] = f.to
	}
	return known, chunks(s.roster.unknown(to, known), func(ids []int64) error {
		some, err := query(ctx, s.aside, scanEntity, `SELECT id, kind, name FROM entities WHERE id IN `+list(1, len(ids)), anys(ids)...)
		for _, e := range some {
			known[e.id] = e.Entity
		}
		s.roster.keep(some)
		return err
	})
}

// pieces returns the evidence of links after one up to another, as pieces does
// for links that are few, in order.
func (s *rescoring) pieces(ctx context.Context, after, last int64) ([]piece, error) {
	rows, err := s.aside.QueryContext(ctx, evidenceSelect+`evidence WHERE link > $1 AND link <= $2 ORDER BY link, document, seq`, after, last)
	if err != nil {
		return nil, err
	}
	all, err := foldPieces(rows, s.Now, rescoreSlice+rescoreSlice/4)
	if err != nil {
		return nil, err
	}
	if err := nameSources(ctx, s.aside, all); err != nil {
		return nil, err
	}
	return all, traceRelays(ctx, s.aside, all, time.Time{})
}
