package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A written forecast is all of it that the chain vouches for.
type written struct {
	id, kind, body string
	subject        intel.Entity
	marking        int64
	made, due      int64 // microseconds since 1970
	at             int64 // by the clock of who wrote it
	known          int64 // when the latest document then kept had come in; 0: none
	afterwards     bool  // it was there before there was a chain
}

// digest is the SHA-256 of a forecast, each part with its length before it.
func (w written) digest() [sha256.Size]byte {
	var b []byte
	for _, s := range []string{w.id, string(w.subject.Kind), w.subject.Name, w.kind, w.body} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	for _, n := range []int64{w.marking, w.made, w.due, w.at, w.known, int64(bit(w.afterwards))} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return sha256.Sum256(b)
}

// linked is the link of the entry of a number: the SHA-256 of the link before it, the
// number and the digest of its forecast. The first follows on 32 bytes of nought.
func linked(before []byte, number int64, digest []byte) []byte {
	h := sha256.New()
	h.Write(before)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(number)))
	h.Write(digest)
	return h.Sum(nil)
}

// nothing is what the first link follows on.
func nothing() []byte { return make([]byte, sha256.Size) }

// A ledger is the end of the chain, held by a transaction that appends to it.
type ledger struct {
	tx   engine
	seq  int64
	link []byte
}

// holdLedger waits until nobody else appends, and returns the end of the chain.
func holdLedger(ctx context.Context, tx engine, hold string) (*ledger, error) {
	l := &ledger{tx: tx}
	err := tx.QueryRowContext(ctx, `SELECT seq, link FROM ledger_head WHERE one = 1`+hold).Scan(&l.seq, &l.link)
	if err != nil {
		return nil, fmt.Errorf("end of the ledger: %w", err)
	}
	return l, nil
}

// enter appends forecasts that are kept already.
func (l *ledger) enter(ctx context.Context, some []written) error {
	if len(some) == 0 {
		return nil
	}
	args := make([]any, 0, 7*len(some))
	for _, w := range some {
		digest := w.digest()
		l.seq++
		l.link = linked(l.link, l.seq, digest[:])
		args = append(args, l.seq, w.id, w.at, w.known, bit(w.afterwards), digest[:], l.link)
	}
	_, err := l.tx.ExecContext(ctx, `INSERT INTO ledger (seq, forecast, written, known, afterwards, digest, link) VALUES `+values(1, len(some), 7), args...)
	return err
}

// close keeps where the chain ends.
func (l *ledger) close(ctx context.Context) error {
	_, err := l.tx.ExecContext(ctx, `UPDATE ledger_head SET seq = $1, link = $2 WHERE one = 1`, l.seq, l.link)
	return err
}

// Written returns of which day the forecast at the end of the chain is, and when it was
// written; zero: there is none.
func (db *DB) Written(ctx context.Context) (made, at time.Time, err error) {
	var day, moment int64
	err = db.read.QueryRowContext(ctx, `SELECT f.made, l.written FROM ledger l JOIN forecasts f ON f.id = l.forecast ORDER BY l.seq DESC LIMIT 1`).Scan(&day, &moment)
	if errors.Is(err, sql.ErrNoRows) {
		return made, at, nil
	}
	if err != nil {
		return made, at, fmt.Errorf("forecast written last: %w", err)
	}
	return time.UnixMicro(day).UTC(), time.UnixMicro(moment).UTC(), nil
}

// SaveForecasts keeps forecasts as they were made, at the end of the chain, in their
// order and as written at a moment. One that is there already is never changed.
func (db *DB) SaveForecasts(ctx context.Context, fs []intel.Forecast, at time.Time) error {
	if len(fs) == 0 {
		return nil
	}
	err := db.tx(ctx, func(tx engine) error {
		ids, _, err := entityIDs(ctx, tx, subjectsOf(fs), nil)
		if err != nil {
			return err
		}
		l, err := holdLedger(ctx, tx, db.dialect.hold)
		if err != nil {
			return err
		}
		known, err := lately(ctx, tx)
		if err != nil {
			return err
		}
		err = chunks(fs, func(fs []intel.Forecast) error {
			fresh, err := unwritten(ctx, tx, fs)
			if err != nil || len(fresh) == 0 {
				return err
			}
			some := make([]written, len(fresh))
			for i, f := range fresh {
				if some[i], err = writtenOf(f, at.UnixMicro(), known); err != nil {
					return err
				}
			}
			return l.keep(ctx, some, ids)
		})
		if err != nil {
			return err
		}
		return l.close(ctx)
	})
	if err != nil {
		return fmt.Errorf("save %d forecasts: %w", len(fs), err)
	}
	return nil
}

// writtenOf is a forecast as it is kept.
func writtenOf(f intel.Forecast, at, known int64) (written, error) {
	body, err := json.Marshal(f)
	if err != nil {
		return written{}, fmt.Errorf("forecast %s: %w", f.ID, err)
	}
	return written{id: text(f.ID), kind: text(f.Kind), body: text(string(body)), subject: f.Subject, marking: int64(f.Marking),
		made: f.Made.UnixMicro(), due: f.Due.UnixMicro(), at: at, known: known}, nil
}

// keep keeps forecasts that are new and enters them.
func (l *ledger) keep(ctx context.Context, some []written, ids map[intel.Entity]int64) error {
	args, waits := make([]any, 0, 7*len(some)), make([]any, 0, 6*len(some))
	for _, w := range some {
		subject := ids[w.subject]
		args = append(args, w.id, subject, w.kind, w.marking, w.made, w.due, w.body)
		waits = append(waits, w.id, subject, w.kind, w.marking, w.made, w.due)
	}
	if _, err := l.tx.ExecContext(ctx, `INSERT INTO forecasts (id, subject, kind, marking, made, due, body) VALUES `+values(1, len(some), 7), args...); err != nil {
		return err
	}
	if _, err := l.tx.ExecContext(ctx, `INSERT INTO awaited (forecast, subject, kind, marking, made, due) VALUES `+values(1, len(some), 6), waits...); err != nil {
		return err
	}
	return l.enter(ctx, some)
}

// unwritten returns those of forecasts that are not kept, each once.
func unwritten(ctx context.Context, tx engine, fs []intel.Forecast) ([]intel.Forecast, error) {
	ids := make([]any, len(fs))
	for i, f := range fs {
		ids[i] = text(f.ID)
	}
	there, err := query(ctx, tx, func(r *sql.Rows, s *string) error { return r.Scan(s) }, `SELECT id FROM forecasts WHERE id IN `+list(1, len(ids)), ids...)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(fs))
	for _, id := range there {
		seen[id] = true
	}
	var out []intel.Forecast
	for _, f := range fs {
		if !seen[text(f.ID)] {
			seen[text(f.ID)] = true
			out = append(out, f)
		}
	}
	return out, nil
}

// lately is when the latest of the documents that were kept last came in, by the
// clock that documents come in by; 0 if there is none.
func lately(ctx context.Context, tx engine) (at int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(ingested), 0) FROM (SELECT ingested FROM documents ORDER BY id DESC LIMIT 100) d`).Scan(&at)
	return at, err
}

// enrol makes the ledger, and enters what stores of older versions have forecast, in
// order of when it was made.
func enrol(ctx context.Context, tx engine, d dialect) error {
	number, bytes := "INTEGER", "BLOB"
	if d.name == "postgres" {
		number, bytes = "BIGINT", "BYTEA"
	}
	for _, s := range []string{
		// Who vouches for each forecast: see linked. Nothing here is ever changed.
		`CREATE TABLE ledger (seq ` + number + ` PRIMARY KEY, forecast TEXT NOT NULL UNIQUE, written BIGINT NOT NULL, known BIGINT NOT NULL, afterwards BIGINT NOT NULL,
			digest ` + bytes + ` NOT NULL, link ` + bytes + ` NOT NULL)`,
		`CREATE TABLE ledger_head (one ` + number + ` PRIMARY KEY, seq BIGINT NOT NULL, link ` + bytes + ` NOT NULL)`,
		// Forecasts that are not judged yet.
		`CREATE TABLE awaited (forecast TEXT PRIMARY KEY, subject BIGINT NOT NULL, kind TEXT NOT NULL, marking BIGINT NOT NULL, made BIGINT NOT NULL, due BIGINT NOT NULL)`,
		`CREATE INDEX awaited_due ON awaited (due, subject, marking, made, forecast)`,
		// What came of those that are, each once and for good. Made is a day since 1970, p and
		// the scores are in millionths; came is NULL of what nobody can judge.
		`CREATE TABLE outcomes (forecast TEXT PRIMARY KEY, subject BIGINT NOT NULL, kind TEXT NOT NULL, marking BIGINT NOT NULL, made BIGINT NOT NULL, came BIGINT, reason TEXT NOT NULL,
			event BIGINT NOT NULL, p BIGINT NOT NULL, score BIGINT NOT NULL, log BIGINT NOT NULL, base BIGINT NOT NULL, base_log BIGINT NOT NULL, simple BIGINT, simple_log BIGINT,
			judged BIGINT NOT NULL, known BIGINT NOT NULL)`,
		`CREATE INDEX outcomes_subject ON outcomes (subject)`,
		`CREATE INDEX forecasts_order ON forecasts (made, id)`,
	} {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO ledger_head (one, seq, link) VALUES (1, 0, $1)`, nothing()); err != nil {
		return err
	}
	if err := enrolAll(ctx, &ledger{tx: tx, link: nothing()}); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DROP INDEX forecasts_order`)
	return err
}

func enrolAll(ctx context.Context, l *ledger) error {
	const columns = `f.id, f.kind, f.body, e.kind, e.name, f.marking, f.made, f.due FROM forecasts f JOIN entities e ON e.id = f.subject `
	scan := func(r *sql.Rows, w *written) error {
		w.afterwards = true
		return r.Scan(&w.id, &w.kind, &w.body, &w.subject.Kind, &w.subject.Name, &w.marking, &w.made, &w.due)
	}
	some, err := query(ctx, l.tx, scan, `SELECT `+columns+`ORDER BY f.made, f.id LIMIT 200`)
	for err == nil && len(some) > 0 {
		if err = l.enter(ctx, some); err != nil {
			break
		}
		last := some[len(some)-1]
		some, err = query(ctx, l.tx, scan, `SELECT `+columns+`WHERE (f.made, f.id) > ($1, $2) ORDER BY f.made, f.id LIMIT 200`, last.made, last.id)
	}
	if err != nil {
		return err
	}
	_, err = l.tx.ExecContext(ctx, `INSERT INTO awaited (forecast, subject, kind, marking, made, due) SELECT id, subject, kind, marking, made, due FROM forecasts`)
	if err != nil {
		return err
	}
	return l.close(ctx)
}
