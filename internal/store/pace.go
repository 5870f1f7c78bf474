package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Voice is an origin as a source tells of it: what others say in its name is none
// of its days.
type Voice struct{ Source, Origin int64 }

// A stride is what pace counts by: the values that a voice speaks of on a day.
type stride struct {
	Voice
	day, marking int64
}

// A pace is how many values those are: in all, and posted by accounts.
type pace struct{ said, posted int64 }

// counted is the evidence of pace: whose something is, with a date.
func counted() string { return `e.at >= 0 AND l.relation = ` + rel(intel.Indicates) }

// unpace takes back what documents that are derived again have added to pace, by pairs
// of link and document.
func (s *saving) unpace(ctx context.Context, pairs [][2]any) error {
	type row struct {
		stride
		document, value int64
	}
	seen := map[row]bool{}
	err := chunks(pairs, func(some [][2]any) error {
		rows, err := query(ctx, s.tx, func(r *sql.Rows, x *row) error {
			return r.Scan(&x.Source, &x.Origin, &x.day, &x.marking, &x.document, &x.value)
		},
			fmt.Sprintf(`WITH w (l, d) AS (VALUES `+casts(1, len(some), "BIGINT", "BIGINT")+`)
			SELECT e.source, e.origin, e.at / %d, e.marking, e.document, l.from_entity FROM w CROSS JOIN evidence e CROSS JOIN links l
			WHERE e.link = w.l AND e.document = w.d AND l.id = e.link AND `+counted(), day), flat(some)...)
		for _, x := range rows {
			seen[x] = true
		}
		return err
	})
	for x := range seen {
		s.paced(x.stride, x.document, -1)
	}
	return err
}

func (s *saving) paced(at stride, document, n int64) {
	p := s.paces[at]
	p.said += n
	if s.posts[document] {
		p.posted += n
	}
	s.paces[at] = p
}

// pacing counts what the evidence of one document adds.
func (s *saving) pacing(doc docRow, evidence []intel.Evidence) {
	type value struct {
		stride
		from intel.Entity
	}
	seen := map[value]bool{}
	for _, e := range evidence {
		at := fromTime(e.At)
		if e.Link.Relation != intel.Indicates || !at.Valid || at.Int64 < 0 {
			continue
		}
		v := value{stride{Voice{doc.source, s.origins[text(e.Origin)]}, at.Int64 / day, int64(e.Marking)}, e.Link.From}
		if !seen[v] {
			seen[v] = true
			s.paced(v.stride, doc.id, 1)
		}
	}
}

// savePaces applies the changes to pace, in one order, so that nobody waits in a
// circle.
func (s *saving) savePaces(ctx context.Context) error {
	var keys []stride
	for k, p := range s.paces {
		if p != (pace{}) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b stride) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.day, b.day), cmp.Compare(a.marking, b.marking))
	})
	return chunks(keys, func(keys []stride) error {
		args := make([]any, 0, 6*len(keys))
		for _, k := range keys {
			args = append(args, k.Source, k.Origin, k.day, k.marking, s.paces[k].said, s.paces[k].posted)
		}
		_, err := s.tx.ExecContext(ctx, `INSERT INTO pace (source, origin, day, marking, said, posted) VALUES `+values(1, len(keys), 6)+`
			ON CONFLICT (source, origin, day, marking) DO UPDATE SET said = pace.said + excluded.said, posted = pace.posted + excluded.posted`, args...)
		return err
	})
}

// A Ground is a day on which a voice spoke for a link.
type Ground struct {
	Voice
	Day int64 // since 1970, UTC; -1 is unknown
}

// mostGrounds is how many documents a row rests on at most of which Grounds are
// told: what more speak for stands on no single day.
const mostGrounds = 50

// Grounds returns what links rest on that are said of few documents, by what r
// may see, or as it was believed then, if that is not zero.
func (db *DB) Grounds(ctx context.Context, r intel.Reader, links []int64, then time.Time) (map[int64][]Ground, error) {
	type row struct {
		link int64
		Ground
	}
	out := make(map[int64][]Ground, len(links))
	err := chunks(links, func(links []int64) error {
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.link, &x.Source, &x.Origin, &x.Day) },
			fmt.Sprintf(`SELECT DISTINCT e.link, e.source, e.origin, CASE WHEN e.at >= 0 THEN e.at / %d ELSE -1 END AS day FROM %s e WHERE e.stance = 0`, day, held(then, list(2, len(links))))+unsummed(then),
			append([]any{int(r.Clearance)}, anys(links)...)...)
		for _, x := range rows {
			if len(out[x.link]) <= mostGrounds {
				out[x.link] = append(out[x.link], x.Ground)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("what rows rest on: %w", err)
	}
	return out, nil
}

// unsummed leaves out links that are kept in sum, of which too much is said; of a
// past day whoever asks leaves them out.
func unsummed(then time.Time) string {
	if then.IsZero() {
		return ` AND NOT EXISTS (SELECT 1 FROM strata s WHERE s.link = e.link)`
	}
	return ``
}

func scanVoice(r *sql.Rows, v *Voice) error { return r.Scan(&v.Source, &v.Origin) }

// Busy returns the voices that spoke of so many values or more on one of the days
// that links rest on, by what r may see.
func (db *DB) Busy(ctx context.Context, r intel.Reader, links map[int64][]Ground, least int) ([]Voice, error) {
	seen := map[Ground]bool{}
	var days []Ground
	for _, grounds := range links {
		for _, g := range grounds {
			if g.Day >= 0 && !seen[g] {
				seen[g] = true
				days = append(days, g)
			}
		}
	}
	found := map[Voice]bool{}
	err := chunks(days, func(days []Ground) error {
		args := []any{int(r.Clearance), least}
		for _, g := range days {
			args = append(args, g.Source, g.Origin, g.Day)
		}
		some, err := query(ctx, db.read, scanVoice, `WITH w (source, origin, day) AS (VALUES `+casts(3, len(days), "BIGINT", "BIGINT", "BIGINT")+`)
			SELECT DISTINCT w.source, w.origin FROM w JOIN pace p ON p.source = w.source AND p.origin = w.origin AND p.day = w.day AND p.marking <= $1
			GROUP BY w.source, w.origin, w.day HAVING SUM(p.said) >= $2`, args...)
		for _, v := range some {
			found[v] = true
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("busy voices: %w", err)
	}
	return slices.Collect(maps.Keys(found)), nil
}

// A Pace is how many values a voice speaks of on one day.
type Pace struct {
	Day          int64 // since 1970, UTC
	Said, Posted int   // in all, and as an account
}

// until is the last day of a view as of then; zero is now.
func until(then time.Time) int64 {
	if then.IsZero() {
		return math.MaxInt64
	}
	return then.UnixMicro() / day
}

// Paces returns the days of voices up to then, if that is not zero, the first
// first, by what r may see.
func (db *DB) Paces(ctx context.Context, r intel.Reader, voices []Voice, then time.Time) (map[Voice][]Pace, error) {
	type row struct {
		Voice
		Pace
	}
	out := make(map[Voice][]Pace, len(voices))
	err := chunks(voices, func(voices []Voice) error {
		args := []any{int(r.Clearance), until(then)}
		for _, v := range voices {
			args = append(args, v.Source, v.Origin)
		}
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error { return r.Scan(&x.Source, &x.Origin, &x.Day, &x.Said, &x.Posted) },
			`WITH w (source, origin) AS (VALUES `+casts(3, len(voices), "BIGINT", "BIGINT")+`)
			SELECT p.source, p.origin, p.day, SUM(p.said), SUM(p.posted) FROM w JOIN pace p ON p.source = w.source AND p.origin = w.origin WHERE p.marking <= $1 AND p.day <= $2
			GROUP BY p.source, p.origin, p.day HAVING SUM(p.said) > 0 ORDER BY p.source, p.origin, p.day`, args...)
		for _, x := range rows {
			out[x.Voice] = append(out[x.Voice], x.Pace)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("paces: %w", err)
	}
	return out, nil
}

// A GroundSpell is a day on which a voice spoke for a link, by one document, and
// while it was believed, in microseconds since 1970.
type GroundSpell struct {
	Ground
	Document    int64
	From, Until int64
}

// GroundsEver returns on what a link rests and ever rested, by what r may see, in
// order of time; none of what rests on more than so many.
func (db *DB) GroundsEver(ctx context.Context, r intel.Reader, link int64, most int) ([]GroundSpell, error) {
	said := fmt.Sprintf(`SELECT source, origin, CASE WHEN at >= 0 THEN at / %d ELSE -1 END, document, COALESCE(since, learned, at) AS begun, `, day)
	const where = ` WHERE link = $2 AND marking <= $1 AND stance = 0`
	rows, err := query(ctx, db.read, func(r *sql.Rows, g *GroundSpell) error {
		return r.Scan(&g.Source, &g.Origin, &g.Day, &g.Document, &g.From, &g.Until)
	}, fmt.Sprintf(`%[1]sCAST(%[2]d AS BIGINT) FROM evidence%[3]s UNION ALL %[1]ssuperseded FROM former_evidence%[3]s ORDER BY begun LIMIT $3`, said, intel.Open, where), int(r.Clearance), link, most+1)
	if err != nil {
		return nil, fmt.Errorf("what row %d ever rested on: %w", link, err)
	}
	if len(rows) > most {
		return nil, nil
	}
	return rows, nil
}
