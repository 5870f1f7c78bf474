package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// AliasVerdicts returns every verdict on names, in the order in which they were
// given.
func (db *DB) AliasVerdicts(ctx context.Context) ([]intel.AliasVerdict, error) {
	return verdicts(ctx, db, intel.AliasVerdictOf)
}

// ValueVerdicts returns every verdict on values, in the order in which they were
// given, whoever may read them: what they do shows to all.
func (db *DB) ValueVerdicts(ctx context.Context) ([]intel.ValueVerdict, error) {
	return verdicts(ctx, db, intel.ValueVerdictOf)
}

func verdicts[V any](ctx context.Context, db *DB, of func(intel.Document) (V, bool)) ([]V, error) {
	docs, err := query(ctx, db.read, func(r *sql.Rows, d *intel.Document) error {
		var learned sql.NullInt64
		var claims string
		var key []byte
		err := r.Scan(&key, &d.Source, &d.Genre, &d.Title, &d.Marking, &claims, &learned)
		d.ID, d.Learned = intel.DocumentID(hex.EncodeToString(key)), toTime(learned)
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(claims), &d.Claims)
	}, `SELECT d.key, s.name, d.genre, d.title, d.marking, d.claims, d.learned FROM documents d JOIN sources s ON s.id = d.source WHERE d.genre = 'verdict' ORDER BY d.learned, d.id`)
	if err != nil {
		return nil, fmt.Errorf("verdicts: %w", err)
	}
	var out []V
	for _, d := range docs {
		if v, ok := of(d); ok {
			out = append(out, v)
		}
	}
	return out, nil
}

// Verdicts counts the verdicts of every sort: as none is ever deleted or
// changed, those that were read stay true while the number stays.
func (db *DB) Verdicts(ctx context.Context) (n int, err error) {
	if err := db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM documents WHERE genre = 'verdict'`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count verdicts: %w", err)
	}
	return n, nil
}

// Ask makes names, which are added if they are new, unresolved.
func (db *DB) Ask(ctx context.Context, names []intel.Entity) error {
	err := db.tx(ctx, func(tx engine) error {
		names = slices.Clone(names)
		slices.SortFunc(names, compare)
		ids, _, err := entityIDs(ctx, tx, slices.Compact(names), nil)
		if err != nil {
			return err
		}
		return chunks(slices.Sorted(maps.Values(ids)), func(some []int64) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO unresolved (name, asked) SELECT id, 1 FROM entities WHERE id IN `+list(1, len(some))+` ORDER BY id`+askAgain, anys(some)...)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("ask for %d names: %w", len(names), err)
	}
	return nil
}
