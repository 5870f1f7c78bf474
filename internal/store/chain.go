package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	// mostFaults is how many faults are told one by one.
	mostFaults = 100
	// ahead is how many entries are looked through for the one that belongs to a
	// place, and how many may be missing between two.
	ahead = 500
)

// An entry is a line of the ledger with the forecast it is of.
type entry struct {
	written
	seq          int64
	digest, link []byte
	gone         bool // the forecast is not there
}

// sound reports whether the forecast is what the ledger vouches for.
func (e *entry) sound() bool {
	d := e.written.digest()
	return !e.gone && bytes.Equal(d[:], e.digest)
}

// follows reports whether the entry is the one of a number behind a link.
func (e *entry) follows(link []byte, number int64) bool {
	return bytes.Equal(linked(link, number, e.digest), e.link)
}

// A walk goes along the chain with the entries before it in hand.
type walk struct {
	db      *DB
	chain   intel.Chain
	pending []entry
	read    int64  // number of the last entry read
	all     bool   // nothing is left to read
	link    []byte // of the entry before; nil: it is not known
	last    entry  // the entry before
	shift   int64  // how many numbers entries were moved up by
	newest  int64  // day of the latest forecast so far, as far as its clock confirms it
	done    func(n int)
}

// fault notes what is wrong.
func (w *walk) fault(number int64, forecast, what, detail string) {
	if len(w.chain.Faults) == mostFaults {
		w.chain.More++
		return
	}
	w.chain.Faults = append(w.chain.Faults, intel.ChainFault{Number: number, Forecast: forecast, What: what, Detail: detail})
}

// CheckChain walks along the whole chain of forecasts and tells what was done to it,
// with about a thousand of them in memory. Done is told of entries passed.
func (db *DB) CheckChain(ctx context.Context, done func(n int)) (intel.Chain, error) {
	w := &walk{db: db, link: nothing(), done: done}
	err := w.run(ctx)
	for _, more := range []func(context.Context) error{w.end, w.outside, w.unjudged} {
		if err == nil {
			err = more(ctx)
		}
	}
	if err != nil {
		return w.chain, fmt.Errorf("chain of forecasts: %w", err)
	}
	w.chain.State = intel.ChainIntact
	switch {
	case len(w.chain.Faults) > 0:
		w.chain.State = intel.ChainBroken
	case w.chain.Forecasts == 0:
		w.chain.State = intel.ChainNone
	}
	return w.chain, nil
}

func (w *walk) run(ctx context.Context) error {
	for {
		if err := w.fill(ctx); err != nil || len(w.pending) == 0 {
			return err
		}
		w.step()
	}
}

// fill reads on until there is enough to look ahead.
func (w *walk) fill(ctx context.Context) error {
	if w.all || len(w.pending) > ahead {
		return nil
	}
	some, err := query(ctx, w.db.read, scanEntry, `SELECT l.seq, l.forecast, l.written, l.known, l.afterwards, l.digest, l.link, f.kind, f.body, e.kind, e.name, f.marking, f.made, f.due
		FROM ledger l LEFT JOIN forecasts f ON f.id = l.forecast LEFT JOIN entities e ON e.id = f.subject WHERE l.seq > $1 ORDER BY l.seq LIMIT $2`, w.read, ahead)
	if err != nil {
		return err
	}
	if w.all = len(some) == 0; !w.all {
		w.read = some[len(some)-1].seq
		w.pending = append(w.pending[:len(w.pending):len(w.pending)], some...)
	}
	if w.done != nil {
		w.done(len(some))
	}
	return nil
}

// A line is an entry as it is read, whose forecast may be missing.
type line struct {
	entry
	afterwards           int64
	kind, body           sql.NullString
	subjectKind, subject sql.NullString
	marking, made, due   sql.NullInt64
}

// fields are what is scanned: of the ledger seq, forecast, written, known, afterwards,
// digest and link, then kind and body of the forecast, kind and name of its subject, its
// marking, and when it was made and is due.
func (l *line) fields() []any {
	e := &l.entry
	return []any{&e.seq, &e.id, &e.at, &e.known, &l.afterwards, &e.digest, &e.link, &l.kind, &l.body, &l.subjectKind, &l.subject, &l.marking, &l.made, &l.due}
}

func (l *line) read() entry {
	e := l.entry
	e.gone, e.afterwards = !l.body.Valid, l.afterwards != 0
	e.kind, e.body, e.subject = l.kind.String, l.body.String, intel.Entity{Kind: intel.Kind(l.subjectKind.String), Name: l.subject.String}
	e.marking, e.made, e.due = l.marking.Int64, l.made.Int64, l.due.Int64
	return e
}

func scanEntry(r *sql.Rows, e *entry) error {
	var l line
	err := r.Scan(l.fields()...)
	*e = l.read()
	return err
}

// step takes the next entry.
func (w *walk) step() {
	e := w.pending[0]
	number := e.seq + w.shift
	if gap := e.seq - w.last.seq; gap > 1 {
		w.fault(0, "", intel.Deleted, fmt.Sprintf("%s gone", entriesOf(w.last.seq+1, e.seq-1)))
		w.link = nil
	}
	if w.link != nil && !e.follows(w.link, number) && w.misplaced() {
		return
	}
	if w.link != nil && !e.follows(w.link, number) {
		w.broken()
	}
	w.take(e)
}

// entriesOf names the entries from one number to another.
func entriesOf(from, to int64) string {
	if from == to {
		return fmt.Sprintf("number %d is", from)
	}
	return fmt.Sprintf("numbers %d to %d are", from, to)
}

// misplaced finds the entry that belongs in the place of the next one, if it is not
// far away, and puts it there: what stood before it was inserted, or moved.
func (w *walk) misplaced() bool {
	e := w.pending[0]
	number := e.seq + w.shift
	for i := 1; i < len(w.pending) && len(w.chain.Faults) < mostFaults; i++ {
		p := w.pending[i]
		if !p.follows(w.link, number) {
			continue
		}
		if w.resumes(i, number) {
			for _, in := range w.pending[:i] {
				w.fault(in.seq, in.id, intel.Inserted, fmt.Sprintf("what stands before and after it follow upon each other without it; it says it was made on %s", onDay(in.made)))
			}
			w.shift -= int64(i)
			w.last.seq = w.pending[i-1].seq
			w.pending = w.pending[i:]
			return true
		}
		w.fault(p.seq, p.id, intel.Moved, fmt.Sprintf("it belongs to number %d, where forecast %s stands", e.seq, e.id))
		p.seq, e.seq = e.seq, p.seq
		w.pending[0], w.pending[i] = p, e
		return true
	}
	return false
}

// resumes reports whether the chain goes on behind entry i if that is the one of a
// number, rather than with what stands in its place.
func (w *walk) resumes(i int, number int64) bool {
	p := w.pending[i]
	if i+1 < len(w.pending) {
		return w.pending[i+1].follows(p.link, number+1)
	}
	return !w.pending[0].follows(p.link, number+1)
}

// broken tells of an entry that does not follow on the one before it.
func (w *walk) broken() {
	e := w.pending[0]
	if len(w.pending) > 1 && len(w.chain.Faults) < mostFaults {
		next := w.pending[1]
		for k := w.shift + 1; k < w.shift+ahead; k++ {
			if next.follows(e.link, next.seq+k) {
				w.fault(0, "", intel.Deleted, fmt.Sprintf("%d entries before forecast %s are gone, and the numbers of those behind them were changed", k-w.shift, e.id))
				w.shift = k
				return
			}
		}
	}
	switch {
	case !e.gone && !e.sound(): // told when it is taken
	case w.last.id == "":
		w.fault(e.seq, e.id, intel.Changed, "it does not begin the chain")
	default:
		w.fault(w.last.seq, w.last.id, intel.Changed, fmt.Sprintf("number %d, forecast %s, does not follow on it: one of them was written anew", e.seq, e.id))
	}
}

// take accepts the next entry's place and looks at what it is of.
func (w *walk) take(e entry) {
	w.pending = w.pending[1:]
	w.chain.Forecasts++
	switch {
	case e.gone:
		w.fault(e.seq, e.id, intel.Deleted, fmt.Sprintf("the ledger has it, written on %s, and it is not there", moment(e.at, e.afterwards)))
	case !e.sound():
		w.fault(e.seq, e.id, intel.Changed, fmt.Sprintf("it is not what was written on %s; it now says it was made on %s of %s, %s", moment(e.at, e.afterwards), onDay(e.made), e.subject, e.kind))
	default:
		w.backdated(e)
	}
	if !e.gone && !e.afterwards {
		if late := e.at - e.made; late > 2*day || late < -day {
			w.chain.Clocked++
		}
		w.newest = max(w.newest, min(e.made, e.at))
	}
	w.last, w.link = e, e.link
}

// backdated tells of a forecast that says it was made before others that stand before
// it, or on a day whose morrow was known when it was written.
func (w *walk) backdated(e entry) {
	if e.afterwards {
		return
	}
	switch {
	case !w.last.gone && w.last.id != "" && e.made/day < w.last.made/day:
		w.fault(e.seq, e.id, intel.Backdated, fmt.Sprintf("it says it was made on %s and stands behind one of %s; it was written on %s", onDay(e.made), onDay(w.last.made), moment(e.at, false)))
	case e.made/day < w.newest/day:
		w.fault(e.seq, e.id, intel.Backdated, fmt.Sprintf("it says it was made on %s and stands behind some of %s; it was written on %s", onDay(e.made), onDay(w.newest), moment(e.at, false)))
	case e.known/day > e.made/day+1:
		w.fault(e.seq, e.id, intel.Backdated, fmt.Sprintf("it says it was made on %s, and when it was written, documents of %s had come in", onDay(e.made), onDay(e.known)))
	}
}

func onDay(us int64) string { return time.UnixMicro(us).UTC().Format(time.DateOnly) }

func moment(us int64, afterwards bool) string {
	if afterwards {
		return "a day before there was a ledger"
	}
	return time.UnixMicro(us).UTC().Format(time.RFC3339)
}

// end compares the last entry with where the chain is said to end.
func (w *walk) end(ctx context.Context) error {
	var seq int64
	var link []byte
	err := w.db.read.QueryRowContext(ctx, `SELECT seq, link FROM ledger_head WHERE one = 1`).Scan(&seq, &link)
	if errors.Is(err, sql.ErrNoRows) {
		w.fault(0, "", intel.Deleted, "where it ends is gone")
		return nil
	}
	if err != nil {
		return err
	}
	w.chain.Head = fmt.Sprintf("%d:%s", seq, hex.EncodeToString(link))
	switch number := w.last.seq + w.shift; {
	case seq > number:
		w.fault(0, "", intel.Deleted, fmt.Sprintf("%s gone, which it ended with", entriesOf(number+1, seq)))
	case seq < number:
		// Written while we walked.
	case w.link != nil && !bytes.Equal(link, w.link):
		w.fault(w.last.seq, w.last.id, intel.Changed, "it is not what the chain ended with")
	}
	return nil
}

// outside tells of forecasts that the ledger knows nothing of.
func (w *walk) outside(ctx context.Context) error {
	return w.rest(ctx, `SELECT 0, f.id, f.made, COUNT(*) OVER () FROM forecasts f WHERE NOT EXISTS (SELECT 1 FROM ledger l WHERE l.forecast = f.id) ORDER BY f.id LIMIT $1`,
		intel.Inserted, func(made int64) string {
			return fmt.Sprintf("it says it was made on %s, and no entry of the ledger vouches for it", onDay(made))
		})
}

// unjudged tells of forecasts whose outcome was taken away.
func (w *walk) unjudged(ctx context.Context) error {
	return w.rest(ctx, `SELECT l.seq, l.forecast, 0, COUNT(*) OVER () FROM ledger l WHERE NOT EXISTS (SELECT 1 FROM awaited a WHERE a.forecast = l.forecast)
			AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.forecast = l.forecast) ORDER BY l.seq LIMIT $1`,
		intel.Deleted, func(int64) string { return "its outcome is gone, and it does not wait to be judged" })
}

// rest tells of the first forecasts that a statement finds, with number, identity, day
// and how many it finds in all, and counts the others.
func (w *walk) rest(ctx context.Context, statement, what string, detail func(made int64) string) error {
	type row struct {
		seq, made int64
		id        string
		all       int
	}
	rows, err := query(ctx, w.db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.seq, &x.id, &x.made, &x.all) }, statement, mostFaults)
	for _, x := range rows {
		w.fault(x.seq, x.id, what, detail(x.made))
	}
	if len(rows) > 0 {
		w.chain.More += rows[0].all - len(rows)
	}
	return err
}

// Anchored reports whether the chain has the entry that was noted of it before, as
// intel.Chain's Head has it.
func (db *DB) Anchored(ctx context.Context, noted string) (bool, error) {
	var number int64
	var link string
	if n, err := fmt.Sscanf(noted, "%d:%s", &number, &link); n != 2 || err != nil {
		return false, fmt.Errorf("anchor %q, want NUMBER:LINK: %w", noted, intel.ErrInvalid)
	}
	want, err := hex.DecodeString(link)
	if err != nil {
		return false, fmt.Errorf("anchor %q: %w", noted, cmp.Or(intel.ErrInvalid, err))
	}
	if number == 0 {
		return bytes.Equal(want, nothing()), nil
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, b *[]byte) error { return r.Scan(b) }, `SELECT link FROM ledger WHERE seq = $1`, number)
	return len(rows) == 1 && bytes.Equal(rows[0], want), err
}
