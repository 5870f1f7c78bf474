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
	side := func(side, other string, relation intel.Relation) string {
		return fmt.Sprintf(`SELECT a.%[1]s AS id, a.link, CASE WHEN o.kind IN ('%[4]s', '%[5]s', '%[6]s') THEN o.id END AS claimant
			FROM assessments a JOIN entities o ON o.id = a.%[2]s
			WHERE a.relation = '%[3]s' AND a.marking <= %[7]d AND a.below > %[7]d AND a.%[1]s IN `,
			side, other, relation, intel.Actor, intel.Malware, intel.Tool, r.Clearance) + list(1, len(ids))
	}
	found, err := query(ctx, db.read, scan, `SELECT x.id, COUNT(DISTINCT origin), COUNT(DISTINCT x.claimant), MAX`+believed(now)+`
		FROM (`+side("from_entity", "to_entity", intel.Indicates)+` UNION ALL `+side("to_entity", "from_entity", intel.Uses)+`) x
		JOIN evidence e ON e.link = x.link AND e.superseded IS NULL AND e.marking <= `+fmt.Sprint(int(r.Clearance))+` AND e.stance = `+fmt.Sprint(int(intel.Supports))+`
		GROUP BY x.id`, anys(ids)...)
	for _, o := range found {
		each(o.id, o.s)
	}
	return err
}
