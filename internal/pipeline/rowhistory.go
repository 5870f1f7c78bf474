package pipeline

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// RowHistory tells the history of a row as profiles print it, of all its links
// together. What lists say of a name, or of what nobody else says, they say before all;
// of other rows it stands in the last line alone. They say it today: their dates are
// not known.
func (ed *Editor) RowHistory(ctx context.Context, r intel.Reader, row intel.Row, w Window, now time.Time, most int) (intel.History, error) {
	h, err := ed.history(ctx, r, row, w, now, most)
	alone := len(row.Links()) == 0
	if err != nil || len(row.Joins) == 0 && !alone {
		return h, err
	}
	if l, err := intel.ParseLink(row.ID); err == nil {
		h.Link = l
	}
	if (alone || row.Listed > 0 && !w.Back) && len(h.Turns) > 0 {
		h.Turns = slices.Clone(h.Turns)
		last := &h.Turns[len(h.Turns)-1]
		last.Believed, last.Level, last.Origins = row.Probability, row.Level, row.Origins
		if len(row.SaidBy) > 0 {
			last.Why += "; listed by " + strings.Join(row.SaidBy, ", ")
		}
	}
	return h, nil
}

// naming notes what lists say of the name that a row is of, and what analysts ruled of
// it when, with who and why as far as r may read it. Of very many rulings the first ones
// are not told.
func (ed *Editor) naming(ctx context.Context, r intel.Reader, row intel.Row, l intel.Link, w Window, q *score.Inquiry) error {
	if l.Relation != intel.AliasOf {
		if len(row.Links()) == 0 {
			q.Naming = &score.Naming{Listed: row.Probability, Lists: max(1, row.Origins), Left: 1}
		}
		return nil
	}
	all, err := ed.DB.AliasVerdicts(ctx)
	if err != nil {
		return err
	}
	names, err := ed.DB.NamesOf(ctx, r, l.To)
	if err != nil {
		return err
	}
	own := func(e intel.Entity) bool {
		return e == l.To || slices.ContainsFunc(names, func(n store.Resolution) bool { return n.Name == e && e != l.From })
	}
	all = slices.DeleteFunc(all, func(v intel.AliasVerdict) bool {
		about := v.Name == l.From && own(v.Other) || v.Other == l.From && own(v.Name)
		return v.At.After(q.Now) || !about
	})
	as := func(n int) *score.Naming { return ed.namedBy(row, l, intel.InForce(all[:n]), w, q.Now) }
	q.Naming = as(0)
	for i, v := range all {
		why := ""
		if i >= len(all)-mostScales {
			why = ruledName(v, l, r)
		}
		q.Marks = append(q.Marks, score.Mark{At: v.At, Sort: intel.TurnRuled, Why: why, Naming: as(i + 1)})
	}
	return nil
}

// namedBy is what lists and the rulings on a name that are in force come to. Where an
// analyst confirms it his word stands for those of all lists, as in profiles.
func (ed *Editor) namedBy(row intel.Row, l intel.Link, inForce []intel.AliasVerdict, w Window, now time.Time) *score.Naming {
	n, share, lists := score.Naming{Left: 1}, 1.0, []string(nil)
	for _, ends := range [][2]intel.Entity{{l.To, l.From}, {l.From, l.To}} {
		for _, c := range ed.Reference().Resolve(ends[0]) {
			if c.Entity == ends[1] {
				share, lists = c.Share, c.SaidBy
			}
		}
	}
	if row.Listed > 0 && !slices.ContainsFunc(row.SaidBy, analysts) {
		lists = row.SaidBy
	}
	if row.Listed == 0 || w.Back { // the lists are of today
		lists = nil
	}
	for _, v := range inForce {
		if v.Ruling == intel.Dispute {
			n.Left *= 1 - score.Objection*score.Reliability('A')
		} else {
			share, lists = 1, []string{string(v.By)}
		}
	}
	if len(lists) > 0 {
		n.Listed, n.Lists = score.Fuse(listings(lists, now))*share, len(lists)
	}
	return &n
}

// analysts reports whether it is analysts who say of a name whose it is.
func analysts(by string) bool { return by == correlate.ByAnalysts || intel.SourceID(by).Reserved() }

// ruledName says who ruled what of the name that a row is of, as far as r may know it.
func ruledName(v intel.AliasVerdict, l intel.Link, r intel.Reader) string {
	if v.Marking > r.Clearance {
		return score.ByAnalyst + ": " + string(v.Ruling)
	}
	why := string(v.By) + ": " + string(v.Ruling)
	if v.Name != l.From || v.Other != l.To { // of another of its names
		why += " " + v.Name.String() + " " + v.Other.String()
	}
	if v.Reason != "" {
		why += ", " + v.Reason
	}
	return why
}
