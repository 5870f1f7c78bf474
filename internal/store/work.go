package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// maxAttempts is how often a document is tried before it is parked.
const maxAttempts = 5

// Lease takes up to limit documents that wait to be derived, for as long as
// given, and counts the attempt before the work: a document that kills the
// process is parked all the same. What failed before is handed out alone, so
// that one bad document cannot take its neighbours along.
func (db *DB) Lease(ctx context.Context, limit int, now time.Time, lease time.Duration) ([]intel.Document, error) {
	var docs []stored
	err := db.tx(ctx, func(tx engine) error {
		docs = nil
		ids, err := db.takeWork(ctx, tx, limit, now, lease)
		if err != nil || len(ids) == 0 {
			return err
		}
		return chunks(ids, func(ids []int64) error {
			some, err := query(ctx, tx, scanDocument, documentSelect+`WHERE d.id IN `+list(1, len(ids)), anys(ids)...)
			if err != nil {
				return err
			}
			sound, err := parkDamaged(ctx, tx, some)
			docs = append(docs, sound...)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("lease documents: %w", err)
	}
	return plain(docs), nil
}

// parkDamaged parks the documents whose row is damaged, which no other try
// mends, and returns the others.
func parkDamaged(ctx context.Context, tx engine, docs []stored) ([]stored, error) {
	sound := docs[:0]
	for _, d := range docs {
		if d.damage == nil {
			sound = append(sound, d)
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE work SET state = 2, leased = 0, error = $1 WHERE document = $2`, text(d.damage.Error()), d.id); err != nil {
			return nil, err
		}
	}
	return sound, nil
}

func (db *DB) takeWork(ctx context.Context, tx engine, limit int, now time.Time, lease time.Duration) ([]int64, error) {
	_, err := tx.ExecContext(ctx, `UPDATE work SET state = 2, error = CASE WHEN error = '' THEN 'the process ended while working on it' ELSE error END
		WHERE state = 0 AND attempts >= $1 AND leased <= $2`, maxAttempts, now.UnixMicro())
	if err != nil {
		return nil, err
	}
	ids, err := query(ctx, tx, scanInt, `SELECT document FROM work WHERE state = 0 AND attempts = 0 AND leased <= $1
		ORDER BY document LIMIT $2`+db.dialect.lock, now.UnixMicro(), limit)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		ids, err = query(ctx, tx, scanInt, `SELECT document FROM work WHERE state = 0 AND leased <= $1
			ORDER BY attempts, document LIMIT 1`+db.dialect.lock, now.UnixMicro())
		if err != nil {
			return nil, err
		}
	}
	err = chunks(ids, func(ids []int64) error {
		args := append([]any{now.Add(lease).UnixMicro()}, anys(ids)...)
		_, err := tx.ExecContext(ctx, `UPDATE work SET leased = $1, attempts = attempts + 1 WHERE document IN `+list(2, len(ids)), args...)
		return err
	})
	return ids, err
}

// Release gives leased documents back without counting the attempt, as when
// the work was interrupted on purpose.
func (db *DB) Release(ctx context.Context, ids []intel.DocumentID) error {
	return db.eachWork(ctx, ids, `UPDATE work SET leased = 0, attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END WHERE state = 0`)
}

// Failed notes why a document could not be derived. It is tried again after
// the pause, and parked after five tries.
func (db *DB) Failed(ctx context.Context, id intel.DocumentID, reason string, again time.Time) error {
	return db.eachWork(ctx, []intel.DocumentID{id},
		`UPDATE work SET leased = $1, error = $2, state = CASE WHEN attempts >= $3 THEN 2 ELSE 0 END WHERE state = 0`,
		again.UnixMicro(), text(reason), maxAttempts)
}

func (db *DB) eachWork(ctx context.Context, ids []intel.DocumentID, statement string, args ...any) error {
	err := db.tx(ctx, func(tx engine) error {
		return chunks(ids, func(ids []intel.DocumentID) error {
			keys, err := documentKeys(ids)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, statement+` AND document IN (SELECT id FROM documents WHERE key IN `+list(len(args)+1, len(keys))+`)`,
				append(append([]any{}, args...), keys...)...)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("note work: %w", err)
	}
	return nil
}

func documentKeys(ids []intel.DocumentID) ([]any, error) {
	keys := make([]any, len(ids))
	for i, id := range ids {
		key, err := hex.DecodeString(string(id))
		if err != nil {
			return nil, fmt.Errorf("document %q: %w", id, intel.ErrInvalid)
		}
		keys[i] = key
	}
	return keys, nil
}

// Unfinished counts the documents that wait to be derived.
func (db *DB) Unfinished(ctx context.Context) (n int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM work WHERE state = 0`).Scan(&n)
	return n, err
}

// Backlog counts the documents that wait to be derived, and those that were parked.
func (db *DB) Backlog(ctx context.Context) (waiting, parked int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM work WHERE state = 0), (SELECT COUNT(*) FROM work WHERE state = 2)`).Scan(&waiting, &parked)
	if err != nil {
		return 0, 0, fmt.Errorf("backlog: %w", err)
	}
	return waiting, parked, nil
}

// Reprocess makes every document wait that was derived by an older version,
// and every parked one too; it returns how many.
func (db *DB) Reprocess(ctx context.Context, version int) (int, error) {
	return db.anew(ctx, `(state = 1 AND version < $1) OR state = 2`, version)
}

// Outdate makes every document wait that was derived by an older version, but
// for the parked ones, and returns how many.
func (db *DB) Outdate(ctx context.Context, version int) (int, error) {
	return db.anew(ctx, `state = 1 AND version < $1`, version)
}

func (db *DB) anew(ctx context.Context, which string, version int) (int, error) {
	n, err := db.exec(ctx, `UPDATE work SET state = 0, attempts = 0, leased = 0, error = '' WHERE `+which, version)
	if err != nil {
		return 0, fmt.Errorf("reprocess: %w", err)
	}
	return n, nil
}

// A Parked document is one that failed five times.
type Parked struct {
	Document intel.DocumentID `json:"document"`
	Source   intel.SourceID   `json:"source"`
	URL      string           `json:"url,omitempty"`
	Reason   string           `json:"reason"`
}

// Parked lists the documents that were given up, oldest first.
func (db *DB) Parked(ctx context.Context, limit int) ([]Parked, error) {
	return query(ctx, db.read, func(r *sql.Rows, p *Parked) error {
		var key []byte
		err := r.Scan(&key, &p.Source, &p.URL, &p.Reason)
		p.Document = intel.DocumentID(hex.EncodeToString(key))
		return err
	}, `SELECT d.key, s.name, d.url, w.error FROM work w JOIN documents d ON d.id = w.document JOIN sources s ON s.id = d.source
		WHERE w.state = 2 ORDER BY w.document LIMIT $1`, limit)
}
