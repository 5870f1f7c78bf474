package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// mostTwinned is how many rows of each name but the busiest are looked through for
// what another name has too, the most probable first.
const mostTwinned = 20_000

// Twins returns the rows of a section that several names of an outline have, each with
// all its links, and the levels of those. They are what [DB.RowsOf] finds apart when
// it reads some rows of each name.
func (db *DB) Twins(ctx context.Context, r intel.Reader, o Outline, s Section) (rows []Assessed, levels map[int64]intel.Level, err error) {
	names, busiest := map[int64]Resolution{}, int64(0)
	for _, n := range o.names {
		if id, ok := o.ids[n.Name]; ok && o.count(id, s) > 0 {
			names[id] = n
			if o.count(id, s) > o.count(busiest, s) {
				busiest = id
			}
		}
	}
	if len(names) < 2 {
		return nil, nil, nil
	}
	_, other := sides(s.Inward)
	var values []int64
	for id := range names {
		if id == busiest {
			continue
		}
		where, args := s.condition(r, id)
		some, err := query(ctx, db.read, scanInt, `SELECT a.`+other+` FROM assessments a WHERE `+where+fmt.Sprintf(` ORDER BY a.percent DESC LIMIT %d`, mostTwinned), args...)
		if err != nil {
			return nil, nil, fmt.Errorf("twins: %w", err)
		}
		values = append(values, some...)
	}
	slices.Sort(values)
	best := map[string]Assessed{}
	levels = map[int64]intel.Level{}
	err = chunks(slices.Compact(values), func(values []int64) error {
		found, err := db.between(ctx, r, values, s, names)
		for _, a := range found {
			levels[a.ID] = a.Level
			a.Probability *= a.Share
			stronger(best, a, s)
		}
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("twins: %w", err)
	}
	for key, a := range best {
		if len(a.Joins) < 2 {
			delete(best, key)
		}
	}
	return printed(best), levels, nil
}

// between returns the rows of a section between values and names.
func (db *DB) between(ctx context.Context, r intel.Reader, values []int64, s Section, names map[int64]Resolution) ([]Assessed, error) {
	args := []any{int(r.Clearance), int(s.Class)}
	args = append(args, anys(values)...)
	which := ` a.to_entity IN ` + list(3, len(values))
	if s.Inward {
		which = rowsFrom("a", ` IN `+list(3, len(values)))
	}
	which += ` AND a.relation IN ` + list(len(args)+1, len(s.Relations))
	for _, rel := range s.Relations {
		args = append(args, number(rel))
	}
	rows, err := query(ctx, db.read, scanAssessed, assessedSelect+`WHERE `+shown(1, 1)+` AND a.class = $2 AND `+which, args...)
	if err != nil {
		return nil, err
	}
	byName := make(map[intel.Entity]Resolution, len(names))
	for _, n := range names {
		byName[n.Name] = n
	}
	var out []Assessed
	for _, x := range rows {
		name := x.Link.From
		if s.Inward {
			name = x.Link.To
		}
		if n, ok := byName[name]; ok {
			x.Share = n.Share
			out = append(out, x)
		}
	}
	return out, nil
}
