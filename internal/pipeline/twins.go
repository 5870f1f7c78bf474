package pipeline

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// A twin is a row about a value that several names of a profile have. A page that
// reads the first rows of each name would have it in two places, or in one of them
// only.
type twin struct {
	row    intel.Row
	inward bool
	levels []intel.Level // of its links, each alone
}

// mostTwins bounds how many a profile remembers, the most probable first.
const mostTwins = 5000

// twins weighs the rows about values that several names of e have.
func (ed *Editor) twins(ctx context.Context, r intel.Reader, e intel.Entity, o store.Outline, w Window, now time.Time) ([]twin, error) {
	var out []twin
	var rows []intel.Row
	for _, sections := range links() {
		for _, s := range sections {
			if s.Class != intel.IOC && s.Class != intel.IOA || s.Class == intel.IOC && !s.Inward && slices.Contains(s.Relations, intel.Indicates) {
				continue
			}
			found, levels, err := ed.DB.Twins(ctx, r, o, s)
			if err != nil {
				return nil, err
			}
			for _, a := range found[:min(len(found), mostTwins)] {
				t := twin{inward: s.Inward}
				for _, j := range a.Joins {
					t.levels = append(t.levels, levels[j.Link])
				}
				out, rows = append(out, t), append(rows, ed.row(a, s, w.cuts, now))
			}
		}
	}
	err := ed.join(ctx, r, e, o.Has, rows, w, now)
	for i := range out {
		out[i].row = rows[i]
	}
	return out, err
}

// paging is the rows of a section as they are read, how many it has in all, and the
// twins of the profile.
type paging struct {
	found []intel.Row
	total int
	store.Section
	twins []twin
}

// paired returns rows with each twin that the section asks for as one.
func (ed *Editor) paired(ctx context.Context, r intel.Reader, p paging, w Window, now time.Time) ([]intel.Row, int, error) {
	twins := slices.DeleteFunc(slices.Clone(p.twins), func(t twin) bool { return !p.has(t) })
	if len(twins) == 0 || w.Back {
		return p.found, p.total, nil
	}
	screen, err := ed.Screen(ctx, r, now)
	if err != nil {
		return nil, 0, err
	}
	type key struct {
		entity   intel.Entity
		relation intel.Relation
	}
	whole, alone := p.total == len(p.found), 0
	is := make(map[key]bool, len(twins))
	for _, t := range twins {
		is[key{t.row.Entity, t.row.Relation}] = true
		for _, l := range t.levels {
			if p.Level == "" || p.Level == l {
				alone++
			}
		}
	}
	rows := slices.DeleteFunc(slices.Clone(p.found), func(row intel.Row) bool { return is[key{row.Entity, row.Relation}] })
	if whole {
		alone = len(p.found) - len(rows)
	}
	total := p.total - alone
	for _, t := range twins {
		row := t.row
		row.Level = w.cuts.Level(row.Probability, row.Lasting, row.Dated)
		if aside := screen.Of(row.Entity); aside.Reason != "" {
			row = score.Disbelieved(row, aside)
		}
		if p.Level == "" || row.Suppressed == "" && row.Level == p.Level {
			rows = append(rows, row)
			total++
		}
	}
	return rows, total, nil
}

// has reports whether a twin belongs in the section, whatever its level.
func (p paging) has(t twin) bool {
	e := t.row.Entity
	return e.Kind.Class() == p.Class && t.inward == p.Inward && slices.Contains(p.Relations, t.row.Relation) &&
		(len(p.Kinds) == 0 || slices.Contains(p.Kinds, e.Kind)) && strings.Contains(strings.ToLower(e.Name), strings.ToLower(p.Contains))
}
