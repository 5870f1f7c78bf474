package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A Resolution says that Name stands for Canonical with a share, and who says
// so. The shares of one name sum to 1 at most.
type Resolution struct {
	Name      intel.Entity
	Canonical intel.Entity
	Share     float64
	SaidBy    []string
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
	ids, _, err := entityIDs(ctx, tx, all, nil)
	if err != nil {
		return err
	}
	cleared := map[int64]bool{}
	for _, r := range rs {
		name := ids[r.Name]
		if !cleared[name] {
			cleared[name] = true
			if _, err := tx.ExecContext(ctx, `DELETE FROM resolution WHERE name = $1`, name); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO resolution (name, canonical, share, said_by) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name, canonical) DO UPDATE SET share = excluded.share, said_by = excluded.said_by`,
			name, ids[r.Canonical], r.Share, strings.Join(r.SaidBy, "\n"))
		if err != nil {
			return err
		}
	}
	return nil
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

// StandsFor returns whom a name stands for, greatest share first; none: itself.
func (db *DB) StandsFor(ctx context.Context, name intel.Entity) ([]Resolution, error) {
	return query(ctx, db.read, scanResolution, resolutionSelect+`WHERE n.kind = $1 AND n.name = $2 ORDER BY r.share DESC, c.name`, string(name.Kind), name.Name)
}

// NamesOf returns the names that stand for canonical, with their shares,
// canonical itself first.
func (db *DB) NamesOf(ctx context.Context, canonical intel.Entity) ([]Resolution, error) {
	rows, err := query(ctx, db.read, scanResolution, resolutionSelect+`WHERE c.kind = $1 AND c.name = $2 ORDER BY r.share DESC, n.kind, n.name LIMIT 500`,
		string(canonical.Kind), canonical.Name)
	if err != nil {
		return nil, fmt.Errorf("names of %s: %w", canonical, err)
	}
	out := []Resolution{{Name: canonical, Canonical: canonical, Share: 1}}
	for _, r := range rows {
		if r.Name != canonical {
			out = append(out, r)
		}
	}
	return out, nil
}

// Mains returns, of names that stand for one thing or mostly for one, what that
// is.
func (db *DB) Mains(ctx context.Context, names []intel.Entity) (map[intel.Entity]Titled, error) {
	type row struct {
		name intel.Entity
		Titled
	}
	out := map[intel.Entity]Titled{}
	err := chunks(names, func(names []intel.Entity) error {
		args := make([]any, 0, 2*len(names))
		for _, e := range names {
			args = append(args, string(e.Kind), e.Name)
		}
		rows, err := query(ctx, db.read, func(r *sql.Rows, x *row) error {
			return r.Scan(&x.name.Kind, &x.name.Name, &x.Entity.Kind, &x.Entity.Name, &x.Title)
		}, `WITH w (kind, name) AS (VALUES `+casts(1, len(names), "TEXT", "TEXT")+`)
			SELECT n.kind, n.name, c.kind, c.name, c.title FROM w JOIN entities n ON n.kind = w.kind AND n.name = w.name
			JOIN resolution x ON x.name = n.id AND x.share > 0.5 JOIN entities c ON c.id = x.canonical`, args...)
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
