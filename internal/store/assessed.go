package store

import (
	"cmp"
	"context"
	"database/sql"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// An assessedRow is an assessment as it is kept.
type assessedRow struct {
	link            int64
	marking, below  int
	from            int64
	relation        intel.Relation
	to              int64
	class, percent  int
	probability     float64
	level           intel.Level
	first, last, at sql.NullInt64 // brief
	origins         int
	documents       int
	context         string
	change          change
}

// A change is what becomes of a row that was there.
type change int

const (
	replaced change = iota // in place: what indexes know of it is as it was
	moved                  // in another place of indexes, or new
	gone                   // all rows of the link
)

const assessedColumns = `link, marking, below, from_entity, relation, to_entity, class, percent, probability, level, first, last, origins, documents, context, at`

const assessedWidth = 16

// assessedRowSelect reads rows for scanAssessedRow: its small numbers as one, since
// what SQLite is asked for takes time by the column.
const assessedRowSelect = `SELECT link, (((((marking * 8 + below) * 64 + relation) * 8 + class) * 128 + percent) * 4) + level, from_entity, to_entity,
	probability, first, last, at, origins, documents, context FROM assessments `

func scanAssessedRow(r *sql.Rows, a *assessedRow) error {
	var small int64
	err := r.Scan(&a.link, &small, &a.from, &a.to, &a.probability, &a.first, &a.last, &a.at, &a.origins, &a.documents, &a.context)
	take := func(n int64) int {
		digit := small % n
		small /= n
		return int(digit)
	}
	level := int64(take(4))
	a.percent, a.class = take(128), take(8)
	relation := int64(take(64))
	a.below, a.marking = take(8), take(8)
	return cmp.Or(err, numbered{&a.relation}.Scan(relation), leveled{&a.level}.Scan(level))
}

// row is an assessment as it is to be kept.
func (a assessed) row() (assessedRow, error) {
	note, err := contextText(a.Context)
	r := assessedRow{link: a.link, marking: int(a.Marking), below: a.below, from: a.ends.from, relation: a.ends.relation, to: a.ends.to, class: a.ends.class(),
		percent: percent(a.Probability), probability: a.Probability, level: a.Level, first: brief(a.First), origins: a.Origins, documents: a.Documents,
		context: note, at: brief(a.At)}
	if !a.Last.Equal(a.First) {
		r.last = brief(a.Last)
	}
	return r, err
}

// unheard is the row of a link of which nothing is in force: nobody may see it, and
// indexes know of the link all the same.
func unheard(e ends) assessedRow {
	zero := sql.NullInt64{Valid: true}
	return assessedRow{link: e.id, marking: int(intel.Red) + 1, below: int(intel.Red) + 1, from: e.from, relation: e.relation, to: e.to, level: intel.Low, at: zero, change: moved}
}

// prints reports whether two rows of a link and marking print alike.
func (a assessedRow) prints(b assessedRow) bool {
	a.probability, a.at = b.probability, b.at
	return a == b
}

func assessedArgs(rows []assessedRow) []any {
	args := make([]any, 0, assessedWidth*len(rows))
	for _, r := range rows {
		args = append(args, r.link, r.marking, r.below, r.from, number(r.relation), r.to, r.class, r.percent, r.probability, levelNumber(r.level),
			r.first, r.last, r.origins, r.documents, r.context, r.at)
	}
	return args
}

func insertAssessed(rows int) string {
	return `INSERT INTO assessments (` + assessedColumns + `) VALUES ` + values(1, rows, assessedWidth)
}

// inPlace and elsewhere let rows replace former ones; the first leaves alone what
// stands in indexes.
const (
	inPlace = ` ON CONFLICT (link, marking) DO UPDATE SET probability = excluded.probability, level = excluded.level, first = excluded.first, last = excluded.last,
		origins = excluded.origins, documents = excluded.documents, context = excluded.context, at = excluded.at`
	elsewhere = inPlace + `, percent = excluded.percent, below = excluded.below`
)

// writer writes rows that change, with one statement for many.
type writer struct {
	tx    engine
	ready map[string]*sql.Stmt
}

func (w *writer) write(ctx context.Context, rows []assessedRow) error {
	var lost []int64
	var some [gone][]assessedRow
	for _, r := range rows {
		if r.change == gone {
			lost = append(lost, r.link)
			continue
		}
		some[r.change] = append(some[r.change], r)
	}
	err := chunks(lost, func(lost []int64) error {
		_, err := w.tx.ExecContext(ctx, `DELETE FROM assessments WHERE link IN `+list(1, len(lost)), anys(lost)...)
		return err
	})
	if err != nil {
		return err
	}
	if err := w.upsert(ctx, some[replaced], inPlace); err != nil {
		return err
	}
	return w.upsert(ctx, some[moved], elsewhere)
}

func (w *writer) upsert(ctx context.Context, rows []assessedRow, how string) error {
	return chunks(rows, func(rows []assessedRow) error {
		if len(rows) < chunk {
			_, err := w.tx.ExecContext(ctx, insertAssessed(len(rows))+how, assessedArgs(rows)...)
			return err
		}
		if w.ready[how] == nil {
			s, err := w.tx.prepare(ctx, insertAssessed(chunk)+how, chunk*assessedWidth) //nolint:sqlclosecheck // close does
			if err != nil {
				return err
			}
			if w.ready == nil {
				w.ready = map[string]*sql.Stmt{}
			}
			w.ready[how] = s
		}
		_, err := w.ready[how].ExecContext(ctx, assessedArgs(rows)...)
		return err
	})
}

func (w *writer) close() {
	for _, s := range w.ready {
		s.Close() //nolint:errcheck // it only read what was compiled
	}
}

// Times of assessments are only shown, and neither compared nor added up by a
// statement. They are kept in half the space: whole seconds as seconds, all others
// in microseconds. Of the latter none is below farSecond but on the day around
// 1970-01-01, which are cut to seconds.
const farSecond = int64(1) << 36

// brief is a moment as it is kept in half the space; unknown is NULL.
func brief(t time.Time) sql.NullInt64 {
	if t.IsZero() {
		return sql.NullInt64{}
	}
	if us := t.UnixMicro(); us%1e6 != 0 && (us >= farSecond || us <= -farSecond) {
		return sql.NullInt64{Int64: us, Valid: true}
	}
	return sql.NullInt64{Int64: t.Unix(), Valid: true}
}
