package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// A Printed is a row as profiles and pages print it, with what makes it.
type Printed struct {
	Row    intel.Row
	Link   intel.Link   // what it says, in main names
	Parts  []Part       // of documents
	Steps  []score.Step // that all parts come to
	Voices score.Chorus
	Scale  score.Scale // that they were weighed by
	// Evidence is what the parts come to, before lists and what sets it aside.
	Evidence float64
	At       time.Time // as of which they were weighed
	Today    float64   // what they come to as of now, or the row where lists say so
}

// A Part is what is said of a row under one name.
type Part struct {
	intel.Join
	Said        intel.Link
	Probability float64
}

// Printed finds the row that says l in main names, as profiles print it. One that no
// profile prints is intel.ErrNotFound.
func (ed *Editor) Printed(ctx context.Context, r intel.Reader, l intel.Link, w Window, now time.Time) (p Printed, err error) {
	w, _, err = ed.weighed(ctx, w, now)
	if err != nil {
		return p, err
	}
	p.Link = l
	if p.Row, err = ed.printed(ctx, r, l, w, now); err != nil {
		return p, err
	}
	p.Row.Joins = joinsOf(p.Row)
	found, err := ed.weigh(ctx, r, p.Row.Links(), w, now)
	if err != nil {
		return p, err
	}
	sayings, at := found.sayings(p.Row)
	p.At = at
	then, err := found.measure(ctx, at)
	if err != nil {
		return p, err
	}
	a, steps := then.Together(sayings)
	p.Evidence, p.Steps, p.Scale = a.Probability, steps, then.Scale
	m, err := found.measure(ctx, now)
	if err != nil {
		return p, err
	}
	today, _ := m.Together(sayings)
	p.Today = today.Probability
	if p.Row.Listed > 0 || len(sayings) == 0 { // lists do not fade
		p.Today = p.Row.Probability
	}
	var all []intel.Evidence
	for i, j := range p.Row.Joins {
		one, _ := then.Together([]score.Saying{{Share: 1, Evidence: sayings[i].Evidence}})
		p.Parts = append(p.Parts, Part{j, found.links[j.Link], one.Probability})
		all = append(all, sayings[i].Evidence...)
	}
	p.Voices = then.Scale.Voices(slices.Clone(steps), all, at)
	p.Voices.Lasting = min(p.Voices.Lasting, today.Lasting)
	return p, nil
}

func (ed *Editor) printed(ctx context.Context, r intel.Reader, l intel.Link, w Window, now time.Time) (intel.Row, error) {
	if l.Relation == intel.AliasOf { // said among the names of a profile, if it is
		row, ok, err := ed.calledSo(ctx, r, l, w, now)
		if err != nil || ok {
			return row, err
		}
	}
	for _, inward := range []bool{false, true} {
		e, other := l.From, l.To
		if inward {
			e, other = other, e
		}
		rows, err := ed.Tellings(ctx, r, e, l.Relation, w, now)
		if err != nil && !errors.Is(err, intel.ErrNotFound) {
			return intel.Row{}, err
		}
		for _, row := range rows {
			if row.Entity == other && (row.Relation == l.Relation || row.Role != "" && row.Role == role(l.Relation)) {
				return row, nil
			}
		}
	}
	return intel.Row{}, fmt.Errorf("row %q: %w", l, intel.ErrNotFound)
}

// calledSo finds the row that says l among the names of either end: of whom the other
// is an alias, first.
func (ed *Editor) calledSo(ctx context.Context, r intel.Reader, l intel.Link, w Window, now time.Time) (intel.Row, bool, error) {
	for _, ends := range [][2]intel.Entity{{l.To, l.From}, {l.From, l.To}} {
		aliases, disputed, err := ed.Called(ctx, r, ends[0], w, now)
		if err != nil && !errors.Is(err, intel.ErrNotFound) {
			return intel.Row{}, false, err
		}
		for _, row := range append(aliases, disputed...) {
			if row.Entity == ends[1] {
				return row, true, nil
			}
		}
	}
	return intel.Row{}, false, nil
}

// Tellings returns the rows of a relation that e has on its page.
func (ed *Editor) Tellings(ctx context.Context, r intel.Reader, e intel.Entity, rel intel.Relation, w Window, now time.Time) ([]intel.Row, error) {
	if e.Kind.Class() == intel.IOC || e.Kind.Class() == intel.IOA {
		f, err := ed.Value(ctx, r, e, w, now)
		return append(f.Names, f.Related...), err
	}
	names, err := ed.DB.NamesOf(ctx, r, e)
	if err != nil {
		return nil, err
	}
	w, past, err := ed.weighed(ctx, w, now)
	if err != nil {
		return nil, err
	}
	outline, err := ed.outline(ctx, r, e, names, past)
	if err != nil {
		return nil, err
	}
	var out []intel.Row
	if rel == intel.AliasOf {
		aliases, disputed, err := ed.Called(ctx, r, e, w, now)
		if err != nil {
			return nil, err
		}
		out = append(aliases, disputed...)
	}
	w.Proofs = 0
	var kin []kinship
	if rel == intel.AssociatedWith && e.Kind == intel.Actor && !w.Back {
		if kin, err = ed.kin(ctx, r, e, outline, store.Names(names)); err != nil {
			return nil, err
		}
	}
	for key, sections := range links() {
		t := table{name: key}
		for _, s := range sections {
			if s.Class != intel.IOC && s.Class != intel.IOA && slices.Contains(s.Relations, rel) {
				t.from = append(t.from, s)
			}
		}
		if len(t.from) == 0 {
			continue
		}
		if key == "associated_actors" {
			t.from, t.kin = sections, kin
			t.from = slices.DeleteFunc(slices.Clone(t.from), func(s store.Section) bool { return s.Class == intel.IOC })
		}
		rows, _, err := ed.rows(ctx, r, e, outline, t, w, now)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// Proofs returns what shows that a row is so, by its id: the words of analysts that
// count and that r may read, and behind them the up to n weightiest pieces of
// evidence.
func (ed *Editor) Proofs(ctx context.Context, r intel.Reader, row intel.Row, n int, now time.Time) ([]intel.Proof, error) {
	if row.Relation == intel.AliasOf && len(row.Evidence) > 0 {
		return row.Evidence, nil
	}
	rows := []intel.Row{row}
	err := ed.prove(ctx, r, rows, Window{Proofs: n, Signed: true}, now)
	return rows[0].Evidence, err
}

// mostProofs is how many pieces of evidence of a row are shown.
const mostProofs = 20

// Named returns the row that an id names, as far as its links: of a link, or what the
// row says.
func (ed *Editor) Named(ctx context.Context, r intel.Reader, id string, now time.Time) (intel.Row, error) {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		_, err := ed.DB.Between(ctx, r, n)
		return intel.Row{ID: id}, err
	}
	l, err := intel.ParseLink(id)
	if err != nil {
		return intel.Row{}, fmt.Errorf("row %q: %w", id, intel.ErrNotFound)
	}
	p, err := ed.Printed(ctx, r, l, Window{Proofs: mostProofs, Signed: true}, now)
	return p.Row, err
}
