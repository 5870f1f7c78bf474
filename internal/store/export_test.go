package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Exec runs one statement outside any store, for tests that make schemas.
func Exec(url, statement string) error {
	db, _, err := openPostgres(url)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}

// InTransaction runs f as the store runs what it saves.
func (db *DB) InTransaction(ctx context.Context, f func() error) error {
	return db.tx(ctx, func(engine) error { return f() })
}

// RescoreBy is Rescore with so many links in a transaction.
func (db *DB) RescoreBy(ctx context.Context, r Rescoring, links int) (int, error) {
	return db.rescore(ctx, r, links)
}

// Run runs statements that no method of the store has.
func (db *DB) Run(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := db.write.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// OpenAt opens an empty store as it was at a version of its schema.
func OpenAt(ctx context.Context, url string, version int64) (*DB, error) {
	d := dialects["postgres"]
	if url[0] == 's' {
		d = dialects["sqlite"]
	}
	write, read, err := d.open(url)
	if err != nil {
		return nil, err
	}
	db := &DB{write, read, engine{write, d.bare}, engine{read, d.bare}, d, url}
	p, err := migrator(d, write)
	if err != nil {
		return nil, err
	}
	_, err = p.UpTo(ctx, version)
	return db, err
}

// Repack reads mentions as a finding holds them and writes them again.
func Repack(b []byte) ([]byte, error) {
	mentions, err := unpacked(b)
	return packed(mentions), err
}

// RepackLinks does so with links.
func RepackLinks(b []byte) ([]byte, error) {
	links, err := unpackedLinks(b)
	return packedLinks(links), err
}

// RepackLines reads mentions as old stores hold them and returns how they are kept now.
func RepackLines(s string) ([]byte, error) {
	mentions, err := mentionLines(s)
	return packed(mentions), err
}

// EndedBy tells the end of a context from a fault.
var EndedBy = endedBy

// EndsWith runs a transaction whose context ends in it, and that goes on regardless.
func (db *DB) EndsWith(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	return db.tx(ctx, func(tx engine) error {
		stop()
		for {
			if _, err := tx.ExecContext(context.WithoutCancel(ctx), `UPDATE settings SET value = value`); err != nil {
				return err
			}
		}
	})
}

// IndicatorPlans returns how SQLite reads indicators, a step a line.
func (db *DB) IndicatorPlans(ctx context.Context, r intel.Reader) (plans []string, err error) {
	for _, statement := range indicatorsBy(r) {
		steps, err := query(ctx, db.read, func(s *sql.Rows, step *string) error {
			var id, parent, unused int
			return s.Scan(&id, &parent, &unused, step)
		}, "EXPLAIN QUERY PLAN "+statement, anys(intel.KindsOf(intel.IOC))...)
		if err != nil {
			return nil, err
		}
		plans = append(plans, strings.Join(steps, "\n"))
	}
	return plans, nil
}

// Findings returns what documents came to: the document, its second, and what is in the lists.
func (db *DB) Findings(ctx context.Context) ([]string, error) {
	some, err := query(ctx, db.read, scanFinding, `SELECT document, at, mentioned, links FROM findings ORDER BY document`)
	out := make([]string, len(some))
	for i, f := range some {
		out[i] = fmt.Sprint(f.document, f.at, f.mentions, f.links)
	}
	return out, err
}

// Lines returns what a statement finds, a row a line, as a statement would write it.
func (db *DB) Lines(ctx context.Context, statement string) ([]string, error) {
	return query(ctx, db.read, func(r *sql.Rows, line *string) error {
		columns, err := r.Columns()
		if err != nil {
			return err
		}
		row := make([]sql.NullString, len(columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		err = r.Scan(into...)
		fields := make([]string, len(row))
		for i, c := range row {
			if fields[i] = c.String; !c.Valid {
				fields[i] = "NULL"
			}
		}
		*line = strings.Join(fields, ", ")
		return err
	}, statement)
}

// WideEvidence is the row of evidence as it is read, and as it was kept before it was kept
// in narrow rows: what follows its key, from source to since.
func WideEvidence(source int64, e intel.Evidence, since time.Time) []sql.NullInt64 {
	var out []sql.NullInt64
	for _, n := range []int64{source, int64(graded(e)), int64(e.Marking), int64(e.Stance), millionths(e.Weight)} {
		out = append(out, sql.NullInt64{Int64: n, Valid: true})
	}
	return append(out, fromTime(e.At), fromTime(e.Learned), sql.NullInt64{Int64: int64(e.Offset), Valid: true}, sql.NullInt64{Int64: int64(e.Length), Valid: true}, fromTime(since))
}

// NarrowEvidence is the same as it is kept: how, at, learned, span and since.
func NarrowEvidence(source int64, e intel.Evidence, since time.Time) []sql.NullInt64 {
	return []sql.NullInt64{{Int64: inHow(source, e), Valid: true}, inSeconds(fromTime(e.At)), inSeconds(fromTime(e.Learned)),
		{Int64: inSpan(e.Offset, e.Length), Valid: true}, inSeconds(fromTime(since))}
}

// ReadHow returns what how holds.
func ReadHow(how int64) (source int64, e intel.Evidence) {
	var p piece
	p.readHow(how)
	return p.source, p.Evidence
}

// BeforeHealth are the statements that make a store one as it was before it counted how
// sources fare.
func BeforeHealth() []string {
	out := []string{`DROP TABLE gists`, `DROP TABLE arrivals`, `DROP TABLE hours`, `DROP TABLE outages`, `DELETE FROM goose_db_version WHERE version_id >= 26`}
	for column := range strings.FieldsSeq(`marking visits failures failing circuit next_visit known copies yielded pieces told firsts seconded counted rejected last_rejected rejected_at`) {
		out = append(out, `ALTER TABLE sources DROP COLUMN `+column)
	}
	return out
}
