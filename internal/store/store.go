// Package store keeps everything the system knows, in SQLite or PostgreSQL.
//
// Every statement is written once and runs on both engines; dialect.go holds
// the few places where they differ. Saving is idempotent: a stage that runs
// twice replaces its own earlier result. Every read of what was collected
// takes an intel.Reader: what is hidden from a reader is hidden here.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/portent-cti/portent/internal/intel"
)

//go:embed migrations
var migrations embed.FS

// DB is the store. It is safe for concurrent use.
type DB struct {
	pool        *sql.DB // of the writer
	reading     *sql.DB // of readers; may be the same
	write, read engine
	dialect     dialect
	url         string
}

// Open connects to the database at url, "sqlite:PATH" or "postgres://…", and
// brings its schema up to date.
func Open(ctx context.Context, url string) (*DB, error) {
	scheme, _, _ := strings.Cut(url, ":")
	if scheme == "postgresql" {
		scheme = "postgres"
	}
	d, ok := dialects[scheme]
	if !ok {
		return nil, fmt.Errorf("open store: unknown engine %q, want sqlite:PATH or postgres://…: %w", scheme, intel.ErrInvalid)
	}
	write, read, err := d.open(url)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	db := &DB{write, read, engine{write, d.bare}, engine{read, d.bare}, d, url}
	if err := db.migrate(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("migrate store: %w", err)
	}
	return db, nil
}

// Close releases the connections.
func (db *DB) Close() error {
	if db.reading == db.pool {
		return db.pool.Close()
	}
	return errors.Join(db.reading.Close(), db.pool.Close())
}

func (db *DB) migrate(ctx context.Context) error {
	p, err := migrator(db.dialect, db.pool)
	if err != nil {
		return err
	}
	// Two processes that open a new store at once both begin: the slower one
	// fails, and finds the work done when it looks again.
	for try := 0; ; try++ {
		if _, err = p.Up(ctx); err == nil || try == 5 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond << try):
		}
	}
}

// mostTries is how often a transaction is tried that loses against another.
const mostTries = 6

// tx runs f in a transaction, which it commits if f returns nil. One that
// PostgreSQL ends for the sake of another is tried again: f begins anew each
// time and keeps nothing of the time before.
func (db *DB) tx(ctx context.Context, f func(engine) error) error {
	for try := 1; ; try++ {
		err := db.once(ctx, f)
		if try == mostTries || !lost(err) {
			return db.room(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond << try):
		}
	}
}

func (db *DB) once(ctx context.Context, f func(engine) error) error {
	tx, err := db.pool.BeginTx(ctx, nil)
	if err != nil {
		return endedBy(ctx, err)
	}
	defer tx.Rollback()
	if err = f(engine{tx, db.dialect.bare}); err == nil {
		err = tx.Commit()
	}
	return endedBy(ctx, err)
}

// endedBy returns why a context ended where an error is what came of that: its end rolls
// a transaction back, or closes a connection that was asking.
func endedBy(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, sql.ErrTxDone) || errors.Is(err, driver.ErrBadConn)) {
		return ctx.Err()
	}
	return err
}

// lost says of an error whether a transaction was ended for the sake of
// another: a serialization failure or a deadlock.
func lost(err error) bool {
	pg := (*pgconn.PgError)(nil)
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// exec runs one statement that touches many rows and returns how many.
func (db *DB) exec(ctx context.Context, statement string, args ...any) (n int, err error) {
	err = db.tx(ctx, func(tx engine) error {
		res, err := tx.ExecContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		rows, err := res.RowsAffected()
		n = int(rows)
		return err
	})
	return n, err
}

// room says of an error whether it is the disk that is full, and what to do.
func (db *DB) room(err error) error {
	coded := (*sqlite.Error)(nil)
	full := errors.As(err, &coded) && (coded.Code()&0xff == sqliteFull || coded.Code() == sqliteWrite)
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		full = pg.Code == "53100"
	}
	if !full {
		return err
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(db.url, db.dialect.name+":"), "?")
	if db.dialect.name != "sqlite" {
		name = "the database server"
	}
	return fmt.Errorf("the disk of %s is full, or its file may not grow; free space and run the same command again, what was accepted is kept: %w", name, err)
}

// sqliteFull is SQLITE_FULL of sqlite.org/rescode.html.
// sqliteWrite is SQLITE_IOERR_WRITE of it: EFBIG among others.
const (
	sqliteFull  = 13
	sqliteWrite = 778
)

// query runs a statement and returns one T for each row.
func query[T any](ctx context.Context, q engine, scan func(*sql.Rows, *T) error, statement string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var one T
		if err := scan(rows, &one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

func scanInt(rows *sql.Rows, n *int64) error { return rows.Scan(n) }

// chunk is how many rows one statement writes or asks for: enough to make the
// statement's own cost vanish, few enough for the engines' parameter limits.
const chunk = 200

// chunks calls f for each run of at most chunk items.
func chunks[T any](items []T, f func([]T) error) error {
	for len(items) > 0 {
		n := min(chunk, len(items))
		if err := f(items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// values writes "($1,$2),($3,$4)…" for rows of width columns, counting from
// first.
func values(first, rows, width int) string {
	var b strings.Builder
	b.Grow(rows * width * 6)
	n := first
	for r := range rows {
		if r > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for c := range width {
			if c > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "$%d", n)
			n++
		}
		b.WriteByte(')')
	}
	return b.String()
}

// list writes "($1,$2,$3)" for n parameters, counting from first.
func list(first, n int) string { return values(first, 1, n) }

// anys turns a slice into arguments of a statement.
func anys[T any](items []T) []any {
	args := make([]any, len(items))
	for i, it := range items {
		args[i] = it
	}
	return args
}

// Times are stored as microseconds since 1970 so that both engines agree on
// precision and zone; an unknown time is NULL.

func fromTime(t time.Time) sql.NullInt64 {
	if t.IsZero() {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: true}
}

func toTime(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return time.UnixMicro(us.Int64).UTC()
}

// secondOf is the second that a moment as kept lies in.
func secondOf(us sql.NullInt64) sql.NullInt64 {
	if !us.Valid {
		return us
	}
	return sql.NullInt64{Int64: time.UnixMicro(us.Int64).Unix(), Valid: true}
}

func toSecond(s sql.NullInt64) time.Time {
	if !s.Valid {
		return time.Time{}
	}
	return time.Unix(s.Int64, 0).UTC()
}

// Place names where the store is, without a password: its file, or PostgreSQL.
func (db *DB) Place() string {
	if path, ok := strings.CutPrefix(db.url, "sqlite:"); ok {
		return path
	}
	return "in PostgreSQL"
}
