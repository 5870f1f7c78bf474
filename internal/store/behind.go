package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// A backing is what behind counts evidence by: of whom it is, whose word it is, and
// how it is marked. Very much may be said of one name by few: without it, all that is
// said would be read to count them.
type backing struct{ entity, origin, marking int64 }

// backed reports whether behind knows who speaks of a kind: of all that have profiles.
func backed(k intel.Kind) bool {
	_, ok := k.Subject()
	return ok
}

// backings are by how much that changes.
type backings map[backing]int64

// A backedLink is the ends of a link.
type backedLink struct {
	from, to         int64
	fromKind, toKind intel.Kind
}

// add notes that n pieces of evidence were added of a link, or taken back.
func (b backings) add(l backedLink, origin, marking, n int64) {
	if backed(l.fromKind) {
		b[backing{l.from, origin, marking}] += n
	}
	if backed(l.toKind) && l.to != l.from {
		b[backing{l.to, origin, marking}] += n
	}
}

// save applies the changes, in one order, so that nobody waits in a circle.
func (b backings) save(ctx context.Context, tx engine) error {
	var keys []backing
	for k, n := range b {
		if n != 0 {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b backing) int {
		return cmp.Or(cmp.Compare(a.entity, b.entity), cmp.Compare(a.origin, b.origin), cmp.Compare(a.marking, b.marking))
	})
	return chunks(keys, func(keys []backing) error {
		args := make([]any, 0, 4*len(keys))
		for _, k := range keys {
			args = append(args, k.entity, k.origin, k.marking, b[k])
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO behind (entity, origin, marking, pieces) VALUES `+values(1, len(keys), 4)+`
			ON CONFLICT (entity, origin, marking) DO UPDATE SET pieces = behind.pieces + excluded.pieces`, args...)
		return err
	})
}

// read adds n times the evidence that a query finds, row by row: of a whole store, too.
func (b backings) read(ctx context.Context, tx engine, n int64, which string, args ...any) error {
	rows, err := tx.QueryContext(ctx, which, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var l backedLink
		var origin, marking int64
		if err := rows.Scan(&l.from, &l.fromKind, &l.to, &l.toKind, &origin, &marking); err != nil {
			return err
		}
		b.add(l, origin, marking, n)
	}
	return rows.Err()
}

const backingSelect = `SELECT l.from_entity, f.kind, l.to_entity, t.kind, e.origin, e.marking FROM `

// unback takes back what documents that are derived again have said, by pairs of link
// and document.
func (s *saving) unback(ctx context.Context, pairs [][2]any) error {
	return chunks(pairs, func(some [][2]any) error {
		return s.behind.read(ctx, s.tx, -1, `WITH w (l, d) AS (VALUES `+casts(1, len(some), "BIGINT", "BIGINT")+`) `+backingSelect+`w
			CROSS JOIN evidence e CROSS JOIN links l CROSS JOIN entities f CROSS JOIN entities t
			WHERE e.link = w.l AND e.document = w.d AND l.id = e.link AND f.id = l.from_entity AND t.id = l.to_entity`, flat(some)...)
	})
}

// layBehind makes the table and counts what is there.
func layBehind(ctx context.Context, tx engine, d dialect) error {
	statement := `CREATE TABLE behind (entity BIGINT NOT NULL, origin BIGINT NOT NULL, marking BIGINT NOT NULL, pieces BIGINT NOT NULL, PRIMARY KEY (entity, origin, marking))`
	if d.name == "sqlite" {
		statement += ` WITHOUT ROWID`
	}
	if _, err := tx.ExecContext(ctx, statement); err != nil {
		return err
	}
	all := backings{}
	if err := all.read(ctx, tx, 1, backingSelect+`evidence e JOIN links l ON l.id = e.link JOIN entities f ON f.id = l.from_entity JOIN entities t ON t.id = l.to_entity`); err != nil {
		return err
	}
	return all.save(ctx, tx)
}
