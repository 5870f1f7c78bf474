package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Standing is how much is said of one indicator.
type Standing struct {
	Origins   int       // independent voices
	Claimants int       // actors, malware and tools that it is linked with
	Last      time.Time // of what supports it; zero is unknown
}

// Standings returns the standing of each of values that r may see something
// said of, counting no date that is not believed at now.
func (db *DB) Standings(ctx context.Context, r intel.Reader, values []intel.Entity, now time.Time) (map[intel.Entity]Standing, error) {
	out := map[intel.Entity]Standing{}
	err := chunks(values, func(some []intel.Entity) error {
		found, err := db.lookupIDs(ctx, some)
		if err != nil || len(found) == 0 {
			return err
		}
		byID := make(map[int64]intel.Entity, len(found))
		ids := make([]int64, 0, len(found))
		for e, id := range found {
			byID[id] = e
			ids = append(ids, id)
		}
		return db.standings(ctx, r, ids, now, func(id int64, s Standing) { out[byID[id]] = s })
	})
	if err != nil {
		return nil, fmt.Errorf("standings: %w", err)
	}
	return out, nil
}

// standings counts what is linked with indicators in either direction: an
// indicator indicates somebody, or somebody uses it.
func (db *DB) standings(ctx context.Context, r intel.Reader, ids []int64, now time.Time, each func(int64, Standing)) error {
	type row struct {
		id int64
		s  Standing
	}
	scan := func(rows *sql.Rows, o *row) error {
		var last sql.NullInt64
		err := rows.Scan(&o.id, &o.s.Origins, &o.s.Claimants, &last)
		o.s.Last = toTime(last)
		return err
	}
	side := func(links, l, side, other string, relation intel.Relation) string {
		return fmt.Sprintf(`SELECT %[9]s.%[1]s AS id, a.place >> 6 AS link, CASE WHEN o.kind IN ('%[4]s', '%[5]s', '%[6]s') THEN o.id END AS claimant
			FROM %[8]s JOIN entities o ON o.id = %[9]s.%[2]s
			WHERE %[9]s.relation = %[3]s AND (a.place >> 3 & 7) <= %[7]d AND (a.place & 7) > %[7]d AND %[9]s.%[1]s IN `,
			side, other, rel(relation), intel.Actor, intel.Malware, intel.Tool, r.Clearance, links, l) + list(1, len(ids))
	}
	clearance, supports := int(r.Clearance), int(intel.Supports)
	found, err := query(ctx, db.read, scan, `WITH x AS (`+side(`(SELECT l.from_entity, l.to_entity, l.relation, a.place FROM links l CROSS JOIN assessments a WHERE `+rowsOf("a", "l.id")+`) a`, "a", "from_entity", "to_entity", intel.Indicates)+` UNION ALL `+side(`assessments a`, "a", "to_entity", "from_entity", intel.Uses)+`)
		SELECT id, COUNT(DISTINCT origin), COUNT(DISTINCT claimant), MAX`+believed(now)+` FROM (
			SELECT x.id, x.claimant, e.origin, e.at FROM x JOIN evidence e ON e.link = x.link
			WHERE e.marking <= `+fmt.Sprint(clearance)+` AND e.stance = `+fmt.Sprint(supports)+` AND NOT EXISTS (SELECT 1 FROM strata s WHERE s.link = x.link)
			UNION ALL SELECT x.id, x.claimant, s.origin, s.last FROM x JOIN strata s ON s.link = x.link
			WHERE s.how / 256 % 256 <= `+fmt.Sprint(clearance)+` AND s.how % 256 = `+fmt.Sprint(supports)+`) y
		GROUP BY id`, anys(ids)...)
	for _, o := range found {
		each(o.id, o.s)
	}
	return err
}
