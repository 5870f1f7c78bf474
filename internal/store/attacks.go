package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// An Attack is that one voice told on one day, in some documents, that an actor
// attacks a country.
type Attack struct {
	Actor, Target intel.Entity
	intel.Voiced
	Documents int
}

// mostAttacks bounds what one read of attacks takes; the latest come first.
const mostAttacks = 100_000

// AttacksOn returns who is told to attack a country in some days.
func (db *DB) AttacksOn(ctx context.Context, r intel.Reader, country intel.Entity, d Days) ([]Attack, error) {
	ids, err := db.integers(ctx, []intel.Entity{country})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return db.attacks(ctx, r, d, `h.target <> 0 AND h.target`, ids) // as the index has them
}

// AttacksBy returns which countries actors are told to attack in some days. A
// name of theirs that is another's too tells of both.
func (db *DB) AttacksBy(ctx context.Context, r intel.Reader, actors []intel.Entity, d Days) ([]Attack, error) {
	ids, err := db.integers(ctx, actors)
	if err != nil {
		return nil, err
	}
	names := slices.Clone(ids)
	err = chunks(ids, func(ids []int64) error {
		some, err := query(ctx, db.read, scanInt, `SELECT x.name FROM resolution x WHERE x.canonical IN `+list(2, len(ids))+` AND`+told("x", 1),
			append([]any{int(r.Clearance)}, anys(ids)...)...)
		names = append(names, some...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("names of %d actors: %w", len(actors), err)
	}
	slices.Sort(names)
	return db.attacks(ctx, r, d, `h.target <> 0 AND h.entity`, slices.Compact(names))
}

func (db *DB) attacks(ctx context.Context, r intel.Reader, d Days, which string, ids []int64) (out []Attack, err error) {
	err = chunks(ids, func(ids []int64) error {
		some, err := query(ctx, db.read, func(r *sql.Rows, a *Attack) error {
			return r.Scan(&a.Actor.Kind, &a.Actor.Name, &a.Target.Kind, &a.Target.Name, &a.Voice, &a.Genre, &a.Day, &a.Share, &a.Documents)
		}, `SELECT c.kind, c.name, t.kind, t.name, o.voice, o.genre, o.day, MAX(o.share), SUM(o.documents) FROM (
				SELECT COALESCE(x.canonical, h.entity) AS canonical, COALESCE(x.share, 1.0) AS share, h.target, h.voice, h.genre, h.day, h.documents
				FROM heard h LEFT JOIN resolution x ON x.name = h.entity AND`+told("x", 1)+`WHERE `+d.condition()+` AND `+which+` IN `+list(2, len(ids))+`) o
			JOIN entities c ON c.id = o.canonical JOIN entities t ON t.id = o.target
			GROUP BY c.kind, c.name, t.kind, t.name, o.voice, o.genre, o.day ORDER BY o.day DESC, c.name, t.name, o.voice, o.genre LIMIT `+fmt.Sprint(mostAttacks),
			append([]any{int(r.Clearance)}, anys(ids)...)...)
		out = append(out, some...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("attacks: %w", err)
	}
	return out, nil
}

// mostHomes bounds how many claims of origin are read.
const mostHomes = 20_000

// Homes returns the links that say of somebody from which country it is, as r
// may believe them; with a past weighing as of then. They are by the names that
// documents use.
func (db *DB) Homes(ctx context.Context, r intel.Reader, past Weighing) ([]Assessed, error) {
	which := `a.place IN (SELECT x.place FROM entities c CROSS JOIN assessments x WHERE c.kind = $1 AND x.to_entity = c.id AND x.relation = ` + rel(intel.OriginatesFrom) + `)`
	if past.Judge == nil {
		rows, err := query(ctx, db.read, scanAssessed, assessedSelect+`WHERE `+which+` AND `+shown(2, 3)+` ORDER BY a.billionths DESC, a.place LIMIT `+fmt.Sprint(mostHomes),
			string(intel.Country), int(r.Clearance), int(r.Clearance))
		if err != nil {
			return nil, fmt.Errorf("origins of actors: %w", err)
		}
		return rows, nil
	}
	links, err := query(ctx, db.read, scanEnds, endsSelect+`WHERE l.id IN (SELECT `+linkOf+` FROM assessments a WHERE `+which+`) LIMIT `+fmt.Sprint(mostHomes), string(intel.Country))
	if err != nil {
		return nil, fmt.Errorf("origins of actors: %w", err)
	}
	return db.weighPast(ctx, r, links, past)
}

// Entities returns entities by their integers.
func (db *DB) Entities(ctx context.Context, ids []int64) (map[int64]intel.Entity, error) {
	out := make(map[int64]intel.Entity, len(ids))
	return out, chunks(ids, func(ids []int64) error {
		rows, err := query(ctx, db.read, scanEntity, `SELECT id, kind, name FROM entities WHERE id IN `+list(1, len(ids)), anys(ids)...)
		for _, e := range rows {
			out[e.id] = e.Entity
		}
		return err
	})
}

// Told returns the links of some relations from names to something, as r may
// believe them; with a past weighing as of then. The most probable come first.
func (db *DB) Told(ctx context.Context, r intel.Reader, names []intel.Entity, to intel.Entity, past Weighing, relations ...intel.Relation) ([]Assessed, error) {
	ids, err := db.lookupIDs(ctx, append(slices.Clone(names), to))
	if err != nil {
		return nil, fmt.Errorf("links to %s: %w", to, err)
	}
	from := make([]any, 0, len(names))
	for _, n := range names[:min(len(names), chunk)] {
		if id, ok := ids[n]; ok {
			from = append(from, id)
		}
	}
	if len(from) == 0 || ids[to] == 0 {
		return nil, nil
	}
	args := append([]any{int(r.Clearance), ids[to]}, from...)
	where := `.to_entity = $2 AND %[1]s.from_entity IN ` + list(3, len(from)) + ` AND %[1]s.relation IN ` + list(3+len(from), len(relations))
	for _, rel := range relations {
		args = append(args, number(rel))
	}
	if past.Judge == nil {
		rows, err := query(ctx, db.read, scanAssessed, assessedSelect+`WHERE `+shown(1, 1)+` AND a`+fmt.Sprintf(where, "a")+` ORDER BY a.billionths DESC, a.place`, args...)
		if err != nil {
			return nil, fmt.Errorf("links to %s: %w", to, err)
		}
		return rows, nil
	}
	links, err := query(ctx, db.read, scanEnds, endsSelect+`WHERE CAST($1 AS BIGINT) >= 0 AND l`+fmt.Sprintf(where, "l"), args...)
	if err != nil {
		return nil, fmt.Errorf("links to %s: %w", to, err)
	}
	rows, err := db.weighPast(ctx, r, links, past)
	slices.SortFunc(rows, func(a, b Assessed) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.ID, b.ID))
	})
	return rows, err
}
