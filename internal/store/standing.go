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

// A Standing is how much is said of one indicator.
type Standing struct {
	Origins int       // independent voices
	Lasting int       // of them, of which something is left
	Last    time.Time // of what supports it; zero is unknown
}

// mostLinks is of how many links of one value the evidence is read. What is said
// of more tells of none.
const mostLinks = 1000

// Standings returns the standing of each of values that r may see something
// said of, counting no date that is not believed at now. Independent counts the
// voices among evidence, which comes as if it were of one link, and those of which
// something is left.
func (db *DB) Standings(ctx context.Context, r intel.Reader, values []intel.Entity, now time.Time, independent func([]intel.Evidence) (all, lasting int)) (map[intel.Entity]Standing, error) {
	out := map[intel.Entity]Standing{}
	err := db.eachValue(ctx, values, func(byID map[int64]intel.Entity, ids []int64) error {
		links, err := db.linksOf(ctx, r, ids)
		if err != nil {
			return err
		}
		said, err := db.said(ctx, r, links, now)
		if err != nil {
			return err
		}
		for id := range links {
			var s Standing
			evidence := said[id]
			for i := range evidence {
				evidence[i].Link = intel.Link{From: byID[id], Relation: intel.Indicates}
				if evidence[i].At.After(s.Last) {
					s.Last = evidence[i].At
				}
			}
			s.Origins, s.Lasting = independent(evidence)
			out[byID[id]] = s
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("standings: %w", err)
	}
	return out, nil
}

// Pointing returns what r may see said of values: whom they indicate and who uses them.
func (db *DB) Pointing(ctx context.Context, r intel.Reader, values []intel.Entity) (map[intel.Entity][]intel.Link, error) {
	out := map[intel.Entity][]intel.Link{}
	err := db.eachValue(ctx, values, func(byID map[int64]intel.Entity, ids []int64) error {
		of, err := db.linksOf(ctx, r, ids)
		if err != nil {
			return err
		}
		links, err := db.Links(ctx, slices.Concat(slices.Collect(maps.Values(of))...))
		for id, some := range of {
			for _, l := range some {
				out[byID[id]] = append(out[byID[id]], links[l])
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("what values point to: %w", err)
	}
	return out, nil
}

// linksOf finds what is linked with indicators in either direction: an indicator
// indicates somebody, or somebody uses it.
func (db *DB) linksOf(ctx context.Context, r intel.Reader, ids []int64) (map[int64][]int64, error) {
	type row struct{ id, link int64 }
	side := func(links, l, side string, relation intel.Relation) string {
		return fmt.Sprintf(`SELECT %[1]s.%[2]s AS id, a.place >> 6 AS link FROM %[3]s
			WHERE %[1]s.relation = %[4]s AND (a.place >> 3 & 7) <= %[5]d AND (a.place & 7) > %[5]d AND %[1]s.%[2]s IN `, l, side, links, rel(relation), r.Clearance) + list(1, len(ids))
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.id, &x.link) },
		side(`(SELECT l.from_entity, l.to_entity, l.relation, a.place FROM links l CROSS JOIN assessments a WHERE `+rowsOf("a", "l.id")+`) a`, "a", "from_entity", intel.Indicates)+` UNION ALL `+
			side(`assessments a`, "a", "to_entity", intel.Uses)+` ORDER BY 1, 2`, anys(ids)...)
	out := map[int64][]int64{}
	for _, x := range rows {
		if len(out[x.id]) < mostLinks {
			out[x.id] = append(out[x.id], x.link)
		}
	}
	return out, err
}

// said returns what supports any of the links of each value, as it is weighed.
func (db *DB) said(ctx context.Context, r intel.Reader, of map[int64][]int64, now time.Time) (map[int64][]intel.Evidence, error) {
	value := map[int64]int64{}
	for id, links := range of {
		for _, l := range links {
			value[l] = id
		}
	}
	out := make(map[int64][]intel.Evidence, len(of))
	return out, chunks(slices.Sorted(maps.Keys(value)), func(links []int64) error {
		pieces, _, err := weighed(ctx, db.read, now, links)
		for _, p := range pieces {
			if p.Marking <= r.Clearance && p.Stance == intel.Supports {
				out[value[p.link]] = append(out[value[p.link]], p.Evidence)
			}
		}
		return err
	})
}
