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
	Origins   int       // independent voices
	Claimants int       // actors, malware and tools that it is linked with
	Last      time.Time // of what supports it; zero is unknown
}

// mostLinks is of how many links of one value the evidence is read. What is said
// of more tells of none.
const mostLinks = 1000

// Standings returns the standing of each of values that r may see something
// said of, counting no date that is not believed at now. Independent counts the
// voices among evidence, which comes as if it were of one link.
func (db *DB) Standings(ctx context.Context, r intel.Reader, values []intel.Entity, now time.Time, independent func([]intel.Evidence) int) (map[intel.Entity]Standing, error) {
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
		for id, l := range links {
			s := Standing{Claimants: len(l.claimants)}
			evidence := said[id]
			for i := range evidence {
				evidence[i].Link = intel.Link{From: byID[id], Relation: intel.Indicates}
				if evidence[i].At.After(s.Last) {
					s.Last = evidence[i].At
				}
			}
			s.Origins = independent(evidence)
			out[byID[id]] = s
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("standings: %w", err)
	}
	return out, nil
}

// valueLinks is what is linked with one value.
type valueLinks struct {
	links     []int64
	claimants map[int64]bool
}

// linksOf finds what is linked with indicators in either direction: an indicator
// indicates somebody, or somebody uses it.
func (db *DB) linksOf(ctx context.Context, r intel.Reader, ids []int64) (map[int64]*valueLinks, error) {
	type row struct {
		id, link int64
		claimant sql.NullInt64
	}
	side := func(links, l, side, other string, relation intel.Relation) string {
		return fmt.Sprintf(`SELECT %[9]s.%[1]s AS id, a.place >> 6 AS link, CASE WHEN o.kind IN ('%[4]s', '%[5]s', '%[6]s') THEN o.id END AS claimant
			FROM %[8]s JOIN entities o ON o.id = %[9]s.%[2]s
			WHERE %[9]s.relation = %[3]s AND (a.place >> 3 & 7) <= %[7]d AND (a.place & 7) > %[7]d AND %[9]s.%[1]s IN `,
			side, other, rel(relation), intel.Actor, intel.Malware, intel.Tool, r.Clearance, links, l) + list(1, len(ids))
	}
	rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.id, &x.link, &x.claimant) },
		side(`(SELECT l.from_entity, l.to_entity, l.relation, a.place FROM links l CROSS JOIN assessments a WHERE `+rowsOf("a", "l.id")+`) a`, "a", "from_entity", "to_entity", intel.Indicates)+` UNION ALL `+
			side(`assessments a`, "a", "to_entity", "from_entity", intel.Uses)+` ORDER BY 1, 2`, anys(ids)...)
	out := map[int64]*valueLinks{}
	for _, x := range rows {
		v := out[x.id]
		if v == nil {
			v = &valueLinks{claimants: map[int64]bool{}}
			out[x.id] = v
		}
		if len(v.links) < mostLinks {
			v.links = append(v.links, x.link)
		}
		if x.claimant.Valid {
			v.claimants[x.claimant.Int64] = true
		}
	}
	return out, err
}

// said returns what supports any of the links of each value, as it is weighed.
func (db *DB) said(ctx context.Context, r intel.Reader, of map[int64]*valueLinks, now time.Time) (map[int64][]intel.Evidence, error) {
	value := map[int64]int64{}
	for id, v := range of {
		for _, l := range v.links {
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
