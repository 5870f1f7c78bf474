package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// A historyKey is what a history stays the same by, while the store's epoch stays and
// nothing is due: a page that is asked for again costs little, however much is said of
// its row.
type historyKey struct {
	row    string
	reader intel.Reader
	most   int
	day    int64
	set    *reference.Set
}

type toldHistory struct {
	intel.History
	until time.Time // something is due
}

// mostHistories bounds the memory histories take.
const mostHistories = 128

// History tells how far a row was believed, from the first word on until now, or by
// what was known then if the window says so. It reads so many words at most. One until
// now may be as of an earlier moment of the day.
func (ed *Editor) History(ctx context.Context, r intel.Reader, row int64, w Window, now time.Time, most int) (intel.History, error) {
	return ed.history(ctx, r, intel.Row{ID: strconv.FormatInt(row, 10)}, w, now, most)
}

// history is History of a row of one link or several, of which there is one.
func (ed *Editor) history(ctx context.Context, r intel.Reader, row intel.Row, w Window, now time.Time, most int) (intel.History, error) {
	if w.Back {
		h, err := ed.tell(ctx, r, row, w, now, most)
		return h.History, err
	}
	epoch, err := ed.DB.Epoch(ctx)
	if err != nil {
		return intel.History{}, err
	}
	key := historyKey{row.ID, r, most, score.DayOf(now), ed.Reference()}
	h, ok := ed.histories.at(epoch, key, mostHistories)
	if ok && (h.until.IsZero() || now.Before(h.until)) {
		return h.History, nil
	}
	if h, err = ed.tell(ctx, r, row, w, now, most); err != nil {
		return intel.History{}, err
	}
	ed.histories.keep(epoch, key, h)
	return h.History, nil
}

// course is all that was ever said of the links of a row, as the row has it. The first
// so many words of each are read, fewer the more links there are.
func (ed *Editor) course(ctx context.Context, r intel.Reader, row intel.Row, most int) (intel.Course, error) {
	var all []intel.Course
	joins := joinsOf(row)
	if len(joins) == 0 { // only lists say so
		l, err := intel.ParseLink(row.ID)
		return intel.Course{Link: l}, err
	}
	for _, j := range joins {
		c, err := ed.DB.Course(ctx, r, j.Link, max(1, most/len(joins)))
		if errors.Is(err, intel.ErrNotFound) && len(joins) > 1 {
			continue
		}
		if err != nil {
			return c, err
		}
		if j.Denies {
			c.Voices = denied(c.Voices)
		}
		for _, d := range c.Documents {
			c.Speakers = append(c.Speakers, intel.Signed(correlate.Voice(d), d.Source))
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return intel.Course{}, fmt.Errorf("row %q: %w", row.ID, intel.ErrNotFound)
	}
	return score.Joined(all), nil
}

// said notes the evidence of a row as it is weighed by now, and by how much the name
// in each of its links means what it is of.
func (ed *Editor) said(ctx context.Context, r intel.Reader, row intel.Row, w Window, q *score.Inquiry) error {
	links := row.Links()
	parts, err := ed.DB.PartsOf(ctx, r, links, q.Now, w.then(q.Now))
	if err != nil {
		return err
	}
	named, err := ed.DB.Links(ctx, links)
	if err != nil {
		return err
	}
	for _, j := range joinsOf(row) {
		evidence := parts[j.Link]
		if j.Denies {
			evidence = denied(evidence)
		}
		q.Parts = append(q.Parts, evidence...)
		if len(row.Joins) > 0 {
			if q.Shares == nil {
				q.Shares = map[intel.Link]float64{}
			}
			q.Shares[named[j.Link]] = j.Share
		}
	}
	return nil
}

// tell is History, computed.
func (ed *Editor) tell(ctx context.Context, r intel.Reader, row intel.Row, w Window, now time.Time, most int) (h toldHistory, err error) {
	c, err := ed.course(ctx, r, row, most)
	if err != nil {
		return h, err
	}
	q := score.Inquiry{Now: now, Past: w.Back}
	if err := ed.said(ctx, r, row, w, &q); err != nil {
		return h, err
	}
	if err := ed.asides(ctx, r, c.Link, &q); err != nil {
		return h, err
	}
	if err := ed.weighings(ctx, &q); err != nil {
		return h, err
	}
	if err := ed.sighted(ctx, r, c.Link, w, &q); err != nil {
		return h, err
	}
	if err := ed.ruled(ctx, r, c.Links(), &q); err != nil {
		return h, err
	}
	if err := ed.naming(ctx, r, row, c.Link, w, &q); err != nil {
		return h, err
	}
	first, err := ed.taught(ctx, &q)
	if err != nil {
		return h, err
	}
	m, err := ed.Measure(ctx, now)
	if err != nil {
		return h, err
	}
	q.Scale, q.Rulings = m.Scale, m.Rulings
	if err := ed.doubting(ctx, r, row, c.Link, w, &q); err != nil {
		return h, err
	}
	h.History = first.History(c, q)
	h.Row = row.ID
	for _, m := range q.Marks {
		if m.At.After(now) && (h.until.IsZero() || m.At.Before(h.until)) {
			h.until = m.At
		}
	}
	return h, nil
}

// Parts returns the evidence of a row that r may see: what is known of it, or was
// then if the window says so.
func (ed *Editor) Parts(ctx context.Context, r intel.Reader, row int64, w Window, now time.Time) ([]intel.Evidence, error) {
	if w.Back {
		return ed.DB.PartsThen(ctx, r, row, now)
	}
	return ed.DB.Parts(ctx, r, row, now)
}

// asides notes when what sets aside an end of a link began, ended or was taken
// back, be it by analysts or by lists.
func (ed *Editor) asides(ctx context.Context, r intel.Reader, l intel.Link, q *score.Inquiry) error {
	screen, err := ed.Screen(ctx, r, q.Now)
	if err != nil {
		return err
	}
	var values []intel.Entity
	lists := map[intel.Entity]tenure{}
	for _, e := range []intel.Entity{l.From, l.To} {
		if e.Kind.Class() != intel.IOC {
			continue
		}
		values = append(values, e)
		for _, v := range screen.Verdicts.Of(e) {
			q.Marks = append(q.Marks, score.Mark{At: v.At, Sort: intel.TurnAside, Why: ruledAside(v, r)})
			if !v.Until.IsZero() {
				q.Marks = append(q.Marks, score.Mark{At: v.Until})
			}
		}
		if lists[e], err = ed.tenure(ctx, e); err != nil {
			return err
		}
		for _, s := range lists[e].stretches {
			q.Marks = append(q.Marks, score.Mark{At: s.since}, score.Mark{At: s.until}) // one that is zero is before all
		}
	}
	q.Aside = func(at time.Time) score.Aside {
		then := screen
		then.Now, then.Listed = at, func(e intel.Entity) (string, bool) { return lists[e].at(at) }
		for _, e := range values {
			if a := then.Of(e); a.Reason != "" {
				return a
			}
		}
		return score.Aside{}
	}
	return nil
}

// ruledAside says who ruled what of values, as far as r may know it. Why a value is
// set aside stands with it.
func ruledAside(v intel.ValueVerdict, r intel.Reader) string {
	if v.Marking > r.Clearance {
		return score.ByAnalyst + ": " + string(v.Ruling)
	}
	why := fmt.Sprintf("%s: %s %s", v.By, v.Ruling, v.Scope)
	if v.Ruling != intel.Suppress && v.Reason != "" {
		why += ", " + v.Reason
	}
	return why
}

// weighings notes when the rules changed by which all rows are weighed.
func (ed *Editor) weighings(ctx context.Context, q *score.Inquiry) error {
	all, err := ed.DB.Weighings(ctx)
	for i, w := range all {
		if i == 0 {
			continue // since the store is
		}
		what := fmt.Sprintf("the rules changed, to version %d", w.Rules)
		if w.Rules == all[i-1].Rules {
			what = "what people judged changed the worth of sources and sorts of rows"
		}
		q.Marks = append(q.Marks, score.Mark{At: w.At, Sort: intel.TurnRules, Why: what + "; this history is by those of today"})
	}
	return err
}

// mostScales is how many changes of a scale, and words on a row, a history knows of.
const mostScales = 50

// taught notes what verdicts of the store taught of sources and levels, and returns
// what rows were weighed by before.
func (ed *Editor) taught(ctx context.Context, q *score.Inquiry) (first score.Scale, err error) {
	times, err := ed.DB.ScaleTimes(ctx, mostScales)
	if err != nil || len(times) == 0 {
		return scaleOf(score.Lesson{}, ed.Unnamed), err
	}
	slices.SortFunc(times, time.Time.Compare)
	then := func(at time.Time) (score.Scale, error) {
		lesson, _, err := lessonOf(ctx, ed.DB, at)
		return scaleOf(lesson, ed.Unnamed), err
	}
	for _, at := range times {
		scale, err := then(at)
		if err != nil {
			return first, err
		}
		q.Marks = append(q.Marks, score.Mark{At: at, Sort: intel.TurnRules, Scale: &scale, Why: "verdicts of this store changed the worth of sources or where levels begin"})
	}
	return then(times[0].Add(-time.Microsecond))
}

// ruled notes what analysts said of the links of a row, each with who and why as far as
// r may read it. Of very many words the first ones are not told.
func (ed *Editor) ruled(ctx context.Context, r intel.Reader, links []intel.Link, q *score.Inquiry) error {
	all, _, err := ed.rulings.read(ctx, ed.DB)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(slices.Clone(all), func(v intel.RowVerdict) bool { return !slices.Contains(links, v.Link) })
	for i := max(0, len(all)-mostScales-1); i < len(all); i++ {
		v, why := all[i], ""
		switch {
		case i < len(all)-mostScales: // counts until the next
		case v.Marking > r.Clearance:
			why = score.ByAnalyst + ": " + string(v.Ruling)
		default:
			why = string(v.By) + ": " + string(v.Ruling)
			if v.Reason != "" {
				why += ", " + v.Reason
			}
		}
		q.Marks = append(q.Marks, score.Mark{At: v.At, Sort: intel.TurnRuled, Why: why, Ruling: &all[i]})
	}
	return nil
}

// mostSighted is among how many of the latest documents that mention a value those
// are sought that a hunt made.
const mostSighted = 64

// sighted notes when hunts saw a value.
func (ed *Editor) sighted(ctx context.Context, r intel.Reader, l intel.Link, w Window, q *score.Inquiry) error {
	for _, e := range []intel.Entity{l.From, l.To} {
		if c := e.Kind.Class(); c != intel.IOC && c != intel.IOA {
			continue
		}
		docs, err := ed.DB.Mentions(ctx, r, []intel.Entity{e}, mostSighted, w.then(q.Now))
		if err != nil {
			return err
		}
		for _, d := range docs {
			if d.Genre == intel.Log && strings.HasPrefix(string(d.Source), "hunt:") {
				q.Marks = append(q.Marks, score.Mark{At: d.Learned, Sort: intel.TurnSighted, Why: "seen in a log by " + string(d.Source) + ", which moves no belief"})
			}
		}
	}
	return nil
}

// A tenure is when lists of usually benign values had one value.
type tenure struct {
	always    string // the reason that does not change; "" is none
	stretches []stretch
}

type stretch struct {
	since, until time.Time // zero: always, for ever
	reason       string
}

func (l tenure) at(t time.Time) (string, bool) {
	for _, s := range l.stretches {
		if !t.Before(s.since) && (s.until.IsZero() || t.Before(s.until)) {
			return s.reason, true
		}
	}
	return l.always, l.always != ""
}

// mostLists bounds how many bytes of changed lists are read for one history.
const mostLists = 64 << 20

// tenure says when lists had a value. Those that never changed are asked as they
// are, of the others each version; before the first that is known those of today
// count, as they do for profiles of a past day.
func (ed *Editor) tenure(ctx context.Context, e intel.Entity) (l tenure, err error) {
	reason, now := ed.Reference().Benign(e)
	if why, ok := reference.Usual(e); ok && now {
		return tenure{always: why}, nil
	}
	current := false
	first, err := ed.DB.PackVersions(ctx, "warninglists", mostLists, func(v store.PackVersion) error {
		has, err := reference.Lists([]reference.Item{{Key: v.Key, Body: v.Body}})
		if err != nil {
			return err
		}
		if why, ok := has(e); ok {
			current = current || v.Until.IsZero()
			l.stretches = append(l.stretches, stretch{v.Since, v.Until, why})
		}
		return nil
	})
	switch {
	case err != nil || !now:
	case current:
		l.stretches = append(l.stretches, stretch{until: first, reason: reason})
	default:
		l.always = reason
	}
	return l, err
}

// journal notes by what all rows are weighed, if that is new, or only if nothing was
// noted before.
func (p *Pipeline) journal(ctx context.Context, first bool) error {
	return p.DB.NoteWeighing(ctx, intel.Weighing{At: p.Now(), Rules: score.Version(), Scale: score.Digest()}, first)
}
