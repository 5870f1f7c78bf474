package pipeline

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// rows makes one table of the profile of e: rows of names that stand for one
// thing are one row.
func (ed *Editor) rows(ctx context.Context, r intel.Reader, e intel.Entity, outline store.Outline, t table, w Window, now time.Time) ([]intel.Row, int, error) {
	limit, offset := cmp.Or(w.Rows, everything), 0
	if w.Section == t.name {
		offset = w.Offset
	}
	all, total, err := ed.gather(ctx, r, outline, t, limit+offset, w, now)
	if err != nil {
		return nil, 0, err
	}
	fetched := len(all)
	// A name that stands for this and others is an alias already.
	all = slices.DeleteFunc(all, func(row intel.Row) bool { return row.Relation == intel.AliasOf && outline.Has(row.Entity) })
	if all, err = ed.spread(ctx, r, all); err != nil {
		return nil, 0, err
	}
	all = slices.DeleteFunc(all, func(row intel.Row) bool { return row.Entity == e || row.Origins == 0 }) // itself, and what is only denied
	slices.SortStableFunc(all, surest)
	all = distinct(all)
	if err := ed.join(ctx, r, e, outline.Has, all, w, now); err != nil {
		return nil, 0, err
	}
	slices.SortStableFunc(all, surest)
	total -= fetched - len(all)
	if !w.Back { // the lists are of today
		observed := len(all)
		if err := ed.lifted(ctx, r, e, t.name, all, w, now); err != nil {
			return nil, 0, err
		}
		all = ed.related(e, ed.listed(e, t.name, all, w.cuts, now), t.kin, w.cuts)
		total += len(all) - observed
	}
	slices.SortStableFunc(all, ranked)
	if t.name == "research" {
		all = emerging(all, now)
		total = len(all)
	}
	all = all[min(offset, len(all)):min(offset+limit, len(all))]
	if t.name == "ioc" {
		if err := ed.doubt(ctx, r, all, func(row intel.Row) intel.Entity { return row.Entity }, doubting{now, w.Back, w.cuts}); err != nil {
			return nil, 0, err
		}
	}
	if t.name == "ioc" {
		if err := ed.foresee(ctx, r, all, w, now); err != nil {
			return nil, 0, err
		}
	}
	if err := ed.knownSince(ctx, r, e, all, w, now); err != nil {
		return nil, 0, err
	}
	return all, total, ed.prove(ctx, r, all, w, now)
}

// gather reads the first so many rows of each section of a table, and how many there
// are in all.
func (ed *Editor) gather(ctx context.Context, r intel.Reader, outline store.Outline, t table, wanted int, w Window, now time.Time) (all []intel.Row, total int, err error) {
	for _, s := range t.from {
		if t.name == "ioc" {
			s.Contains, s.Level = w.Filter.Contains, w.Filter.Level
			if w.Filter.Kind != "" {
				s.Kinds = []intel.Kind{w.Filter.Kind}
			}
		}
		most := w.most(wanted)
		if s.Class == intel.Name || s.Class == intel.TTP {
			most = w.most(everything) // names are joined
		}
		found, n, err := ed.section(ctx, r, outline, s, most, w, now)
		if err != nil {
			return nil, 0, err
		}
		if found, n, err = ed.paired(ctx, r, paging{found, n, s, t.twins}, w, now); err != nil {
			return nil, 0, err
		}
		total += n
		all = append(all, found...)
	}
	return all, total, nil
}

// ranked orders rows by their role, and those of one role by how far they are believed.
func ranked(a, b intel.Row) int {
	return cmp.Or(cmp.Compare(rank(a.Role), rank(b.Role)), surest(a, b))
}

// surest orders rows by how far they are believed, those that are set aside last.
func surest(a, b intel.Row) int {
	return cmp.Or(cmp.Compare(last(a), last(b)), cmp.Compare(b.Probability, a.Probability))
}

// section reads the rows of one section, the most probable first.
func (ed *Editor) section(ctx context.Context, r intel.Reader, o store.Outline, s store.Section, most int, w Window, now time.Time) ([]intel.Row, int, error) {
	if s.Class == intel.IOC {
		return ed.screened(ctx, r, o, s, most, w, now)
	}
	found, n, err := ed.DB.RowsOf(ctx, r, o, s, most, 0)
	rows := make([]intel.Row, len(found))
	for i, a := range found {
		rows[i] = ed.row(a, s, w.cuts, now)
	}
	return rows, n, err
}

// rank orders the roles of countries: who somebody is comes before whom he
// attacks, and the ways attacks take last.
func rank(role string) int { return slices.Index([]string{"origin", "target", "proxy"}, role) }

// freshResearch is how long what somebody looks into counts as new.
const freshResearch = 90 * 24 * time.Hour

// emerging keeps what somebody looks into for the first time: nothing of the
// year before the last 90 days.
func emerging(rows []intel.Row, now time.Time) []intel.Row {
	return slices.DeleteFunc(rows, func(r intel.Row) bool { return r.First.IsZero() || r.First.Before(now.Add(-freshResearch)) })
}

// prove puts the weightiest evidence under each row.
func (ed *Editor) prove(ctx context.Context, r intel.Reader, rows []intel.Row, w Window, now time.Time) error {
	if w.Proofs == 0 {
		return nil
	}
	var ids []int64
	for _, row := range rows {
		ids = append(ids, row.Links()...)
	}
	proofs, err := ed.proofs(ctx, r, ids, w.Proofs, w.then(now))
	if err != nil {
		return err
	}
	said := map[int64][]intel.Proof{}
	if w.Signed {
		if said, err = ed.signed(ctx, r, ids, now); err != nil {
			return err
		}
	}
	for i, row := range rows {
		if links := row.Links(); len(links) == 1 && len(row.Joins) == 0 {
			rows[i].Evidence = append(said[links[0]], proofs[links[0]]...)
		} else if len(links) > 0 {
			rows[i].Evidence = gathered(row.Joins, said, proofs, w.Proofs)
		}
	}
	return nil
}

// gathered is what analysts say of links, and behind it the n weightiest of what
// sources say.
func gathered(links []intel.Join, said, proofs map[int64][]intel.Proof, n int) []intel.Proof {
	var words, all []intel.Proof
	for _, l := range links {
		words = append(words, said[l.Link]...)
		for _, p := range proofs[l.Link] {
			if l.Denies {
				p.Stance = intel.Supports + intel.Disputes - p.Stance
			}
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b intel.Proof) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), b.At.Compare(a.At))
	})
	return append(words, Foremost(all, n)...)
}

// Foremost keeps the first n of proofs. What speaks against a row is not crowded out.
func Foremost(all []intel.Proof, n int) []intel.Proof {
	if len(all) <= n {
		return all
	}
	kept := slices.Clone(all[:n])
	if n > 0 && !slices.ContainsFunc(kept, against) {
		if i := slices.IndexFunc(all, against); i >= 0 {
			kept[n-1] = all[i]
		}
	}
	return kept
}

func against(p intel.Proof) bool { return p.Stance == intel.Disputes }

// row makes one printable row of an assessed link, as of now.
func (ed *Editor) row(a store.Assessed, s store.Section, cuts score.Cuts, now time.Time) intel.Row {
	e, title := a.Other(s)
	set := ed.Reference()
	// The level is told anew: of a name that several share each has a part.
	dated, lasting := score.Dated(a.Link, a.Last, now), lastingOf(a.Assessment, cuts)
	row := intel.Row{ID: strconv.FormatInt(a.ID, 10), Entity: e, Value: e.Name, Relation: a.Link.Relation,
		Hostname: a.Context.Hostname, Campaign: a.Context.Campaign, Phase: a.Context.Phase,
		Level: cuts.Level(a.Probability, lasting, dated), Probability: a.Probability, First: a.First, Last: a.Last, Dated: dated, Origins: a.Origins, Lasting: lasting, Documents: a.Documents,
		Description: a.Context.Note}
	switch e.Kind.Class() {
	case intel.Name:
		row.Value = cmp.Or(title, set.Title(e))
	case intel.IOA, intel.IOC:
		row.Type, row.Vulnerability = string(e.Kind), a.Context.Vulnerability
	case intel.TTP:
		row.Description = cmp.Or(techniqueName(set, e), title)
	}
	row.Role, row.Joins = role(a.Link.Relation), a.Joins
	if a.Share != 1 && a.Share != 0 && len(a.Joins) == 0 {
		row.Joins = a.Joined(s)
	}
	return row
}

// lastingOf is how many voices of an assessment count for High. It is not kept, but of
// what is as probable as High asks the level tells it; what is not, it is no matter of,
// but where lists make it so, see [Editor.lifted].
func lastingOf(a intel.Assessment, cuts score.Cuts) int {
	if a.Lasting == 0 && a.Level != intel.High && cuts.Level(a.Probability, 2, true) == intel.High {
		return min(a.Origins, 1)
	}
	return cmp.Or(a.Lasting, a.Origins)
}

// role is what a country is in a relation, "" in those that have none.
func role(r intel.Relation) string {
	switch r {
	case intel.OriginatesFrom:
		return "origin"
	case intel.RoutesThrough:
		return "proxy"
	case intel.Targets, intel.ClaimsAttack:
		return "target"
	}
	return ""
}

func techniqueName(set *reference.Set, e intel.Entity) string {
	if t, ok := set.Technique(e.Name); ok {
		return t.Name
	}
	if name, ok := set.Weakness(e.Name); ok {
		return name
	}
	return ""
}
