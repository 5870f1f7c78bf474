package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Pack describes a reference pack in force.
type Pack struct {
	Name      string    `json:"name"`
	Version   string    `json:"version"`
	Digest    string    `json:"digest"`
	Licence   string    `json:"licence,omitempty"`
	Publisher string    `json:"publisher,omitempty"`
	Items     int       `json:"items"`
	Loaded    time.Time `json:"loaded"`
}

// SavePack puts a pack in force in place of the one of that name, in one
// transaction: a reader sees the former one or this one, never a mixture. All
// names become unresolved by it.
// Each yields the items in any order, may fail half-way, and yields all of them
// again when asked again. It reports whether anything changed.
func (db *DB) SavePack(ctx context.Context, p Pack, each func(yield func(key string, body []byte) error) error) (changed bool, err error) {
	err = db.tx(ctx, func(tx engine) error {
		changed = false
		now, err := query(ctx, tx, func(r *sql.Rows, s *string) error { return r.Scan(s) }, `SELECT digest FROM packs WHERE name = $1`, p.Name)
		if err != nil || (len(now) == 1 && now[0] == p.Digest) {
			return err
		}
		changed = true
		if _, err := tx.ExecContext(ctx, `DELETE FROM pack_items WHERE pack = $1`, p.Name); err != nil {
			return err
		}
		if p.Items, err = insertItems(ctx, tx, p.Name, each); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO packs (name, version, digest, licence, publisher, items, loaded) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (name) DO UPDATE SET version = excluded.version, digest = excluded.digest, licence = excluded.licence,
			publisher = excluded.publisher, items = excluded.items, loaded = excluded.loaded`,
			p.Name, p.Version, p.Digest, p.Licence, p.Publisher, p.Items, p.Loaded.UnixMicro())
		if err != nil {
			return err
		}
		return unresolve(ctx, tx)
	})
	if err != nil {
		return false, fmt.Errorf("save pack %s: %w", p.Name, err)
	}
	return changed, nil
}

func insertItems(ctx context.Context, tx engine, pack string, each func(func(string, []byte) error) error) (n int, err error) {
	var rows [][3]any
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO pack_items (pack, key, body) VALUES `+values(1, len(rows), 3)+
			` ON CONFLICT (pack, key) DO UPDATE SET body = excluded.body`, flat(rows)...)
		rows = rows[:0]
		return err
	}
	last := map[string]bool{} // keys of the statement: one statement may not hit a row twice
	err = each(func(key string, body []byte) error {
		n++
		if last[key] || len(rows) == chunk {
			if err := flush(); err != nil {
				return err
			}
			clear(last)
		}
		last[key] = true
		rows = append(rows, [3]any{pack, key, text(string(body))})
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, flush()
}

// Packs lists the packs in force.
func (db *DB) Packs(ctx context.Context) ([]Pack, error) {
	return query(ctx, db.read, func(r *sql.Rows, p *Pack) error {
		var loaded sql.NullInt64
		err := r.Scan(&p.Name, &p.Version, &p.Digest, &p.Licence, &p.Publisher, &p.Items, &loaded)
		p.Loaded = toTime(loaded)
		return err
	}, `SELECT name, version, digest, licence, publisher, items, loaded FROM packs ORDER BY name`)
}

// PackItems calls f with each item of a pack, by key.
func (db *DB) PackItems(ctx context.Context, pack string, f func(key string, body []byte) error) error {
	rows, err := db.read.QueryContext(ctx, `SELECT key, body FROM pack_items WHERE pack = $1 ORDER BY key`, pack)
	if err != nil {
		return fmt.Errorf("pack %s: %w", pack, err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var body []byte
		if err := rows.Scan(&key, &body); err != nil {
			return fmt.Errorf("pack %s: %w", pack, err)
		}
		if err := f(key, body); err != nil {
			return fmt.Errorf("pack %s: item %s: %w", pack, key, err)
		}
	}
	return rows.Err()
}

// PackItem returns one item of a pack, or intel.ErrNotFound.
func (db *DB) PackItem(ctx context.Context, pack, key string) ([]byte, error) {
	rows, err := query(ctx, db.read, func(r *sql.Rows, b *[]byte) error { return r.Scan(b) }, `SELECT body FROM pack_items WHERE pack = $1 AND key = $2`, pack, key)
	if err == nil && len(rows) == 0 {
		err = intel.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("pack %s: item %s: %w", pack, key, err)
	}
	return rows[0], nil
}
