package score

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// MostTurns is how many turns a history has at most.
const MostTurns = 200

const (
	// mostWeighed bounds how many voices all the moments of a history weigh together,
	// and mostMoments and fewestMoments how many these are.
	mostWeighed   = 500_000
	mostMoments   = 20_000
	fewestMoments = 16
	// turned is by how much belief must change for the change to be told.
	turned = 0.005
)

// A Mark is a moment at which something beside evidence may have changed a row.
type Mark struct {
	At   time.Time
	Sort intel.TurnSort
	Why  string // of rules and sightings
}

// An Inquiry is what is to be told of a course.
type Inquiry struct {
	Now time.Time
	// Past leaves out what was learned after Now.
	Past bool
	// Parts is the evidence as of Now, as the row is weighed by.
	Parts []intel.Evidence
	// Marks are the moments at which Aside may change, among others.
	Marks []Mark
	Aside func(time.Time) Aside
	// By is what rows were weighed by at a moment; nil: by the scale alone.
	By func(time.Time) (Scale, Rulings)
}

// History tells how far a row was believed, from the first word on, by the rules of
// today. What it costs is bounded: of very many words not each is a moment, and of
// very many changes those are told that come first or last or change a level.
func (s Scale) History(c intel.Course, q Inquiry) intel.History {
	t := &teller{scale: s, course: c, q: q, now: q.Now.UnixMicro(), folds: make([]fold, len(c.Voices)), said: map[side]bool{}}
	t.clip()
	before := belief{P: Fuse(nil), Believed: Fuse(nil), Level: intel.Low}
	for _, at := range t.moments() {
		before = t.fade(before, at)
		before = t.turn(before, at)
	}
	before = t.fade(before, t.now)
	t.state = q.Parts
	t.close(before)
	h := intel.History{Link: c.Link, Turns: t.turns, Unread: c.More}
	h.Turns, h.More = fewer(h.Turns, MostTurns)
	return h
}

// close tells how the row stands at the moment that was asked for.
func (t *teller) close(before belief) {
	last := t.weigh(t.q.Now, t.aside(t.q.Now))
	why := "nobody had said so yet"
	if n := len(t.turns); n > 0 {
		o := t.turns[n-1]
		before.P, before.Believed, before.Level, why = o.Probability, o.Believed, o.Level, "as it stands since"
		if o.Believed-last.Believed >= turned {
			why = "faded since"
		}
	}
	t.tell(t.q.Now, intel.TurnAsOf, why, before, last)
}

// A belief is how far a row is believed at a moment.
type belief struct {
	P, Believed float64
	Level       intel.Level
	Origins     int
	aside       string
	at          int64
	begun       bool
}

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

type teller struct {
	scale   Scale
	course  intel.Course
	q       Inquiry
	now     int64
	folds   []fold
	odd     []intel.Word // that end, or are of the future when they are learned
	last    int64        // moment
	next    int          // of the words
	mark    int          // of the marks
	state   []intel.Evidence
	scratch []Step
	said    map[side]bool
	turns   []intel.Turn
}

const skew = int64(intel.Skew / time.Microsecond)

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

// moments returns when something may have changed. There are too many where very
// much was said: then those count at which a voice is new, the first and the last
// ones, and some between.
func (t *teller) moments() []int64 {
	var all, firsts []int64
	voice := make([]bool, len(t.course.Voices))
	for _, w := range t.course.Words {
		all = append(all, w.From)
		if !voice[w.Voice] {
			voice[w.Voice] = true
			firsts = append(firsts, w.From)
		}
		if w.Until <= t.now {
			all = append(all, w.Until)
		}
		if known := w.At - skew; w.At != intel.Undated && known > w.From && known <= t.now && known < w.Until {
			all = append(all, known)
		}
	}
	if len(all) == 0 {
		return nil
	}
	begun := t.course.Words[0].From
	for _, m := range t.q.Marks {
		if at := m.At.UnixMicro(); at > begun && at <= t.now {
			all = append(all, at)
			firsts = append(firsts, at)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	most := max(fewestMoments, min(mostMoments, mostWeighed/(len(voice)+1)))
	if len(all) <= most {
		return all
	}
	slices.Sort(firsts)
	firsts = slices.Compact(firsts)
	quarter := most / 4
	some := slices.Concat(all[:quarter], all[len(all)-quarter:], firsts[:min(quarter, len(firsts))])
	for i := range quarter {
		some = append(some, all[i*len(all)/quarter])
	}
	slices.Sort(some)
	return slices.Compact(some)
}

// advance takes in what was said up to a moment and returns it; Words that ended
// come as those of the second.
func (t *teller) advance(at int64) (fresh, ended, dated []intel.Word) {
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
	fresh = words[begin:t.next]
	kept := t.odd[:0]
	for _, w := range t.odd {
		switch {
		case w.Until <= at:
			ended = append(ended, w)
			continue
		case w.At == intel.Undated || w.At-skew > at:
		case w.At-skew > max(t.last, w.From):
			dated = append(dated, w)
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
	return fresh, ended, dated
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
			e.Since, e.At, e.Learned = moment(f.since), moment(f.at), moment(f.learned)
			t.state = append(t.state, e)
		}
	}
}

func moment(us int64) time.Time {
	if us == intel.Undated {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func (t *teller) aside(at time.Time) Aside {
	if t.q.Aside == nil {
		return Aside{}
	}
	return t.q.Aside(at)
}

// weigh assesses what is known as of a moment.
func (t *teller) weigh(at time.Time, a Aside) belief {
	scale, evidence := t.scale, t.state
	if t.q.By != nil {
		var words Rulings
		scale, words = t.q.By(at)
		evidence = words.Among(evidence)
	}
	t.scratch = scale.explain(t.scratch[:0], evidence, at)
	s := belief{P: Fuse(t.scratch), aside: a.Reason, at: at.UnixMicro(), begun: true}
	dated := slices.ContainsFunc(t.scratch, func(o Step) bool { return o.Stance == intel.Supports && !o.since.IsZero() })
	s.Origins = scale.Voices(t.scratch, evidence).Count()
	s.Believed, s.Level = s.P, scale.Cuts.Level(s.P, s.Origins, dated)
	if a.Reason != "" {
		s.Believed, s.Level = min(s.P, a.Most), intel.Low
	}
	return s
}

const (
	// fadeSteps is into how many parts a time is cut in which belief may rise as
	// well as fall, and faded how exactly a crossing is told.
	fadeSteps = 16
	faded     = int64(time.Minute / time.Microsecond)
	// mostFades is how often a level is crossed at most while nothing is said.
	mostFades = 4
)

// fade tells the levels that time alone crosses from one moment to just before
// another, and returns how the row stands then.
func (t *teller) fade(from belief, to int64) belief {
	if !from.begun || to <= from.at {
		return from
	}
	a := t.aside(time.UnixMicro(from.at))
	at := func(us int64) belief { return t.weigh(time.UnixMicro(us).UTC(), a) }
	parts := int64(1)
	if slices.ContainsFunc(t.scratch, func(o Step) bool { return o.Stance == intel.Disputes }) { // of the last weighing
		parts = fadeSteps
	}
	step := max(1, (to-from.at)/parts)
	tells := 0
	for low := from; low.at < to; {
		high := at(min(to, low.at+step))
		if high.Level == from.Level || tells == mostFades {
			low = high
			continue
		}
		for high.at-low.at > faded {
			if mid := at(low.at + (high.at-low.at)/2); mid.Level == from.Level {
				low = mid
			} else {
				high = mid
			}
		}
		if high.at >= to {
			break // it is crossed where the next thing happens
		}
		t.tell(moment(high.at), intel.TurnFaded, "nobody said so again", low, high)
		tells++
		from, low = high, high
	}
	return at(to)
}

// turn tells what happened at a moment, and returns how the row stands behind it.
func (t *teller) turn(before belief, at int64) belief {
	now := moment(at)
	fresh, ended, dated := t.advance(at)
	after := t.weigh(now, t.aside(now))
	var marks []Mark
	for t.mark < len(t.q.Marks) && t.q.Marks[t.mark].At.UnixMicro() <= at {
		if m := t.q.Marks[t.mark]; m.Why != "" && before.begun && m.At.UnixMicro() >= before.at {
			marks = append(marks, m)
		}
		t.mark++
	}
	why, isNew := t.words(fresh, ended, dated)
	switch {
	case after.aside != before.aside && after.aside != "":
		t.tell(now, intel.TurnAside, joined(why, "set aside: "+after.aside), before, after)
	case after.aside != before.aside:
		t.tell(now, intel.TurnAside, joined(why, "no longer set aside: "+before.aside), before, after)
	case isNew || why != "" && differs(before, after):
		kind := intel.TurnLearned
		if len(fresh) == 0 && len(ended) > 0 {
			kind = intel.TurnTaken
		}
		t.tell(now, kind, why, before, after)
	}
	for _, m := range marks {
		was := after
		if m.Sort == intel.TurnRuled {
			was = before
		}
		t.tell(m.At.UTC(), m.Sort, m.Why, was, after)
	}
	return after
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// differs reports whether a change is worth telling.
func differs(a, b belief) bool {
	return a.Level != b.Level || a.Origins != b.Origins || math.Abs(a.P-b.P) >= turned
}

// mostNamed is how many voices the reason of one change names.
const mostNamed = 3

// words says in words what was learned, and whether somebody is new among it.
func (t *teller) words(fresh, ended, dated []intel.Word) (why string, isNew bool) {
	var parts []string
	seen := map[string]bool{}
	more := 0
	put := func(text string) {
		switch {
		case seen[text]:
		case len(parts) == mostNamed:
			more++
		default:
			parts = append(parts, text)
		}
		seen[text] = true
	}
	anew := map[side]bool{}
	for _, w := range ended {
		anew[t.side(w)] = true
	}
	for _, w := range fresh {
		s := t.side(w)
		switch {
		case !t.said[s]:
			put(t.newcomer(s))
			isNew = true
		case anew[s]:
			put("what " + clipped(s.origin) + " said was derived anew")
		default:
			put(clipped(s.origin) + " " + says(s.stance) + " again")
		}
		t.said[s] = true
		delete(anew, s)
	}
	for _, w := range ended {
		if s := t.side(w); anew[s] {
			put("what " + clipped(s.origin) + " said is derived no more")
		}
	}
	for _, w := range dated {
		put("the date that " + clipped(t.side(w).origin) + " gave is no longer of the future")
	}
	if more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", "), isNew
}

// newcomer is the first word of somebody, with who may have had it from whom.
func (t *teller) newcomer(s side) string {
	text := clipped(s.origin) + " " + says(s.stance)
	for _, o := range t.scratch {
		other := o.With
		if other == s.origin {
			other = o.Origin
		} else if o.Origin != s.origin {
			continue
		}
		if o.Stance == s.stance && other != "" && !o.Cited {
			return text + " within two days of " + clipped(other) + ", and both count as one"
		}
	}
	return text
}

func says(s intel.Stance) string {
	if s == intel.Disputes {
		return "disputes it"
	}
	return "says so"
}

// longest is how long a name is in a reason, in runes.
const longest = 80

func clipped(name string) string {
	if r := []rune(name); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return cmp.Or(name, "somebody")
}

func (t *teller) side(w intel.Word) side {
	v := &t.course.Voices[w.Voice]
	return side{v.Origin, v.Stance}
}

func (t *teller) tell(at time.Time, kind intel.TurnSort, why string, before, after belief) {
	t.turns = append(t.turns, intel.Turn{At: at, Sort: kind, Why: why, Before: before.P, Probability: after.P, BelievedBefore: before.Believed, Believed: after.Believed,
		LevelBefore: before.Level, Level: after.Level, Origins: after.Origins})
}

// fewer keeps so many of turns: a third each of the first, of the last, and of those
// between that change a level or are no word, and how many it left out.
func fewer(turns []intel.Turn, most int) ([]intel.Turn, int) {
	if len(turns) <= most {
		return turns, 0
	}
	third := most / 3
	begin, middle, end := turns[:third], turns[third:len(turns)-third], turns[len(turns)-third:]
	room := most - 2*third
	var out []intel.Turn
	for _, important := range []bool{true, false} {
		for _, o := range middle {
			if len(out) < room && important == (o.Level != o.LevelBefore || o.Sort != intel.TurnLearned) {
				out = append(out, o)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b intel.Turn) int { return a.At.Compare(b.At) })
	return slices.Concat(begin, out, end), len(turns) - most
}
