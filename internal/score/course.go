package score

import (
	"cmp"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A fold is the words of one voice that hold, as one.
type fold struct {
	since, at, learned int64
	holds              bool
}

func (f *fold) add(w intel.Word, cut int64) {
	if !f.holds {
		*f = fold{intel.Undated, intel.Undated, w.Learned, true}
	}
	f.learned = max(f.learned, w.Learned)
	if w.At == intel.Undated || w.At > cut {
		return
	}
	f.at = max(f.at, w.At)
	if f.since == intel.Undated || w.At < f.since {
		f.since = w.At
	}
}

const skew = int64(intel.Skew / time.Microsecond)

// Joined is what was ever said of several links, as one course of the first of them.
func Joined(all []intel.Course) intel.Course {
	if len(all) == 1 {
		return all[0]
	}
	c := intel.Course{Link: all[0].Link}
	var moments []int64
	for _, one := range all {
		first, document := int32(len(c.Voices)), int32(len(c.Documents))
		c.Voices, c.More = append(c.Voices, one.Voices...), c.More+one.More
		c.Documents, c.Speakers = append(c.Documents, one.Documents...), append(c.Speakers, one.Speakers...)
		for _, w := range one.Words {
			w.Voice += first
			if w.Document > 0 {
				w.Document += document
			}
			c.Words = append(c.Words, w)
		}
		for _, l := range one.Lineages {
			moments = append(moments, l.From)
		}
	}
	slices.SortStableFunc(c.Words, func(a, b intel.Word) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until)) })
	slices.Sort(moments)
	for _, at := range slices.Compact(moments) {
		l := intel.Lineage{From: at}
		for _, one := range all {
			l.Origins = append(l.Origins, originsAt(one, at)...)
		}
		c.Lineages = append(c.Lineages, l)
	}
	return c
}

// originsAt is whose word each voice of a course is at a moment.
func originsAt(c intel.Course, at int64) []string {
	n, _ := slices.BinarySearchFunc(c.Lineages, at+1, func(l intel.Lineage, at int64) int { return cmp.Compare(l.From, at) })
	if n > 0 {
		return c.Lineages[n-1].Origins
	}
	out := make([]string, len(c.Voices))
	for i, v := range c.Voices {
		out[i] = v.Origin
	}
	return out
}

// clip brings words into the time that is asked for.
func (t *teller) clip() {
	words := make([]intel.Word, 0, len(t.course.Words))
	for _, w := range t.course.Words {
		if w.From > t.now && t.q.Past {
			continue
		}
		w.From = min(w.From, t.now)
		if w.Until > w.From {
			words = append(words, w)
		}
	}
	t.course.Words = words
	slices.SortStableFunc(t.q.Marks, func(a, b Mark) int { return a.At.Compare(b.At) })
}

// changes is what a moment brought.
type changes struct {
	fresh, ended, dated []intel.Word
	lineage             int // that held before
}

// advance takes in what was said up to a moment and returns it.
func (t *teller) advance(at int64) (c changes) {
	c.lineage = t.lineage
	for t.lineage+1 < len(t.course.Lineages) && t.course.Lineages[t.lineage+1].From <= at {
		t.lineage++
	}
	words := t.course.Words
	begin := t.next
	for t.next < len(words) && words[t.next].From <= at {
		w := words[t.next]
		t.next++
		if w.Until != intel.Open || w.At != intel.Undated && w.At > w.From+skew {
			t.odd = append(t.odd, w)
			continue
		}
		t.folds[w.Voice].add(w, at+skew)
	}
	c.fresh = words[begin:t.next]
	kept := t.odd[:0]
	for _, w := range t.odd {
		switch {
		case w.Until <= at:
			c.ended = append(c.ended, w)
			continue
		case w.At == intel.Undated || w.At-skew > at:
		case w.At-skew > max(t.last, w.From):
			c.dated = append(c.dated, w)
			fallthrough
		default: // its date is believed by now
			if w.Until == intel.Open {
				t.folds[w.Voice].add(w, at+skew)
				continue
			}
		}
		kept = append(kept, w)
	}
	t.odd, t.last = kept, at
	t.gather(at)
	return c
}

// gather makes evidence of what holds at a moment.
func (t *teller) gather(at int64) {
	folds := t.folds
	if len(t.odd) > 0 {
		folds = slices.Clone(folds)
		for _, w := range t.odd {
			folds[w.Voice].add(w, at+skew)
		}
	}
	t.state = t.state[:0]
	for i, f := range folds {
		if f.holds {
			e := t.course.Voices[i]
			e.Origin = t.origin(t.lineage, int32(i))
			e.Since, e.At, e.Learned = moment(f.since), moment(f.at), moment(f.learned)
			t.state = append(t.state, e)
		}
	}
}

// origin is whose word a voice is by a lineage.
func (t *teller) origin(lineage int, voice int32) string {
	if lineage < 0 {
		return t.course.Voices[voice].Origin
	}
	return t.course.Lineages[lineage].Origins[voice]
}

func moment(us int64) time.Time {
	if us == intel.Undated {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
