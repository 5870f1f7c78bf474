package pipeline

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// A Finding is what is known of one value.
type Finding struct {
	Entity     intel.Entity
	Known      bool
	Suppressed string // why the value is set aside
	aside      score.Aside
	Listed     string // what lists say of it, whether or not that decides
	// Verdicts is what analysts said of it and of what it is part of, as far as
	// the reader may read that, whether it holds or not.
	Verdicts    []intel.ValueVerdict
	Level       intel.Level
	Probability float64
	Names       []intel.Row // whom it indicates, most probable first, so many at most
	More        int         // whom it is said to indicate beside those
	Related     []intel.Row // other links of the value
	First, Last time.Time
	Documents   int
	Country     string // of an address, ISO 3166-1 alpha-2
	// Networks are those that hold the address and that somebody speaks of, the
	// narrowest first, three at most.
	Networks []Finding
	Decayed  bool // once believed, and now below Medium by age alone
	// SeenAgain is the probability that it is reported again within 30 days, and
	// Polynomial its decay as MISP and OpenCTI count it; nil: not known.
	SeenAgain, Polynomial *float64
	Model                 string // that SeenAgain is by; "" where that is not known
	// Corroboration is whether a second account will report it; nil: not known, or it
	// has.
	Corroboration *intel.Corroboration
}

// fresh is the age from which a value that is below Medium counts as decayed.
const fresh = 90 * 24 * time.Hour

// Value looks one value up, as of a past moment if the window says so.
func (ed *Editor) Value(ctx context.Context, r intel.Reader, e intel.Entity, w Window, now time.Time) (f Finding, err error) {
	f.Entity = e
	if e.Name == "" {
		return f, nil
	}
	span, err := ed.DB.Mentioned(ctx, r, []intel.Entity{e}, now, w.then(now))
	if err != nil {
		return f, err
	}
	f.Known, f.First, f.Last, f.Documents = span.Documents > 0, span.First, span.Last, span.Documents
	screen, err := ed.Screen(ctx, r, now)
	if err != nil {
		return f, err
	}
	f.judge(screen)
	w, past, err := ed.weighed(ctx, w, now)
	if err != nil {
		return f, err
	}
	self, err := ed.DB.Outline(ctx, r, []store.Resolution{{Name: e, Canonical: e, Share: 1}}, past)
	if err != nil {
		return f, err
	}
	w.Proofs, w.Signed = cmp.Or(w.Proofs, 5), true
	linked := func(s store.Section) ([]intel.Row, int, error) { return ed.linked(ctx, r, f, self, s, screen, w, now) }
	whose := store.Section{Relations: []intel.Relation{intel.Indicates}, Class: e.Kind.Class()}
	if e.Kind.Class() == intel.IOA { // who uses a fragment, and the flaw it attacks
		whose.Relations, whose.Inward = []intel.Relation{intel.Uses, intel.Affects}, true
	}
	if f.Names, f.More, err = linked(whose); err != nil {
		return f, err
	}
	if e.Kind.Class() == intel.IOC {
		if err := ed.doubt(ctx, r, f.Names, func(intel.Row) intel.Entity { return e }, doubting{now, w.Back, w.cuts}); err != nil {
			return f, err
		}
	}
	f.More += len(f.Names) - min(len(f.Names), mostBehind)
	f.Names = f.Names[:min(len(f.Names), mostBehind)]
	for _, inward := range []bool{false, true} {
		rels := slices.DeleteFunc(intel.Relations(), func(rel intel.Relation) bool {
			return inward == whose.Inward && slices.Contains(whose.Relations, rel) || rel == intel.Indicates
		})
		some, _, err := linked(store.Section{Relations: rels, Inward: inward, Class: e.Kind.Class()})
		if err != nil {
			return f, err
		}
		f.Related = append(f.Related, some...)
	}
	if err := ed.disputed(ctx, r, w, now, f.Names, f.Related); err != nil {
		return f, err
	}
	f.date()
	f.believe(now)
	f.Country = ed.country(e)
	return f, errors.Join(ed.around(ctx, r, &f, w, now), ed.again(ctx, r, &f, w, now), ed.seconded(ctx, r, &f, w, now))
}

// date widens when the value was seen by when its rows say so: a list is of one day, its
// lines may be of others.
func (f *Finding) date() {
	for _, rows := range [][]intel.Row{f.Names, f.Related} {
		for _, r := range rows {
			if !r.First.IsZero() && (f.First.IsZero() || r.First.Before(f.First)) {
				f.First = r.First
			}
			if r.Last.After(f.Last) {
				f.Last = r.Last
			}
		}
	}
}

const (
	// mostBehind is of how many rows of a section of a value are told.
	mostBehind = 200
	// mostHeeded is how many are looked at beside those that are most probable by
	// their evidence, where there are more.
	mostHeeded = 400
)

// linked returns the rows of a section of a value, and how many links more there are.
func (ed *Editor) linked(ctx context.Context, r intel.Reader, f Finding, self store.Outline, s store.Section, screen score.Screen, w Window, now time.Time) ([]intel.Row, int, error) {
	found, total, err := ed.DB.RowsOf(ctx, r, self, s, mostBehind, 0)
	if err == nil && total > len(found) && !s.Inward && slices.Contains(s.Relations, intel.Indicates) {
		found, err = ed.heeded(ctx, r, f.Entity, self, found, w.then(now))
	}
	if err != nil {
		return nil, 0, err
	}
	more := total - len(found)
	rows := make([]intel.Row, len(found))
	for i, a := range found {
		rows[i] = ed.row(a, s, w.cuts, now)
	}
	if rows, err = ed.spread(ctx, r, rows); err != nil {
		return nil, 0, err
	}
	slices.SortStableFunc(rows, surest)
	rows = distinct(rows)
	if err := ed.join(ctx, r, f.Entity, func(name intel.Entity) bool { return name == f.Entity }, rows, w, now); err != nil {
		return nil, 0, err
	}
	for i := range rows {
		rows[i] = f.screened(rows[i], screen)
	}
	slices.SortStableFunc(rows, surest)
	return rows, more, ed.prove(ctx, r, rows, w, now)
}

// heeded adds to the most probable links of a value, of which there are more, the first
// of what each source says: whoever names very many is believed little of each, and hides
// nobody whom another names.
func (ed *Editor) heeded(ctx context.Context, r intel.Reader, value intel.Entity, self store.Outline, found []store.Assessed, then time.Time) ([]store.Assessed, error) {
	links, err := ed.DB.Leading(ctx, r, value, ed.Unnamed, mostHeeded, then)
	if err != nil {
		return nil, err
	}
	links = slices.DeleteFunc(links, func(id int64) bool {
		return slices.ContainsFunc(found, func(a store.Assessed) bool { return a.ID == id })
	})
	more, err := ed.DB.RowsAmong(ctx, r, self, links)
	return append(found, more...), err
}

// judge notes whether the value is set aside, and what analysts said of it that
// is for the reader.
func (f *Finding) judge(s score.Screen) {
	aside := s.Of(f.Entity)
	if !f.Known {
		aside = aside.Unseen()
	}
	f.Suppressed, f.Listed, f.aside = aside.Reason, aside.Listed, aside
	for _, v := range s.Verdicts.Of(f.Entity) {
		if v.Marking <= s.Reader.Clearance && !v.At.After(s.Now) {
			f.Verdicts = append(f.Verdicts, v)
		}
	}
}

// believe notes how far the value is believed to be anybody's, and whether age alone
// has made that little.
func (f *Finding) believe(now time.Time) {
	if len(f.Names) > 0 {
		f.Level, f.Probability = f.Names[0].Level, f.Names[0].Probability
	}
	f.Decayed = f.Known && f.Suppressed == "" && f.Level == intel.Low && !f.Last.IsZero() && f.Last.Before(now.Add(-fresh))
}

// screened is a row about the value, set aside if it or the other end is.
func (f *Finding) screened(row intel.Row, s score.Screen) intel.Row {
	for _, aside := range []score.Aside{f.aside, s.Of(row.Entity)} {
		if aside.Reason != "" {
			return score.Disbelieved(row, aside)
		}
	}
	return row
}

func (ed *Editor) country(e intel.Entity) string {
	if e.Kind != intel.IPv4 && e.Kind != intel.IPv6 {
		return ""
	}
	addr, err := netip.ParseAddr(e.Name)
	if err != nil {
		return ""
	}
	iso, _ := ed.Reference().Country(addr)
	return iso
}

// Busiest lists the canonical entities of a kind that r may see, most
// documents first, and how many there are.
func (ed *Editor) Busiest(ctx context.Context, r intel.Reader, kind intel.Kind, offset, limit int, now time.Time) ([]intel.Entity, int, error) {
	busy, total, err := ed.DB.Busiest(ctx, r, store.Roll{Kind: kind, Until: now}, limit, offset)
	if err != nil && !errors.Is(err, intel.ErrNotFound) {
		return nil, 0, err
	}
	out := make([]intel.Entity, len(busy))
	for i, b := range busy {
		out[i] = b.Entity
	}
	return out, total, nil
}
