package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
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
	class           int
	billionths      int64
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

// Rows are in order of their place: link, marking, and the marking below which
// readers see this row and not the next. It is one number since SQLite finds rows by
// one number several times as fast as by two.

// place is that of the row of a link.
func place(link int64, marking, below int) int64 { return link<<6 | int64(marking)<<3 | int64(below) }

// rowsOf is the condition that rows a are those of a link. PostgreSQL has an index
// of the first half, SQLite finds places by the second. SQLite takes what has a range for
// common: what comes before a in a statement is to be joined by CROSS JOIN.
func rowsOf(a, link string) string {
	return fmt.Sprintf(`%[1]s.place >> 6 = %[2]s AND %[1]s.place BETWEEN %[2]s * 64 AND %[2]s * 64 + 63`, a, link)
}

// rowsFrom is the condition that rows a are of links that begin at an entity, or one of
// several.
func rowsFrom(a, values string) string {
	return a + `.place IN (SELECT x.place FROM links l CROSS JOIN assessments x WHERE l.from_entity` + values + ` AND ` + rowsOf("x", "l.id") + `)`
}

// linkOf and markingOf are expressions of what stands in the place of rows a.
const (
	linkOf    = `(a.place >> 6)`
	markingOf = `(a.place >> 3 & 7)`
)

// shown is the condition that a reader sees row a, whose clearance is the first and
// the second parameter.
func shown(first, second int) string {
	return fmt.Sprintf(`(a.place >> 3 & 7) <= $%d AND (a.place & 7) > $%d`, first, second)
}

// billionth is a probability as it is kept, in half the space. Explanations are
// held to twice that.
func billionth(p float64) int64 { return int64(math.Round(1e9 * min(max(p, 0), 1))) }

// probable reads a probability.
type probable struct{ *float64 }

// Scan implements sql.Scanner.
func (p probable) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("probability %v: %w", v, intel.ErrInvalid)
	}
	*p.float64 = float64(n) / 1e9
	return nil
}

// percent is the probability as it is printed, cut to two digits. Rows are in order
// of it, so that those that fade move seldom, and then together.
func (a assessedRow) percent() int { return int(a.billionths / 1e7) }

const assessedColumns = `place, from_entity, relation, to_entity, class, percent, billionths, level, first, last, origins, documents, context, at`

const assessedWidth = 14

// assessedRowSelect reads rows for scanAssessedRow: its small numbers as one, since
// what SQLite is asked for takes time by the column.
const assessedRowSelect = `SELECT a.place, (a.relation * 8 + a.class) * 4 + a.level, a.from_entity, a.to_entity,
	a.billionths, a.first, a.last, a.at, a.origins, a.documents, NULLIF(a.context, '')`

func scanAssessedRow(r *sql.Rows, a *assessedRow, more ...any) error {
	var place, small, origins, documents whole
	var note sql.RawBytes
	err := r.Scan(append([]any{&place, &small, (*whole)(&a.from), (*whole)(&a.to), (*whole)(&a.billionths), (*maybe)(&a.first), (*maybe)(&a.last), (*maybe)(&a.at),
		&origins, &documents, &note}, more...)...)
	a.origins, a.documents = int(origins), int(documents)
	a.link, a.marking, a.below = int64(place>>6), int(place>>3&7), int(place&7)
	a.context = string(note)
	a.class = int(small / 4 % 8)
	return cmp.Or(err, numbered{&a.relation}.Scan(int64(small/32)), leveled{&a.level}.Scan(int64(small%4)))
}

// row is an assessment as it is to be kept.
func (a assessed) row() (assessedRow, error) {
	note, err := contextText(a.Context, 0)
	r := assessedRow{link: a.link, marking: int(a.Marking), below: a.below, from: a.ends.from, relation: a.ends.relation, to: a.ends.to, class: a.ends.class(),
		billionths: billionth(a.Probability), level: a.Level, first: brief(a.First), origins: a.Origins, documents: a.Documents,
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
	if a.percent() != b.percent() {
		return false
	}
	a.billionths, a.at = b.billionths, b.at
	return a == b
}

func assessedArgs(rows []assessedRow) []any {
	args := make([]any, 0, assessedWidth*len(rows))
	for _, r := range rows {
		args = append(args, place(r.link, r.marking, r.below), r.from, number(r.relation), r.to, r.class, r.percent(), r.billionths, levelNumber(r.level),
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
	inPlace = ` ON CONFLICT (place) DO UPDATE SET billionths = excluded.billionths, level = excluded.level, first = excluded.first, last = excluded.last,
		origins = excluded.origins, documents = excluded.documents, context = excluded.context, at = excluded.at`
	elsewhere = inPlace + `, percent = excluded.percent`
)

// unassess takes away all rows of links.
func unassess(ctx context.Context, tx engine, links []int64) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM assessments WHERE place IN (SELECT a.place FROM links l CROSS JOIN assessments a WHERE l.id IN `+list(1, len(links))+`
		AND `+rowsOf("a", "l.id")+`)`, anys(links)...)
	return err
}

// inIndex compares rows as the indexes by names have them.
func inIndex(a, b assessedRow) int {
	return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.relation, b.relation), cmp.Compare(a.class, b.class), cmp.Compare(b.percent(), a.percent()),
		cmp.Compare(a.link, b.link), cmp.Compare(a.marking, b.marking))
}

// upsert writes rows, very many with one statement for all.
func upsert(ctx context.Context, tx engine, how string, rows []assessedRow) error {
	var ready *sql.Stmt
	defer func() {
		if ready != nil {
			ready.Close() //nolint:errcheck // it only read what was compiled
		}
	}()
	return chunks(rows, func(rows []assessedRow) (err error) {
		if len(rows) < chunk {
			_, err = tx.ExecContext(ctx, insertAssessed(len(rows))+how, assessedArgs(rows)...)
			return err
		}
		if ready == nil {
			ready, err = tx.prepare(ctx, insertAssessed(chunk)+how, chunk*assessedWidth) //nolint:sqlclosecheck // deferred
			if err != nil {
				return err
			}
		}
		_, err = ready.ExecContext(ctx, assessedArgs(rows)...)
		return err
	})
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
