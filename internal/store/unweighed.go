package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// unweighed keeps how much more texts of the batch say than is weighed.
func (s *saving) unweighed(ctx context.Context, batch []Derived) error {
	err := chunks(slices.Sorted(maps.Keys(s.again)), func(ids []int64) error {
		_, err := s.tx.ExecContext(ctx, `DELETE FROM unweighed WHERE document IN `+list(1, len(ids)), anys(ids)...)
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range batch {
		doc, ok := s.docs[d.Document]
		if !ok || d.Unweighed == 0 {
			continue
		}
		_, err := s.tx.ExecContext(ctx, `INSERT INTO unweighed (document, marking, pieces) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, doc.id, doc.marking, d.Unweighed)
		if err != nil {
			return err
		}
	}
	return nil
}

// mostCutTexts is among how many texts that were cut those of rows are sought, the
// latest first.
const mostCutTexts = 10_000

// Unweighed tells of the documents that speak of some links, and that r may see, how
// many say more than is weighed, and how much more.
func (db *DB) Unweighed(ctx context.Context, r intel.Reader, links []int64) (intel.Unweighed, error) {
	return db.cut(ctx, r, links, `EXISTS (SELECT 1 FROM evidence e WHERE e.document = c.document AND e.link IN %s)`)
}

// Unheard tells the same of the documents that mention e.
func (db *DB) Unheard(ctx context.Context, r intel.Reader, e intel.Entity) (intel.Unweighed, error) {
	ids, err := db.integers(ctx, []intel.Entity{e})
	if err != nil {
		return intel.Unweighed{}, err
	}
	return db.cut(ctx, r, ids, fmt.Sprintf(`document IN (SELECT document FROM (SELECT document FROM mentions WHERE entity IN %%s ORDER BY at DESC LIMIT %d) m)`, mostCutTexts))
}

// cut counts the texts that were cut and that speak of some of ids.
func (db *DB) cut(ctx context.Context, r intel.Reader, ids []int64, speaks string) (u intel.Unweighed, err error) {
	type cut struct{ document, pieces int64 }
	seen := map[int64]bool{}
	err = chunks(ids, func(ids []int64) error {
		some, err := query(ctx, db.read, func(r *sql.Rows, c *cut) error { return r.Scan(&c.document, &c.pieces) },
			fmt.Sprintf(`SELECT c.document, c.pieces FROM (SELECT document, pieces FROM unweighed WHERE marking <= $1 ORDER BY document DESC LIMIT %d) c WHERE `, mostCutTexts)+
				fmt.Sprintf(speaks, list(2, len(ids))), append([]any{int(r.Clearance)}, anys(ids)...)...)
		for _, c := range some {
			if !seen[c.document] {
				seen[c.document] = true
				u.Documents++
				u.Pieces += int(c.pieces)
			}
		}
		return err
	})
	if err != nil {
		return u, fmt.Errorf("what texts say beyond what is weighed: %w", err)
	}
	return u, nil
}
