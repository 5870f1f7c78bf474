package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// unweighed keeps how much more texts of the batch say than is weighed.
func (s *saving) unweighed(ctx context.Context, batch []Derived) error {
	again := make([]int64, 0, len(s.again))
	for id := range s.again {
		again = append(again, id)
	}
	slices.Sort(again)
	err := chunks(again, func(ids []int64) error {
		_, err := s.tx.ExecContext(ctx, `DELETE FROM unweighed WHERE document IN `+list(1, len(ids)), anys(ids)...)
		return err
	})
	for _, d := range batch {
		doc, ok := s.docs[d.Document]
		if err == nil && ok && d.Unweighed > 0 {
			_, err = s.tx.ExecContext(ctx, `INSERT INTO unweighed (document, marking, pieces) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, doc.id, doc.marking, d.Unweighed)
		}
	}
	return err
}

// mostCutTexts is among how many texts that were cut those of rows are sought, the
// latest first.
const mostCutTexts = 10_000

// Unweighed tells of the documents that speak of some links, and that r may see, how
// many say more than is weighed, and how much more.
func (db *DB) Unweighed(ctx context.Context, r intel.Reader, links []int64) (u intel.Unweighed, err error) {
	seen := map[int64]bool{}
	err = chunks(links, func(links []int64) error {
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *[2]int64) error { return r.Scan(&x[0], &x[1]) }, fmt.Sprintf(`SELECT c.document, c.pieces FROM (SELECT document, pieces FROM unweighed WHERE marking <= $1 ORDER BY document DESC LIMIT %d) c
			WHERE EXISTS (SELECT 1 FROM evidence e WHERE e.document = c.document AND e.link IN `, mostCutTexts)+list(2, len(links))+`)`, append([]any{int(r.Clearance)}, anys(links)...)...)
		for _, x := range rows {
			if !seen[x[0]] {
				seen[x[0]] = true
				u.Documents++
				u.Pieces += int(x[1])
			}
		}
		return err
	})
	if err != nil {
		return u, fmt.Errorf("what texts say beyond %d rows: %w", len(links), err)
	}
	return u, nil
}
