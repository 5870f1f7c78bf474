package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// A Hold keeps an alias claim from moving a name: the claim rests on one voice,
// and another speaks of the name.
type Hold struct {
	Link    intel.Link
	Name    intel.Entity
	Marking intel.Marking // of what the other voice says
}

// A voice is who supports a claim. Whom documents cite is theirs to say, so
// that one source is one voice whatever it cites, and so is one origin
// whoever relays it. Sources that nobody named are one.
type voice struct {
	origins, sources []int64
	speakers         []string
}

func (v *voice) add(origin, source int64, speaker string) {
	v.origins = include(v.origins, origin)
	v.sources = include(v.sources, source)
	v.speakers = include(v.speakers, speaker)
}

func (v *voice) alone() bool { return len(v.origins) < 2 || len(v.speakers) < 2 }

// mostVoices is how many origins and sources of a claim are told apart. What
// others say is another's word, which holds a name in doubt.
const mostVoices = 64

func include[T comparable](some []T, one T) []T {
	if len(some) == mostVoices || slices.Contains(some, one) {
		return some
	}
	return append(some, one)
}

// Holds returns which of the alias claims, by what r may see, may not move the
// one or the other of their names. Unnamed sources are one voice.
func (db *DB) Holds(ctx context.Context, r intel.Reader, claims []intel.Assessment, unnamed intel.Unnamed) ([]Hold, error) {
	holds, err := db.holds(ctx, r, claims, unnamed)
	if err != nil {
		return nil, fmt.Errorf("who speaks of %d aliases: %w", len(claims), err)
	}
	return holds, nil
}

func (db *DB) holds(ctx context.Context, r intel.Reader, claims []intel.Assessment, unnamed intel.Unnamed) (holds []Hold, err error) {
	var names []intel.Entity
	for _, c := range claims {
		names = append(names, c.Link.From, c.Link.To)
	}
	slices.SortFunc(names, compare)
	ids, err := db.lookupIDs(ctx, slices.Compact(names))
	if err != nil {
		return nil, err
	}
	voices, err := db.claimants(ctx, r, claims, ids, unnamed)
	if err != nil {
		return nil, err
	}
	type asked struct {
		name  int64
		voice string
	}
	told := map[asked][]int64{} // one voice often gives a name many aliases
	for _, c := range claims {
		v := voices[[2]int64{ids[c.Link.From], ids[c.Link.To]}]
		if c.Link.Relation != intel.AliasOf || v == nil || !v.alone() {
			continue
		}
		for _, name := range []intel.Entity{c.Link.From, c.Link.To} {
			key := asked{ids[name], fmt.Sprint(*v)}
			others, ok := told[key]
			if !ok {
				if others, err = db.others(ctx, r, key.name, *v); err != nil {
					return nil, err
				}
				told[key] = others
			}
			if len(others) > 0 {
				holds = append(holds, Hold{c.Link, name, intel.Marking(others[0])})
			}
		}
	}
	return holds, nil
}

// claimants returns who supports claims, by the integers of their names.
func (db *DB) claimants(ctx context.Context, r intel.Reader, claims []intel.Assessment, ids map[intel.Entity]int64, unnamed intel.Unnamed) (map[[2]int64]*voice, error) {
	voices := map[[2]int64]*voice{}
	type row struct {
		from, to, origin, source int64
		name                     intel.SourceID
	}
	return voices, chunks(claims, func(claims []intel.Assessment) error {
		args := make([]any, 0, 1+2*len(claims))
		args = append(args, int(r.Clearance))
		for _, c := range claims {
			args = append(args, ids[c.Link.From], ids[c.Link.To])
		}
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.from, &x.to, &x.origin, &x.source, &x.name) },
			`WITH w (f, t) AS (VALUES `+casts(2, len(claims), "BIGINT", "BIGINT")+`)
			SELECT DISTINCT l.from_entity, l.to_entity, e.origin, d.source, s.name FROM w
			JOIN links l ON l.from_entity = w.f AND l.relation = `+rel(intel.AliasOf)+` AND l.to_entity = w.t
			JOIN evidence e ON e.link = l.id JOIN documents d ON d.id = e.document JOIN sources s ON s.id = d.source
			WHERE e.stance = 0 AND e.marking <= $1 ORDER BY 1, 2, 3, 4`, args...)
		for _, x := range rows {
			key := [2]int64{x.from, x.to}
			if voices[key] == nil {
				voices[key] = &voice{}
			}
			voices[key].add(x.origin, x.source, unnamed.Speaker(x.name))
		}
		return err
	})
}

// others returns the marking of a piece of evidence about a name, aliases
// aside, that is not of the voice; none if there is none.
func (db *DB) others(ctx context.Context, r intel.Reader, name int64, v voice) ([]int64, error) {
	args := append([]any{int(r.Clearance), name}, anys(v.origins)...)
	other := `e.origin NOT IN ` + list(3, len(v.origins))
	if len(v.speakers) == 1 {
		other = `(` + other + ` OR d.source NOT IN ` + list(len(args)+1, len(v.sources)) + `)`
		args = append(args, anys(v.sources)...)
	}
	about := func(links, side string) string {
		return `SELECT e.marking FROM ` + links + ` l JOIN evidence e ON e.link = l.id JOIN documents d ON d.id = e.document
			WHERE l.` + side + ` = $2 AND l.relation NOT IN (` + rel(intel.AliasOf, intel.NotAliasOf) + `)
			AND e.stance = 0 AND e.marking <= $1 AND ` + other
	}
	return query(ctx, db.read, scanInt, about(`links`, `from_entity`)+` UNION ALL `+about(`(SELECT place >> 6 AS id, relation, to_entity FROM assessments WHERE to_entity = $2)`, `to_entity`)+` LIMIT 1`, args...)
}
