package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// CountValues counts the different indicators that are kept.
func (db *DB) CountValues(ctx context.Context) (n int, err error) {
	kinds := intel.KindsOf(intel.IOC)
	err = db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM entities WHERE kind IN `+list(1, len(kinds)), anys(kinds)...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count values: %w", err)
	}
	return n, nil
}

// pageValues is how many values are read at a time.
const pageValues = 5000

// EachValue gives every different indicator that is kept, whoever may see it: it
// is for the operator. It reads a page at a time, so that a long walk holds no
// writer up.
func (db *DB) EachValue(ctx context.Context, each func(intel.Entity) error) error {
	for last := int64(-1); ; {
		page, err := query(ctx, db.read, scanEntity, `SELECT id, kind, name FROM entities WHERE id > $1 ORDER BY id LIMIT $2`, last, pageValues)
		if err != nil {
			return fmt.Errorf("values: %w", err)
		}
		for _, e := range page {
			if e.Kind.Class() != intel.IOC {
				continue
			}
			if err := each(e.Entity); err != nil {
				return err
			}
		}
		if len(page) < pageValues {
			return nil
		}
		last = page[len(page)-1].id
	}
}

// Again makes the documents wait to be derived again in which one of values is
// evidence in force of which actor it indicates, and returns how many.
func (db *DB) Again(ctx context.Context, values []intel.Entity) (n int, err error) {
	err = db.tx(ctx, func(tx engine) error {
		n = 0
		return chunks(values, func(some []intel.Entity) error {
			ids := make(map[intel.Entity]int64, len(some))
			if err := findEntities(ctx, tx, some, ids); err != nil || len(ids) == 0 {
				return err
			}
			var args []int64
			for _, id := range ids {
				args = append(args, id)
			}
			slices.Sort(args)
			// In one order, so that nobody waits in a circle.
			waits, err := query(ctx, tx, scanInt, `SELECT document FROM work WHERE state = 1 AND document IN (SELECT e.document FROM links l
				JOIN evidence e ON e.link = l.id JOIN entities a ON a.id = l.to_entity AND a.kind = '`+string(intel.Actor)+`'
				WHERE l.relation = `+rel(intel.Indicates)+` AND l.from_entity IN `+list(1, len(args))+`)
				ORDER BY document`+db.dialect.hold, anys(args)...)
			if err != nil {
				return err
			}
			n += len(waits)
			return db.wait(ctx, tx, waits)
		})
	})
	if err != nil {
		return 0, fmt.Errorf("derive documents of %d values again: %w", len(values), err)
	}
	return n, nil
}

// wait makes documents wait to be derived again that were.
func (db *DB) wait(ctx context.Context, tx engine, documents []int64) error {
	return chunks(documents, func(some []int64) error {
		_, err := tx.ExecContext(ctx, `UPDATE work SET state = 0, attempts = 0, leased = 0, error = '' WHERE state = 1 AND document IN `+list(1, len(some)), anys(some)...)
		return err
	})
}
