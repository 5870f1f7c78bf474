package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"runtime"
	"slices"
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
	s := &rescoring{Rescoring: r, most: most, alone: db.dialect.alone, aside: engine{read, db.dialect.bare}, roster: roster{names: map[int64]intel.Entity{}}}
	defer s.forgo()
	for {
		var b weighedBatch
		err := db.tx(ctx, func(tx engine) (err error) {
			b, err = s.batch(ctx, tx)
			return err
		})
		if err != nil {
			return n, fmt.Errorf("rescore: %w", err)
		}
		if b.links == 0 {
			return n, nil
		}
		s.after, s.epoch = b.last, b.epoch
		n += b.links
		if r.Done != nil {
			r.Done(b.links)
		}
		if b.links < most {
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
	alone  string // see dialect
	aside  engine // reads what was committed
	roster roster
	after  int64 // the last link that was written
	epoch  int64 // that began then; 0 at first
	ahead  *foresight
}

// A foresight is a batch that is weighed while the one before is written. It holds if
// nobody else has written meanwhile.
type foresight struct {
	after, epoch int64
	done         chan struct{}
	stop         context.CancelFunc
	batch        weighedBatch
	err          error
}

// A weighedBatch is what is to be written of a run of links.
type weighedBatch struct {
	links       int
	after, last int64
	lost        []int64 // lose all rows
	rows        [gone][]assessedRow
	strata      []piece // of the hot ones
	epoch       int64   // that begins with it
}

// foresee begins to weigh the batch after a link.
func (s *rescoring) foresee(ctx context.Context, after, epoch int64) {
	ctx, stop := context.WithCancel(ctx)
	f := &foresight{after: after, epoch: epoch, done: make(chan struct{}), stop: stop}
	s.ahead = f
	go func() {
		defer close(f.done)
		f.batch, f.err = s.weigh(ctx, after)
	}()
}

// forgo ends a foresight, if there is one.
func (s *rescoring) forgo() {
	if s.ahead != nil {
		s.ahead.stop()
		<-s.ahead.done
		s.ahead = nil
	}
}

// next returns the batch to write now, in a transaction during which nobody else may
// write what it rests on.
func (s *rescoring) next(ctx context.Context, epoch, after int64) (weighedBatch, error) {
	if f := s.ahead; f != nil && f.after == after && f.epoch == epoch {
		<-f.done
		if f.err == nil {
			b := f.batch
			s.forgo()
			return b, nil
		}
	}
	s.forgo()
	return s.weigh(ctx, after)
}

// batch writes a batch of links, and sees to the next meanwhile. It may be tried
// again.
func (s *rescoring) batch(ctx context.Context, tx engine) (b weighedBatch, err error) {
	if s.alone != "" {
		if _, err := tx.ExecContext(ctx, s.alone); err != nil {
			return b, err
		}
	}
	epoch, err := epochIn(ctx, tx)
	if err != nil {
		return b, err
	}
	if b, err = s.next(ctx, epoch, s.after); err != nil || b.links == 0 {
		return b, err
	}
	b.epoch = epoch + 1
	if s.epoch == 0 || s.epoch == epoch { // else others write, and it would be in vain
		s.foresee(ctx, b.last, b.epoch)
	}
	if err := b.write(ctx, tx); err != nil {
		return b, err
	}
	return b, newEpoch(ctx, tx)
}

func (b weighedBatch) write(ctx context.Context, tx engine) error {
	for _, table := range []string{`stale`, `strata`} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE link > $1 AND link <= $2`, b.after, b.last); err != nil {
			return err
		}
	}
	if err := chunks(b.lost, func(lost []int64) error { return unassess(ctx, tx, lost) }); err != nil {
		return err
	}
	for change, how := range [gone]string{replaced: inPlace, moved: elsewhere} {
		if err := upsert(ctx, tx, how, b.rows[change]); err != nil {
			return err
		}
	}
	return addStrata(ctx, tx, b.strata)
}

// weigh weighs the links of a batch, several slices at a time, and puts the rows that
// change in order: those that move by where they go, since it is by the pages that it
// touches that an index takes time to write.
func (s *rescoring) weigh(ctx context.Context, after int64) (b weighedBatch, err error) {
	b.after = after
	err = s.aside.QueryRowContext(ctx, fmt.Sprintf(`SELECT COUNT(*), COALESCE(MAX(id), 0) FROM (SELECT id FROM links WHERE id > $1 ORDER BY id LIMIT %d) l`, s.most), after).
		Scan(&b.links, &b.last)
	if err != nil || b.links == 0 {
		return b, err
	}
	var guard sync.Mutex
	g, among := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	if !s.Fade { // then little is written
		workers = max(1, workers-1) // one writes the batch before, and is waited for
	}
	g.SetLimit(workers)
	for from := after; from < b.last && among.Err() == nil; from += rescoreSlice {
		g.Go(func() error {
			some, err := s.slice(among, from, min(from+rescoreSlice, b.last))
			guard.Lock()
			defer guard.Unlock()
			b.add(some)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return b, err
	}
	slices.SortFunc(b.rows[replaced], func(a, b assessedRow) int {
		return cmp.Or(cmp.Compare(a.link, b.link), cmp.Compare(a.marking, b.marking))
	})
	slices.SortFunc(b.rows[moved], inIndex)
	return b, ctx.Err()
}

func (b *weighedBatch) add(some weighedSlice) {
	b.strata = append(b.strata, some.strata...)
	for _, r := range some.rows {
		if r.change == gone {
			b.lost = append(b.lost, r.link)
			continue
		}
		b.rows[r.change] = append(b.rows[r.change], r)
	}
}

// A weighedSlice is what is to be written of a slice of links: the rows that change
// and the sums of what is said of the hot ones.
type weighedSlice struct {
	rows   []assessedRow
	strata []piece
}

// slice weighs the links after one up to another.
func (s *rescoring) slice(ctx context.Context, after, last int64) (out weighedSlice, err error) {
	former, known, err := s.former(ctx, after, last)
	if err != nil {
		return out, err
	}
	pieces, err := s.pieces(ctx, after, last)
	if err != nil {
		return out, err
	}
	links, err := s.ends(ctx, former, known, pieces)
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

// former returns the rows of the links after one up to another, in order, and
// where each begins.
func (s *rescoring) former(ctx context.Context, after, last int64) (rows []assessedRow, from []intel.Entity, err error) {
	from = make([]intel.Entity, 0, rescoreSlice+rescoreSlice/8)
	rows, err = query(ctx, s.aside, func(r *sql.Rows, a *assessedRow) error {
		var kind, name string
		err := scanAssessedRow(r, a, &kind, &name)
		from = append(from, intel.Entity{Kind: intel.Kind(kind), Name: name})
		return err
	}, assessedRowSelect+`, f.kind, f.name FROM assessments a CROSS JOIN entities f WHERE f.id = a.from_entity AND a.place >= $1 AND a.place < $2 ORDER BY a.place`,
		place(after+1, 0, 0), place(last+1, 0, 0))
	return rows, from, err
}

// ends returns the links of former rows, and of pieces of links that have none.
func (s *rescoring) ends(ctx context.Context, former []assessedRow, begin []intel.Entity, pieces []piece) (map[int64]ends, error) {
	known, err := s.names(ctx, former)
	if err != nil {
		return nil, err
	}
	links := make(map[int64]ends, len(former))
	for i, f := range former {
		from, to := begin[i], known[f.to]
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
			case former[i] == row || s.Fade && former[i].at != row.at && former[i].prints(row):
				continue // one of this very moment is as what it is weighed by has it
			case former[i].percent() != row.percent():
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

// names returns where links lead to.
func (s *rescoring) names(ctx context.Context, former []assessedRow) (map[int64]intel.Entity, error) {
	known := make(map[int64]intel.Entity, len(former))
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
