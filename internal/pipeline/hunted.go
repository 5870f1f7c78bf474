package pipeline

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// An Indicator is an indicator of compromise with whom it is believed to point to.
type Indicator struct {
	Entity intel.Entity
	// Probability is of its strongest row, a name that stands for several counted
	// whole: whomever of them it means, the value is somebody's.
	Probability float64
	Points      []Point // strongest first
}

// A Point is whom an indicator points to, and the probability of the row which says so.
type Point struct {
	Entity      intel.Entity
	Probability float64
}

// Indicators gives each indicator that r may see somebody linked with, believed as
// far as a lookup says, and at most n of whom it points to. It holds few at a time,
// and each may keep nothing of one but copies; see [store.DB.Indicators].
func (ed *Editor) Indicators(ctx context.Context, r intel.Reader, n int, now time.Time, each func(Indicator) error) error {
	doubts, err := ed.doubts(ctx, r, now)
	if err != nil {
		return err
	}
	h := hunted{ed: ed, r: r, n: n, now: now, doubts: doubts, each: each}
	believed := func(l store.Pointer) float64 { return doubts[l.Link].Lower(l.Probability) }
	err = ed.DB.Indicators(ctx, r, believed, func(i store.Indicator) error {
		if !slices.ContainsFunc(i.Points, bySeveral) {
			return h.give(ctx, i, weighing{})
		}
		return h.wait(ctx, i)
	})
	if err != nil {
		return err
	}
	return h.weigh(ctx)
}

// bySeveral reports whether several names say that an indicator points to one.
func bySeveral(p store.Point) bool { return len(p.Links) > 1 }

// mostWaiting is of how many links indicators wait at a time to be weighed together: most
// stores have fewer, and need no second connection then that reads while the first does.
const mostWaiting = 20_000

// hunted gives indicators, those behind the others which rows of several names are about.
type hunted struct {
	ed      *Editor
	r       intel.Reader
	n       int
	now     time.Time
	doubts  map[int64]score.Doubt
	each    func(Indicator) error
	points  []Point
	waiting []store.Indicator
	kept    int     // how many links of those that wait
	links   []int64 // that are to be weighed
}

// wait keeps an indicator until enough of its sort have come.
func (h *hunted) wait(ctx context.Context, i store.Indicator) error {
	i.Points = slices.Clone(i.Points)
	for k, p := range i.Points {
		i.Points[k].Links = slices.Clone(p.Links)
		h.kept += len(p.Links)
		if bySeveral(p) {
			for _, l := range p.Links {
				h.links = append(h.links, l.Link)
			}
		}
	}
	h.waiting = append(h.waiting, i)
	if h.kept < mostWaiting {
		return nil
	}
	return h.weigh(ctx)
}

// weigh gives the indicators that wait.
func (h *hunted) weigh(ctx context.Context) error {
	if len(h.waiting) == 0 {
		return nil
	}
	w, err := h.ed.weigh(ctx, h.r, h.links, Window{}, h.now)
	if err != nil {
		return err
	}
	for _, i := range h.waiting {
		if err := h.give(ctx, i, w); err != nil {
			return err
		}
	}
	clear(h.waiting)
	h.waiting, h.kept, h.links = h.waiting[:0], 0, h.links[:0]
	return nil
}

// give gives one indicator, its rows of several names as w weighs them.
func (h *hunted) give(ctx context.Context, i store.Indicator, w weighing) error {
	out := Indicator{Entity: i.Entity}
	h.points = h.points[:0]
	for _, p := range i.Points {
		one := Point{Entity: p.Entity}
		for _, l := range p.Links {
			alone := h.doubts[l.Link].Lower(l.Probability)
			one.Probability = alone * l.Share
			if !bySeveral(p) || l.Share < 1 {
				out.Probability = max(out.Probability, alone)
			}
		}
		if bySeveral(p) {
			j, err := w.together(ctx, joining(p))
			if err != nil {
				return err
			}
			one.Probability = h.least(p).Lower(j.probability)
		}
		out.Probability = max(out.Probability, one.Probability)
		h.points = append(h.points, one)
	}
	slices.SortFunc(h.points, func(a, b Point) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.Entity.Kind, b.Entity.Kind), cmp.Compare(a.Entity.Name, b.Entity.Name))
	})
	out.Points = h.points[:min(len(h.points), h.n)]
	return h.each(out)
}

// joining is the row that the links of a point make.
func joining(p store.Point) (row intel.Row) {
	for _, l := range p.Links {
		row.Joins = append(row.Joins, intel.Join{Link: l.Link, Share: l.Share})
	}
	return row
}

// least is what lowers a row of several links: what lowers that which is doubted least.
func (h *hunted) least(p store.Point) score.Doubt {
	return h.doubts[slices.MinFunc(p.Links, func(a, b store.Pointer) int {
		return cmp.Compare(h.doubts[a.Link].Claimants, h.doubts[b.Link].Claimants)
	}).Link]
}
