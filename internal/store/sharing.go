package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

const (
	// crowd is how many a value may be linked with: what more are says nothing of
	// any two of them.
	crowd = 64
	// mostObserved is how many mentions are read of a few documents, some of which
	// list the world.
	mostObserved = 4000
	// fewDocuments is how many documents these are.
	fewDocuments = 25
)

// A Sharing is a value that actors have in common: one that they are all linked
// with, or a document that names them all.
type Sharing struct {
	Value       intel.Entity // zero for a document
	Actors      []intel.Entity
	First, Last time.Time
}

// Shared returns the values of a section that other actors are linked with in
// the same way, with all who are, by the names they are linked under, those of
// the outline too. It looks at the most probable values of each name, most in all,
// and leaves out what a crowd is linked with. It is for what is believed now.
func (db *DB) Shared(ctx context.Context, r intel.Reader, o Outline, s Section, most int) ([]Sharing, error) {
	mine := map[int64]bool{}
	for _, n := range o.names {
		id, ok := o.ids[n.Name]
		if !ok || o.count(id, s) == 0 || len(mine) >= most {
			continue
		}
		_, other := sides(s.Inward)
		where, args := s.condition(r, id)
		args = append(args, most-len(mine))
		found, err := query(ctx, db.read, scanInt, fmt.Sprintf(`SELECT a.%s FROM assessments a WHERE %s AND a.origins > 0 ORDER BY a.percent DESC, a.place LIMIT $%d`, other, where, len(args)), args...)
		if err != nil {
			return nil, fmt.Errorf("what is shared: %w", err)
		}
		for _, v := range found {
			mine[v] = true
		}
	}
	var out []Sharing
	err := chunks(slices.Sorted(maps.Keys(mine)), func(some []int64) error {
		found, err := db.sharing(ctx, r, s, some)
		out = append(out, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("what is shared: %w", err)
	}
	return out, nil
}

// sharing returns the actors that values are linked with as in s. Its questions
// are apart and plain, so that no planner is tempted to ask them of all entities.
func (db *DB) sharing(ctx context.Context, r intel.Reader, s Section, some []int64) ([]Sharing, error) {
	side, other := sides(s.Inward)
	args := []any{number(s.Relations[0]), int(s.Class), int(r.Clearance)}
	of := func(values string) string { // by the index that assessments have of it
		switch {
		case !s.Inward:
			return `a.to_entity` + values
		case s.Relations[0] == intel.Indicates:
			return rowsFrom("a", values+` AND l.relation = $1`)
		}
		return `a.relation <> ` + rel(intel.Indicates) + ` AND a.from_entity` + values
	}
	linked := ` AND a.relation = $1 AND a.class = $2 AND ` + shown(3, 3) + ` AND a.origins > 0`
	few, err := query(ctx, db.read, scanInt, `SELECT v.id FROM entities v WHERE v.id IN `+list(4, len(some))+`
		AND (SELECT COUNT(*) FROM (SELECT 1 FROM assessments a WHERE `+of(` = v.id`)+linked+fmt.Sprintf(` LIMIT %d) few) BETWEEN 2 AND %d ORDER BY v.id`, crowd+1, crowd), append(args, anys(some)...)...)
	if err != nil || len(few) == 0 {
		return nil, err
	}
	type row struct {
		value, actor int64
		first, last  time.Time
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error {
		err := r.Scan(&x.value, &x.actor, briefly{&x.first}, briefly{&x.last})
		if x.last.IsZero() {
			x.last = x.first
		}
		return err
	},
		`SELECT a.`+other+`, a.`+side+`, a.first, a.last FROM assessments a WHERE `+of(` IN `+list(4, len(few)))+linked, append(args, anys(few)...)...)
	if err != nil {
		return nil, err
	}
	seen := map[int64]bool{}
	for _, x := range rows {
		seen[x.value], seen[x.actor] = true, true
	}
	names, err := db.entitiesOf(ctx, slices.Sorted(maps.Keys(seen)))
	if err != nil {
		return nil, err
	}
	by := map[int64]*Sharing{}
	for _, x := range rows {
		if names[x.actor].Kind != intel.Actor {
			continue
		}
		if by[x.value] == nil {
			by[x.value] = &Sharing{Value: names[x.value]}
		}
		by[x.value].Actors = append(by[x.value].Actors, names[x.actor])
		by[x.value].span(x.first, x.last)
	}
	var out []Sharing
	for _, v := range few {
		if one := by[v]; one != nil && len(one.Actors) > 1 {
			out = append(out, *one)
		}
	}
	return out, nil
}

// entitiesOf returns entities by their integers.
func (db *DB) entitiesOf(ctx context.Context, ids []int64) (map[int64]intel.Entity, error) {
	type row struct {
		id int64
		e  intel.Entity
	}
	out := make(map[int64]intel.Entity, len(ids))
	return out, chunks(ids, func(some []int64) error {
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.id, &x.e.Kind, &x.e.Name) },
			`SELECT id, kind, name FROM entities WHERE id IN `+list(1, len(some)), anys(some)...)
		for _, x := range rows {
			out[x.id] = x.e
		}
		return err
	})
}

func (s *Sharing) span(first, last time.Time) {
	if !first.IsZero() && (s.First.IsZero() || first.Before(s.First)) {
		s.First = first
	}
	if last.After(s.Last) {
		s.Last = last
	}
}

// Together returns the latest documents, up to most, that mention one of names
// and another actor, with all actors they mention, names too.
func (db *DB) Together(ctx context.Context, r intel.Reader, names []intel.Entity, most int) ([]Sharing, error) {
	ids, err := db.integers(ctx, names)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	docs, err := db.latest(ctx, r, ids, most, ``)
	if err != nil {
		return nil, err
	}
	var out []Sharing
	for some := range slices.Chunk(docs, fewDocuments) {
		found, err := db.together(ctx, r, some)
		if err != nil {
			return nil, fmt.Errorf("who is named together: %w", err)
		}
		out = append(out, found...)
	}
	return out, nil
}

// together returns which of few documents name several actors.
func (db *DB) together(ctx context.Context, r intel.Reader, documents []int64) (out []Sharing, err error) {
	found, err := query(ctx, db.read, scanFinding, `SELECT f.document, f.at, f.mentioned, '' FROM findings f JOIN documents d ON d.id = f.document
		WHERE d.marking <= $1 AND f.document IN `+list(2, len(documents))+` ORDER BY f.document`, append([]any{int(r.Clearance)}, anys(documents)...)...)
	if err != nil {
		return nil, err
	}
	seen := map[int64]bool{}
	left := mostObserved
	for i, f := range found {
		f.mentions = slices.DeleteFunc(f.mentions, func(m mention) bool { return m.suppressed != "" })
		found[i].mentions = f.mentions[:min(len(f.mentions), left)]
		left -= len(found[i].mentions)
		for _, m := range found[i].mentions {
			seen[m.entity] = true
		}
	}
	names, err := db.entitiesOf(ctx, slices.Sorted(maps.Keys(seen)))
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		var one Sharing
		for _, m := range f.mentions {
			if e := names[m.entity]; e.Kind == intel.Actor && !slices.Contains(one.Actors, e) {
				one.Actors = append(one.Actors, e)
			}
		}
		if len(one.Actors) > 1 {
			slices.SortFunc(one.Actors, compare)
			one.span(toSecond(f.at), toSecond(f.at))
			out = append(out, one)
		}
	}
	return out, nil
}
