package score

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Rulings is analysts' words on rows that count as of a moment, ready to be weighed
// with what sources say. The zero value holds none.
type Rulings struct {
	rows map[intel.Link]intel.RowVerdict
}

// NewRulings returns what counts as of now of all verdicts in the order in which
// they were given.
func NewRulings(all []intel.RowVerdict, now time.Time) Rulings {
	ruled := intel.RowsRuled(all, now)
	r := Rulings{make(map[intel.Link]intel.RowVerdict, len(ruled))}
	for _, v := range ruled {
		r.rows[v.Link] = v
	}
	return r
}

// On returns the word on a row, if one counts.
func (r Rulings) On(l intel.Link) (v intel.RowVerdict, ok bool) {
	v, ok = r.rows[l]
	return v, ok
}

// All gives the words that count, in no order.
func (r Rulings) All() iter.Seq[intel.RowVerdict] { return maps.Values(r.rows) }

// Among returns evidence, which is grouped by link, with the word on each link
// behind what sources say of it. A word on what nobody speaks of adds nothing, and
// whoever may see a row sees what the word does to it.
func (r Rulings) Among(evidence []intel.Evidence) []intel.Evidence {
	if len(r.rows) == 0 {
		return evidence
	}
	out := evidence[:0:0]
	for from := 0; from < len(evidence); {
		to, marking := from, intel.Red
		for to < len(evidence) && evidence[to].Link == evidence[from].Link {
			marking = min(marking, evidence[to].Marking)
			to++
		}
		if v, ok := r.rows[evidence[from].Link]; ok {
			if len(out) == 0 {
				out = make([]intel.Evidence, 0, len(evidence)+min(len(r.rows), 16))
				out = append(out, evidence[:from]...)
			}
			out = append(append(out, evidence[from:to]...), word(v, marking))
		} else if len(out) > 0 {
			out = append(out, evidence[from:to]...)
		}
		from = to
	}
	if len(out) == 0 {
		return evidence
	}
	return out
}

// word is a verdict as evidence. It says that a row is true and not when that
// happened, so it has no event time and dates no row.
func word(v intel.RowVerdict, m intel.Marking) intel.Evidence {
	stance := intel.Supports
	if v.Ruling == intel.RefuteRow {
		stance = intel.Disputes
	}
	return intel.Evidence{Link: v.Link, Document: v.Kept, Source: v.By, Origin: string(v.By), Reliability: 'A', Marking: m, Stance: stance, Weight: 1, Learned: v.At, Offset: -1}
}

// spoken returns how many of steps in support are the word of analysts, which are
// no origin of a row: they look at what others said.
func spoken(steps []Step) (n int) {
	for i := range steps {
		if s := &steps[i]; s.Stance == intel.Supports && s.Source.Reserved() {
			n++
		}
	}
	return n
}

// experience is how long a verdict takes to lose half of what it says of its
// sources: they change.
const experience = 180 * days

// aged is what is left of a verdict as of now.
func aged(v intel.RowVerdict, now time.Time) float64 {
	return math.Exp2(-float64(max(0, now.Sub(v.At))) / float64(experience))
}

// A Lesson is what the verdicts of a store teach, beside what ships.
type Lesson struct {
	// Sources is how often each was right and wrong, each row counted once.
	Sources map[intel.SourceID]Record `json:"sources,omitempty"`
	Cuts
}

// Same reports whether two lessons teach the same.
func (l Lesson) Same(o Lesson) bool {
	if l.Cuts != o.Cuts || len(l.Sources) != len(o.Sources) {
		return false
	}
	for id, r := range l.Sources {
		if o.Sources[id] != r {
			return false
		}
	}
	return true
}

// With is the scale moved by a lesson.
func (s Scale) With(l Lesson) Scale {
	s.Own, s.Cuts = l.Sources, l.Cuts
	return s
}

// Experience returns how often sources were right and wrong by verdicts that count
// as of now: of each row once those who supported it before, of sources that nobody
// named under the name of their form. Older verdicts count less.
func Experience(ruled []intel.RowVerdict, support map[intel.Link][]intel.SourceID, unnamed intel.Unnamed, now time.Time) map[intel.SourceID]Record {
	out := map[intel.SourceID]Record{}
	for _, v := range ruled {
		var counted []intel.SourceID
		for _, id := range support[v.Link] {
			if id = unnamed.Recorded(id); slices.Contains(counted, id) {
				continue
			}
			counted = append(counted, id)
			r := out[id]
			if v.Ruling == intel.RefuteRow {
				r.Wrong += aged(v, now)
			} else {
				r.Right += aged(v, now)
			}
			out[id] = r
		}
	}
	return out
}

// A JudgedSource is a source and how often people found it right and wrong.
type JudgedSource struct {
	Source      intel.SourceID `json:"source"`
	Shipped     Record         `json:"shipped"` // of the rows that ship with the program
	Own         Record         `json:"own"`     // of this store's, older ones less
	Reliability float64        `json:"reliability"`
}

// Judged returns the sources that steps rest on, in order.
func (s Scale) Judged(steps []Step) []JudgedSource {
	out := []JudgedSource{}
	for _, st := range steps {
		has := func(j JudgedSource) bool { return j.Source == st.Source && j.Reliability == st.Reliability }
		if st.Source == "" || st.Source.Reserved() || slices.ContainsFunc(out, has) {
			continue
		}
		out = append(out, JudgedSource{st.Source, st.shipped, s.Own[s.Unnamed.Recorded(st.Source)], st.Reliability})
	}
	slices.SortStableFunc(out, func(a, b JudgedSource) int { return cmp.Compare(a.Source, b.Source) })
	return out
}

// Records tells of sources, given with their letters, and of all that were ever
// judged, how often people found them right, in order of name.
func (s Scale) Records(letters map[intel.SourceID]intel.Reliability) []intel.SourceRecord {
	names := map[intel.SourceID]bool{}
	for id := range letters {
		names[id] = !id.Reserved()
	}
	for id := range s.Sources {
		names[id] = true
	}
	for id := range s.Own {
		names[id] = true
	}
	out := []intel.SourceRecord{}
	for _, id := range slices.Sorted(maps.Keys(names)) {
		if shipped, own := s.Sources[id], s.Own[id]; names[id] {
			out = append(out, intel.SourceRecord{Source: id, Letter: letters[id], Right: shipped.Right, Wrong: shipped.Wrong,
				OwnRight: own.Right, OwnWrong: own.Wrong, Mean: s.reliability(&intel.Evidence{Source: id, Speaker: intel.Publisher, Reliability: letters[id]})})
		}
	}
	return out
}
