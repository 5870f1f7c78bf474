package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// casts writes rows like values, with the types of the columns stated in the
// first row, so that PostgreSQL knows them.
func casts(first, rows int, types ...string) string {
	var b strings.Builder
	b.WriteByte('(')
	for c, t := range types {
		if c > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "CAST($%d AS %s)", first+c, t)
	}
	b.WriteByte(')')
	if rows > 1 {
		b.WriteByte(',')
		b.WriteString(values(first+len(types), rows-1, len(types)))
	}
	return b.String()
}

// compare orders entities: what adds or changes several takes them in this
// order, so that nobody waits in a circle.
func compare(a, b intel.Entity) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

// entityIDs returns the integers of entities, adding those that are new; it
// also says which were. Titles name them where a source said how.
func entityIDs(ctx context.Context, tx engine, entities []intel.Entity, titles map[intel.Entity]string) (ids map[intel.Entity]int64, added []intel.Entity, err error) {
	ids = make(map[intel.Entity]int64, len(entities))
	err = chunks(entities, func(some []intel.Entity) error {
		if err := findEntities(ctx, tx, some, ids); err != nil {
			return err
		}
		var missing []intel.Entity
		for _, e := range some {
			if _, ok := ids[e]; !ok {
				missing = append(missing, e)
			}
		}
		if len(missing) == 0 {
			return nil
		}
		added = append(added, missing...)
		return addEntities(ctx, tx, missing, titles, ids)
	})
	return ids, added, err
}

type entityRow struct {
	intel.Entity
	id int64
}

func scanEntity(r *sql.Rows, e *entityRow) error { return r.Scan(&e.id, &e.Kind, &e.Name) }

func findEntities(ctx context.Context, q engine, entities []intel.Entity, ids map[intel.Entity]int64) error {
	args := make([]any, 0, 2*len(entities))
	for _, e := range entities {
		args = append(args, string(e.Kind), e.Name)
	}
	rows, err := query(ctx, q, scanEntity, `WITH w (kind, name) AS (VALUES `+casts(1, len(entities), "TEXT", "TEXT")+`)
		SELECT e.id, e.kind, e.name FROM w JOIN entities e ON e.kind = w.kind AND e.name = w.name`, args...)
	for _, r := range rows {
		ids[r.Entity] = r.id
	}
	return err
}

func addEntities(ctx context.Context, tx engine, entities []intel.Entity, titles map[intel.Entity]string, ids map[intel.Entity]int64) error {
	args := make([]any, 0, 3*len(entities))
	for _, e := range entities {
		args = append(args, string(e.Kind), e.Name, text(titles[e]))
	}
	rows, err := query(ctx, tx, scanEntity, `INSERT INTO entities (kind, name, title) VALUES `+values(1, len(entities), 3)+
		` ON CONFLICT DO NOTHING RETURNING id, kind, name`, args...)
	if err != nil {
		return err
	}
	for _, r := range rows {
		ids[r.Entity] = r.id
	}
	if len(rows) == len(entities) {
		return nil
	}
	return findEntities(ctx, tx, entities, ids) // another process was first
}

// lookupIDs returns the integers of those entities that are known.
func (db *DB) lookupIDs(ctx context.Context, entities []intel.Entity) (map[intel.Entity]int64, error) {
	ids := make(map[intel.Entity]int64, len(entities))
	err := chunks(entities, func(some []intel.Entity) error { return findEntities(ctx, db.read, some, ids) })
	return ids, err
}

// Integers returns the integers of those of entities that are known.
func (db *DB) Integers(ctx context.Context, entities []intel.Entity) (map[intel.Entity]int64, error) {
	ids, err := db.lookupIDs(ctx, entities)
	if err != nil {
		return nil, fmt.Errorf("integers of %d entities: %w", len(entities), err)
	}
	return ids, nil
}

// A Titled entity comes with how a source writes its name; Title is empty
// where none said so.
type Titled struct {
	Entity intel.Entity
	Title  string
}

// Title returns how a source writes the name of e, or "", if a document that r
// may see mentions it.
func (db *DB) Title(ctx context.Context, r intel.Reader, e intel.Entity) (title string, err error) {
	rows, err := query(ctx, db.read, func(r *sql.Rows, s *string) error { return r.Scan(s) },
		`SELECT title FROM entities e WHERE kind = $1 AND name = $2
			AND EXISTS (SELECT 1 FROM mentions o WHERE o.entity = e.id AND o.marking <= $3)`, string(e.Kind), e.Name, int(r.Clearance))
	if err == nil && len(rows) == 0 {
		err = intel.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("entity %s: %w", e, err)
	}
	return rows[0], nil
}

// Find returns entities whose name or title contains words, shortest first,
// that are mentioned in a document r may see.
func (db *DB) Find(ctx context.Context, r intel.Reader, words string, limit int) ([]Titled, error) {
	slug := intel.Slug(words)
	lower := strings.ToLower(strings.TrimSpace(words))
	if lower == "" {
		return nil, nil
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, t *Titled) error { return r.Scan(&t.Entity.Kind, &t.Entity.Name, &t.Title) },
		`SELECT kind, name, title FROM entities e WHERE (name `+db.dialect.like+` $1 ESCAPE '\' OR name `+db.dialect.like+` $2 ESCAPE '\')
			AND (EXISTS (SELECT 1 FROM mentions o WHERE o.entity = e.id AND o.marking <= $3)
				OR EXISTS (SELECT 1 FROM asides o WHERE o.entity = e.id AND o.marking <= $3))
			ORDER BY LENGTH(name), kind, name LIMIT $4`,
		like(lower), like(slug), int(r.Clearance), limit)
	if err != nil {
		return nil, fmt.Errorf("find %q: %w", words, err)
	}
	return rows, nil
}

const (
	// mostWorded is how many entities are looked at that may be worded as a value.
	mostWorded = 1000
	// mostBlanks is how many blanks more than between its words a name may have.
	mostBlanks = 32
)

// Worded returns the entities of kinds that say value but for its blanks and the case of
// letters, and that are mentioned in a document r may see, the shortest first: whoever
// copies a command from a page has other blanks than the page.
func (db *DB) Worded(ctx context.Context, r intel.Reader, kinds []intel.Kind, value string) ([]intel.Entity, error) {
	words := strings.Fields(value)
	if len(words) == 0 || len(kinds) == 0 || len(value) > intel.MostName {
		return nil, nil
	}
	shortest := utf8.RuneCountInString(strings.Join(words, " "))
	args := []any{literal(words[0]) + "%", int(r.Clearance), shortest, shortest + mostBlanks, mostWorded}
	for _, k := range kinds {
		args = append(args, string(k))
	}
	rows, err := query(ctx, db.read, scanEntity,
		`SELECT e.id, e.kind, e.name FROM entities e WHERE kind IN `+list(6, len(kinds))+` AND name `+db.dialect.like+` $1 ESCAPE '\' AND LENGTH(name) BETWEEN $3 AND $4
			AND (EXISTS (SELECT 1 FROM mentions o WHERE o.entity = e.id AND o.marking <= $2)
				OR EXISTS (SELECT 1 FROM asides o WHERE o.entity = e.id AND o.marking <= $2))
			ORDER BY LENGTH(name), kind, name LIMIT $5`, args...)
	if err != nil {
		return nil, fmt.Errorf("find %q by its words: %w", value, err)
	}
	var out []intel.Entity
	for _, x := range rows {
		if slices.EqualFunc(strings.Fields(x.Name), words, strings.EqualFold) {
			out = append(out, x.Entity)
		}
	}
	return out, nil
}

// like returns a pattern that matches text which contains s. An empty s
// matches nothing.
func like(s string) string {
	if s == "" {
		return ""
	}
	return "%" + literal(s) + "%"
}

// literal is s as a part of a pattern that stands for itself.
func literal(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s)
}
