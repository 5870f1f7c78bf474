package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// heardKinds are the kinds of entity whose mentions are kept for scores, as they
// are numbered in the store.
func heardKinds() map[intel.Kind]int64 {
	return map[intel.Kind]int64{intel.Vulnerability: 1, intel.Product: 2, intel.Vendor: 3, intel.Actor: 4, intel.Campaign: 5, intel.Country: 6, intel.Malware: 7}
}

// A hearing is a row of heard.
type hearing struct {
	kind, day, entity, target, voice int64
	genre                            string
	side, marking                    int64
}

func compareHearings(a, b hearing) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.day, b.day), cmp.Compare(a.entity, b.entity), cmp.Compare(a.target, b.target),
		cmp.Compare(a.voice, b.voice), cmp.Compare(a.genre, b.genre), cmp.Compare(a.side, b.side), cmp.Compare(a.marking, b.marking))
}

// A heardChange is by how many documents a row changes, and when the first of
// those that are added was learned.
type heardChange struct {
	documents int
	learned   int64
}

// dayOf is the day of a moment in microseconds, since 1970.
func dayOf(us int64) int64 { return int64(math.Floor(float64(us) / float64(day))) }

// hear keeps what the batch mentions, each document once.
func (s *saving) hear(ctx context.Context, batch []Derived) error {
	kinds := heardKinds()
	var rows [][2]any
	for _, d := range batch {
		doc := s.docs[d.Document]
		if len(d.Speech.Mentions) == 0 || !doc.published.Valid {
			continue
		}
		voice := s.origins[text(d.Speech.Voice)]
		var added []string
		seen := map[hearing]bool{}
		for _, m := range d.Speech.Mentions {
			h := hearing{kinds[m.Entity.Kind], dayOf(doc.published.Int64), s.entities[m.Entity], 0, voice, string(d.Speech.Genre), int64(m.Side), doc.marking}
			if m.Target.Name != "" {
				h.target = s.entities[m.Target]
			}
			if h.kind == 0 || seen[h] {
				continue
			}
			seen[h] = true
			c, ok := s.heard[h]
			if c.documents++; !ok || doc.learned < c.learned {
				c.learned = doc.learned
			}
			s.heard[h] = c
			added = append(added, fmt.Sprintf("%d/%d/%d/%d", h.kind, h.entity, h.target, h.side))
		}
		if len(added) > 0 {
			rows = append(rows, [2]any{doc.id, fmt.Sprintf("%d %s ", voice, d.Speech.Genre) + strings.Join(added, ",")})
		}
	}
	err := chunks(rows, func(rows [][2]any) error {
		args := make([]any, 0, 2*len(rows))
		for _, r := range rows {
			args = append(args, r[:]...)
		}
		_, err := s.tx.ExecContext(ctx, `INSERT INTO heard_from (document, added) VALUES `+values(1, len(rows), 2), args...)
		return err
	})
	if err != nil {
		return err
	}
	return s.applyHeard(ctx)
}

// unhear takes back what documents that are derived again have added.
func (s *saving) unhear(ctx context.Context, documents []int64) error {
	type row struct {
		document int64
		added    string
	}
	rows, err := query(ctx, s.tx, func(r *sql.Rows, x *row) error { return r.Scan(&x.document, &x.added) },
		`DELETE FROM heard_from WHERE document IN `+list(1, len(documents))+` RETURNING document, added`, anys(documents)...)
	if err != nil || len(rows) == 0 {
		return err
	}
	docs := make(map[int64]docRow, len(s.docs))
	for _, d := range s.docs {
		docs[d.id] = d
	}
	for _, x := range rows {
		d := docs[x.document]
		h := hearing{day: dayOf(d.published.Int64), marking: d.marking}
		var added string
		if _, err := fmt.Sscan(x.added, &h.voice, &h.genre, &added); err != nil {
			return fmt.Errorf("what document %d added: %w", x.document, err)
		}
		for one := range strings.SplitSeq(added, ",") {
			if _, err := fmt.Sscanf(one, "%d/%d/%d/%d", &h.kind, &h.entity, &h.target, &h.side); err != nil {
				return fmt.Errorf("what document %d added: %q: %w", x.document, one, err)
			}
			c, ok := s.heard[h]
			if c.documents--; !ok {
				c.learned = math.MaxInt64
			}
			s.heard[h] = c
		}
	}
	return nil
}

// applyHeard writes the changes.
func (s *saving) applyHeard(ctx context.Context) error {
	var keys []hearing
	for h, c := range s.heard {
		if c.documents != 0 {
			keys = append(keys, h)
		}
	}
	slices.SortFunc(keys, compareHearings)
	err := chunks(keys, func(keys []hearing) error {
		args := make([]any, 0, 10*len(keys))
		for _, h := range keys {
			c := s.heard[h]
			args = append(args, h.kind, h.day, h.entity, h.target, h.voice, h.genre, h.side, h.marking, c.documents, c.learned)
		}
		_, err := s.tx.ExecContext(ctx, `INSERT INTO heard (kind, day, entity, target, voice, genre, side, marking, documents, learned) VALUES `+values(1, len(keys), 10)+`
			ON CONFLICT (kind, day, entity, target, voice, genre, side, marking) DO UPDATE SET documents = heard.documents + excluded.documents,
			learned = CASE WHEN excluded.learned < heard.learned THEN excluded.learned ELSE heard.learned END`, args...)
		return err
	})
	if err != nil {
		return err
	}
	for _, h := range keys {
		if s.heard[h].documents > 0 {
			continue
		}
		_, err := s.tx.ExecContext(ctx, `DELETE FROM heard WHERE kind = $1 AND day = $2 AND entity = $3 AND target = $4 AND voice = $5 AND genre = $6
			AND side = $7 AND marking = $8 AND documents <= 0`, h.kind, h.day, h.entity, h.target, h.voice, h.genre, h.side, h.marking)
		if err != nil {
			return err
		}
	}
	return nil
}

// Days are days, both ends of them, and the moment by which it was known.
type Days struct {
	First, Last int64     // since 1970-01-01
	Then        time.Time // zero: now
}

// DaysBack returns the n days that end with now and as much as clocks may
// differ.
func DaysBack(now time.Time, n int, then time.Time) Days {
	last := now.Add(intel.Skew)
	return Days{First: dayOf(now.UnixMicro()) - int64(n) + 1, Last: dayOf(last.UnixMicro()), Then: then}
}

// condition is which rows of heard are of these days and markings up to $1.
func (d Days) condition() string {
	where := fmt.Sprintf(`h.marking <= $1 AND h.day >= %d AND h.day <= %d`, d.First, d.Last)
	if !d.Then.IsZero() {
		where += fmt.Sprintf(` AND h.learned <= %d`, d.Then.UnixMicro())
	}
	return where
}

// A Heard is a mention and of which side it tells.
type Heard struct {
	intel.Voiced
	Side intel.Side
}

// heardColumns are summed up by voice, kind of source and day.
const heardColumns = `voice, genre, day, MAX(share), MAX(side & 1) + MAX(side & 2)`

func (h *Heard) scan() []any { return []any{&h.Voice, &h.Genre, &h.Day, &h.Share, &h.Side} }

// EachHeard calls f for each canonical entity of a kind that was spoken of in
// some days, with its mentions; f must not read the store. What it reads is
// bounded by who spoke on how many of these days, not by how much they said.
func (db *DB) EachHeard(ctx context.Context, r intel.Reader, kind intel.Kind, d Days, f func(entity int64, mentions []Heard) error) error {
	names := `SELECT COALESCE(x.canonical, h.entity) AS canonical, COALESCE(x.share, 1.0) AS share, h.voice, h.genre, h.day, h.side
		FROM heard h LEFT JOIN resolution x ON x.name = h.entity AND` + told("x", 1)
	if !kind.Slugged() { // each is its own
		names = `SELECT h.entity AS canonical, 1.0 AS share, h.voice, h.genre, h.day, h.side FROM heard h `
	}
	rows, err := db.read.QueryContext(ctx, `SELECT canonical, `+heardColumns+` FROM (`+names+`WHERE `+d.condition()+` AND h.kind = $2 AND h.target = 0) o
		GROUP BY canonical, voice, genre, day ORDER BY canonical`, int(r.Clearance), heardKinds()[kind])
	if err != nil {
		return fmt.Errorf("mentions of every %s: %w", kind, err)
	}
	defer rows.Close()
	var mentions []Heard
	last := int64(-1)
	for rows.Next() {
		var entity int64
		var h Heard
		if err := rows.Scan(append([]any{&entity}, h.scan()...)...); err != nil {
			return fmt.Errorf("mentions of every %s: %w", kind, err)
		}
		if entity != last && len(mentions) > 0 {
			if err := f(last, mentions); err != nil {
				return err
			}
			mentions = mentions[:0]
		}
		last, mentions = entity, append(mentions, h)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("mentions of every %s: %w", kind, err)
	}
	if len(mentions) > 0 {
		return f(last, mentions)
	}
	return nil
}

// HeardOf returns the mentions of names in some days.
func (db *DB) HeardOf(ctx context.Context, r intel.Reader, names []Resolution, d Days) ([]Heard, error) {
	ids, err := db.lookupIDs(ctx, Names(names))
	if err != nil {
		return nil, fmt.Errorf("mentions: %w", err)
	}
	var out []Heard
	err = chunks(names, func(names []Resolution) error {
		args := []any{int(r.Clearance)}
		for _, n := range names {
			if id, ok := ids[n.Name]; ok {
				args = append(args, id, n.Share)
			}
		}
		if len(args) == 1 {
			return nil
		}
		some, err := query(ctx, db.read, func(r *sql.Rows, h *Heard) error { return r.Scan(h.scan()...) },
			`WITH w (id, share) AS (VALUES `+casts(2, len(args)/2, "BIGINT", "DOUBLE PRECISION")+`)
			SELECT `+heardColumns+` FROM w CROSS JOIN heard h WHERE h.entity = w.id AND `+d.condition()+` AND h.target = 0
			GROUP BY voice, genre, day`, args...)
		out = append(out, some...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("mentions: %w", err)
	}
	return out, nil
}

// Voice returns the integer of an origin; 0 if nobody has spoken by that name.
func (db *DB) Voice(ctx context.Context, name string) (int64, error) {
	ids, err := query(ctx, db.read, scanInt, `SELECT id FROM origins WHERE name = $1`, text(name))
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}
