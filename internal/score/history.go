package score

import (
	"math"
	"slices"
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
	s.Origins = Voices(t.scratch, evidence).Count()
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

// differs reports whether a change is worth telling.
func differs(a, b belief) bool {
	return a.Level != b.Level || a.Origins != b.Origins || math.Abs(a.P-b.P) >= turned
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
