package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A Resolution says that Name stands for Canonical with a share, and who says
// so. The shares of one name sum to 1 at most, for each reader.
type Resolution struct {
	Name      intel.Entity
	Canonical intel.Entity
	Share     float64
	SaidBy    []string
	// When kept it is told to readers cleared for Marking and not for Below;
	// zero is no bound. As read it is what the reader is told, and both are zero.
	Marking, Below intel.Marking
}

// Names returns the names that are resolved, in the same order.
func Names(rs []Resolution) []intel.Entity {
	names := make([]intel.Entity, len(rs))
	for i, r := range rs {
		names[i] = r.Name
	}
	return names
}

// told is the condition that of whom a name stands for the rows of the table by
// the given name are what a reader of clearance $n is told.
func told(table string, n int) string {
	return fmt.Sprintf(` %[1]s.marking <= $%[2]d AND %[1]s.below > $%[2]d `, table, n)
}

// saveResolutions replaces whom the names in rs stand for.
func saveResolutions(ctx context.Context, tx engine, rs []Resolution) error {
	if len(rs) == 0 {
		return nil
	}
	seen := map[intel.Entity]bool{}
	var all []intel.Entity
	for _, r := range rs {
		for _, e := range []intel.Entity{r.Name, r.Canonical} {
			if !seen[e] {
				seen[e] = true
				all = append(all, e)
			}
		}
	}
	slices.SortFunc(all, compare)
	ids, _, err := entityIDs(ctx, tx, all, nil)
	if err != nil {
		return err
	}
	names := map[int64]bool{}
	for _, r := range rs {
		names[ids[r.Name]] = true
	}
	err = chunks(slices.Sorted(maps.Keys(names)), func(names []int64) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM resolution WHERE name IN `+list(1, len(names)), anys(names)...)
		return err
	})
	if err != nil {
		return err
	}
	last := map[[3]int64]bool{} // of one statement, which may not hit a row twice
	return chunks(rs, func(rs []Resolution) error {
		clear(last)
		args := make([]any, 0, 6*len(rs))
		for _, r := range rs {
			key := [3]int64{ids[r.Name], int64(r.Marking), ids[r.Canonical]}
			if !last[key] {
				last[key] = true
				args = append(args, key[0], key[1], int(cmp.Or(r.Below, intel.Red+1)), key[2], r.Share, strings.Join(r.SaidBy, "\n"))
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO resolution (name, marking, below, canonical, share, said_by) VALUES `+values(1, len(args)/6, 6)+`
			ON CONFLICT (name, marking, canonical) DO UPDATE SET below = excluded.below, share = excluded.share, said_by = excluded.said_by`, args...)
		return err
	})
}

func scanResolution(r *sql.Rows, x *Resolution) error {
	var said string
	err := r.Scan(&x.Name.Kind, &x.Name.Name, &x.Canonical.Kind, &x.Canonical.Name, &x.Share, &said)
	if said != "" {
		x.SaidBy = strings.Split(said, "\n")
	}
	return err
}

const resolutionSelect = `SELECT n.kind, n.name, c.kind, c.name, r.share, r.said_by FROM resolution r
	JOIN entities n ON n.id = r.name JOIN entities c ON c.id = r.canonical `

// StandsFor returns whom a name stands for by what r may see, greatest share
// first; none: itself.
func (db *DB) StandsFor(ctx context.Context, r intel.Reader, name intel.Entity) ([]Resolution, error) {
	return query(ctx, db.read, scanResolution, resolutionSelect+`WHERE n.kind = $1 AND n.name = $2 AND`+told("r", 3)+`ORDER BY r.share DESC, c.name`,
		string(name.Kind), name.Name, int(r.Clearance))
}

// mostNames is how many names of one thing are read together.
const mostNames = 500

// NamesOf returns the names that stand for canonical by what r may see, with
// their shares, canonical itself first, which others may be called too. Of very many those are returned of which
// more is said than that they are names.
func (db *DB) NamesOf(ctx context.Context, r intel.Reader, canonical intel.Entity) ([]Resolution, error) {
	said := func(table, side string) string {
		return `EXISTS (SELECT 1 FROM ` + table + ` l WHERE l.` + side + ` = n.id AND l.relation NOT IN (` + rel(intel.AliasOf, intel.NotAliasOf) + `))`
	}
	rows, err := query(ctx, db.read, scanResolution, resolutionSelect+`WHERE c.kind = $1 AND c.name = $2 AND`+told("r", 3)+`
		ORDER BY CASE WHEN `+said("links", "from_entity")+` OR `+said("assessments", "to_entity")+` THEN 0 ELSE 1 END, r.share DESC, n.kind, n.name LIMIT `+fmt.Sprint(mostNames),
		string(canonical.Kind), canonical.Name, int(r.Clearance))
	if err != nil {
		return nil, fmt.Errorf("names of %s: %w", canonical, err)
	}
	out := []Resolution{{Name: canonical, Canonical: canonical, Share: 1}}
	for _, r := range rows {
		if r.Name == canonical {
			out[0].Share = r.Share
		} else {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out[1:], func(a, b Resolution) int { return cmp.Compare(b.Share, a.Share) })
	return out, nil
}

// Names counts the names that stand for canonical by what r may see, itself left out.
func (db *DB) Names(ctx context.Context, r intel.Reader, canonical intel.Entity) (n int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM resolution r JOIN entities c ON c.id = r.canonical WHERE c.kind = $1 AND c.name = $2 AND r.name <> c.id AND`+told("r", 3),
		string(canonical.Kind), canonical.Name, int(r.Clearance)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("names of %s: %w", canonical, err)
	}
	return n, nil
}

// Mains returns, of names that by what r may see stand for one thing or mostly
// for one, what that is.
func (db *DB) Mains(ctx context.Context, r intel.Reader, names []intel.Entity) (map[intel.Entity]Titled, error) {
	type row struct {
		name intel.Entity
		Titled
	}
	out := map[intel.Entity]Titled{}
	err := chunks(names, func(names []intel.Entity) error {
		args := []any{int(r.Clearance)}
		for _, e := range names {
			args = append(args, string(e.Kind), e.Name)
		}
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error {
			return r.Scan(&x.name.Kind, &x.name.Name, &x.Entity.Kind, &x.Entity.Name, &x.Title)
		}, `WITH w (kind, name) AS (VALUES `+casts(2, len(names), "TEXT", "TEXT")+`)
			SELECT n.kind, n.name, c.kind, c.name, c.title FROM w JOIN entities n ON n.kind = w.kind AND n.name = w.name
			JOIN resolution x ON x.name = n.id AND x.share > 0.5 AND`+told("x", 1)+`JOIN entities c ON c.id = x.canonical`, args...)
		for _, x := range rows {
			out[x.name] = x.Titled
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("main names: %w", err)
	}
	return out, nil
}

// A Candidate is one whom a name stands for, with its share.
type Candidate struct {
	Titled
	Share float64
}

// Candidates returns, of names that by what r may see stand for others, for whom, the
// greatest share first.
func (db *DB) Candidates(ctx context.Context, r intel.Reader, names []intel.Entity) (map[intel.Entity][]Candidate, error) {
	type row struct {
		name intel.Entity
		Candidate
	}
	out := map[intel.Entity][]Candidate{}
	err := chunks(names, func(names []intel.Entity) error {
		args := []any{int(r.Clearance)}
		for _, e := range names {
			args = append(args, string(e.Kind), e.Name)
		}
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error {
			return r.Scan(&x.name.Kind, &x.name.Name, &x.Entity.Kind, &x.Entity.Name, &x.Title, &x.Share)
		}, `WITH w (kind, name) AS (VALUES `+casts(2, len(names), "TEXT", "TEXT")+`)
			SELECT n.kind, n.name, c.kind, c.name, c.title, x.share FROM w JOIN entities n ON n.kind = w.kind AND n.name = w.name
			JOIN resolution x ON x.name = n.id AND`+told("x", 1)+`JOIN entities c ON c.id = x.canonical ORDER BY x.share DESC, c.name`, args...)
		for _, x := range rows {
			out[x.name] = append(out[x.name], x.Candidate)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("whom names stand for: %w", err)
	}
	return out, nil
}
