package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// claimant is the condition that an entity o may be behind a value.
const claimant = `o.kind IN ('` + string(intel.Actor) + `', '` + string(intel.Malware) + `', '` + string(intel.Tool) + `')`

// Claimants counts the actors, malware and tools that each of values is said to
// indicate, by what r may see, or by what was believed then, if that is not zero.
func (db *DB) Claimants(ctx context.Context, r intel.Reader, entities []intel.Entity, then time.Time) (map[intel.Entity]int, error) {
	out := make(map[intel.Entity]int, len(entities))
	type row struct{ id, n int64 }
	err := db.eachValue(ctx, entities, func(names map[int64]intel.Entity, ids []int64) error {
		statement := `SELECT a.from_entity, COUNT(DISTINCT a.to_entity) FROM links l CROSS JOIN assessments a CROSS JOIN entities o
			WHERE o.id = a.to_entity AND ` + claimant + ` AND l.relation = ` + rel(intel.Indicates) + ` AND ` + rowsOf("a", "l.id") + ` AND ` + shown(1, 1) + ` AND l.from_entity IN ` + list(2, len(ids)) + `
			GROUP BY a.from_entity`
		if !then.IsZero() {
			statement = `SELECT l.from_entity, COUNT(DISTINCT l.to_entity) FROM links l JOIN ` + held(then, indicated(2, len(ids))) + ` e ON e.link = l.id
			JOIN entities o ON o.id = l.to_entity AND ` + claimant + ` WHERE l.relation = ` + rel(intel.Indicates) + ` AND l.from_entity IN ` + list(2, len(ids)) + `
			GROUP BY l.from_entity`
		}
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.id, &x.n) },
			statement, append([]any{int(r.Clearance)}, anys(ids)...)...)
		for _, x := range rows {
			out[names[x.id]] = int(x.n)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claimants: %w", err)
	}
	return out, nil
}

// eachValue calls f with those of entities that are known, some at a time.
func (db *DB) eachValue(ctx context.Context, entities []intel.Entity, f func(names map[int64]intel.Entity, ids []int64) error) error {
	return chunks(entities, func(some []intel.Entity) error {
		found := make(map[intel.Entity]int64, len(some))
		if err := findEntities(ctx, db.read, some, found); err != nil || len(found) == 0 {
			return err
		}
		names := make(map[int64]intel.Entity, len(found))
		ids := make([]int64, 0, len(found))
		for e, id := range found {
			names[id] = e
			ids = append(ids, id)
		}
		slices.Sort(ids)
		return f(names, ids)
	})
}

// indicated is the links that say of values whose they are, as a list.
func indicated(first, n int) string {
	return `(SELECT id FROM links WHERE relation = ` + rel(intel.Indicates) + ` AND from_entity IN ` + list(first, n) + `)`
}

// saidBy is who supports links, of markings up to $1, by what was believed then
// (zero: now), as a table. Of links that are kept in sum now it reads the sums.
func saidBy(then time.Time, links string) string {
	said := `SELECT e.link, e.source, e.reliability FROM ` + held(then, links) + ` e WHERE e.stance = 0`
	if !then.IsZero() {
		return `(` + said + `)`
	}
	return `(` + said + unsummed(then) + ` UNION ALL SELECT link, how >> 24, how >> 16 & 255 FROM strata WHERE (how & 255) = 0 AND (how >> 8 & 255) <= $1 AND link IN ` + links + `)`
}

// Naming returns how many actors, malware and tools each source says are behind each
// of values, by what r may see, or by what was believed then, if that is not zero.
func (db *DB) Naming(ctx context.Context, r intel.Reader, entities []intel.Entity, then time.Time) (map[intel.Entity][]intel.Naming, error) {
	out := make(map[intel.Entity][]intel.Naming, len(entities))
	type row struct {
		value int64
		intel.Naming
	}
	err := db.eachValue(ctx, entities, func(names map[int64]intel.Entity, ids []int64) error {
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.value, &x.Source, &x.Reliability, &x.Names) },
			fmt.Sprintf(`SELECT l.from_entity, s.name, MIN(e.reliability & %d), COUNT(DISTINCT e.link) FROM `, letters)+saidBy(then, indicated(2, len(ids)))+` e
			JOIN links l ON l.id = e.link JOIN entities o ON o.id = l.to_entity AND `+claimant+` JOIN sources s ON s.id = e.source
			GROUP BY l.from_entity, s.name ORDER BY l.from_entity, s.name`, append([]any{int(r.Clearance)}, anys(ids)...)...)
		for _, x := range rows {
			out[names[x.value]] = append(out[names[x.value]], x.Naming)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("who names how many: %w", err)
	}
	return out, nil
}

// A Saying is which sources say a row, and whether it is of an actor, malware or tool.
type Saying struct {
	Claimant bool
	Sources  []intel.SourceID
}

// Sayings returns who says rows, by what r may see, or by what was believed then, if
// that is not zero.
func (db *DB) Sayings(ctx context.Context, r intel.Reader, links []int64, then time.Time) (map[int64]Saying, error) {
	out := make(map[int64]Saying, len(links))
	type row struct {
		link     int64
		claimant int
		source   intel.SourceID
	}
	err := chunks(links, func(links []int64) error {
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.link, &x.claimant, &x.source) },
			`SELECT DISTINCT e.link, CASE WHEN l.relation = `+rel(intel.Indicates)+` AND `+claimant+` THEN 1 ELSE 0 END, s.name FROM `+saidBy(then, list(2, len(links)))+` e
			JOIN links l ON l.id = e.link JOIN entities o ON o.id = l.to_entity JOIN sources s ON s.id = e.source ORDER BY 1, 3`, append([]any{int(r.Clearance)}, anys(links)...)...)
		for _, x := range rows {
			s := out[x.link]
			s.Claimant, s.Sources = x.claimant == 1, append(s.Sources, x.source)
			out[x.link] = s
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("who says rows: %w", err)
	}
	return out, nil
}

// Leading returns links that say whose a value is, so many at most: the first that each
// source says, then the second and so on, those first that are believed more, by what r
// may see, or of what was believed then, if that is not zero. Unnamed sources are one.
func (db *DB) Leading(ctx context.Context, r intel.Reader, value intel.Entity, unnamed intel.Unnamed, most int, then time.Time) (out []int64, err error) {
	err = db.eachValue(ctx, []intel.Entity{value}, func(_ map[int64]intel.Entity, ids []int64) error {
		args := []any{int(r.Clearance), ids[0]}
		none := ` WHEN 1 = 0`
		for _, u := range unnamed {
			args = append(args, string(u))
			none += fmt.Sprintf(` OR s.name = $%[1]d OR SUBSTR(s.name, 1, %[2]d) = $%[1]d || '/'`, len(args), len(u)+1)
		}
		said := `SELECT DISTINCT e.link, CASE` + none + ` THEN 0 ELSE s.id END AS speaker FROM ` + saidBy(then, indicated(2, 1)) + ` e JOIN sources s ON s.id = e.source`
		from := `SELECT w.link, 0 AS percent, ROW_NUMBER() OVER (PARTITION BY w.speaker ORDER BY w.link) AS place FROM (` + said + `) w`
		if then.IsZero() {
			from = `SELECT w.link, a.percent, ROW_NUMBER() OVER (PARTITION BY w.speaker ORDER BY a.percent DESC, w.link) AS place
				FROM (` + said + `) w CROSS JOIN assessments a WHERE ` + rowsOf("a", "w.link") + ` AND ` + shown(1, 1)
		}
		args = append(args, most)
		out, err = query(ctx, db.read, scanInt, fmt.Sprintf(`SELECT link FROM (%s) x GROUP BY link ORDER BY MIN(place), MAX(percent) DESC, link LIMIT $%d`, from, len(args)), args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("who is first said to be behind %s: %w", value, err)
	}
	return out, nil
}

// Crowds calls f with the values that so many links or more say whose they are, some
// at a time, and with those links.
func (db *DB) Crowds(ctx context.Context, least int, f func(values map[intel.Entity][]int64) error) error {
	ids, err := query(ctx, db.read, scanInt, `SELECT from_entity FROM links WHERE relation = `+rel(intel.Indicates)+` GROUP BY from_entity HAVING COUNT(*) >= $1 ORDER BY from_entity`, least)
	if err != nil {
		return fmt.Errorf("crowds: %w", err)
	}
	return chunks(ids, func(ids []int64) error {
		out, err := db.indicating(ctx, ids)
		if err != nil {
			return fmt.Errorf("crowds: %w", err)
		}
		return f(out)
	})
}

// Indicating returns the links that say whose each of values is.
func (db *DB) Indicating(ctx context.Context, entities []intel.Entity) (map[intel.Entity][]int64, error) {
	out := make(map[intel.Entity][]int64, len(entities))
	err := db.eachValue(ctx, entities, func(_ map[int64]intel.Entity, ids []int64) error {
		some, err := db.indicating(ctx, ids)
		maps.Copy(out, some)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("whose %d values are: %w", len(entities), err)
	}
	return out, nil
}

func (db *DB) indicating(ctx context.Context, ids []int64) (map[intel.Entity][]int64, error) {
	type row struct {
		link int64
		intel.Entity
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.link, &x.Kind, &x.Name) },
		`SELECT l.id, v.kind, v.name FROM links l JOIN entities v ON v.id = l.from_entity WHERE l.relation = `+rel(intel.Indicates)+` AND l.from_entity IN `+list(1, len(ids)), anys(ids)...)
	out := make(map[intel.Entity][]int64, len(ids))
	for _, x := range rows {
		out[x.Entity] = append(out[x.Entity], x.link)
	}
	return out, err
}

// RowIDs returns the integers of those of links that there are.
func (db *DB) RowIDs(ctx context.Context, links []intel.Link) (map[intel.Link]int64, error) {
	out, err := linksOf(ctx, db.read, links)
	if err != nil {
		return nil, fmt.Errorf("rows of %d links: %w", len(links), err)
	}
	return out, nil
}

// A NamingSpell is that a source says a row of a value, and while it was believed
// to, in microseconds since 1970.
type NamingSpell struct {
	Link        int64
	Claimant    bool
	Source      intel.SourceID
	Reliability intel.Reliability
	From, Until int64
}

// NamingEver returns who says, and ever said, whose a value is, in order of time, by what
// r may see. Of more than so many it returns those of the links that are told, and of
// each source the first, so that whoever names very many hides nobody.
func (db *DB) NamingEver(ctx context.Context, r intel.Reader, value intel.Entity, told []int64, most int) (out []NamingSpell, err error) {
	err = db.eachValue(ctx, []intel.Entity{value}, func(_ map[int64]intel.Entity, ids []int64) error {
		said := `SELECT link, source, reliability, COALESCE(since, learned, at) AS begun, `
		where := ` WHERE marking <= $1 AND stance = 0 AND link IN ` + indicated(2, 1)
		own := ``
		if len(told) > 0 {
			own = `CASE WHEN x.link IN ` + list(4, len(told)) + ` THEN 0 ELSE 1 END, `
		}
		out, err = query(ctx, db.read, func(r *sql.Rows, x *NamingSpell) error {
			var claimant int
			err := r.Scan(&x.Link, &claimant, &x.Source, &x.Reliability, &x.From, &x.Until)
			x.Claimant = claimant == 1
			return err
		}, fmt.Sprintf(`SELECT x.link, x.claimant, x.name, x.letter, x.begun, x.ended FROM (
			SELECT e.link, CASE WHEN %[1]s THEN 1 ELSE 0 END AS claimant, s.name, MIN(e.reliability & %[2]d) AS letter, MIN(e.begun) AS begun, e.ended,
				ROW_NUMBER() OVER (PARTITION BY s.name ORDER BY MIN(e.begun), e.link, e.ended) AS place
			FROM (%[3]sCAST(%[4]d AS BIGINT) AS ended FROM evidence%[5]s UNION ALL %[3]ssuperseded FROM former_evidence%[5]s) e
			JOIN links l ON l.id = e.link JOIN entities o ON o.id = l.to_entity JOIN sources s ON s.id = e.source
			GROUP BY e.link, o.kind, s.name, e.ended) x
			ORDER BY %[6]sx.place, x.begun, x.link, x.name LIMIT $3`, claimant, letters, said, intel.Open, where, own), append([]any{int(r.Clearance), ids[0], most}, anys(told)...)...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("who ever named %s: %w", value, err)
	}
	slices.SortFunc(out, func(a, b NamingSpell) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Link, b.Link), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Until, b.Until))
	})
	return out, nil
}
