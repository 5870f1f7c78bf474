package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// An Unresolved name is one of which has to be said anew whom it stands for:
// what documents say of its aliases has changed, or the reference has.
type Unresolved struct {
	Name  intel.Entity
	asked int64 // changes with each reason to ask
}

// slugged lists the kinds of names that may stand for another.
func slugged() []any {
	return []any{string(intel.Actor), string(intel.Campaign), string(intel.Malware), string(intel.Tool), string(intel.Sector), string(intel.Label), string(intel.Organization)}
}

const askAgain = ` ON CONFLICT (name) DO UPDATE SET asked = unresolved.asked + 1`

// Unresolve makes every name that may stand for another unresolved, as after
// the reference has changed.
func (db *DB) Unresolve(ctx context.Context) error {
	return db.tx(ctx, func(tx engine) error { return unresolve(ctx, tx) })
}

func unresolve(ctx context.Context, tx engine) error {
	kinds := slugged()
	_, err := tx.ExecContext(ctx, `INSERT INTO unresolved (name, asked) SELECT id, 1 FROM entities WHERE kind IN `+list(1, len(kinds))+` ORDER BY id`+askAgain, kinds...)
	if err != nil {
		return fmt.Errorf("unresolve names: %w", err)
	}
	return nil
}

// unresolve notes the names at the ends of links that an alias claim is about:
// what is said of a name decides whether one voice may move it.
func (s *saving) unresolve(ctx context.Context, links map[int64]bool) error {
	return chunks(slices.Sorted(maps.Keys(links)), func(links []int64) error {
		which := `links WHERE id IN ` + list(1, len(links))
		claimed := func(table, side string) string {
			return `EXISTS (SELECT 1 FROM ` + table + ` l WHERE l.` + side + ` = n.name AND l.relation IN (` + rel(intel.AliasOf, intel.NotAliasOf) + `))`
		}
		_, err := s.tx.ExecContext(ctx, `INSERT INTO unresolved (name, asked) SELECT name, 1 FROM
			(SELECT from_entity AS name FROM `+which+` UNION SELECT to_entity FROM `+which+`) n
			WHERE `+claimed("links", "from_entity")+` OR `+claimed("assessments", "to_entity")+` ORDER BY name`+askAgain, anys(links)...)
		return err
	})
}

// Unresolved returns up to limit names that are unresolved.
func (db *DB) Unresolved(ctx context.Context, limit int) ([]Unresolved, error) {
	return query(ctx, db.read, func(r *sql.Rows, u *Unresolved) error { return r.Scan(&u.Name.Kind, &u.Name.Name, &u.asked) },
		`SELECT e.kind, e.name, u.asked FROM unresolved u JOIN entities e ON e.id = u.name ORDER BY u.name LIMIT $1`, limit)
}

// Asked returns the given names with whether they are unresolved.
func (db *DB) Asked(ctx context.Context, names []intel.Entity) ([]Unresolved, error) {
	ids, err := db.lookupIDs(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("unresolved names: %w", err)
	}
	type row struct{ name, asked int64 }
	asked := map[int64]int64{}
	err = chunks(slices.Sorted(maps.Values(ids)), func(some []int64) error {
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.name, &x.asked) },
			`SELECT name, asked FROM unresolved WHERE name IN `+list(1, len(some)), anys(some)...)
		for _, x := range rows {
			asked[x.name] = x.asked
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("unresolved names: %w", err)
	}
	out := make([]Unresolved, len(names))
	for i, n := range names {
		out[i] = Unresolved{n, asked[ids[n]]}
	}
	return out, nil
}

// Aliases returns what r may believe of claims that one of names is, or is not,
// an alias, and of claims that another is an alias of it, with the strictest
// marking that the belief rests on.
func (db *DB) Aliases(ctx context.Context, r intel.Reader, names []intel.Entity) ([]intel.Assessment, error) {
	ids, err := db.lookupIDs(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("aliases: %w", err)
	}
	type row struct {
		ends
		marking     intel.Marking
		probability float64
	}
	var out []intel.Assessment
	seen := map[int64]bool{}
	for _, side := range []string{"from_entity", "to_entity"} {
		err := chunks(slices.Sorted(maps.Values(ids)), func(ids []int64) error {
			rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error {
				return r.Scan(&x.id, numbered{&x.relation}, &x.fromKind, &x.fromName, &x.toKind, &x.toName, &x.marking, probable{&x.probability})
			}, `SELECT `+linkOf+`, a.relation, f.kind, f.name, t.kind, t.name, `+markingOf+`, a.billionths FROM assessments a
				JOIN entities f ON f.id = a.from_entity JOIN entities t ON t.id = a.to_entity
				WHERE a.relation <> `+rel(intel.Indicates)+` AND a.relation IN (`+rel(intel.AliasOf, intel.NotAliasOf)+`) AND `+shown(1, 1)+` AND a.`+side+` IN `+list(2, len(ids))+`
				ORDER BY a.place`, append([]any{int(r.Clearance)}, anys(ids)...)...)
			for _, x := range rows {
				if !seen[x.id] {
					seen[x.id] = true
					out = append(out, intel.Assessment{Link: x.link(), Marking: x.marking, Probability: x.probability})
				}
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("aliases: %w", err)
		}
	}
	return out, nil
}

// A Settlement says of names whom they stand for: those in Resolutions for
// others, the rest for themselves.
type Settlement struct {
	Names       []Unresolved
	Resolutions []Resolution
	Titles      map[intel.Entity]string // how names are written
}

// Settle keeps whom names stand for. Those of which a change came meanwhile
// stay unresolved.
func (db *DB) Settle(ctx context.Context, s Settlement) error {
	err := db.tx(ctx, func(tx engine) error {
		names := make([]intel.Entity, len(s.Names))
		for i, u := range s.Names {
			names[i] = u.Name
		}
		ids := make(map[intel.Entity]int64, len(names))
		err := chunks(names, func(some []intel.Entity) error { return findEntities(ctx, tx, some, ids) })
		if err != nil {
			return err
		}
		sorted := slices.Sorted(maps.Values(ids))
		if err := holdRows(ctx, tx, `SELECT name FROM unresolved WHERE name`, sorted, db.dialect.hold); err != nil {
			return err
		}
		if err := retitle(ctx, tx, s.Titles); err != nil {
			return err
		}
		before, err := stand(ctx, tx, sorted)
		if err != nil {
			return err
		}
		err = chunks(sorted, func(gone []int64) error {
			_, err := tx.ExecContext(ctx, `DELETE FROM resolution WHERE name IN `+list(1, len(gone)), anys(gone)...)
			return err
		})
		if err != nil {
			return err
		}
		if err := saveResolutions(ctx, tx, s.Resolutions); err != nil {
			return err
		}
		after, err := stand(ctx, tx, sorted)
		if err != nil {
			return err
		}
		same := func(name int64) bool { return before[name] == after[name] }
		if err := renamed(ctx, tx, slices.DeleteFunc(slices.Clone(sorted), same)); err != nil {
			return err
		}
		err = chunks(s.Names, func(some []Unresolved) error {
			args := make([]any, 0, 2*len(some))
			for _, u := range some {
				args = append(args, ids[u.Name], u.asked)
			}
			_, err := tx.ExecContext(ctx, `DELETE FROM unresolved WHERE (name, asked) IN (VALUES `+casts(1, len(some), "BIGINT", "BIGINT")+`)`, args...)
			return err
		})
		if err != nil {
			return err
		}
		return newEpoch(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("settle %d names: %w", len(s.Names), err)
	}
	return nil
}

func retitle(ctx context.Context, tx engine, titles map[intel.Entity]string) error {
	for _, e := range slices.SortedFunc(maps.Keys(titles), compare) {
		if _, err := tx.ExecContext(ctx, `UPDATE entities SET title = $1 WHERE kind = $2 AND name = $3 AND title <> $1`, text(titles[e]), string(e.Kind), e.Name); err != nil {
			return err
		}
	}
	return nil
}
