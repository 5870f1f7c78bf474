package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
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
	// Fleeting says of a pack that is saved that most of it changes every day:
	// its former items are not kept.
	Fleeting bool `json:"-"`
}

// mostFormer is how many former items of a pack are kept for each one in force.
const mostFormer = 4

// SavePack puts a pack in force in place of the one of that name, in one
// transaction: a reader sees the former one or this one, never a mixture. All
// names become unresolved by it. What it changes or lacks of the former one is
// kept as a difference, for reads as of a day.
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
		l := loading{tx, p, map[string]bool{}}
		if p.Items, err = l.items(ctx, each); err != nil {
			return err
		}
		if err := l.remove(ctx, p.Items); err != nil {
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

// loading is one SavePack under way.
type loading struct {
	tx   engine
	pack Pack
	seen map[string]bool // keys of the new version
}

type item struct{ key, body string }

func scanItem(r *sql.Rows, it *item) error { return r.Scan(&it.key, &it.body) }

// items puts the new version's items in force and counts them.
func (l loading) items(ctx context.Context, each func(func(string, []byte) error) error) (n int, err error) {
	var batch []item
	keys := map[string]bool{} // of batch: one statement may not hit a row twice
	flush := func() error {
		err := l.put(ctx, batch)
		batch = batch[:0]
		clear(keys)
		return err
	}
	err = each(func(key string, body []byte) error {
		n++
		if keys[key] || len(batch) == chunk {
			if err := flush(); err != nil {
				return err
			}
		}
		keys[key], l.seen[key] = true, true
		batch = append(batch, item{key, text(string(body))})
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, flush()
}

// put writes those of batch that are not there already.
func (l loading) put(ctx context.Context, batch []item) error {
	if len(batch) == 0 {
		return nil
	}
	keys := make([]string, len(batch))
	for i, it := range batch {
		keys[i] = it.key
	}
	old, err := query(ctx, l.tx, scanItem, `SELECT key, body FROM pack_items WHERE pack = $1 AND key IN `+list(2, len(keys)), append([]any{l.pack.Name}, anys(keys)...)...)
	if err != nil {
		return err
	}
	was := make(map[string]string, len(old))
	for _, it := range old {
		was[it.key] = it.body
	}
	var changed []string
	args := make([]any, 0, 4*len(batch))
	for _, it := range batch {
		body, ok := was[it.key]
		if ok && body == it.body {
			continue
		}
		if ok {
			changed = append(changed, it.key)
		}
		args = append(args, l.pack.Name, it.key, it.body, l.pack.Loaded.UnixMicro())
	}
	if len(args) == 0 {
		return nil
	}
	if err := l.retire(ctx, changed); err != nil {
		return err
	}
	_, err = l.tx.ExecContext(ctx, `INSERT INTO pack_items (pack, key, body, since) VALUES `+values(1, len(args)/4, 4)+
		` ON CONFLICT (pack, key) DO UPDATE SET body = excluded.body, since = excluded.since`, args...)
	return err
}

// retire keeps what was in force under some keys as former items.
func (l loading) retire(ctx context.Context, keys []string) error {
	if l.pack.Fleeting {
		return nil
	}
	at := l.pack.Loaded.UnixMicro()
	return chunks(keys, func(keys []string) error {
		_, err := l.tx.ExecContext(ctx, `INSERT INTO pack_history (pack, key, superseded, since, body)
			SELECT pack, key, CAST($2 AS BIGINT), since, body FROM pack_items WHERE pack = $1 AND since < $2 AND key IN `+list(3, len(keys))+` ON CONFLICT DO NOTHING`,
			append([]any{l.pack.Name, at}, anys(keys)...)...)
		return err
	})
}

// remove takes out what the new version, of so many items, lacks, and the
// oldest former items where there are too many.
func (l loading) remove(ctx context.Context, items int) error {
	keys, err := query(ctx, l.tx, func(r *sql.Rows, key *string) error { return r.Scan(key) }, `SELECT key FROM pack_items WHERE pack = $1`, l.pack.Name)
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(keys, func(key string) bool { return l.seen[key] })
	if err := l.retire(ctx, gone); err != nil {
		return err
	}
	err = chunks(gone, func(keys []string) error {
		_, err := l.tx.ExecContext(ctx, `DELETE FROM pack_items WHERE pack = $1 AND key IN `+list(2, len(keys)), append([]any{l.pack.Name}, anys(keys)...)...)
		return err
	})
	if err != nil {
		return err
	}
	_, err = l.tx.ExecContext(ctx, `DELETE FROM pack_history WHERE pack = $1 AND superseded <= (
		SELECT superseded FROM pack_history WHERE pack = $1 ORDER BY superseded DESC LIMIT 1 OFFSET $2)`, l.pack.Name, mostFormer*items)
	return err
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

// PackItems calls f with each item of a pack that was in force then (zero:
// now), by key.
func (db *DB) PackItems(ctx context.Context, pack string, then time.Time, f func(key string, body []byte) error) error {
	statement := `SELECT key, body FROM pack_items WHERE pack = $1`
	if !then.IsZero() {
		at := then.UnixMicro()
		statement += fmt.Sprintf(` AND since <= %d UNION ALL SELECT key, body FROM pack_history WHERE pack = $1 AND since <= %d AND superseded > %d`, at, at, at)
	}
	rows, err := db.read.QueryContext(ctx, statement+` ORDER BY key`, pack)
	if err != nil {
		return fmt.Errorf("pack %s: %w", pack, err)
	}
	defer rows.Close()
	for rows.Next() {
		var it item
		if err := scanItem(rows, &it); err != nil {
			return fmt.Errorf("pack %s: %w", pack, err)
		}
		if err := f(it.key, []byte(it.body)); err != nil {
			return fmt.Errorf("pack %s: item %s: %w", pack, it.key, err)
		}
	}
	return rows.Err()
}

// An Item is one of a pack.
type Item struct {
	Body  []byte
	Since time.Time // when it came in force here
}

// PackItem returns the item of a pack that was in force then (zero: now), or
// intel.ErrNotFound. Where none is known to have been, it is the next that came:
// its Since is later, and only what it says itself tells what was so then.
func (db *DB) PackItem(ctx context.Context, pack, key string, then time.Time) (Item, error) {
	if then.IsZero() {
		then = time.UnixMicro(inForce - 1)
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, it *Item) error {
		var since sql.NullInt64
		err := r.Scan(&it.Body, &since)
		it.Since = toTime(since)
		return err
	}, fmt.Sprintf(`SELECT body, since FROM (SELECT body, since, superseded FROM pack_history WHERE pack = $1 AND key = $2 AND superseded > %d
		UNION ALL SELECT body, since, %d AS superseded FROM pack_items WHERE pack = $1 AND key = $2) i ORDER BY superseded LIMIT 1`, then.UnixMicro(), inForce), pack, key)
	if err == nil && len(rows) == 0 {
		err = intel.ErrNotFound
	}
	if err != nil {
		return Item{}, fmt.Errorf("pack %s: item %s: %w", pack, key, err)
	}
	return rows[0], nil
}

// inForce is when what is in force is superseded: never.
const inForce = int64(1 << 62)

// A PackVersion is an item of a pack as it was in force from Since up to Until; zero
// is until now.
type PackVersion struct {
	Key          string
	Body         []byte
	Since, Until time.Time
}

// PackVersions calls f with the versions of those items of a pack that changed since
// it was first loaded, the latest first, up to so many bytes, and returns when that
// was.
func (db *DB) PackVersions(ctx context.Context, pack string, most int, f func(PackVersion) error) (first time.Time, err error) {
	var least sql.NullInt64
	err = db.read.QueryRowContext(ctx, `SELECT MIN(since) FROM (SELECT since FROM pack_items WHERE pack = $1 UNION ALL SELECT since FROM pack_history WHERE pack = $1) i`, pack).Scan(&least)
	if err != nil {
		return first, fmt.Errorf("versions of pack %s: %w", pack, err)
	}
	first = toTime(least)
	rows, err := db.read.QueryContext(ctx, `SELECT key, body, since, CAST(NULL AS BIGINT) FROM pack_items WHERE pack = $1 AND since > $2
		UNION ALL SELECT key, body, since, superseded FROM pack_history WHERE pack = $1 ORDER BY 3 DESC, 1`, pack, least.Int64)
	if err != nil {
		return first, fmt.Errorf("versions of pack %s: %w", pack, err)
	}
	defer rows.Close()
	for rows.Next() && most > 0 {
		var v PackVersion
		var since, until sql.NullInt64
		if err := rows.Scan(&v.Key, &v.Body, &since, &until); err != nil {
			return first, fmt.Errorf("versions of pack %s: %w", pack, err)
		}
		v.Since, v.Until = toTime(since), toTime(until)
		most -= len(v.Body)
		if err := f(v); err != nil {
			return first, fmt.Errorf("versions of pack %s: %s: %w", pack, v.Key, err)
		}
	}
	return first, rows.Err()
}

// ItemsSince returns since when items of a pack are in force as they stand, by key; of
// those that came before that was noted it is not known.
func (db *DB) ItemsSince(ctx context.Context, pack string, keys []string) (map[string]time.Time, error) {
	out := make(map[string]time.Time, len(keys))
	err := chunks(keys, func(keys []string) error {
		type row struct {
			key   string
			since int64
		}
		some, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.key, &x.since) },
			`SELECT key, since FROM pack_items WHERE pack = $1 AND since > 0 AND key IN `+list(2, len(keys)), append([]any{pack}, anys(keys)...)...)
		for _, x := range some {
			out[x.key] = time.UnixMicro(x.since).UTC()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("items of pack %s: %w", pack, err)
	}
	return out, nil
}
